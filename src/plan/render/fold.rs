//! Says like things once: the rows of one school and kind, folded.
//!
//! Rows that say the same become one [`Fold`] with a count and the first names: a class created, one old and new value
//! for a whole level. Folds that touch the same attributes belong together; the smallest families come first, and
//! within a family the rarest fold, because the one odd line among six hundred is what a reviewer looks for. A family
//! with too many different values (addresses) shows its main values, a few odd ones, and counts the rest.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use compact_str::CompactString;

use super::row::{Detail, Row};
use crate::plan::ChangeKind;
use crate::roster::Profile;

/// Different folds remembered for one school and kind. Beyond it rows are counted without their values: it bounds
/// memory, and nobody reads ten thousand lines.
const REMEMBERED: usize = 10_000;

/// How much of it is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Names per fold.
    pub people: usize,
    /// Folds per family.
    pub variants: usize,
    /// Keep apart whatever differs in a value, and remember all of it.
    pub full: bool,
}

impl Limits {
    pub const FULL: Self = Self { people: usize::MAX, variants: usize::MAX, full: true };
}

/// What all rows of a fold have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Said {
    pub adopts: bool,
    pub drift: bool,
    pub profile: Option<Profile>,
    pub class: Option<CompactString>,
    pub note: Option<String>,
    /// Of a group, which stands for itself.
    pub name: Option<String>,
    pub details: Vec<Detail>,
    /// What was left over when the shown ones were taken: values differ.
    pub rest: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Fold {
    pub said: Said,
    /// The attributes touched, whether or not their values are said.
    pub attributes: BTreeSet<String>,
    pub count: u64,
    /// The first ones, in the order of the plan.
    pub people: Vec<Who>,
    pub added: u64,
    pub removed: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Who {
    pub name: String,
    pub class: Option<CompactString>,
    pub login: Option<CompactString>,
    pub origin: Option<String>,
    /// When the fold does not say it.
    pub note: Option<String>,
}

/// Folds the rows of one bucket, ready to be shown in order.
pub(super) fn fold(
    rows: impl Iterator<Item = io::Result<Row>>,
    kind: ChangeKind,
    limits: Limits,
) -> io::Result<Vec<Fold>> {
    let mut places: HashMap<Said, usize> = HashMap::new();
    let mut folds: Vec<Fold> = Vec::new();
    for row in rows {
        let row = row?;
        let mut said = said(kind, &row, limits.full);
        if !limits.full && folds.len() >= REMEMBERED && !places.contains_key(&said) {
            said =
                Said { adopts: said.adopts, drift: said.drift, profile: said.profile, rest: true, ..Said::default() };
        }
        let place = places.get(&said).copied().unwrap_or_else(|| {
            folds.push(Fold { said: said.clone(), ..Fold::default() });
            places.insert(said, folds.len() - 1);
            folds.len() - 1
        });
        if let Some(fold) = folds.get_mut(place) {
            fold.take(row, limits.people);
        }
    }
    Ok(arrange(kind, folds, limits))
}

fn said(kind: ChangeKind, row: &Row, full: bool) -> Said {
    let mut said = Said { adopts: row.adopts, drift: row.drift, profile: row.profile, ..Said::default() };
    match kind {
        ChangeKind::Create => said.class.clone_from(&row.class),
        ChangeKind::StructureCreate
        | ChangeKind::StructureDelete
        | ChangeKind::GroupCreate
        | ChangeKind::GroupDelete => {}
        ChangeKind::StructureUpdate
        | ChangeKind::StructureRename
        | ChangeKind::StructureMerge
        | ChangeKind::GroupRename
        | ChangeKind::Rewrite => said.details.clone_from(&row.details),
        ChangeKind::GroupUpdate => {
            said.name = Some(row.name.clone());
            said.note.clone_from(&row.note);
            said.details.clone_from(&row.details);
        }
        ChangeKind::Update => {
            said.note.clone_from(&row.note);
            said.details.clone_from(&row.details);
        }
        ChangeKind::Purge
        | ChangeKind::Reissue
        | ChangeKind::Revoke
        | ChangeKind::Suspend
        | ChangeKind::Absent
        | ChangeKind::Move
        | ChangeKind::Restore => {
            said.note.clone_from(&row.note);
            if full {
                said.details.clone_from(&row.details);
            }
        }
    }
    said
}

impl Fold {
    fn take(&mut self, row: Row, limit: usize) {
        self.count += 1;
        self.added += row.added;
        self.removed += row.removed;
        for detail in row.details {
            self.attributes.insert(detail.attribute);
        }
        if self.people.len() < limit {
            let note = if self.said.note.is_some() { None } else { row.note };
            self.people.push(Who { name: row.name, class: row.class, login: row.login, origin: row.origin, note });
        }
    }

    /// Puts another fold of the same family into this one, which then only counts.
    fn absorb(&mut self, other: Self, limit: usize) {
        self.count += other.count;
        self.added += other.added;
        self.removed += other.removed;
        self.attributes.extend(other.attributes);
        let room = limit.saturating_sub(self.people.len());
        self.people.extend(other.people.into_iter().take(room));
    }
}

fn arrange(kind: ChangeKind, mut folds: Vec<Fold>, limits: Limits) -> Vec<Fold> {
    let by_profile = |f: &Fold| (f.said.adopts, f.said.drift, f.said.profile.is_none(), f.said.profile);
    match kind {
        // As a school thinks of its people: by profile, then class.
        ChangeKind::Create => {
            folds.sort_by(|a, b| {
                by_profile(a)
                    .cmp(&by_profile(b))
                    .then_with(|| a.said.class.is_none().cmp(&b.said.class.is_none()))
                    .then_with(|| a.said.class.cmp(&b.said.class))
            });
            folds
        }
        // Leaving a group takes rights away: the largest removals first.
        ChangeKind::GroupUpdate => {
            folds.sort_by_key(|f| std::cmp::Reverse((f.removed, f.added)));
            cut(folds, limits.variants, limits)
        }
        _ => {
            let mut families: BTreeMap<_, Vec<Fold>> = BTreeMap::new();
            for fold in folds {
                let apart = matches!(kind, ChangeKind::Update | ChangeKind::StructureUpdate);
                let attributes = if apart { fold.attributes.clone() } else { BTreeSet::new() };
                families.entry((by_profile(&fold), attributes)).or_default().push(fold);
            }
            let mut families: Vec<Vec<Fold>> = families.into_values().collect();
            families.sort_by_key(|family| size(family));
            families.into_iter().flat_map(|family| arrange_family(family, limits)).collect()
        }
    }
}

fn size(folds: &[Fold]) -> u64 {
    folds.iter().map(|f| f.count).sum()
}

fn arrange_family(mut family: Vec<Fold>, limits: Limits) -> Vec<Fold> {
    // The rarest first, leftovers last.
    family.sort_by_key(|f| (f.said.rest, f.count));
    if family.len() <= limits.variants {
        return family;
    }
    let total = size(&family);
    // The main values: those of one in twenty at least.
    let mut main = Vec::new();
    while main.len() < limits.variants / 2 {
        match family.iter().rposition(|f| !f.said.rest && f.count >= (total / 20).max(3)) {
            Some(at) => main.insert(0, family.remove(at)),
            None => break,
        }
    }
    // Where main values prevail, what deviates matters. Where everybody has a value of his own, a few examples do.
    let prevail = size(&main) * 2 >= total;
    let odd = if prevail { limits.variants - main.len() } else { limits.variants.min(3) };
    let rest = family.split_off(odd.min(family.len()));
    family.extend(main);
    family.extend(cut(rest, 0, limits));
    family
}

/// Keeps the first folds and counts the others in one.
fn cut(mut folds: Vec<Fold>, keep: usize, limits: Limits) -> Vec<Fold> {
    if folds.len() <= keep.saturating_add(1) {
        return folds;
    }
    let rest = folds.split_off(keep);
    let first = rest.first().map(|f| f.said.clone()).unwrap_or_default();
    let said = Said { adopts: first.adopts, drift: first.drift, profile: first.profile, rest: true, ..Said::default() };
    let mut merged = Fold { said, ..Fold::default() };
    for fold in rest {
        merged.absorb(fold, limits.people);
    }
    folds.push(merged);
    folds
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { people: 3, variants: 8, full: false };

    fn update(name: &str, attribute: &str, old: &str, new: &str) -> Row {
        Row {
            kind: ChangeKind::Update,
            name: name.to_owned(),
            profile: Some(Profile::Pupil),
            class: None,
            login: None,
            origin: None,
            note: None,
            adopts: false,
            drift: false,
            expected: false,
            revokes: false,
            seen: false,
            details: vec![Detail {
                attribute: attribute.to_owned(),
                old: vec![old.to_owned()],
                new: vec![new.to_owned()],
            }],
            added: 0,
            removed: 0,
        }
    }

    fn folds(rows: Vec<Row>, limits: Limits) -> Vec<Fold> {
        fold(rows.into_iter().map(Ok), ChangeKind::Update, limits).unwrap()
    }

    #[test]
    fn the_odd_one_comes_before_the_six_hundred() {
        let mut rows: Vec<Row> = (0..600).map(|i| update(&format!("P{i}"), "ENTEleveMEF", "5", "4")).collect();
        rows.insert(300, update("Odd", "ENTEleveMEF", "5", "3"));
        rows.push(update("Renamed", "sn", "a", "b"));
        let folds = folds(rows, LIMITS);
        let seen: Vec<_> = folds.iter().map(|f| (f.people.first().unwrap().name.as_str(), f.count)).collect();
        assert_eq!(seen, [("Renamed", 1), ("Odd", 1), ("P0", 600)]);
        assert_eq!(folds.last().unwrap().people.len(), 3);
    }

    #[test]
    fn values_of_their_own_give_examples_and_a_count() {
        let rows: Vec<Row> = (0..300).map(|i| update(&format!("P{i}"), "street", "x", &i.to_string())).collect();
        let shown = folds(rows.clone(), LIMITS);
        assert_eq!(shown.len(), 4);
        assert_eq!(shown.last().map(|f| (f.said.rest, f.count)), Some((true, 297)));
        assert_eq!(folds(rows, Limits::FULL).len(), 300);
    }

    #[test]
    fn where_a_value_prevails_the_deviating_ones_are_shown() {
        let mut rows: Vec<Row> = (0..300).map(|i| update(&format!("P{i}"), "MEF", "5", "4")).collect();
        rows.extend((0..20).map(|i| update(&format!("O{i}"), "MEF", "5", &format!("x{i}"))));
        let folds = folds(rows, LIMITS);
        let counts: Vec<_> = folds.iter().map(|f| f.count).collect();
        assert_eq!(counts, [1, 1, 1, 1, 1, 1, 1, 300, 13]);
    }

    #[test]
    fn nothing_is_lost_beyond_what_is_remembered() {
        let rows = (0..REMEMBERED + 500).map(|i| update("P", "street", "x", &i.to_string()));
        let folds = fold(rows.map(Ok), ChangeKind::Update, LIMITS).unwrap();
        assert_eq!(size(&folds), REMEMBERED as u64 + 500);
    }
}
