//! `[[source]]`: a configured origin of data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Schedule;
use crate::feed::Degree;
use crate::feed::table::TableSpec;

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
    /// `onde` and `csv`: the school of the files whose folder does not name one.
    pub school: Option<SchoolConfig>,
    /// `onde` and `csv`: what a header means (`"Mon entête" = "lastName"`), before any synonym.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// `onde` and `csv`: the encoding of text files without a mark, when it is not to be found out.
    pub encoding: Option<String>,
    /// When `serve` takes what is new of it, instead of `serve.schedule`.
    pub schedule: Option<Schedule>,
}

/// `[source.school]`: what the files do not say of their school.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchoolConfig {
    pub uai: String,
    pub name: Option<String>,
    /// As the AAF writes it (`ECOLE DE NIVEAU ELEMENTAIRE`).
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub siret: Option<String>,
    pub academy: Option<String>,
    pub street: Option<String>,
    pub postal_code: Option<String>,
    pub town: Option<String>,
    pub phone: Option<String>,
    pub mail: Option<String>,
}

impl SourceConfig {
    /// What stands before `$` in the join keys of this source.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.key_prefix.as_deref().unwrap_or(&self.name)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let of_tables = self.school.is_some() || !self.columns.is_empty() || self.encoding.is_some();
        match TableSpec::from_config(self) {
            Err(reason) => Err(format!("source {:?}: {reason}", self.name)),
            Ok(None) if of_tables => {
                Err(format!("source {:?}: school, columns and encoding are for the kinds onde and csv", self.name))
            }
            Ok(_) => Ok(()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SourceKind {
    #[serde(rename = "aaf-2d")]
    Aaf2d,
    #[serde(rename = "aaf-1d")]
    Aaf1d,
    /// The extractions of first-degree schools: pupils, *responsables*, teachers.
    #[serde(rename = "onde")]
    Onde,
    /// Tables after a template, or of people whom other sources lack.
    #[serde(rename = "csv")]
    Csv,
}

impl SourceKind {
    /// As the configuration and the store write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aaf2d => "aaf-2d",
            Self::Aaf1d => "aaf-1d",
            Self::Onde => "onde",
            Self::Csv => "csv",
        }
    }

    /// Whose words its files speak, and whose tools mend them.
    #[must_use]
    pub const fn degree(self) -> Degree {
        match self {
            Self::Aaf2d | Self::Csv => Degree::Second,
            Self::Aaf1d | Self::Onde => Degree::First,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::{Config, ConfigError};

    fn parse(source: &str) -> Result<Config, String> {
        let text = format!(
            "[store]\nurl = \"sqlite:a.db\"\n[directory]\nkind = \"embedded\"\nsuffix = \"dc=fr\"\n[[source]]\nname = \"A\"\npath = \"a\"\n{source}"
        );
        Config::parse(&text, Path::new("/etc/rentree.toml")).map_err(|error| match error {
            ConfigError::Parse { message, .. } | ConfigError::Value { message, .. } => message,
            ConfigError::Read { path, .. } => path.display().to_string(),
        })
    }

    #[test]
    fn tables_have_a_school_and_columns() {
        let config = parse(
            "kind = \"onde\"\n[source.school]\nuai = \"0350999X\"\ntype = \"ECOLE MATERNELLE\"\n[source.columns]\n\"Mon entête\" = \"lastName\"\n",
        );
        assert_eq!(config.map(|config| config.sources.len()), Ok(1));
        for (source, said) in [
            ("kind = \"csv\"\n[source.columns]\n\"Nom\" = \"name\"\n", "\"name\" is no field"),
            ("kind = \"csv\"\nencoding = \"latin\"\n", "\"latin\""),
            ("kind = \"onde\"\n[source.school]\nuai = \"?\"\n", "is no UAI"),
            ("kind = \"aaf-2d\"\nencoding = \"utf-8\"\n", "kinds onde and csv"),
        ] {
            let error = parse(source).map(|_| ()).expect_err(source);
            assert!(error.contains(said), "{error}");
        }
    }
}
