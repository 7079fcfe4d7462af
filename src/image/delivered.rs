//! What became of the keys that were delivered: it outlives the reading.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use crate::feed::{Category, Origin};

/// What became of a delivered key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Read; identical copies count.
    Taken,
    /// Left out, with a finding.
    Rejected,
    /// Delivered several times with different contents: all left out.
    Conflict,
    /// A difference that was not applied, with a finding.
    Refused,
    /// A difference took it out of the image, or asked to.
    Deleted,
}

impl Fate {
    /// In the order of their numbers in a packed row.
    const ALL: [Self; 5] = [Self::Taken, Self::Rejected, Self::Conflict, Self::Refused, Self::Deleted];
}

/// What became of each key that the deliveries of one run named.
///
/// It outlives the ledger until the plan is drawn, beside the roster: keys are kept as hashes of eight bytes, which is
/// enough for origins and totals (among a million keys, the chance that any two meet is one in thirty million).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    rows: HashMap<u64, Named>,
    names: Vec<Arc<str>>,
    /// Of records whose row says what became of a later one.
    earlier: Repeats,
}

/// The last record of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    pub line: u32,
    pub part: u16,
    pub copies: u16,
    pub fate: Fate,
    pub category: Category,
}

fn hash(category: Category, key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (category.code(), key).hash(&mut hasher);
    hasher.finish()
}

/// Person records that are in no class of their own.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Repeats {
    /// Left out because copies contradict each other, or because the difference was refused.
    pub rejected: u64,
    /// Identical copies beyond the first, and records that a later delivery of the same run replaced.
    pub merged: u64,
    /// Requests to take somebody out of the image, and records that such a request took out in the same run.
    pub deleted: u64,
}

impl Delivered {
    /// Of a delivery with these files; nothing is named yet.
    pub(super) fn of(names: Vec<Arc<str>>) -> Self {
        Self { names, ..Self::default() }
    }

    pub(super) fn note(&mut self, key: &str, named: Named) {
        self.rows.insert(hash(named.category, key), named);
    }

    /// Fate and number of copies of a key; `None` when no delivery named it.
    #[must_use]
    pub fn fate(&self, category: Category, key: &str) -> Option<(Fate, u16)> {
        let named = self.rows.get(&hash(category, key))?;
        Some((named.fate, named.copies))
    }

    /// Where the key was read last.
    #[must_use]
    pub fn origin(&self, category: Category, key: &str) -> Option<Origin> {
        let named = self.rows.get(&hash(category, key))?;
        Some(Origin { file: Arc::clone(self.names.get(usize::from(named.part))?), line: named.line })
    }

    /// See [`Repeats`].
    #[must_use]
    pub fn repeats(&self) -> Repeats {
        let mut repeats = self.earlier;
        for named in self.rows.values().filter(|named| named.category.is_person()) {
            let copies = u64::from(named.copies);
            match named.fate {
                Fate::Conflict | Fate::Refused => repeats.rejected += copies,
                Fate::Taken => repeats.merged += copies.saturating_sub(1),
                Fate::Deleted => repeats.deleted += copies,
                Fate::Rejected => {}
            }
        }
        repeats
    }

    /// Takes in what became of the keys of the delivery after this one.
    pub(super) fn absorb(&mut self, later: Self) {
        let offset = self.names.len();
        self.names.extend(later.names);
        for (key, mut seen) in later.rows {
            seen.part = u16::try_from(usize::from(seen.part) + offset).unwrap_or(u16::MAX);
            let person = seen.category.is_person();
            let Some(before) = self.rows.get_mut(&key) else {
                self.rows.insert(key, seen);
                continue;
            };
            let copies = u64::from(before.copies);
            match (before.fate, seen.fate) {
                // What was left out left the record of before as it was.
                (Fate::Taken | Fate::Deleted, Fate::Conflict | Fate::Refused | Fate::Rejected) => {
                    if person && seen.fate != Fate::Rejected {
                        self.earlier.rejected += u64::from(seen.copies);
                    }
                    continue;
                }
                _ if !person => {}
                (Fate::Taken, Fate::Deleted) | (Fate::Deleted, _) => self.earlier.deleted += copies,
                (Fate::Taken, _) => self.earlier.merged += copies,
                (Fate::Conflict | Fate::Refused, _) => self.earlier.rejected += copies,
                (Fate::Rejected, _) => {}
            }
            *before = seen;
        }
    }
    /// The rows in twenty bytes each, for the store; the names of the files are the delivery's.
    pub(super) fn packed(&self) -> Vec<u8> {
        let mut packed = Vec::with_capacity(self.rows.len() * ROW);
        for (hash, named) in &self.rows {
            packed.extend(hash.to_le_bytes());
            packed.extend(named.line.to_le_bytes());
            packed.extend(named.part.to_le_bytes());
            packed.extend(named.copies.to_le_bytes());
            packed.push(named.fate as u8);
            packed.push(named.category.index() as u8);
            packed.extend([0; 2]);
        }
        packed
    }

    /// What [`Delivered::packed`] gave; `None` when that cannot have been.
    pub(super) fn unpacked(names: Vec<Arc<str>>, packed: &[u8]) -> Option<Self> {
        let (rows, []) = packed.as_chunks::<ROW>() else { return None };
        let mut delivered = Self::of(names);
        delivered.rows.reserve(rows.len());
        for row in rows {
            let (hash, row) = row.split_first_chunk()?;
            let (line, row) = row.split_first_chunk()?;
            let (part, row) = row.split_first_chunk()?;
            let (copies, row) = row.split_first_chunk()?;
            let [fate, category, 0, 0] = *row else { return None };
            let named = Named {
                line: u32::from_le_bytes(*line),
                part: u16::from_le_bytes(*part),
                copies: u16::from_le_bytes(*copies),
                fate: *Fate::ALL.get(usize::from(fate))?,
                category: *Category::ALL.get(usize::from(category))?,
            };
            delivered.rows.insert(u64::from_le_bytes(*hash), named);
        }
        Some(delivered)
    }
}

/// Bytes of a packed row.
const ROW: usize = 20;

/// Differs where keys would be hashed in another way: what was packed there means nothing here.
pub(super) fn hashing() -> u64 {
    hash(Category::Pupil, "the keys of deliveries")
}
