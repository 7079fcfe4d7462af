//! Whose account the last plan keeps back.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::plan::file::Reader;
use crate::plan::{ChangeKind, Line};
use crate::roster::JoinKey;
use crate::store::{Store, StoreError};

/// The people whose account would be created but for a hold; nobody when the plan file has gone or cannot be read.
///
/// # Errors
/// When the store fails.
pub(super) async fn held(store: &Store) -> Result<HashSet<JoinKey>, StoreError> {
    let Some(row) = store.last_plan().await? else { return Ok(HashSet::new()) };
    let path = PathBuf::from(row.file);
    let read = tokio::task::spawn_blocking(move || {
        let Ok(lines) = Reader::open(&path) else { return HashSet::new() };
        let mut held = HashSet::new();
        // What is held comes before what is not.
        for line in lines.map_while(Result::ok) {
            match line {
                Line::Hold(hold) => held.extend(hold.join_key),
                Line::Held { change, .. } if change.kind == ChangeKind::Create => held.extend(change.subject.join_key),
                Line::Change(_) | Line::Seal(_) => break,
                _ => {}
            }
        }
        held
    });
    Ok(read.await.unwrap_or_default())
}
