//! `rentree apply PLAN`: exactly that plan.

use std::path::PathBuf;

use rentree::apply::{Applied, ApplyError, Stop, apply, settle};
use rentree::audit::Kind;
use rentree::plan::Verdict;
use rentree::plan::file::verify;
use rentree::plan::render::{Changes, LeftOut, Reason, Summary};
use rentree::wording::{count, number};

use super::exit::Failure;
use super::plan::failed;
use super::session::Session;
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A plan file, or the number of a saved plan
    plan: String,
    /// Writes at any time, whatever directory.write_window says
    #[arg(long)]
    now: bool,
}

/// How many changes that were left out the JSON names one by one; all of them are in the trail.
const NAMED: usize = 1_000;

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let mut session = Session::open(global, None).await?;
    if args.now {
        session.hours = None;
    }
    let _lock = session.lock("apply")?;
    session.begin_writing().await?;
    let path = locate(&session, &args.plan).await?;
    let (header, _) = verify(&path).map_err(failed)?;
    let trail = session.trail().await?;
    session.store.run_started(session.run, "apply", Some(header.plan_id), session.now.as_millisecond()).await?;
    trail
        .record(Kind::RunStarted, None, serde_json::json!({ "verb": "apply", "plan": header.plan_id }))
        .map_err(failed)?;
    // Another plan that was interrupted comes first; this one may then turn out to be stale.
    let interrupted = session.store.interrupted_plan().await?;
    let outcome = async {
        if interrupted.is_some_and(|row| row.id != header.plan_id.to_string()) {
            settle(&session.ground(), &trail).await?;
        }
        apply(&session.ground(), &path, &trail).await
    }
    .await;
    let verdict = match &outcome {
        Ok(applied) => verdict(applied, false),
        Err(ApplyError::Stale(_)) => Verdict::Stale,
        Err(ApplyError::Probe(_)) => Verdict::Refused,
        Err(_) => Verdict::Failed,
    };
    let head = session.finish(trail, verdict).await?;
    let applied = outcome.map_err(failure)?;
    if global.json {
        let mut summary = Summary::of_plan(&header, session.run, verdict);
        tell(&mut summary, &applied, None);
        summary = summary.with_stage("apply", std::time::Duration::from_secs_f64(applied.seconds));
        output::json(&summary)?;
    } else {
        report(&applied)?;
        session.progress.note(&format!("piste d'audit : {head}"));
    }
    Ok(verdict.exit_code(false))
}

/// A path, or the number of a plan that was saved on this store.
pub async fn locate(session: &Session, plan: &str) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(plan);
    if path.exists() {
        return Ok(path);
    }
    match session.store.plan(plan).await? {
        Some(row) => Ok(row.file.into()),
        None => Err(Failure::usage(format!("no file and no saved plan is called {plan:?}"))),
    }
}

pub fn verdict(applied: &Applied, held: bool) -> Verdict {
    let why = applied.stopped.as_ref().map(|s| s.why);
    if !applied.failed.is_empty() || applied.unknown > 0 || why == Some(Stop::Server) {
        Verdict::Partial
    } else if held || !applied.moved.is_empty() || why == Some(Stop::Hours) {
        Verdict::Held
    } else if applied.done == 0 {
        Verdict::Unchanged
    } else {
        Verdict::Done
    }
}

pub fn failure(error: ApplyError) -> Failure {
    match error {
        ApplyError::Store(error) => error.into(),
        stale @ ApplyError::Stale(_) => Failure::new(Verdict::Stale, stale),
        refused @ ApplyError::Probe(_) => Failure::new(Verdict::Refused, refused),
        other => failed(other),
    }
}

/// Puts what was done into the summary: of this plan, and of an interrupted one that was settled before it.
pub fn tell(summary: &mut Summary, applied: &Applied, settled: Option<&Applied>) {
    for left in &applied.moved {
        summary.hold(left.kind);
    }
    let mut all = settled.cloned().unwrap_or_default();
    all.absorb(applied.clone());
    summary.credentials.issued = all.credentials;
    let moved = all.moved.iter().map(|left| (left, "moved"));
    let failed = all.failed.iter().map(|left| (left, "failed"));
    let left_out = moved.chain(failed).take(NAMED).map(|(left, outcome)| LeftOut {
        seq: left.seq,
        dn: left.dn.clone(),
        outcome,
        reason: left.reason.clone(),
    });
    summary.changes = Changes {
        done: all.done,
        already: all.already,
        moved: all.moved.len() as u64,
        failed: all.failed.len() as u64,
        not_done: all.not_done,
        unknown: all.unknown,
        left_out: left_out.collect(),
    };
    summary.stopped = all.stopped.map(|stopped| Reason {
        why: match stopped.why {
            Stop::Hours => "hours",
            Stop::Server => "server",
        },
        text: stopped.text,
    });
    summary.slowdown = all.slowdown;
}

/// What was done, for people.
pub fn report(applied: &Applied) -> Result<(), Failure> {
    let mut text = String::new();
    for (title, list) in [("Retenus (la fiche a changé depuis le plan)", &applied.moved), ("Échecs", &applied.failed)]
    {
        if list.is_empty() {
            continue;
        }
        text.push_str(&format!("{title} : {}\n", number(list.len() as u64)));
        for left in list.iter().take(20) {
            text.push_str(&format!("  {} : {}\n", left.dn, left.reason));
        }
        if list.len() > 20 {
            text.push_str(&format!("  … et {} autres (voir audit show)\n", number(list.len() as u64 - 20)));
        }
    }
    text.push_str(&format!(
        "Appliqué : {}, {}, en {:.1} s.\n",
        count(applied.done, "changement", "changements"),
        count(applied.credentials, "identifiant scellé", "identifiants scellés"),
        applied.seconds
    ));
    if applied.unknown > 0 {
        text.push_str(&format!(
            "Issue inconnue : {} ; la prochaine exécution le demandera à l'annuaire.\n",
            count(applied.unknown, "changement", "changements")
        ));
    }
    if let Some(stopped) = &applied.stopped {
        let rest = count(applied.not_done, "changement reste", "changements restent");
        text.push_str(&match stopped.why {
            Stop::Hours => {
                format!(
                    "Arrêt : {} ; {rest} à faire. La prochaine exécution continue, --now écrit maintenant.\n",
                    stopped.text
                )
            }
            Stop::Server => format!("Arrêt : {} ; {rest} à faire. La prochaine exécution continue.\n", stopped.text),
        });
    }
    if let Some(slow) = &applied.slowdown {
        let end = if slow.recovered { "puis de nouveau à plein" } else { "jusqu'à la fin" };
        text.push_str(&format!("Rythme réduit : {}, {end}.\n", slow.in_words()));
    }
    if let Some(scheme) = applied.scheme {
        text.push_str(&format!("Mots de passe : {}, éprouvé sur ce serveur avant l'écriture.\n", scheme.prefix()));
        if !scheme.is_slow() {
            text.push_str(
                "  Attention : un vol de l'annuaire permettrait des essais rapides. OpenLDAP : chargez le module argon2.\n",
            );
        }
    }
    output::text(&text)
}
