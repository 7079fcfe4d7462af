//! `[credentials]`: what each profile gets, and how it is hashed.

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::roster::Profile;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CredentialsConfig {
    pub argon2: Argon2Config,
    /// Rounds of PBKDF2-SHA512, on a server that checks it: 100,000 by default, as 389 DS itself writes.
    pub pbkdf2_rounds: u32,
    /// Where the hash of a profile of mode `portal` is written when the account is created; nowhere when absent.
    pub hash_attribute: Option<String>,
    /// Days after its issue until a first password can be printed, and the date on its sheet; 0: for ever.
    pub valid_days: u16,
    pub pupil: ProfileCredentials,
    pub relative: ProfileCredentials,
    pub teacher: ProfileCredentials,
    pub staff: ProfileCredentials,
    /// What pupils of some levels get instead of what `pupil` says: the first that names the level counts.
    pub levels: Vec<LevelCredentials>,
}

impl Default for CredentialsConfig {
    fn default() -> Self {
        let same = ProfileCredentials::default;
        Self {
            argon2: Argon2Config::default(),
            pbkdf2_rounds: 100_000,
            hash_attribute: None,
            valid_days: 90,
            pupil: same(),
            relative: same(),
            teacher: same(),
            staff: same(),
            levels: Vec::new(),
        }
    }
}

impl CredentialsConfig {
    /// The last day of a first password that was issued on `issued`.
    #[must_use]
    pub fn expires(&self, issued: Date) -> Option<Date> {
        (self.valid_days > 0).then(|| issued.saturating_add(Span::new().days(self.valid_days)))
    }

    /// The day before which a first password must have been issued to be over `today`.
    #[must_use]
    pub fn over_before(&self, today: Date) -> Option<Date> {
        (self.valid_days > 0).then(|| today.saturating_sub(Span::new().days(self.valid_days)))
    }

    #[must_use]
    pub const fn of(&self, profile: Profile) -> &ProfileCredentials {
        match profile {
            Profile::Pupil => &self.pupil,
            Profile::Relative => &self.relative,
            Profile::Teacher => &self.teacher,
            Profile::Staff => &self.staff,
        }
    }

    /// The style and entropy of a person's secret. `course` is a pupil's MEF or, in the first degree, level.
    #[must_use]
    pub fn shape(&self, profile: Profile, course: Option<&str>) -> (Style, u32) {
        let of_level = course.filter(|_| profile == Profile::Pupil).and_then(|c| self.level(c)).map(|(_, level)| level);
        let wanted = self.of(profile);
        of_level.map_or((wanted.style, wanted.entropy_bits), |level| (level.style, level.entropy_bits))
    }

    /// The entry of `levels` that a MEF or level falls under.
    fn level(&self, course: &str) -> Option<(usize, &LevelCredentials)> {
        self.levels.iter().enumerate().find(|(_, level)| level.levels.iter().any(|named| is_level(named, course)))
    }

    /// Whether an entry of `levels` names this MEF or level.
    #[must_use]
    pub fn names_level(&self, course: &str) -> bool {
        self.level(course).is_some()
    }

