//! Counts by day, school and profile.

use compact_str::CompactString;
use jiff::civil::Date;
use serde::Serialize;

use super::sql::{QueryBuilder, query, query_scalar};
use super::{ROWS_PER_STATEMENT, Store, StoreError, json_list};
use crate::roster::Profile;

/// The accounts of one profile on one day, in a school or in all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndicatorRow {
    pub day: Date,
    /// `None` for all schools together, where somebody of two schools counts once.
    pub school: Option<CompactString>,
    pub profile: Profile,
    pub present: u64,
    pub absent: u64,
    pub suspended: u64,
    /// Of those who can log in (present or absent).
    pub printed: u64,
    /// The same; `None` when the directory was not asked.
    pub activated: Option<u64>,
}

impl Store {
    /// Puts the counts of a day in the place of what was noted on it.
    pub async fn note_indicators(&self, day: Date, rows: &[IndicatorRow]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        query("DELETE FROM indicator WHERE day = ?1").bind(day.to_string()).execute(&mut *transaction).await?;
        for rows in rows.chunks(ROWS_PER_STATEMENT) {
            let mut insert = QueryBuilder::new(
                "INSERT INTO indicator (day, school, profile, present, absent, suspended, printed, activated) ",
            );
            insert.push_values(rows, |mut values, row| {
                values
                    .push_bind(row.day.to_string())
                    .push_bind(row.school.as_deref().unwrap_or_default())
                    .push_bind(row.profile.name())
                    .push_bind(number(row.present))
                    .push_bind(number(row.absent))
                    .push_bind(number(row.suspended))
                    .push_bind(number(row.printed))
                    .push_bind(row.activated.map(number));
            });
            insert.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The days that something was noted on, oldest first.
    pub async fn indicator_days(&self) -> Result<Vec<Date>, StoreError> {
        let days: Vec<String> =
            query_scalar("SELECT DISTINCT day FROM indicator ORDER BY day").fetch_all(&self.reader).await?;
        days.iter().map(|day| date(day)).collect()
    }

    /// The last day on which the directory was asked who has logged in.
    pub async fn activation_noted(&self) -> Result<Option<Date>, StoreError> {
        let day: Option<String> =
            query_scalar("SELECT max(day) FROM indicator WHERE activated IS NOT NULL").fetch_one(&self.reader).await?;
        day.as_deref().map(date).transpose()
    }

    pub async fn forget_indicators(&self, days: &[Date]) -> Result<(), StoreError> {
        query("DELETE FROM indicator WHERE day IN (SELECT value FROM json_each(?1))")
            .bind(json_list(days))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// What was noted from a day on, in the order of the days, of the schools (all together first) and of the profiles.
    pub async fn indicators(&self, since: Date) -> Result<Vec<IndicatorRow>, StoreError> {
        let rows = query(
            "SELECT day, school, profile, present, absent, suspended, printed, activated FROM indicator
             WHERE day >= ?1 ORDER BY day, school, profile",
        )
        .bind(since.to_string())
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                let count = |at: usize| row.try_get::<i64, _>(at).map(i64::unsigned_abs);
                let school: &str = row.try_get(1)?;
                Ok(IndicatorRow {
                    day: date(row.try_get(0)?)?,
                    school: (!school.is_empty()).then(|| school.into()),
                    profile: Profile::from_name(row.try_get(2)?).ok_or_else(|| damaged("bad profile"))?,
                    present: count(3)?,
                    absent: count(4)?,
                    suspended: count(5)?,
                    printed: count(6)?,
                    activated: row.try_get::<Option<i64>, _>(7)?.map(i64::unsigned_abs),
                })
            })
            .collect()
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn date(text: &str) -> Result<Date, StoreError> {
    text.parse().map_err(|_| damaged("bad day"))
}

fn damaged(reason: &str) -> StoreError {
    StoreError::Damaged { table: "indicator", reason: reason.to_owned() }
}
