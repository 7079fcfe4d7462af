//! The deliveries that each image has taken in.

use jiff::civil::Date;

use super::sql::{Transaction, query};
use super::{Store, StoreError};
use crate::feed::DeliveryKind;

/// A delivery that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    pub kind: DeliveryKind,
    pub date: Option<Date>,
    /// [`crate::feed::Reading::digest`].
    pub digest: [u8; 32],
}

impl Store {
    /// Every accepted delivery of a source, oldest first.
    pub async fn deliveries(&self, source: i64) -> Result<Vec<DeliveryRow>, StoreError> {
        let rows = query("SELECT kind, date, digest FROM delivery WHERE source = ?1 ORDER BY accepted_at, date")
            .bind(source)
            .fetch_all(&self.reader)
            .await?;
        rows.iter()
            .map(|row| {
                let damaged = |reason: &str| StoreError::Damaged { table: "delivery", reason: reason.into() };
                let kind = match row.try_get(0)? {
                    "complete" => DeliveryKind::Complete,
                    "delta" => DeliveryKind::Delta,
                    _ => return Err(damaged("a kind is neither complete nor delta")),
                };
                let date = row.try_get::<Option<&str>, _>(1)?.and_then(|d| d.parse().ok());
                let digest = <[u8; 32]>::try_from(row.try_get::<&[u8], _>(2)?)
                    .map_err(|_| damaged("a digest is not 32 bytes"))?;
                Ok(DeliveryRow { kind, date, digest })
            })
            .collect()
    }
}

/// Notes an accepted delivery. After a complete set, what came before it says nothing any more.
pub(super) async fn note(
    transaction: &mut Transaction,
    source: i64,
    delivery: &DeliveryRow,
    accepted_at: i64,
) -> Result<(), StoreError> {
    let kind = match delivery.kind {
        DeliveryKind::Complete => {
            query("DELETE FROM delivery WHERE source = ?1").bind(source).execute(&mut *transaction).await?;
            "complete"
        }
        DeliveryKind::Delta => "delta",
    };
    query(
        "INSERT INTO delivery (source, digest, kind, date, accepted_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (source, digest) DO UPDATE SET kind = excluded.kind, date = excluded.date,
         accepted_at = excluded.accepted_at",
    )
    .bind(source)
    .bind(&delivery.digest[..])
    .bind(kind)
    .bind(delivery.date.map(|d| d.to_string()))
    .bind(accepted_at)
    .execute(&mut *transaction)
    .await?;
    Ok(())
}
