//! The images of the sources: the last accepted records of each.

use std::collections::HashMap;
use std::sync::Arc;

use compact_str::CompactString;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::civil::Date;

use super::sql::{query, query_scalar};
use super::{Store, StoreError, json_list};
use crate::feed::{Category, Fields, RecordDigest};

/// A source as the store knows it.
#[derive(Debug, Clone)]
pub struct SourceRow {
    pub id: i64,
    pub name: String,
    pub version: i64,
    pub delivered: Option<Date>,
    pub digest: Option<String>,
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

impl Store {
    /// The row of a configured source, created when it is new.
    pub async fn source(&self, name: &str, prefix: &str, kind: &str) -> Result<SourceRow, StoreError> {
        query(
            "INSERT INTO source (name, prefix, kind) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET prefix = ?2, kind = ?3
             WHERE source.prefix <> ?2 OR source.kind <> ?3",
        )
        .bind(name)
        .bind(prefix)
        .bind(kind)
        .execute(&self.writer)
        .await?;
        let row = query("SELECT id, name, version, delivered, digest FROM source WHERE name = ?1")
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
        let rows = query(
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
        let mut rows = query(
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
        let keys: Vec<String> = query_scalar(
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
            query("INSERT INTO origin_file (name) VALUES (?1) ON CONFLICT DO NOTHING")
                .bind(&**name)
                .execute(&mut *transaction)
                .await?;
            ids.push(
                query_scalar("SELECT id FROM origin_file WHERE name = ?1")
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
        let rows = query("SELECT id, name FROM origin_file").fetch_all(&self.reader).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, Arc::from(row.try_get::<&str, _>(1)?)))).collect()
    }

    /// The record of one key in the image of a source.
    pub async fn image_row(&self, source: i64, category: Category, key: &str) -> Result<Option<ImageRow>, StoreError> {
        let row = query(
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
            query(
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

fn record_digest(bytes: &[u8]) -> Result<RecordDigest, StoreError> {
    RecordDigest::try_from(bytes)
        .map_err(|_| StoreError::Damaged { table: "image", reason: "a digest is not 16 bytes".into() })
}

fn category(code: i64) -> Result<Category, StoreError> {
    Category::from_code(code)
        .ok_or_else(|| StoreError::Damaged { table: "image", reason: format!("no category has the code {code}") })
}
