//! What a draft is measured by: identities that change, and the fingerprint of what each decided hold keeps back.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use crate::directory::dialect::{Kind, Source};
use crate::plan::holds::HoldId;
use crate::plan::kept::Marks;
use crate::plan::limits::Tallies;
use crate::plan::persons::PersonDiff;
use crate::plan::population::Population;
use crate::plan::write::created;
use crate::plan::{AttributeChange, Change, Write};
use crate::roster::Profile;
use crate::store::DecisionRow;

use super::split::Part;
use super::{Matter, Withheld, uais};

/// What each hold about which something was decided keeps back, as if nothing was released: what was shown is compared
/// with this.
pub(super) fn kept<'d>(
    matter: &Matter,
    diff: &PersonDiff<'_>,
    decisions: &'d [DecisionRow],
    withheld: &Withheld,
    of_person: impl Fn(&Change, &[HoldId]) -> Vec<Part>,
    of_group: impl Fn(&Change, &[HoldId]) -> Vec<Part>,
) -> HashMap<&'d str, Marks> {
    let mut kept: HashMap<&str, Marks> = decisions.iter().map(|row| (row.hold.as_str(), Marks::default())).collect();
    let mut add = |ids: &[HoldId], change: &Change| {
        for id in ids {
            if let Some(marks) = kept.get_mut(&**id) {
                marks.add(change);
            }
        }
    };
    for (_, change, ids) in &withheld.changes {
        for (ids, part) in of_person(change, ids) {
            add(&ids, &part);
        }
    }
    for (change, ids) in withheld.departures.iter().chain(&withheld.structures) {
        add(ids, change);
    }
    for (change, ids) in &withheld.groups {
        for (ids, part) in of_group(change, ids) {
            add(&ids, &part);
        }
    }
    let decided: HashSet<&str> = decisions.iter().map(|row| row.hold.as_str()).collect();
    let creates: Vec<_> =
        withheld.creates.iter().filter(|(_, ids)| ids.iter().any(|id| decided.contains(&**id))).collect();
    let marks: Vec<(&Vec<HoldId>, Marks)> = creates
        .par_iter()
        .filter_map(|(id, ids)| Some((ids, Marks::of([&created(diff, &matter.gate, *id)?]))))
        .collect();
    for (ids, of_one) in marks {
        for id in ids {
            if let Some(marks) = kept.get_mut(&**id) {
                marks.absorb(&of_one);
            }
        }
    }
    for marks in kept.values_mut() {
        marks.sort();
    }
    kept
}

/// Accounts whose name, birth date or INE becomes another one. An account that is taken over is aligned, whatever it held.
pub(super) fn count_identities(matter: &Matter, population: &Population, tallies: &mut Tallies) {
    let sources = [Source::Surname, Source::FirstName, Source::BirthName, Source::BirthDate, Source::Ine];
    let names = |kind| -> HashSet<&str> { sources.iter().filter_map(|s| matter.dialect.attribute(kind, *s)).collect() };
    let (pupil, relative, staff) = (names(Kind::Pupil), names(Kind::Relative), names(Kind::Staff));
    for (id, change) in population.changes.iter().filter(|(_, change)| change.adopts.is_none()) {
        let (Write::Modify { attributes }, Some(person)) = (&change.write, matter.roster.person(*id)) else { continue };
        let names = match person.profile {
            Profile::Pupil => &pupil,
            Profile::Relative => &relative,
            Profile::Teacher | Profile::Staff => &staff,
        };
        let another =
            |a: &AttributeChange| names.contains(a.attribute.as_str()) && !a.old.is_empty() && !a.new.is_empty();
        if attributes.iter().any(another) {
            for uai in uais(&matter.roster, person) {
                tallies.of(uai.as_str(), person.profile).identities += 1;
            }
        }
    }
}