    /// Each shape that may be issued, with what it is for: the profile, and the entry of `levels`.
    pub fn shapes(&self) -> impl Iterator<Item = (Profile, Option<&LevelCredentials>, Style, u32)> {
        Profile::ALL.into_iter().filter(|profile| self.of(*profile).mode.issues()).flat_map(move |profile| {
            let wanted = self.of(profile);
            let levels = self.levels.iter().filter(move |_| profile == Profile::Pupil);
            std::iter::once((profile, None, wanted.style, wanted.entropy_bits))
                .chain(levels.map(move |level| (profile, Some(level), level.style, level.entropy_bits)))
        })
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for profile in Profile::ALL {
            let c = self.of(profile);
            if profile != Profile::Pupil && c.style == Style::Code {
                return Err(format!("credentials.{profile}.style is code: only pupils get codes"));
            }
            let least = c.style.least_bits();
            if c.mode.issues() && c.entropy_bits < least {
                return Err(format!("credentials.{profile}.entropy_bits is {}: at least {least}", c.entropy_bits));
            }
        }
        let below = self.shapes().find(|(profile, _, _, bits)| *bits < 50 && self.of(*profile).mode == Mode::Portal);
        if let Some((profile, ..)) = below {
            return Err(format!(
                "credentials.{profile}: below 50 bits a lockout is needed, which cannot be proved of a portal"
            ));
        }
        for level in &self.levels {
            let (least, named) = (level.style.least_bits(), level.levels.join(", "));
            if level.levels.iter().all(|level| fold(level).is_empty()) {
                return Err("credentials.levels: an entry names no level".to_owned());
            }
            if level.entropy_bits < least {
                return Err(format!(
                    "credentials.levels ({named}): entropy_bits is {}: at least {least}",
                    level.entropy_bits
                ));
            }
        }
        if !(10_000..=10_000_000).contains(&self.pbkdf2_rounds) {
            return Err(format!("credentials.pbkdf2_rounds is {}: 10000 to 10000000", self.pbkdf2_rounds));
        }
        if let Some(attribute) = &self.hash_attribute
            && (attribute.trim().is_empty() || attribute.eq_ignore_ascii_case("userPassword"))
        {
            return Err(format!("credentials.hash_attribute is {attribute:?}: an attribute of the portal's own"));
        }
        self.argon2.check()
    }

    /// Whether any first password is to be changed at the first log-in.
    #[must_use]
    pub fn any_must_change(&self) -> bool {
        Profile::ALL.into_iter().any(|profile| self.must_change(profile))
    }

    /// Whether a profile's is, by the directory: what a portal checks, the portal has changed.
    #[must_use]
    pub fn must_change(&self, profile: Profile) -> bool {
        let of = self.of(profile);
        of.must_change && of.mode == Mode::Bind
    }

    /// Whether the directory checks the passwords of any profile.
    #[must_use]
    pub fn any_bind(&self) -> bool {
        Profile::ALL.into_iter().any(|profile| self.of(profile).mode == Mode::Bind)
    }
}

/// Argon2id parameters. The default is OWASP's (19 MiB, two passes, one lane).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Argon2Config {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
    /// Accepts parameters below OWASP's minimum; `doctor` reports it.
    pub allow_weak: bool,
}

impl Default for Argon2Config {
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1, allow_weak: false }
    }
}

impl Argon2Config {
    /// OWASP's equivalent minima (Password Storage Cheat Sheet): memory in KiB and passes, one lane.
    const OWASP: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

    #[must_use]
    pub fn is_weak(&self) -> bool {
        !Self::OWASP.iter().any(|&(memory, passes)| self.memory_kib >= memory && self.passes >= passes)
    }

    fn check(&self) -> Result<(), String> {
        if self.lanes == 0 || self.passes == 0 || self.memory_kib < 8 * self.lanes {
            return Err("credentials.argon2: lanes and passes at least 1, memory_kib at least 8 per lane".into());
        }
        if self.is_weak() && !self.allow_weak {
            return Err(format!(
                "credentials.argon2: {} KiB × {} passes is weaker than OWASP's minimum; allow_weak = true accepts it",
                self.memory_kib, self.passes
            ));
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileCredentials {
    pub mode: Mode,
    pub style: Style,
    /// Entropy of a generated password, in bits; at least 50, for a code 20.
    pub entropy_bits: u32,
    /// The server asks for another password at the first log-in, where it can (`pwdReset`, of OpenLDAP's ppolicy).
    pub must_change: bool,
}

impl Default for ProfileCredentials {
    fn default() -> Self {
        Self { mode: Mode::Bind, style: Style::Syllables, entropy_bits: 50, must_change: false }
    }
}

/// What the pupils of some levels get.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelCredentials {
    /// In the first degree the level (`CP`, `CE1`); in the second a name (`6EME` to `3EME`) or the first digits of MEF
    /// codes, three at least (`200`).
    pub levels: Vec<String>,
    pub style: Style,
    #[serde(default = "fifty")]
    pub entropy_bits: u32,
}

const fn fifty() -> u32 {
    50
}

/// What a generated password is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// `bamo-tiku-fera-sodu7`.
    #[default]
    Syllables,
    /// `lapin-moulin-tambour-violon-orage`.
    Words,
    /// `bamo-tiku-47`: for the very young, and below fifty bits only where the server locks out whoever tries.
    Code,
}

impl Style {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syllables => "syllables",
            Self::Words => "words",
            Self::Code => "code",
        }
    }

    const fn least_bits(self) -> u32 {
        match self {
            Self::Syllables | Self::Words => 50,
            Self::Code => 20,
        }
    }
}

