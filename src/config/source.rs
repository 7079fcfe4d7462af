//! `[[source]]`: a configured origin of data.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::feed::Degree;

/// One academy's AAF 2D, one school's extraction, … The order in the configuration is the precedence: what an earlier
/// source says of a person stands, a later one fills what is missing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// Unique; also the join-key prefix unless `key_prefix` says otherwise (`AC-RENNES`).
    pub name: String,
    pub kind: SourceKind,
    /// A folder (with the archives in it), or an archive. The newest complete set is taken, then the deltas after it.
    pub path: PathBuf,
    pub key_prefix: Option<String>,
    /// Prefixes that this source's join keys had before (academies merge and are renamed): an account under one of
    /// them is the same person's.
    #[serde(default)]
    pub previous_prefixes: Vec<String>,
    /// Says that this source may share its key prefix with another, because no key of theirs names two people.
    #[serde(default)]
    pub keys_disjoint: bool,
}

impl SourceConfig {
    /// What stands before `$` in the join keys of this source.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.key_prefix.as_deref().unwrap_or(&self.name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SourceKind {
    #[serde(rename = "aaf-2d")]
    Aaf2d,
    #[serde(rename = "aaf-1d")]
    Aaf1d,
}

impl SourceKind {
    /// As the configuration and the store write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aaf2d => "aaf-2d",
            Self::Aaf1d => "aaf-1d",
        }
    }

    /// Whose words its files speak.
    #[must_use]
    pub const fn degree(self) -> Degree {
        match self {
            Self::Aaf2d => Degree::Second,
            Self::Aaf1d => Degree::First,
        }
    }
}
