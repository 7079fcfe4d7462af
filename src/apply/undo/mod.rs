//! Taking back what an apply did: its inverse, compared with what is there now, as a plan like any other.
//!
//! What an apply leaves behind it ([`leave()`]) holds the inverse of every change that was really done. Of that, only
//! what the directory and the register still are as the apply left them becomes part of the plan; everything else is
//! listed with its reason. Nobody is deleted: who was created is suspended, and his credential revoked.
//!
//! What stays out: the names that were given (they are reserved for ever), credentials that were issued again, the
//! succession of structures.

mod before;
mod inverse;
mod leave;
mod present;
mod spool;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use futures_util::{StreamExt as _, stream};

use self::leave::{changes, hold};
use self::present::{Now, Present};
use self::spool::Spool;
use super::ApplyError;
use super::operations::ENTRY_CSN;
use crate::audit::Trail;
use crate::directory::{DirectoryError, Dn, Entry};
use crate::feed::values::Uai;
use crate::plan::file::{PlanFileError, Reader, verify};
use crate::plan::saved::{Contents, Saved, save};
use crate::plan::{
    Change, ChangeKind, Ground, Header, Hold, Line, PlanError, PlanId, Prepared, Totals, Undoes, Write,
    count_by_severity,
};
use crate::store::{PlanState, StoreError};

pub(super) use before::{before, deleted, note_years};
pub(super) use leave::leave;

/// Reads in flight.
const READS: usize = 16;
/// Names shown of what is left out for one reason; the plan file has them all.
const NAMED: usize = 12;
/// The number under which what somebody changed since is listed.
const CHANGED: &str = "undo-changed";

/// What is to be taken back.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The number of a plan, or of the run that made or carried it out.
    pub of: String,
    /// Only what concerns this school.
    pub school: Option<Uai>,
    /// Where the plan goes; `plans/<id>.plan` beside the store otherwise.
    pub out: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error(
        "{given:?} is neither a plan nor a run of this store (see `rentree audit show`, or the folder of the plans)"
    )]
    Unknown { given: String },
    #[error("run {given} has neither made nor carried out a plan: there is nothing to take back")]
    NoPlan { given: String },
    #[error("plan {id} was never applied: there is nothing to take back")]
    NotApplied { id: String },
    #[error(
        "plan {id} was written as LDIF for an offline loader: load it, or not; it is not this program's to take back"
    )]
    Exported { id: String },
    #[error("plan {id} was interrupted; apply it to its end (or let `sync` settle it) before it is taken back")]
    Interrupted { id: String },
    #[error(
        "plan {id} deleted accounts, and nothing of what is deleted is kept: whoever an export names again gets the same \
         names and a new password"
    )]
    Purged { id: String },
    #[error(
        "plan {id} replaced first passwords, and nothing of what was printed before opens anything any more: issue others \
         with `rentree credentials reissue`"
    )]
    Renewed { id: String },
    #[error("nothing of plan {id} was carried out: there is nothing to take back")]
    Nothing { id: String },
}

impl UndoError {
    /// Whether something else has to be asked for.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        !matches!(self, Self::Plan(_) | Self::Apply(_) | Self::Interrupted { .. })
    }
}

impl From<StoreError> for UndoError {
    fn from(error: StoreError) -> Self {
        Self::Plan(error.into())
    }
}
impl From<DirectoryError> for UndoError {
    fn from(error: DirectoryError) -> Self {
        Self::Plan(error.into())
    }
}
impl From<PlanFileError> for UndoError {
    fn from(error: PlanFileError) -> Self {
        Self::Plan(error.into())
    }
}

