//! `rentree rehearse`: tonight, or a day to come, on a copy of the register that is thrown away.
//!
//! The copy takes in the deliveries, reserves names and gets the trail of the rehearsal; the store and the directory are
//! only read.

use rentree::config::{Config, StoreConfig};
use rentree::plan::{Options, Outlook, Outlooks, Verdict, outlooks, prepare};
use rentree::store::Store;
use rentree::wording::{number, plain};

use super::exit::Failure;
use super::plan::{failed, failure, refusal};
use super::session::Session;
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The day to rehearse (yyyy-mm-dd); today otherwise
    #[arg(long)]
    today: Option<jiff::civil::Date>,
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let mut config = Config::load(&global.config)?;
    // Beside the store, where its data may lie, and for its owner only.
    let store = Store::of(&config.store).await?;
    let folder = tempfile::Builder::new().prefix(".rehearsal-").tempdir_in(store.folder()).map_err(failed)?;
    let copy = folder.path().join("rehearsal.db");
    store.copy_to(&copy).await?;
    drop(store);
    config.store = StoreConfig::in_file(&copy);
    let session = Session::with(config, super::progress::watcher(global), args.today).await?;
    let trail = session.begin("rehearse").await?;
    let out = Some(folder.path().join("rehearsal.plan"));
    let outcome =
        Box::pin(prepare(&session.ground(), &Options { accept_foreign: true, out, ..Options::default() }, &trail))
            .await;
    let verdict = match &outcome {
        Ok(prepared) => super::plan::verdict(prepared, prepared.held().next().is_some()),
        Err(error) => refusal(error),
    };
    let head = session.finish(trail, verdict).await;
    let prepared = outcome.map_err(failure)?;
    head?;
    let outlooks = outlooks(&prepared.path).map_err(failed)?;
    if global.json {
        output::json(&serde_json::json!({
            "today": session.today, "verdict": verdict, "schools": outlooks,
            "accounts": prepared.header.totals.accounts, "departures": prepared.header.totals.departures,
            "holds": prepared.holds.len(),
        }))?;
    } else {
        output::text(&table(&outlooks))?;
        session.progress.note("répétition : rien n'a été écrit, ni au registre ni dans l'annuaire");
    }
    Ok(if verdict == Verdict::Held { verdict.exit_code(false) } else { 0 })
}

fn table(outlooks: &Outlooks) -> String {
    let mut text = format!(
        "{:<10} {:>8} {:>9} {:>9} {:>8} {:>10} {:>9} {:>8}  {}\n",
        "UAI", "créés", "rétablis", "déplacés", "partants", "(attendus)", "suspendus", "retenus", "établissement"
    );
    for (uai, outlook) in outlooks {
        let Outlook { created, restored, moved, absent, expected, suspended, held, .. } = outlook;
        let switches = if outlook.switches { " (change d'année)" } else { "" };
        text.push_str(&format!(
            "{uai:<10} {:>8} {:>9} {:>9} {:>8} {:>10} {:>9} {:>8}  {}{switches}\n",
            number(*created),
            number(*restored),
            number(*moved),
            number(*absent),
            number(*expected),
            number(*suspended),
            number(*held),
            plain(&outlook.name)
        ));
        for hold in &outlook.holds {
            text.push_str(&format!("{:11}retenu : {}\n", "", plain(hold)));
        }
    }
    text
}
