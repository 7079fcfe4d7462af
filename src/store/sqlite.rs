//! The store in a file: SQLite in WAL mode, one connection writes, several read. The file is created 0600.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqlitePool};

use super::sql::Pool;
use super::{Store, StoreError};

/// Rows that the driver may read ahead of us.
const ROW_BUFFER: usize = 1_024;

/// The writer's cache of pages, in KiB (SQLite counts those below zero): an index of a million keys fits.
const WRITER_CACHE: &str = "-65536";

/// Pages of the write-ahead log before it is copied into the database: each time costs two waits for the disk.
const WAL_PAGES: &str = "16384";

/// Opens the database in this file, creating file and schema when absent.
pub(super) async fn open(path: &Path) -> Result<Store, StoreError> {
    let path = path.to_owned();
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
    Ok(Store::new(Pool::Sqlite(writer), Pool::Sqlite(reader), path))
}

/// With `synchronous = NORMAL` a commit in WAL mode is written but not synced. A passive checkpoint syncs the log only when
/// it finds something to copy and no reader in its way (it skips both, and reports success, while a reader of an older
/// state is busy). So one row is committed with `synchronous = FULL`, which syncs the whole log, every earlier commit
/// included.
pub(super) async fn durable(writer: &SqlitePool) -> Result<(), StoreError> {
    let mut writer = writer.acquire().await?;
    sqlx::query("PRAGMA synchronous = FULL").execute(&mut *writer).await?;
    let committed = sqlx::query("UPDATE durable SET mark = mark + 1").execute(&mut *writer).await;
    // Left at FULL (if this task is dropped here), later commits are only slower.
    sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut *writer).await?;
    committed?;
    Ok(())
}

pub(super) async fn empty_log(writer: &SqlitePool) -> Result<bool, StoreError> {
    let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(writer).await?;
    Ok(busy == 0)
}

pub(super) async fn copy(writer: &SqlitePool, file: &Path) -> Result<(), StoreError> {
    create_private(file).map_err(|source| StoreError::Create { path: file.to_owned(), source })?;
    sqlx::query("VACUUM INTO ?1").bind(file.display().to_string()).execute(writer).await?;
    Ok(())
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
