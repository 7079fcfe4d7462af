//! The register: every name ever given, and the drawing of new ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use compact_str::{CompactString, format_compact};

use super::rules::Rules;
use super::{Login, Names, Uid, fold};
use crate::roster::{JoinKey, Name};

/// Up to this suffix homonyms count on from the highest one in use, so that the name of an account that is long gone
/// from the directory is not given again; then the lowest free one is taken, then longer suffixes.
const HIGHEST_SHORT: u64 = 99;

/// Every name ever given and every name taken in the directory.
///
/// Two names are the same when their folded forms are ([`fold`]); uids, logins and aliases share one space. Names are
/// drawn in the order of the calls: call in the order of the join keys. A hundred thousand homonyms cost what a
/// hundred thousand different names do, because no suffix is tried twice.
#[derive(Debug, Clone)]
pub struct Register {
    given: HashMap<JoinKey, Names>,
    /// The join keys of `given` in the order in which they came.
    order: Vec<JoinKey>,
    /// How many of them the store has.
    stored: usize,
    /// Those of the store that have other names now.
    changed: BTreeSet<JoinKey>,
    pool: Pool,
}

/// Why an account of the directory cannot keep its names.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AdoptError {
    #[error("{name:?} already belongs to {owner}")]
    Taken { name: CompactString, owner: JoinKey },
    #[error("{key} has an empty uid or login in the directory")]
    Empty { key: JoinKey },
}

impl Register {
    /// Takes back what the store kept: the names given, and the last number of each series of uids.
    pub fn new(
        rules: Rules,
        names: impl IntoIterator<Item = (JoinKey, Names)>,
        counters: impl IntoIterator<Item = (String, u64)>,
    ) -> Self {
        let mut register = Self {
            given: HashMap::new(),
            order: Vec::new(),
            stored: 0,
            changed: BTreeSet::new(),
            pool: Pool {
                rules,
                taken: HashMap::new(),
                highest: HashMap::new(),
                sweeps: HashMap::new(),
                counters: counters.into_iter().collect(),
            },
        };
        for (key, names) in names {
            register.insert(key, names);
        }
        register.mark_stored();
        register
    }

    /// Marks uids, logins and aliases of the directory as taken. Call it before [`Self::assign`], for the whole
    /// directory.
    pub fn take<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        for name in names {
            let folded = fold(name);
            if !folded.is_empty() {
                self.pool.note_suffix(&folded);
                self.pool.taken.entry(folded).or_insert(None);
            }
        }
    }

    #[must_use]
    pub fn get(&self, key: &JoinKey) -> Option<&Names> {
        self.given.get(key)
    }

    /// The names of a person: those given before, or new ones. `school_year`: the year in which it begins.
    pub fn assign(&mut self, key: &JoinKey, name: &Name, school_year: i16) -> &Names {
        self.given.entry(key.clone()).or_insert_with(|| {
            let uid = Uid(self.pool.draw_uid(school_year));
            let login = Login(self.pool.draw_login(name));
            let names = Names { uid, login };
            self.pool.occupy(&names, self.order.len() as u32);
            self.order.push(key.clone());
            names
        })
    }

    /// Registers an account found in the directory under the names that it has there. Names that were reserved for the
    /// join key and that it never had there give way, and stay taken.
    ///
    /// # Errors
    /// When a name belongs to another join key, or there is none: somebody has to settle it in the directory.
    pub fn adopt(&mut self, key: &JoinKey, uid: Uid, login: Login) -> Result<(), AdoptError> {
        let folded = [uid.folded(), login.folded()];
        if folded.iter().any(CompactString::is_empty) {
            return Err(AdoptError::Empty { key: key.clone() });
        }
        let known = self.given.get(key);
        if known.is_some_and(|known| [known.uid.folded(), known.login.folded()] == folded) {
            return Ok(());
        }
        for name in folded {
            let owner = self.pool.taken.get(&name).copied().flatten();
            if let Some(owner) = owner.and_then(|at| self.order.get(at as usize)).filter(|owner| *owner != key) {
                return Err(AdoptError::Taken { name, owner: owner.clone() });
            }
        }
        let names = Names { uid, login };
        match known.and_then(|known| self.pool.taken.get(&known.uid.folded()).copied().flatten()) {
            Some(at) => {
                self.pool.occupy(&names, at);
                self.given.insert(key.clone(), names);
                if (at as usize) < self.stored {
                    self.changed.insert(key.clone());
                }
            }
            None => self.insert(key.clone(), names),
        }
        Ok(())
    }

    /// Gives the names of `former` to `present`, which is the same person's key: what was reserved for `present` stays
    /// taken and is nobody's. Both sides of the store follow by themselves ([`Store::rekey`](crate::store::Store::rekey)).
    pub fn hand_over(&mut self, former: &JoinKey, present: &JoinKey) {
        let Some(names) = self.given.remove(former) else { return };
        let at = self.pool.taken.get(&names.uid.folded()).copied().flatten();
        if let Some(owner) = at.and_then(|at| self.order.get_mut(at as usize)) {
            *owner = present.clone();
        }
        self.given.insert(present.clone(), names);
    }

    /// The names given or adopted since the store was read, in that order.
    pub fn new_names(&self) -> impl Iterator<Item = (&JoinKey, &Names)> {
        self.order.iter().skip(self.stored).filter_map(|key| Some((key, self.given.get(key)?)))
    }

    /// Those that the store has under other names, with the present ones.
    pub fn changed_names(&self) -> impl Iterator<Item = (&JoinKey, &Names)> {
        self.changed.iter().filter_map(|key| Some((key, self.given.get(key)?)))
    }

    /// The last number used of each series of uids.
    pub fn counters(&self) -> impl Iterator<Item = (&str, u64)> {
        self.pool.counters.iter().map(|(series, last)| (series.as_str(), *last))
    }

    /// Says that the store has all of it now.
    pub fn mark_stored(&mut self) {
        self.stored = self.order.len();
    }

    fn insert(&mut self, key: JoinKey, names: Names) {
        self.pool.occupy(&names, self.order.len() as u32);
        self.order.push(key.clone());
        self.given.insert(key, names);
    }
}

