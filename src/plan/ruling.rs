//! Deciding about holds: which are meant, whether a decision can help, and for exactly which changes it is given: those
//! that the plan saved last shows.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::audit::{AuditError, Kind, Trail};
use crate::config::LimitsConfig;
use crate::feed::values::Uai;
use crate::store::{DecisionRow, PlanRow, Store, StoreError};

use super::file::{PlanFileError, Reader};
use super::kept::{KeptBack, kept_back};
use super::prepare::{PlanError, blocking};
use super::{Header, Hold, HoldReason, Ruling};

/// Which holds are meant: all that fit. Without any condition, none.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// By their ids; each must be there.
    pub ids: Vec<String>,
    pub school: Option<Uai>,
    pub reason: Option<HoldReason>,
}

/// Who decides, when and why.
#[derive(Debug, Clone, Copy)]
pub struct Decider<'a> {
    /// `user@host`.
    pub actor: &'a str,
    pub why: &'a str,
    pub now: Timestamp,
}

/// What was decided about one hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ruled {
    pub hold: String,
    pub changes: u64,
    /// A second person has to say so as well.
    pub waiting: bool,
    /// Why nothing was decided, in French.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// The holds of the plan saved last, and what is decided about them.
#[derive(Debug)]
pub struct Held {
    pub header: Header,
    pub path: PathBuf,
    pub holds: Vec<KeptBack>,
    pub decisions: Vec<DecisionRow>,
}

#[derive(Debug, thiserror::Error)]
pub enum RulingError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    File(#[from] PlanFileError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error("no plan was saved yet: `rentree plan` says what is held")]
    NoPlan,
    #[error("the file of the last plan, {path}, is not the one that was saved: make a new plan")]
    Replaced { path: PathBuf },
    #[error("no hold of the last plan is called {id:?}: `rentree holds list` names them")]
    Unknown { id: String },
    #[error("say why: --why TEXT is what the trail keeps")]
    NoReason,
    #[error("reading the plan stopped: {0}")]
    Stopped(String),
}

impl RulingError {
    /// Whether the command was wrong, rather than something that it needed.
    #[must_use]
    pub const fn is_misuse(&self) -> bool {
        matches!(self, Self::NoPlan | Self::Unknown { .. } | Self::NoReason)
    }
}

/// Reads the last plan of a night: those of structures, of a purge, and those that take another one back, have no such
/// holds.
///
/// # Errors
/// When there is none, or its file is not the one that was sealed.
pub async fn held(store: &Store) -> Result<Held, RulingError> {
    let mut row = store.last_plan().await?.ok_or(RulingError::NoPlan)?;
    while is_of_its_own(&row).await? {
        row = store.plan_before(&row.id).await?.ok_or(RulingError::NoPlan)?;
    }
    let path = PathBuf::from(&row.file);
    let read = path.clone();
    let (header, digest, holds) = match blocking(move || kept_back(&read)).await {
        Ok(read) => read?,
        Err(PlanError::Stopped(why)) => return Err(RulingError::Stopped(why)),
        Err(other) => return Err(RulingError::Stopped(other.to_string())),
    };
    if digest != row.digest {
        return Err(RulingError::Replaced { path });
    }
    Ok(Held { header, path, holds, decisions: store.open_decisions().await? })
}

/// Whether a plan was asked for, of structures, of a purge or to take another one back. One whose file is gone says so later.
async fn is_of_its_own(row: &PlanRow) -> Result<bool, RulingError> {
    let path = PathBuf::from(&row.file);
    let asked_for = move || {
        Reader::open(path).is_ok_and(|reader| {
            let header = reader.header();
            !header.structures.is_empty() || header.undoes.is_some() || header.purge || header.credentials.is_some()
        })
    };
    blocking(asked_for).await.map_err(|error| RulingError::Stopped(error.to_string()))
}

