//! What is told to people after a night, until it has reached them.

use jiff::Timestamp;

use super::overview::moment;
use super::sql::{query, query_scalar};
use super::{Store, StoreError};

/// A message for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    pub id: i64,
    pub made: Timestamp,
    pub kind: String,
    pub target: String,
    pub subject: String,
    pub body: String,
    /// JSON.
    pub facts: String,
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// A message that is not in the queue yet.
#[derive(Debug, Clone)]
pub struct NewNotice<'a> {
    pub run: Option<String>,
    pub kind: &'a str,
    pub target: String,
    pub subject: &'a str,
    pub body: &'a str,
    pub facts: String,
}

impl Store {
    pub async fn queue_notices(&self, notices: &[NewNotice<'_>], now: Timestamp) -> Result<(), StoreError> {
        let at = now.as_millisecond();
        let mut tx = self.write().await?;
        for notice in notices {
            query(
                "INSERT INTO notice (made_at, run, kind, target, subject, body, facts, next_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?1)",
            )
            .bind(at)
            .bind(notice.run.as_deref())
            .bind(notice.kind)
            .bind(notice.target.as_str())
            .bind(notice.subject)
            .bind(notice.body)
            .bind(notice.facts.as_str())
            .execute(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }

    /// What waits, the oldest first; only what may be tried now when `due` says so.
    pub async fn waiting_notices(&self, due: Option<Timestamp>) -> Result<Vec<NoticeRow>, StoreError> {
        let rows = query(
            "SELECT id, made_at, kind, target, subject, body, facts, attempts, error FROM notice
             WHERE ended_at IS NULL AND (?1 IS NULL OR next_at <= ?1) ORDER BY id",
        )
        .bind(due.map(Timestamp::as_millisecond))
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(NoticeRow {
                    id: row.try_get(0)?,
                    made: moment(row.try_get(1)?, "notice")?,
                    kind: row.try_get(2)?,
                    target: row.try_get(3)?,
                    subject: row.try_get(4)?,
                    body: row.try_get(5)?,
                    facts: row.try_get(6)?,
                    attempts: row.try_get(7)?,
                    error: row.try_get(8)?,
                })
            })
            .collect()
    }

    /// Takes a message that is due for one attempt; false when another program has taken it meanwhile. Unless it ends
    /// before, it may be tried again at `next`.
    pub async fn claim_notice(&self, id: i64, now: Timestamp, next: Timestamp) -> Result<bool, StoreError> {
        let claimed = query(
            "UPDATE notice SET attempts = attempts + 1, next_at = ?3 WHERE id = ?1 AND ended_at IS NULL AND next_at <= ?2",
        )
        .bind(id)
        .bind(now.as_millisecond())
        .bind(next.as_millisecond())
        .execute(&self.writer)
        .await?;
        Ok(claimed.rows_affected() == 1)
    }

    /// An attempt failed; given up for good when `end` says so.
    pub async fn notice_failed(&self, id: i64, error: &str, end: Option<Timestamp>) -> Result<(), StoreError> {
        query(
            "UPDATE notice SET error = ?2, ended_at = ?3, 
             outcome = CASE WHEN ?3 IS NULL THEN NULL ELSE 'given_up' END WHERE id = ?1",
        )
        .bind(id)
        .bind(error)
        .bind(end.map(Timestamp::as_millisecond))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    pub async fn notice_sent(&self, id: i64, now: Timestamp) -> Result<(), StoreError> {
        query("UPDATE notice SET ended_at = ?2, outcome = 'sent', error = NULL WHERE id = ?1")
            .bind(id)
            .bind(now.as_millisecond())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// When a message of this kind was last made.
    pub async fn last_notice(&self, kind: &str) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> =
            query_scalar("SELECT max(made_at) FROM notice WHERE kind = ?").bind(kind).fetch_one(&self.reader).await?;
        at.map(|at| moment(at, "notice")).transpose()
    }

    /// Nights that began since a moment, and the accounts that are there.
    pub async fn nights_and_accounts(&self, since: Option<Timestamp>) -> Result<(u64, u64), StoreError> {
        let row = query(
            "SELECT (SELECT count(*) FROM run WHERE verb = 'sync' AND started_at > ?1),
                    (SELECT count(*) FROM account WHERE stage = 'present')",
        )
        .bind(since.map_or(0, Timestamp::as_millisecond))
        .fetch_one(&self.reader)
        .await?;
        let number = |at| row.try_get::<i64, _>(at).map(i64::unsigned_abs);
        Ok((number(0)?, number(1)?))
    }

    /// Forgets what reached people, or never will, since before a moment.
    pub async fn forget_notices(&self, before: Timestamp) -> Result<(), StoreError> {
        query("DELETE FROM notice WHERE ended_at < ?").bind(before.as_millisecond()).execute(&self.writer).await?;
        Ok(())
    }
}
