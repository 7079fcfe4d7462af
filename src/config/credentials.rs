//! `[credentials]`: what each profile gets, and how it is hashed.

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
    pub pupil: ProfileCredentials,
    pub relative: ProfileCredentials,
    pub teacher: ProfileCredentials,
    pub staff: ProfileCredentials,
}

impl Default for CredentialsConfig {
    fn default() -> Self {
        let same = ProfileCredentials::default;
        Self {
            argon2: Argon2Config::default(),
            pbkdf2_rounds: 100_000,
            hash_attribute: None,
            pupil: same(),
            relative: same(),
            teacher: same(),
            staff: same(),
        }
    }
}

impl CredentialsConfig {
    #[must_use]
    pub const fn of(&self, profile: Profile) -> &ProfileCredentials {
        match profile {
            Profile::Pupil => &self.pupil,
            Profile::Relative => &self.relative,
            Profile::Teacher => &self.teacher,
            Profile::Staff => &self.staff,
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for profile in Profile::ALL {
            let c = self.of(profile);
            if c.mode.issues() && c.entropy_bits < 50 {
                return Err(format!("credentials.{profile}.entropy_bits is {}: at least 50", c.entropy_bits));
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
    /// Entropy of a generated password, in bits; at least 50.
    pub entropy_bits: u32,
}

impl Default for ProfileCredentials {
    fn default() -> Self {
        Self { mode: Mode::Bind, entropy_bits: 50 }
    }
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
