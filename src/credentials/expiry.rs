//! The end of first passwords that nobody used: their envelopes are destroyed, so that they are never printed again.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::audit::{AuditError, Kind, Trail};
use crate::config::CredentialsConfig;
use crate::store::Store;

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
) -> Result<u64, AuditError> {
    let Some(day) = credentials.over_before(today) else { return Ok(0) };
    let told = |expired| {
        let said = serde_json::json!({ "credentials": expired, "days": credentials.valid_days });
        trail.events([(Kind::CredentialsExpired, None, said)])
    };
    store.expire_envelopes(day, now, told).await
}
