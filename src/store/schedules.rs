//! How far `serve` is in its timetable.

use std::collections::HashMap;

use jiff::Timestamp;

use super::overview::moment;
use super::sql::query;
use super::{Store, StoreError};

/// Where a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleRow {
    /// The last moment that is dealt with.
    pub served: Timestamp,
    /// Runs that were begun for the moment that is due.
    pub attempts: u32,
    /// The next one is not begun before.
    pub next: Option<Timestamp>,
}

impl Store {
    pub async fn schedules(&self) -> Result<HashMap<String, ScheduleRow>, StoreError> {
        let rows = query("SELECT source, served, attempts, next_at FROM schedule").fetch_all(&self.reader).await?;
        rows.into_iter()
            .map(|row| {
                let next: Option<i64> = row.try_get(3)?;
                let next = next.map(|at| moment(at, "schedule")).transpose()?;
                let served = moment(row.try_get(1)?, "schedule")?;
                Ok((row.try_get(0)?, ScheduleRow { served, attempts: row.try_get(2)?, next }))
            })
            .collect()
    }

    /// Takes what is due for a run, source by source: one that another program has taken meanwhile is left out. Should
    /// nobody hear of the run again, it is due again at `again`.
    pub async fn claim_schedules(
        &self,
        due: &[(String, Timestamp)],
        now: Timestamp,
        again: Timestamp,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let mut tx = self.write().await?;
        let mut claimed = Vec::new();
        for (source, due_at) in due {
            let taken = query(
                "UPDATE schedule SET attempts = attempts + 1, next_at = ?4
                 WHERE source = ?1 AND served < ?2 AND (next_at IS NULL OR next_at <= ?3)",
            )
            .bind(source)
            .bind(due_at.as_millisecond())
            .bind(now.as_millisecond())
            .bind(again.as_millisecond())
            .execute(&mut *tx)
            .await?;
            if taken.rows_affected() == 1 {
                claimed.push((source.clone(), *due_at));
            }
        }
        tx.commit().await?;
        Ok(claimed)
    }

    pub async fn set_schedules(&self, rows: &[(&str, ScheduleRow)]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for (source, row) in rows {
            query(
                "INSERT INTO schedule (source, served, attempts, next_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (source) DO UPDATE SET served = ?2, attempts = ?3, next_at = ?4",
            )
            .bind(*source)
            .bind(row.served.as_millisecond())
            .bind(row.attempts)
            .bind(row.next.map(Timestamp::as_millisecond))
            .execute(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }
}
