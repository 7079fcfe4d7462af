//! How often names may have been given: what tells an old copy of the store from the store.

use super::sql::{query, query_scalar};
use super::{Store, StoreError};

impl Store {
    /// The number of the store's generation.
    pub async fn generation(&self) -> Result<u64, StoreError> {
        let number: i64 = query_scalar("SELECT number FROM generation").fetch_one(&self.reader).await?;
        Ok(number.unsigned_abs())
    }

    /// Makes it this number, on the disk before it returns.
    pub async fn set_generation(&self, number: u64) -> Result<(), StoreError> {
        query("UPDATE generation SET number = ?1")
            .bind(i64::try_from(number).unwrap_or(i64::MAX))
            .execute(&self.writer)
            .await?;
        self.durable().await
    }
}
