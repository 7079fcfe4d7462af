//! The schemes of `userPassword`: which forms of hash are made here, and how each is called.
//!
//! Which of them a server checks is a property of the server, found out by a proof (`apply::probe`) and never guessed:
//! a server that does not know a scheme may take the whole text for a password in clear.

use serde::Serialize;

use crate::config::PasswordScheme;

/// A way of storing a password that this program can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Argon2id, OpenLDAP's argon2 module.
    Argon2,
    /// PBKDF2 over HMAC-SHA-512: 389 DS, and OpenLDAP's contributed pbkdf2 module.
    Pbkdf2Sha512,
    /// One salted pass of SHA-512: OpenLDAP's contributed sha2 module and most other servers. Fast to compute, hence
    /// fast to guess: the strength of the drawn password is then all there is.
    Ssha512,
}

impl Scheme {
    /// From the strongest down, the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::Argon2, Self::Pbkdf2Sha512, Self::Ssha512];

    /// As `directory.password_scheme` writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Argon2 => "argon2",
            Self::Pbkdf2Sha512 => "pbkdf2-sha512",
            Self::Ssha512 => "ssha512",
        }
    }

    /// What stands before the hash in `userPassword`.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Argon2 => "{ARGON2}",
            Self::Pbkdf2Sha512 => "{PBKDF2-SHA512}",
            Self::Ssha512 => "{SSHA512}",
        }
    }

    /// Whether guessing against a stolen hash is made slow.
    #[must_use]
    pub const fn is_slow(self) -> bool {
        !matches!(self, Self::Ssha512)
    }

    /// The scheme of a hash of ours.
    #[must_use]
    pub fn of(hash: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| hash.starts_with(scheme.prefix()))
    }

    /// The hash alone, as others than LDAP servers take it (`$argon2id$…`, the PHC string format).
    #[must_use]
    pub fn without_prefix(hash: &str) -> &str {
        Self::of(hash).and_then(|scheme| hash.strip_prefix(scheme.prefix())).unwrap_or(hash)
    }

    /// The schemes that the configuration allows, in the order in which to try them.
    #[must_use]
    pub fn allowed(wanted: PasswordScheme) -> Vec<Self> {
        match wanted {
            PasswordScheme::Auto => Self::ALL.to_vec(),
            PasswordScheme::Argon2 => vec![Self::Argon2],
            PasswordScheme::Pbkdf2Sha512 => vec![Self::Pbkdf2Sha512],
            PasswordScheme::Ssha512 => vec![Self::Ssha512],
        }
    }
}

impl std::fmt::Display for Scheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_tells_its_scheme() {
        for scheme in Scheme::ALL {
            assert_eq!(Scheme::of(&format!("{}x", scheme.prefix())), Some(scheme));
        }
        assert_eq!(Scheme::of("{SSHA}x"), None);
        assert_eq!(Scheme::of(""), None);
    }

    #[test]
    fn the_automatic_choice_tries_the_strongest_first() {
        assert_eq!(Scheme::allowed(PasswordScheme::Auto), Scheme::ALL);
        assert_eq!(Scheme::allowed(PasswordScheme::Ssha512), [Scheme::Ssha512]);
    }
}
