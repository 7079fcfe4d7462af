//! The academy as AAF files: the whole of it, or what one night changed.

mod pupil;
mod record;
mod relative;
mod set;
mod staff;
mod structure;

use std::path::Path;

use record::{Record, Request};
use set::SetWriter;

use super::model::{Academy, Lists};
use super::{SimulateError, Summary};
use crate::feed::Category;

/// Writes a complete set.
pub(super) fn complete(
    academy: &Academy,
    lists: &Lists,
    folder: &Path,
    progress: &dyn Fn(u64),
) -> Result<Summary, SimulateError> {
    let mut set = SetWriter::new(folder, "Complet", academy.today, academy.seed, progress)?;
    let mut summary = Summary::default();
    references(&mut set, academy, lists, &mut summary)?;
    let mut record = Record::new(Request::Add);
    for (category, table) in PERSONS {
        set.begin(category)?;
        for at in 0..table.len(academy) {
            if table.delivered(academy, at) {
                table.write(&mut record, academy, lists, at);
                set.push(record.text())?;
                summary.count(category);
            }
        }
    }
    finish(set, summary)
}

/// Writes what changed from `before` to `academy`, its state one night later: structures, subjects and MEF in full,
/// persons added, modified (in full) and deleted.
pub(super) fn delta(
    before: &Academy,
    academy: &Academy,
    lists: &Lists,
    folder: &Path,
    progress: &dyn Fn(u64),
) -> Result<Summary, SimulateError> {
    let mut set = SetWriter::new(folder, "Delta", academy.today, academy.seed, progress)?;
    let mut summary = Summary::default();
    references(&mut set, academy, lists, &mut summary)?;
    let (mut old, mut new) = (Record::new(Request::Add), Record::new(Request::Add));
    let (mut changed, mut gone) = (Record::new(Request::Modify), Record::new(Request::Delete));
    for (category, table) in PERSONS {
        set.begin(category)?;
        for at in 0..table.len(academy) {
            let was = at < table.len(before) && table.delivered(before, at);
            let request = match (was, table.delivered(academy, at)) {
                (false, false) => continue,
                (false, true) => {
                    table.write(&mut new, academy, lists, at);
                    summary.added += 1;
                    &new
                }
                (true, false) => {
                    table.write(&mut gone, before, lists, at);
                    summary.deleted += 1;
                    &gone
                }
                (true, true) => {
                    table.write(&mut old, before, lists, at);
                    table.write(&mut new, academy, lists, at);
                    if old.text() == new.text() {
                        continue;
                    }
                    table.write(&mut changed, academy, lists, at);
                    summary.modified += 1;
                    &changed
                }
            };
            set.push(request.text())?;
            summary.count(category);
        }
    }
    finish(set, summary)
}

fn finish(set: SetWriter<'_>, mut summary: Summary) -> Result<Summary, SimulateError> {
    let written = set.finish()?;
    summary.files = written.files;
    summary.bytes = written.bytes;
    Ok(summary)
}

/// The three reference categories, in full.
fn references(
    set: &mut SetWriter<'_>,
    academy: &Academy,
    lists: &Lists,
    summary: &mut Summary,
) -> Result<(), SimulateError> {
    let mut record = Record::new(Request::Add);
    set.begin(Category::Structure)?;
    for (at, row) in (0..).zip(&academy.schools) {
        structure::school(&mut record, lists, at, row);
        set.push(record.text())?;
        summary.count(Category::Structure);
    }
    for (at, row) in (0..).zip(&academy.outside) {
        structure::outside(&mut record, lists, at, row);
        set.push(record.text())?;
        summary.count(Category::Structure);
    }
    set.begin(Category::Subject)?;
    for row in structure::subjects() {
        structure::subject(&mut record, row);
        set.push(record.text())?;
        summary.count(Category::Subject);
    }
    set.begin(Category::Mef)?;
    for row in structure::mefs() {
        structure::mef(&mut record, row);
        set.push(record.text())?;
        summary.count(Category::Mef);
    }
    Ok(())
}

const PERSONS: [(Category, Table); 3] =
    [(Category::Pupil, Table::Pupils), (Category::Relative, Table::Relatives), (Category::Staff, Table::Staff)];

/// A table of persons.
#[derive(Debug, Clone, Copy)]
enum Table {
    Pupils,
    Relatives,
    Staff,
}

impl Table {
    const fn len(self, academy: &Academy) -> u32 {
        (match self {
            Self::Pupils => academy.pupils.len(),
            Self::Relatives => academy.relatives.len(),
            Self::Staff => academy.staff.len(),
        }) as u32
    }

    /// Whether the person is in the export of that day.
    fn delivered(self, academy: &Academy, at: u32) -> bool {
        match self {
            Self::Pupils => academy.pupils[at as usize].present,
            Self::Relatives => academy.relatives[at as usize].children > 0,
            Self::Staff => academy.staff[at as usize].present,
        }
    }

    fn write(self, record: &mut Record, academy: &Academy, lists: &Lists, at: u32) {
        match self {
            Self::Pupils => pupil::write(record, academy, lists, at),
            Self::Relatives => relative::write(record, academy, lists, at),
            Self::Staff => staff::write(record, academy, lists, at),
        }
    }
}