/// Computes and saves the plan that takes another one back, against what is there now. Nothing is written to the
/// directory.
///
/// # Errors
/// When what is asked for makes no sense (see [`UndoError::is_usage`]), when an interrupted plan waits, when store or
/// directory fail.
pub async fn undo(ground: &Ground<'_>, asked: &Asked, trail: &Trail) -> Result<Prepared, UndoError> {
    let started = std::time::Instant::now();
    let (path, inverse) = find(ground, asked).await?;
    let undoes = inverse.undoes.clone().ok_or_else(|| UndoError::Unknown { given: asked.of.clone() })?;
    ground.progress.begin("plan", None);
    let accounts = ground.store.accounts().await?;
    let put = ground.store.group_members().await?;
    let mut now = Now { dialect: &ground.dialect, accounts: &accounts, put: &put, left: HashSet::default() };
    let mut spool = Spool::create(&ground.store.private_folder("plans")?, &inverse)?;
    let mut totals = Totals { findings: count_by_severity([]), ..Totals::default() };
    let mut left: BTreeMap<String, Left> = BTreeMap::new();
    let school = asked.school.clone();
    let concerned = move |change: &Change| school.as_ref().is_none_or(|school| change.subject.schools.contains(school));
    let mut chunks = changes(&path, concerned);
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk?;
        let size = chunk.len() as u64;
        for (change, entry) in read(ground, chunk).await? {
            match now.compare(change, entry.as_ref()) {
                Present::Goes(change) => {
                    count(&mut totals, &change);
                    spool.push(change)?;
                }
                Present::Already => {}
                Present::Left(change, reason) => {
                    totals.accounts.held += u64::from(change.subject.join_key.is_some());
                    let next = left.len() + 1;
                    let of = left.entry(reason.clone()).or_insert_with(|| Left::new(next));
                    of.take(&change);
                    spool.leave(&of.hold, Change { note: Some(reason), ..change })?;
                }
            }
        }
        ground.progress.advance(size);
    }
    let spooled = spool.close()?;
    let mut holds: Vec<_> = left.into_iter().map(|(reason, left)| left.told(&reason)).collect();
    holds.extend(stays(&path, asked.school.as_ref()).await?);
    totals.held_new = holds.len() as u64;
    let years = undoes.years.into_iter();
    let years = years.filter(|(uai, _)| asked.school.as_ref().is_none_or(|school| school.as_str() == uai)).collect();
    let contents = Contents {
        totals,
        schools: inverse.schools,
        holds: holds.len() as u64,
        undoes: Some(Undoes { years, ..undoes }),
        ..Contents::default()
    };
    let listed = holds.clone();
    let write = move |header: &Header, path: &std::path::Path| spooled.write(header, &listed, path);
    let Saved { header, seal, path } = save(ground, contents, asked.out.as_deref(), write, trail).await?;
    trail.flush().await.map_err(PlanError::from)?;
    let seconds = [("plan", started.elapsed().as_secs_f64())].into();
    Ok(Prepared { header, holds, seal, path, findings: Vec::new(), seconds })
}

/// What is left out for one reason.
struct Left {
    hold: String,
    changes: u64,
    /// The first ones.
    names: Vec<String>,
}

impl Left {
    fn new(number: usize) -> Self {
        Self { hold: format!("{CHANGED}-{number}"), changes: 0, names: Vec::new() }
    }

    fn take(&mut self, change: &Change) {
        self.changes += 1;
        if self.names.len() < NAMED {
            self.names.push(format!("{} ({})", change.subject.name, change.dn.rdn_value()));
        }
    }

    fn told(self, reason: &str) -> Hold {
        let more = self.changes - self.names.len() as u64;
        let more = if more > 0 {
            format!(", … et {}", crate::wording::count(more, "autre", "autres"))
        } else {
            String::new()
        };
        hold(&self.hold, format!("laissé en l'état : {reason} : {}{more}", self.names.join(", ")), self.changes)
    }
}

/// What the apply of a plan left behind it, made anew when the file has gone.
async fn find(ground: &Ground<'_>, asked: &Asked) -> Result<(PathBuf, Header), UndoError> {
    let store = ground.store;
    if let Some(row) = store.interrupted_plan().await? {
        return Err(UndoError::Interrupted { id: row.id });
    }
    let given = asked.of.clone();
    let row = match store.plan(&given).await? {
        Some(row) => row,
        None => match store.plan_of_run(&given).await? {
            Some(plan) => store.plan(&plan).await?.ok_or(UndoError::NoPlan { given })?,
            None if store.is_run(&given).await? => return Err(UndoError::NoPlan { given }),
            None => return Err(UndoError::Unknown { given }),
        },
    };
    let id = row.id.clone();
    match of_no_return(&row.file).await? {
        Some(NoReturn::Purge) => return Err(UndoError::Purged { id }),
        Some(NoReturn::Credentials) => return Err(UndoError::Renewed { id }),
        None => {}
    }
    let plan = id.parse().map(PlanId).map_err(|_| UndoError::Unknown { given: id.clone() })?;
    match row.state {
        PlanState::Applied => {}
        PlanState::Applying => return Err(UndoError::Interrupted { id }),
        PlanState::Exported => return Err(UndoError::Exported { id }),
        PlanState::Ready => return Err(UndoError::NotApplied { id }),
    }
    let mut path = leave::place(store, plan)?;
    if !path.exists() {
        let of = PathBuf::from(row.file);
        let (header, _) = verified(of.clone()).await?;
        path = leave(ground, &of, &header).await?.ok_or(UndoError::Nothing { id })?;
    }
    let (header, _) = verified(path.clone()).await?;
    Ok((path, header))
}

