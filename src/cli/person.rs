//! `rentree person`: what is held on one person, and its erasure.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use rentree::person::{Erased, Held, Refusal, erase, held, text};
use rentree::plan::Verdict;
use rentree::roster::JoinKey;
use rentree::store::RunLock;
use rentree::wording::count;

use super::exit::Failure;
use super::plan::failed;
use super::session::{Session, close, must_be_new};
use super::{Global, init, output, renew};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Everything held on a person: exports, directory, register, prints, trail; no secret is shown
    Show {
        /// Join key, uid or login
        who: String,
        /// A new file for it, which only its owner can read; otherwise standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Erases what is held on somebody who has left; without --yes, says what would be erased
    Erase {
        /// Join key, uid or login
        who: String,
        /// Why, for the trail: a request, its date
        #[arg(long, value_name = "TEXT", required_if_eq("yes", "true"))]
        reason: Option<String>,
        /// Erases it
        #[arg(long)]
        yes: bool,
    },
}

pub async fn run(global: &Global, verb: Verb) -> Result<u8, Failure> {
    let session = Session::open(global, None).await?;
    match verb {
        Verb::Show { who, out } => {
            if let Some(out) = &out {
                must_be_new(out)?;
            }
            let key = whom(&session, &who).await?;
            let held = look(&session, &key).await?;
            tell(global, &held, out.as_deref())?;
            Ok(if held.is_empty() { Verdict::Failed.exit_code(false) } else { 0 })
        }
        Verb::Erase { who, reason, yes } => {
            let key = whom(&session, &who).await?;
            erased(global, &session, &key, reason.filter(|_| yes)).await
        }
    }
}

/// Whoever has a name here; a join key otherwise, since the exports may say one that never had a name.
async fn whom(session: &Session, who: &str) -> Result<JoinKey, Failure> {
    match renew::who(&session.store, who).await {
        Ok(key) => Ok(key),
        Err(_) if who.contains('$') => Ok(JoinKey::from_text(who)),
        Err(failure) => Err(failure),
    }
}

async fn look(session: &Session, key: &JoinKey) -> Result<Held, Failure> {
    let plans = session.store.private_folder("plans").map_err(failed)?;
    let trail = session.trail().await?;
    let found = held(&session.ground(), key, &plans, &trail).await;
    let closed = close(&session.config, &*session.progress, trail).await;
    let found = found.map_err(failed)?;
    closed?;
    Ok(found)
}

fn tell(global: &Global, held: &Held, out: Option<&Path>) -> Result<(), Failure> {
    let written =
        if global.json { serde_json::to_string_pretty(held).map_err(failed)? } else { text(held, &TimeZone::system()) };
    match out {
        None => output::text(&written),
        Some(out) => init::write_text(out, &written),
    }
}

async fn erased(global: &Global, session: &Session, key: &JoinKey, reason: Option<String>) -> Result<u8, Failure> {
    let _lock = RunLock::take(&session.store, "person erase").await?;
    let held = look(session, key).await?;
    let refusals = held.refusals();
    if !refusals.is_empty() {
        if global.json {
            output::json(&serde_json::json!({ "refused": refusals }))?;
        } else {
            output::text(&in_words(&refusals))?;
        }
        return Ok(Verdict::Refused.exit_code(false));
    }
    let Some(reason) = reason else {
        if global.json {
            output::json(&serde_json::json!({ "would_erase": held }))?;
        } else {
            let mut said = text(&held, &TimeZone::system());
            said.push_str(
                "\nRien n'a été effacé : --yes --reason « … » l'efface. Les noms restent réservés, à personne.\n",
            );
            output::text(&said)?;
        }
        return Ok(0);
    };
    let trail = session.trail().await?;
    let outcome = erase(&session.ground(), &held, &reason, &trail).await;
    let closed = close(&session.config, &*session.progress, trail).await;
    let Erased { rows, events } = outcome.map_err(failed)?;
    closed?;
    // What was deleted must not linger in the write-ahead log.
    session.store.empty_log().await?;
    if global.json {
        output::json(&serde_json::json!({ "erased": { "rows": rows, "events": events }, "plans": held.plans }))?;
    } else {
        let mut said = String::from("Effacé :\n");
        for (table, n) in &rows {
            said.push_str(&format!("  {table} : {}\n", count(*n, "ligne", "lignes")));
        }
        said.push_str(&format!("  piste : le contenu de {}\n", count(events, "événement", "événements")));
        for plan in &held.plans {
            said.push_str(&format!("Reste jusqu'à son échéance (retention.plans) : {}\n", plan.display()));
        }
        output::text(&said)?;
    }
    Ok(0)
}

fn in_words(refusals: &[Refusal]) -> String {
    let mut said = String::from("Rien n'a été effacé : cette personne serait là de nouveau la nuit prochaine.\n");
    for refusal in refusals {
        said.push_str(&match refusal {
            Refusal::Delivered { source } => {
                format!("  l'export « {source} » la nomme encore : faites-la retirer dans l'outil de l'établissement\n")
            }
            Refusal::InDirectory { dn } => {
                format!("  l'annuaire a encore {dn} : `rentree purge`, puis `apply`, quand son délai est passé\n")
            }
        });
    }
    said
}
