//! How a delivery becomes the image of its source: its records are put aside by pieces, and taken over in one short
//! transaction.

use compact_str::CompactString;
use jiff::civil::Date;

use super::deliveries::{self, DeliveryRow};
use super::sql::{QueryBuilder, Transaction, query, query_as, query_scalar};
use super::{ROWS_PER_STATEMENT, Store, StoreError};
use crate::feed::{Category, Fields, RecordDigest};

/// Records that change their image in one statement.
const MERGED_AT_ONCE: i64 = 20_000;
/// Records that are written in one transaction: some tens of milliseconds, in which nobody else can write.
const WRITTEN_AT_ONCE: i64 = 1_000;
/// From so many changed records on, when they are more than this share of the image, it is made anew beside the accepted
/// one and takes its place at once. Merging takes some 35 µs a record, in which nobody else can write: an ordinary night
/// changes three in a thousand, and keeps everybody waiting for less than a tenth of a second.
const MANY_CHANGED: i64 = 1_500;
const SHARE_CHANGED: i64 = 300;

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
    /// Empties what an interrupted reading of this source may have left.
    pub async fn staging_clear(&self, source: i64) -> Result<(), StoreError> {
        loop {
            let deleted = query(
                "DELETE FROM record WHERE id IN (
                    SELECT id FROM record WHERE image = (SELECT 2 * id + 1 - slot FROM source WHERE id = ?1) LIMIT ?2)",
            )
            .bind(source)
            .bind(WRITTEN_AT_ONCE)
            .execute(&self.writer)
            .await?;
            if deleted.rows_affected() == 0 {
                return Ok(());
            }
        }
    }

    /// Puts changed records aside until the delivery is accepted, each key once. `files` are the numbers of its parts.
    pub async fn stage(&self, source: i64, records: Vec<StagedRecord>, files: &[i64]) -> Result<(), StoreError> {
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let mut transaction = self.write().await?;
            let image = Images::of(source, &mut transaction).await?.staged;
            for _ in 0..WRITTEN_AT_ONCE as usize / ROWS_PER_STATEMENT {
                if records.peek().is_none() {
                    break;
                }
                let mut insert =
                    QueryBuilder::new("INSERT INTO record (image, category, key, digest, file, line, fields) ");
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
        }
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
        let whole = self.complete_staged(source, acceptance.gone).await?;
        let mut transaction = self.write().await?;
        let changed = if whole {
            swap(source, &mut transaction).await?;
            true
        } else {
            let changed = Images::of(source, &mut transaction).await?.merge(source, &mut transaction).await?;
            let image = Images::of(source, &mut transaction).await?.accepted;
            remove(&mut transaction, image, acceptance.gone).await?;
            changed
        };
        deliveries::note(&mut transaction, source, acceptance.delivery, acceptance.accepted_at).await?;
        let raised = i64::from(changed || !acceptance.gone.is_empty());
        let version = query_scalar(
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
        if whole {
            self.staging_clear(source).await?;
        }
        Ok(version)
    }

    /// When very much changes: puts what stays beside what was staged, by pieces, so that the staged image is the whole
    /// one. Whether it is. Stopped in between, nothing is accepted, and the next reading begins anew.
    async fn complete_staged(&self, source: i64, gone: &[(Category, CompactString)]) -> Result<bool, StoreError> {
        let (accepted, staged) = {
            let mut connection = self.reader.snapshot().await?;
            let images = Images::of(source, &mut connection).await?;
            (images.accepted, images.staged)
        };
        let count = "SELECT count(*), coalesce(min(id), 0), coalesce(max(id), -1) FROM record WHERE image = ?1";
        let (new, ..): (i64, i64, i64) = query_as(count).bind(staged).fetch_one(&self.reader).await?;
        if new < MANY_CHANGED {
            return Ok(false);
        }
        let (there, mut from, last): (i64, i64, i64) = query_as(count).bind(accepted).fetch_one(&self.reader).await?;
        if there == 0 || new * SHARE_CHANGED < there {
            return Ok(false);
        }
        while from <= last {
            let to = from.saturating_add(WRITTEN_AT_ONCE);
            query(
                "INSERT INTO record (image, category, key, digest, file, line, fields)
                 SELECT ?2, category, key, digest, file, line, fields FROM record AS stays
                 WHERE image = ?1 AND id >= ?3 AND id < ?4 AND NOT EXISTS (
                    SELECT 1 FROM record AS new
                    WHERE new.image = ?2 AND new.category = stays.category AND new.key = stays.key)",
            )
            .bind(accepted)
            .bind(staged)
            .bind(from)
            .bind(to)
            .execute(&self.writer)
            .await?;
            from = to;
        }
        for keys in gone.chunks(WRITTEN_AT_ONCE as usize) {
            self.unstage(source, keys).await?;
        }
        Ok(true)
    }
}

/// The two images of a source.
struct Images {
    accepted: i64,
    staged: i64,
}

