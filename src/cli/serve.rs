//! `rentree serve`: the web console, for the administrator on the machine itself.

use std::io::{ErrorKind, IsTerminal as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rentree::audit::Kind;
use rentree::config::Config;
use rentree::console::{Console, serve};
use rentree::plan::{RunId, Verdict, known_sources};
use rentree::store::Store;
use rentree::timetable::Timetable;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::exit::Failure;
use super::nightly::Nightly;
use super::plan::failed;
use super::session::{clock, open_trail};
use super::{Global, LogFormat, output};

/// Of the object on standard output.
const FORMAT_VERSION: u32 = 1;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address and port, on this machine only (127.0.0.1, [::1] or localhost); port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8020", value_name = "ADDRESS:PORT")]
    listen: String,
    /// Begins the nights of the timetable (serve.schedule), and sends the messages that wait; for the one that always runs
    #[arg(long)]
    pub nights: bool,
    /// Only those of these sources, where another machine has the others
    #[arg(long, value_name = "NAME", requires = "nights")]
    source: Vec<String>,
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let address = address(&args.listen)?;
    let config = Config::load(&global.config)?;
    known_sources(&config, &args.source).map_err(super::plan::failure)?;
    let timetable = Timetable::new(&config).only(&args.source);
    if args.nights && timetable.is_empty() {
        return Err(Failure::usage("--nights, and no schedule: set serve.schedule, or schedule in a [[source]]"));
    }
    // Whoever only looks makes no store; whose nights are followed from the first day on has one made.
    if let Some(path) = config.store.file().filter(|path| !args.nights && !path.exists()) {
        return Err(Failure::failed(format!("there is no store yet ({}): run `rentree plan` first", path.display())));
    }
    // Before the first page can be asked for, so that a signal never finds nobody listening.
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    // The terminal or the tunnel that it was started from went away.
    let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
    let listener = listen(address).await?;
    let address = listener.local_addr().map_err(failed)?;
    let store = Store::of(&config.store).await?;
    let trail = open_trail(&store, RunId(uuid::Uuid::now_v7())).await?;
    trail
        .record(Kind::RunStarted, None, serde_json::json!({ "verb": "serve", "listen": address.to_string() }))
        .map_err(failed)?;
    trail.flush().await.map_err(failed)?;
    let (stopping, stopped) = watch::channel(false);
    let nightly = Nightly::new(global, &config, timetable, &store)?;
    let nights = args.nights.then(|| tokio::spawn(nightly.follow(stopped)));
    let console = Arc::new(Console::new(config, store, trail, Box::new(clock), address));
    if args.nights && !global.json && (global.log == LogFormat::Json || !std::io::stderr().is_terminal()) {
        // Whoever reads a service's journal is not to come in by it.
        tracing::info!(%address, "the nights are followed; the key of this console is shown to nobody");
    } else {
        announce(global, &console.url())?;
    }
    let stop = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    };
    let served = serve(listener, Arc::clone(&console), stop).await;
    stopping.send_replace(true);
    if let Some(nights) = nights {
        // What it has to say is in the log.
        drop(nights.await);
    }
    let verdict = if served.is_ok() { Verdict::Done } else { Verdict::Failed };
    console.trail().record(Kind::RunFinished, None, serde_json::json!({ "verdict": verdict })).map_err(failed)?;
    console.finish().await.map_err(failed)?;
    served.map_err(failed)?;
    Ok(verdict.exit_code(false))
}

/// A loopback address. The console shows people's data and knows one key only: it is not for a network.
fn address(text: &str) -> Result<SocketAddr, Failure> {
    let address = match text.strip_prefix("localhost:").map(str::parse) {
        Some(Ok(port)) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        _ => text.parse().map_err(|_| {
            Failure::usage(format!("{text:?} is not an address with a port, such as 127.0.0.1:8020 or [::1]:8020"))
        })?,
    };
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(Failure::usage(format!(
        "{address} is not an address of this machine alone, and the console is for nobody else: listen on 127.0.0.1, and \
         reach it from elsewhere through an SSH tunnel (ssh -L 8020:127.0.0.1:8020 <this machine>)"
    )))
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Failure::failed(format!(
            "port {} is in use on {}, perhaps by another `rentree serve`: choose another with --listen {}:PORT (0 takes a \
             free one)",
            address.port(),
            address.ip(),
            SocketAddr::new(address.ip(), 0).to_string().trim_end_matches(":0")
        )),
        _ => Failure::failed(format!("cannot listen on {address}: {error}")),
    })
}

/// Says where to look: to the person on standard error, to a program as data.
#[expect(clippy::print_stderr, reason = "the one line that the person at the terminal waits for")]
fn announce(global: &Global, url: &str) -> Result<(), Failure> {
    if global.json {
        // On one line: whoever started it reads that line and goes on, while the console runs.
        return output::text(&format!("{}\n", serde_json::json!({ "format_version": FORMAT_VERSION, "url": url })));
    }
    eprintln!("Console : {url}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_listened_on() {
        for (text, expected) in [
            ("127.0.0.1:8020", "127.0.0.1:8020"),
            ("127.8.8.8:1", "127.8.8.8:1"),
            ("[::1]:0", "[::1]:0"),
            ("localhost:8020", "127.0.0.1:8020"),
        ] {
            assert_eq!(address(text).unwrap().to_string(), expected);
        }
        for text in ["0.0.0.0:8020", "[::]:8020", "192.0.2.1:80", "10.0.0.1:8020", "[::ffff:127.0.0.1]:80"] {
            let failure = address(text).unwrap_err();
            assert!(failure.usage && failure.report.to_string().contains("ssh -L"), "{text}");
        }
        for text in ["", "8020", "127.0.0.1", "localhost", "localhost:x", "console.example:80"] {
            assert!(address(text).unwrap_err().usage, "{text}");
        }
    }
}
