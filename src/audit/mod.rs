//! The trail: what was done, by whom, when, about whom, in an order that cannot be rewritten unnoticed.
//!
//! Each event's hash covers the hash before it, its number, time, run, kind, actor, the pseudonym of the person
//! concerned, and a salted digest of its payload. Payload and salt lie in a row apart: erasing a person deletes them and
//! leaves the chain valid. Whoever changes, removes, inserts or reorders events breaks it ([`verify`] says where);
//! whoever rewrites it whole is found out by a [`Head`] that somebody noted down, which is why each run prints one, or by
//! a signed [`Checkpoint`] that was kept elsewhere.
//!
//! Events of low value pass a quota and go on as exact counts; every other event is always written. No secret and no
//! hash of one is ever recorded. This room does not decide what an event is worth a reader's attention; it loses none.

mod actor;
mod chain;
mod checkpoint;
mod export;
mod kind;
mod left;
mod payload;
mod quota;
mod show;
#[cfg(test)]
mod tests;
mod trail;
mod verify;

use std::path::PathBuf;

pub use actor::Actor;
pub use chain::{Head, HeadError};
pub(crate) use chain::{Link, Payload};
pub use checkpoint::{Checkpoint, CheckpointError, checkpoints, new_signing_key, signing_key};
pub use export::{ExportError, Format, export};
pub use kind::{Kind, Note};
pub(crate) use payload::WITHHELD;
pub use show::{Event, EventFilter, head, show};
pub use trail::{Trail, Unchained};
pub use verify::{Problem, Tampering, Verdict, verify};

use crate::store::StoreError;

/// Why the trail could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("an event {kind} cannot be written as JSON")]
    Payload { kind: &'static str, source: serde_json::Error },
    #[error("cannot take up the events that an earlier run left in {path}")]
    Left { path: PathBuf, source: std::io::Error },
}
