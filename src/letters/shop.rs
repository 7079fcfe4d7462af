//! A print shop: what is made for it is encrypted for its keys before it reaches a disk, and nobody else opens it, the
//! project included.

use crate::config::LettersConfig;
use crate::credentials::{EnvelopeError, KeyError, Recipient, parse_recipient, seal_bytes};

/// A shop of the configuration, with its keys.
#[derive(Debug, Clone)]
pub struct Shop {
    name: String,
    recipients: Vec<Recipient>,
}

/// Why there is no such shop.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    #[error("no [letters.shops.{name}] is configured; there are: {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") })]
    Unknown { name: String, known: Vec<String> },
    #[error("letters.shops.{name}")]
    Key { name: String, source: KeyError },
}

impl Shop {
    /// The shop that the configuration calls `name`.
    ///
    /// # Errors
    /// When there is none, or one of its keys is no public age key.
    pub fn of(letters: &LettersConfig, name: &str) -> Result<Self, ShopError> {
        let Some(shop) = letters.shops.get(name) else {
            return Err(ShopError::Unknown { name: name.to_owned(), known: letters.shops.keys().cloned().collect() });
        };
        let recipients: Result<Vec<_>, _> =
            shop.recipients.iter().map(|recipient| parse_recipient(recipient)).collect();
        let recipients = recipients.map_err(|source| ShopError::Key { name: name.to_owned(), source })?;
        Ok(Self { name: name.to_owned(), recipients })
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An age file of `bytes`, made in memory.
    pub(super) fn seal(&self, bytes: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        seal_bytes(&self.recipients, bytes)
    }
}
