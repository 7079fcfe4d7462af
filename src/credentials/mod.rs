//! Initial credentials: drawn by a policy, hashed for the directory, sealed for whoever prints.
//!
//! A secret exists in clear in two places only: here, between the generator and the envelope, and in the process that
//! opens envelopes to print them. Between the two it lies in an [`envelope`] that the [`PrintKey`] alone opens, and its
//! hash in the directory. The [`Issuer`] makes them by the batch, before the directory is written; the store keeps their
//! state. This room does not print, and knows no LDAP beyond the form of `userPassword`.

pub mod activation;
mod addressed;
pub mod envelope;
mod expiry;
mod hash;
mod issuer;
mod key;
pub(crate) mod mac;
mod policy;
mod pool;
pub mod portal;
mod reseal;
mod rude;
mod scheme;
mod secret;
mod signing;
mod state;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use addressed::{Addressees, Astray, SealedFor, astray};
#[cfg(test)]
pub(crate) use envelope::seal;
pub use envelope::{Binding, Content, EnvelopeError, Label, Serial, seal_bytes};
#[cfg(feature = "letters")]
pub(crate) use envelope::{decrypt, open};
pub use expiry::expire;
pub use hash::{HashError, Hasher, verify};
pub use issuer::{Issued, Issuer, NewCredential};
pub use key::{KeyError, LEAST_PASSPHRASE, PrintKey, Recipient, check_passphrase, parse_recipient, read_key};
pub use policy::{LEAST_CODE_BITS, LEAST_ENTROPY_BITS, Policy, PolicyError, generate};
pub(crate) use pool::PoolItem;
pub use reseal::{ResealError, Resealed, reseal};
pub use scheme::Scheme;
pub use secret::{PasswordHash, Secret};
pub use signing::{Signature, SigningError, SigningKey, VerifyingKey};
pub use state::{Ended, EnvelopeState, Outcome, PendingEnvelope, SealedEnvelope};

use crate::roster::Profile;
use crate::store::StoreError;

/// By which password values are known again without being kept: the first half of each one's SHA-256 in hexadecimal,
/// sorted.
#[must_use]
pub fn marks<'v>(values: impl Iterator<Item = &'v [u8]>) -> Vec<String> {
    use sha2::Digest as _;
    let mut marks: Vec<String> =
        values.map(|value| mac::hex(sha2::Sha256::digest(value).get(..16).unwrap_or_default())).collect();
    marks.sort();
    marks
}

/// Why credentials could not be issued.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the profile {profile} gets no password: its mode is federated")]
    Federated { profile: Profile },
    #[error("the pool has secrets but its key {path} is gone; discard the pool")]
    PoolKeyLost { path: PathBuf },
    #[error("the work on the credentials was interrupted")]
    Interrupted,
}
