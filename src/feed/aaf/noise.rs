//! [`Noise`]: remarks that come back, folded into one finding with a count.

use std::collections::BTreeMap;

use compact_str::CompactString;

use super::remark::{Fold, Remark, message};
use super::vocabulary::Attribute;
use crate::feed::french::number;
use crate::feed::{Category, Code, Delivery, Finding};

/// Different remarks kept for one category; beyond, those of one code and attribute become one. Input chooses the names
/// of unknown attributes, and must not choose our memory.
const KINDS: usize = 256;

/// Remarks folded by what they say.
#[derive(Debug, Default)]
pub(in crate::feed) struct Noise(BTreeMap<Kind, Tally>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    code: Code,
    attribute: Option<&'static str>,
    /// Empty when remarks with different values fold together.
    value: CompactString,
}

#[derive(Debug)]
struct Tally {
    attribute: Option<&'static Attribute>,
    /// The first value met.
    example: CompactString,
    part: usize,
    line: u32,
    /// The part of the last one, to count files.
    last_part: usize,
    files: u32,
    count: u32,
}

impl Noise {
    /// Counts a remark made at this line of this part.
    pub(in crate::feed) fn add(&mut self, remark: Remark, part: usize, line: u32) {
        let value = match remark.fold {
            Fold::ByValue => remark.detail.clone(),
            Fold::Own | Fold::ByAttribute => CompactString::default(),
        };
        let kind = Kind { code: remark.code, attribute: remark.attribute.map(|a| a.name), value };
        let (attribute, example) = (remark.attribute, remark.detail);
        self.tally(kind, Tally { attribute, example, part, line, last_part: part, files: 1, count: 1 });
    }

    /// Takes in what a later piece counted.
    pub(super) fn merge(&mut self, later: Self) {
        for (kind, tally) in later.0 {
            self.tally(kind, tally);
        }
    }

    fn tally(&mut self, mut kind: Kind, new: Tally) {
        if self.0.len() >= KINDS && !self.0.contains_key(&kind) {
            kind.value = CompactString::default();
        }
        match self.0.get_mut(&kind) {
            None => {
                self.0.insert(kind, new);
            }
            Some(old) => {
                old.count = old.count.saturating_add(new.count);
                // Pieces come in order: another part than the last one is one that was not seen.
                old.files += if new.part == old.last_part { new.files - 1 } else { new.files };
                old.last_part = new.last_part;
            }
        }
    }

    /// The findings, with the origin of the first of each kind.
    pub(in crate::feed) fn findings(self, category: Category, delivery: &Delivery) -> impl Iterator<Item = Finding> {
        self.0.into_iter().map(move |(kind, tally)| {
            let mut text = message(kind.code, tally.attribute, &tally.example);
            if tally.count > 1 {
                text.push_str(&format!(" ({} fois", number(tally.count.into())));
                if tally.files > 1 {
                    text.push_str(&format!(" dans {} fichiers", number(tally.files.into())));
                }
                text.push_str(", ici la première)");
            }
            let mut finding = Finding::new(kind.code, text);
            if let Some(part) = delivery.parts.get(tally.part) {
                finding = finding.at(&part.name, tally.line);
            }
            // Of the category, and of none of its records in particular.
            finding = finding.about(category, "");
            finding.key = None;
            finding.count = tally.count;
            finding
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::DeliveryKind;

    #[test]
    fn the_same_remark_is_one_finding() {
        let mut all = Noise::default();
        for part in 0..3 {
            let mut piece = Noise::default();
            for line in 1..=500 {
                piece.add(Remark::loose(Code::UnknownAttribute, "ENTNew", Fold::ByValue), part, line);
            }
            all.merge(piece);
        }
        let delivery = Delivery { kind: DeliveryKind::Complete, date: None, parts: Vec::new(), findings: Vec::new() };
        let findings: Vec<Finding> = all.findings(Category::Pupil, &delivery).collect();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].count, 1500);
        assert!(findings[0].message.contains("1\u{202f}500 fois dans 3 fichiers"), "{}", findings[0].message);
    }

    #[test]
    fn a_flood_of_names_is_bounded() {
        let mut noise = Noise::default();
        for n in 0..100_000 {
            noise.add(Remark::loose(Code::UnknownAttribute, &format!("a{n}"), Fold::ByValue), 0, 1);
        }
        assert!(noise.0.len() <= KINDS + 1);
        assert_eq!(noise.0.values().map(|t| t.count).sum::<u32>(), 100_000);
    }
}
