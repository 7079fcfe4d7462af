//! Equality of values, as servers see it (`caseIgnoreMatch`, `distinguishedNameMatch`) and as this program does.

use std::borrow::Cow;
use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization as _;

use super::source::Syntax;
use crate::directory::Dn;
use crate::directory::schema::Equality;

/// The form under which `caseIgnoreMatch` finds two values equal: compatibility-composed, in lower case, runs of
/// spaces made one, none outside (RFC 4518). A server refuses the second of two such values in one attribute, or the
/// second entry of such a name.
pub(super) fn fold(text: &str) -> String {
    let lower: Cow<'_, str> = if text.is_ascii() {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Owned(text.nfkc().collect::<String>().to_lowercase())
    };
    if !lower.contains(|c: char| c.is_whitespace()) {
        return lower.into_owned();
    }
    let mut out = String::with_capacity(lower.len());
    for word in lower.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Whether a server takes two values for the same.
pub(super) fn same_folded(a: &str, b: &str) -> bool {
    if a.eq_ignore_ascii_case(b) {
        return true;
    }
    let plain = |t: &str| t.is_ascii() && !t.contains("  ");
    if plain(a) && plain(b) && a.trim() == a && b.trim() == b {
        return false;
    }
    fold(a) == fold(b)
}

/// How the values of an attribute are compared: the server's rule, and whether letters of another case are written all
/// the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub equality: Equality,
    pub case_counts: bool,
}

impl Rule {
    /// Whether a value in the directory is the wanted one. `wanted` has no outer whitespace.
    pub fn same(self, syntax: Syntax, wanted: &str, actual: &str) -> bool {
        let actual = actual.trim();
        if wanted == actual {
            return true;
        }
        match syntax {
            Syntax::Text => self.equal(wanted, actual),
            Syntax::Dn => same_dn(wanted, actual),
            Syntax::Reference => {
                let (Some((w_head, w_rest)), Some((a_head, a_rest))) = (wanted.split_once('$'), actual.split_once('$'))
                else {
                    return self.equal(wanted, actual);
                };
                let heads = if w_head.contains('=') { same_dn(w_head, a_head) } else { self.equal(w_head, a_head) };
                heads && (w_rest == a_rest || self.equal(w_rest, a_rest.trim_end()))
            }
        }
    }

    /// Two different texts under the rule of the attribute (RFC 4517 §4.2).
    fn equal(self, wanted: &str, actual: &str) -> bool {
        let without = |text: &str, noise: fn(char) -> bool| -> String {
            text.chars().filter(|c| !noise(*c)).flat_map(char::to_lowercase).collect()
        };
        match self.equality {
            Equality::CaseIgnore | Equality::CaseIgnoreIa5 | Equality::CaseIgnoreList if !self.case_counts => {
                same_folded(wanted, actual)
            }
            Equality::CaseIgnore
            | Equality::CaseIgnoreIa5
            | Equality::CaseIgnoreList
            | Equality::CaseExact
            | Equality::CaseExactIa5 => composed(wanted) == composed(actual),
            Equality::Telephone => {
                let noise = |c: char| c == ' ' || c == '-';
                without(wanted, noise) == without(actual, noise)
            }
            Equality::NumericString => without(wanted, |c| c == ' ') == without(actual, |c| c == ' '),
            Equality::Boolean | Equality::Uuid => wanted.eq_ignore_ascii_case(actual),
            Equality::Integer => matches!((wanted.parse::<i128>(), actual.parse()), (Ok(a), Ok(b)) if a == b),
            Equality::Dn | Equality::UniqueMember => same_dn(wanted, actual),
            Equality::GeneralizedTime
            | Equality::Octet
            | Equality::ObjectIdentifier
            | Equality::BitString
            | Equality::Other
            | Equality::None => false,
        }
    }
}

