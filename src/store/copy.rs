//! A store copied row by row into another one, whatever databases the two are in.

use futures_util::TryStreamExt as _;
use sqlx::AssertSqlSafe;

use super::sql::{QueryBuilder, Row, query};
use super::{ROWS_PER_STATEMENT, Store, StoreError};

/// Tables that a new store has rows in already, or of its own.
const OF_ITS_OWN: &str = "_sqlx_migrations";

/// Copies everything into a store that is new, in the state of one moment.
pub(super) async fn copy(from: &Store, to: &Store) -> Result<(), StoreError> {
    let mut reading = from.reader.snapshot().await?;
    let mut writing = to.write().await?;
    for table in to.tables().await?.iter().filter(|table| *table != OF_ITS_OWN) {
        query(AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut *writing).await?;
    }
    // What others refer to comes first.
    for table in in_order(from.tables().await?) {
        let mut rows = query(AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch(&mut reading);
        let mut waiting = Vec::with_capacity(ROWS_PER_STATEMENT);
        loop {
            let row = rows.try_next().await?;
            let ended = row.is_none();
            waiting.extend(row);
            if waiting.len() == ROWS_PER_STATEMENT || (ended && !waiting.is_empty()) {
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
                break;
            }
        }
    }
    writing.commit().await?;
    Ok(())
}

/// Tables that others refer to, first.
const FIRST: [&str; 6] = ["source", "origin_file", "shadow_day", "print_batch", "print_pack", "plan"];

fn in_order(mut tables: Vec<String>) -> Vec<String> {
    tables.retain(|table| table != OF_ITS_OWN);
    tables.sort_by_key(|table| FIRST.iter().position(|first| first == table).unwrap_or(FIRST.len()));
    tables
}
