//! The register of names: every uid and login ever given, each to one join key, for ever.

use std::collections::HashMap;

use futures_util::TryStreamExt as _;
use sqlx::{QueryBuilder, Row as _, Sqlite};

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
        let mut rows = sqlx::query("SELECT join_key, uid, login FROM name").fetch(&self.reader);
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
        let rows = sqlx::query("SELECT join_key, login FROM name WHERE join_key IN (SELECT value FROM json_each(?1))")
            .bind(json_list(keys))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(|row| Ok((JoinKey::from_text(row.try_get(0)?), Login::new(row.try_get(1)?)))).collect()
    }

    /// Moves what the register holds under former join keys to the present ones, in one transaction: names, accounts,
    /// envelopes (which stay sealed under the former key), printed sheets. A present key that has a row already keeps it.
    pub async fn rekey(&self, moves: &HashMap<JoinKey, JoinKey>) -> Result<(), StoreError> {
        let pairs: serde_json::Value =
            moves.iter().map(|(former, present)| serde_json::json!([former.as_str(), present.as_str()])).collect();
        let pairs = pairs.to_string();
        let mut transaction = self.write().await?;
        sqlx::query("CREATE TEMP TABLE rekeyed (former TEXT PRIMARY KEY, present TEXT NOT NULL)")
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO rekeyed SELECT value ->> 0, value ->> 1 FROM json_each(?1)")
            .bind(pairs)
            .execute(&mut *transaction)
            .await?;
        for statement in [
            "UPDATE OR IGNORE name SET join_key = r.present FROM rekeyed AS r WHERE join_key = r.former",
            "UPDATE OR IGNORE account SET join_key = r.present FROM rekeyed AS r WHERE join_key = r.former",
            "UPDATE OR IGNORE envelope SET sealed_key = coalesce(sealed_key, join_key), join_key = r.present
             FROM rekeyed AS r WHERE join_key = r.former",
            "UPDATE OR IGNORE withdrawn_mark SET join_key = r.present FROM rekeyed AS r WHERE join_key = r.former",
            "UPDATE renewal SET join_key = r.present FROM rekeyed AS r WHERE join_key = r.former",
            "UPDATE print_sheet SET join_key = r.present FROM rekeyed AS r WHERE join_key = r.former",
            "DROP TABLE rekeyed",
        ] {
            sqlx::query(statement).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The high-water mark of each uid series.
    pub async fn uid_counters(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = sqlx::query("SELECT series, last FROM uid_counter").fetch_all(&self.reader).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get::<i64, _>(1)?.unsigned_abs()))).collect()
    }

    /// Every name that was reserved and given up before it was used, in the form in which names compare: not free.
    pub async fn retired_names(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT folded FROM retired_name").fetch_all(&self.reader).await?)
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
            sqlx::query(
                "INSERT OR IGNORE INTO retired_name (folded, join_key, retired_at)
                 SELECT folded, join_key, ?4 FROM (
                     SELECT uid_folded AS folded, join_key FROM name WHERE join_key = ?1
                     UNION SELECT login_folded, join_key FROM name WHERE join_key = ?1)
                 WHERE folded NOT IN (?2, ?3)",
            )
            .bind(name.join_key.as_str())
            .bind(&uid)
            .bind(&login)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
            sqlx::query("UPDATE name SET uid = ?2, uid_folded = ?3, login = ?4, login_folded = ?5 WHERE join_key = ?1")
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
            sqlx::query(
                "INSERT INTO uid_counter (series, last) VALUES (?1, ?2)
                 ON CONFLICT (series) DO UPDATE SET last = max(last, excluded.last)",
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
                let mut insert = QueryBuilder::<Sqlite>::new(
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
