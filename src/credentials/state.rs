//! The life of an envelope, as the store keeps it.

use jiff::Timestamp;

use super::addressed::SealedFor;
use super::envelope::{Binding, Content, EnvelopeError, Label, open};
use super::key::PrintKey;
use super::secret::PasswordHash;
use crate::roster::{JoinKey, Profile};

/// Where an envelope stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EnvelopeState {
    /// Saved, its hash perhaps in the directory, perhaps not.
    Pending,
    /// The directory holds its hash.
    Live,
    /// A later one took its place.
    Superseded,
    /// Taken back by somebody.
    Revoked,
    /// Its time is over.
    Expired,
}

impl EnvelopeState {
    pub const ALL: [Self; 5] = [Self::Pending, Self::Live, Self::Superseded, Self::Revoked, Self::Expired];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Live => "live",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What became of a hash that was sent to the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The directory has it.
    Live,
    /// It never got there.
    Dead,
}

/// Why a live envelope ends before another takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Revoked,
    Expired,
}

impl From<Ended> for EnvelopeState {
    fn from(how: Ended) -> Self {
        match how {
            Ended::Revoked => Self::Revoked,
            Ended::Expired => Self::Expired,
        }
    }
}

/// An envelope whose outcome is unknown: look into the directory, then settle it or send the same hash again.
#[derive(Debug)]
pub struct PendingEnvelope {
    pub label: Label,
    pub profile: Profile,
    pub hash: PasswordHash,
}

/// A live envelope, to be opened with the print key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEnvelope {
    /// Whose it is today: another join key than the label's when that changed since it was sealed.
    pub holder: JoinKey,
    pub label: Label,
    pub profile: Profile,
    pub sealed: Vec<u8>,
    pub binding: Option<Binding>,
    pub printed_at: Option<Timestamp>,
    /// For whom it is sealed; an earlier version did not note it.
    pub sealed_for: Option<SealedFor>,
}

impl SealedEnvelope {
    /// Opens it, and refuses one that does not belong to its row.
    ///
    /// # Errors
    /// As [`open`].
    pub fn open(&self, keys: &[PrintKey]) -> Result<Content, EnvelopeError> {
        open(keys, &self.label, &self.sealed, self.binding.as_ref())
    }
}
