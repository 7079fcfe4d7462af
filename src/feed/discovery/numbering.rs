//! Numbers of parts: `_0000`, `_0001`, … in each category. A hole means that a file was lost on the way.

use std::collections::{BTreeMap, BTreeSet};

use super::of;
use crate::feed::{Category, Code, Finding, Part};

/// Holes that a message names; a longer list says nothing more.
const NAMED: usize = 8;

/// What stands before the category in a file name: parts of one export share it.
fn prefix(part: &Part) -> &str {
    let file = part.name.rsplit('/').next().unwrap_or_default();
    file.rfind(part.category.token()).and_then(|at| file.get(..at)).unwrap_or(file)
}

/// The missing ranges of numbers of a category, first and last included.
pub(super) fn holes(parts: &[Part], category: Category) -> Vec<(u32, u32)> {
    // Several exports side by side (one per school) number their parts each from the start. Otherwise the prefix says
    // nothing: the files of one numbering were seen with two of them.
    let numbers: Vec<u32> = of(parts, category).filter_map(|part| part.number).collect();
    let distinct: BTreeSet<u32> = numbers.iter().copied().collect();
    let unnumbered = of(parts, category).any(|part| part.number.is_none());
    if distinct.len() == numbers.len() {
        return gaps(&distinct, unnumbered);
    }
    let mut exports: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for part in of(parts, category) {
        exports.entry(prefix(part)).or_default().extend(part.number);
    }
    let mut all: Vec<_> = exports.values().flat_map(|numbers| gaps(numbers, unnumbered)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The ranges missing before, and between, the numbers. Starting at 0 or at 1 is legal; a file without number
/// (`_Eleve_.xml` beside `_Eleve_2.xml`) stands for the first.
fn gaps(numbers: &BTreeSet<u32>, unnumbered: bool) -> Vec<(u32, u32)> {
    let mut missing = Vec::new();
    let mut expected = match numbers.first() {
        Some(&first) if first <= 1 || (unnumbered && first == 2) => first,
        _ => 0,
    };
    for &number in numbers {
        if number > expected {
            missing.push((expected, number - 1));
        }
        expected = number.saturating_add(1);
    }
    missing
}

/// Findings on the numbers of every category.
pub(super) fn report(parts: &[Part], findings: &mut Vec<Finding>) {
    for category in Category::ALL {
        let Some(first) = of(parts, category).next() else { continue };
        let missing = holes(parts, category);
        if !missing.is_empty() {
            let mut list: Vec<String> = missing
                .iter()
                .take(NAMED)
                .map(|&(from, to)| if from == to { format!("{from:04}") } else { format!("{from:04} à {to:04}") })
                .collect();
            if missing.len() > NAMED {
                list.push("…".to_owned());
            }
            let message = format!(
                "il manque des fichiers {category} ({}) : catégorie supposée incomplète, aucun départ pour elle",
                list.join(", ")
            );
            findings.push(about(Finding::new(Code::PartGap, message), category, first));
        }
        let lowest = of(parts, category).filter_map(|part| part.number).min();
        if lowest == Some(1) && of(parts, category).all(|part| part.number.is_some()) {
            let message = format!(
                "le premier fichier {category} porte le numéro 0001 : vérifiez qu'aucun fichier 0000 n'a été perdu"
            );
            findings.push(about(Finding::new(Code::FirstPartMissing, message), category, first));
        }
        report_twins(parts, category, findings);
    }
}

/// Two files with one number are both read: records delivered twice are the roster's business.
fn report_twins(parts: &[Part], category: Category, findings: &mut Vec<Finding>) {
    let mut by_number: BTreeMap<u32, Vec<&Part>> = BTreeMap::new();
    for part in of(parts, category) {
        if let Some(number) = part.number {
            by_number.entry(number).or_default().push(part);
        }
    }
    let twins: Vec<_> = by_number.into_iter().filter(|(_, parts)| parts.len() > 1).collect();
    let Some((number, files)) = twins.first() else { return };
    let (Some(first), Some(second)) = (files.first(), files.get(1)) else { return };
    let message = format!(
        "plusieurs fichiers {category} de numéro {number:04} ({} et {}) : tous sont lus, les doublons identiques fusionnent",
        first.name, second.name
    );
    let mut finding = about(Finding::new(Code::DuplicatePart, message), category, first);
    finding.count = u32::try_from(twins.len()).unwrap_or(u32::MAX);
    findings.push(finding);
}

fn about(finding: Finding, category: Category, part: &Part) -> Finding {
    let mut finding = finding.at(&part.name, 0);
    finding.category = Some(category);
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(numbers: &[u32], unnumbered: bool) -> Vec<(u32, u32)> {
        gaps(&numbers.iter().copied().collect(), unnumbered)
    }

    #[test]
    fn holes_between_and_before() {
        assert_eq!(missing(&[0, 1, 2], false), []);
        assert_eq!(missing(&[1, 2], false), []);
        assert_eq!(missing(&[0, 2, 5], false), [(1, 1), (3, 4)]);
        assert_eq!(missing(&[2, 3], false), [(0, 1)]);
        assert_eq!(missing(&[2], true), []);
        assert_eq!(missing(&[], true), []);
        assert_eq!(missing(&[0, u32::MAX], false), [(1, u32::MAX - 1)]);
    }
}
