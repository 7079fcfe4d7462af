//! The rows of the trail. What is chained to what, and how, is the audit room's; here it is only kept, in order, and
//! appended by one transaction at a time.

use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;

use super::sql::{QueryBuilder, Row, Transaction, query, query_scalar};
use super::{ROWS_PER_STATEMENT, Store, StoreError, json_list};
use crate::audit::{EventFilter, Head, Link, Payload, Unchained};

/// Numbers of the events about the pseudonym `?1`.
macro_rules! about {
    () => {
        "SELECT i.seq FROM event_subject i JOIN event e USING (seq) WHERE i.subject = substr(?1, 1, 12) AND e.subject = ?1
         UNION ALL SELECT seq FROM event WHERE seq > (SELECT indexed_seq FROM trail WHERE id = 1) AND subject = ?1"
    };
}

/// What [`link`] reads, in its order.
macro_rules! columns {
    () => {
        "e.seq, e.at, e.run, e.kind, e.actor, e.subject, e.payload_digest, e.prev, e.hash, p.salt, p.body
         FROM event e LEFT JOIN event_payload p ON p.seq = e.seq"
    };
}

/// What a filter asks beside whom it is about.
macro_rules! conditions {
    () => {
        " AND (?2 IS NULL OR e.run = ?2) AND (?3 IS NULL OR e.kind = ?3) AND (?4 IS NULL OR e.at >= ?4)
          AND (?5 IS NULL OR e.at < ?5) AND (?6 IS NULL OR substr(e.actor, 1, length(?6)) = ?6)
          AND (?7 IS NULL OR e.subject IN (SELECT value FROM json_each(?8))
               OR (json_valid(p.body) AND json_extract(p.body, '$.school') = ?7)) "
    };
}

/// The one row about the trail as a whole.
#[derive(Debug, Clone)]
pub(crate) struct TrailState {
    pub salt: [u8; 32],
    pub head: Head,
    /// The last event that is indexed by whom it is about.
    indexed: u64,
}

