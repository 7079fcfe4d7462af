//! The ladder of proofs, which of them are sufficient, and the judgement.

use serde::{Deserialize, Serialize};

use super::evidence::{Clue, Evidence};
use super::portrait::{Class, Portrait};

/// What says that two records, or a record and an account, are of one person: from exact to weak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    JoinKey,
    /// Somebody decided it.
    Decision,
    /// The INE, with an equal birth date.
    Ine,
    /// The mail address of staff.
    Mail,
    /// The number in the base of one school (SIECLE, ONDE), with names or birth date.
    Number,
    NamesAndBirth,
    NamesAndChild,
    NamesAndMail,
    NamesAndPhone,
    NamesAndAddress,
    /// Of two roles of one adult only: everywhere else, two homonyms of one school are two people.
    NamesAndSchool,
    /// The INE, where one side has no birth date: never enough.
    #[serde(skip)]
    IneAlone,
}

impl Proof {
    /// The rungs that are looked at for a class, the strongest first.
    #[must_use]
    pub const fn rungs(class: Class) -> &'static [Self] {
        match class {
            Class::Pupil => &[Self::Ine, Self::Number, Self::NamesAndBirth, Self::NamesAndMail, Self::IneAlone],
            Class::Staff => &[Self::Mail, Self::NamesAndBirth, Self::NamesAndPhone],
            Class::Relative => &[Self::NamesAndChild, Self::NamesAndMail, Self::NamesAndPhone, Self::NamesAndAddress],
            Class::Adult => &[Self::NamesAndBirth, Self::NamesAndMail, Self::NamesAndPhone, Self::NamesAndSchool],
        }
    }

    /// As the configuration writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::JoinKey => "join_key",
            Self::Decision => "decision",
            Self::Ine => "ine",
            Self::Mail => "mail",
            Self::Number => "number",
            Self::NamesAndBirth => "names_and_birth",
            Self::NamesAndChild => "names_and_child",
            Self::NamesAndMail => "names_and_mail",
            Self::NamesAndPhone => "names_and_phone",
            Self::NamesAndAddress => "names_and_address",
            Self::NamesAndSchool => "names_and_school",
            Self::IneAlone => "ine_alone",
        }
    }

    /// In words, after "repris".
    #[must_use]
    pub const fn french(self) -> &'static str {
        match self {
            Self::JoinKey => "par sa clé de jointure",
            Self::Decision => "par décision",
            Self::Ine => "par son INE et sa date de naissance",
            Self::Mail => "par son adresse de messagerie",
            Self::Number => "par son numéro dans la base de l'établissement",
            Self::NamesAndBirth => "par ses nom, prénom et date de naissance",
            Self::NamesAndChild => "par ses nom, prénom et son enfant",
            Self::NamesAndMail => "par ses nom, prénom et son adresse électronique",
            Self::NamesAndPhone => "par ses nom, prénom et son téléphone",
            Self::NamesAndAddress => "par ses nom, prénom et son adresse postale",
            Self::NamesAndSchool => "par ses nom, prénom et son établissement",
            Self::IneAlone => "par son INE",
        }
    }

    /// Whether the evidence has what this rung asks for.
    #[must_use]
    pub fn holds(self, evidence: &[Evidence]) -> bool {
        let has = |clue| evidence.iter().any(|e| e.clue == clue && e.agrees);
        let names = has(Clue::Surname) && has(Clue::FirstName);
        match self {
            Self::Ine => has(Clue::Ine) && has(Clue::Birth),
            Self::IneAlone => has(Clue::Ine),
            Self::Mail => has(Clue::Mail),
            Self::Number => has(Clue::Number) && (names || has(Clue::Birth)),
            Self::NamesAndBirth => names && has(Clue::Birth),
            Self::NamesAndChild => names && has(Clue::Child),
            Self::NamesAndMail => names && has(Clue::Mail),
            Self::NamesAndPhone => names && has(Clue::Phone),
            Self::NamesAndAddress => names && has(Clue::Address),
            Self::NamesAndSchool => names && has(Clue::School),
            Self::JoinKey | Self::Decision => false,
        }
    }
}

/// The proofs that link by themselves, by class: `[identity]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub pupil: Vec<Proof>,
    pub relative: Vec<Proof>,
    pub staff: Vec<Proof>,
    pub adult: Vec<Proof>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { pupil: vec![Proof::Ine], relative: Vec::new(), staff: vec![Proof::Mail], adult: Vec::new() }
    }
}

/// What two portraits are to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing says that they are one: homonyms at most.
    Unrelated,
    /// A sufficient proof, and nothing against it.
    Same(Proof),
    /// Something of the ladder, but not enough, or against a contradiction.
    Doubt(Proof),
}

impl Rules {
    /// The sufficient proofs of a class.
    #[must_use]
    pub fn sufficient(&self, class: Class) -> &[Proof] {
        match class {
            Class::Pupil => &self.pupil,
            Class::Relative => &self.relative,
            Class::Staff => &self.staff,
            Class::Adult => &self.adult,
        }
    }

    /// Judges by what agrees and what does not ([`weigh`](super::weigh)).
    #[must_use]
    pub fn judge(&self, class: Class, evidence: &[Evidence]) -> Judgement {
        let contradicted = evidence.iter().any(|e| e.contradicts(class));
        let mut held = Proof::rungs(class).iter().copied().filter(|proof| proof.holds(evidence)).peekable();
        let Some(&strongest) = held.peek() else { return Judgement::Unrelated };
        match held.find(|proof| self.sufficient(class).contains(proof)) {
            Some(proof) if !contradicted => Judgement::Same(proof),
            // Two people of one name who were born on different days: that is what homonyms are.
            _ if contradicted && !speaks_for_itself(strongest) => Judgement::Unrelated,
            _ => Judgement::Doubt(strongest),
        }
    }

    /// Compares two portraits of a class and judges.
    #[must_use]
    pub fn compare(&self, class: Class, a: &Portrait, b: &Portrait) -> (Judgement, Vec<Evidence>) {
        let mut evidence = super::weigh(a, b);
        // Two homonyms of one school are two people, unless one of them is there for a child and the other for a living.
        if class == Class::Adult {
            evidence.extend(super::evidence::shared_school(a, b));
        }
        (self.judge(class, &evidence), evidence)
    }
}

/// Whether a rung is strong enough to ask although something contradicts it: an identifier that two people should not
/// share.
const fn speaks_for_itself(proof: Proof) -> bool {
    matches!(
        proof,
        Proof::Ine | Proof::IneAlone | Proof::Mail | Proof::Number | Proof::NamesAndChild | Proof::NamesAndBirth
    )
}
