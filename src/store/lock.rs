//! The run lock: at most one run on a store, held by the operating system so that a dead process frees it; of a store on a
//! server by the server as well, for all machines.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use rustix::fs::{FlockOperation, flock};

use sqlx::PgConnection;

use super::sql::Pool;
use super::{Store, StoreError};

/// Held until dropped.
#[derive(Debug)]
pub struct RunLock {
    // Closing the file frees the lock.
    _file: File,
    // So does the end of the session.
    _session: Option<PgConnection>,
}

/// The advisory lock of a run, on a server.
const RUN: i64 = 0x5245_4E54_5245_4502;

impl RunLock {
    /// Takes the lock of `store`, or fails at once when another process has it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another run has it.
    pub async fn take(store: &Store, what: &str) -> Result<Self, StoreError> {
        let path: PathBuf = store.path().with_extension("lock");
        let fail = |source| StoreError::Lock { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                drop(file.read_to_string(&mut holder));
                tracing::debug!(holder, "the lock is held");
                return Err(StoreError::Locked { path });
            }
            Err(errno) => return Err(fail(errno.into())),
        }
        // Who holds it, for a person who looks; the lock itself is the operating system's.
        file.set_len(0).and_then(|()| file.rewind()).map_err(fail)?;
        writeln!(file, "{} {what}", std::process::id()).map_err(fail)?;
        Ok(Self { _file: file, _session: session(store).await? })
    }
}

/// The server's lock, by a session of its own.
async fn session(store: &Store) -> Result<Option<PgConnection>, StoreError> {
    let Pool::Postgres(pool) = &store.writer else { return Ok(None) };
    let mut session = pool.acquire().await?.detach();
    let ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(RUN).fetch_one(&mut session).await?;
    if ours { Ok(Some(session)) } else { Err(StoreError::Locked { path: store.path().to_owned() }) }
}
