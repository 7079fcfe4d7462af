//! What the trail takes of an apply: `cargo bench --no-default-features --bench apply [-- <pupils>]`.
//!
//! The program itself on a slapd of its own, with the cheapest hashes: an apply that does as little as possible beside its
//! events, on a server that waits for its disk and on one that does not; and on the latter with the hashes as they are
//! shipped, as a night has them. A first night, which creates everybody, and the turn of the year, which changes most. Then
//! the same events are written once more, alone, in as large transactions as those of `apply`; both are bound by the
//! processor and by the inserts of the store.

#![allow(clippy::print_stdout)]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use rentree::audit::{Actor, Kind, Trail};
use rentree::config::StoreConfig;
use rentree::plan::RunId;
use rentree::roster::JoinKey;
use rentree::simulate;
use rentree::store::Store;
use serde_json::Value;

#[allow(dead_code, clippy::unwrap_used)]
#[path = "../tests/it/support/slapd.rs"]
mod slapd;

mod support;

use slapd::{Options, Slapd};
use support::{CHEAPEST_HASHES, Failure, SUFFIX, median};

/// Changes, and their events, in one transaction of an apply.
const BATCH: usize = 256;

fn main() -> Result<(), Failure> {
    let pupils = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(10_000);
    for (durable, hashes, server) in [
        (true, CHEAPEST_HASHES, "a server that waits for its disk"),
        (false, CHEAPEST_HASHES, "a server that does not"),
        (false, "", "the same, and the hashes as they are shipped"),
    ] {
        println!("{server}:");
        nights(&Slapd::with(&Options { durable, ..Options::default() }), hashes, pupils)?;
    }
    Ok(())
}

fn nights(server: &Slapd, hashes: &str, pupils: u32) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let home = &folder.path().join("home");
    std::fs::create_dir(home)?;
    // Away from the store, as it must be.
    let key = folder.path().join("print.key").display().to_string();
    let init = answer(home, &["init", "--key-only", "--without-passphrase", "--key-out", &key])?;
    let recipient = init.get("recipient").and_then(Value::as_str).ok_or("no key")?;
    std::fs::write(
        home.join("rentree.toml"),
        format!(
            "[store]\nurl = \"sqlite:rentree.db\"\n\n[[source]]\nname = \"AC-TEST\"\nkind = \"aaf-2d\"\npath = \"feed\"\n\n{}\n\
             {hashes}[letters]\nrecipients = [\"{recipient}\"]\nlogin_url = \"https://ent.example.fr\"\n",
            server.toml()
        ),
    )?;
    for (what, year, next) in [("everybody", 2026, false), ("the next year", 2027, true)] {
        let out = home.join("feed");
        drop(std::fs::remove_dir_all(&out));
        let academy = simulate::Options {
            schools: pupils.div_ceil(500),
            pupils,
            seed: 7,
            year: 2026,
            day: 0,
            delta: false,
            bascule: next,
            bascule_night: None,
            out,
        };
        simulate::write(&academy, &|_| {})?;
        let night = answer(home, &["sync", "--today", &format!("{year}-09-01")])?;
        let number = |at: &str| night.pointer(at).and_then(Value::as_f64).unwrap_or(f64::NAN);
        let (apply, changes) = (number("/seconds/apply"), number("/changes/done"));
        let run = night.get("run_id").and_then(Value::as_str).ok_or("no run")?;
        let events = home.join(format!("{year}.jsonl"));
        answer(home, &["audit", "export", "--run", run, "--out", &events.display().to_string()])?;
        let (events, took) = tokio::runtime::Runtime::new()?.block_on(alone(&events))?;
        println!(
            "  {what:<13} {changes:>6} changes in {apply:>6.2} s; {events:>6} events in {took:>5.2} s: {:>4.1} %",
            100.0 * took / apply
        );
    }
    Ok(())
}

/// How often the events are written alone: the median counts. A process that has just begun waits for its memory, one that
/// has read an academy does not.
const TIMES: usize = 5;

/// Writes the events of a run to new stores; how many, and in how many seconds each time.
async fn alone(exported: &Path) -> Result<(usize, f64), Failure> {
    let text = std::fs::read_to_string(exported)?;
    let events = text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let folder = tempfile::tempdir()?;
        let store = Store::of(&StoreConfig::in_file(&folder.path().join("r.db"))).await?;
        let trail = Trail::open(&store, RunId(uuid::Uuid::now_v7()), &Actor::current()).await?;
        let start = Instant::now();
        for (n, event) in events.iter().enumerate() {
            let kind = event.get("kind").and_then(Value::as_str).and_then(Kind::from_name).ok_or("an unknown kind")?;
            let subject = event.get("subject").is_some_and(Value::is_string);
            let subject = subject.then(|| JoinKey::new("AC-TEST", &n.to_string()));
            trail.record(kind, subject.as_ref(), event.get("payload"))?;
            if trail.waiting() >= BATCH {
                trail.flush().await?;
            }
        }
        trail.close().await?;
        took.push(start.elapsed().as_secs_f64());
    }
    Ok((events.len(), median(&mut took)))
}

/// What the program says as JSON.
fn answer(home: &Path, arguments: &[&str]) -> Result<Value, Failure> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rentree"));
    let output = command.current_dir(home).env_remove("RENTREE_LOG").args(arguments).arg("--json").output()?;
    Ok(serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{arguments:?}: {error}\n{}", String::from_utf8_lossy(&output.stderr)))?)
}
