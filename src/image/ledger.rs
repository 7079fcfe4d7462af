//! What each key of a delivery became while it was read beside the image.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use compact_str::CompactString;
use sha2::{Digest as _, Sha256};

use super::delivered::{Delivered, Fate, Named};
use super::rejects;
use crate::feed::{Category, Code, Completeness, Finding, Record, RecordDigest, Request};
use crate::store::StagedRecord;

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
        let mut delivered = Delivered::of(self.names);
        for (category, rows) in Category::ALL.into_iter().zip(self.rows) {
            for (key, Row { line, part, copies, fate, .. }) in rows {
                if let Some(fate) = fate {
                    delivered.note(&key, Named { line, part, copies, fate, category });
                }
            }
        }
        delivered
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
