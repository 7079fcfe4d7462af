//! What each key of a delivery became while it was read beside the image.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use compact_str::CompactString;
use sha2::{Digest as _, Sha256};

use super::rejects;
use crate::feed::{Category, Code, Completeness, Finding, Origin, Record, RecordDigest, Request};
use crate::store::StagedRecord;

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

/// What is known of a key. There are as many as records in the image and the delivery together.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// Of the delivered record; of the one in the image until there is one.
    digest: RecordDigest,
    line: u32,
    part: u16,
    /// Records yielded; those that the reader left out are counted by the reader.
    copies: u16,
    /// `None` while only the image knows the key.
    fate: Option<Fate>,
}

/// Stands for the content of a deletion.
const DELETED: RecordDigest = [0xde; 16];

/// The keys of the image and of the delivery, side by side.
#[derive(Default)]
pub(super) struct Ledger {
    /// In the order of [`Category::ALL`].
    rows: [HashMap<CompactString, Row>; Category::ALL.len()],
    names: Vec<Arc<str>>,
    findings: Vec<Finding>,
    /// Sum of the digests of all records: equal for equal sets, whatever their order and parts.
    sum: u128,
}

impl Ledger {
    /// Of a delivery with these files.
    pub fn new(names: Vec<Arc<str>>) -> Self {
        Self { names, ..Self::default() }
    }

    /// Notes a record of the image; all of them come before those of the delivery.
    pub fn know(&mut self, category: Category, key: CompactString, digest: RecordDigest) {
        self.of_mut(category).insert(key, Row { digest, line: 0, part: 0, copies: 0, fate: None });
    }

    #[expect(clippy::indexing_slicing, reason = "one for each category")]
    fn of(&self, category: Category) -> &HashMap<CompactString, Row> {
        &self.rows[category.index()]
    }

    #[expect(clippy::indexing_slicing, reason = "one for each category")]
    fn of_mut(&mut self, category: Category) -> &mut HashMap<CompactString, Row> {
        &mut self.rows[category.index()]
    }

    fn iter(&self) -> impl Iterator<Item = (Category, &CompactString, &Row)> {
        let of = |(category, rows)| HashMap::iter(rows).map(move |(key, row)| (category, key, row));
        Category::ALL.into_iter().zip(&self.rows).flat_map(of)
    }

    /// Notes a record; gives it back for staging when it is new or differs from the image.
    pub fn record(&mut self, record: Record) -> Option<StagedRecord> {
        let digest = record.fields.digest();
        let known = self.first(&record, digest)?;
        (known != Some(digest)).then(|| StagedRecord {
            category: record.category,
            key: record.key,
            digest,
            part: record.part,
            line: record.line,
            fields: record.fields,
        })
    }

    /// Notes a request of a difference; whether it is the first one about its key.
    pub fn request(&mut self, record: &Record) -> bool {
        let digest = match record.request {
            // Nothing that a record says is the same as to delete it.
            Request::Delete => DELETED,
            Request::Add | Request::Modify => record.fields.digest(),
        };
        self.first(record, digest).is_some()
    }

    /// What the image knows of a record that is met for the first time; `None` for a further copy, with a finding.
    #[expect(clippy::option_option, reason = "whether it is the first, and then what was known")]
    fn first(&mut self, record: &Record, digest: RecordDigest) -> Option<Option<RecordDigest>> {
        self.sum = self.sum.wrapping_add(fingerprint(record.category, &record.key, &digest));
        let now = Row { digest, line: record.line, part: record.part, copies: 1, fate: Some(Fate::Taken) };
        let seen = match self.of_mut(record.category).entry(record.key.clone()) {
            Entry::Vacant(place) => {
                place.insert(now);
                return Some(None);
            }
            Entry::Occupied(place) if place.get().fate.is_none() => {
                let before = std::mem::replace(place.into_mut(), now);
                return Some(Some(before.digest));
            }
            Entry::Occupied(place) => place.into_mut(),
        };
        seen.copies = seen.copies.saturating_add(1);
        let (before, agrees) = (*seen, seen.fate == Some(Fate::Taken) && seen.digest == digest);
        if !agrees {
            seen.fate = Some(Fate::Conflict);
        }
        let name = self.names.get(usize::from(record.part)).cloned().unwrap_or_else(|| "?".into());
        let first = self.names.get(usize::from(before.part)).map_or("?", |n| &**n);
        let (code, message) = if agrees {
            (
                Code::DuplicateMerged,
                format!("déjà livré à l'identique en {first}:{} ; une seule copie compte", before.line),
            )
        } else {
            (
                Code::DuplicateConflict,
                format!(
                    "déjà livré en {first}:{} avec un autre contenu ; aucune des versions n'est retenue, un compte existant reste tel quel",
                    before.line
                ),
            )
        };
        self.findings
            .push(Finding::new(code, message).at(&name, record.line).about(record.category, record.key.clone()));
        None
    }