impl Images {
    async fn of(source: i64, connection: &mut Transaction) -> Result<Self, StoreError> {
        let (accepted, staged) = query_as("SELECT 2 * id + slot, 2 * id + 1 - slot FROM source WHERE id = ?1")
            .bind(source)
            .fetch_one(connection)
            .await?;
        Ok(Self { accepted, staged })
    }

    /// Makes the staged records accepted ones, in the place of those with their keys; whether there were any.
    async fn merge(self, source: i64, connection: &mut Transaction) -> Result<bool, StoreError> {
        let (mut from, last): (i64, i64) =
            query_as("SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM record WHERE image = ?1")
                .bind(self.staged)
                .fetch_one(&mut *connection)
                .await?;
        let changed = from <= last;
        let is_first = "SELECT NOT EXISTS (SELECT 1 FROM record WHERE image = ?1)";
        if query_scalar(is_first).bind(self.accepted).fetch_one(&mut *connection).await? {
            swap(source, connection).await?;
            return Ok(changed);
        }
        // By pieces: what SQLite keeps to undo one statement is in memory.
        while from <= last {
            let to = from.saturating_add(MERGED_AT_ONCE);
            query(
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
            query("UPDATE record SET image = ?2 WHERE image = ?1 AND id >= ?3 AND id < ?4")
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

/// Makes the staged image the accepted one.
async fn swap(source: i64, connection: &mut Transaction) -> Result<(), StoreError> {
    query("UPDATE source SET slot = 1 - slot WHERE id = ?1").bind(source).execute(connection).await?;
    Ok(())
}

async fn remove(
    connection: &mut Transaction,
    image: i64,
    keys: &[(Category, CompactString)],
) -> Result<(), StoreError> {
    for (category, key) in keys {
        query("DELETE FROM record WHERE image = ?1 AND category = ?2 AND key = ?3")
            .bind(image)
            .bind(category.code())
            .bind(key.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use futures_util::TryStreamExt as _;

    use super::*;
    use crate::feed::DeliveryKind;
    use crate::store::testing;

    const PUPIL: Category = Category::Pupil;

    fn records(keys: std::ops::Range<usize>, night: u8) -> Vec<StagedRecord> {
        keys.map(|key| StagedRecord {
            category: PUPIL,
            key: key.to_string().into(),
            digest: [night; 16],
            part: 0,
            line: 1,
            fields: Fields::from_packed(format!("{key} on night {night}")),
        })
        .collect()
    }

    async fn accept(store: &Store, source: i64, night: u8, gone: &[(Category, CompactString)]) -> i64 {
        let delivery = DeliveryRow { kind: DeliveryKind::Complete, date: None, digest: [night; 32] };
        let acceptance =
            Acceptance { source, delivered: None, digest: "00", gone, delivery: &delivery, accepted_at: 0 };
        store.accept(acceptance).await.unwrap()
    }

    async fn nights(store: &Store, source: i64) -> BTreeMap<u8, usize> {
        let mut counts = BTreeMap::new();
        let rows: Vec<_> = store.image_digests(source).try_collect().await.unwrap();
        for (_, _, digest) in rows {
            *counts.entry(digest[0]).or_default() += 1;
        }
        counts
    }

    /// Few changes are merged, many replace the image: both give what was delivered, and leave nothing aside.
    #[tokio::test]
    async fn few_and_many_changes_give_what_was_delivered() {
        let folder = tempfile::tempdir().unwrap();
        let store = testing::open(folder.path()).await;
        let source = store.source("AC-TEST", "AC-TEST", "aaf-2d").await.unwrap().id;
        let gone: Vec<_> = (0..3).map(|key: usize| (PUPIL, CompactString::from(key.to_string()))).collect();
        store.stage(source, records(0..12_000, 1), &[]).await.unwrap();
        assert_eq!(accept(&store, source, 1, &[]).await, 1);

        store.stage(source, records(100..200, 2), &[]).await.unwrap();
        assert_eq!(accept(&store, source, 2, &gone[..1]).await, 2);
        assert_eq!(nights(&store, source).await, [(1, 11_899), (2, 100)].into());

        store.stage(source, records(150..7_000, 3), &[]).await.unwrap();
        store.stage(source, records(12_000..12_010, 3), &[]).await.unwrap();
        assert_eq!(accept(&store, source, 3, &gone).await, 3);
        assert_eq!(nights(&store, source).await, [(1, 5_097), (2, 50), (3, 6_860)].into());
        let row = store.image_row(source, PUPIL, "150").await.unwrap().unwrap();
        assert_eq!(row.fields.into_packed(), "150 on night 3");
        assert!(store.image_row(source, PUPIL, "2").await.unwrap().is_none());

        // Nothing was put aside and kept.
        store.stage(source, records(0..1, 4), &[]).await.unwrap();
        accept(&store, source, 4, &[]).await;
        assert_eq!(nights(&store, source).await.values().sum::<usize>(), 12_008);
    }
}
