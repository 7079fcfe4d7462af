//! Who is in scope and who gets an account: the configured choices, checked.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use compact_str::CompactString;
use jiff::civil::Date;

use super::model::{JoinKey, NationalProfile, Profile, Standing};
use super::policy::Policy;
use super::successors::{Successor, present_uai};
use crate::config::{CredentialsConfig, Mode, PolicyConfig, RelativeStanding, RosterConfig};
use crate::feed::Degree;
use crate::feed::values::Uai;
use crate::identity::Rules;

/// A source as the roster names it; its index is [`super::ImageRecord::source`].
#[derive(Debug, Clone)]
pub struct SourceInfo {
    pub name: Arc<str>,
    /// What stands before `$` in the join keys.
    pub prefix: String,
    /// What stood there before.
    pub previous_prefixes: Vec<String>,
    /// Whose tools its schools use.
    pub degree: Degree,
}

/// The choices that the roster is computed under.
#[derive(Debug, Clone)]
pub struct Options {
    /// The schools in scope, sorted; every structure that has pupils when empty.
    pub schools: Vec<Uai>,
    /// Schools that are not in scope whatever else is said.
    pub absent: Vec<Uai>,
    /// Schools of whose pupils only those of some classes are in scope: the codes, in lower case.
    pub classes: BTreeMap<Uai, BTreeSet<CompactString>>,
    /// Which standings give a relative an account.
    pub relatives: Vec<Standing>,
    /// Function code → national profile, over the built-in table; `None` for no profile.
    pub functions: BTreeMap<CompactString, Option<NationalProfile>>,
    /// Cases of one kind that are told one by one in each school; the others are counted.
    pub listed: u32,
    /// Structures that go on under other identifiers, in the order of the decisions.
    pub successors: Vec<Successor>,
    /// What makes two records one person.
    pub identity: Identities,
    /// Who sees and prints what of a family.
    pub policy: Policy,
    /// Profiles that log in through a federation, which must know them.
    pub federated: Vec<Profile>,
}

/// What is known of who is who before the records are read.
#[derive(Debug, Clone, Default)]
pub struct Identities {
    pub rules: Rules,
    /// Join keys of one person: `true` when somebody decided it, which no contradiction undoes.
    pub links: Vec<(JoinKey, JoinKey, bool)>,
    /// Pairs that somebody decided about otherwise, in both orders: not the same, or not yet known.
    pub apart: HashSet<(JoinKey, JoinKey)>,
}

impl Identities {
    /// Whether somebody said that these two are not, or not yet, to be joined.
    #[must_use]
    pub fn keeps_apart(&self, a: &JoinKey, b: &JoinKey) -> bool {
        !self.apart.is_empty() && self.apart.contains(&(a.clone(), b.clone()))
    }
}

/// What fits on a page that somebody reads every night.
const LISTED: u32 = 20;

impl Default for Options {
    fn default() -> Self {
        Self {
            schools: Vec::new(),
            absent: Vec::new(),
            classes: BTreeMap::new(),
            relatives: vec![Standing::Authority, Standing::InCharge],
            functions: BTreeMap::new(),
            listed: LISTED,
            successors: Vec::new(),
            identity: Identities::default(),
            policy: Policy::default(),
            federated: Vec::new(),
        }
    }
}

/// A choice that cannot be followed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OptionsError {
    #[error("roster.schools: {0:?} is not a UAI")]
    NotAUai(String),
    #[error("policy.of_age_in: {0:?} is not a UAI")]
    PolicyUai(String),
    #[error("roster.functions.{code}: {profile:?} is not a staff profile (ENS, DIR, EVS, ETA, ACA, DOC, COL or -)")]
    NotAProfile { code: String, profile: String },
}

