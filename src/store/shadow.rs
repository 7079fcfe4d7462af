//! What differed between the directory and the exports, day by day and school by school.

use compact_str::CompactString;
use jiff::civil::Date;

use super::sql::{QueryBuilder, query, query_scalar};
use super::{ROWS_PER_STATEMENT, Store, StoreError};

/// How many of a kind differed in a school on a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DivergenceRow {
    pub day: Date,
    /// UAI; empty for what belongs to no school.
    pub school: CompactString,
    /// [`crate::plan::Divergence::token`].
    pub kind: CompactString,
    pub count: u64,
}

impl Store {
    /// Notes what differed on a day, in the place of what was noted that day before.
    pub async fn note_divergences(&self, day: Date, rows: &[DivergenceRow]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        query("DELETE FROM shadow_count WHERE day = ?1").bind(day.to_string()).execute(&mut *transaction).await?;
        query("INSERT INTO shadow_day (day) VALUES (?1) ON CONFLICT DO NOTHING")
            .bind(day.to_string())
            .execute(&mut *transaction)
            .await?;
        for chunk in rows.chunks(ROWS_PER_STATEMENT) {
            let mut insert = QueryBuilder::new("INSERT INTO shadow_count (day, school, kind, count) ");
            insert.push_values(chunk, |mut values, row| {
                values
                    .push_bind(row.day.to_string())
                    .push_bind(row.school.to_string())
                    .push_bind(row.kind.to_string())
                    .push_bind(i64::try_from(row.count).unwrap_or(i64::MAX));
            });
            insert.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The days that were looked at since `from`, in their order.
    pub async fn shadow_days(&self, from: Date) -> Result<Vec<Date>, StoreError> {
        let days: Vec<String> = query_scalar("SELECT day FROM shadow_day WHERE day >= ?1 ORDER BY day")
            .bind(from.to_string())
            .fetch_all(&self.reader)
            .await?;
        days.iter().map(|day| parse(day)).collect()
    }

    /// What differed since `from`, by day, school and kind.
    pub async fn divergences(&self, from: Date) -> Result<Vec<DivergenceRow>, StoreError> {
        let rows =
            query("SELECT day, school, kind, count FROM shadow_count WHERE day >= ?1 ORDER BY day, school, kind")
                .bind(from.to_string())
                .fetch_all(&self.reader)
                .await?;
        rows.iter()
            .map(|row| {
                Ok(DivergenceRow {
                    day: parse(row.try_get(0)?)?,
                    school: row.try_get::<&str, _>(1)?.into(),
                    kind: row.try_get::<&str, _>(2)?.into(),
                    count: row.try_get::<i64, _>(3)?.unsigned_abs(),
                })
            })
            .collect()
    }
}

fn parse(day: &str) -> Result<Date, StoreError> {
    day.parse().map_err(|_| StoreError::Damaged { table: "shadow_day", reason: format!("{day:?} is no day") })
}
