//! Hashes for `userPassword`, one file per scheme: made under a fresh salt, and verified.

mod argon2id;
mod pbkdf2;
mod ssha512;

use rand::CryptoRng;

use super::scheme::Scheme;
use super::secret::{PasswordHash, Secret};
use crate::config::CredentialsConfig;

/// Bytes of salt (RFC 9106 §3.1 recommends 16; NIST SP 800-132 §5.1 asks for 16 at least).
const SALT: usize = 16;

#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("argon2 refuses the parameters of [credentials.argon2]: {0}")]
    Parameters(String),
    #[error("the text is no hash in a form that is written here")]
    Form,
    /// Not a wrong password: something that could not be computed.
    #[error("hashing failed: {0}")]
    Compute(String),
}

/// Hashes by one scheme with one set of parameters.
#[derive(Debug)]
pub struct Hasher {
    scheme: Scheme,
    name: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Argon2(argon2id::Argon2id),
    Pbkdf2 { rounds: u32 },
    Ssha512,
}

impl Hasher {
    /// # Errors
    /// When argon2 does not accept the parameters.
    pub fn new(scheme: Scheme, config: &CredentialsConfig) -> Result<Self, HashError> {
        let (name, kind) = match scheme {
            Scheme::Argon2 => {
                let argon2 = argon2id::Argon2id::new(&config.argon2)?;
                (argon2.name(), Kind::Argon2(argon2))
            }
            Scheme::Pbkdf2Sha512 => {
                let rounds = config.pbkdf2_rounds;
                (format!("pbkdf2-sha512:r={rounds}"), Kind::Pbkdf2 { rounds })
            }
            Scheme::Ssha512 => ("ssha512".to_owned(), Kind::Ssha512),
        };
        Ok(Self { scheme, name, kind })
    }

    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Names scheme and parameters.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Hashes under a fresh salt. Takes milliseconds of processor time: call it on a thread made for work.
    ///
    /// # Errors
    /// When the computation fails.
    pub fn hash<R: CryptoRng + ?Sized>(&self, secret: &Secret, rng: &mut R) -> Result<PasswordHash, HashError> {
        use rand::RngExt as _;
        let mut salt = [0; SALT];
        rng.fill(&mut salt);
        match &self.kind {
            Kind::Argon2(argon2) => argon2.hash(secret, &salt),
            Kind::Pbkdf2 { rounds } => Ok(pbkdf2::hash(secret, &salt, *rounds)),
            Kind::Ssha512 => Ok(ssha512::hash(secret, &salt)),
        }
    }
}

/// Whether `hash` is that of `secret`, whatever its scheme and parameters.
///
/// # Errors
/// When the text is no hash in a form of ours.
pub fn verify(hash: &str, secret: &Secret) -> Result<bool, HashError> {
    let scheme = Scheme::of(hash).ok_or(HashError::Form)?;
    let rest = hash.strip_prefix(scheme.prefix()).ok_or(HashError::Form)?;
    match scheme {
        Scheme::Argon2 => argon2id::verify(rest, secret),
        Scheme::Pbkdf2Sha512 => pbkdf2::verify(rest, secret),
        Scheme::Ssha512 => ssha512::verify(rest, secret),
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::config::Argon2Config;

    pub(super) fn secret(text: &str) -> Secret {
        Secret::new(Zeroizing::new(text.to_owned()))
    }

    fn config() -> CredentialsConfig {
        let argon2 = Argon2Config { memory_kib: 64, passes: 1, lanes: 1, allow_weak: true };
        CredentialsConfig { argon2, pbkdf2_rounds: 1_000, ..CredentialsConfig::default() }
    }

    #[test]
    fn every_scheme_verifies_its_own_and_salts_afresh() {
        let mut rng = rand::rng();
        for scheme in Scheme::ALL {
            let hasher = Hasher::new(scheme, &config()).unwrap();
            let (a, b) =
                (hasher.hash(&secret("bamo"), &mut rng).unwrap(), hasher.hash(&secret("bamo"), &mut rng).unwrap());
            assert!(a != b, "{scheme}");
            assert!(a.expose().starts_with(scheme.prefix()), "{scheme}");
            assert!(verify(a.expose(), &secret("bamo")).unwrap(), "{scheme}");
            assert!(!verify(a.expose(), &secret("bame")).unwrap(), "{scheme}");
        }
    }

    #[test]
    fn the_name_tells_what_a_pool_must_agree_with() {
        let names: Vec<String> =
            Scheme::ALL.iter().map(|s| Hasher::new(*s, &config()).unwrap().name().to_owned()).collect();
        assert_eq!(names, ["argon2id:m=64,t=1,p=1", "pbkdf2-sha512:r=1000", "ssha512"]);
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for text in [
            "",
            "{SSHA}abc",
            "{ARGON2}",
            "{ARGON2}$argon2id$v=19$m=64",
            "{SSHA512}",
            "{SSHA512}c2hvcnQ=",
            "{SSHA512}é",
            "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA",
            "{PBKDF2-SHA512}",
            "{PBKDF2-SHA512}0$c2FsdA$aGFzaA",
            "{PBKDF2-SHA512}99999999999$c2FsdA$aGFzaA",
            "{PBKDF2-SHA512}1000$c2FsdA",
            "{PBKDF2-SHA512}1000$$",
        ] {
            assert!(verify(text, &secret("x")).is_err(), "{text}");
        }
        let argon2 = Argon2Config { memory_kib: 1, ..config().argon2 };
        assert!(Hasher::new(Scheme::Argon2, &CredentialsConfig { argon2, ..config() }).is_err());
    }
}
