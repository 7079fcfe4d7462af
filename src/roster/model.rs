//! The types of the roster.

mod person;
mod profile;
mod structure;

use std::fmt;
use std::sync::Arc;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

pub use person::{
    Address, Attachment, Contact, Function, Link, LinkCodes, Name, Person, Pupil, Relative, Role, Staff, Standing,
    Studies,
};
pub use profile::{NationalProfile, Profile, Profiles};
pub use structure::{Class, Structure, TeachingGroup};

use super::aliases::Aliases;
pub use crate::feed::values::Civility;
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
    /// For [`LeftOutReason::NoAuthority`]: who it is, and the pupils whose records name him.
    pub relative: Option<Box<(Name, Vec<JoinKey>)>>,
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
