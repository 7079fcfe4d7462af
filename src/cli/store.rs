//! `rentree store`: the register as a whole.

use std::path::Path;

use rentree::audit::verify;
use rentree::config::{Config, StoreConfig};
use rentree::plan::Verdict;
use rentree::plan::recover::mark;
use rentree::store::{RunLock, Store};
use rentree::wording::count;

use super::exit::Failure;
use super::plan::failed;
use super::session::{Session, tell_head};
use super::{Global, output};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Brings everything over from another store into the configured one, which must be new: from a file to PostgreSQL, or
    /// back
    TakeOver(TakeOverArgs),
}

#[derive(Debug, clap::Args)]
pub struct TakeOverArgs {
    /// The other store, as store.url has it: sqlite:FILE or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "URL")]
    from: String,
    /// The file with the password of its user (0600), when its server asks for one
    #[arg(long, value_name = "FILE")]
    password_file: Option<std::path::PathBuf>,
}

pub async fn run(global: &Global, verb: Verb) -> Result<u8, Failure> {
    let Verb::TakeOver(args) = verb;
    let config = Config::load(&global.config)?;
    let folder = tempfile::tempdir().map_err(failed)?;
    let from = other(args, folder.path())?;
    let (theirs, ours) = (from.place().to_owned(), config.store.place().to_owned());
    if theirs == ours {
        return Err(Failure::usage(format!("{theirs} is the configured store itself")));
    }
    let from = Store::of(&from).await?;
    mark::check(&from).await.map_err(|error| Failure::new(Verdict::Refused, error))?;
    let to = Store::of(&config.store).await?;
    let _theirs = RunLock::take(&from, "store take-over").await?;
    let lock = RunLock::take(&to, "store take-over").await?;
    let progress = super::progress::watcher(global);
    progress.note(&format!("reprise de {theirs} dans {ours}"));
    let rows = to.take_over(&from).await?;
    to.durable().await?;
    let verdict = verify(&to, &[]).await.map_err(failed)?;
    drop(lock);
    to.close().await;
    // From now on the other one is an old copy, where both have their folder in common.
    let session = Session::open(global, None).await?;
    let trail = session.begin_with("store take-over", None, &[("from", theirs.clone().into())]).await?;
    let head = session.finish(trail, if verdict.is_intact() { Verdict::Done } else { Verdict::Failed }).await?;
    if global.json {
        output::json(&serde_json::json!({
            "from": theirs, "rows": rows, "events": verdict.events, "trail_intact": verdict.is_intact(),
        }))?;
    } else {
        output::text(&format!(
            "Repris : {} de {theirs}, dont {} de la piste d'audit, vérifiés.\nMettez l'ancien registre de côté : s'en servir \
             encore donnerait deux fois les mêmes identifiants.\n",
            count(rows, "ligne", "lignes"),
            count(verdict.events, "événement", "événements"),
        ))?;
        tell_head(&*session.progress, head);
    }
    if verdict.is_intact() {
        return Ok(0);
    }
    Err(Failure::failed("the trail that was brought over is not intact: `rentree audit verify` says where"))
}

/// The other store; a file is not made when it is not there.
fn other(args: TakeOverArgs, folder: &Path) -> Result<StoreConfig, Failure> {
    let from = StoreConfig { url: args.from, folder: Some(folder.to_owned()), password_file: args.password_file };
    match from.file() {
        Some(file) if !file.is_file() => Err(Failure::usage(format!("there is no store {}", file.display()))),
        _ => Ok(from),
    }
}
