//! The run lock: at most one run on a store, held by the operating system so that a dead process frees it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use rustix::fs::{FlockOperation, flock};

use super::{Store, StoreError};

/// Held until dropped.
#[derive(Debug)]
pub struct RunLock {
    // Closing the file frees the lock.
    _file: File,
}

impl RunLock {
    /// Takes the lock of `store`, or fails at once when another process has it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another run has it.
    pub fn take(store: &Store, what: &str) -> Result<Self, StoreError> {
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
        Ok(Self { _file: file })
    }
}
