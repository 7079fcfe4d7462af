//! `rentree apply PLAN`: exactly that plan.

use std::path::{Path, PathBuf};

use rentree::apply::{Applied, ApplyError, Exported, Loaded, Stop, apply, export, loaded, settle};
use rentree::audit::Trail;
use rentree::plan::Verdict;
use rentree::plan::file::verify;
use rentree::plan::render::{Changes, LeftOut, Reason, Summary};
use rentree::wording::{count, number};

use super::exit::Failure;
use super::plan::failed;
use super::session::{Session, tell_head};
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A plan file, or the number of a saved plan
    plan: String,
    /// Writes at any time, whatever directory.write_window says
    #[arg(long, conflicts_with = "ldif")]
    now: bool,
    /// Writes the accounts to this file, for the server's offline loader (slapadd), instead of to the server: a plan of
    /// creations only. The file holds password hashes
    #[arg(long, value_name = "FILE")]
    ldif: Option<PathBuf>,
}

/// How many changes that were left out the JSON names one by one; all of them are in the trail.
const NAMED: usize = 1_000;

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let mut session = Session::open(global, None).await?;
    if args.now {
        session.hours = None;
    }
    let _lock = session.lock("apply").await?;
    if let Some(ldif) = &args.ldif {
        return export_ldif(global, &session, &args.plan, ldif).await;
    }
    session.begin_writing().await?;
    let path = locate(&session, &args.plan).await?;
    let (header, seal) = verify(&path).map_err(failed)?;
    let retention = &session.config.retention;
    super::expired::refuse_expired(&session.store, retention, session.now, header.plan_id).await?;
    let trail = session.begin_with("apply", Some(header.plan_id), &[]).await?;
    // Another plan that was interrupted comes first; this one may then turn out to be stale.
    let interrupted = session.store.interrupted_plan().await?;
    let outcome = async {
        if interrupted.is_some_and(|row| row.id != header.plan_id.to_string()) {
            let settled = settle(&session.ground(), &trail).await?;
            if let Some(mut unfinished) = settled.filter(Applied::is_unfinished) {
                unfinished.absorb(Applied::put_off(seal.changes));
                return Ok(unfinished);
            }
        }
        // So does a file that was loaded meanwhile: its passwords are not to be taken for unsent.
        tell_loaded(&session, loaded(&session.ground(), &trail).await?.as_ref());
        apply(&session.ground(), &path, &trail).await
    }
    .await;
    let verdict = match &outcome {
        Ok(applied) => verdict(applied, false),
        Err(ApplyError::Stale(_)) => Verdict::Stale,
        Err(ApplyError::Probe(_) | ApplyError::Lockout(_)) => Verdict::Refused,
        Err(_) => Verdict::Failed,
    };
    let head = session.finish(trail, verdict).await;
    // What failed first is the cause.
    let applied = outcome.map_err(failure)?;
    let head = head?;
    if global.json {
        let mut summary = Summary::of_plan(&header, session.run, verdict);
        tell(&mut summary, &applied, None);
        summary = summary.with_stage("apply", std::time::Duration::from_secs_f64(applied.seconds));
        output::json(&summary)?;
    } else {
        report(&applied)?;
        tell_head(&*session.progress, head);
    }
    Ok(verdict.exit_code(false))
}

/// `apply --ldif`.
async fn export_ldif(global: &Global, session: &Session, plan: &str, file: &Path) -> Result<u8, Failure> {
    session.may_write()?;
    let path = locate(session, plan).await?;
    let trail = session.begin_with("apply", None, &[("ldif", serde_json::json!(file))]).await?;
    let outcome = export(&session.ground(), &path, file, &trail).await.map_err(failure);
    let verdict = outcome.as_ref().map_or_else(|failure| failure.verdict, |_| Verdict::Done);
    let head = session.finish(trail, verdict).await;
    let exported = outcome?;
    let head = head?;
    if global.json {
        output::json(&exported)?;
    } else {
        output::text(&exported_in_words(&exported))?;
        tell_head(&*session.progress, head);
    }
    Ok(verdict.exit_code(false))
}

fn exported_in_words(exported: &Exported) -> String {
    let mut text = format!(
        "Exporté : {} dans {} ({}), en {:.1} s.\n",
        count(exported.entries, "fiche", "fiches"),
        exported.file.display(),
        count(exported.credentials, "identifiant scellé", "identifiants scellés"),
        exported.seconds
    );
    if exported.credentials > 0 {
        text.push_str(
            "  Ce fichier contient les empreintes des mots de passe : il n'est lisible que de vous, supprimez-le une fois \
             chargé.\n",
        );
    }
    if let (Some(scheme), false) = (exported.scheme, exported.proved) {
        text.push_str(&format!(
            "  Attention : {} n'a pas pu être éprouvé sur ce serveur, qui n'a pas encore la branche des personnes. Le \
             prochain plan l'éprouve avant que des fiches ne puissent être imprimées.\n",
            scheme.prefix()
        ));
    }
    text.push_str(
        "Ensuite : arrêter le serveur, charger (slapadd -q -l FICHIER, sous le compte du serveur), le redémarrer, puis \
         « rentree plan », qui vérifie que tout y est. Les fiches s'impriment après.\n",
    );
    text
}

/// Asks whether what was written as LDIF is in the directory by now, and says what was found.
pub async fn check_loaded(session: &Session, trail: &Trail) -> Result<(), Failure> {
    let found = loaded(&session.ground(), trail).await.map_err(failure)?;
    tell_loaded(session, found.as_ref());
    Ok(())
}

fn tell_loaded(session: &Session, loaded: Option<&Loaded>) {
    let Some(loaded) = loaded else { return };
    session.progress.note(&format!(
        "{} : {} dans l'annuaire et au registre, {} ; {} à imprimer",
        loaded.file,
        count(loaded.found, "fiche chargée est", "fiches chargées sont"),
        if loaded.missing == 0 {
            "tout y est".to_owned()
        } else {
            count(loaded.missing, "n'y est pas", "n'y sont pas")
        },
        count(loaded.credentials, "identifiant", "identifiants"),
    ));
    if loaded.withdrawn > 0 {
        session.progress.note(&format!(
            "{} : le mot de passe de la fiche n'est pas celui du fichier",
            count(loaded.withdrawn, "identifiant retiré", "identifiants retirés")
        ));
    }
}

/// A path, or the number of a plan that was saved on this store.
pub async fn locate(session: &Session, plan: &str) -> Result<PathBuf, Failure> {
    super::expired::locate(&session.store, &session.config.retention, session.now, plan).await
}

pub fn verdict(applied: &Applied, held: bool) -> Verdict {
    let why = applied.stopped.as_ref().map(|s| s.why);
    if !applied.failed.is_empty() || applied.unknown > 0 || why == Some(Stop::Server) {
        Verdict::Partial
    } else if held || !applied.moved.is_empty() || matches!(why, Some(Stop::Hours | Stop::Canary)) {
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
        refused @ (ApplyError::Probe(_) | ApplyError::Lockout(_)) => Failure::new(Verdict::Refused, refused),
        ApplyError::Offline(error) if error.is_misuse() => Failure::usage(error.to_string()),
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
            Stop::Canary => "canary",
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
            Stop::Canary => format!("Retenu : {} ; {rest} à faire, rien n'est écrit ailleurs.\n", stopped.text),
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
