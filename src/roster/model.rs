//! The types of the roster.

use std::fmt;
use std::sync::Arc;

use compact_str::CompactString;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::aliases::Aliases;
pub use crate::feed::values::Civility;
use crate::feed::values::Uai;
use crate::feed::{Category, Finding, Origin};

/// `<source>$<key>`: what `ENTPersonJointure` and `ENTStructureJointure` hold. Unique for ever inside one category of
/// one directory. Compared exactly.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JoinKey(CompactString);

impl JoinKey {
    #[must_use]
    pub fn new(prefix: &str, key: &str) -> Self {
        let mut text = CompactString::with_capacity(prefix.len() + 1 + key.len());
        text.push_str(prefix);
        text.push('$');
        text.push_str(key);
        Self(text)
    }

    /// As read from a directory or the store.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JoinKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Index of a person in [`Roster::persons`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(pub u32);

/// Index of a structure in [`Roster::structures`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StructureId(pub u32);

/// The expected population.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// In scope, sorted by UAI.
    pub structures: Vec<Structure>,
    /// Who should have an account, sorted by join key. Each in a box of its own: on the way here a person is handed on
    /// and sorted several times, and a list of a million large values would be copied each time.
    #[expect(clippy::vec_box, reason = "see above")]
    pub persons: Vec<Box<Person>>,
    /// Persons delivered who get no account, each counted once.
    pub left_out: Vec<LeftOut>,
    /// Other join keys under which people of this roster may have an account.
    pub aliases: Aliases,
    pub findings: Vec<Finding>,
    /// Functions of the persons above in structures out of scope: left aside without a word, only counted (travelling
    /// staff serve dozens of schools).
    pub functions_elsewhere: u64,
}

impl Roster {
    #[must_use]
    pub fn structure(&self, id: StructureId) -> Option<&Structure> {
        self.structures.get(id.0 as usize)
    }

    /// What people call a class of a structure: its code, or its label when the code is a mere number. Two classes of
    /// one label are told apart by their numbers.
    #[must_use]
    pub fn class_name(&self, id: StructureId, code: &str) -> CompactString {
        let classes = self.structure(id).map_or(&[][..], |structure| &structure.classes);
        let label = |class: &Class| class.label.clone().filter(|_| class.numbered);
        let Some(label) = classes.iter().find(|class| class.code == code).and_then(label) else { return code.into() };
        let namesakes = classes.iter().filter(|class| class.label.as_ref() == Some(&label)).count();
        if namesakes > 1 { compact_str::format_compact!("{label} ({code})") } else { label }
    }

    #[must_use]
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.persons.get(id.0 as usize).map(|person| &**person)
    }
}

/// A delivered person without an account, and why.
#[derive(Debug, Clone)]
pub struct LeftOut {
    pub category: Category,
    pub key: JoinKey,
    pub origin: Origin,
    pub why: LeftOutReason,
    /// For [`LeftOutReason::Merged`]: the join key of the person whom this record is about.
    pub into: Option<JoinKey>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// No structure of his is in scope.
    OutOfScope,
    /// A relative of no delivered pupil in scope.
    NoPupil,
    /// Contact, payer or the pupil himself: no account by the rules of the project.
    NoAuthority,
    /// Another source names the same person, and is heard first; what this record adds went to that one.
    Merged,
    /// The record's key was delivered with contradictory contents, or a mandatory value is missing.
    Rejected,
}

/// A school or service.
#[derive(Debug, Clone)]
pub struct Structure {
    pub key: JoinKey,
    pub origin: Origin,
    pub uai: Uai,
    /// Fourteen digits, without spaces; `None` when the feed has none that holds.
    pub siret: Option<CompactString>,
    /// As delivered (`TYPE-NAME-ac-ACADEMY` or `SIGLE$NAME$TOWN`).
    pub name_delivered: CompactString,
    /// For people: `Collège Jean Moulin`-like, without the academy's tail.
    pub name: String,
    /// Label of the type (`COLLEGE` …).
    pub kind: Option<CompactString>,
    pub ministry: Option<CompactString>,
    /// `PU` or `PR`.
    pub contract: Option<CompactString>,
    pub academy: Option<CompactString>,
    pub bassin: Option<CompactString>,
    pub street: Option<CompactString>,
    pub post_office_box: Option<CompactString>,
    pub postal_code: Option<CompactString>,
    pub town: Option<CompactString>,
    pub phone: Option<CompactString>,
    pub fax: Option<CompactString>,
    /// The official mailbox.
    pub mail: Option<CompactString>,
    /// Structures to which it is functionally attached (within the roster; may be itself).
    pub attached_to: Vec<StructureId>,
    /// Declared classes and those that only pupils name, sorted by code.
    pub classes: Vec<Class>,
    /// Teaching groups, sorted by code.
    pub groups: Vec<TeachingGroup>,
}

