//! Argon2id, in the form that OpenLDAP's argon2 module checks: `{ARGON2}$argon2id$v=19$m=…,t=…,p=…$salt$hash`.

use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, PasswordVerifier as _, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::HashError;
use crate::config::Argon2Config;
use crate::credentials::scheme::Scheme;
use crate::credentials::secret::{PasswordHash, Secret};

/// Bytes of hash.
const OUTPUT: usize = 32;

/// Hashes with one set of parameters, and keeps the memory that argon2 works in for the next hash: allocating it anew
/// costs up to half of the time.
pub(super) struct Argon2id {
    argon2: Argon2<'static>,
    blocks: usize,
    // As many as threads have hashed at once.
    idle: Mutex<Vec<Vec<Block>>>,
}

impl std::fmt::Debug for Argon2id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

impl Argon2id {
    pub(super) fn new(config: &Argon2Config) -> Result<Self, HashError> {
        let params = Params::new(config.memory_kib, config.passes, config.lanes, Some(OUTPUT))
            .map_err(|e| HashError::Parameters(e.to_string()))?;
        let blocks = params.block_count();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Ok(Self { argon2, blocks, idle: Mutex::default() })
    }

    pub(super) fn name(&self) -> String {
        let params = self.argon2.params();
        format!("argon2id:m={},t={},p={}", params.m_cost(), params.t_cost(), params.p_cost())
    }

    pub(super) fn hash(&self, secret: &Secret, salt: &[u8]) -> Result<PasswordHash, HashError> {
        let mut output = Zeroizing::new([0; OUTPUT]);
        let mut memory = self.memory();
        let done = self.argon2.hash_password_into_with_memory(
            secret.expose().as_bytes(),
            salt,
            output.as_mut_slice(),
            &mut memory,
        );
        self.give_back(memory);
        done.map_err(|e| HashError::Compute(e.to_string()))?;
        let params = self.argon2.params();
        let mut text = Zeroizing::new(String::with_capacity(160));
        text.push_str(Scheme::Argon2.prefix());
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

/// `phc` is what follows the name of the scheme.
pub(super) fn verify(phc: &str, secret: &Secret) -> Result<bool, HashError> {
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
    use super::super::tests::secret;
    use super::*;

    const SMALL: Argon2Config = Argon2Config { memory_kib: 64, passes: 1, lanes: 1, allow_weak: true };
    const SALT: &[u8] = b"0123456789abcdef";

    #[test]
    fn the_form_is_phc_behind_the_scheme_and_verifies() {
        for config in [SMALL, Argon2Config { memory_kib: 128, passes: 3, lanes: 2, allow_weak: true }] {
            let hash = Argon2id::new(&config).unwrap().hash(&secret("bamo-tiku"), SALT).unwrap();
            let phc = hash.expose().strip_prefix("{ARGON2}").unwrap();
            let parsed = argon2::PasswordHash::new(phc).unwrap();
            assert_eq!(parsed.algorithm.as_str(), "argon2id");
            assert_eq!(parsed.version, Some(19));
            assert_eq!(Params::try_from(&parsed).unwrap().m_cost(), config.memory_kib);
            assert_eq!(parsed.hash.unwrap().as_bytes().len(), OUTPUT);
            assert!(verify(phc, &secret("bamo-tiku")).unwrap());
            assert!(!verify(phc, &secret("bamo-tike")).unwrap());
        }
    }

    #[test]
    fn used_memory_gives_the_same_hash_as_fresh_memory() {
        let argon2 = Argon2id::new(&SMALL).unwrap();
        for i in 0..20 {
            let secret = secret(&format!("bamo-{i}"));
            let hash = argon2.hash(&secret, SALT).unwrap();
            // `verify` works in memory of its own.
            assert!(verify(hash.expose().strip_prefix("{ARGON2}").unwrap(), &secret).unwrap());
        }
        assert_eq!(argon2.idle.lock().unwrap().len(), 1, "one thread needs one buffer");
    }
}
