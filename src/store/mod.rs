//! The store: the SQL schema (`schemas/sqlite`, `schemas/postgres`) and every query. No business rule lives here.
//!
//! A file (SQLite in WAL mode: one connection writes, several read) or a database on a PostgreSQL server; [`sql`] is the one
//! face of the two. Rows go in by several hundred per statement, because each call to a driver costs a thread hop or a way
//! to the server. Every file is created 0600. [`RunLock`] keeps two runs apart: a dead process frees it.

mod acceptance;
mod accounts;
mod before;
mod copy;
mod decisions;
mod deliveries;
pub(crate) mod entries;
mod envelopes;
mod generation;
mod history;
mod holdings;
mod identity;
mod images;
mod indicators;
mod ledger;
mod lock;
mod lockout;
mod look_up;
mod names;
mod notices;
mod openings;
mod overview;
mod packs;
mod portal;
mod postgres;
mod readings;
mod renewals;
mod reviews;
mod roles;
mod runs;
mod schedules;
mod seals;
mod secret_pool;
mod shadow;
mod sheets;
mod sql;
mod sqlite;
mod successors;
#[cfg(test)]
pub(crate) mod testing;
mod trail;
mod writing;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI32;

use sql::Pool;

use crate::config::StoreConfig;

pub use acceptance::{Acceptance, StagedRecord};
pub use accounts::{AccountRow, SchoolRow, Stage};
pub use before::Before;
pub use decisions::{DecisionRow, HoldNews};
pub use deliveries::DeliveryRow;
pub use envelopes::hash_mark;
pub use history::{PrintFilter, PrintedBefore, PrintedPath, Shredded, StatesNow};
pub use holdings::{Called, HeldRow};
pub use identity::{AnswerRow, CaseRow, LinkRow, MergedRow, is_join_key};
pub use images::{ImageRow, KnownRecord, SourceRow};
pub use indicators::IndicatorRow;
pub use ledger::{PrintBatch, PrintedSheet};
pub use lock::RunLock;
pub use look_up::{CredentialRow, SheetRow};
pub use names::NameRow;
pub use notices::{NewNotice, NoticeRow};
pub use openings::TooMany;
pub use overview::{ClassCount, LastRun, SchoolCount, SourceOverview};
pub use packs::{PackRow, PackTold, PackedSheet, ReceiptRow};
pub use portal::{IssuedPassword, PortalHash};
pub use readings::ReadingRow;
pub use renewals::RenewalRow;
pub use reviews::OldPlan;
pub use roles::RoleLinkRow;
pub use runs::{BatchResult, EnvelopeResult, ExportedPlan, JournalRow, Outcome, PlanRow, PlanState};
pub use schedules::ScheduleRow;
pub use shadow::DivergenceRow;
pub use sheets::PrintedAt;
pub use successors::SuccessorRow;

/// Rows per multi-row statement: beyond some 500 nothing is gained, and SQLite's bind limit nears.
pub(crate) const ROWS_PER_STATEMENT: usize = 500;
/// Rows of a transaction where each row stands alone: some ten milliseconds, so that whoever else writes (a printing, the
/// console) waits no longer.
pub(crate) const ROWS_PER_TRANSACTION: usize = 2_000;

/// The open store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) writer: Pool,
    pub(crate) reader: Pool,
    path: PathBuf,
    /// On a server, the session of this process that has the turn; 0 when none has.
    session: Arc<AtomicI32>,
}

impl Store {
    fn new(writer: Pool, reader: Pool, path: PathBuf) -> Self {
        Self { writer, reader, path, session: Arc::default() }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot open the store {path}")]
    Open { path: PathBuf, source: sqlx::Error },
    #[error("{0} names no store in a file")]
    Address(String),
    #[error("cannot create the store {path}")]
    Create { path: PathBuf, source: std::io::Error },
    #[error("the store {path} could not be brought to this version's schema")]
    Migrate { path: PathBuf, source: sqlx::migrate::MigrateError },
    #[error("the store did not answer")]
    Query(#[from] sqlx::Error),
    #[error("{what} ({holder})")]
    Locked { what: String, holder: String },
    #[error(
        "the connection that kept other runs away was lost (the server restarted, or somebody cut it): another run may have \
         begun, so this one stops; the next run goes on with what is unfinished"
    )]
    TurnLost,
    #[error("cannot lock the store ({path})")]
    Lock { path: PathBuf, source: std::io::Error },
    #[error(
        "the store is in use already ({rows} runs, names and events): only a new one can take over another. Give store.url an \
         empty database"
    )]
    InUse { rows: u64 },
    /// A row that this version cannot have written.
    #[error("the store holds a damaged row in {table}: {reason}")]
    Damaged { table: &'static str, reason: String },
}

impl Store {
    /// Opens the database at `url` (`sqlite:<path>`), creating file and schema when absent.
    ///
    /// # Errors
    /// When the file cannot be created or opened, or its schema is newer than this program's.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        match url.strip_prefix("sqlite:") {
            Some(file) => sqlite::open(Path::new(file)).await,
            None => Err(StoreError::Address(url.to_owned())),
        }
    }

    /// Opens the store of a configuration.
    ///
    /// # Errors
    /// As [`Store::open`]; when the server cannot be reached, or does not let us in.
    pub async fn of(config: &StoreConfig) -> Result<Self, StoreError> {
        match &config.folder {
            Some(folder) if config.is_postgres() => postgres::open(config, folder).await,
            _ => Self::open(&config.url).await,
        }
    }

    /// Closes its connections; the other copies of this value have none either then.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    /// The file of the database; on a server, the name beside which local files are kept.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that plans, reports and the lock live beside.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or_else(|| Path::new("."))
    }

    /// Forces what was committed onto the disk: call before a directory write that relies on it.
    ///
    /// # Errors
    /// When the commit fails.
    pub async fn durable(&self) -> Result<(), StoreError> {
        match &self.writer {
            Pool::Sqlite(writer) => sqlite::durable(writer).await,
            Pool::Postgres(writer) => postgres::durable(writer).await,
        }
    }

    /// Copies the write-ahead log into the database and empties it, so that what was deleted does not linger there:
    /// call at the end of a run. `false` when a reader was in the way.
    ///
    /// # Errors
    /// When the checkpoint fails.
    pub async fn empty_log(&self) -> Result<bool, StoreError> {
        match &self.writer {
            Pool::Sqlite(writer) => sqlite::empty_log(writer).await,
            Pool::Postgres(_) => Ok(true),
        }
    }
}

/// Text without U+0000, which a server has no room for.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// Binds a whole list as one parameter, for `IN (SELECT value FROM json_each(?))`.
pub(crate) fn json_list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| storable(&item.to_string()).into_owned()).collect::<serde_json::Value>().to_string()
}

impl Store {
    /// Writes a copy of the whole database to a file that is not there yet.
    ///
    /// # Errors
    /// When the copy cannot be written.
    pub async fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        match &self.writer {
            Pool::Sqlite(writer) => sqlite::copy(writer, file).await,
            Pool::Postgres(_) => sqlite::open(file).await?.take_over(self).await.map(drop),
        }
    }

    /// A folder beside the database for what belongs to it, made for its owner only.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn private_folder(&self, name: &str) -> Result<PathBuf, StoreError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let path = self.folder().join(name);
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(|source| StoreError::Create { path: path.clone(), source })?;
        Ok(path)
    }
}
