//! Events that a process could not write before it ended: a file beside the store, one event per line, until the next
//! process takes them up.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use super::AuditError;
use super::chain::Draft;
use crate::store::Store;

pub(super) struct Left {
    path: PathBuf,
}

impl Left {
    pub(super) fn beside(store: &Store) -> Self {
        Self { path: store.path().with_extension("trail-left") }
    }

    /// Adds events to the file. Called on the way out, when nothing better can be done: it has nobody to return an
    /// error to, so the log gets it.
    pub(super) fn write(&self, drafts: &[Draft]) {
        let mut lines = Vec::new();
        for draft in drafts {
            // A draft is made of texts and a number: it always has a JSON form.
            if serde_json::to_writer(&mut lines, draft).is_ok() {
                lines.push(b'\n');
            }
        }
        let written = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)
            .and_then(|mut file| file.write_all(&lines).and_then(|()| file.sync_all()));
        let (events, file) = (drafts.len(), self.path.display());
        match written {
            Ok(()) => tracing::error!(events, %file, "the trail was not closed; the next run takes its events up"),
            Err(error) => tracing::error!(events, %file, %error, "the trail was not closed and its events are lost"),
        }
    }

    /// The events of the file and how many lines were none; nothing when there is no file.
    pub(super) fn read(&self) -> Result<Option<(Vec<Draft>, u64)>, AuditError> {
        let fail = |source| AuditError::Left { path: self.path.clone(), source };
        let file = match std::fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fail(error)),
        };
        let (mut drafts, mut unreadable) = (Vec::new(), 0);
        for line in BufReader::new(file).split(b'\n') {
            match serde_json::from_slice(&line.map_err(fail)?) {
                Ok(draft) => drafts.push(draft),
                // The process may have been stopped in the middle of a line.
                Err(_) => unreadable += 1,
            }
        }
        Ok(Some((drafts, unreadable)))
    }

    pub(super) fn remove(&self) -> Result<(), AuditError> {
        std::fs::remove_file(&self.path).map_err(|source| AuditError::Left { path: self.path.clone(), source })
    }
}
