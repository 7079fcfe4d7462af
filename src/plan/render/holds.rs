//! Holds, folded: three hundred pupils without a class are one line with the first of them.

use std::collections::BTreeMap;

use crate::feed::values::Uai;
use crate::plan::{Hold, HoldReason};

/// Messages shown of one fold.
const SHOWN: usize = 5;

/// Holds of one reason and school that concern persons, or one hold of a school or of the whole plan.
#[derive(Debug)]
pub struct HoldFold {
    pub school: Option<Uai>,
    pub reason: HoldReason,
    pub holds: u64,
    pub new: u64,
    /// Changes kept back.
    pub changes: u64,
    /// The first ones.
    pub shown: Vec<Hold>,
}

/// Persons without a school last; then by school, schools before persons, by reason.
type Key = (bool, Option<Uai>, bool, HoldReason);

/// Gathers holds: the whole plan's first, then school by school; schools before persons.
#[derive(Debug)]
pub struct HoldFolds {
    folds: BTreeMap<Key, HoldFold>,
    /// Set aside: nobody is asked about them.
    discarded: BTreeMap<Key, HoldFold>,
    limit: usize,
}

impl HoldFolds {
    /// `full`: every hold is kept, not the first ones of each kind.
    #[must_use]
    pub const fn new(full: bool) -> Self {
        Self { folds: BTreeMap::new(), discarded: BTreeMap::new(), limit: if full { usize::MAX } else { SHOWN } }
    }

    pub fn push(&mut self, hold: Hold) {
        let person = hold.join_key.is_some();
        // A person's hold without a school is no hold of the whole plan: it comes after the schools.
        let key = (person && hold.school.is_none(), hold.school.clone(), person, hold.reason);
        let folds = if hold.discarded.is_some() { &mut self.discarded } else { &mut self.folds };
        let fold = folds.entry(key).or_insert_with(|| HoldFold {
            school: hold.school.clone(),
            reason: hold.reason,
            holds: 0,
            new: 0,
            changes: 0,
            shown: Vec::new(),
        });
        fold.holds += 1;
        fold.new += u64::from(hold.new);
        // Two holds of one school keep the same changes back, two persons each their own.
        fold.changes = if person { fold.changes + hold.changes } else { fold.changes.max(hold.changes) };
        if fold.shown.len() < self.limit {
            fold.shown.push(hold);
        }
    }

    /// Those that were set aside; no other count or question here is about them.
    pub fn discarded(&self) -> impl Iterator<Item = &HoldFold> {
        self.discarded.values()
    }

    pub fn iter(&self) -> impl Iterator<Item = &HoldFold> {
        self.folds.values()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.folds.is_empty()
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.iter().map(|f| f.holds).sum()
    }

    #[must_use]
    pub fn is_whole_plan(&self) -> bool {
        self.iter().any(HoldFold::is_whole_plan)
    }

    /// Schools held as a whole.
    #[must_use]
    pub fn schools(&self) -> u64 {
        let mut held: Vec<&Uai> = self.iter().filter(|f| !f.is_person()).filter_map(|f| f.school.as_ref()).collect();
        held.dedup();
        held.len() as u64
    }

    #[must_use]
    pub fn holds_school(&self, uai: &str) -> bool {
        self.iter().any(|f| !f.is_person() && f.school.as_ref().is_some_and(|s| s.as_str() == uai))
    }

    /// Persons held one by one.
    #[must_use]
    pub fn persons(&self) -> u64 {
        self.iter().filter(|f| f.is_person()).map(|f| f.holds).sum()
    }
}

impl HoldFold {
    #[must_use]
    pub fn is_person(&self) -> bool {
        self.shown.first().is_some_and(|h| h.join_key.is_some())
    }

    #[must_use]
    pub fn is_whole_plan(&self) -> bool {
        self.school.is_none() && !self.is_person()
    }
}