impl Store {
    /// The trail's state; `salt` and `start` begin it when there is none yet.
    pub(crate) async fn open_trail(&self, salt: &[u8; 32], start: &Head) -> Result<TrailState, StoreError> {
        query("INSERT INTO trail (id, salt, head_seq, head_hash) VALUES (1, ?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(salt.as_slice())
            .bind(number(start.seq))
            .bind(start.hash.as_slice())
            .execute(&self.writer)
            .await?;
        self.trail_state().await?.ok_or_else(|| damaged("its row is missing"))
    }

    /// The trail's state; `None` before the first event was ever recorded.
    pub(crate) async fn trail_state(&self) -> Result<Option<TrailState>, StoreError> {
        query(STATE).fetch_optional(&self.reader).await?.as_ref().map(state).transpose()
    }

    /// Appends events, in one transaction that nobody else's can overlap.
    pub(crate) async fn append_events(&self, events: Unchained) -> Result<Head, StoreError> {
        let mut tx = self.write().await?;
        let before = locked(&mut tx).await?;
        let head = append(&mut tx, &before, &events.after(&before.head)).await?;
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
        let before = locked(&mut tx).await?;
        let erased: Vec<i64> =
            query_scalar(concat!("DELETE FROM event_payload WHERE seq IN (", about!(), ") RETURNING seq"))
                .bind(subject)
                .fetch_all(&mut *tx)
                .await?;
        if erased.is_empty() {
            return Ok((0, before.head));
        }
        let mut erased: Vec<u64> = erased.into_iter().map(i64::unsigned_abs).collect();
        erased.sort_unstable();
        let link = chain(&before.head, &erased);
        let head = append(&mut tx, &before, &[link]).await?;
        tx.commit().await?;
        Ok((erased.len() as u64, head))
    }

    /// Deletes payloads of events of some kinds that happened before a moment, the oldest first, and appends the event
    /// that says so, in one transaction: at most `most` of them, and gives how many. Fewer than `most` means that no more
    /// are left.
    pub(crate) async fn prune_payloads(
        &self,
        kinds: &[&str],
        before: i64,
        most: u32,
        chain: impl FnOnce(&Head, &[u64]) -> Link,
    ) -> Result<u64, StoreError> {
        let kinds = json_list(kinds);
        // Looked for without keeping anybody from writing: what is old does not change.
        let old: Vec<i64> = query_scalar(
            "SELECT e.seq FROM event e JOIN event_payload p USING (seq)
             WHERE e.seq > (SELECT min(coalesce(d.seq, 0)) FROM json_each(?1) k LEFT JOIN event_pruned d ON d.kind = k.value)
               AND e.at < ?2 AND e.kind IN (SELECT value FROM json_each(?1))
             ORDER BY e.seq LIMIT ?3",
        )
        .bind(&kinds)
        .bind(before)
        .bind(most)
        .fetch_all(&self.reader)
        .await?;
        let Some(last) = old.last().copied() else { return Ok(0) };
        let mut tx = self.write().await?;
        let mut erased: Vec<u64> = Vec::with_capacity(old.len());
        for seqs in old.chunks(ROWS_PER_STATEMENT) {
            let gone: Vec<i64> = query_scalar(
                "DELETE FROM event_payload WHERE seq IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) RETURNING seq",
            )
            .bind(json_list(seqs))
            .fetch_all(&mut *tx)
            .await?;
            erased.extend(gone.into_iter().map(i64::unsigned_abs));
        }
        erased.sort_unstable();
        query(
            "INSERT INTO event_pruned (kind, seq) SELECT value, ?2 FROM json_each(?1) WHERE true
             ON CONFLICT (kind) DO UPDATE SET seq = max(event_pruned.seq, excluded.seq)",
        )
        .bind(&kinds)
        .bind(last)
        .execute(&mut *tx)
        .await?;
        if !erased.is_empty() {
            let before = locked(&mut tx).await?;
            let link = chain(&before.head, &erased);
            append(&mut tx, &before, &[link]).await?;
        }
        tx.commit().await?;
        Ok(old.len() as u64)
    }

    /// Shows every event to `see`, in order, and then gives the state and the numbers of payloads (at most `most`)
    /// without an event: all of one moment.
    pub(crate) async fn each_event(
        &self,
        most: usize,
        mut see: impl FnMut(Link) + Send,
    ) -> Result<(Option<TrailState>, Vec<u64>), StoreError> {
        let mut tx = self.reader.snapshot().await?;
        let state = query(STATE).fetch_optional(&mut tx).await?.as_ref().map(state).transpose()?;
        {
            let mut rows = query(concat!("SELECT ", columns!(), " ORDER BY e.seq")).fetch(&mut tx);
            while let Some(row) = rows.try_next().await? {
                see(link(&row)?);
            }
        }
        let orphans: Vec<i64> = query_scalar(
            "SELECT p.seq FROM event_payload p LEFT JOIN event e ON e.seq = p.seq WHERE e.seq IS NULL LIMIT ?",
        )
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(&mut tx)
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
        let of_one =
            concat!("SELECT ", columns!(), " WHERE e.seq IN (", about!(), ")", conditions!(), "ORDER BY e.seq");
        let of_all = concat!("SELECT ", columns!(), " WHERE ?1 IS NULL", conditions!(), "ORDER BY e.seq");
        let rows = query(if subject.is_some() { of_one } else { of_all })
            .bind(subject)
            .bind(filter.run.map(|run| run.to_string()))
            .bind(filter.kind.map(crate::audit::Kind::name))
            .bind(filter.since.map(jiff::Timestamp::as_millisecond))
            .bind(filter.until.map(jiff::Timestamp::as_millisecond))
            .bind(filter.actor.clone())
            .bind(filter.school.as_ref().map(|uai| uai.as_str().to_owned()))
            .bind(json_list(of_school))
            .fetch(&self.reader);
        Box::pin(rows.map_err(StoreError::from).and_then(|row| std::future::ready(link(&row))))
    }
}

const STATE: &str = "SELECT salt, head_seq, head_hash, indexed_seq FROM trail WHERE id = 1";

/// Events between two times that they are indexed by whom they are about: sorted, each page of the index is written
/// once for all of them.
const INDEXED_AT_ONCE: u64 = 20_000;

/// Appends events in a transaction that writes what they are about as well.
pub(super) async fn append_in(tx: &mut Transaction, events: Unchained) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let before = locked(tx).await?;
    append(tx, &before, &events.after(&before.head)).await?;
    Ok(())
}

