//! Structures that go on under another UAI or SIRET, by a decision that was carried out in the directory.
//!
//! The academy's exports follow such a decision weeks later, or never: whichever identifiers they say, the roster has
//! the present ones. A structure that was merged into another leads to it, with its people, classes and groups.

use compact_str::CompactString;

use super::structure_draft::StructureDraft;
use crate::feed::values::Uai;

/// One decision. Several are followed in the order in which they were taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    pub former_uai: Uai,
    pub uai: Uai,
    /// Where the SIRET was part of the decision.
    pub former_siret: Option<CompactString>,
    pub siret: Option<CompactString>,
    /// Into a structure that was there already.
    pub merged: bool,
}

/// What a UAI has become.
#[must_use]
pub fn present_uai(successors: &[Successor], uai: &Uai) -> Uai {
    successors.iter().fold(uai.clone(), |uai, s| if s.former_uai == uai { s.uai.clone() } else { uai })
}

/// Gives the structures their present identifiers.
pub(super) fn follow(successors: &[Successor], drafts: &mut [StructureDraft]) {
    if successors.is_empty() {
        return;
    }
    for draft in drafts {
        for successor in successors {
            let Some(uai) = &draft.uai else { break };
            let is_former = *uai == successor.former_uai;
            // The identifiers of a school may change in the exports one after the other.
            if !is_former && (successor.merged || *uai != successor.uai) {
                continue;
            }
            draft.uai = Some(successor.uai.clone());
            draft.joined |= successor.merged;
            if successor.siret.is_some() && draft.siret == successor.former_siret {
                draft.siret.clone_from(&successor.siret);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uai(text: &str) -> Uai {
        Uai::parse(text).unwrap()
    }

    #[test]
    fn a_uai_is_followed_from_decision_to_decision() {
        let to = |former: &str, present: &str| Successor {
            former_uai: uai(former),
            uai: uai(present),
            former_siret: None,
            siret: None,
            merged: false,
        };
        let all = [to("0290009C", "0290010D"), to("0290010D", "0290011E")];
        for (given, present) in [("0290009C", "0290011E"), ("0290010D", "0290011E"), ("0350001A", "0350001A")] {
            assert_eq!(present_uai(&all, &uai(given)), uai(present));
        }
        // Taken back: the first name holds again, whichever the exports say.
        let back = [to("0290009C", "0290010D"), to("0290010D", "0290009C")];
        assert_eq!(present_uai(&back, &uai("0290009C")), uai("0290009C"));
        assert_eq!(present_uai(&back, &uai("0290010D")), uai("0290009C"));
    }
}
