//! What a plan that was stopped in the midst of its application had let through.
//!
//! A first load that stops half-way (the end of the hours of writing, a server that is gone) leaves schools with half of
//! their accounts; the other half would look like twice as many as there may be. They were measured against the limits
//! when the first plan was made, so they are not measured again.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::roster::JoinKey;
use crate::store::Outcome;

use super::file::Reader;
use super::prepare::{Ground, PlanError};
use super::{ChangeKind, Line, PlanId};

/// The people whom the last plan whose application began was to create and did not: none, when it came to its end. A
/// plan file that has gone since gives nobody: they are then measured like any others.
pub(super) async fn begun(ground: &Ground<'_>) -> Result<HashSet<JoinKey>, PlanError> {
    let Some(row) = ground.store.last_begun_plan().await? else { return Ok(HashSet::new()) };
    let Ok(id) = row.id.parse().map(PlanId) else { return Ok(HashSet::new()) };
    let journal = ground.store.journal(id).await?;
    let path = PathBuf::from(row.file);
    let read = tokio::task::spawn_blocking(move || {
        let Ok(lines) = Reader::open(&path) else { return HashSet::new() };
        let changes = lines.map_while(Result::ok).filter_map(|line| match line {
            Line::Change(change) if change.kind == ChangeKind::Create => Some(change),
            _ => None,
        });
        // Those that failed or moved for a reason of their own were counted too.
        changes
            .filter(|change| journal.get(&change.seq) != Some(&Outcome::Done))
            .filter_map(|change| change.subject.join_key)
            .collect()
    });
    read.await.map_err(|e| PlanError::Stopped(e.to_string()))
}
