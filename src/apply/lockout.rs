//! Whether the server locks out whoever tries passwords: proved on a probe, as nothing that a server says of itself
//! tells whether its policy reaches the accounts that are written here.
//!
//! Codes for the very young hold fewer than fifty bits. They are issued only where [`prove`] saw a lockout, not longer
//! ago than [`FRESH_DAYS`]: a policy that somebody switched off since must not go unseen for a year. The CNIL
//! (deliberation 2022-100) asks for 80 bits of a password alone and for 50 where access to the account is restricted,
//! for instance by a lock after ten failures at most; its 13 bits are for the code of a device that the person holds.

use jiff::civil::Date;

use super::probe::{Probe, ProbeError};
use crate::config::CredentialsConfig;
use crate::credentials::{Policy, Scheme};
use crate::directory::Directory;
use crate::directory::dialect::Dialect;
use crate::store::{Store, StoreError};

/// Failures after which an account must be closed (CNIL, deliberation 2022-100, case 2: at most ten).
pub const FAILURES: u32 = 10;
/// Days that a proof counts.
pub const FRESH_DAYS: i32 = 30;

#[derive(Debug, thiserror::Error)]
pub enum LockoutError {
    #[error(
        "no credential was written: codes of fewer than 50 bits are issued only where the server locks an account after \
         {FAILURES} wrong passwords, and {server} {how}; run `rentree doctor`, or give them 50 bits in [credentials]"
    )]
    Unproved { server: String, how: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether any profile or level gets secrets that only a lockout protects.
#[must_use]
pub fn is_needed(credentials: &CredentialsConfig) -> bool {
    credentials.shapes().any(|(_, _, style, bits)| Policy::new(style, bits).is_ok_and(|policy| policy.needs_lockout()))
}

/// Refuses to issue what only a lockout protects, unless this server was seen to lock.
///
/// # Errors
/// When there is no proof, an old one, or one of the contrary.
pub async fn require(
    store: &Store,
    credentials: &CredentialsConfig,
    server: &str,
    today: Date,
) -> Result<(), LockoutError> {
    if !is_needed(credentials) {
        return Ok(());
    }
    let how = match store.lockout(server).await? {
        Some((day, true)) if is_fresh(day, today) => return Ok(()),
        Some((day, true)) => format!("was last seen to do so on {day}, more than {FRESH_DAYS} days ago"),
        Some((day, false)) => format!("did not on {day}"),
        None => "was never seen to".to_owned(),
    };
    Err(LockoutError::Unproved { server: server.to_owned(), how })
}

/// Whether what was seen on a day still counts.
#[must_use]
pub fn is_fresh(day: Date, today: Date) -> bool {
    // A day to come is a clock that was wrong: no proof.
    today.since(day).is_ok_and(|span| (0..=FRESH_DAYS).contains(&span.get_days()))
}

/// Tries [`FAILURES`] wrong passwords on a probe; gives whether its own then fails. The probe is gone afterwards.
///
/// # Errors
/// When the probe can be neither added nor deleted, or the server does not answer.
pub async fn prove(
    directory: &dyn Directory,
    dialect: &Dialect,
    credentials: &CredentialsConfig,
    scheme: Scheme,
) -> Result<bool, ProbeError> {
    let Ok(probe) = Probe::add(directory, dialect, credentials, scheme).await? else { return Ok(false) };
    let locked = closes(directory, &probe).await;
    probe.remove().await?;
    locked
}

async fn closes(directory: &dyn Directory, probe: &Probe<'_>) -> Result<bool, ProbeError> {
    // What does not open at first would look locked afterwards.
    if !probe.binds().await? {
        return Ok(false);
    }
    for n in 0..FAILURES {
        directory.bind(&probe.dn, &format!("wrong-{n}")).await?;
    }
    Ok(!probe.binds().await?)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::store::testing;

    fn config(bits: u32) -> CredentialsConfig {
        toml::from_str(&format!("pupil = {{ style = \"code\", entropy_bits = {bits} }}")).unwrap()
    }

    #[tokio::test]
    async fn a_short_code_needs_a_fresh_proof_for_this_very_server() {
        let folder = tempfile::tempdir().unwrap();
        let store = testing::open(folder.path()).await;
        let today = date(2026, 9, 1);
        let ask = |bits, server| {
            let store = store.clone();
            async move { require(&store, &config(bits), server, today).await.map_err(|e| e.to_string()) }
        };
        assert_eq!(ask(50, "a").await, Ok(()), "fifty bits need none");
        assert!(ask(28, "a").await.unwrap_err().contains("never seen"));
        store.note_lockout("a", date(2026, 8, 5), true).await.unwrap();
        assert_eq!(ask(28, "a").await, Ok(()));
        assert!(ask(28, "b").await.is_err(), "another server");
        store.note_lockout("a", date(2026, 7, 31), true).await.unwrap();
        assert!(ask(28, "a").await.unwrap_err().contains("2026-07-31"), "too old");
        store.note_lockout("a", today, false).await.unwrap();
        assert!(ask(28, "a").await.unwrap_err().contains("did not"));
        store.note_lockout("a", date(2026, 9, 2), true).await.unwrap();
        assert!(ask(28, "a").await.is_err(), "a day to come");
    }
}
