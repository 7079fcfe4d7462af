//! A whole plan in some dozens of lines: like with like, the unusual before the usual.
//!
//! Each change is in exactly one line, so the counts add up to the plan. What comes first is what a reviewer must not
//! miss: an account that may have become somebody else's, a departure that nothing explains, what happens to few.

use std::collections::BTreeMap;

use compact_str::CompactString;

use super::row::Row;
use super::shape::{Shape, is_about_people};
use super::words;
use crate::plan::ChangeKind;

/// Names kept of a shape.
const NAMES: usize = 5;
/// Happening so seldom is rare, in a plan (or a school) of more than [`MANY`] changes.
const FEW: u64 = 5;
const MANY: u64 = 50;
/// Shapes told apart; beyond, attributes are not looked at any more. It bounds memory against a hostile plan.
const REMEMBERED: usize = 5_000;
/// From so many changes on, a line says where most of them are when half are in one school.
const MASS: u64 = 20;

/// How much a line asks to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Who it is may have changed.
    Identity,
    Departure,
    Rare,
    Usual,
}

/// One line.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub rank: Rank,
    pub shape: &'a Shape,
    pub tally: &'a Tally,
}

/// What is counted of one shape.
#[derive(Debug, Default, Clone)]
pub(super) struct Tally {
    pub count: u64,
    /// By school, empty for what belongs to none.
    pub schools: BTreeMap<CompactString, u64>,
    /// The first ones: name, class.
    pub people: Vec<(String, Option<CompactString>)>,
}

impl Tally {
    /// `Collège X`, `12 établissements, dont 120 à Collège X`.
    pub fn place(&self, name: &dyn Fn(&str) -> String) -> String {
        let school = |uai: &str| if uai.is_empty() { "hors établissement".to_owned() } else { name(uai) };
        let most = self.schools.iter().max_by_key(|(uai, n)| (**n, std::cmp::Reverse((*uai).clone())));
        match most {
            Some((uai, _)) if self.schools.len() == 1 => school(uai),
            Some((uai, n)) => {
                let all = words::count(self.schools.len() as u64, "établissement", "établissements");
                let mostly = self.count >= MASS && *n * 2 >= self.count;
                if mostly { format!("{all}, dont {} : {}", words::number(*n), school(uai)) } else { all }
            }
            None => String::new(),
        }
    }

    /// `Zoé ARNAUD (4A), Ali CAM, … et 3 autres`.
    pub fn names(&self, limit: usize) -> String {
        let mut names: Vec<String> = Vec::new();
        for (name, class) in self.people.iter().take(limit) {
            let class = class.as_ref().map(|c| format!(" ({})", words::plain(c))).unwrap_or_default();
            names.push(format!("{}{class}", words::plain(name)));
        }
        let more = self.count - names.len() as u64;
        if more > 0 {
            names.push(format!("… et {}", words::count(more, "autre", "autres")));
        }
        names.join(", ")
    }
}

/// The lines of a plan, or of one school of it.
#[derive(Debug, Default)]
pub(super) struct Overview {
    lines: BTreeMap<Shape, Tally>,
    /// Changes that somebody has read in an earlier plan, by kind.
    seen: BTreeMap<ChangeKind, u64>,
    changes: u64,
}

impl Overview {
    /// Counts a change; `shape` is what it was before anything was taken out of its row.
    pub fn take(&mut self, school: &str, row: &Row, mut shape: Shape) {
        self.changes += 1;
        if row.seen {
            *self.seen.entry(row.kind).or_default() += 1;
            return;
        }
        if self.lines.len() >= REMEMBERED && !self.lines.contains_key(&shape) {
            shape = shape.coarse();
        }
        let tally = self.lines.entry(shape).or_default();
        tally.count += 1;
        *tally.schools.entry(school.into()).or_default() += 1;
        if tally.people.len() < NAMES {
            tally.people.push((row.name.clone(), row.class.clone()));
        }
    }

    #[cfg(test)]
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// Changes read before.
    pub fn seen(&self) -> u64 {
        self.seen.values().sum()
    }

    /// Changes that ask to be looked at first, the rare ones apart.
    pub fn alarms(&self) -> u64 {
        self.lines.iter().filter(|(s, _)| s.identity || s.is_departure()).map(|(_, tally)| tally.count).sum()
    }

    /// Every line: the unusual first, of that the fewest first; then the masses, the largest first.
    pub fn lines(&self) -> Vec<Line<'_>> {
        let mut lines: Vec<Line<'_>> =
            self.lines.iter().map(|(shape, tally)| Line { rank: self.rank(shape, tally), shape, tally }).collect();
        lines.sort_by_key(|line| {
            let n = line.tally.count;
            (line.rank, if line.rank == Rank::Usual { u64::MAX - n } else { n })
        });
        lines
    }

    fn rank(&self, shape: &Shape, tally: &Tally) -> Rank {
        if shape.identity {
            Rank::Identity
        } else if shape.is_departure() {
            Rank::Departure
        } else if matches!(
            shape.kind,
            ChangeKind::StructureRename | ChangeKind::StructureMerge | ChangeKind::StructureDelete
        ) || (is_about_people(shape.kind) && tally.count <= FEW && self.changes > MANY)
        {
            Rank::Rare
        } else {
            Rank::Usual
        }
    }

    /// `Déjà vu : 1 204 changements (1 200 comptes à créer, 4 suspendus)`, when there are some.
    pub fn seen_line(&self) -> Option<String> {
        let n = self.seen();
        let kinds: Vec<String> = self.seen.iter().map(|(kind, n)| words::kind(*kind, *n)).collect();
        (n > 0).then(|| {
            format!("Déjà vu, à l'identique : {} ({})", words::count(n, "changement", "changements"), kinds.join(", "))
        })
    }
}

