//! What decides who gets a sheet: how the last envelope of somebody ended, and which schools printed the present one.

use std::collections::HashMap;

use jiff::Timestamp;

use super::accounts::{ACCOUNTS, account_row};
use super::sql::query;
use super::{AccountRow, Store, StoreError, json_list};
use crate::credentials::EnvelopeState;
use crate::roster::JoinKey;

/// Where and when a sheet of somebody's present credential was printed last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedAt {
    /// UAI.
    pub school: String,
    pub at: Timestamp,
}

impl Store {
    /// The live envelope's state of each of these accounts, or else that of the last one; nothing for those who never
    /// had one.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn envelope_states(&self, accounts: &[JoinKey]) -> Result<HashMap<JoinKey, EnvelopeState>, StoreError> {
        let rows = query(
            "SELECT join_key, state FROM envelope WHERE join_key IN (SELECT value FROM json_each(?))
             ORDER BY state = 'live', id",
        )
        .bind(json_list(accounts))
        .fetch_all(&self.reader)
        .await?;
        let damaged = || StoreError::Damaged { table: "envelope", reason: "state".to_owned() };
        // The last one stays: a live one is after all others.
        rows.iter()
            .map(|row| {
                let state = EnvelopeState::from_name(row.try_get(1)?).ok_or_else(damaged)?;
                Ok((JoinKey::from_text(row.try_get(0)?), state))
            })
            .collect()
    }

    /// The schools that printed a sheet of the present credential of each of these accounts, or a sheet without secret
    /// where there is no credential; each school once, the last to print first.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn printed_at(&self, accounts: &[JoinKey]) -> Result<HashMap<JoinKey, Vec<PrintedAt>>, StoreError> {
        let rows = query(
            "SELECT s.join_key, s.school, max(b.at) AS at FROM print_sheet AS s JOIN print_batch AS b ON b.id = s.batch
             LEFT JOIN envelope AS e ON e.join_key = s.join_key AND e.state = 'live'
             WHERE s.join_key IN (SELECT value FROM json_each(?)) AND (e.serial IS NULL OR e.serial = s.serial)
             GROUP BY s.join_key, s.school ORDER BY at DESC, s.school",
        )
        .bind(json_list(accounts))
        .fetch_all(&self.reader)
        .await?;
        let damaged = |_| StoreError::Damaged { table: "print_batch", reason: "at is no time".to_owned() };
        let mut printed: HashMap<JoinKey, Vec<PrintedAt>> = HashMap::new();
        for row in &rows {
            let at = Timestamp::from_millisecond(row.try_get("at")?).map_err(damaged)?;
            let sheet = PrintedAt { school: row.try_get("school")?, at };
            printed.entry(JoinKey::from_text(row.try_get("join_key")?)).or_default().push(sheet);
        }
        Ok(printed)
    }

    /// The accounts that are on their way out, by join key.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn departing(&self) -> Result<Vec<AccountRow>, StoreError> {
        let sql = format!("{ACCOUNTS} WHERE stage IN ('absent', 'suspended') ORDER BY join_key");
        let rows = query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.reader).await?;
        rows.iter().map(account_row).collect()
    }
}
