//! `[roster]` and `[naming]`: who gets an account, and under which names.

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RosterConfig {
    /// UAI of the schools in scope; all structures that have pupils when empty.
    pub schools: Vec<String>,
    /// Which relatives get an account.
    pub relatives: Vec<RelativeStanding>,
    /// Function code → national profile, over the built-in table (`{ "ASE" = "ETA" }`; `-` for none).
    pub functions: std::collections::BTreeMap<String, String>,
    /// UAI of schools that do not take part on the day of the run: what `[rollout]` comes to, see `Config::on`.
    #[serde(skip)]
    pub absent: Vec<String>,
    /// By UAI, the classes of schools of which no others take part that day; likewise.
    #[serde(skip)]
    pub classes: std::collections::BTreeMap<String, Vec<String>>,
}

impl Default for RosterConfig {
    fn default() -> Self {
        Self {
            schools: Vec::new(),
            relatives: vec![RelativeStanding::Authority, RelativeStanding::InCharge],
            functions: std::collections::BTreeMap::new(),
            absent: Vec::new(),
            classes: std::collections::BTreeMap::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelativeStanding {
    /// Holders of parental authority (old link codes: legal 1 or 2; new: legal 1).
    Authority,
    /// In charge without authority (new link codes: legal 2).
    InCharge,
    Contact,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NamingConfig {
    /// First character of a `uid`: the region's or project's letter.
    pub uid_letter: char,
    /// The digit of this generator, so that several may feed one directory.
    pub uid_generator: u8,
    pub login: LoginRule,
    /// Characters of a login before the homonym suffix; the base shortens so that suffix and all fit in this.
    pub login_length: u8,
}

impl Default for NamingConfig {
    fn default() -> Self {
        Self { uid_letter: 'F', uid_generator: 0, login: LoginRule::FirstDotLast, login_length: 18 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginRule {
    /// `prenom.nom`, hyphens kept, first homonym `prenom.nom1`.
    FirstDotLast,
    /// `prenom.nom` without hyphens, suffix from 2.
    FirstDotLastPlain,
    /// First letter and surname: `pnom`.
    InitialLast,
}
