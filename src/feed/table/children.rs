//! [`Index`]: the pupils by name, for adults whose file names their children.
//!
//! Family or usual name and first name first; where that leaves several, the class, then the level (ONDE writes
//! `CLASSE  CE2` where the pupils' file says `Classe de Mme X`). What is still several is nobody: a wrong link shows a
//! child to a stranger.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use compact_str::CompactString;

use super::fold::{folded, words};

/// Pupils that are kept for matching, at some 100 bytes each.
const MOST: usize = 2_000_000;

/// A pupil that a relative may name.
#[derive(Debug)]
pub(super) struct Entry {
    key: CompactString,
    /// Under what he is looked for.
    names: [Option<u64>; 3],
    class: u64,
    /// The level in comparison form (`ce2`).
    level: CompactString,
}

/// The pupils of every school of a delivery.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: Vec<Entry>,
    by_name: HashMap<u64, Vec<u32>>,
    /// Pupils that were too many to keep.
    pub(super) beyond: u64,
}

/// How a file names a pupil, or a child.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Named<'r> {
    pub(super) id: &'r str,
    pub(super) last: &'r str,
    pub(super) usual: &'r str,
    pub(super) first: &'r str,
    pub(super) class: &'r str,
    pub(super) level: &'r str,
}

/// Who a child is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match {
    One(CompactString),
    None,
    Several(Vec<CompactString>),
}

impl Index {
    /// Adds a pupil.
    pub(super) fn add(&mut self, pupil: Entry) {
        if self.entries.len() >= MOST {
            self.beyond += 1;
            return;
        }
        let at = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let mut names = pupil.names;
        names.sort_unstable();
        let mut before = None;
        for name in names.into_iter().flatten() {
            if before.replace(name) != Some(name) {
                self.by_name.entry(name).or_default().push(at);
            }
        }
        self.entries.push(pupil);
    }

    /// Finds a child.
    pub(super) fn find(&self, school: &str, child: &Named<'_>) -> Match {
        let mut found: Vec<&Entry> = Vec::new();
        for name in names(school, child).into_iter().flatten() {
            for at in self.by_name.get(&name).into_iter().flatten() {
                if let Some(entry) = self.entries.get(*at as usize)
                    && !found.iter().any(|known| known.key == entry.key)
                {
                    found.push(entry);
                }
            }
        }
        if found.len() > 1 {
            let class = hash(&[&folded(child.class)]);
            narrow(&mut found, |entry| !child.class.is_empty() && entry.class == class);
        }
        if found.len() > 1 {
            let said = words(child.class);
            narrow(&mut found, |entry| !entry.level.is_empty() && said.contains(&entry.level));
        }
        match found.as_slice() {
            [] => Match::None,
            [one] => Match::One(one.key.clone()),
            several => Match::Several(several.iter().map(|entry| entry.key.clone()).collect()),
        }
    }
}

/// Keeps those that agree, unless none does.
fn narrow(found: &mut Vec<&Entry>, agrees: impl Fn(&Entry) -> bool) {
    if found.iter().any(|entry| agrees(entry)) {
        found.retain(|entry| agrees(entry));
    }
}

impl Entry {
    /// A pupil of a school (by its UAI).
    pub(super) fn new(school: &str, pupil: &Named<'_>, key: CompactString) -> Self {
        let level = folded(pupil.level);
        Self { key, names: names(school, pupil), class: hash(&[&folded(pupil.class)]), level }
    }
}

/// Under what a pupil is kept and a child looked for: the number when there is one, else each surname with the first
/// name.
fn names(school: &str, named: &Named<'_>) -> [Option<u64>; 3] {
    let first = folded(named.first);
    let id = (!named.id.is_empty()).then(|| hash(&[school, "id", &super::key::clean_id(named.id)]));
    let [last, usual] = [named.last, named.usual].map(|surname| {
        (!surname.is_empty() && !named.first.is_empty()).then(|| hash(&[school, "name", &folded(surname), &first]))
    });
    [id, last, usual]
}

fn hash(parts: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pupil(
        last: &'static str,
        usual: &'static str,
        first: &'static str,
        class: &'static str,
        level: &'static str,
    ) -> Named<'static> {
        Named { id: "", last, usual, first, class, level }
    }

    fn index() -> Index {
        let mut index = Index::default();
        for (key, named) in [
            ("1", pupil("LE GALL", "", "Léa", "Classe de Mme Petit", "CE2")),
            ("2", pupil("MARTIN", "DURAND", "Noé", "CE1 A", "CE1")),
            ("3", pupil("MARTIN", "", "Noé", "CM1 B", "CM1")),
            ("4", pupil("MARTIN", "", "Zoé", "CP", "CP")),
            ("5", pupil("MARTIN", "", "Zoé", "CP", "CP")),
        ] {
            index.add(Entry::new("A", &named, key.into()));
        }
        index.add(Entry::new("B", &pupil("LE GALL", "", "Léa", "CP", "CP"), "6".into()));
        index.add(Entry::new("A", &Named { id: "77", ..Named::default() }, "7".into()));
        index
    }

    #[test]
    fn names_then_class_then_level() {
        let index = index();
        let find = |last, usual, first, class| index.find("A", &pupil(last, usual, first, class, ""));
        // By name alone, whatever the class is called, and in its own school only.
        assert_eq!(find("le gall", "", "LEA", "CLASSE  CE2"), Match::One("1".into()));
        assert_eq!(find("DURAND", "", "Noé", ""), Match::One("2".into()));
        assert_eq!(find("MARTIN", "", "Noé", "CE1 A"), Match::One("2".into()));
        assert_eq!(find("MARTIN", "", "Noé", "CLASSE  CM1"), Match::One("3".into()));
        assert_eq!(find("MARTIN", "", "Noé", "CE2"), Match::Several(vec!["2".into(), "3".into()]));
        assert_eq!(find("MARTIN", "", "Zoé", "CP"), Match::Several(vec!["4".into(), "5".into()]));
        assert_eq!(find("MARTIN", "", "Léo", "CP"), Match::None);
        assert_eq!(find("MARTIN", "", "", "CP"), Match::None);
    }

    #[test]
    fn a_number_is_enough() {
        assert_eq!(index().find("A", &Named { id: "7 7", ..Named::default() }), Match::One("7".into()));
        assert_eq!(index().find("B", &Named { id: "77", ..Named::default() }), Match::None);
    }

    #[test]
    fn one_pupil_on_two_rows_is_one() {
        let mut index = index();
        index.add(Entry::new("A", &pupil("LE GALL", "", "Léa", "Classe de Mme Petit", "CE2"), "1".into()));
        assert_eq!(index.find("A", &pupil("LE GALL", "", "Léa", "", "")), Match::One("1".into()));
    }
}