/// Decides about holds of the plan saved last. Each decision is on the trail before this returns.
///
/// # Errors
/// When an id is unknown (then nothing is decided), when there is no reason, when plan, store or trail fail.
pub async fn rule(
    store: &Store,
    limits: &LimitsConfig,
    trail: &Trail,
    ruling: Ruling,
    choice: &Choice,
    decider: &Decider<'_>,
) -> Result<Vec<Ruled>, RulingError> {
    if decider.why.trim().is_empty() {
        return Err(RulingError::NoReason);
    }
    let held = held(store).await?;
    let mut ruled = Vec::new();
    for kept in chosen(&held.holds, choice)? {
        let open = held.decisions.iter().find(|row| row.hold == kept.hold.id.as_str());
        let one = match judge(kept, open, ruling, limits, decider) {
            Next::Refuse(refused) => refuse(&kept.hold, refused),
            Next::Second(id) => {
                tell(trail, ruling, kept, decider, false).await?;
                store.second_decision(id, decider.actor, decider.now).await?;
                Ruled { hold: kept.hold.id.clone(), changes: kept.hold.changes, waiting: false, refused: None }
            }
            Next::Decide { waiting } => {
                tell(trail, ruling, kept, decider, waiting).await?;
                store.decide_hold(&row(&held.header, kept, ruling, waiting, decider)).await?;
                Ruled { hold: kept.hold.id.clone(), changes: kept.hold.changes, waiting, refused: None }
            }
        };
        ruled.push(one);
    }
    Ok(ruled)
}

fn chosen<'h>(holds: &'h [KeptBack], choice: &Choice) -> Result<Vec<&'h KeptBack>, RulingError> {
    for id in &choice.ids {
        if !holds.iter().any(|kept| kept.hold.id == *id) {
            return Err(RulingError::Unknown { id: id.clone() });
        }
    }
    let any = !choice.ids.is_empty() || choice.school.is_some() || choice.reason.is_some();
    let fits = |hold: &Hold| {
        any && (choice.ids.is_empty() || choice.ids.contains(&hold.id))
            && (choice.school.is_none() || choice.school == hold.school)
            && choice.reason.is_none_or(|reason| reason == hold.reason)
    };
    Ok(holds.iter().filter(|kept| fits(&kept.hold)).collect())
}

/// What to do about one hold.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Refuse(String),
    /// The other person's release of this number counts now.
    Second(i64),
    Decide {
        waiting: bool,
    },
}

fn judge(
    kept: &KeptBack,
    open: Option<&DecisionRow>,
    ruling: Ruling,
    limits: &LimitsConfig,
    decider: &Decider<'_>,
) -> Next {
    if ruling == Ruling::Discarded {
        return Next::Decide { waiting: false };
    }
    if let Err(instead) = kept.hold.reason.releasable() {
        return Next::Refuse(format!("cette retenue ne se lève pas : {instead}"));
    }
    if limits.second_person_above.is_none_or(|above| kept.hold.changes <= above) {
        return Next::Decide { waiting: false };
    }
    match open.filter(|row| row.ruling == Ruling::Released && row.digest == kept.marks.digest()) {
        Some(row) if !row.waiting => Next::Refuse("déjà levée par deux personnes, le prochain plan la suit".to_owned()),
        Some(row) if row.actor == decider.actor => {
            Next::Refuse(format!("déjà levée par {} : une autre personne doit le faire aussi", row.actor))
        }
        Some(row) => Next::Second(row.id),
        None => Next::Decide { waiting: true },
    }
}

fn refuse(hold: &Hold, refused: String) -> Ruled {
    Ruled { hold: hold.id.clone(), changes: hold.changes, waiting: false, refused: Some(refused) }
}

fn row(header: &Header, kept: &KeptBack, ruling: Ruling, waiting: bool, decider: &Decider<'_>) -> DecisionRow {
    DecisionRow {
        id: 0,
        hold: kept.hold.id.as_str().into(),
        ruling,
        waiting,
        digest: kept.marks.digest(),
        changes: kept.hold.changes,
        marks: kept.marks.to_bytes(),
        shown_in: header.plan_id.to_string(),
        actor: decider.actor.to_owned(),
        why: decider.why.trim().to_owned(),
        at: decider.now,
        second: None,
        used_by: None,
    }
}

/// The event first: a decision that counts is on the trail, whatever happens in between.
async fn tell(
    trail: &Trail,
    ruling: Ruling,
    kept: &KeptBack,
    decider: &Decider<'_>,
    waiting: bool,
) -> Result<(), AuditError> {
    let kind = match ruling {
        Ruling::Released => Kind::HoldReleased,
        Ruling::Discarded => Kind::HoldDiscarded,
    };
    let said = json!({
        "hold": kept.hold.id, "changes": kept.hold.changes, "digest": kept.marks.digest(), "why": decider.why.trim(),
        "by": decider.actor, "waits_for_second": waiting,
    });
    trail.record(kind, kept.hold.join_key.as_ref(), said)?;
    trail.flush().await?;
    Ok(())
}