/// A class (*division*). Its identity is its code inside the structure, case and inner spaces included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    pub code: CompactString,
    pub label: Option<CompactString>,
    pub mefs: Vec<CompactString>,
    /// Named by pupils or teachers only, absent from the structure's own list.
    pub undeclared: bool,
    /// The code is a number of the upstream base (first degree): people know the class by its label only.
    pub numbered: bool,
}

/// A teaching group and the classes from which its pupils come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeachingGroup {
    pub code: CompactString,
    pub label: Option<CompactString>,
    pub classes: Vec<CompactString>,
    pub undeclared: bool,
    /// As for a [`Class`].
    pub numbered: bool,
}

/// National profiles of the SDET, by their mnemonic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum NationalProfile {
    #[serde(rename = "ELV")]
    Elv,
    #[serde(rename = "TUT")]
    Tut,
    #[serde(rename = "ENS")]
    Ens,
    #[serde(rename = "DIR")]
    Dir,
    #[serde(rename = "EVS")]
    Evs,
    #[serde(rename = "ETA")]
    Eta,
    #[serde(rename = "ACA")]
    Aca,
    #[serde(rename = "DOC")]
    Doc,
    #[serde(rename = "COL")]
    Col,
}

impl NationalProfile {
    pub const ALL: [Self; 9] =
        [Self::Elv, Self::Tut, Self::Ens, Self::Dir, Self::Evs, Self::Eta, Self::Aca, Self::Doc, Self::Col];

    /// `ELV`, `TUT`, …
    #[must_use]
    pub const fn mnemonic(self) -> &'static str {
        match self {
            Self::Elv => "ELV",
            Self::Tut => "TUT",
            Self::Ens => "ENS",
            Self::Dir => "DIR",
            Self::Evs => "EVS",
            Self::Eta => "ETA",
            Self::Aca => "ACA",
            Self::Doc => "DOC",
            Self::Col => "COL",
        }
    }
}

/// A set of national profiles, given in the order of [`NationalProfile::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Profiles(u16);

impl Profiles {
    pub fn insert(&mut self, profile: NationalProfile) {
        self.0 |= 1 << profile as u16;
    }

    #[must_use]
    pub const fn contains(self, profile: NationalProfile) -> bool {
        self.0 & (1 << profile as u16) != 0
    }

    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = NationalProfile> {
        NationalProfile::ALL.into_iter().filter(move |profile| self.contains(*profile))
    }
}

impl FromIterator<NationalProfile> for Profiles {
    fn from_iter<I: IntoIterator<Item = NationalProfile>>(profiles: I) -> Self {
        let mut set = Self::default();
        profiles.into_iter().for_each(|profile| set.insert(profile));
        set
    }
}

impl From<NationalProfile> for Profiles {
    fn from(profile: NationalProfile) -> Self {
        [profile].into_iter().collect()
    }
}

/// The four families of accounts, for policies and selectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    Pupil,
    Relative,
    Teacher,
    Staff,
}

impl Profile {
    pub const ALL: [Self; 4] = [Self::Pupil, Self::Relative, Self::Teacher, Self::Staff];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pupil => "pupil",
            Self::Relative => "relative",
            Self::Teacher => "teacher",
            Self::Staff => "staff",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Somebody who should have an account.
#[derive(Debug, Clone)]
pub struct Person {
    pub key: JoinKey,
    pub origin: Origin,
    pub profile: Profile,
    pub name: Name,
    pub civility: Option<Civility>,
    /// Absent for relatives, always there for pupils.
    pub birth: Option<Date>,
    pub contact: Contact,
    /// Every structure in scope where the person acts, with the national profiles held there; sorted by structure.
    /// For a relative: the schools of the children.
    pub schools: Vec<Attachment>,
    /// The administrative structure, when it is in scope.
    pub administrative: Option<StructureId>,
    pub role: Role,
}

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
    pub others: Vec<CompactString>,
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
    pub mobiles: Vec<CompactString>,
    pub mobile_sms: Option<CompactString>,
    /// One value for all who live there.
    pub address: Option<Arc<Address>>,
    /// The address may be given to parents' associations.
    pub address_shared: Option<bool>,
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

/// The image of a source as the roster reads it.
#[derive(Debug, Clone)]
pub struct ImageRecord {
    /// Index of the source in the configuration.
    pub source: u16,
    pub category: Category,
    pub key: CompactString,
    pub fields: crate::feed::Fields,
    pub file: Arc<str>,
    pub line: u32,
}
