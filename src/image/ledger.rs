//! What each key of a delivery became while it was read beside the image.

use std::collections::HashMap;
use std::sync::Arc;

use compact_str::CompactString;
use sha2::{Digest as _, Sha256};

use super::rejects;
use crate::feed::{Category, Code, Completeness, Finding, Origin, Record, RecordDigest};
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
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    digest: RecordDigest,
    line: u32,
    part: u16,
    /// Records yielded; those that the reader left out are counted by the reader.
    copies: u16,
    fate: Fate,
}

#[derive(Debug, Default, Clone, Copy)]
struct Row {
    known: Option<RecordDigest>,
    seen: Option<Seen>,
}

/// The keys of the image and of the delivery, side by side.
pub(super) struct Ledger {
    rows: HashMap<(Category, CompactString), Row>,
    names: Vec<Arc<str>>,
    findings: Vec<Finding>,
    /// Sum of the digests of all records: equal for equal sets, whatever their order and parts.
    sum: u128,
}

impl Ledger {
    pub fn new(known: HashMap<(Category, CompactString), RecordDigest>, names: Vec<Arc<str>>) -> Self {
        let rows = known.into_iter().map(|(key, digest)| (key, Row { known: Some(digest), seen: None })).collect();
        Self { rows, names, findings: Vec::new(), sum: 0 }
    }

    /// Notes a record; gives it back for staging when it is new or differs from the image.
    pub fn record(&mut self, record: Record) -> Option<StagedRecord> {
        let digest = record.fields.digest();
        self.sum = self.sum.wrapping_add(fingerprint(record.category, &record.key, &digest));
        let name = self.names.get(usize::from(record.part)).cloned().unwrap_or_else(|| "?".into());
        let row = self.rows.entry((record.category, record.key.clone())).or_default();
        let Some(seen) = &mut row.seen else {
            row.seen = Some(Seen { digest, line: record.line, part: record.part, copies: 1, fate: Fate::Taken });
            return (row.known != Some(digest)).then(|| StagedRecord {
                category: record.category,
                key: record.key,
                digest,
                part: record.part,
                line: record.line,
                fields: record.fields,
            });
        };
        seen.copies = seen.copies.saturating_add(1);
        let first = self.names.get(usize::from(seen.part)).map_or("?", |n| &**n);
        if seen.fate == Fate::Taken && seen.digest == digest {
            let message = format!("déjà livré à l'identique en {first}:{} ; une seule copie compte", seen.line);
            self.findings.push(
                Finding::new(Code::DuplicateMerged, message).at(&name, record.line).about(record.category, record.key),
            );
        } else {
            let message = format!(
                "déjà livré en {first}:{} avec un autre contenu ; aucune des versions n'est retenue, un compte existant reste tel quel",
                seen.line
            );
            seen.fate = Fate::Conflict;
            self.findings.push(
                Finding::new(Code::DuplicateConflict, message)
                    .at(&name, record.line)
                    .about(record.category, record.key),
            );
        }
        None
    }

    /// Notes a record that the reader left out.
    pub fn finding(&mut self, finding: &Finding) {
        let Some((category, key)) = rejects(finding) else { return };
        let row = self.rows.entry((category, key.clone())).or_default();
        match &mut row.seen {
            Some(seen) => {
                if seen.fate == Fate::Taken {
                    seen.fate = Fate::Conflict;
                }
            }
            none => {
                let line = finding.origin.as_ref().map_or(0, |o| o.line);
                let part = finding
                    .origin
                    .as_ref()
                    .and_then(|o| self.names.iter().position(|n| *n == o.file))
                    .and_then(|p| u16::try_from(p).ok())
                    .unwrap_or(u16::MAX);
                *none = Some(Seen { digest: RecordDigest::default(), line, part, copies: 0, fate: Fate::Rejected });
            }
        }
    }

    /// Keys delivered with contradictory contents.
    pub fn conflicts(&self) -> Vec<(Category, CompactString)> {
        self.rows
            .iter()
            .filter(|(_, row)| row.seen.is_some_and(|s| s.fate == Fate::Conflict))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// Keys of the image that a complete category no longer holds, sorted.
    pub fn gone(&self, completeness: [Completeness; 6]) -> Vec<(Category, CompactString)> {
        let whole = |category: Category| {
            Category::ALL.iter().position(|c| *c == category).and_then(|i| completeness.get(i).copied())
                == Some(Completeness::Whole)
        };
        let mut gone: Vec<_> = self
            .rows
            .iter()
            .filter(|((category, _), row)| row.known.is_some() && row.seen.is_none() && whole(*category))
            .map(|(key, _)| key.clone())
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
        Delivered { rows: self.rows, names: self.names }
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

/// What became of each delivered key.
#[derive(Debug, Default)]
pub struct Delivered {
    rows: HashMap<(Category, CompactString), Row>,
    names: Vec<Arc<str>>,
}

impl Delivered {
    /// Fate and number of copies of a key; `None` when the delivery did not name it.
    #[must_use]
    pub fn fate(&self, category: Category, key: &str) -> Option<(Fate, u16)> {
        let seen = self.rows.get(&(category, CompactString::from(key)))?.seen?;
        Some((seen.fate, seen.copies))
    }

    /// Where the key was read in this delivery.
    #[must_use]
    pub fn origin(&self, category: Category, key: &str) -> Option<Origin> {
        let seen = self.rows.get(&(category, CompactString::from(key)))?.seen?;
        Some(Origin { file: Arc::clone(self.names.get(usize::from(seen.part))?), line: seen.line })
    }

    /// Person records left out because copies contradict each other, and identical copies beyond the first.
    #[must_use]
    pub fn duplicates(&self) -> (u64, u64) {
        let (mut conflicting, mut merged) = (0, 0);
        for ((category, _), row) in &self.rows {
            if let Some(seen) = row.seen.filter(|_| category.is_person()) {
                match seen.fate {
                    Fate::Conflict => conflicting += u64::from(seen.copies),
                    Fate::Taken => merged += u64::from(seen.copies) - 1,
                    Fate::Rejected => {}
                }
            }
        }
        (conflicting, merged)
    }
}
