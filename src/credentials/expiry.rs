//! The end of first passwords that nobody used: their envelopes are destroyed, so that they are never printed again.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::audit::{AuditError, Kind, Trail};
use crate::config::CredentialsConfig;
use crate::store::{Store, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum ExpiryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// Destroys the envelopes that are over on `today` (`credentials.valid_days`), and gives how many. The directory is left as
/// it is: whoever kept the sheet may still use it, until `credentials revoke`.
///
/// # Errors
/// When store or trail fail.
pub async fn expire(
    store: &Store,
    credentials: &CredentialsConfig,
    (today, now): (Date, Timestamp),
    trail: &Trail,
) -> Result<u64, ExpiryError> {
    let Some(day) = credentials.over_before(today) else { return Ok(0) };
    let expired = store.expire_envelopes(day, now).await?;
    if expired > 0 {
        let said = serde_json::json!({ "credentials": expired, "days": credentials.valid_days });
        trail.record(Kind::CredentialsExpired, None, said)?;
    }
    Ok(expired)
}
