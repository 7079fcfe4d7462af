//! The images of the sources: the last accepted records of each.

use std::collections::HashMap;
use std::sync::Arc;

use compact_str::CompactString;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::civil::Date;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::deliveries::{self, DeliveryRow};
use super::{ROWS_PER_STATEMENT, Store, StoreError, json_list};
use crate::feed::{Category, Fields, RecordDigest};

/// Records that change their image in one statement.
const MERGED_AT_ONCE: i64 = 20_000;

/// A source as the store knows it.
#[derive(Debug, Clone)]
pub struct SourceRow {
    pub id: i64,
    pub name: String,
    pub version: i64,
    pub delivered: Option<Date>,
    pub digest: Option<String>,
}

/// A record on its way into the image.
#[derive(Debug, Clone)]
pub struct StagedRecord {
    pub category: Category,
    pub key: CompactString,
    pub digest: RecordDigest,
    /// Index into the delivery's file names.
    pub part: u16,
    pub line: u32,
    pub fields: Fields,
}

/// A row of the image.
#[derive(Debug, Clone)]
pub struct ImageRow {
    pub category: Category,
    pub key: CompactString,
    pub file: i64,
    pub line: u32,
    pub fields: Fields,
}

/// What the image holds of one key.
#[derive(Debug, Clone)]
pub struct KnownRecord {
    pub digest: RecordDigest,
    pub fields: Fields,
}

/// What an accepted delivery does to the image.
#[derive(Debug)]
pub struct Acceptance<'a> {
    pub source: i64,
    pub delivered: Option<Date>,
    pub digest: &'a str,
    /// Keys that leave the image: those that a complete delivery no longer holds, of the categories in which
    /// departures count; those that a difference deletes.
    pub gone: &'a [(Category, CompactString)],
    /// What is noted of the delivery itself.
    pub delivery: &'a DeliveryRow,
    pub accepted_at: i64,
}

impl Store {
    /// The row of a configured source, created when it is new.
    pub async fn source(&self, name: &str, prefix: &str, kind: &str) -> Result<SourceRow, StoreError> {
        sqlx::query(
            "INSERT INTO source (name, prefix, kind) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET prefix = ?2, kind = ?3
             WHERE prefix <> ?2 OR kind <> ?3",
        )
        .bind(name)
        .bind(prefix)
        .bind(kind)
        .execute(&self.writer)
        .await?;
        let row = sqlx::query("SELECT id, name, version, delivered, digest FROM source WHERE name = ?1")
            .bind(name)
            .fetch_one(&self.reader)
            .await?;
        Ok(SourceRow {
            id: row.try_get(0)?,
            name: row.try_get(1)?,
            version: row.try_get(2)?,
            delivered: row.try_get::<Option<String>, _>(3)?.and_then(|d| d.parse().ok()),
            digest: row.try_get(4)?,
        })
    }

