//! `[identity]`: which proofs say by themselves that two records, or a record and an account, are of one person.

use serde::Deserialize;

use crate::identity::{Class, Proof, Rules};

/// Sufficient proofs by category, beside the join key; what none of them settles is a case that a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityConfig {
    pub pupil: Vec<Proof>,
    pub relative: Vec<Proof>,
    pub staff: Vec<Proof>,
    /// Proofs that link the two accounts of an adult in two roles (a parent who teaches) by themselves.
    pub adult: Vec<Proof>,
    /// Proofs that ask whether two adults of two roles are one: what is in neither list asks nobody.
    pub adult_asked: Vec<Proof>,
    /// Which of the two accounts is the principal one.
    pub adult_principal: AdultRole,
    /// Written on an account that was merged into another: the DN of that one (`ENTPersRelFusionPrincipal`).
    pub merged_into: Option<String>,
    /// Written on the account that stays: the DN of the merged one (`ENTPersRelFusionSecondaire`).
    pub merged_from: Option<String>,
    /// The auxiliary class that the two need (`ENTPersonRelation`).
    pub merged_class: Option<String>,
}

/// What an adult is to the schools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdultRole {
    Relative,
    Staff,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        let Rules { pupil, relative, staff, adult } = Rules::default();
        Self {
            pupil,
            relative,
            staff,
            adult,
            adult_asked: vec![Proof::NamesAndBirth, Proof::NamesAndMail, Proof::NamesAndPhone],
            adult_principal: AdultRole::Staff,
            merged_into: None,
            merged_from: None,
            merged_class: None,
        }
    }
}

impl IdentityConfig {
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            pupil: self.pupil.clone(),
            relative: self.relative.clone(),
            staff: self.staff.clone(),
            adult: self.adult.clone(),
        }
    }

    /// These attributes, with those that say which accounts were merged.
    #[must_use]
    pub fn beside(&self, mut attributes: Vec<String>) -> Vec<String> {
        attributes.extend([&self.merged_into, &self.merged_from].into_iter().flatten().cloned());
        attributes
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for (name, class, list) in [
            ("pupil", Class::Pupil, &self.pupil),
            ("relative", Class::Relative, &self.relative),
            ("staff", Class::Staff, &self.staff),
            ("adult", Class::Adult, &self.adult),
            ("adult_asked", Class::Adult, &self.adult_asked),
        ] {
            let known = Proof::rungs(class);
            for proof in list.iter().filter(|proof| **proof != Proof::JoinKey) {
                if !known.contains(proof) {
                    let known: Vec<&str> = known.iter().filter(|p| **p != Proof::IneAlone).map(|p| p.name()).collect();
                    return Err(format!(
                        "identity.{name}: {:?} proves nothing there; what does: {}",
                        proof.name(),
                        known.join(", ")
                    ));
                }
            }
        }
        Ok(())
    }
}
