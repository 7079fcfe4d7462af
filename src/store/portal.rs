//! Hashes that a portal takes over, and what is known of each account's first password.

use std::collections::HashMap;

use futures_util::StreamExt as _;
use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use jiff::Timestamp;

use super::sql::query;
use super::{Store, StoreError};
use crate::roster::JoinKey;

/// A live credential that a portal checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalHash {
    pub uid: String,
    pub login: String,
    pub join_key: String,
    /// With its scheme, as the directory would have it.
    pub hash: String,
    /// Day (yyyy-mm-dd).
    pub issued: String,
}

/// The live first password of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedPassword {
    /// Since when the directory is known to hold it.
    pub since: Option<Timestamp>,
    /// Kept for a portal.
    pub hash: Option<String>,
    /// Of the hash that was issued.
    pub mark: Option<Vec<u8>>,
}

impl Store {
    /// The live credentials that a portal checks, by uid.
    pub fn portal_hashes(&self) -> BoxStream<'_, Result<PortalHash, StoreError>> {
        query(
            "SELECT uid, login, join_key, portal_hash.hash, issued FROM envelope JOIN portal_hash USING (serial)
             WHERE state = 'live' ORDER BY uid",
        )
        .fetch(&self.reader)
        .map(|row| {
            let row = row?;
            Ok(PortalHash {
                uid: row.try_get(0)?,
                login: row.try_get(1)?,
                join_key: row.try_get(2)?,
                hash: row.try_get(3)?,
                issued: row.try_get(4)?,
            })
        })
        .boxed()
    }

    /// The live first password of every account that has one.
    pub async fn issued_passwords(&self) -> Result<HashMap<JoinKey, IssuedPassword>, StoreError> {
        let mut rows = query(
            "SELECT join_key, settled_at, portal_hash.hash, mark FROM envelope LEFT JOIN portal_hash USING (serial)
             WHERE state = 'live'",
        )
        .fetch(&self.reader);
        let mut issued = HashMap::new();
        while let Some(row) = rows.try_next().await? {
            let since: Option<i64> = row.try_get(1)?;
            let since = since.and_then(|ms| Timestamp::from_millisecond(ms).ok());
            issued.insert(
                JoinKey::from_text(row.try_get(0)?),
                IssuedPassword { since, hash: row.try_get(2)?, mark: row.try_get(3)? },
            );
        }
        Ok(issued)
    }
}