    /// Streams the key and the digest of every record in the image of a source.
    pub fn image_digests(
        &self,
        source: i64,
    ) -> BoxStream<'_, Result<(Category, CompactString, RecordDigest), StoreError>> {
        let rows = sqlx::query(
            "SELECT category, key, digest FROM record WHERE image = (SELECT 2 * id + slot FROM source WHERE id = ?1)",
        );
        Box::pin(rows.bind(source).fetch(&self.reader).map(|row| {
            let row = row?;
            Ok((category(row.try_get(0)?)?, row.try_get::<&str, _>(1)?.into(), record_digest(row.try_get(2)?)?))
        }))
    }

    /// What the image of a source holds of some keys of a category; those that it lacks are left out.
    pub async fn image_records(
        &self,
        source: i64,
        category: Category,
        keys: &[&str],
    ) -> Result<HashMap<CompactString, KnownRecord>, StoreError> {
        let mut known = HashMap::with_capacity(keys.len());
        let list = json_list(keys);
        let mut rows = sqlx::query(
            "SELECT key, digest, fields FROM record
             WHERE image = (SELECT 2 * id + slot FROM source WHERE id = ?1)
               AND category = ?2 AND key IN (SELECT value FROM json_each(?3))",
        )
        .bind(source)
        .bind(category.code())
        .bind(list)
        .fetch(&self.reader);
        while let Some(row) = rows.try_next().await? {
            let record = KnownRecord {
                digest: record_digest(row.try_get(1)?)?,
                fields: Fields::from_packed(row.try_get::<&str, _>(2)?),
            };
            known.insert(CompactString::from(row.try_get::<&str, _>(0)?), record);
        }
        Ok(known)
    }

    /// Every key of a category in the image of a source: for the short ones, the nomenclatures and the structures.
    pub async fn image_keys(&self, source: i64, category: Category) -> Result<Vec<CompactString>, StoreError> {
        let keys: Vec<String> = sqlx::query_scalar(
            "SELECT key FROM record
             WHERE image = (SELECT 2 * id + slot FROM source WHERE id = ?1) AND category = ?2",
        )
        .bind(source)
        .bind(category.code())
        .fetch_all(&self.reader)
        .await?;
        Ok(keys.into_iter().map(CompactString::from).collect())
    }

    /// Numbers for the names of a delivery's files, in the given order.
    pub async fn origin_files(&self, names: &[Arc<str>]) -> Result<Vec<i64>, StoreError> {
        let mut transaction = self.write().await?;
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            sqlx::query("INSERT INTO origin_file (name) VALUES (?1) ON CONFLICT DO NOTHING")
                .bind(&**name)
                .execute(&mut *transaction)
                .await?;
            ids.push(
                sqlx::query_scalar("SELECT id FROM origin_file WHERE name = ?1")
                    .bind(&**name)
                    .fetch_one(&mut *transaction)
                    .await?,
            );
        }
        transaction.commit().await?;
        Ok(ids)
    }

    /// Every known file name by number.
    pub async fn origin_names(&self) -> Result<HashMap<i64, Arc<str>>, StoreError> {
        let rows = sqlx::query("SELECT id, name FROM origin_file").fetch_all(&self.reader).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, Arc::from(row.try_get::<&str, _>(1)?)))).collect()
    }

    /// Empties what an interrupted reading of this source may have left.
    pub async fn staging_clear(&self, source: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM record WHERE image = (SELECT 2 * id + 1 - slot FROM source WHERE id = ?1)")
            .bind(source)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Puts changed records aside until the delivery is accepted, each key once. `files` are the numbers of its parts.
    pub async fn stage(&self, source: i64, records: Vec<StagedRecord>, files: &[i64]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let image = Images::of(source, &mut transaction).await?.staged;
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let mut insert =
                QueryBuilder::<Sqlite>::new("INSERT INTO record (image, category, key, digest, file, line, fields) ");
            insert.push_values(records.by_ref().take(ROWS_PER_STATEMENT), |mut row, r| {
                row.push_bind(image)
                    .push_bind(r.category.code())
                    .push_bind(r.key.into_string())
                    .push_bind(r.digest.to_vec())
                    .push_bind(files.get(usize::from(r.part)).copied().unwrap_or(0))
                    .push_bind(i64::from(r.line))
                    .push_bind(r.fields.into_packed());
            });
            insert.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Takes keys out of the staging: their records contradict each other.
    pub async fn unstage(&self, source: i64, keys: &[(Category, CompactString)]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let image = Images::of(source, &mut transaction).await?.staged;
        remove(&mut transaction, image, keys).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Makes what was staged part of the image, removes what has gone, and notes the delivery: one transaction. Gives the
    /// version of the image afterwards, raised when anything changed.
    pub async fn accept(&self, acceptance: Acceptance<'_>) -> Result<i64, StoreError> {
        let source = acceptance.source;
        let mut transaction = self.write().await?;
        let changed = Images::of(source, &mut transaction).await?.merge(source, &mut transaction).await?;
        let image = Images::of(source, &mut transaction).await?.accepted;
        remove(&mut transaction, image, acceptance.gone).await?;
        deliveries::note(&mut transaction, source, acceptance.delivery, acceptance.accepted_at).await?;
        let raised = i64::from(changed || !acceptance.gone.is_empty());
        let version = sqlx::query_scalar(
            "UPDATE source SET version = version + ?2, delivered = ?3, digest = ?4, accepted_at = ?5
             WHERE id = ?1 RETURNING version",
        )
        .bind(source)
        .bind(raised)
        .bind(acceptance.delivered.map(|d| d.to_string()))
        .bind(acceptance.digest)
        .bind(acceptance.accepted_at)
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(version)
    }

    /// The record of one key in the image of a source.
    pub async fn image_row(&self, source: i64, category: Category, key: &str) -> Result<Option<ImageRow>, StoreError> {
        let row = sqlx::query(
            "SELECT file, line, fields FROM record
             WHERE image = (SELECT 2 * id + slot FROM source WHERE id = ?1) AND category = ?2 AND key = ?3",
        )
        .bind(source)
        .bind(category.code())
        .bind(key)
        .fetch_optional(&self.reader)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let line = u32::try_from(row.try_get::<i64, _>(1)?).unwrap_or_default();
        let fields = Fields::from_packed(row.try_get::<String, _>(2)?);
        Ok(Some(ImageRow { category, key: key.into(), file: row.try_get(0)?, line, fields }))
    }

    /// Streams the image of a source, all categories.
    pub fn image_rows(&self, source: i64) -> BoxStream<'_, Result<ImageRow, StoreError>> {
        Box::pin(
            sqlx::query(
                "SELECT category, key, file, line, fields FROM record
                 WHERE image = (SELECT 2 * id + slot FROM source WHERE id = ?1)",
            )
            .bind(source)
            .fetch(&self.reader)
            .map(|row| {
                let row = row?;
                Ok(ImageRow {
                    category: category(row.try_get(0)?)?,
                    key: CompactString::from(row.try_get::<&str, _>(1)?),
                    file: row.try_get(2)?,
                    line: row.try_get(3)?,
                    fields: Fields::from_packed(row.try_get::<&str, _>(4)?),
                })
            }),
        )
    }
}

/// The two images of a source.
struct Images {
    accepted: i64,
    staged: i64,
}

impl Images {
    async fn of(source: i64, connection: &mut SqliteConnection) -> Result<Self, StoreError> {
        let (accepted, staged) = sqlx::query_as("SELECT 2 * id + slot, 2 * id + 1 - slot FROM source WHERE id = ?1")
            .bind(source)
            .fetch_one(connection)
            .await?;
        Ok(Self { accepted, staged })
    }

    /// Makes the staged records accepted ones, in the place of those with their keys; whether there were any.
    async fn merge(self, source: i64, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let (mut from, last): (i64, i64) =
            sqlx::query_as("SELECT ifnull(min(id), 0), ifnull(max(id), -1) FROM record WHERE image = ?1")
                .bind(self.staged)
                .fetch_one(&mut *connection)
                .await?;
        let changed = from <= last;
        let is_first = "SELECT NOT EXISTS (SELECT 1 FROM record WHERE image = ?1)";
        if sqlx::query_scalar(is_first).bind(self.accepted).fetch_one(&mut *connection).await? {
            sqlx::query("UPDATE source SET slot = 1 - slot WHERE id = ?1").bind(source).execute(connection).await?;
            return Ok(changed);
        }
        // By pieces: what SQLite keeps to undo one statement is in memory.
        while from <= last {
            let to = from.saturating_add(MERGED_AT_ONCE);
            sqlx::query(
                "DELETE FROM record WHERE id IN (
                    SELECT former.id FROM record AS staged JOIN record AS former USING (category, key)
                    WHERE staged.image = ?1 AND former.image = ?2 AND staged.id >= ?3 AND staged.id < ?4)",
            )
            .bind(self.staged)
            .bind(self.accepted)
            .bind(from)
            .bind(to)
            .execute(&mut *connection)
            .await?;
            sqlx::query("UPDATE record SET image = ?2 WHERE image = ?1 AND id >= ?3 AND id < ?4")
                .bind(self.staged)
                .bind(self.accepted)
                .bind(from)
                .bind(to)
                .execute(&mut *connection)
                .await?;
            from = to;
        }
        Ok(changed)
    }
}

async fn remove(
    connection: &mut SqliteConnection,
    image: i64,
    keys: &[(Category, CompactString)],
) -> Result<(), StoreError> {
    for (category, key) in keys {
        sqlx::query("DELETE FROM record WHERE image = ?1 AND category = ?2 AND key = ?3")
            .bind(image)
            .bind(category.code())
            .bind(key.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn record_digest(bytes: &[u8]) -> Result<RecordDigest, StoreError> {
    RecordDigest::try_from(bytes)
        .map_err(|_| StoreError::Damaged { table: "image", reason: "a digest is not 16 bytes".into() })
}

fn category(code: i64) -> Result<Category, StoreError> {
    Category::from_code(code)
        .ok_or_else(|| StoreError::Damaged { table: "image", reason: format!("no category has the code {code}") })
}
