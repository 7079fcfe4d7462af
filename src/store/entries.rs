//! The rows of the embedded directory. What they mean is `directory::embedded`'s.

use std::collections::HashMap;

use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _};

use super::sql::{FromRow, QueryBuilder, Row, query, query_as};
use super::writing::Writing;

use super::{ROWS_PER_STATEMENT, Store, StoreError};

/// One entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntryRow {
    /// The normalised name, root first.
    pub path: String,
    pub dn: String,
    /// The lines of `directory::embedded::text`.
    pub attributes: String,
}

impl FromRow for EntryRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self { path: row.try_get("path")?, dn: row.try_get("dn")?, attributes: row.try_get("attributes")? })
    }
}

/// Below a path lies what continues it after a comma; `-` is the character that follows it.
fn below(path: &str) -> (String, String) {
    if path.is_empty() { (String::new(), "\u{10ffff}".into()) } else { (format!("{path},"), format!("{path}-")) }
}

impl Store {
    /// Streams the entry at `path` and those below it: `(dn, attributes)`, as of one moment.
    pub(crate) fn entries(&self, path: &str) -> BoxStream<'_, Result<(String, String), StoreError>> {
        let (from, to) = below(path);
        query_as(
            "SELECT dn, attributes FROM entry WHERE path = ?1 \
             UNION ALL SELECT dn, attributes FROM entry WHERE path > ?2 AND path < ?3",
        )
        .bind(path.to_owned())
        .bind(from)
        .bind(to)
        .fetch(&self.reader)
        .map_err(StoreError::from)
        .boxed()
    }

    pub(crate) async fn entry(&self, path: &str) -> Result<Option<EntryRow>, StoreError> {
        let row = query_as("SELECT path, dn, attributes FROM entry WHERE path = ?1")
            .bind(path)
            .fetch_optional(&self.reader)
            .await?;
        Ok(row)
    }

    /// Opens the one transaction in which a batch of writes goes.
    pub(crate) async fn write_entries(&self) -> Result<EntryWriter, StoreError> {
        // Immediate: it reads before it writes, and must not find at its first write that another got there first.
        Ok(EntryWriter { transaction: self.write().await? })
    }
}

/// A transaction on the entries. Dropped without [`EntryWriter::commit`], it leaves no trace.
pub(crate) struct EntryWriter {
    transaction: Writing,
}

impl EntryWriter {
    /// Those of `paths` that are there.
    pub(crate) async fn load(&mut self, paths: &[&str]) -> Result<HashMap<String, EntryRow>, StoreError> {
        let mut rows = HashMap::with_capacity(paths.len());
        let mut found = query_as::<EntryRow>(
            "SELECT path, dn, attributes FROM entry WHERE path IN (SELECT value FROM json_each(?1))",
        )
        .bind(json(paths))
        .fetch(&mut *self.transaction);
        while let Some(row) = found.try_next().await? {
            rows.insert(row.path.clone(), row);
        }
        Ok(rows)
    }

    /// How many entries lie below each of `paths`, at any depth; those with none are left out.
    pub(crate) async fn count_below(&mut self, paths: &[&str]) -> Result<HashMap<String, u64>, StoreError> {
        let counts: Vec<(String, i64)> = query_as(
            "SELECT wanted.value, count(*) FROM json_each(?1) AS wanted \
             JOIN entry ON entry.path > wanted.value || ',' AND entry.path < wanted.value || '-' GROUP BY wanted.value",
        )
        .bind(json(paths))
        .fetch_all(&mut *self.transaction)
        .await?;
        Ok(counts.into_iter().map(|(path, n)| (path, n.unsigned_abs())).collect())
    }

    /// Adds these entries, or writes anew those that are there.
    pub(crate) async fn put(&mut self, rows: &[EntryRow]) -> Result<(), StoreError> {
        for rows in rows.chunks(ROWS_PER_STATEMENT) {
            let mut insert = QueryBuilder::new("INSERT INTO entry (path, dn, attributes) ");
            insert.push_values(rows, |mut values, row| {
                values.push_bind(&*row.path).push_bind(&*row.dn).push_bind(&*row.attributes);
            });
            insert.push(" ON CONFLICT (path) DO UPDATE SET dn = excluded.dn, attributes = excluded.attributes");
            insert.build().execute(&mut *self.transaction).await?;
        }
        Ok(())
    }

    pub(crate) async fn remove(&mut self, paths: &[&str]) -> Result<(), StoreError> {
        query("DELETE FROM entry WHERE path IN (SELECT value FROM json_each(?1))")
            .bind(json(paths))
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }
}

/// One bound list whatever its length, so that the SQL stays one text.
fn json(paths: &[&str]) -> String {
    serde_json::Value::from(paths).to_string()
}
