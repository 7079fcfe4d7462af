//! Credentials that took the place of others, or were taken back: why, by whom, and by which marks the hashes that were
//! once issued are known again.

use std::collections::HashMap;

use jiff::Timestamp;

use super::overview::moment;
use super::sql::{Transaction, query, query_as};
use super::{Store, StoreError, json_list};
use crate::plan::Renew;
use crate::roster::JoinKey;

/// A credential that took another's place; of a revoked one, the end of any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewalRow {
    /// Of the envelope that was sealed for it.
    pub serial: String,
    pub join_key: JoinKey,
    /// Of the live envelope that it ended.
    pub replaces: Option<String>,
    pub action: Renew,
    pub reason: String,
    /// Also if the account was activated.
    pub reset: bool,
    pub plan: String,
    pub actor: String,
    pub at: Timestamp,
}

impl Store {
    /// The serials of the live envelopes of these accounts.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn live_serials(&self, accounts: &[JoinKey]) -> Result<HashMap<JoinKey, String>, StoreError> {
        let rows: Vec<(String, String)> = query_as(
            "SELECT join_key, serial FROM envelope
             WHERE state = 'live' AND join_key IN (SELECT value FROM json_each(?1))",
        )
        .bind(json_list(accounts))
        .fetch_all(&self.reader)
        .await?;
        Ok(rows.into_iter().map(|(key, serial)| (JoinKey::from_text(&key), serial)).collect())
    }

    /// The marks of every hash that is known to have been issued for these accounts, whatever became of it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn marks_of(&self, accounts: &[JoinKey]) -> Result<HashMap<JoinKey, Vec<Vec<u8>>>, StoreError> {
        let rows: Vec<(String, Vec<u8>)> = query_as(
            "SELECT join_key, mark FROM envelope
             WHERE mark IS NOT NULL AND state <> 'pending' AND join_key IN (SELECT value FROM json_each(?1))
             UNION ALL
             SELECT join_key, mark FROM withdrawn_mark WHERE join_key IN (SELECT value FROM json_each(?1))",
        )
        .bind(json_list(accounts))
        .fetch_all(&self.reader)
        .await?;
        let mut marks: HashMap<JoinKey, Vec<Vec<u8>>> = HashMap::new();
        for (key, mark) in rows {
            marks.entry(JoinKey::from_text(&key)).or_default().push(mark);
        }
        Ok(marks)
    }

    /// What was replaced or taken back of a person, newest first.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn renewals_of(&self, person: &JoinKey) -> Result<Vec<RenewalRow>, StoreError> {
        let rows = query(
            "SELECT serial, join_key, replaces, action, reason, reset, plan, actor, at FROM renewal
             WHERE join_key = ?1 ORDER BY at DESC, serial",
        )
        .bind(person.as_str())
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(RenewalRow {
                    serial: row.try_get(0)?,
                    join_key: JoinKey::from_text(row.try_get(1)?),
                    replaces: row.try_get(2)?,
                    action: match row.try_get(3)? {
                        "reissue" => Renew::Reissue,
                        "revoke" => Renew::Revoke,
                        other => {
                            let reason = format!("action {other:?}");
                            return Err(StoreError::Damaged { table: "renewal", reason });
                        }
                    },
                    reason: row.try_get(4)?,
                    reset: row.try_get(5)?,
                    plan: row.try_get(6)?,
                    actor: row.try_get(7)?,
                    at: moment(row.try_get(8)?, "renewal")?,
                })
            })
            .collect()
    }
}

/// Notes what took whose place, in the transaction that ends the old ones.
pub(super) async fn save_renewals(transaction: &mut Transaction, rows: &[RenewalRow]) -> Result<(), StoreError> {
    for row in rows {
        query(
            "INSERT INTO renewal (serial, join_key, replaces, action, reason, reset, plan, actor, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (serial) DO UPDATE SET join_key = excluded.join_key, replaces = excluded.replaces,
             action = excluded.action, reason = excluded.reason, reset = excluded.reset, plan = excluded.plan,
             actor = excluded.actor, at = excluded.at",
        )
        .bind(&row.serial)
        .bind(row.join_key.as_str())
        .bind(&row.replaces)
        .bind(match row.action {
            Renew::Reissue => "reissue",
            Renew::Revoke => "revoke",
        })
        .bind(&row.reason)
        .bind(row.reset)
        .bind(&row.plan)
        .bind(&row.actor)
        .bind(row.at.as_millisecond())
        .execute(&mut *transaction)
        .await?;
    }
    Ok(())
}
