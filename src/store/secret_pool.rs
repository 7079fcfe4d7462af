//! The pool: secrets made and hashed ahead of the rush, for nobody yet.

use super::sql::{QueryBuilder, query, query_as};
use super::{ROWS_PER_STATEMENT, Store, StoreError};
use crate::credentials::PoolItem;

impl Store {
    /// Adds items of one kind, all or nothing.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn add_to_pool(&self, kind: &str, items: &[PoolItem]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for rows in items.chunks(ROWS_PER_STATEMENT) {
            QueryBuilder::new("INSERT INTO pool (kind, sealed, material) ")
                .push_values(rows, |mut row, item| {
                    row.push_bind(kind).push_bind(item.sealed.as_slice()).push_bind(item.material.as_slice());
                })
                .build()
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// At most `most` items of a kind, the oldest first, after the item `after`. They stay in the pool until a batch
    /// that uses them is saved.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn pool_items(&self, kind: &str, after: i64, most: usize) -> Result<Vec<PoolItem>, StoreError> {
        let rows = query("SELECT id, sealed, material FROM pool WHERE kind = ? AND id > ? ORDER BY id LIMIT ?")
            .bind(kind)
            .bind(after)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&self.reader)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(PoolItem {
                    id: row.try_get("id")?,
                    sealed: row.try_get("sealed")?,
                    material: row.try_get("material")?,
                })
            })
            .collect()
    }

    /// How many items of each kind are there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn pool_counts(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let rows: Vec<(String, i64)> =
            query_as("SELECT kind, count(*) FROM pool GROUP BY kind ORDER BY kind").fetch_all(&self.reader).await?;
        Ok(rows.into_iter().map(|(kind, n)| (kind, n.unsigned_abs())).collect())
    }

    /// Throws away every item whose kind is not in `keep` (another policy, other parameters or recipients). Gives how
    /// many.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn discard_pool(&self, keep: &[String]) -> Result<u64, StoreError> {
        let deleted = query("DELETE FROM pool WHERE kind NOT IN (SELECT value FROM json_each(?))")
            .bind(super::json_list(keep))
            .execute(&self.writer)
            .await?;
        Ok(deleted.rows_affected())
    }
}
