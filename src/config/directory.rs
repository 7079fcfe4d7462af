//! `[directory]`: the server and its dialect.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::WriteWindow;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DirectoryKind {
    /// In the store's database.
    Embedded,
    Ldap,
}

/// `directory.password_scheme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PasswordScheme {
    #[default]
    Auto,
    Argon2,
    #[serde(rename = "pbkdf2-sha512")]
    Pbkdf2Sha512,
    Ssha512,
}

/// `directory.drift`: what becomes of values that the exports own and that somebody changed in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drift {
    /// Written again as the exports have them.
    #[default]
    Restore,
    /// Left as they are, and counted, until the exports say something new of that person.
    Accept,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryConfig {
    pub kind: DirectoryKind,
    /// `dc=esco-centre,dc=fr`.
    pub suffix: String,
    /// `ldap://`, `ldaps://` or `ldapi://` (percent-encoded socket path).
    pub url: Option<String>,
    /// Absent with `ldapi://`: SASL EXTERNAL.
    pub bind_dn: Option<String>,
    /// Holds the password on its first line; refused when others than its owner can read it.
    pub password_file: Option<PathBuf>,
    /// Authorities to trust instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// StartTLS over `ldap://`. On by default; only a loopback address may do without.
    pub starttls: Option<bool>,
    /// Entries per page when reading (500 or more reads at nearly the full rate).
    #[serde(default = "default_page_size")]
    pub page_size: NonZeroU32,
    /// Writes in flight on one connection, 1 to 32 (slapd drops a connection with too many pending).
    #[serde(default = "default_window")]
    pub window: u8,
    /// Ceiling on writes; none when absent.
    pub writes_per_second: Option<NonZeroU32>,
    /// How many writes may go at once under that ceiling; a tenth of a second's worth by default.
    pub burst: Option<NonZeroU32>,
    /// The hours in which to write, `"22:00-06:00"`; at any time when absent.
    pub write_window: Option<WriteWindow>,
    /// How passwords are stored; `auto` takes the strongest that the server is proved to check.
    #[serde(default)]
    pub password_scheme: PasswordScheme,
    /// Whether the server is a replica, which plans are never made from. Found out by asking it when absent.
    pub replica: Option<bool>,
    /// Seconds before an answer is given up.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u32,
    /// What is done about a value that differs from the exports in nothing but upper and lower case.
    #[serde(default)]
    pub case_changes: CaseChanges,
    /// Groups of others under the names of ours are taken over: their members who are people of the exports are from then
    /// on what the exports say, the other members stay.
    #[serde(default)]
    pub adopt_groups: bool,
    /// Another program feeds this directory: it is compared (`rentree shadow`) and never written.
    #[serde(default)]
    pub shadow: bool,
    /// What somebody changed by hand in what the exports own.
    #[serde(default)]
    pub drift: Drift,
    #[serde(default)]
    pub dialect: DialectConfig,
}

const fn default_page_size() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(999)
}
const fn default_window() -> u8 {
    16
}
const fn default_timeout() -> u32 {
    60
}

/// What is done about a value of the directory that its own rule takes for the wanted one, and that is written in other
/// letters (`LE GALL` for `Le Gall`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaseChanges {
    /// Left: an equal directory gives an empty plan.
    #[default]
    Ignore,
    /// Written as the exports have it.
    Write,
}

/// `[directory.dialect]`: a preset or a file, with the names that vary most.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialectConfig {
    /// `sdet-siren`, `sdet-uai`, `recia` or `inetorgperson`; the first when neither preset nor file is given.
    pub preset: Option<String>,
    /// A user's own dialect, in the form of `schemas/dialects/*.toml`.
    pub file: Option<PathBuf>,
    /// Branches, relative to the suffix.
    pub people: Option<String>,
    pub structures: Option<String>,
    pub groups: Option<String>,
    /// What new accounts get where the dialect writes domains (`ESCODomaines`), instead of its own.
    pub domains: Option<Vec<String>>,
    pub siret_missing: Option<SiretMissing>,
}

/// What a structure without SIRET gets as `ENTStructureSIREN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SiretMissing {
    Uai,
    Skip,
}

impl DirectoryConfig {
    pub(super) fn resolve(&mut self, folder: &Path) {
        for path in [&mut self.password_file, &mut self.ca_file, &mut self.dialect.file].into_iter().flatten() {
            *path = folder.join(&*path);
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.kind == DirectoryKind::Ldap && self.url.is_none() {
            return Err("directory.url is missing (kind = \"ldap\")".into());
        }
        if !(1..=32).contains(&self.window) {
            return Err(format!("directory.window is {}: 1 to 32", self.window));
        }
        Ok(())
    }
}
