//! The register of names: every uid and login ever given, each to one join key, for ever.

use std::collections::HashMap;

use futures_util::TryStreamExt as _;

use super::sql::{QueryBuilder, query, query_scalar};
use super::{ROWS_PER_STATEMENT, ROWS_PER_TRANSACTION, Store, StoreError, json_list};
use crate::naming::{Login, Uid};
use crate::roster::JoinKey;

/// One reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameRow {
    pub join_key: JoinKey,
    pub uid: Uid,
    pub login: Login,
}

impl Store {
    /// Every reservation, in no promised order.
    pub async fn names(&self) -> Result<Vec<NameRow>, StoreError> {
        let mut rows = query("SELECT join_key, uid, login FROM name").fetch(&self.reader);
        let mut names = Vec::new();
        while let Some(row) = rows.try_next().await? {
            names.push(NameRow {
                join_key: JoinKey::from_text(row.try_get(0)?),
                uid: Uid::new(row.try_get(1)?),
                login: Login::new(row.try_get(2)?),
            });
        }
        Ok(names)
    }

    /// The logins of those of `keys` that have one.
    pub async fn logins(&self, keys: &[JoinKey]) -> Result<HashMap<JoinKey, Login>, StoreError> {
        let rows = query("SELECT join_key, login FROM name WHERE join_key IN (SELECT value FROM json_each(?1))")
            .bind(json_list(keys))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(|row| Ok((JoinKey::from_text(row.try_get(0)?), Login::new(row.try_get(1)?)))).collect()
    }

    /// Moves what the register holds under former join keys to the present ones, in one transaction: names, accounts,
    /// envelopes (which stay sealed under the former key), printed sheets. A present key that has a row already keeps it.
    pub async fn rekey(&self, moves: &HashMap<JoinKey, JoinKey>) -> Result<(), StoreError> {
        if moves.is_empty() {
            return Ok(());
        }
        let pairs: Vec<(&str, &str)> =
            moves.iter().map(|(former, present)| (former.as_str(), present.as_str())).collect();
        let mut transaction = self.write().await?;
        query("CREATE TEMP TABLE rekeyed (former TEXT PRIMARY KEY, present TEXT NOT NULL)")
            .execute(&mut *transaction)
            .await?;
        for chunk in pairs.chunks(ROWS_PER_STATEMENT) {
            let mut insert = QueryBuilder::new("INSERT INTO rekeyed (former, present) ");
            insert.push_values(chunk, |mut row, (former, present)| {
                row.push_bind(*former).push_bind(*present);
            });
            insert.build().execute(&mut *transaction).await?;
        }
        // Only where the present key has no such row; of several former keys of one person, the first in order that has.
        let alone = |table: &str, such: &str| {
            format!(
                "NOT EXISTS (SELECT 1 FROM {table} AS o WHERE o.join_key = r.present AND {such})
                 AND r.former = (SELECT min(x.former) FROM rekeyed AS x JOIN {table} AS o ON o.join_key = x.former
                                 WHERE x.present = r.present AND {such})"
            )
        };
        let moved = |table: &str| {
            format!(
                "UPDATE {table} SET join_key = r.present FROM rekeyed AS r WHERE {table}.join_key = r.former AND {}",
                alone(table, "TRUE")
            )
        };
        // Of those that can still be opened, one in each state.
        let envelopes = format!(
            "UPDATE envelope SET sealed_key = coalesce(sealed_key, join_key), join_key = r.present FROM rekeyed AS r
             WHERE envelope.join_key = r.former AND (state NOT IN ('pending', 'live') OR {})",
            alone("envelope", "o.state = envelope.state")
        );
        for statement in [
            moved("name"),
            moved("account"),
            envelopes,
            moved("withdrawn_mark"),
            "UPDATE renewal SET join_key = r.present FROM rekeyed AS r WHERE join_key = r.former".to_owned(),
            "UPDATE print_sheet SET join_key = r.present FROM rekeyed AS r WHERE join_key = r.former".to_owned(),
            "DROP TABLE rekeyed".to_owned(),
        ] {
            query(sqlx::AssertSqlSafe(statement)).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The high-water mark of each uid series.
    pub async fn uid_counters(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = query("SELECT series, last FROM uid_counter").fetch_all(&self.reader).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get::<i64, _>(1)?.unsigned_abs()))).collect()
    }

    /// Every name that was reserved and given up before it was used, in the form in which names compare: not free.
    pub async fn retired_names(&self) -> Result<Vec<String>, StoreError> {
        Ok(query_scalar("SELECT folded FROM retired_name").fetch_all(&self.reader).await?)
    }

    /// Gives join keys other names than were reserved for them, in one transaction: those that their accounts turned out
    /// to have. The former ones are retired. `fold` gives the form in which names compare.
    pub async fn change_names(
        &self,
        names: &[NameRow],
        fold: impl Fn(&str) -> String,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for name in names {
            let (uid, login) = (fold(name.uid.as_str()), fold(name.login.as_str()));
            query(
                "INSERT INTO retired_name (folded, join_key, retired_at)
                 SELECT folded, join_key, ?4 FROM (
                     SELECT uid_folded AS folded, join_key FROM name WHERE join_key = ?1
                     UNION SELECT login_folded, join_key FROM name WHERE join_key = ?1) AS former
                 WHERE folded NOT IN (?2, ?3)
                 ON CONFLICT DO NOTHING",
            )
            .bind(name.join_key.as_str())
            .bind(&uid)
            .bind(&login)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
            query("UPDATE name SET uid = ?2, uid_folded = ?3, login = ?4, login_folded = ?5 WHERE join_key = ?1")
                .bind(name.join_key.as_str())
                .bind(name.uid.as_str())
                .bind(uid)
                .bind(name.login.as_str())
                .bind(login)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Raises the counters and reserves new names, a part at a time. `fold` gives the form in which names compare.
    ///
    /// # Errors
    /// When one of the names is already reserved. The parts before stay reserved, for whom they were drawn.
    pub async fn reserve_names(
        &self,
        names: &[NameRow],
        counters: &[(String, u64)],
        fold: impl Fn(&str) -> String,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        // The counters first: a number that is skipped harms nobody.
        for (series, last) in counters {
            query(
                "INSERT INTO uid_counter (series, last) VALUES (?1, ?2)
                 ON CONFLICT (series) DO UPDATE SET last = max(uid_counter.last, excluded.last)",
            )
            .bind(series)
            .bind(i64::try_from(*last).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        for part in names.chunks(ROWS_PER_TRANSACTION) {
            let mut transaction = self.write().await?;
            for chunk in part.chunks(ROWS_PER_STATEMENT) {
                let mut insert = QueryBuilder::new(
                    "INSERT INTO name (join_key, uid, uid_folded, login, login_folded, reserved_at) ",
                );
                insert.push_values(chunk, |mut row, n| {
                    row.push_bind(n.join_key.as_str())
                        .push_bind(n.uid.as_str())
                        .push_bind(fold(n.uid.as_str()))
                        .push_bind(n.login.as_str())
                        .push_bind(fold(n.login.as_str()))
                        .push_bind(now);
                });
                insert.build().execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
        }
        Ok(())
    }
}
