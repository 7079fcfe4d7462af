//! What the last reading of each source gave, so that the same files need not be read again.

use super::sql::{query, query_scalar};
use super::{Store, StoreError};

/// A remembered reading; what it says is the image's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingRow {
    /// Of the image, after the delivery was accepted.
    pub version: i64,
    /// [`crate::feed::Reading::digest`].
    pub digest: [u8; 32],
    /// Program and rules.
    pub made_by: String,
    /// JSON.
    pub memo: String,
    /// What became of each delivered key, packed.
    pub delivered: Vec<u8>,
}

impl Store {
    /// Remembers a reading in the place of the one before.
    pub async fn keep_reading(&self, source: i64, row: &ReadingRow) -> Result<(), StoreError> {
        query(
            "INSERT INTO reading (source, version, digest, made_by, memo, delivered)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (source) DO UPDATE SET version = excluded.version, digest = excluded.digest,
             made_by = excluded.made_by, memo = excluded.memo, delivered = excluded.delivered",
        )
        .bind(source)
        .bind(row.version)
        .bind(&row.digest[..])
        .bind(&row.made_by)
        .bind(&row.memo)
        .bind(&row.delivered)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Forgets every reading: the files are read again.
    #[cfg(test)]
    pub async fn forget_readings(&self) -> Result<(), StoreError> {
        query("DELETE FROM reading").execute(&self.writer).await?;
        Ok(())
    }

    /// The digest of the files that were read last, when the image still has this version and the rules are the same.
    pub async fn reading_digest(
        &self,
        source: i64,
        version: i64,
        made_by: &str,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        let digest: Option<Vec<u8>> =
            query_scalar("SELECT digest FROM reading WHERE source = ?1 AND version = ?2 AND made_by = ?3")
                .bind(source)
                .bind(version)
                .bind(made_by)
                .fetch_optional(&self.reader)
                .await?;
        digest.map(digest_of).transpose()
    }

    /// The remembered reading of a source.
    pub async fn reading(&self, source: i64) -> Result<Option<ReadingRow>, StoreError> {
        let row = query("SELECT version, digest, made_by, memo, delivered FROM reading WHERE source = ?1")
            .bind(source)
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| {
            Ok(ReadingRow {
                version: row.try_get(0)?,
                digest: digest_of(row.try_get(1)?)?,
                made_by: row.try_get(2)?,
                memo: row.try_get(3)?,
                delivered: row.try_get(4)?,
            })
        })
        .transpose()
    }
}

fn digest_of(bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    <[u8; 32]>::try_from(bytes)
        .map_err(|_| StoreError::Damaged { table: "reading", reason: "a digest is not 32 bytes".into() })
}