impl Rank {
    /// What a group of lines is called.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Identity => "identité",
            Self::Departure => "départ",
            Self::Rare => "rare",
            Self::Usual => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::fixtures::{Plan, modify};
    use crate::roster::Profile;

    const ATTRIBUTES: [&str; 6] =
        ["sn", "mobile", "ENTPersonDateNaissance", "ENTEleveNivFormation", "ENTEleveClasses", "ENTPersonLogin"];

    fn row(kind: usize, profile: usize, attributes: u8, class: u8, seen: bool, expected: bool) -> Row {
        let kind = ChangeKind::ALL[kind % ChangeKind::ALL.len()];
        let (old, new) = (format!("{class}EME"), "x".to_owned());
        let changes: Vec<(&str, &[&str], &[&str])> = Vec::new();
        let mut plan = Plan::default();
        plan.person(kind, usize::from(class), Some("6A"), modify(&changes)).expected = expected;
        let mut row = Row::from(&plan.changes[0]);
        row.profile = [Some(Profile::Pupil), Some(Profile::Relative), Some(Profile::Teacher), None][profile % 4];
        row.seen = seen;
        for (i, attribute) in ATTRIBUTES.iter().enumerate().filter(|(i, _)| attributes & (1 << i) != 0) {
            let (old, new) =
                if i % 2 == 0 { (vec![old.clone()], vec![new.clone()]) } else { (vec![], vec![new.clone()]) };
            row.details.push(super::super::row::Detail { attribute: (*attribute).to_owned(), old, new });
        }
        row
    }

    fn put(overview: &mut Overview, school: &str, row: &Row) {
        overview.take(school, row, Shape::of(row));
    }

    proptest! {
        #[test]
        fn every_change_is_in_exactly_one_line(
            rows in prop::collection::vec((0..16_usize, 0..4_usize, 0..64_u8, 1..7_u8, any::<bool>(), any::<bool>()), 0..300)
        ) {
            let mut overview = Overview::default();
            for (i, &(kind, profile, attributes, class, seen, expected)) in rows.iter().enumerate() {
                let school = ["0290009C", "0291595B", ""][i % 3];
                put(&mut overview, school, &row(kind, profile, attributes, class, seen, expected));
            }
            let lines = overview.lines();
            let sum: u64 = lines.iter().map(|l| l.tally.count).sum();
            prop_assert_eq!(sum + overview.seen(), rows.len() as u64);
            prop_assert_eq!(overview.changes(), rows.len() as u64);
            for line in &lines {
                prop_assert_eq!(line.tally.schools.values().sum::<u64>(), line.tally.count);
            }
            prop_assert!(lines.is_sorted_by_key(|l| l.rank));
            let said: std::collections::BTreeSet<String> =
                lines.iter().map(|l| format!("{:?}{}", l.rank, l.shape.said(7))).collect();
            prop_assert!(said.len() <= lines.len());
            // No departure that nothing explains and no identity is among the masses.
            let hidden = |l: &&Line<'_>| l.rank == Rank::Usual && (l.shape.identity || l.shape.is_departure());
            prop_assert_eq!(lines.iter().filter(hidden).count(), 0);
        }
    }

    #[test]
    fn the_unusual_precedes_the_mass_and_what_was_read_is_folded() {
        let mut overview = Overview::default();
        for _ in 0..100 {
            put(&mut overview, "0290009C", &row(9, 0, 2, 1, false, false));
        }
        for _ in 0..40 {
            put(&mut overview, "0291595B", &row(6, 0, 0, 1, true, false));
        }
        put(&mut overview, "0290009C", &row(9, 0, 32 | 4 | 1, 1, false, false));
        put(&mut overview, "0291595B", &row(10, 2, 0, 1, false, false));
        let ranks: Vec<(Rank, u64)> = overview.lines().iter().map(|l| (l.rank, l.tally.count)).collect();
        assert_eq!(ranks, [(Rank::Identity, 1), (Rank::Departure, 1), (Rank::Usual, 100)]);
        assert_eq!(overview.seen_line().unwrap(), "Déjà vu, à l'identique : 40 changements (40 comptes à créer)");
        assert_eq!(overview.alarms(), 2);
    }

    #[test]
    fn a_line_says_where() {
        let mut overview = Overview::default();
        for i in 0..100 {
            put(
                &mut overview,
                if i < 90 {
                    "A"
                } else if i < 95 {
                    "B"
                } else {
                    ""
                },
                &row(9, 0, 2, 1, false, false),
            );
        }
        let lines = overview.lines();
        let name = |uai: &str| format!("Collège {uai}");
        assert_eq!(lines[0].tally.place(&name), "3 établissements, dont 90 : Collège A");
        assert_eq!(lines[0].tally.names(2).matches("… et 98 autres").count(), 1);
    }
}
