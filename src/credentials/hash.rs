//! Argon2id, in the form that OpenLDAP's argon2 module checks: `{ARGON2}$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
//!
//! A server that does not know the scheme may take the whole text for a clear password (389 DS does): which scheme a
//! server knows is for the directory's probe to find out, not for this module.

use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, PasswordVerifier as _, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rand::{CryptoRng, RngExt as _};
use zeroize::Zeroizing;

use super::secret::{PasswordHash, Secret};
use crate::config::Argon2Config;

/// The name of the scheme in `userPassword`.
const SCHEME: &str = "{ARGON2}";
/// Bytes of salt (RFC 9106 §3.1 recommends 16).
const SALT: usize = 16;
/// Bytes of hash.
const OUTPUT: usize = 32;

#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("argon2 refuses the parameters of [credentials.argon2]: {0}")]
    Parameters(String),
    #[error("the hash is not of the form {SCHEME}$argon2id$…")]
    Form,
    /// Not a wrong password: something that argon2 could not compute.
    #[error("argon2 failed: {0}")]
    Compute(String),
}

/// Hashes with one set of parameters, and keeps the memory that argon2 works in for the next hash: allocating it anew
/// costs up to half of the time.
pub struct Hasher {
    argon2: Argon2<'static>,
    blocks: usize,
    // As many as threads have hashed at once.
    idle: Mutex<Vec<Vec<Block>>>,
    name: String,
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Hasher {
    /// # Errors
    /// When argon2 does not accept the parameters.
    pub fn new(config: &Argon2Config) -> Result<Self, HashError> {
        let params = Params::new(config.memory_kib, config.passes, config.lanes, Some(OUTPUT))
            .map_err(|e| HashError::Parameters(e.to_string()))?;
        let name = format!("argon2id:m={},t={},p={}", config.memory_kib, config.passes, config.lanes);
        let blocks = params.block_count();
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            blocks,
            idle: Mutex::default(),
            name,
        })
    }

    /// Names the parameters.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Hashes under a fresh salt. Takes milliseconds of processor time: call it on a thread made for work.
    ///
    /// # Errors
    /// When argon2 fails.
    pub fn hash<R: CryptoRng + ?Sized>(&self, secret: &Secret, rng: &mut R) -> Result<PasswordHash, HashError> {
        let mut salt = [0; SALT];
        rng.fill(&mut salt);
        let mut output = Zeroizing::new([0; OUTPUT]);
        let mut memory = self.memory();
        let done = self.argon2.hash_password_into_with_memory(
            secret.expose().as_bytes(),
            &salt,
            output.as_mut_slice(),
            &mut memory,
        );
        self.give_back(memory);
        done.map_err(|e| HashError::Compute(e.to_string()))?;
        let params = self.argon2.params();
        let mut text = Zeroizing::new(String::with_capacity(160));
        text.push_str(SCHEME);
        text.push_str(&format!("$argon2id$v=19$m={},t={},p={}$", params.m_cost(), params.t_cost(), params.p_cost()));
        STANDARD_NO_PAD.encode_string(salt, &mut text);
        text.push('$');
        STANDARD_NO_PAD.encode_string(output.as_slice(), &mut text);
        Ok(PasswordHash::new(text))
    }

    fn memory(&self) -> Vec<Block> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| vec![Block::new(); self.blocks])
    }

    fn give_back(&self, memory: Vec<Block>) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

/// Whether `hash` is that of `secret`, whatever its parameters.
///
/// # Errors
/// When the text is no argon2 hash in our form.
pub fn verify(hash: &str, secret: &Secret) -> Result<bool, HashError> {
    let phc = hash.strip_prefix(SCHEME).ok_or(HashError::Form)?;
    let parsed = argon2::PasswordHash::new(phc).map_err(|_| HashError::Form)?;
    if parsed.algorithm.as_str() != "argon2id" || parsed.salt.is_none() || parsed.hash.is_none() {
        return Err(HashError::Form);
    }
    match Argon2::default().verify_password(secret.expose().as_bytes(), &parsed) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(e) => Err(HashError::Compute(e.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Argon2Config = Argon2Config { memory_kib: 64, passes: 1, lanes: 1, allow_weak: true };

    fn secret(text: &str) -> Secret {
        Secret::new(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn the_form_is_phc_behind_the_scheme_and_verifies() {
        for config in [SMALL, Argon2Config { memory_kib: 128, passes: 3, lanes: 2, allow_weak: true }] {
            let hasher = Hasher::new(&config).unwrap();
            let hash = hasher.hash(&secret("bamo-tiku"), &mut rand::rng()).unwrap();
            let phc = hash.expose().strip_prefix("{ARGON2}").unwrap();
            let parsed = argon2::PasswordHash::new(phc).unwrap();
            assert_eq!(parsed.algorithm.as_str(), "argon2id");
            assert_eq!(parsed.version, Some(19));
            assert_eq!(Params::try_from(&parsed).unwrap().m_cost(), config.memory_kib);
            assert_eq!(parsed.hash.unwrap().as_bytes().len(), OUTPUT);
            assert!(verify(hash.expose(), &secret("bamo-tiku")).unwrap());
            assert!(!verify(hash.expose(), &secret("bamo-tike")).unwrap());
        }
    }

    #[test]
    fn used_memory_gives_the_same_hash_as_fresh_memory() {
        let hasher = Hasher::new(&SMALL).unwrap();
        for i in 0..20 {
            let text = format!("bamo-{i}");
            let hash = hasher.hash(&secret(&text), &mut rand::rng()).unwrap();
            // `verify` works in memory of its own.
            assert!(verify(hash.expose(), &secret(&text)).unwrap());
        }
        assert_eq!(hasher.idle.lock().unwrap().len(), 1, "one thread needs one buffer");
    }

    #[test]
    fn the_same_password_never_gives_the_same_hash() {
        let hasher = Hasher::new(&SMALL).unwrap();
        let mut rng = rand::rng();
        let (a, b) = (hasher.hash(&secret("x"), &mut rng).unwrap(), hasher.hash(&secret("x"), &mut rng).unwrap());
        assert!(a != b);
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for text in
            ["", "{SSHA}abc", "{ARGON2}", "{ARGON2}$argon2id$v=19$m=64", "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA"]
        {
            assert!(verify(text, &secret("x")).is_err(), "{text}");
        }
        assert!(Hasher::new(&Argon2Config { memory_kib: 1, ..SMALL }).is_err());
    }
}
