//! A dialect file as it is written (`schemas/dialects/*.toml`): one set of types for the presets and for a user's own.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::family::GroupRule;
use super::lock::LockMethod;
use super::relation::Relation;
use super::source::Source;
use crate::config::SiretMissing;
use crate::roster::NationalProfile;

/// How the people, structures and groups of the roster are written in one project's directory.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "Rentrée: a directory's dialect", rename = "Dialect"))]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// What messages call it.
    pub name: String,
    pub branches: Branches,
    pub rdn: Rdn,
    pub style: Style,
    pub lock: LockMethod,
    pub marker: Marker,
    /// How two accounts of one adult say so of each other; without it, none is linked.
    #[serde(default)]
    pub relation: Option<Relation>,
    /// Everybody.
    pub person: Section,
    /// Pupils, beside `person`.
    #[serde(default)]
    pub pupil: Section,
    /// Relatives, beside `person`.
    #[serde(default)]
    pub relative: Section,
    /// Staff, beside `person`.
    #[serde(default)]
    pub staff: Section,
    /// Auxiliary classes by profile, under names of one's own.
    #[serde(default)]
    pub role: BTreeMap<String, Section>,
    /// Schools and services.
    pub structure: Section,
    /// Schools, beside `structure`.
    #[serde(default)]
    pub school: Section,
    /// Academic services, beside `structure`.
    #[serde(default)]
    pub service: Section,
    /// Every group.
    pub group: Section,
    /// Which groups there are, in the order in which they take their names.
    #[serde(default)]
    pub family: Vec<Family>,
}

/// Groups of one rule.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Family {
    pub rule: GroupRule,
    /// The pattern of the name: `{uai}_{class}`.
    pub name: String,
    /// Only people who hold one of these national profiles in the school; for `profile`, the profiles that have a
    /// group. All of them when it is empty.
    #[serde(default)]
    pub profiles: Vec<NationalProfile>,
    /// The structural class, when it is not that of `group`.
    #[serde(default)]
    pub structural: Option<String>,
}

/// Relative to the suffix.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Branches {
    pub people: String,
    pub structures: String,
    pub groups: String,
}

/// The naming attribute of each kind of entry.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Rdn {
    pub person: String,
    pub structure: String,
    pub group: String,
}

/// How values are spelled.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Style {
    /// First field of composite values.
    pub structure_reference: StructureReference,
    /// `National_ENS`, `National_3`, or both.
    pub profiles: ProfileStyle,
    /// SIRET of a structure without one: its UAI, or leave the structure out.
    pub siret_missing: SiretMissing,
    /// What the source `domains` gives when the configuration has no `directory.dialect.domains`.
    #[serde(default)]
    pub domains: Vec<String>,
    pub civility: ByCivility,
    pub sex: ByCivility,
    pub boolean: YesNo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum StructureReference {
    Dn,
    Uai,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum ProfileStyle {
    Mnemonic,
    Number,
    Both,
}

#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ByCivility {
    pub monsieur: String,
    pub madame: String,
}

#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct YesNo {
    pub yes: String,
    pub no: String,
}

/// The attribute and value by which a managed group is known.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Marker {
    pub attribute: String,
    pub value: String,
}

/// Classes and attributes of one kind of member, or of one role.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    /// From the top down; written when the entry is created, never compared.
    pub superclasses: Vec<String>,
    pub structural: Option<String>,
    /// Auxiliary classes, of every such entry or of a role.
    pub auxiliary: Vec<String>,
    /// Attributes without which the server refuses the entry (or the role's classes).
    pub mandatory: Vec<String>,
    /// Written when the entry is created, then never again.
    pub once: BTreeMap<String, Source>,
    /// The first value when the entry is created; then the user's choice, as long as it is one of the values.
    pub choice: BTreeMap<String, Source>,
    /// Each value is added when it is missing; the values beside it stay.
    pub added: BTreeMap<String, Source>,
    /// Each value is added when it is missing and withdrawn when it is no longer due; those of others stay.
    pub own: BTreeMap<String, Source>,
    /// Computed here, recomputed at each run.
    pub engine: BTreeMap<String, Source>,
    /// As delivered, replaced at each run, also by nothing.
    pub feed: BTreeMap<String, Source>,
    /// As delivered, but an empty value leaves what is there.
    pub keep: BTreeMap<String, Source>,
    /// What an attribute takes that the feed left empty.
    pub defaults: BTreeMap<String, String>,
    /// Of a role: national profiles that give it.
    pub profiles: Vec<NationalProfile>,
    /// Of a role: whoever has classes or groups to teach has it too.
    pub services: bool,
    /// Of a role: attributes that only its classes allow and that others fill.
    pub unowned: Vec<String>,
    /// Of `service`: labels of the structure types that are services.
    pub types: Vec<String>,
}
