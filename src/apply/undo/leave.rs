//! What an apply leaves behind it: its inverse, as a sealed plan beside the plans, of what was really done.
//!
//! It is no plan to apply: nobody has looked at the directory since. `rentree undo` does, and makes one of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use uuid::Uuid;

use super::inverse::{Stays, inverse};
use super::spool::Spool;
use crate::apply::ApplyError;
use crate::plan::file::{PlanFileError, Reader};
use crate::plan::{Change, Ground, Header, Hold, HoldReason, Line, PlanId, Totals, Undoes};
use crate::store::{Outcome, Store, StoreError};

/// Changes looked up in the store at once.
const CHUNK: usize = 1_024;

/// Where the inverse of a plan is.
///
/// # Errors
/// When the folder of the plans cannot be made.
pub(super) fn place(store: &Store, plan: PlanId) -> Result<PathBuf, StoreError> {
    Ok(store.private_folder("plans")?.join(format!("{plan}.undo.plan")))
}

/// Writes the inverse of what has been done of a plan so far; one that is there is replaced. Nothing is written when
/// nothing was done.
///
/// # Errors
/// When the plan cannot be read again or the inverse not be written, when the store fails. What was applied stays so.
pub(in crate::apply) async fn leave(
    ground: &Ground<'_>,
    path: &Path,
    header: &Header,
) -> Result<Option<PathBuf>, ApplyError> {
    // Of whom a purge deletes nothing is kept, and a password that opens nothing any more is not given back.
    if header.purge || header.credentials.is_some() {
        return Ok(None);
    }
    let store = ground.store;
    let place = place(store, header.plan_id)?;
    let folder = store.private_folder("plans")?;
    let years = store.before(header.plan_id, 0, 0).await?.remove(&0).unwrap_or_default().years;
    let undoes = Undoes { plan: header.plan_id, created: header.created, years };
    let header = Header {
        plan_id: PlanId(Uuid::now_v7()),
        created: ground.now,
        totals: Totals::default(),
        years: BTreeMap::new(),
        structures: Vec::new(),
        undoes: Some(undoes.clone()),
        ..header.clone()
    };
    let mut spool = Spool::create(&folder, &header)?;
    let mut stays: BTreeMap<Stays, u64> = BTreeMap::new();
    let mut done = done(store, path, undoes.plan).await?;
    while let Some(changes) = done.recv().await {
        let changes = changes?;
        let (Some(first), Some(last)) = (changes.first(), changes.last()) else { continue };
        let mut before = store.before(undoes.plan, first.seq, last.seq).await?;
        for change in changes {
            match inverse(&ground.dialect, &change, before.remove(&change.seq)) {
                Ok(inverse) => spool.push(inverse)?,
                Err(why) => {
                    *stays.entry(why).or_default() += 1;
                    spool.leave(id(why), Change { note: Some(why.french().to_owned()), ..change })?;
                }
            }
        }
    }
    if spool.changes + spool.left_out == 0 {
        return Ok(None);
    }
    let holds: Vec<Hold> =
        stays.into_iter().map(|(why, changes)| hold(id(why), why.french().to_owned(), changes)).collect();
    let spooled = spool.close()?;
    let to = place.clone();
    tokio::task::spawn_blocking(move || spooled.write(&header, &holds, &to))
        .await
        .map_err(|e| ApplyError::Stopped(e.to_string()))??;
    Ok(Some(place))
}

/// What something that is left out is listed under.
pub(super) const fn id(why: Stays) -> &'static str {
    match why {
        Stays::Structure => "undo-structure",
        Stays::Renamed => "undo-renamed",
        Stays::Purged => "undo-purged",
        Stays::NotNoted => "undo-not-noted",
    }
}

/// The reason under which changes are left out, and how many.
pub(super) fn hold(id: &str, message: String, changes: u64) -> Hold {
    Hold {
        id: id.to_owned(),
        reason: HoldReason::Moved,
        school: None,
        join_key: None,
        origin: None,
        message,
        remark: None,
        discarded: None,
        changes,
        new: true,
    }
}

/// The changes of a plan that were carried out, in their order, a few at a time.
async fn done(
    store: &Store,
    path: &Path,
    plan: PlanId,
) -> Result<mpsc::Receiver<Result<Vec<Change>, PlanFileError>>, ApplyError> {
    let journal = store.journal(plan).await?;
    Ok(changes(path, move |change| journal.get(&change.seq) == Some(&Outcome::Done)))
}

/// Reads the changes of a plan that `which` lets through, ahead of whoever takes them.
pub(super) fn changes(
    path: &Path,
    which: impl Fn(&Change) -> bool + Send + 'static,
) -> mpsc::Receiver<Result<Vec<Change>, PlanFileError>> {
    let (sender, receiver) = mpsc::channel(2);
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut chunk = Vec::new();
        let lines = match Reader::open(&path) {
            Ok(lines) => lines,
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        for line in lines {
            match line {
                Ok(Line::Change(change)) if which(&change) => chunk.push(*change),
                Ok(_) => {}
                Err(error) => return drop(sender.blocking_send(Err(error))),
            }
            if chunk.len() == CHUNK && sender.blocking_send(Ok(std::mem::take(&mut chunk))).is_err() {
                return;
            }
        }
        drop(sender.blocking_send(Ok(chunk)));
    });
    receiver
}
