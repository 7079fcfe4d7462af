//! `{SSHA512}` and base64 of SHA-512(password ‖ salt) ‖ salt: the form of OpenLDAP's contributed sha2 module and of
//! 389 DS.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::HashError;
use crate::credentials::scheme::Scheme;
use crate::credentials::secret::{PasswordHash, Secret};

/// Bytes of a SHA-512.
const DIGEST: usize = 64;

pub(super) fn hash(secret: &Secret, salt: &[u8]) -> PasswordHash {
    let mut bytes = Zeroizing::new(Vec::with_capacity(DIGEST + salt.len()));
    bytes.extend_from_slice(&digest(secret, salt));
    bytes.extend_from_slice(salt);
    let mut text = Zeroizing::new(String::with_capacity(128));
    text.push_str(Scheme::Ssha512.prefix());
    STANDARD.encode_string(bytes.as_slice(), &mut text);
    PasswordHash::new(text)
}

/// `rest` is what follows the name of the scheme.
pub(super) fn verify(rest: &str, secret: &Secret) -> Result<bool, HashError> {
    let bytes = STANDARD.decode(rest).map_err(|_| HashError::Form)?;
    let (hash, salt) = bytes.split_at_checked(DIGEST).ok_or(HashError::Form)?;
    Ok(digest(secret, salt).ct_eq(hash).into())
}

fn digest(secret: &Secret, salt: &[u8]) -> [u8; DIGEST] {
    let mut hasher = Sha512::new();
    hasher.update(secret.expose().as_bytes());
    hasher.update(salt);
    hasher.finalize().into()
}
