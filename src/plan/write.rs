//! The draft into a plan file: what each creation holds is computed here, a few thousand at a time, so that a first
//! load of a million accounts needs no more memory than an ordinary night.

use std::path::Path;

use rayon::prelude::*;

use crate::roster::PersonId;

use super::draft::{Draft, Matter, without};
use super::file::{PlanFileError, Writer};
use super::gate::Gate;
use super::holds::HoldId;
use super::persons::PersonDiff;
use super::{Change, Header, Hold, Seal};

/// Creations computed at once.
const CHUNK: usize = 4_096;

/// Writes the whole file and seals it.
pub(super) fn write(
    matter: &Matter,
    header: &Header,
    holds: &[Hold],
    draft: Draft,
    path: &Path,
) -> Result<Seal, PlanFileError> {
    matter.with_diff(|diff| {
        let mut writer = Writer::create(path)?;
        writer.write_header(header)?;
        for hold in holds {
            writer.write_hold(hold)?;
        }
        for (ids, change) in &draft.held {
            write_held(&mut writer, ids, change)?;
        }
        for chunk in draft.held_creates.chunks(CHUNK) {
            let changes: Vec<Option<Change>> =
                chunk.par_iter().map(|(_, id)| created(diff, &matter.gate, *id)).collect();
            for ((ids, _), change) in chunk.iter().zip(changes) {
                if let Some(change) = change {
                    write_held(&mut writer, ids, &change)?;
                }
            }
        }
        let mut seq = 0;
        let mut put = |writer: &mut Writer, mut change: Change| {
            seq += 1;
            change.seq = seq;
            writer.write_change(&change)
        };
        for change in draft.structures {
            put(&mut writer, change)?;
        }
        for_each_create(diff, &matter.gate, &draft.creates, |mut change| {
            if !draft.not_yet.is_empty() {
                without(&mut change, &draft.not_yet);
            }
            change.note = change.note.take().or_else(|| matter.begun.note(change.subject.join_key.as_ref()?));
            put(&mut writer, change)
        })?;
        for change in draft.persons {
            put(&mut writer, change)?;
        }
        for change in draft.groups {
            put(&mut writer, change)?;
        }
        writer.finish()
    })
}

/// One hold has the change, others keep it back too.
fn write_held(writer: &mut Writer, ids: &[HoldId], change: &Change) -> Result<(), PlanFileError> {
    let mut ids = ids.iter().map(ToString::to_string);
    let Some(first) = ids.next() else { return Ok(()) };
    writer.write_held(&first, &ids.collect::<Vec<_>>(), change)
}

/// The change that creates somebody. One that cannot be computed was held before; it is shown with its subject only.
pub(super) fn created(diff: &PersonDiff<'_>, gate: &Gate, id: PersonId) -> Option<Change> {
    let mut change = diff.create(id).ok().or_else(|| diff.shell(id))?;
    gate.trim(&mut change);
    Some(change)
}

/// Computes creations on all cores and hands them over in order.
fn for_each_create(
    diff: &PersonDiff<'_>,
    gate: &Gate,
    ids: &[PersonId],
    mut each: impl FnMut(Change) -> Result<(), PlanFileError>,
) -> Result<(), PlanFileError> {
    for chunk in ids.chunks(CHUNK) {
        let changes: Vec<Option<Change>> = chunk.par_iter().map(|id| created(diff, gate, *id)).collect();
        for change in changes.into_iter().flatten() {
            each(change)?;
        }
    }
    Ok(())
}
