//! `rentree apply PLAN`: exactly that plan.

use std::path::PathBuf;

use rentree::apply::{Applied, ApplyError, apply, settle};
use rentree::audit::Kind;
use rentree::plan::Verdict;
use rentree::plan::file::verify;
use rentree::plan::render::Summary;

use super::exit::Failure;
use super::plan::failed;
use super::session::Session;
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A plan file, or the number of a saved plan
    plan: String,
}

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let session = Session::open(global, None).await?;
    let _lock = session.lock("apply")?;
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
        summary.credentials.issued = applied.credentials;
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
    if !applied.failed.is_empty() {
        Verdict::Partial
    } else if held || !applied.moved.is_empty() {
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

/// What was done, for people.
pub fn report(applied: &Applied) -> Result<(), Failure> {
    let mut text = String::new();
    for (title, list) in
        [("Laissés de côté (l'entrée a changé depuis le plan)", &applied.moved), ("Échecs", &applied.failed)]
    {
        if list.is_empty() {
            continue;
        }
        text.push_str(&format!("{title} : {}\n", list.len()));
        for left in list.iter().take(20) {
            text.push_str(&format!("  {} : {}\n", left.dn, left.reason));
        }
        if list.len() > 20 {
            text.push_str(&format!("  … et {} autres (voir audit show)\n", list.len() - 20));
        }
    }
    text.push_str(&format!(
        "Appliqué : {} changement(s), {} identifiant(s) scellé(s), en {:.1} s.\n",
        applied.done, applied.credentials, applied.seconds
    ));
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
