//! The end of plans: files that name people are removed when nobody needs them any more.
//!
//! The row of a plan stays in the store with its digest, so the trail can still be read against it. Only what lies in
//! the folder of plans, or was noted as a report below the folder of the store, is removed: a plan that somebody had
//! written elsewhere is that person's to remove. It expires all the same, and is not applied any more.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use crate::audit::{AuditError, Kind, Trail};
use crate::config::RetentionConfig;
use crate::store::{PlanRow, PlanState, Store, StoreError};

/// Why plans could not be brought to their end.
#[derive(Debug, thiserror::Error)]
pub enum ExpiryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot note in the trail that plans expired")]
    Trail(#[from] AuditError),
}

/// Whether a plan is too old to be applied. One whose application began is carried to its end whatever its age.
#[must_use]
pub fn is_expired(row: &PlanRow, retention: &RetentionConfig, now: Timestamp) -> bool {
    row.created_at < retention.plans_before(now.as_millisecond())
        && !matches!(row.state, PlanState::Applying | PlanState::Exported)
}

/// Removes what has expired, and gives how many plans that was: one event in the trail. A file that cannot be removed is
/// told in the log and tried again by the next run.
///
/// # Errors
/// When the store or the trail fails.
pub async fn expire(
    store: &Store,
    retention: &RetentionConfig,
    now: Timestamp,
    trail: &Trail,
) -> Result<u64, ExpiryError> {
    let at = now.as_millisecond();
    let before = retention.plans_before(at);
    let (mut plans, mut files) = (0_u64, 0_u64);
    let folder = store.folder().to_owned();
    for old in store.old_plans(before).await? {
        let folder = folder.clone();
        let (file, reports) = (old.file, old.reports);
        let removed = tokio::task::spawn_blocking(move || remove(&folder, &file, &reports)).await;
        match removed {
            Ok(Ok(n)) => {
                store.plan_expired(&old.id, at).await?;
                (plans, files) = (plans + 1, files + n);
            }
            Ok(Err(error)) => tracing::warn!(plan = old.id, %error, "an old plan cannot be removed"),
            Err(error) => tracing::warn!(plan = old.id, %error, "an old plan cannot be removed"),
        }
    }
    store.forget_reviewed(before).await?;
    if plans > 0 {
        let said = json!({ "plans": plans, "files": files, "days": retention.plans });
        trail.record(Kind::PlansExpired, None, said)?;
    }
    Ok(plans)
}

/// Removes the file of a plan and its reports, where they are ours; what is gone already is fine.
fn remove(folder: &Path, file: &str, reports: &[String]) -> io::Result<u64> {
    let folder = std::path::absolute(folder)?;
    let mut removed = 0;
    let file = Path::new(file);
    if file.parent() == Some(&*folder.join("plans")) {
        removed += remove_file(file)?;
    }
    for report in reports.iter().map(Path::new).filter(|report| report.starts_with(&folder)) {
        // Whatever stands there under a link is somebody else's.
        let Ok(there) = std::fs::symlink_metadata(report) else { continue };
        if !there.is_dir() {
            removed += remove_file(report)?;
            continue;
        }
        for entry in std::fs::read_dir(report)? {
            let page = entry?.path();
            if page.extension().is_some_and(|extension| extension == "html") {
                removed += remove_file(&page)?;
            }
        }
        // Not empty when somebody put something else there, which stays.
        drop(std::fs::remove_dir(report));
    }
    Ok(removed)
}

fn remove_file(path: &Path) -> io::Result<u64> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(1),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::audit::Actor;
    use crate::plan::{PlanId, RunId};
    use crate::store::testing;

    const DAY: i64 = 24 * 3_600 * 1_000;

    #[tokio::test]
    async fn old_plans_go_with_their_pages_and_leave_their_digest() {
        let folder = tempfile::tempdir().unwrap();
        let store = testing::open(folder.path()).await;
        let plans = store.private_folder("plans").unwrap();
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let at = now.as_millisecond();
        let elsewhere = tempfile::tempdir().unwrap();
        let id = |n: u128| PlanId(Uuid::from_u128(n));
        for (n, age, home) in [(1, 91, &plans), (2, 89, &plans), (3, 200, &plans), (4, 95, &elsewhere.path().into())] {
            let file = home.join(format!("{n}.plan"));
            std::fs::write(&file, "x").unwrap();
            store.save_plan(id(n), file.to_str().unwrap(), "d1gest", at - age * DAY).await.unwrap();
        }
        store.set_plan_state(id(3), PlanState::Applying).await.unwrap();
        let pages = folder.path().join("nuit");
        std::fs::create_dir(&pages).unwrap();
        for name in ["index.html", "0290009C.html", "notes.txt"] {
            std::fs::write(pages.join(name), "x").unwrap();
        }
        let outside = elsewhere.path().join("nuit.html");
        std::fs::write(&outside, "x").unwrap();
        for report in [&pages, &outside] {
            store.note_report(&id(1).to_string(), report.to_str().unwrap()).await.unwrap();
        }
        store.note_reviewed(&[[1; 16]], "old", "x", at - 91 * DAY).await.unwrap();
        store.note_reviewed(&[[2; 16]], "new", "x", at - DAY).await.unwrap();

        let trail = Trail::open(&store, RunId(Uuid::nil()), &Actor::current()).await.unwrap();
        let retention = RetentionConfig::default();
        assert_eq!(expire(&store, &retention, now, &trail).await.unwrap(), 2);
        assert_eq!(expire(&store, &retention, now, &trail).await.unwrap(), 0, "once");
        trail.close().await.unwrap();
        let there = |n: u8| plans.join(format!("{n}.plan")).exists();
        assert!(!there(1) && there(2) && there(3), "one of them is being applied");
        assert!(elsewhere.path().join("4.plan").exists() && outside.exists(), "not ours to remove");
        let left: Vec<_> = std::fs::read_dir(&pages).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["notes.txt"]);
        let row = store.plan(&id(1).to_string()).await.unwrap().unwrap();
        assert_eq!(row.digest, "d1gest");
        assert!(is_expired(&row, &retention, now));
        let young = store.plan(&id(2).to_string()).await.unwrap().unwrap();
        assert!(!is_expired(&young, &retention, now));
        assert_eq!(store.reviewed().await.unwrap(), [[2; 16]].into());
    }
}