    /// Says what became of a request that was met once, or several times alike.
    pub fn settle(&mut self, category: Category, key: &CompactString, fate: Fate) {
        if let Some(row) = self.of_mut(category).get_mut(key)
            && row.fate == Some(Fate::Taken)
        {
            row.fate = Some(fate);
        }
    }

    /// Whether the delivery named this key.
    pub fn names(&self, category: Category, key: &CompactString) -> bool {
        self.of(category).get(key).is_some_and(|row| row.fate.is_some())
    }

    /// Notes a record that the reader left out.
    pub fn finding(&mut self, finding: &Finding) {
        let Some((category, key)) = rejects(finding) else { return };
        if let Some(row) = self.of_mut(category).get_mut(key)
            && let Some(fate) = &mut row.fate
        {
            if *fate == Fate::Taken {
                *fate = Fate::Conflict;
            }
            return;
        }
        let line = finding.origin.as_ref().map_or(0, |o| o.line);
        let part = finding
            .origin
            .as_ref()
            .and_then(|o| self.names.iter().position(|n| *n == o.file))
            .and_then(|p| u16::try_from(p).ok())
            .unwrap_or(u16::MAX);
        let row = Row { digest: RecordDigest::default(), line, part, copies: 0, fate: Some(Fate::Rejected) };
        self.of_mut(category).insert(key.clone(), row);
    }

    /// Keys delivered with contradictory contents.
    pub fn conflicts(&self) -> Vec<(Category, CompactString)> {
        self.iter()
            .filter(|(_, _, row)| row.fate == Some(Fate::Conflict))
            .map(|(category, key, _)| (category, key.clone()))
            .collect()
    }

    /// Keys of the image that a complete category no longer holds, sorted.
    pub fn gone(&self, completeness: [Completeness; 6]) -> Vec<(Category, CompactString)> {
        let whole = |category: Category| completeness.get(category.index()) == Some(&Completeness::Whole);
        let mut gone: Vec<_> = self
            .iter()
            .filter(|(category, _, row)| row.fate.is_none() && whole(*category))
            .map(|(category, key, _)| (category, key.clone()))
            .collect();
        gone.sort();
        gone
    }

    pub fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    /// Hexadecimal, order-independent: two deliveries of the same records have the same.
    pub fn digest(&self) -> String {
        format!("{:032x}", self.sum)
    }

    pub fn into_delivered(self) -> Delivered {
        let of = |(category, rows): (Category, HashMap<CompactString, Row>)| {
            rows.into_iter().filter_map(move |(key, Row { line, part, copies, fate, .. })| {
                Some((hash(category, &key), Named { line, part, copies, fate: fate?, category }))
            })
        };
        let named = Category::ALL.into_iter().zip(self.rows).flat_map(of);
        Delivered { rows: named.collect(), names: self.names, earlier: Repeats::default() }
    }
}

fn fingerprint(category: Category, key: &str, digest: &RecordDigest) -> u128 {
    let mut hasher = Sha256::new();
    hasher.update(category.token());
    hasher.update(digest);
    hasher.update(key.as_bytes());
    let hash = hasher.finalize();
    let mut head = [0; 16];
    head.copy_from_slice(&hash[..16]);
    u128::from_be_bytes(head)
}

/// What became of each key that the deliveries of one run named.
///
/// It outlives the ledger until the plan is drawn, beside the roster: keys are kept as hashes of eight bytes, which is
/// enough for origins and totals (among a million keys, the chance that any two meet is one in thirty million).
#[derive(Debug, Default)]
pub struct Delivered {
    rows: HashMap<u64, Named>,
    names: Vec<Arc<str>>,
    /// Of records whose row says what became of a later one.
    earlier: Repeats,
}

/// The last record of a key.
#[derive(Debug, Clone, Copy)]
struct Named {
    line: u32,
    part: u16,
    copies: u16,
    fate: Fate,
    category: Category,
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
}
