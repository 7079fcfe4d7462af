//! For whom the live envelopes are sealed.

use std::collections::HashMap;

use super::sql::query;
use super::{Store, StoreError, json_list};
use crate::credentials::SealedFor;
use crate::roster::JoinKey;

impl Store {
    /// The schools (UAI) of the people with a live envelope, for whom it is sealed, and of how many that is so.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn sealed_by_schools(&self) -> Result<Vec<(Vec<String>, Option<SealedFor>, u64)>, StoreError> {
        let rows = query(
            "SELECT a.schools, e.sealed_for, count(*) FROM envelope AS e JOIN account AS a ON a.join_key = e.join_key
             WHERE e.state = 'live' GROUP BY a.schools, e.sealed_for ORDER BY a.schools",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                let schools: &str = row.try_get(0)?;
                let n: i64 = row.try_get(2)?;
                let schools = schools.split_whitespace().map(str::to_owned).collect();
                Ok((schools, sealed_for(row.try_get(1)?)?, n.unsigned_abs()))
            })
            .collect()
    }

    /// For whom the live envelopes of these accounts are sealed, where that was noted.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn seals_of(&self, accounts: &[JoinKey]) -> Result<HashMap<JoinKey, SealedFor>, StoreError> {
        let rows = query(
            "SELECT join_key, sealed_for FROM envelope
             WHERE state = 'live' AND sealed_for IS NOT NULL AND join_key IN (SELECT value FROM json_each(?))",
        )
        .bind(json_list(accounts))
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .filter_map(|row| {
                let read = || Ok((JoinKey::from_text(row.try_get(0)?), sealed_for(row.try_get(1)?)?));
                match read() {
                    Ok((key, Some(seal))) => Some(Ok((key, seal))),
                    Ok((_, None)) => None,
                    Err(error) => Some(Err(error)),
                }
            })
            .collect()
    }
}

pub(super) fn sealed_for(bytes: Option<Vec<u8>>) -> Result<Option<SealedFor>, StoreError> {
    let damaged = |_| StoreError::Damaged { table: "envelope", reason: "sealed_for is not of 16 bytes".to_owned() };
    bytes.map(|bytes| bytes.try_into().map(SealedFor).map_err(damaged)).transpose()
}
