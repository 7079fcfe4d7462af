//! The ENT directory: entries, names, and the back ends that hold them.
//!
//! [`Directory`] is the seam: the LDAP server and the embedded directory behave alike behind it. The *dialect*
//! (submodule `dialect`) says how a member of the roster is written as entries. Nothing here decides what should
//! change.

mod branches;
pub mod dialect;
mod dn;
pub mod embedded;
mod entry;
mod hours;
pub mod ldap;
pub mod ldif;
mod pace;
pub mod rights;
pub mod schema;
pub mod survey;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::config::{DirectoryConfig, DirectoryKind};
use crate::store::Store;

pub use branches::{ensure_branches, missing_branches, suffix_entry};
pub use dn::{Dn, DnError};
pub use entry::{AttributeChange, Condition, Entry, Modification, Operation, Value, is_secret};
pub use hours::Hours;
pub use pace::{Pace, Slowdown, Trouble};
pub use schema::Schema;

/// What to read: everything below `base` that matches `filter`, with only these attributes (all user attributes when
/// empty).
#[derive(Debug, Clone)]
pub struct Search {
    pub base: Dn,
    /// RFC 4515.
    pub filter: String,
    pub attributes: Vec<String>,
}

/// A directory server, or what stands for one.
///
/// Implementations are shared between tasks. `userPassword` is an attribute like the others here; callers never log
/// values.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Streams the matching entries, in no promised order. A base that does not exist gives no entry.
    async fn search(&self, search: Search) -> Result<BoxStream<'_, Result<Entry, DirectoryError>>, DirectoryError>;

    /// One entry with all its user attributes, or `None`.
    async fn read(&self, dn: &Dn) -> Result<Option<Entry>, DirectoryError> {
        self.read_with(dn, &[]).await
    }

    /// The same, with these operational attributes, which servers give only to who asks for them by name.
    async fn read_with(&self, dn: &Dn, operational: &[&str]) -> Result<Option<Entry>, DirectoryError>;

    /// Carries out a batch, several at a time (at most 32 on one connection), each paced by `pace`. Gives the outcome
    /// of each, in the order of `operations`. Operations of one batch are independent of each other. An outcome of
    /// [`DirectoryError::Unknown`] means that the operation may or may not have been carried out: re-read before
    /// sending it again. Busy and unavailable answers were already retried.
    async fn execute(&self, operations: &[Operation], pace: &Pace) -> Vec<Result<(), DirectoryError>>;

    /// Whether this password opens this entry. `Ok(false)` for wrong passwords and locked accounts alike.
    async fn bind(&self, dn: &Dn, password: &str) -> Result<bool, DirectoryError>;

    /// The schema that the server publishes, read once; `None` when there is none (the embedded directory), or none that
    /// may be read.
    async fn schema(&self) -> Result<Option<Arc<Schema>>, DirectoryError> {
        Ok(None)
    }

    /// What the server says of itself (RFC 4512 §5.1), operational attributes included; `None` when it is no server.
    async fn root(&self) -> Result<Option<Entry>, DirectoryError> {
        Ok(None)
    }

    /// In words, for reports: `ldap://host:389 (cn=…)` or `embedded`.
    fn describe(&self) -> String;
}

/// Opens the configured directory; the embedded one is in `store`, and gets its suffix entry when it has none.
///
/// # Errors
/// As [`ldap::Ldap::connect`]; when the suffix is not a name; when the store fails.
pub async fn open(config: &DirectoryConfig, store: &Store) -> Result<Box<dyn Directory>, DirectoryError> {
    let suffix =
        Dn::parse(&config.suffix).map_err(|e| DirectoryError::Configuration(format!("directory.suffix: {e}")))?;
    Ok(match config.kind {
        DirectoryKind::Embedded => {
            let embedded = embedded::Embedded::new(store.clone(), suffix);
            embedded.ensure_suffix().await?;
            Box::new(embedded)
        }
        DirectoryKind::Ldap => Box::new(ldap::Ldap::connect(config).await?),
    })
}

/// What a directory answers when it does not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DirectoryError {
    #[error("cannot reach {server}: {reason}")]
    Unreachable { server: String, reason: String },
    #[error("{server} refused the connection's identity {identity}: {reason}")]
    Refused { server: String, identity: String, reason: String },
    #[error("{dn} is already there")]
    AlreadyExists { dn: String },
    #[error("{dn} is not there")]
    NoSuchEntry { dn: String },
    /// A value to delete was not there or a value to add was, or a condition does not hold: the entry is not what the
    /// plan saw.
    #[error("{dn} is not what the plan saw: {reason}")]
    Moved { dn: String, reason: String },
    /// Schema, syntax, rights: asking again would not help.
    #[error("{dn}: the server answered {code} ({reason})")]
    Rejected { dn: String, code: u32, reason: String },
    /// Busy, unavailable, too slow, after the retries.
    #[error("{dn}: {reason}, after {attempts} attempts")]
    Unavailable { dn: String, reason: String, attempts: u32 },
    /// Not sent: the server refuses one write after the other, for a reason of its own.
    #[error("{server} takes no writes: {reason}")]
    Stopped { server: String, reason: String },
    /// The connection broke before the answer came.
    #[error("{dn}: the outcome is unknown ({reason})")]
    Unknown { dn: String, reason: String },
    #[error("{0}")]
    Configuration(String),
}

impl DirectoryError {
    /// Whether the server may do better in a moment.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Unavailable { .. })
    }

    /// Whether it ends a batch: nothing was sent, and nothing more will be.
    #[must_use]
    pub const fn ends_batch(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Stopped { .. })
    }
}
