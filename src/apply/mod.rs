//! Carries out exactly a plan: structures, persons, groups, several at a time, paced, journalled.
//!
//! Nothing is recomputed here. Each batch first leaves one durable commit (what is intended, and for new accounts the
//! sealed envelope with the hash that will be sent), then writes to the directory, then notes every outcome. Killed
//! anywhere, the next run looks at what was intended, asks the directory what happened, and goes on.
//!
//! An entry that is no longer what the plan saw, in what the change touches, is left out and counted; the next plan
//! sees it anew. A run stops before its end when the server cannot be reached or refuses everything, and outside of the
//! hours of writing: what is left is counted as not done, and the plan stays open.

mod applied;
mod batch;
mod batches;
mod canary;
mod check;
mod loaded;
pub mod lockout;
pub mod must_change;
mod offline;
mod operations;
mod password;
pub mod probe;
mod ready;
mod record;
mod seen;
mod undo;
mod values;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::audit::{AuditError, Kind, Trail};
use crate::config::Mode;
use crate::credentials::{CredentialError, Issuer, Scheme};
use crate::directory::{DirectoryError, Pace};
use crate::feed::values::Uai;
use crate::plan::file::{PlanFileError, verify};
use crate::plan::{ChangeKind, Ground, Header};
use crate::roster::JoinKey;
use crate::store::{AccountRow, Outcome, PlanState, StoreError};

use self::batches::{Batch, is_of, read_batches};

pub use applied::{Applied, Left, Stop, Stopped};
pub use canary::apply_in_turn;
pub use loaded::{Loaded, loaded};
pub use offline::{Exported, OfflineError, export};
pub use undo::{Asked as Undoing, UndoError, undo};

/// Changes that share one commit before and one after: large enough to make commits rare beside directory writes,
/// small enough that a kill leaves little to look at.
const BATCH: usize = 256;

