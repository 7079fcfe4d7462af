//! A plan that is asked for by its path or its number, unless its time is over.

use std::path::PathBuf;

use jiff::Timestamp;
use rentree::config::RetentionConfig;
use rentree::plan::expiry::is_expired;
use rentree::plan::{PlanId, Verdict};
use rentree::store::{PlanRow, Store};

use super::exit::Failure;

/// Why a plan is not used any more.
#[derive(Debug, thiserror::Error)]
#[error(
    "plan {id} is more than {days} days old and has expired (digest {digest}): what it compared is no longer so, make a \
     new one with `rentree plan`"
)]
struct Expired {
    id: String,
    days: u16,
    digest: String,
}

/// A path, or the number of a plan that was saved on this store.
pub async fn locate(
    store: &Store,
    retention: &RetentionConfig,
    now: Timestamp,
    plan: &str,
) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(plan);
    if path.exists() {
        return Ok(path);
    }
    match store.plan(plan).await? {
        Some(row) => {
            refuse(&row, retention, now)?;
            Ok(row.file.into())
        }
        None => Err(Failure::usage(format!("no file and no saved plan is called {plan:?}"))),
    }
}

/// Refuses a plan, also one given by its file, that this store knows to be too old.
pub async fn refuse_expired(
    store: &Store,
    retention: &RetentionConfig,
    now: Timestamp,
    plan: PlanId,
) -> Result<(), Failure> {
    match store.plan(&plan.to_string()).await? {
        Some(row) => refuse(&row, retention, now),
        None => Ok(()),
    }
}

fn refuse(row: &PlanRow, retention: &RetentionConfig, now: Timestamp) -> Result<(), Failure> {
    if is_expired(row, retention, now) {
        let expired = Expired { id: row.id.clone(), days: retention.plans, digest: row.digest.clone() };
        return Err(Failure::new(Verdict::Stale, expired));
    }
    Ok(())
}
