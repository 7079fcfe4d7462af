//! Profiles: what a person is in a school, and in which family of accounts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// National profiles of the SDET, by their mnemonic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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

    /// In the plural, for people.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Pupil => "Élèves",
            Self::Relative => "Responsables",
            Self::Teacher => "Enseignants",
            Self::Staff => "Personnels",
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
