//! A person of the roster.

use std::sync::Arc;

use compact_str::CompactString;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{JoinKey, PersonId, Profile, Profiles, StructureId};
use crate::feed::Origin;
use crate::feed::values::Civility;

/// Somebody who should have an account. There may be a million: what is added here is paid that many times.
#[derive(Debug, Clone)]
pub struct Person {
    pub key: JoinKey,
    /// Index of the source that is heard first about this person, in the configuration.
    pub source: u16,
    pub origin: Origin,
    pub profile: Profile,
    pub name: Name,
    pub civility: Option<Civility>,
    /// Absent for relatives, always there for pupils.
    pub birth: Option<Date>,
    pub contact: Contact,
    /// The address may be given to parents' associations.
    pub address_shared: Option<bool>,
    /// Every structure in scope where the person acts, with the national profiles held there; sorted by structure.
    /// For a relative: the schools of the children.
    pub schools: Box<[Attachment]>,
    /// The administrative structure, when it is in scope.
    pub administrative: Option<StructureId>,
    pub role: Role,
}

// A size class of the allocator: one field more and each of them costs 64 bytes more.
const _: () = assert!(size_of::<Person>() <= 320);

/// A person in a structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub structure: StructureId,
    /// At least one.
    pub profiles: Profiles,
}

/// Names as delivered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name {
    /// Usual surname (`sn`).
    pub surname: CompactString,
    /// Usual first name (`givenName`).
    pub first: CompactString,
    /// Birth name (`ENTPersonNomPatro`).
    pub birth: Option<CompactString>,
    /// Other first names.
    pub others: Box<[CompactString]>,
}

impl Name {
    /// `Prénom NOM`: what people read.
    #[must_use]
    pub fn display(&self) -> String {
        format!("{} {}", self.first, self.surname.to_uppercase())
    }

    /// `NOM Prénom`: how lists write it, in the order in which they are sorted.
    #[must_use]
    pub fn listed(&self) -> String {
        format!("{} {}", self.surname.to_uppercase(), self.first)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    pub mail: Option<CompactString>,
    pub home_phone: Option<CompactString>,
    pub work_phone: Option<CompactString>,
    pub mobiles: Box<[CompactString]>,
    pub mobile_sms: Option<CompactString>,
    /// One value for all who live there.
    pub address: Option<Arc<Address>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Address {
    /// Non-empty lines, in order.
    pub lines: Vec<CompactString>,
    pub postal_code: Option<CompactString>,
    pub town: Option<CompactString>,
    pub country: Option<CompactString>,
}

#[derive(Debug, Clone)]
pub enum Role {
    Pupil(Box<Pupil>),
    Relative(Relative),
    Staff(Box<Staff>),
}

#[derive(Debug, Clone, Default)]
pub struct Pupil {
    pub ine: Option<CompactString>,
    /// Number in the school's SIECLE base.
    pub siecle: Option<CompactString>,
    /// The class per structure (at most one each).
    pub classes: Vec<(StructureId, CompactString)>,
    pub groups: Vec<(StructureId, CompactString)>,
    /// Links to relatives who have an account, sorted by join key.
    pub relatives: Vec<Link>,
    /// Relatives with an account at whose address the pupil lives, sorted.
    pub lives_with: Vec<PersonId>,
    /// The pupil answers for himself (link codes 7 and 70): usually of age.
    pub own_guardian: bool,
    pub boursier: Option<bool>,
    pub transport: Option<bool>,
    pub regime: Option<CompactString>,
    pub statut: Option<CompactString>,
    /// One value for all who follow the same.
    pub studies: Arc<Studies>,
}

/// What a pupil studies: most of a class share it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Studies {
    pub mef: Option<CompactString>,
    pub libelle_mef: Option<CompactString>,
    pub niv_formation: Option<CompactString>,
    pub filiere: Option<CompactString>,
    pub enseignements: Vec<CompactString>,
    pub code_enseignements: Vec<CompactString>,
}

impl Studies {
    /// Code and label of each subject: the two lists are delivered in one order (AAF, `ENTEleveEnseignements` and
    /// `ENTEleveCodeEnseignements`). Nothing when one of them is longer, since then nobody can tell which belong
    /// together.
    pub fn coded_subjects(&self) -> impl Iterator<Item = (&str, &str)> {
        let paired = self.enseignements.len() == self.code_enseignements.len();
        let pairs = self.code_enseignements.iter().zip(&self.enseignements).filter(move |_| paired);
        pairs
            .map(|(code, label)| (code.trim(), label.trim()))
            .filter(|(code, label)| !code.is_empty() && !label.is_empty())
    }
}

impl Pupil {
    /// What tells that a pupil has gone up a year: the MEF, or in the first degree, which has none, the level.
    #[must_use]
    pub fn course(&self) -> Option<&CompactString> {
        self.studies.mef.as_ref().or(self.studies.niv_formation.as_ref())
    }
}

/// A pupil's link to a relative, in both directions' one truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub relative: PersonId,
    pub codes: LinkCodes,
    pub standing: Standing,
}

/// The five code fields of a link as delivered: `link$financial$legal$contact$payment`. One text, because there are
/// millions of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkCodes(CompactString);

impl LinkCodes {
    #[must_use]
    pub fn new(text: impl Into<CompactString>) -> Self {
        Self(text.into())
    }

    /// Those that are not there are empty.
    #[must_use]
    pub fn fields(&self) -> [&str; 5] {
        let mut fields = self.0.split('$').map(str::trim);
        [(); 5].map(|()| fields.next().unwrap_or_default())
    }
}

/// What the relative is to the pupil, by precedence legal > in charge > contact (AAF, `ENTElevePersRelEleve`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Holds parental authority.
    Authority,
    /// In charge of the pupil without authority (new codes only).
    InCharge,
    Contact,
    /// Payer or nothing.
    Other,
}

#[derive(Debug, Clone, Default)]
pub struct Relative {
    /// The pupils with an account, sorted.
    pub pupils: Vec<PersonId>,
}

#[derive(Debug, Clone, Default)]
pub struct Staff {
    /// `ENTPersonFonctions` in scope: structure and the four other fields.
    pub functions: Vec<Function>,
    /// Teaches in front of pupils.
    pub teaches: bool,
    pub category_disciplines: Vec<CompactString>,
    /// Structure and the rest of the value, for each composite attribute of the AAF that names a structure, in scope only.
    pub mefs: Vec<(StructureId, CompactString)>,
    pub subjects: Vec<(StructureId, CompactString)>,
    pub classes: Vec<(StructureId, CompactString)>,
    pub groups: Vec<(StructureId, CompactString)>,
    /// `class$subjectCode`.
    pub classes_subjects: Vec<(StructureId, CompactString)>,
    /// `group$subjectCode`.
    pub groups_subjects: Vec<(StructureId, CompactString)>,
    pub head_teacher_of: Vec<(StructureId, CompactString)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub structure: StructureId,
    pub code: CompactString,
    pub label: CompactString,
    pub discipline_code: CompactString,
    pub discipline_label: CompactString,
}
