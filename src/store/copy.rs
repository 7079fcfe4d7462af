//! A store copied row by row into another one, whatever databases the two are in.

use futures_util::TryStreamExt as _;
use sqlx::AssertSqlSafe;

use super::sql::{QueryBuilder, Row, Transaction, query, query_as, query_scalar};
use super::{ROWS_PER_STATEMENT, Store, StoreError};

/// The table that says which schema a store has.
const OF_ITS_OWN: &str = "_sqlx_migrations";

impl Store {
    /// Brings everything over from another store, in the state of one moment, in one transaction; gives how many rows. This
    /// one must be new: nothing was ever run on it.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when this store is not new; when one of the two fails: nothing was brought over then.
    pub async fn take_over(&self, from: &Self) -> Result<u64, StoreError> {
        let mut reading = from.reader.snapshot().await?;
        let mut writing = self.write().await?;
        let used: i64 = query_scalar(
            "SELECT (SELECT count(*) FROM run) + (SELECT count(*) FROM name) + (SELECT count(*) FROM event)",
        )
        .fetch_one(&mut *writing)
        .await?;
        if used > 0 {
            return Err(StoreError::InUse { rows: used.unsigned_abs() });
        }
        // A new store has rows of its own in some: its salt, its generation.
        for table in self.tables().await?.iter().filter(|table| *table != OF_ITS_OWN) {
            query(AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut *writing).await?;
        }
        let mut copied = 0;
        for table in in_order(from.tables().await?) {
            copied += copy_table(&table, &mut reading, &mut writing).await?;
        }
        number_on(&mut writing).await?;
        writing.commit().await?;
        Ok(copied)
    }
}

async fn copy_table(table: &str, reading: &mut Transaction, writing: &mut Transaction) -> Result<u64, StoreError> {
    let mut rows = query(AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch(reading);
    let mut waiting = Vec::with_capacity(ROWS_PER_STATEMENT);
    let mut copied = 0;
    loop {
        let row = rows.try_next().await?;
        let ended = row.is_none();
        waiting.extend(row);
        if waiting.len() == ROWS_PER_STATEMENT || (ended && !waiting.is_empty()) {
            copied += waiting.len() as u64;
            let columns = waiting.first().map(Row::names).unwrap_or_default().join(", ");
            let mut insert = QueryBuilder::new(&format!("INSERT INTO {table} ({columns}) "));
            let values: Vec<Vec<_>> = waiting.drain(..).map(|row| row.values()).collect::<Result<_, _>>()?;
            insert.push_values(values, |mut into, values| {
                for value in values {
                    into.push_bind(value);
                }
            });
            insert.build().execute(&mut *writing).await?;
        }
        if ended {
            return Ok(copied);
        }
    }
}

/// Has a server's own numbers go on after those that were brought over; in a file they do so by themselves.
async fn number_on(writing: &mut Transaction) -> Result<(), StoreError> {
    if !matches!(writing, Transaction::Postgres(_)) {
        return Ok(());
    }
    let numbered: Vec<(String, String)> = query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns
         WHERE table_schema = current_schema() AND is_identity = 'YES'",
    )
    .fetch_all(&mut *writing)
    .await?;
    for (table, column) in numbered {
        query(AssertSqlSafe(format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), coalesce(max({column}), 0) + 1, false) FROM {table}"
        )))
        .execute(&mut *writing)
        .await?;
    }
    Ok(())
}

/// Tables that others refer to, first.
const FIRST: [&str; 6] = ["source", "origin_file", "shadow_day", "print_batch", "print_pack", "plan"];

fn in_order(mut tables: Vec<String>) -> Vec<String> {
    tables.retain(|table| table != OF_ITS_OWN);
    tables.sort_by_key(|table| FIRST.iter().position(|first| first == table).unwrap_or(FIRST.len()));
    tables
}
