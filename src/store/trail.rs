//! The rows of the trail. What is chained to what, and how, is the audit room's; here it is only kept, in order, and
//! appended by one transaction at a time.

use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, SqliteConnection};

use super::{ROWS_PER_STATEMENT, Store, StoreError, json_list};
use crate::audit::{EventFilter, Head, Link, Payload};

/// The one row about the trail as a whole.
#[derive(Debug, Clone)]
pub(crate) struct TrailState {
    pub salt: [u8; 32],
    pub head: Head,
}

impl Store {
    /// The trail's state; `salt` and `start` begin it when there is none yet.
    pub(crate) async fn open_trail(&self, salt: &[u8; 32], start: &Head) -> Result<TrailState, StoreError> {
        sqlx::query("INSERT OR IGNORE INTO trail (id, salt, head_seq, head_hash) VALUES (1, ?, ?, ?)")
            .bind(salt.as_slice())
            .bind(number(start.seq))
            .bind(start.hash.as_slice())
            .execute(&self.writer)
            .await?;
        self.trail_state().await?.ok_or_else(|| damaged("its row is missing"))
    }

    /// The trail's state; `None` before the first event was ever recorded.
    pub(crate) async fn trail_state(&self) -> Result<Option<TrailState>, StoreError> {
        sqlx::query(STATE).fetch_optional(&self.reader).await?.as_ref().map(state).transpose()
    }

    /// Appends what `chain` makes of the head, in one transaction that nobody else's can overlap.
    pub(crate) async fn append_events(&self, chain: impl FnOnce(&Head) -> Vec<Link>) -> Result<Head, StoreError> {
        let mut tx = self.write().await?;
        let head = locked_head(&mut tx).await?;
        let links = chain(&head);
        let head = append(&mut tx, head, &links).await?;
        tx.commit().await?;
        Ok(head)
    }

    /// Deletes the payloads of a person's events and appends the event that says so, in one transaction. Gives how many
    /// were deleted.
    pub(crate) async fn erase_payloads(
        &self,
        subject: &str,
        chain: impl FnOnce(&Head, &[u64]) -> Link,
    ) -> Result<(u64, Head), StoreError> {
        let mut tx = self.write().await?;
        let head = locked_head(&mut tx).await?;
        let erased: Vec<i64> = sqlx::query_scalar(
            "DELETE FROM event_payload WHERE seq IN (SELECT seq FROM event WHERE subject = ?) RETURNING seq",
        )
        .bind(subject)
        .fetch_all(&mut *tx)
        .await?;
        if erased.is_empty() {
            return Ok((0, head));
        }
        let mut erased: Vec<u64> = erased.into_iter().map(i64::unsigned_abs).collect();
        erased.sort_unstable();
        let link = chain(&head, &erased);
        let head = append(&mut tx, head, &[link]).await?;
        tx.commit().await?;
        Ok((erased.len() as u64, head))
    }

    /// Shows every event to `see`, in order, and then gives the state and the numbers of payloads (at most `most`)
    /// without an event: all of one moment.
    pub(crate) async fn each_event(
        &self,
        most: usize,
        mut see: impl FnMut(Link) + Send,
    ) -> Result<(Option<TrailState>, Vec<u64>), StoreError> {
        let mut tx = self.reader.begin().await?;
        let state = sqlx::query(STATE).fetch_optional(&mut *tx).await?.as_ref().map(state).transpose()?;
        {
            let mut rows = sqlx::query(
                "SELECT e.*, p.salt, p.body FROM event e LEFT JOIN event_payload p ON p.seq = e.seq ORDER BY e.seq",
            )
            .fetch(&mut *tx);
            while let Some(row) = rows.try_next().await? {
                see(link(&row)?);
            }
        }
        let orphans: Vec<i64> =
            sqlx::query_scalar("SELECT seq FROM event_payload WHERE seq NOT IN (SELECT seq FROM event) LIMIT ?")
                .bind(i64::try_from(most).unwrap_or(i64::MAX))
                .fetch_all(&mut *tx)
                .await?;
        tx.commit().await?;
        Ok((state, orphans.into_iter().map(i64::unsigned_abs).collect()))
    }

