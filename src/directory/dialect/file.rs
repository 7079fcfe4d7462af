//! A dialect file as it is written (`schemas/dialects/*.toml`): one set of types for the presets and for a user's own.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::lock::LockMethod;
use super::source::Source;
use crate::config::SiretMissing;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub name: String,
    pub branches: Branches,
    pub rdn: Rdn,
    pub style: Style,
    pub lock: LockMethod,
    pub marker: Marker,
    pub person: Section,
    pub pupil: Section,
    #[serde(default)]
    pub relative: Section,
    #[serde(default)]
    pub staff: Section,
    #[serde(default)]
    pub role: BTreeMap<String, Section>,
    pub structure: Section,
    pub school: Section,
    pub service: Section,
    pub group: Section,
    pub class_group: Section,
    pub teaching_group: Section,
    pub profile_group: Section,
}

/// Relative to the suffix.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Branches {
    pub people: String,
    pub structures: String,
    pub groups: String,
}

/// The naming attribute of each kind of entry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rdn {
    pub person: String,
    pub structure: String,
    pub group: String,
}

/// How values are spelled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Style {
    pub structure_reference: StructureReference,
    pub profiles: ProfileStyle,
    pub siret_missing: SiretMissing,
    pub civility: ByCivility,
    pub sex: ByCivility,
    pub boolean: YesNo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StructureReference {
    Dn,
    Uai,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProfileStyle {
    Mnemonic,
    Number,
    Both,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByCivility {
    pub monsieur: String,
    pub madame: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct YesNo {
    pub yes: String,
    pub no: String,
}

/// The attribute and value by which a managed group is known.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Marker {
    pub attribute: String,
    pub value: String,
}

/// Classes and attributes of one kind of member, or of one role.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    pub superclasses: Vec<String>,
    pub structural: Option<String>,
    pub mandatory: Vec<String>,
    pub once: BTreeMap<String, Source>,
    pub added: BTreeMap<String, Source>,
    pub engine: BTreeMap<String, Source>,
    pub feed: BTreeMap<String, Source>,
    pub keep: BTreeMap<String, Source>,
    pub defaults: BTreeMap<String, String>,
    /// Of a role: national profiles that give it.
    pub profiles: Vec<crate::roster::NationalProfile>,
    /// Of a role: whoever has classes or groups to teach has it too.
    pub services: bool,
    /// Of a role.
    pub auxiliary: Vec<String>,
    /// Of a role: attributes that only its classes allow and that others fill.
    pub unowned: Vec<String>,
    /// Of `service`: labels of the structure types that are services.
    pub types: Vec<String>,
}
