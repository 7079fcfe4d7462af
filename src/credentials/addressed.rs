//! For whom envelopes are sealed, and for whom they should be: somebody changes school, a school gets a key of its own, a
//! key goes. Envelopes are only sealed anew by who has the project's key, so the nights count those that wait for it.

use std::collections::HashMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::CredentialError;
use super::key::{KeyError, Recipient, parse_recipient};
use crate::config::LettersConfig;
use crate::store::Store;

/// The keys for which an envelope is sealed, as the first half of a SHA-256 of their public halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SealedFor(pub [u8; 16]);

impl SealedFor {
    /// Whatever the order of the keys.
    #[must_use]
    pub fn of(recipients: &[Recipient]) -> Self {
        let mut names: Vec<String> = recipients.iter().map(ToString::to_string).collect();
        names.sort();
        names.dedup();
        let digest = Sha256::digest(names.join("\n"));
        let mut half = [0; 16];
        half.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(half)
    }
}

/// For whom the configuration wants envelopes sealed, by the schools of their people.
#[derive(Debug)]
pub struct Addressees<'c> {
    letters: &'c LettersConfig,
    found: HashMap<Vec<String>, SealedFor>,
}

impl<'c> Addressees<'c> {
    #[must_use]
    pub fn new(letters: &'c LettersConfig) -> Self {
        Self { letters, found: HashMap::new() }
    }

    /// The digest for somebody in these schools (UAI).
    ///
    /// # Errors
    /// When the configuration holds a key that is none.
    pub fn of<'s>(&mut self, schools: impl IntoIterator<Item = &'s str>) -> Result<SealedFor, KeyError> {
        let names = self.letters.recipients_of(schools);
        if let Some(known) = self.found.get(&names) {
            return Ok(*known);
        }
        let recipients = names.iter().map(|name| parse_recipient(name)).collect::<Result<Vec<_>, _>>()?;
        let digest = SealedFor::of(&recipients);
        self.found.insert(names, digest);
        Ok(digest)
    }
}

/// Live envelopes that are not, or may not be, sealed for whom the configuration names now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Astray {
    /// Sealed for others.
    pub to_reseal: u64,
    /// Sealed by an earlier version, which did not note for whom.
    pub unknown: u64,
}

/// Counts them, in one look at the store.
///
/// # Errors
/// When the store fails, or the configuration holds a key that is none.
pub async fn astray(store: &Store, letters: &LettersConfig) -> Result<Astray, CredentialError> {
    let mut addressees = Addressees::new(letters);
    let mut found = Astray::default();
    for (schools, sealed_for, envelopes) in store.sealed_by_schools().await? {
        let right = addressees.of(schools.iter().map(String::as_str))?;
        match sealed_for {
            None => found.unknown += envelopes,
            Some(sealed) if sealed != right => found.to_reseal += envelopes,
            Some(_) => {}
        }
    }
    Ok(found)
}
