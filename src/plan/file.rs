//! Plan files: one object per line (NDJSON), compressed, closed by a seal over all the lines before it.
//!
//! The file is what a human reviews and what a run carries out later, so whoever opens it checks it: format, order,
//! numbering, counts, digest, and that nothing follows. [`Reader`] does so while it streams, [`verify`] does nothing
//! else. Both keep one line in memory, whatever the size of the plan. The seal finds accidents and careless edits; it
//! is no signature, since whoever can write the file can seal it again.
//!
//! Writing is all or nothing: the plan appears under its name, readable by its owner only, when [`Writer::finish`] has
//! put it on disk.

mod reader;
mod writer;

use std::io;
use std::path::PathBuf;

use serde::Serialize;

use super::{Change, FORMAT_VERSION, Header, Hold, Seal};

pub use reader::{Reader, verify};
pub use writer::Writer;
pub(super) use writer::hexadecimal;

/// The longest line in bytes. A group of 100,000 members fits; what is longer is not a plan of ours.
pub const MAX_LINE: usize = 16 << 20;

/// How the files start: gzip without name or date, so that the same plan gives the same bytes and a file that another
/// tool packed again is told apart.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// Why a plan file cannot be written or trusted.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    #[error("cannot read plan {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write plan {path}")]
    Write { path: PathBuf, source: io::Error },
    #[error("{path} is not a plan file")]
    NotAPlan { path: PathBuf },
    #[error("plan {path} was packed again by another program: ask for the file as rentree wrote it")]
    Repacked { path: PathBuf },
    #[error("plan {path} is cut short: it ends at line {line} without its seal")]
    Truncated { path: PathBuf, line: u64 },
    #[error("plan {path} is damaged after line {line}: {reason}")]
    Damaged { path: PathBuf, line: u64, reason: String },
    #[error("line {line} of plan {path} is not readable: {reason}")]
    Malformed { path: PathBuf, line: u64, reason: String },
    #[error("line {line} of plan {path} is longer than {MAX_LINE} bytes")]
    TooLong { path: PathBuf, line: u64 },
    #[error("plan {path} has format {found}, this program knows {FORMAT_VERSION}: use the version that wrote it")]
    Format { path: PathBuf, found: u64 },
    #[error("line {line} of plan {path} is a {found} where {expected} is due")]
    Order { path: PathBuf, line: u64, found: &'static str, expected: &'static str },
    #[error("line {line} of plan {path} is change {found} after change {after}: changes were moved or removed")]
    Sequence { path: PathBuf, line: u64, found: u64, after: u64 },
    #[error("plan {path} does not match its seal: it was altered after it was written")]
    Altered { path: PathBuf },
    #[error("plan {path} holds {counted} {what}, its seal says {sealed}: it was altered after it was written")]
    Counts { path: PathBuf, what: &'static str, counted: u64, sealed: u64 },
    #[error("plan {path} goes on after its seal: something was appended")]
    Appended { path: PathBuf },
}

/// [`super::Line`] by reference, for writing: the same JSON without cloning a change.
#[derive(Serialize)]
#[serde(tag = "line", rename_all = "snake_case")]
enum LineRef<'a> {
    Header(&'a Header),
    Hold(&'a Hold),
    Held {
        hold: &'a str,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        also: &'a [String],
        change: &'a Change,
    },
    Change(&'a Change),
    Seal(&'a Seal),
}

/// How far into the prescribed order of lines a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Start,
    Holds,
    Held,
    Changes,
    Sealed,
}

impl Stage {
    /// The stage after a line, or what was due instead.
    const fn after(self, line: &LineRef<'_>) -> Result<Self, (&'static str, &'static str)> {
        match (self, line) {
            (Self::Start, LineRef::Header(_)) | (Self::Holds, LineRef::Hold(_)) => Ok(Self::Holds),
            (Self::Holds | Self::Held, LineRef::Held { .. }) => Ok(Self::Held),
            (Self::Holds | Self::Held | Self::Changes, LineRef::Change(_)) => Ok(Self::Changes),
            (Self::Holds | Self::Held | Self::Changes, LineRef::Seal(_)) => Ok(Self::Sealed),
            (stage, line) => Err((line.name(), stage.due())),
        }
    }

    const fn due(self) -> &'static str {
        match self {
            Self::Start => "the header",
            Self::Holds => "a hold, a held change, a change or the seal",
            Self::Held => "a held change, a change or the seal",
            Self::Changes => "a change or the seal",
            Self::Sealed => "the end",
        }
    }
}

impl LineRef<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::Header(_) => "header",
            Self::Hold(_) => "hold",
            Self::Held { .. } => "held change",
            Self::Change(_) => "change",
            Self::Seal(_) => "seal",
        }
    }
}

#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;
