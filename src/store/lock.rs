//! Who may run. One run at a time works on a store: it has the *turn*. A run that reads a source has that source as well, so
//! that the same one is not begun twice, on whatever machine; runs of other sources wait for their turn.
//!
//! Of a store in a file these are locks of the operating system, on files beside it; on a server they are its advisory
//! locks, held by a session of their own. A dead process frees both. A session can be lost under a living run (the server
//! restarts, the network cuts it): from then on that run writes nothing more to the store.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use super::sql::Pool;
use super::{Store, StoreError};
use crate::audit::Actor;

/// How often a run that waits for its turn looks whether it has come.
const LOOKS: Duration = Duration::from_millis(300);

/// The turn, among the advisory locks of a server.
pub(super) const TURN: i64 = 0x5245_4E54_5245_4502;
/// The class of the sources' locks there.
const SOURCES: i32 = 0x5245_4E53;

/// Held until dropped.
#[derive(Debug)]
pub struct RunLock {
    _locks: Locks,
    /// The session that the store looks for before it writes.
    session: Arc<AtomicI32>,
}

#[derive(Debug)]
enum Locks {
    /// Closing a file frees its lock.
    Files { store: PathBuf, held: Vec<File> },
    /// So does the end of the session.
    Session(PgConnection),
}

/// One of the locks.
#[derive(Debug, Clone, Copy)]
enum Name<'n> {
    Turn,
    Source(&'n str),
}

impl RunLock {
    /// Takes the turn, or fails at once when another run has it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another run has it.
    pub async fn take(store: &Store, what: &str) -> Result<Self, StoreError> {
        Self::take_with(store, what, &[], None).await
    }

    /// Takes these sources, or fails at once when another run has one of them; then takes the turn, and waits for it when
    /// there is somebody to be told, once, who has it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another run has it.
    pub async fn take_with(
        store: &Store,
        what: &str,
        sources: &[String],
        mut waiting: Option<&(dyn Fn(&str) + Sync)>,
    ) -> Result<Self, StoreError> {
        let patient = waiting.is_some();
        let mut locks = Locks::begin(store, what).await?;
        for source in sources {
            locks.take(Name::Source(source), what).await?;
        }
        while let Err(error) = locks.take(Name::Turn, what).await {
            match &error {
                StoreError::Locked { holder, .. } if patient => {
                    if let Some(tell) = waiting.take() {
                        tell(holder);
                    }
                }
                _ => return Err(error),
            }
            tokio::time::sleep(LOOKS).await;
        }
        // From now on the store is written only as long as the session lasts.
        if let Locks::Session(session) = &mut locks {
            let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(session).await?;
            store.session.store(pid, Ordering::Release);
        }
        Ok(Self { _locks: locks, session: Arc::clone(&store.session) })
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        self.session.store(0, Ordering::Release);
    }
}

impl Locks {
    async fn begin(store: &Store, what: &str) -> Result<Self, StoreError> {
        let Pool::Postgres(pool) = &store.writer else {
            return Ok(Self::Files { store: store.path().to_owned(), held: Vec::new() });
        };
        let mut session = pool.acquire().await?.detach();
        // Whoever finds it taken is told by whom.
        sqlx::query("SELECT set_config('application_name', left($1, 63), false)")
            .bind(format!("rentree {}", whose(what)))
            .execute(&mut session)
            .await?;
        Ok(Self::Session(session))
    }

    async fn take(&mut self, name: Name<'_>, what: &str) -> Result<(), StoreError> {
        match self {
            Self::Files { store, held } => held.push(lock_file(name, &name.file(store), what)?),
            Self::Session(session) => lock_server(name, session).await?,
        }
        Ok(())
    }
}

impl Name<'_> {
    /// Where it is locked, beside a store in a file.
    fn file(self, store: &Path) -> PathBuf {
        match self {
            Self::Turn => store.with_extension("lock"),
            Self::Source(source) => store.with_extension(format!("{:08x}.lock", digest(source))),
        }
    }

    fn said(self) -> String {
        match self {
            Self::Turn => "another run is under way".to_owned(),
            Self::Source(source) => format!("another run reads the source {source:?}"),
        }
    }
}

/// A name of any length and letters, as a number.
fn digest(source: &str) -> u32 {
    let digest: [u8; 32] = Sha256::digest(source).into();
    digest.first_chunk().copied().map(u32::from_be_bytes).unwrap_or_default()
}

/// For a person who finds it taken.
fn whose(what: &str) -> String {
    format!("{what}, {}, {}", std::process::id(), Actor::current())
}

fn lock_file(name: Name<'_>, path: &Path, what: &str) -> Result<File, StoreError> {
    let fail = |source| StoreError::Lock { path: path.to_owned(), source };
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map_err(fail)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut holder = String::new();
            drop(file.read_to_string(&mut holder));
            return Err(StoreError::Locked { what: name.said(), holder: holder.trim().to_owned() });
        }
        Err(errno) => return Err(fail(errno.into())),
    }
    // The lock itself is the operating system's.
    file.set_len(0).and_then(|()| file.rewind()).map_err(fail)?;
    writeln!(file, "{}", whose(what)).map_err(fail)?;
    Ok(file)
}

async fn lock_server(name: Name<'_>, session: &mut PgConnection) -> Result<(), StoreError> {
    let (class, object) = match name {
        Name::Turn => ((TURN >> 32) as i32, TURN as i32),
        Name::Source(source) => (SOURCES, digest(source).cast_signed()),
    };
    let ours: bool = match name {
        Name::Turn => sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(TURN).fetch_one(&mut *session).await?,
        Name::Source(_) => {
            sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)")
                .bind(class)
                .bind(object)
                .fetch_one(&mut *session)
                .await?
        }
    };
    if ours {
        return Ok(());
    }
    let holder: Option<String> = sqlx::query_scalar(
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_database d ON d.oid = l.database
         WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()
               AND l.classid::bigint = $1 AND l.objid::bigint = $2",
    )
    .bind(i64::from(class.cast_unsigned()))
    .bind(i64::from(object.cast_unsigned()))
    .fetch_optional(session)
    .await?;
    let holder = holder.unwrap_or_default().trim_start_matches("rentree ").to_owned();
    Err(StoreError::Locked { what: name.said(), holder })
}