impl Options {
    /// Reads `[roster]`.
    ///
    /// # Errors
    /// When a school is no UAI, or a function is mapped to something else than a staff profile.
    pub fn from_config(config: &RosterConfig) -> Result<Self, OptionsError> {
        let mut schools = config
            .schools
            .iter()
            .map(|text| Uai::parse(text).ok_or_else(|| OptionsError::NotAUai(text.clone())))
            .collect::<Result<Vec<_>, _>>()?;
        schools.sort_unstable();
        schools.dedup();
        let mut relatives: Vec<_> = config
            .relatives
            .iter()
            .map(|standing| match standing {
                RelativeStanding::Authority => Standing::Authority,
                RelativeStanding::InCharge => Standing::InCharge,
                RelativeStanding::Contact => Standing::Contact,
            })
            .collect();
        relatives.sort_unstable();
        relatives.dedup();
        let functions = config
            .functions
            .iter()
            .map(|(code, profile)| Ok((code.trim().to_uppercase().into(), staff_profile(code, profile)?)))
            .collect::<Result<_, OptionsError>>()?;
        let absent = config.absent.iter().filter_map(|text| Uai::parse(text)).collect();
        let code = |code: &String| CompactString::from(code.trim().to_lowercase());
        let classes =
            config.classes.iter().filter_map(|(uai, codes)| Some((Uai::parse(uai)?, codes.iter().map(code).collect())));
        let classes = classes.collect();
        Ok(Self { schools, absent, classes, relatives, functions, listed: LISTED, ..Self::default() })
    }

    /// The same choices with those of `[policy]`, as of `today`.
    ///
    /// # Errors
    /// When a school is no UAI.
    pub fn with_policy(mut self, config: &PolicyConfig, today: Option<Date>) -> Result<Self, OptionsError> {
        self.policy = Policy::from_config(config, today).map_err(OptionsError::PolicyUai)?;
        Ok(self)
    }

    /// The same choices, with the profiles that `[credentials]` leaves to a federation.
    #[must_use]
    pub fn with_federated(mut self, config: &CredentialsConfig) -> Self {
        self.federated = Profile::ALL.into_iter().filter(|p| config.of(*p).mode == Mode::Federated).collect();
        self
    }

    /// The same choices, with what is known of who is who.
    #[must_use]
    pub fn with_identities(mut self, identity: Identities) -> Self {
        self.identity = identity;
        self
    }

    /// The same choices about structures some of which go on under other identifiers: a school in scope is so under
    /// its present UAI.
    #[must_use]
    pub fn with_successors(mut self, successors: Vec<Successor>) -> Self {
        let of_age_in = std::mem::take(&mut self.policy.of_age_in).into_iter();
        self.policy.of_age_in = of_age_in.map(|(uai, choice)| (present_uai(&successors, &uai), choice)).collect();
        let classes = std::mem::take(&mut self.classes).into_iter();
        self.classes = classes.map(|(uai, codes)| (present_uai(&successors, &uai), codes)).collect();
        for uai in self.schools.iter_mut().chain(&mut self.absent) {
            *uai = present_uai(&successors, uai);
        }
        self.schools.sort_unstable();
        self.schools.dedup();
        self.successors = successors;
        self
    }
}

/// A mnemonic of the configuration. Pupils and relatives have their own categories: no function makes one.
fn staff_profile(code: &str, text: &str) -> Result<Option<NationalProfile>, OptionsError> {
    let mnemonic = text.trim().to_uppercase();
    if mnemonic == "-" {
        return Ok(None);
    }
    NationalProfile::ALL
        .into_iter()
        .filter(|p| !matches!(p, NationalProfile::Elv | NationalProfile::Tut))
        .find(|p| p.mnemonic() == mnemonic)
        .map(Some)
        .ok_or_else(|| OptionsError::NotAProfile { code: code.to_owned(), profile: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_read() {
        let config = RosterConfig {
            schools: vec!["0290009c".into(), "0210066H".into(), "0290009C".into()],
            functions: [("ase".to_owned(), "evs".to_owned()), ("ORI".to_owned(), "-".to_owned())].into(),
            ..RosterConfig::default()
        };
        let options = Options::from_config(&config).unwrap();
        assert_eq!(options.schools.iter().map(Uai::as_str).collect::<Vec<_>>(), ["0210066H", "0290009C"]);
        assert_eq!(options.functions["ASE"], Some(NationalProfile::Evs));
        assert_eq!(options.functions["ORI"], None);
        assert_eq!(options.relatives, [Standing::Authority, Standing::InCharge]);
    }

    #[test]
    fn what_is_no_choice_is_refused() {
        let bad = |schools: &[&str], functions: &[(&str, &str)]| {
            Options::from_config(&RosterConfig {
                schools: schools.iter().map(ToString::to_string).collect(),
                functions: functions.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
                ..RosterConfig::default()
            })
            .unwrap_err()
            .to_string()
        };
        assert_eq!(bad(&["029 0009C"], &[]), r#"roster.schools: "029 0009C" is not a UAI"#);
        assert!(bad(&[], &[("ASE", "ELV")]).starts_with("roster.functions.ASE: \"ELV\" is not a staff profile"));
    }
}