async fn locked(tx: &mut Transaction) -> Result<TrailState, StoreError> {
    let row = query(STATE).fetch_optional(&mut *tx).await?;
    row.as_ref().map(state).transpose()?.ok_or_else(|| damaged("its row is missing"))
}

/// Appends to a trail that is in this state.
async fn append(tx: &mut Transaction, before: &TrailState, links: &[Link]) -> Result<Head, StoreError> {
    let Some(last) = links.last() else { return Ok(before.head) };
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
    let indexed = index(tx, before.indexed, last.seq).await?;
    let moved = query("UPDATE trail SET head_seq = ?, head_hash = ?, indexed_seq = ? WHERE id = 1 AND head_seq = ?")
        .bind(number(last.seq))
        .bind(last.hash.as_slice())
        .bind(number(indexed))
        .bind(number(before.head.seq))
        .execute(&mut *tx)
        .await?;
    if moved.rows_affected() != 1 {
        return Err(damaged("its head moved under a transaction"));
    }
    let hash = last.hash.as_slice().try_into().map_err(|_| damaged("a hash is not of 32 bytes"))?;
    Ok(Head { seq: last.seq, hash })
}

/// Indexes whom the events are about, when enough of them have come; gives the last one that is.
async fn index(tx: &mut Transaction, indexed: u64, last: u64) -> Result<u64, StoreError> {
    if last < indexed + INDEXED_AT_ONCE {
        return Ok(indexed);
    }
    query(
        "INSERT INTO event_subject (subject, seq)
         SELECT substr(subject, 1, 12), seq FROM event WHERE seq > ? AND seq <= ? AND subject IS NOT NULL ORDER BY 1, 2",
    )
    .bind(number(indexed))
    .bind(number(last))
    .execute(&mut *tx)
    .await?;
    Ok(last)
}

fn state(row: &Row) -> Result<TrailState, StoreError> {
    let (salt, hash): (Vec<u8>, Vec<u8>) = (row.try_get("salt")?, row.try_get("head_hash")?);
    let (seq, indexed): (i64, i64) = (row.try_get("head_seq")?, row.try_get("indexed_seq")?);
    let digest = |bytes: Vec<u8>| bytes.try_into().map_err(|_| damaged("a digest is not of 32 bytes"));
    let head = Head { seq: seq.unsigned_abs(), hash: digest(hash)? };
    Ok(TrailState { salt: digest(salt)?, head, indexed: indexed.unsigned_abs() })
}

fn link(row: &Row) -> Result<Link, StoreError> {
    let seq: i64 = row.try_get(0)?;
    let (salt, body): (Option<Vec<u8>>, Option<String>) = (row.try_get(9)?, row.try_get(10)?);
    Ok(Link {
        seq: seq.unsigned_abs(),
        at: row.try_get(1)?,
        run: row.try_get(2)?,
        kind: row.try_get(3)?,
        actor: row.try_get(4)?,
        subject: row.try_get(5)?,
        payload_digest: row.try_get(6)?,
        prev: row.try_get(7)?,
        hash: row.try_get(8)?,
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
