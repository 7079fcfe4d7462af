//! The mark beside the store: a small file that says which generation the store has reached, and the last uid of each
//! series. A store that is brought back from an old copy is behind it, and would give names a second time.
//!
//! The mark is no part of the database, so that a copy of the database alone cannot take it along; where the whole folder
//! is brought back, the directory's own names are the witness ([`Witness`](super::Witness)). Nothing of either is ever
//! written into the directory.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::private;
use crate::store::{Store, StoreError};

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Raised at the beginning and at the end of every run.
    pub generation: u64,
    /// The last number of each series of uids.
    #[serde(default)]
    pub counters: BTreeMap<String, u64>,
}

#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    #[error(
        "the store is an old copy or a new one: it has reached generation {store}, the mark beside it ({path}) says {mark}; \
         it would give names a second time. Bring back the newest copy, or let `rentree recover` rebuild it from the directory \
         (`rentree recover --dry-run` shows what that does)"
    )]
    Behind { path: PathBuf, store: u64, mark: u64 },
    #[error("cannot write the mark of the store ({path})")]
    Write { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Beside the database, under its name.
fn place(store: &Store) -> PathBuf {
    store.path().with_extension("generation")
}

/// What the file says; nothing when there is none, or none of ours.
#[must_use]
pub fn read(store: &Store) -> Mark {
    let text = std::fs::read_to_string(place(store)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Whether the store has reached what the mark says.
///
/// # Errors
/// [`MarkError::Behind`] when it has not: nothing may be given or written.
pub async fn check(store: &Store) -> Result<(), MarkError> {
    let (mark, reached) = (read(store).generation, store.generation().await?);
    if mark > reached {
        return Err(MarkError::Behind { path: place(store), store: reached, mark });
    }
    Ok(())
}

/// Raises store and mark together, the store first: killed in between, the store is ahead, which is nothing to refuse.
///
/// # Errors
/// When the store or the file cannot be written.
pub async fn raise(store: &Store) -> Result<(), MarkError> {
    let mut mark = read(store);
    mark.generation = mark.generation.max(store.generation().await?) + 1;
    store.set_generation(mark.generation).await?;
    for (series, last) in store.uid_counters().await? {
        let known = mark.counters.entry(series).or_default();
        *known = last.max(*known);
    }
    let path = place(store);
    let written = private::write(&path, |file| {
        serde_json::to_writer(&mut *file, &mark)?;
        file.write_all(b"\n")
    });
    written.map_err(|source| MarkError::Write { path: path.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing;

    #[tokio::test]
    async fn a_copy_is_behind_and_what_goes_on_is_not() {
        if testing::on_a_server() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let here = testing::open(folder.path()).await;
        check(&here).await.unwrap();
        raise(&here).await.unwrap();
        check(&here).await.unwrap();
        here.empty_log().await.unwrap();
        std::fs::copy(folder.path().join("rentree.db"), folder.path().join("copy")).unwrap();
        raise(&here).await.unwrap();
        check(&here).await.unwrap();
        here.reader.close().await;
        here.writer.close().await;
        drop(here);
        for log in ["rentree.db-wal", "rentree.db-shm"] {
            drop(std::fs::remove_file(folder.path().join(log)));
        }
        std::fs::rename(folder.path().join("copy"), folder.path().join("rentree.db")).unwrap();
        let old = testing::open(folder.path()).await;
        let error = check(&old).await.unwrap_err();
        assert!(matches!(error, MarkError::Behind { store: 1, mark: 2, .. }), "{error}");
        assert!(error.to_string().contains("rentree recover"));
        // What recovers raises it above the mark.
        raise(&old).await.unwrap();
        check(&old).await.unwrap();
    }

    #[tokio::test]
    async fn a_damaged_mark_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let here = testing::open(folder.path()).await;
        std::fs::write(place(&here), b"\xff{").unwrap();
        check(&here).await.unwrap();
        raise(&here).await.unwrap();
        assert_eq!(read(&here).generation, 1);
    }
}