#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error(transparent)]
    File(#[from] PlanFileError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Probe(#[from] probe::ProbeError),
    #[error(transparent)]
    Lockout(#[from] lockout::LockoutError),
    #[error(transparent)]
    Offline(#[from] OfflineError),
    #[error("the plan is stale: {}", .0.join(" ; "))]
    Stale(Vec<String>),
    #[error("the plan could not be read to its end: {0}")]
    Stopped(String),
}

/// Which changes of a plan to carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    All,
    /// Those of these schools, and no more: the plan stays open.
    Schools(Arc<HashSet<Uai>>),
    /// Those whose outcome an interrupted run did not learn.
    Intended,
}

/// Carries out a plan, or what remains of it when an earlier run was interrupted.
///
/// # Errors
/// When the file is not intact, when the plan is stale, when store or directory cannot be reached. What single
/// changes met is in [`Applied`].
pub async fn apply(ground: &Ground<'_>, path: &Path, trail: &Trail) -> Result<Applied, ApplyError> {
    apply_scope(ground, path, Scope::All, trail).await
}

async fn apply_scope(ground: &Ground<'_>, path: &Path, scope: Scope, trail: &Trail) -> Result<Applied, ApplyError> {
    let path_owned = path.to_owned();
    let (header, seal) = tokio::task::spawn_blocking(move || verify(&path_owned))
        .await
        .map_err(|e| ApplyError::Stopped(e.to_string()))??;
    let known = ground.store.plan(&header.plan_id.to_string()).await?;
    match known {
        Some(row) if row.digest != seal.digest => {
            return Err(ApplyError::Stale(vec!["the file is not the plan that was saved under this number".into()]));
        }
        Some(row) if row.state == PlanState::Applied => return Ok(Applied::default()),
        Some(row) if row.state == PlanState::Exported => {
            return Err(ApplyError::Stale(vec![
                "it was written as LDIF: load that file, or make a new plan, which says what of it was loaded".into(),
            ]));
        }
        Some(_) if let Some(stopped) = closed(ground).filter(|_| seal.changes > 0) => {
            return Ok(Applied { not_done: seal.changes, stopped: Some(stopped), ..Applied::default() });
        }
        Some(row) => check::fresh(ground, &header, row.state == PlanState::Applying).await?,
        None if header.undoes.is_some() => {
            return Err(ApplyError::Stale(vec![
                "it says what an apply left behind it: `rentree undo` compares that with the directory, and makes the \
                 plan to apply"
                    .into(),
            ]));
        }
        None => return Err(ApplyError::Stale(vec!["it was not made on this store".into()])),
    }
    // Before anything is written: which form of password the server checks.
    let issuer = if issues(&header) { Some(issuer(ground).await?) } else { None };
    if seal.changes > 0 {
        // What is written now overtakes a file that was not loaded.
        ground.store.close_exported().await?;
    }
    ground.store.set_plan_state(header.plan_id, PlanState::Applying).await?;
    // Most nights, most plans: nothing to carry out, nothing to load.
    let applied = if seal.changes == 0 {
        Applied::default()
    } else {
        undo::note_years(ground, &header).await?;
        let applied = carry_out(ground, path, &header, seal.changes, scope.clone(), issuer.as_ref(), trail).await?;
        undo::leave(ground, path, &header).await?;
        applied
    };
    // It stays open: the next run completes it, or settles it and makes a new one.
    if applied.is_unfinished() || scope != Scope::All {
        return Ok(applied);
    }
    if let Some(undoes) = &header.undoes {
        ground.store.restore_school_years(&undoes.years).await?;
    }
    ground
        .store
        .set_school_years(&header.years.iter().map(|(u, y)| (u.clone(), *y)).collect::<Vec<_>>(), header.today)
        .await?;
    ground.store.set_plan_state(header.plan_id, PlanState::Applied).await?;
    Ok(applied)
}

/// Settles an interrupted apply: what was intended is looked up in the directory and completed; the rest of that plan
/// is left to the next one, which sees the directory as it then is. Only a plan that no night makes anew is carried out as
/// a whole: of a structure that goes on under another name, of first passwords.
///
/// # Errors
/// As [`apply`]. A plan file that has gone since is an error only if something was intended.
pub async fn settle(ground: &Ground<'_>, trail: &Trail) -> Result<Option<Applied>, ApplyError> {
    let Some(row) = ground.store.interrupted_plan().await? else { return Ok(None) };
    if closed(ground).is_some() {
        return Ok(None);
    }
    let path = Path::new(&row.file);
    let path_owned = path.to_owned();
    let (header, seal) = tokio::task::spawn_blocking(move || verify(&path_owned))
        .await
        .map_err(|e| ApplyError::Stopped(e.to_string()))??;
    if seal.digest != row.digest {
        return Err(ApplyError::Stale(vec![format!("{} is not the plan that was interrupted", path.display())]));
    }
    let issuer = if issues(&header) { Some(issuer(ground).await?) } else { None };
    // No night makes anew what is left of a structure's new name, or of passwords to replace: it is carried out to its end.
    let of_its_own = !header.structures.is_empty() || header.credentials.is_some();
    let scope = if of_its_own { Scope::All } else { Scope::Intended };
    let applied = carry_out(ground, path, &header, seal.changes, scope, issuer.as_ref(), trail).await?;
    undo::leave(ground, path, &header).await?;
    if !applied.is_unfinished() {
        ground.store.set_plan_state(header.plan_id, PlanState::Applied).await?;
    }
    Ok(Some(applied))
}

/// Whether a plan writes hashes of passwords: new ones, or such as nobody knows the password of.
const fn issues(header: &Header) -> bool {
    header.totals.credentials > 0 || header.credentials.is_some()
}

/// What makes the credentials of a run, by the scheme that the server is proved to check. Hashes that an interrupted
/// run sealed are sent again as they are: theirs has to be proved as well.
async fn issuer(ground: &Ground<'_>) -> Result<Issuer, ApplyError> {
    let config = ground.config;
    lockout::require(ground.store, &config.credentials, &ground.directory.describe(), ground.today).await?;
    let proof = |schemes: Vec<Scheme>| async move {
        probe::prove(ground.directory, &ground.dialect, &config.credentials, &schemes).await
    };
    if !config.credentials.any_bind() {
        // What the directory does not check needs no proof.
        return Ok(Issuer::new(&config.credentials, &config.letters, Scheme::Argon2)?);
    }
    let scheme = proof(Scheme::allowed(config.directory.password_scheme)).await?.scheme;
    for other in pending_schemes(ground).await?.into_iter().filter(|other| *other != scheme) {
        proof(vec![other]).await?;
    }
    Ok(Issuer::new(&config.credentials, &config.letters, scheme)?)
}

/// How the passwords are hashed that the directory is to check and whose outcome is unknown.
async fn pending_schemes(ground: &Ground<'_>) -> Result<Vec<Scheme>, ApplyError> {
    let pending = ground.store.pending_envelopes().await?;
    let checked = pending.iter().filter(|p| ground.config.credentials.of(p.profile).mode == Mode::Bind);
    let mut schemes: Vec<Scheme> = checked.filter_map(|p| Scheme::of(p.hash.expose())).collect();
    schemes.sort_unstable_by_key(|scheme| scheme.name());
    schemes.dedup();
    Ok(schemes)
}

async fn carry_out(
    ground: &Ground<'_>,
    path: &Path,
    header: &Header,
    changes: u64,
    scope: Scope,
    issuer: Option<&Issuer>,
    trail: &Trail,
) -> Result<Applied, ApplyError> {
    let started = Instant::now();
    let journal = ground.store.journal(header.plan_id).await?;
    ground.progress.begin("apply", Some(changes));
    let pending: HashMap<_, _> = ground
        .store
        .pending_envelopes()
        .await?
        .into_iter()
        .map(|p| (p.label.join_key.clone(), (p.label.serial, p.hash.expose().to_owned())))
        .collect();
    let mut executor = batch::Executor {
        ground,
        header,
        accounts: ground.store.accounts().await?,
        group_members: ground.store.group_members().await?,
        pace: pace(ground),
        trail,
        pending: pending.clone(),
        marks: must_change::is_marked(ground.directory, &ground.config.credentials).await?,
    };
    let mut applied = Applied::default();
    let mut through = 0;
    let mut batches = read_batches(path, journal, scope.clone(), BATCH);
    // Secrets of the next batch are drawn, hashed and sealed while this one is written.
    let mut next = None;
    loop {
        let ready = match next.take() {
            Some(ready) => ready,
            None => match batches.recv().await {
                Some(batch) => ready::make_ready(ground, header, issuer, &pending, batch?).await?,
                None => break,
            },
        };
        if let Some(stopped) = closed(ground).filter(|_| !ready.changes.is_empty()) {
            applied.stopped = Some(stopped);
            break;
        }
        // When only what was under way is settled, the rest was not done before: it is not of this run.
        if scope == Scope::All {
            applied.already += ready.skipped;
        }
        let size = ready.size();
        through += size;
        let ahead = async {
            match batches.recv().await {
                Some(batch) => Ok(Some(ready::make_ready(ground, header, issuer, &pending, batch?).await?)),
                None => Ok::<_, ApplyError>(None),
            }
        };
        let (following, ()) = tokio::try_join!(ahead, executor.run(ready, issuer, &mut applied))?;
        next = following;
        ground.progress.advance(size);
        tell_slowdown(ground, &executor.pace, &mut applied);
        if applied.stopped.is_some() || applied.moved.iter().chain(&applied.failed).any(is_unnamed) {
            break;
        }
    }
    // What belongs to an interrupted plan and was never begun is the next plan's.
    if scope == Scope::All {
        applied.not_done += changes.saturating_sub(through);
    }
    applied.scheme = issuer.filter(|_| applied.credentials > 0).map(Issuer::scheme);
    applied.seconds = started.elapsed().as_secs_f64();
    Ok(applied)
}

/// Why nothing may be written at this time.
fn closed(ground: &Ground<'_>) -> Option<Stopped> {
    ground.hours.and_then(|hours| hours.open().err()).map(|text| Stopped::new(Stop::Hours, text))
}

/// Says once that the server bears less than before.
fn tell_slowdown(ground: &Ground<'_>, pace: &Pace, applied: &mut Applied) {
    let slowdown = pace.slowdown();
    if let (None, Some(slow)) = (applied.slowdown, slowdown) {
        ground.progress.note(&format!("l'annuaire peine, l'écriture ralentit : {}", slow.in_words()));
    }
    applied.slowdown = slowdown;
}

fn pace(ground: &Ground<'_>) -> Pace {
    let directory = &ground.config.directory;
    match directory.writes_per_second {
        None => Pace::unlimited(),
        Some(rate) => {
            // A tenth of a second's worth keeps the average without starving the pipeline.
            let burst = directory
                .burst
                .unwrap_or_else(|| std::num::NonZeroU32::new(rate.get() / 10).unwrap_or(std::num::NonZeroU32::MIN));
            Pace::new(rate, burst)
        }
    }
}

/// Whether a structure could not be given its new name: nothing may then name it by that.
fn is_unnamed(left: &Left) -> bool {
    matches!(left.kind, ChangeKind::StructureRename | ChangeKind::StructureMerge)
}

/// The accounts and groups as the register knows them, brought up to date change by change.
type Accounts = HashMap<JoinKey, AccountRow>;

/// One event per change.
const fn event_kind(outcome: Outcome) -> Kind {
    match outcome {
        Outcome::Done => Kind::ChangeApplied,
        _ => Kind::ChangeFailed,
    }
}
