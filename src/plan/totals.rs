//! Every person record read falls in exactly one class; here they are counted.

use crate::feed::Category;
use crate::image::{Fate, Intake};
use crate::roster::{JoinKey, LeftOutReason, Role};

use super::draft::Matter;
use super::{AccountTotals, Totals};

/// What became of a person of the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Held,
    /// Held, and somebody decided that it stays so.
    Discarded,
    Suspended,
    Created,
    Restored,
    Moved,
    Updated,
    Unchanged,
}

/// Fills `read` and `accounts`. `classes` is by person.
pub(super) fn count(matter: &Matter, intakes: &[Intake], classes: &[Class], totals: &mut Totals) {
    let accounts = &mut totals.accounts;
    for intake in intakes {
        for (category, (read, rejected)) in
            Category::ALL.into_iter().zip(intake.reading.read.iter().zip(&intake.reading.rejected))
        {
            *totals.read.entry(category.token().to_owned()).or_default() += read;
            if category.is_person() {
                accounts.rejected += rejected;
            }
        }
        let repeats = intake.delivered.repeats();
        accounts.rejected += repeats.rejected;
        accounts.out_of_scope += repeats.deleted;
        // An identical copy adds nothing to the first.
        accounts.unchanged += repeats.merged;
    }
    // Only what this run read is counted; records frozen in an image were read earlier.
    let taken = |key: &JoinKey, category: Category| {
        intakes.iter().any(|intake| {
            let prefix = matter.config.sources.get(usize::from(intake.source)).map_or("", |s| s.prefix());
            key.as_str()
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_prefix('$'))
                .and_then(|key| intake.delivered.fate(category, key))
                .is_some_and(|(fate, _)| fate == Fate::Taken)
        })
    };
    let persons = &matter.roster.persons;
    let class_of =
        |key: &JoinKey| persons.binary_search_by(|p| p.key.cmp(key)).ok().and_then(|at| classes.get(at)).copied();
    for left in &matter.roster.left_out {
        if taken(&left.key, left.category) {
            match left.why {
                LeftOutReason::Rejected => accounts.rejected += 1,
                // What a second source says of somebody goes the way of that person.
                LeftOutReason::Merged => match left.into.as_ref().and_then(&class_of) {
                    Some(class) => *of(accounts, class) += 1,
                    None => accounts.out_of_scope += 1,
                },
                _ => accounts.out_of_scope += 1,
            }
        }
    }
    for (person, class) in matter.roster.persons.iter().zip(classes) {
        let home = person.administrative.or_else(|| person.schools.first().map(|school| school.structure));
        if let (Class::Unchanged, Some(home)) = (class, home.and_then(|id| matter.roster.structure(id))) {
            *totals.unchanged_by_school.entry(home.uai.as_str().into()).or_default() += 1;
        }
        let category = match person.role {
            Role::Pupil(_) => Category::Pupil,
            Role::Relative(_) => Category::Relative,
            Role::Staff(_) => Category::Staff,
        };
        if !taken(&person.key, category) {
            continue;
        }
        *of(accounts, *class) += 1;
    }
}

fn of(accounts: &mut AccountTotals, class: Class) -> &mut u64 {
    match class {
        Class::Held => &mut accounts.held,
        Class::Discarded => &mut accounts.discarded,
        Class::Suspended => &mut accounts.suspended,
        Class::Created => &mut accounts.created,
        Class::Restored => &mut accounts.restored,
        Class::Moved => &mut accounts.moved,
        Class::Updated => &mut accounts.updated,
        Class::Unchanged => &mut accounts.unchanged,
    }
}