/// What is taken, and how the next free name is found.
#[derive(Debug, Clone)]
struct Pool {
    rules: Rules,
    /// Folded name → place of its owner in the register's order; `None` for one that only the directory knows.
    taken: HashMap<CompactString, Option<u32>>,
    /// Stem → highest short suffix in use.
    highest: HashMap<CompactString, u64>,
    /// Stem and number of digits → next suffix to try.
    sweeps: HashMap<(CompactString, usize), u64>,
    /// Series of uids → last number used.
    counters: BTreeMap<String, u64>,
}

impl Pool {
    fn occupy(&mut self, names: &Names, owner: u32) {
        let login = names.login.folded();
        self.note_suffix(&login);
        self.taken.insert(names.uid.folded(), Some(owner));
        self.taken.insert(login, Some(owner));
    }

    fn draw_uid(&mut self, school_year: i16) -> CompactString {
        let series = self.rules.series(school_year);
        let last = self.counters.entry(series.clone()).or_default();
        loop {
            *last += 1;
            let uid = Rules::uid(&series, *last);
            if !self.taken.contains_key(&fold(&uid)) {
                return uid;
            }
        }
    }

    fn draw_login(&mut self, name: &Name) -> CompactString {
        let base = self.rules.base(name);
        if !Rules::is_reserved(&base) && !self.taken.contains_key(&base) {
            return base;
        }
        let first = self.rules.first_suffix();
        let next = self.highest.get(&base).map_or(first, |highest| (highest + 1).max(first));
        if next <= HIGHEST_SHORT {
            let login = format_compact!("{base}{next}");
            if !self.taken.contains_key(&login) {
                return login;
            }
        }
        // Each number is tried once per stem, however many ask; stems of equal beginning share their numbers.
        let (mut digits, mut from, mut to) = (2, first, HIGHEST_SHORT);
        loop {
            let stem = self.rules.stem(&base, digits);
            let next = self.sweeps.entry((stem.clone(), digits)).or_insert(from);
            while *next <= to {
                let login = format_compact!("{stem}{next}");
                *next += 1;
                if !self.taken.contains_key(&login) {
                    return login;
                }
            }
            digits += 1;
            from = to + 1;
            to = to.saturating_mul(10).saturating_add(9);
        }
    }

    /// Remembers the suffix of a taken login.
    fn note_suffix(&mut self, folded: &str) {
        let (stem, suffix) = split_suffix(folded);
        if let (1..=2, Ok(suffix)) = (suffix.len(), suffix.parse::<u64>())
            && !stem.is_empty()
        {
            match self.highest.get_mut(stem) {
                Some(highest) => *highest = suffix.max(*highest),
                None => drop(self.highest.insert(stem.into(), suffix)),
            }
        }
    }
}

/// A folded login without the suffix that tells homonyms apart.
#[must_use]
pub fn stem(folded: &str) -> &str {
    split_suffix(folded).0
}

/// A zero belongs to the stem: suffixes do not begin with one.
fn split_suffix(folded: &str) -> (&str, &str) {
    let letters = folded.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let zeros = folded.bytes().skip(letters).take_while(|b| *b == b'0').count();
    folded.split_at_checked(letters + zeros).unwrap_or((folded, ""))
}