/// What a server takes for one, but for the case of its letters.
fn composed(text: &str) -> String {
    let composed: Cow<'_, str> = if text.is_ascii() { text.into() } else { text.nfkc().collect::<String>().into() };
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn same_dn(a: &str, b: &str) -> bool {
    matches!((Dn::parse(a), Dn::parse(b)), (Ok(a), Ok(b)) if a == b)
}

/// Below this many values, comparing each with each is cheaper than a set.
const FEW: usize = 24;

/// The places, in order, of the values that a server would take for one before them.
pub(super) fn repeated<'t>(values: impl ExactSizeIterator<Item = &'t str> + Clone) -> Vec<usize> {
    let mut repeated = Vec::new();
    if values.len() > FEW {
        let mut seen = HashSet::with_capacity(values.len());
        for (i, value) in values.enumerate() {
            if !seen.insert(fold(value)) {
                repeated.push(i);
            }
        }
    } else {
        for (i, value) in values.clone().enumerate() {
            if values.clone().take(i).any(|earlier| same_folded(earlier, value)) {
                repeated.push(i);
            }
        }
    }
    repeated
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn same(syntax: Syntax, wanted: &str, actual: &str) -> bool {
        Rule { equality: Equality::CaseIgnore, case_counts: true }.same(syntax, wanted, actual)
    }

    #[test]
    fn values_are_compared_by_the_rule_of_the_attribute() {
        let by = |equality| move |a: &str, b: &str| Rule { equality, case_counts: false }.same(Syntax::Text, a, b);
        assert!(by(Equality::CaseIgnore)("Le Gall", "LE  GALL"));
        assert!(by(Equality::CaseIgnore)("É", "e\u{301}"));
        assert!(!by(Equality::CaseIgnore)("Le Gall", "Legall"));
        assert!(!by(Equality::CaseExact)("Le Gall", "LE GALL"));
        assert!(by(Equality::CaseExact)("Le Gall", "Le  Gall"));
        assert!(by(Equality::Telephone)("0299000001", "02 99-00 00 01"));
        assert!(!by(Equality::Telephone)("0299000001", "+33299000001"));
        assert!(by(Equality::Boolean)("TRUE", "true"));
        assert!(by(Equality::Integer)("7", "007"));
        assert!(!by(Equality::Octet)("a", "A"));
        let reference =
            |w, a| Rule { equality: Equality::CaseIgnore, case_counts: false }.same(Syntax::Reference, w, a);
        assert!(reference("ou=x,dc=fr$5A", "OU=X, dc=fr$5a"));
        assert!(reference("0350001A$5A", "0350001a$5a"));
        assert!(!reference("ou=x,dc=fr$5A", "ou=x,dc=fr$5B"));
    }

    #[test]
    fn a_change_of_case_in_a_name_is_a_change_where_case_counts_and_in_a_dn_is_none() {
        assert!(!same(Syntax::Text, "Le Gall", "LE GALL"));
        assert!(same(Syntax::Text, "Le Gall", " Le Gall "));
        assert!(same(Syntax::Dn, "uid=F1,ou=people,dc=fr", "UID=f1, OU=People, dc=FR"));
        assert!(same(Syntax::Reference, "ou=x,dc=fr$5A", "OU=X, dc=fr$5A"));
        assert!(!same(Syntax::Reference, "ou=x,dc=fr$5A", "ou=x,dc=fr$5a"));
        assert!(!same(Syntax::Reference, "ou=x,dc=fr$5A", "ou=x,dc=fr"));
        assert!(same(Syntax::Reference, "0350001A$5A", "0350001A$5A"));
        assert!(!same(Syntax::Reference, "0350001A$5A", "0350001a$5A"));
        assert!(same(Syntax::Reference, "ou=a\\24b,dc=fr$5A", "ou=a\\24B,dc=fr$5A"));
    }

    #[test]
    fn what_a_server_takes_for_one() {
        assert!(same_folded("5A", "5a"));
        assert!(same_folded("3E  A", "3e a"));
        assert!(same_folded("É", "E\u{301}"));
        assert!(same_folded("GROUPE É", "groupe é"));
        assert!(!same_folded("5A", "5 A"));
        assert!(!same_folded("É", "E"));
        assert_eq!(repeated(["a", "b", "A", "a "].into_iter()), [2, 3]);
    }

    proptest! {
        #[test]
        fn the_two_ways_of_finding_repetitions_agree(values in prop::collection::vec("[aAbB ]{0,3}", 0..60)) {
            let mut seen = HashSet::new();
            let expected: Vec<usize> =
                values.iter().enumerate().filter(|(_, v)| !seen.insert(fold(v))).map(|(i, _)| i).collect();
            prop_assert_eq!(repeated(values.iter().map(String::as_str)), expected);
        }
    }
}
