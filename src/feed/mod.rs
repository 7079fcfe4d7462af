//! The first room: academic exports in, [`Record`]s and [`Finding`]s out.
//!
//! One reader per source format: [`aaf`], and [`table`] for ONDE, CSV and spreadsheets. [`discover`] finds the newest
//! complete set under a path ([`Delivery`]), then the reader ([`aaf::read`]) streams its parts: it keeps a few hundred kilobytes per thread, knows file and line of each
//! record, and never stops at a bad one. A [`Census`] watches the records pass and says at the end how far each category
//! can be trusted. The room decides nothing about persons and knows neither store nor directory.

pub mod aaf;
mod archive;
mod builder;
mod completeness;
mod discovery;
mod explain;
mod finding;
mod french;
pub mod fuzzing;
#[cfg(test)]
mod kept;
mod limits;
mod record;
pub mod report;
pub mod table;
pub mod values;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use aaf::{ReadOptions, fingerprint, read};
pub use builder::FieldsBuilder;
pub use completeness::{Census, Conclusion, is_whole, relatives_of};
pub use discovery::{Offer, discover, survey};
pub use explain::Explanation;
pub use finding::{Code, Finding, Severity, Tool};
pub use limits::Limits;
pub use record::{Category, Fields, Origin, OwnedValues, Record, RecordDigest, Request, Values};

/// Whether a delivery is the whole population or what changed since the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKind {
    Complete,
    Delta,
}

/// The first degree (primary schools) or the second (collèges and lycées): each is exported apart, in its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Degree {
    First,
    Second,
}

/// One set of files of a source: found and dated, not yet read.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub kind: DeliveryKind,
    /// From the file names; `None` when they carry none that is a date.
    pub date: Option<Date>,
    /// In file-name order.
    pub parts: Vec<Part>,
    /// What was noticed while looking: foreign files, older sets, holes in the numbering.
    pub findings: Vec<Finding>,
}

/// One file of a delivery.
#[derive(Debug, Clone)]
pub struct Part {
    pub category: Category,
    /// The name inside the folder or archive, as findings show it.
    pub name: Arc<str>,
    /// Its number (`_0003` gives 3), when the last token is one.
    pub number: Option<u32>,
    /// Unpacked size in bytes as announced, for progress; never trusted.
    pub size: u64,
    pub location: Location,
}

/// Where the bytes of a part are.
#[derive(Debug, Clone)]
pub enum Location {
    File(PathBuf),
    /// A member of a `.zip`, by index.
    Zip {
        archive: PathBuf,
        index: usize,
    },
    /// One compressed file (`.xml.gz`).
    Gz(PathBuf),
    /// A member of a `.tar.gz`, by the place of its first byte in the unpacked stream: read in one pass.
    TarGz {
        archive: PathBuf,
        offset: u64,
    },
}

/// How far a category of a delivery can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// Every part was there and read to its end: what is missing has left.
    Whole,
    /// Missing, empty, malformed, with a hole or contradicted by the others: nobody leaves on its account.
    Partial,
}

impl Delivery {
    /// See [`Reading::digest`]: from the digests of the parts, each with its index.
    fn digest(&self, parts: &[(usize, [u8; 32])]) -> [u8; 32] {
        let named = |(part, digest): &(usize, [u8; 32])| Some((&*self.parts.get(*part)?.name, *digest));
        let mut named: Vec<(&str, [u8; 32])> = parts.iter().filter_map(named).collect();
        named.sort_unstable();
        let mut whole = Sha256::new();
        for (name, digest) in named {
            whole.update((name.len() as u64).to_be_bytes());
            whole.update(name.as_bytes());
            whole.update(digest);
        }
        whole.finalize().into()
    }
}

/// What reading a delivery gave beside its records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Records yielded or rejected, per category, in the order of [`Category::ALL`].
    pub read: [u64; 6],
    /// Of those, rejected while reading (each with a finding).
    pub rejected: [u64; 6],
    /// What the header comments said (`versionAF`, `degre`, `dateGenerationExport`, …), the last file's word.
    pub header: Vec<(String, String)>,
    /// Categories with a part that could not be read to its end.
    pub broken: Vec<Category>,
    /// Unpacked bytes read.
    pub bytes: u64,
    /// SHA-256 over the names and contents of the parts, in the order of the names: the same for the same files,
    /// whatever carried them (folder or archive) and in whatever order they were read. For each part: the length of its
    /// name (8 bytes, big-endian), its name, the SHA-256 of its content.
    pub digest: [u8; 32],
}

impl Reading {
    /// The records of a category: yielded or rejected, and of those rejected.
    #[must_use]
    pub fn of(&self, category: Category) -> (u64, u64) {
        let of = |totals: &[u64; 6]| totals.get(category.index()).copied().unwrap_or_default();
        (of(&self.read), of(&self.rejected))
    }

    /// Adds records of a category, `rejected` of them rejected.
    pub(crate) fn count(&mut self, category: Category, read: u64, rejected: u64) {
        for (totals, more) in [(&mut self.read, read), (&mut self.rejected, rejected)] {
            if let Some(total) = totals.get_mut(category.index()) {
                *total += more;
            }
        }
    }

    /// Notes that a part of a category could not be read to its end.
    pub(crate) fn breaks(&mut self, category: Category) {
        if !self.broken.contains(&category) {
            self.broken.push(category);
        }
    }
}

/// Receives what a reader yields, on the thread that called the reader, in an order that does not depend on the number
/// of threads. The AAF reader gives structures first (whatever the order of the parts), then the other categories, in
/// the order of the files; the reader of tables gives them last, because their classes are what the rows say.
pub trait Sink {
    fn record(&mut self, record: Record);
    fn finding(&mut self, finding: Finding);
    /// Unpacked bytes that were dealt with since the last call, for a progress bar; [`Part::size`] adds up to the total.
    fn progress(&mut self, _bytes: u64) {}
}

/// Why a delivery cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error("no source at {path}")]
    NoSuchPath { path: PathBuf },
    #[error("no readable AAF file in {path} ({seen} other files)")]
    NothingReadable { path: PathBuf, seen: usize },
    #[error("only delta sets in {path} ({files} files): a complete set is needed first")]
    OnlyDeltas { path: PathBuf, files: usize },
    #[error("no table that this program can use in {path} ({seen} other files)")]
    NoTable { path: PathBuf, seen: usize },
    #[error("source of tables: {reason}")]
    Table { reason: String },
    #[error("cannot read {path}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path} is not a readable archive: {reason}")]
    Archive { path: PathBuf, reason: String },
    #[error("{path} goes beyond the limits set for a delivery: {reason}")]
    Limit { path: PathBuf, reason: String },
}