/// What cannot be taken back, because nothing of it is kept.
enum NoReturn {
    Purge,
    Credentials,
}

/// Whether a plan deletes accounts, or replaces passwords. One whose file is gone says nothing.
async fn of_no_return(file: &str) -> Result<Option<NoReturn>, UndoError> {
    let path = PathBuf::from(file);
    let read = move || {
        let reader = Reader::open(path).ok()?;
        let header = reader.header();
        let renews = header.credentials.as_ref().map(|_| NoReturn::Credentials);
        if header.purge { Some(NoReturn::Purge) } else { renews }
    };
    Ok(tokio::task::spawn_blocking(read).await.map_err(|e| PlanError::Stopped(e.to_string()))?)
}

async fn verified(path: PathBuf) -> Result<(Header, crate::plan::Seal), UndoError> {
    let read = tokio::task::spawn_blocking(move || verify(path)).await;
    Ok(read.map_err(|e| PlanError::Stopped(e.to_string()))??)
}

/// The present entries of some changes, in the order of the changes.
async fn read(ground: &Ground<'_>, changes: Vec<Change>) -> Result<Vec<(Change, Option<Entry>)>, DirectoryError> {
    let operational = [ground.dialect.lock_method().attribute(), ENTRY_CSN];
    let reads: Vec<Result<_, DirectoryError>> = stream::iter(changes)
        .map(|change| {
            let operational = &operational;
            async move {
                let dn: Dn = change.dn.clone();
                let entry = ground.directory.read_with(&dn, operational).await?;
                Ok((change, entry))
            }
        })
        .buffered(READS)
        .collect()
        .await;
    reads.into_iter().collect()
}

/// What the apply left behind said of what is not taken back by itself.
async fn stays(path: &std::path::Path, school: Option<&Uai>) -> Result<Vec<crate::plan::Hold>, UndoError> {
    let (path, school) = (path.to_owned(), school.cloned());
    let read = tokio::task::spawn_blocking(move || -> Result<_, PlanFileError> {
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        for line in Reader::open(path)? {
            match line? {
                Line::Held { hold, change, .. }
                    if school.as_ref().is_none_or(|school| change.subject.schools.contains(school)) =>
                {
                    *counted.entry(hold).or_default() += 1;
                }
                Line::Change(_) => break,
                _ => {}
            }
        }
        Ok(counted)
    });
    let counted = read.await.map_err(|e| PlanError::Stopped(e.to_string()))??;
    let told = inverse::Stays::ALL.into_iter().filter_map(|why| {
        let changes = counted.get(leave::id(why)).copied()?;
        Some(hold(leave::id(why), why.french().to_owned(), changes))
    });
    Ok(told.collect())
}

/// Into which total a change of the plan falls.
fn count(totals: &mut Totals, change: &Change) {
    let slot = match change.kind {
        ChangeKind::Suspend => &mut totals.accounts.suspended,
        ChangeKind::Restore => &mut totals.accounts.restored,
        ChangeKind::Move => &mut totals.accounts.moved,
        ChangeKind::Absent => &mut totals.departures.absent,
        ChangeKind::StructureUpdate => &mut totals.structures.updated,
        ChangeKind::GroupCreate => &mut totals.groups.created,
        ChangeKind::GroupUpdate => &mut totals.groups.updated,
        ChangeKind::GroupDelete => &mut totals.groups.deleted,
        _ if matches!(change.write, Write::Nothing) && change.subject.join_key.is_none() => return,
        _ => &mut totals.accounts.updated,
    };
    *slot += 1;
}
