//! The first room: academic exports in, [`Record`]s and [`Finding`]s out.
//!
//! One reader per source format. A reader finds the delivery under a path ([`Delivery`]), then streams its parts: it
//! never keeps more than one record per thread, knows file and line of each, and never stops at a bad one. It decides
//! nothing about persons and knows neither store nor directory.

pub mod aaf;
mod archive;
mod finding;
mod record;
pub mod report;
pub mod values;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use finding::{Code, Finding, Severity, Tool};
pub use record::{Category, Fields, FieldsBuilder, Origin, Record, RecordDigest, Request, Values};

/// Whether a delivery is the whole population or what changed since the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKind {
    Complete,
    Delta,
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
    /// Compressed or plain size in bytes as stored, for progress.
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
    /// A member of a `.tar.gz`, by position among its entries: read in one pass over the archive.
    TarGz {
        archive: PathBuf,
        index: usize,
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

/// What reading a delivery gave beside its records.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Records yielded or rejected, per category, in the order of [`Category::ALL`].
    pub read: [u64; 6],
    /// Of those, rejected while reading (each with a finding).
    pub rejected: [u64; 6],
    /// What the header comments said (`versionAF`, `degre`, `dateGenerationExport`, …), the last file's word.
    pub header: Vec<(String, String)>,
    /// Categories with a part that could not be read to its end.
    pub broken: Vec<Category>,
    pub bytes: u64,
}

/// Receives what a reader yields. Readers run on a thread pool and call it from several threads through a channel:
/// an implementation is called by one thread at a time, in no promised order between parts.
pub trait Sink {
    fn record(&mut self, record: Record);
    fn finding(&mut self, finding: Finding);
}

/// Why a delivery cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error("no source at {path}")]
    NoSuchPath { path: PathBuf },
    #[error("no readable AAF file in {path} ({seen} other files)")]
    NothingReadable { path: PathBuf, seen: usize },
    #[error("cannot read {path}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path} is not a readable archive: {reason}")]
    Archive { path: PathBuf, reason: String },
    #[error("{path} goes beyond the limits set for a delivery: {reason}")]
    Limit { path: PathBuf, reason: String },
}
