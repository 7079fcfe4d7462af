//! The store: the SQL schema (`schemas/sqlite`) and every query. No business rule lives here.
//!
//! SQLite in WAL mode: one connection writes, several read. Rows go in by several hundred per statement, because each
//! call to the driver costs a thread hop. Every file is created 0600. [`RunLock`] is the operating system's lock on a
//! file beside the database: a dead process frees it.

mod acceptance;
mod accounts;
mod before;
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
mod successors;
mod trail;
mod writing;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqlitePool};

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

/// Rows that the driver may read ahead of us.
const ROW_BUFFER: usize = 1_024;

/// The writer's cache of pages, in KiB (SQLite counts those below zero): an index of a million keys fits.
const WRITER_CACHE: &str = "-65536";

/// Pages of the write-ahead log before it is copied into the database: each time costs two waits for the disk.
const WAL_PAGES: &str = "16384";

/// The open store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) writer: SqlitePool,
    pub(crate) reader: SqlitePool,
    path: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot open the store {path}")]
    Open { path: PathBuf, source: sqlx::Error },
    #[error("cannot create the store {path}")]
    Create { path: PathBuf, source: std::io::Error },
    #[error("the store {path} could not be brought to this version's schema")]
    Migrate { path: PathBuf, source: sqlx::migrate::MigrateError },
    #[error("the store did not answer")]
    Query(#[from] sqlx::Error),
    #[error("another run holds the lock of the store ({path})")]
    Locked { path: PathBuf },
    #[error("cannot lock the store ({path})")]
    Lock { path: PathBuf, source: std::io::Error },
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
        let path = PathBuf::from(url.strip_prefix("sqlite:").unwrap_or(url));
        create_private(&path).map_err(|source| StoreError::Create { path: path.clone(), source })?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .journal_mode(SqliteJournalMode::Wal)
            // NORMAL loses at most the last commits on a power cut, never integrity; commits that must be durable
            // before a directory write ask for it with `durable`.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(30))
            .foreign_keys(true)
            // Rows cross from the driver's thread to ours this many at a time; at the default of 50, a read of whole
            // tables spends a quarter of its time on switching between the two.
            .row_buffer_size(ROW_BUFFER)
            .pragma("temp_store", "memory")
            // Pages are read into a bounded cache rather than mapped: resident memory stays small however large the file.
            .pragma("mmap_size", "0")
            .pragma("secure_delete", "on");
        let open = |source| StoreError::Open { path: path.clone(), source };
        let writing = options.clone().pragma("cache_size", WRITER_CACHE).pragma("wal_autocheckpoint", WAL_PAGES);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            // A commit that failed (a full disk) may leave its transaction open: the next one gets a new connection, and
            // says for itself what is wrong.
            .after_release(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(writing)
            .await
            .map_err(open)?;
        migrate(&writer).await.map_err(|source| StoreError::Migrate { path: path.clone(), source })?;
        let reader = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options.read_only(true))
            .await
            .map_err(|source| StoreError::Open { path: path.clone(), source })?;
        Ok(Self { writer, reader, path })
    }

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
    /// With `synchronous = NORMAL` a commit in WAL mode is written but not synced. A passive checkpoint syncs the log
    /// only when it finds something to copy and no reader in its way (it skips both, and reports success, while a
    /// reader of an older state is busy). So one row is committed with `synchronous = FULL`, which syncs the whole log,
    /// every earlier commit included.
    ///
    /// # Errors
    /// When the commit fails.
    pub async fn durable(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.acquire().await?;
        sqlx::query("PRAGMA synchronous = FULL").execute(&mut *writer).await?;
        let committed = sqlx::query("UPDATE durable SET mark = mark + 1").execute(&mut *writer).await;
        // Left at FULL (if this task is dropped here), later commits are only slower.
        sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut *writer).await?;
        committed?;
        Ok(())
    }

    /// Copies the write-ahead log into the database and empties it, so that what was deleted does not linger there:
    /// call at the end of a run. `false` when a reader was in the way.
    ///
    /// # Errors
    /// When the checkpoint fails.
    pub async fn empty_log(&self) -> Result<bool, StoreError> {
        let (busy, _, _): (i64, i64, i64) =
            sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&self.writer).await?;
        Ok(busy == 0)
    }
}

/// Binds a whole list as one parameter, for `IN (SELECT value FROM json_each(?))`.
pub(crate) fn json_list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<serde_json::Value>().to_string()
}

impl Store {
    /// Writes a copy of the whole database to a file that is not there yet.
    ///
    /// # Errors
    /// When the copy cannot be written.
    pub async fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        create_private(file).map_err(|source| StoreError::Create { path: file.to_owned(), source })?;
        sqlx::query("VACUUM INTO ?1").bind(file.display().to_string()).execute(&self.writer).await?;
        Ok(())
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

/// Brings the schema to this version, in one transaction that two programs cannot be in at once: of two first runs that
/// begin together, the second finds the tables of the first. A store that lacks nothing is only checked, so that nobody
/// waits for a run that writes.
async fn migrate(writer: &SqlitePool) -> Result<(), sqlx::migrate::MigrateError> {
    let migrator = sqlx::migrate!("schemas/sqlite");
    let mut connection = writer.acquire().await?;
    let known: Result<i64, _> =
        sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success").fetch_one(&mut *connection).await;
    if known.is_ok_and(|known| known.unsigned_abs() as usize >= migrator.iter().count()) {
        return migrator.run_direct(None, &mut *connection, false).await;
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    migrator.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    Ok(())
}

/// Creates the file readable by its owner only; an existing one is left as it is.
fn create_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty() && !f.exists()) {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}
