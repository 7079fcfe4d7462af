//! The pool: secrets drawn, hashed and sealed in the quiet weeks, for nobody yet, so that the first run of September
//! does not wait for argon2 (a hundred thousand accounts are a quarter of an hour of it on two cores).
//!
//! An item has two halves. `sealed` holds the secret and is for the print key, as in any envelope. `material` holds what
//! the engine needs on the day, without the print key: the hash for `userPassword` and the key of the binding. No hash
//! may lie in the store in clear, so it is sealed for a *pool key* in a file beside the store (0600), made with the first
//! item and removed with the last. Why beside the store, then? It is not for somebody who can read both: he gets a hash
//! that belongs to no account yet, of at least fifty random bits. It is for everything that outlives the pool: backups
//! and copies of the database, freed pages, the write-ahead log. Once the key file is gone, what they kept of the pool
//! is noise.

use std::path::{Path, PathBuf};

use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::envelope::{BindingKey, decrypt, seal_ahead, seal_bytes};
use super::hash::Hasher;
use super::key::{KeyError, PrintKey, Recipient, read_key};
use super::mac::{hex, unhex};
use super::policy::{Policy, generate};
use super::secret::PasswordHash;
use super::{CredentialError, EnvelopeError};
use crate::store::Store;

/// A secret for nobody yet.
#[derive(Debug)]
pub(crate) struct PoolItem {
    /// Number in the store; 0 before it is there.
    pub id: i64,
    pub sealed: Vec<u8>,
    pub material: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Material<'a> {
    hash: &'a str,
    bind: &'a str,
}

impl PoolItem {
    /// Draws, hashes and seals one. Milliseconds of processor time.
    pub(super) fn make(
        policy: &Policy,
        hasher: &Hasher,
        recipients: &[Recipient],
        pool: &Recipient,
    ) -> Result<Self, CredentialError> {
        let mut rng = rand::rng();
        let secret = generate(policy, &mut rng);
        let hash = hasher.hash(&secret, &mut rng)?;
        let mut bind: BindingKey = Zeroizing::new([0; 32]);
        rng.fill(bind.as_mut_slice());
        let sealed = seal_ahead(recipients, &secret, &bind)?;
        let bind = Zeroizing::new(hex(bind.as_slice()));
        let mut text = Zeroizing::new(Vec::with_capacity(512));
        serde_json::to_writer(&mut *text, &Material { hash: hash.expose(), bind: &bind })
            .map_err(|e| EnvelopeError::Seal(e.into()))?;
        let material = seal_bytes(std::slice::from_ref(pool), &text)?;
        Ok(Self { id: 0, sealed, material })
    }

    /// The hash, and the key to bind it with.
    pub(super) fn material(&self, key: &PrintKey) -> Result<(PasswordHash, BindingKey), EnvelopeError> {
        let text = decrypt(std::slice::from_ref(key), &self.material)?;
        let material: Material<'_> = serde_json::from_slice(&text).map_err(|_| EnvelopeError::Damaged)?;
        let bind = unhex(material.bind).ok_or(EnvelopeError::Damaged)?;
        Ok((PasswordHash::new(Zeroizing::new(material.hash.to_owned())), bind))
    }
}

/// Where the pool key lies.
pub(super) fn key_path(store: &Store) -> PathBuf {
    store.path().with_extension("pool-key")
}

/// The pool key, if there is a pool.
pub(super) fn existing_key(path: &Path) -> Result<Option<PrintKey>, KeyError> {
    if !path.exists() {
        return Ok(None);
    }
    // Never under a passphrase: the nightly run reads it.
    read_key(path, || Err(std::io::ErrorKind::Unsupported.into())).map(Some)
}

/// The pool key, made when there is none.
pub(super) fn ensure_key(path: &Path) -> Result<PrintKey, KeyError> {
    if let Some(key) = existing_key(path)? {
        return Ok(key);
    }
    let key = PrintKey::generate();
    key.write(path, None, &[])?;
    Ok(key)
}

/// Removes the key when nothing is left that it opens.
pub(super) async fn remove_key_when_empty(store: &Store) -> Result<(), CredentialError> {
    if store.pool_counts().await?.is_empty() {
        let path = key_path(store);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(KeyError::Write { path, source }.into());
            }
            _ => {}
        }
    }
    Ok(())
}
