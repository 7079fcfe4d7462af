//! What people decided about holds, and since when each hold is known.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;

use super::sql::{Row, query};
use super::{Store, StoreError};
use crate::plan::{DecisionEnd, PlanId, Ruling};

/// A decision that stands, or waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRow {
    pub id: i64,
    pub hold: CompactString,
    pub ruling: Ruling,
    /// A release that counts once a second person has given it.
    pub waiting: bool,
    pub digest: String,
    pub changes: u64,
    /// Of the writes that were shown, 32 bytes each, sorted.
    pub marks: Vec<u8>,
    pub shown_in: String,
    pub actor: String,
    pub why: String,
    pub at: Timestamp,
    pub second: Option<String>,
    /// The last plan that it let changes into.
    pub used_by: Option<String>,
}

/// What the holds of a run are, beside those of the run before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HoldNews {
    /// No earlier run knew them.
    pub new: HashSet<String>,
    /// The last run had them.
    pub gone: Vec<String>,
}

impl Store {
    /// The decisions that are open, by hold.
    pub async fn open_decisions(&self) -> Result<Vec<DecisionRow>, StoreError> {
        let rows = query(
            "SELECT id, hold, verdict, state, digest, changes, marks, shown_in, actor, why, at, second, used_by
             FROM hold_decision WHERE state IN ('waiting', 'standing') ORDER BY hold",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(decision).collect()
    }

    /// Notes a decision; an open one on the same hold gives way to it.
    pub async fn decide_hold(&self, row: &DecisionRow) -> Result<(), StoreError> {
        let at = row.at.as_millisecond();
        let mut transaction = self.write().await?;
        query(
            "UPDATE hold_decision SET state = 'replaced', ended_at = ?2
             WHERE hold = ?1 AND state IN ('waiting', 'standing')",
        )
        .bind(row.hold.as_str())
        .bind(at)
        .execute(&mut *transaction)
        .await?;
        query(
            "INSERT INTO hold_decision (hold, verdict, state, digest, changes, marks, shown_in, actor, why, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )
        .bind(row.hold.as_str())
        .bind(row.ruling.name())
        .bind(if row.waiting { "waiting" } else { "standing" })
        .bind(&row.digest)
        .bind(i64::try_from(row.changes).unwrap_or(i64::MAX))
        .bind(&row.marks)
        .bind(&row.shown_in)
        .bind(&row.actor)
        .bind(&row.why)
        .bind(at)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        self.durable().await
    }

    /// The second person agrees.
    pub async fn second_decision(&self, id: i64, actor: &str, at: Timestamp) -> Result<(), StoreError> {
        query("UPDATE hold_decision SET state = 'standing', second = ?2, second_at = ?3 WHERE id = ?1")
            .bind(id)
            .bind(actor)
            .bind(at.as_millisecond())
            .execute(&self.writer)
            .await?;
        self.durable().await
    }

    /// Closes a decision.
    pub async fn end_decision(&self, id: i64, end: DecisionEnd, at: Timestamp) -> Result<(), StoreError> {
        query("UPDATE hold_decision SET state = ?2, ended_at = ?3 WHERE id = ?1")
            .bind(id)
            .bind(end.name())
            .bind(at.as_millisecond())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// A plan holds the changes that this release let go on.
    pub async fn decision_used(&self, id: i64, plan: PlanId, today: Date) -> Result<(), StoreError> {
        query("UPDATE hold_decision SET used_by = ?2, used_day = ?3 WHERE id = ?1")
            .bind(id)
            .bind(plan.to_string())
            .bind(today.to_string())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// By hold: the day of the last plan that carried a release of it out.
    pub async fn carried_out(&self) -> Result<HashMap<CompactString, Date>, StoreError> {
        let rows = query(
            "SELECT hold, max(used_day) FROM hold_decision
             WHERE state = 'carried_out' AND used_day IS NOT NULL GROUP BY hold",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                let (hold, day): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
                let day = day.parse().map_err(|_| damaged("used_day is no day"))?;
                Ok((hold.into(), day))
            })
            .collect()
    }

    /// Notes the holds of this run, and says what is new and what is gone since the last one. Those that are gone are
    /// forgotten.
    pub async fn note_holds(&self, ids: &[&str], now: i64) -> Result<HoldNews, StoreError> {
        let mut transaction = self.write().await?;
        let mut news = HoldNews::default();
        for id in ids {
            let inserted =
                query("INSERT INTO hold (id, first_seen, last_seen) VALUES (?1, ?2, ?2) ON CONFLICT DO NOTHING")
                    .bind(*id)
                    .bind(now)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
            if inserted > 0 {
                news.new.insert((*id).to_owned());
            }
            query("UPDATE hold SET last_seen = ?2 WHERE id = ?1")
                .bind(*id)
                .bind(now)
                .execute(&mut *transaction)
                .await?;
        }
        let gone =
            query("DELETE FROM hold WHERE last_seen < ?1 RETURNING id").bind(now).fetch_all(&mut *transaction).await?;
        news.gone = gone.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        news.gone.sort();
        transaction.commit().await?;
        Ok(news)
    }
}

fn decision(row: &Row) -> Result<DecisionRow, StoreError> {
    let ruling = row.try_get(2)?;
    let (state, changes, at): (&str, i64, i64) = (row.try_get(3)?, row.try_get(5)?, row.try_get(10)?);
    Ok(DecisionRow {
        id: row.try_get(0)?,
        hold: row.try_get::<&str, _>(1)?.into(),
        ruling: Ruling::from_name(ruling).ok_or_else(|| damaged("bad verdict"))?,
        waiting: state == "waiting",
        digest: row.try_get(4)?,
        changes: changes.unsigned_abs(),
        marks: row.try_get(6)?,
        shown_in: row.try_get(7)?,
        actor: row.try_get(8)?,
        why: row.try_get(9)?,
        at: Timestamp::from_millisecond(at).map_err(|_| damaged("at is no time"))?,
        second: row.try_get(11)?,
        used_by: row.try_get(12)?,
    })
}

fn damaged(reason: &str) -> StoreError {
    StoreError::Damaged { table: "hold_decision", reason: reason.to_owned() }
}
