//! What a plan says of a structure that goes on under other identifiers: part of the header of its file.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::directory::Dn;
use crate::feed::values::Uai;

/// A structure that goes on under other identifiers, with all that names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StructureChange {
    /// Into a structure that is there already; renamed otherwise.
    pub merge: bool,
    /// What people call it.
    pub name: String,
    /// What people call the structure that it joins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<String>,
    pub former: StructureName,
    pub present: StructureName,
    /// People's entries whose values are rewritten.
    pub accounts: u64,
    /// Groups that are renamed, merged or rewritten.
    pub groups: u64,
    /// Other structures whose values are rewritten.
    pub structures: u64,
    /// Groups that keep their name because somebody made them by hand, or made one of the new name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
    /// The entry of a structure that was merged is deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// By what a structure is known in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StructureName {
    pub uai: Uai,
    /// Absent where the entry has none, or its UAI instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub siret: Option<CompactString>,
    pub dn: Dn,
}