    /// The events that a filter lets through, oldest first, as they are read: about `subject`; of its school, when it
    /// names one, those about `of_school`, and those whose payload names it.
    pub(crate) fn events<'s>(
        &'s self,
        filter: &EventFilter,
        subject: Option<String>,
        of_school: &[String],
    ) -> BoxStream<'s, Result<Link, StoreError>> {
        let rows = sqlx::query(
            "SELECT e.*, p.salt, p.body FROM event e LEFT JOIN event_payload p ON p.seq = e.seq
             WHERE (?1 IS NULL OR e.run = ?1) AND (?2 IS NULL OR e.kind = ?2) AND (?3 IS NULL OR e.at >= ?3)
               AND (?4 IS NULL OR e.subject = ?4) AND (?5 IS NULL OR e.at < ?5)
               AND (?6 IS NULL OR substr(e.actor, 1, length(?6)) = ?6)
               AND (?7 IS NULL OR e.subject IN (SELECT value FROM json_each(?8))
                    OR (json_valid(p.body) AND json_extract(p.body, '$.school') = ?7))
             ORDER BY e.seq",
        )
        .bind(filter.run.map(|run| run.to_string()))
        .bind(filter.kind.map(crate::audit::Kind::name))
        .bind(filter.since.map(jiff::Timestamp::as_millisecond))
        .bind(subject)
        .bind(filter.until.map(jiff::Timestamp::as_millisecond))
        .bind(filter.actor.clone())
        .bind(filter.school.as_ref().map(|uai| uai.as_str().to_owned()))
        .bind(json_list(of_school))
        .fetch(&self.reader);
        Box::pin(rows.map_err(StoreError::from).and_then(|row| std::future::ready(link(&row))))
    }
}

const STATE: &str = "SELECT salt, head_seq, head_hash FROM trail WHERE id = 1";

async fn locked_head(tx: &mut SqliteConnection) -> Result<Head, StoreError> {
    let row = sqlx::query(STATE).fetch_optional(&mut *tx).await?;
    row.as_ref().map(state).transpose()?.map(|state| state.head).ok_or_else(|| damaged("its row is missing"))
}

async fn append(tx: &mut SqliteConnection, head: Head, links: &[Link]) -> Result<Head, StoreError> {
    let Some(last) = links.last() else { return Ok(head) };
    for rows in links.chunks(ROWS_PER_STATEMENT) {
        QueryBuilder::new("INSERT INTO event (seq, at, run, kind, actor, subject, payload_digest, prev, hash) ")
            .push_values(rows, |mut row, link| {
                row.push_bind(number(link.seq))
                    .push_bind(link.at)
                    .push_bind(link.run.as_str())
                    .push_bind(link.kind.as_str())
                    .push_bind(link.actor.as_str())
                    .push_bind(link.subject.as_deref())
                    .push_bind(link.payload_digest.as_slice())
                    .push_bind(link.prev.as_slice())
                    .push_bind(link.hash.as_slice());
            })
            .build()
            .execute(&mut *tx)
            .await?;
        let payloads = rows.iter().filter_map(|link| link.payload.as_ref().map(|payload| (link.seq, payload)));
        QueryBuilder::new("INSERT INTO event_payload (seq, salt, body) ")
            .push_values(payloads, |mut row, (seq, payload)| {
                row.push_bind(number(seq)).push_bind(payload.salt.as_slice()).push_bind(payload.body.as_str());
            })
            .build()
            .execute(&mut *tx)
            .await?;
    }
    let moved = sqlx::query("UPDATE trail SET head_seq = ?, head_hash = ? WHERE id = 1 AND head_seq = ?")
        .bind(number(last.seq))
        .bind(last.hash.as_slice())
        .bind(number(head.seq))
        .execute(&mut *tx)
        .await?;
    if moved.rows_affected() != 1 {
        return Err(damaged("its head moved under a transaction"));
    }
    let hash = last.hash.as_slice().try_into().map_err(|_| damaged("a hash is not of 32 bytes"))?;
    Ok(Head { seq: last.seq, hash })
}

fn state(row: &SqliteRow) -> Result<TrailState, StoreError> {
    let (salt, hash): (Vec<u8>, Vec<u8>) = (row.try_get("salt")?, row.try_get("head_hash")?);
    let seq: i64 = row.try_get("head_seq")?;
    let digest = |bytes: Vec<u8>| bytes.try_into().map_err(|_| damaged("a digest is not of 32 bytes"));
    Ok(TrailState { salt: digest(salt)?, head: Head { seq: seq.unsigned_abs(), hash: digest(hash)? } })
}

fn link(row: &SqliteRow) -> Result<Link, StoreError> {
    let seq: i64 = row.try_get("seq")?;
    let (salt, body): (Option<Vec<u8>>, Option<String>) = (row.try_get("salt")?, row.try_get("body")?);
    Ok(Link {
        seq: seq.unsigned_abs(),
        at: row.try_get("at")?,
        run: row.try_get("run")?,
        kind: row.try_get("kind")?,
        actor: row.try_get("actor")?,
        subject: row.try_get("subject")?,
        payload_digest: row.try_get("payload_digest")?,
        prev: row.try_get("prev")?,
        hash: row.try_get("hash")?,
        payload: salt.zip(body).map(|(salt, body)| Payload { salt, body }),
    })
}

/// SQLite counts in signed numbers; the trail never reaches their end.
fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn damaged(reason: &str) -> StoreError {
    StoreError::Damaged { table: "trail", reason: reason.to_owned() }
}
