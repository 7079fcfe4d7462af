//! The changes of a plan in the order in which they are carried out: read ahead of the writer, batch by batch, each of
//! one phase.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use tokio::sync::mpsc;

use super::{ApplyError, Scope};
use crate::feed::values::Uai;
use crate::plan::file::Reader;
use crate::plan::{Change, ChangeKind, Line, Write};
use crate::store::Outcome;

/// Changes of one phase, independent of each other.
pub(super) struct Batch {
    pub changes: Vec<(Change, Option<Outcome>)>,
    /// Done by an earlier run.
    pub skipped: u64,
}

/// Reads the plan ahead of the writer, a few batches of `size` changes at most.
pub(super) fn read_batches(
    path: &Path,
    journal: HashMap<u64, Outcome>,
    scope: Scope,
    size: usize,
) -> mpsc::Receiver<Result<Batch, ApplyError>> {
    let (sender, receiver) = mpsc::channel(2);
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut batch = Batch { changes: Vec::new(), skipped: 0 };
        let mut current = 0;
        let send = |batch: &mut Batch| {
            let full = std::mem::replace(batch, Batch { changes: Vec::new(), skipped: 0 });
            (full.changes.is_empty() && full.skipped == 0) || sender.blocking_send(Ok(full)).is_ok()
        };
        let lines = match Reader::open(&path) {
            Ok(lines) => lines,
            Err(error) => return drop(sender.blocking_send(Err(error.into()))),
        };
        for line in lines {
            let change = match line {
                Ok(Line::Change(change)) => *change,
                Ok(_) => continue,
                Err(error) => return drop(sender.blocking_send(Err(error.into()))),
            };
            let outcome = journal.get(&change.seq).copied();
            let wanted = match &scope {
                Scope::Schools(schools) => {
                    is_of(&change, schools) && !matches!(outcome, Some(Outcome::Done | Outcome::Moved))
                }
                Scope::All => !matches!(outcome, Some(Outcome::Done | Outcome::Moved)),
                Scope::Intended => outcome == Some(Outcome::Intended),
            };
            if phase(&change) != current || batch.changes.len() == size {
                current = phase(&change);
                if !send(&mut batch) {
                    return;
                }
            }
            if wanted {
                batch.changes.push((change, outcome));
            } else {
                batch.skipped += 1;
            }
        }
        send(&mut batch);
    });
    receiver
}

/// What must be there before the next begins: structures before persons, persons before groups, all before what is
/// deleted because something else has taken its place.
const fn phase(change: &Change) -> u8 {
    match change.kind {
        ChangeKind::StructureCreate
        | ChangeKind::StructureUpdate
        | ChangeKind::StructureRename
        | ChangeKind::StructureMerge => 0,
        _ if matches!(change.write, Write::Dissolve { .. }) => 3,
        ChangeKind::GroupCreate | ChangeKind::GroupUpdate | ChangeKind::GroupDelete | ChangeKind::GroupRename => 2,
        ChangeKind::StructureDelete => 4,
        // In their own plan, before what names them.
        ChangeKind::Purge => 5,
        _ => 1,
    }
}

/// Whether a change is about one of these schools.
pub(super) fn is_of(change: &Change, schools: &HashSet<Uai>) -> bool {
    change.subject.schools.iter().any(|uai| schools.contains(uai))
}