impl std::fmt::Display for Style {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// First digits of the national MEF of the four years of the collège (nomenclature `N_MEF`).
const COLLEGE: [(&str, &str); 4] = [("6EME", "100"), ("5EME", "101"), ("4EME", "102"), ("3EME", "103")];

/// Whether a level as the configuration names it is the one of a MEF (eleven digits) or of the first degree, delivered
/// as a label or as `code$label` (AAF, `ENTEleveNiveau`).
fn is_level(named: &str, course: &str) -> bool {
    let named = fold(named);
    if named.is_empty() {
        return false;
    }
    let is_mef = course.trim().len() >= 10 && course.trim().bytes().all(|b| b.is_ascii_digit());
    if is_mef {
        let of_college = COLLEGE.iter().find(|(name, _)| *name == named).map(|(_, digits)| *digits);
        let digits = of_college.unwrap_or(&named);
        return digits.len() >= 3 && course.trim().starts_with(digits);
    }
    course.split('$').any(|part| fold(part) == named)
}

/// Capitals and digits only, without accents.
fn fold(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .map(|c| if matches!(c, 'È' | 'É' | 'Ê') { 'E' } else { c })
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The hash goes to `userPassword`; the directory checks it.
    Bind,
    /// No secret: the person logs in elsewhere, the sheet says how.
    Federated,
    /// A portal checks the secret, by a hash that it is given; the directory opens to nobody before the portal says so.
    Portal,
}

impl Mode {
    /// Whether a secret is issued and printed.
    #[must_use]
    pub const fn issues(self) -> bool {
        matches!(self, Self::Bind | Self::Portal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> CredentialsConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_level_takes_the_place_of_the_profile() {
        let config = config(
            "pupil = { style = \"words\" }\n[[levels]]\nlevels = [\"CP\", \"CE1\"]\nstyle = \"code\"\nentropy_bits = 28\n\
             [[levels]]\nlevels = [\"6ème\", \"200\"]\nstyle = \"syllables\"\n",
        );
        assert_eq!(config.check(), Ok(()));
        let of = |course| config.shape(Profile::Pupil, course);
        assert_eq!(of(Some("1121$CP")), (Style::Code, 28));
        assert_eq!(of(Some("ce1")), (Style::Code, 28));
        assert_eq!(of(Some("CE2")), (Style::Words, 50));
        assert_eq!(of(Some("10010012110")), (Style::Syllables, 50), "a MEF of 6EME");
        assert_eq!(of(Some("20010018110")), (Style::Syllables, 50));
        assert_eq!(of(Some("10110001110")), (Style::Words, 50));
        assert_eq!(of(None), (Style::Words, 50));
        assert_eq!(config.shape(Profile::Teacher, Some("CP")), (Style::Syllables, 50));
        assert_eq!(config.shapes().count(), 6);
    }

    #[test]
    fn only_codes_of_pupils_go_below_fifty_bits() {
        assert!(config("pupil = { style = \"words\", entropy_bits = 49 }").check().is_err());
        assert!(config("pupil = { style = \"code\", entropy_bits = 20 }").check().is_ok());
        assert!(config("teacher = { style = \"code\", entropy_bits = 50 }").check().is_err());
        assert!(config("[[levels]]\nlevels = [\"CP\"]\nstyle = \"code\"\nentropy_bits = 12").check().is_err());
        assert!(config("pupil = { mode = \"portal\", style = \"code\", entropy_bits = 30 }").check().is_err());
        assert!(config("[[levels]]\nlevels = []\nstyle = \"words\"").check().is_err());
    }
}
