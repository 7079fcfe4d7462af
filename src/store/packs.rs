//! Print packs and their receipts.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::Serialize;

use super::ledger::enter_printed;
use super::overview::moment;
use super::sql::{QueryBuilder, query, query_scalar};
use super::trail::append_in;
use super::{PrintBatch, PrintedSheet, ROWS_PER_STATEMENT, Store, StoreError, json_list};
use crate::audit::Unchained;
use crate::roster::{JoinKey, Profile};

/// A pack.
#[derive(Debug, Clone)]
pub struct PackRow {
    pub id: String,
    /// UAI.
    pub school: String,
    /// Milliseconds since 1970.
    pub at: i64,
    pub actor: String,
    /// SHA-256 of the file, in hexadecimal.
    pub digest: String,
    pub public_key: String,
    /// JSON.
    pub selection: String,
    pub template: Option<String>,
}

/// A sheet in a pack.
#[derive(Debug, Clone)]
pub struct PackedSheet {
    pub serial: String,
    pub join_key: JoinKey,
    pub profile: Profile,
    pub class: Option<String>,
}

/// A receipt that was entered.
#[derive(Debug, Clone)]
pub struct ReceiptRow {
    pub run: String,
    pub pack: String,
    pub printed_at: i64,
    pub printed_by: String,
    pub at: i64,
    pub actor: String,
}

/// A pack as the register tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackTold {
    pub pack: String,
    pub school: String,
    pub at: Timestamp,
    pub actor: String,
    pub sheets: u64,
    pub receipts: u64,
    /// When the last of them was printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printed_at: Option<Timestamp>,
    pub cancelled: bool,
}

impl Store {
    /// Notes a pack with its sheets, here and on the trail, and returns when it is on the disk.
    ///
    /// # Errors
    /// When the store fails; then nothing is noted.
    pub async fn note_pack(&self, pack: &PackRow, sheets: &[PackedSheet], events: Unchained) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        query(
            "INSERT INTO print_pack (id, school, at, actor, digest, public_key, selection, template)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .bind(&pack.id)
        .bind(&pack.school)
        .bind(pack.at)
        .bind(&pack.actor)
        .bind(&pack.digest)
        .bind(&pack.public_key)
        .bind(&pack.selection)
        .bind(&pack.template)
        .execute(&mut *tx)
        .await?;
        for chunk in sheets.chunks(ROWS_PER_STATEMENT) {
            let mut insert = QueryBuilder::new("INSERT INTO pack_sheet (pack, serial, join_key, profile, class) ");
            insert.push_values(chunk, |mut row, sheet| {
                row.push_bind(pack.id.as_str())
                    .push_bind(sheet.serial.as_str())
                    .push_bind(sheet.join_key.as_str())
                    .push_bind(sheet.profile.name())
                    .push_bind(sheet.class.as_deref());
            });
            insert.build().execute(&mut *tx).await?;
        }
        append_in(&mut tx, events).await?;
        tx.commit().await?;
        self.durable().await
    }

    /// A pack with its sheets.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn pack(&self, id: &str) -> Result<Option<(PackRow, Vec<PackedSheet>)>, StoreError> {
        let row = query(
            "SELECT id, school, at, actor, digest, public_key, selection, template FROM print_pack WHERE id = ?1",
        )
        .bind(id)
        .fetch_optional(&self.reader)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let pack = PackRow {
            id: row.try_get(0)?,
            school: row.try_get(1)?,
            at: row.try_get(2)?,
            actor: row.try_get(3)?,
            digest: row.try_get(4)?,
            public_key: row.try_get(5)?,
            selection: row.try_get(6)?,
            template: row.try_get(7)?,
        };
        let rows = query("SELECT serial, join_key, profile, class FROM pack_sheet WHERE pack = ?1")
            .bind(id)
            .fetch_all(&self.reader)
            .await?;
        let damaged = || StoreError::Damaged { table: "pack_sheet", reason: "profile".to_owned() };
        let sheets = rows.iter().map(|row| {
            Ok(PackedSheet {
                serial: row.try_get(0)?,
                join_key: JoinKey::from_text(row.try_get(1)?),
                profile: Profile::from_name(row.try_get(2)?).ok_or_else(damaged)?,
                class: row.try_get(3)?,
            })
        });
        Ok(Some((pack, sheets.collect::<Result<_, StoreError>>()?)))
    }

    /// Of these people, the schools that have their present sheet in a pack without a receipt.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn packed(&self, people: &[JoinKey]) -> Result<HashMap<JoinKey, Vec<String>>, StoreError> {
        let rows = query(
            "SELECT s.join_key, p.school FROM pack_sheet AS s JOIN print_pack AS p ON p.id = s.pack
             LEFT JOIN envelope AS e ON e.join_key = s.join_key AND e.state = 'live'
             WHERE s.join_key IN (SELECT value FROM json_each(?1)) AND p.cancelled IS NULL
               AND (e.serial IS NULL OR e.serial = s.serial)
               AND NOT EXISTS (SELECT 1 FROM pack_receipt AS r WHERE r.pack = p.id)",
        )
        .bind(json_list(people))
        .fetch_all(&self.reader)
        .await?;
        let mut packed: HashMap<JoinKey, Vec<String>> = HashMap::new();
        for row in &rows {
            packed.entry(JoinKey::from_text(row.try_get(0)?)).or_default().push(row.try_get(1)?);
        }
        Ok(packed)
    }

    /// The serials of a pack whose credential ended since.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn dead_of_pack(&self, id: &str) -> Result<HashSet<String>, StoreError> {
        let dead: Vec<String> = query_scalar(
            "SELECT s.serial FROM pack_sheet AS s JOIN envelope AS e ON e.serial = s.serial
             WHERE s.pack = ?1 AND e.state <> 'live'",
        )
        .bind(id)
        .fetch_all(&self.reader)
        .await?;
        Ok(dead.into_iter().collect())
    }

    /// Whether any receipt of a pack was entered.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has_receipts(&self, pack: &str) -> Result<bool, StoreError> {
        let found = query_scalar("SELECT EXISTS (SELECT 1 FROM pack_receipt WHERE pack = ?1)");
        Ok(found.bind(pack).fetch_one(&self.reader).await?)
    }

    /// Notes a receipt and what was printed, here and on the trail, in one transaction; `false`, and nothing, when that
    /// print run was entered before.
    ///
    /// # Errors
    /// When the store fails; then nothing is noted.
    pub async fn enter_receipt(
        &self,
        receipt: &ReceiptRow,
        batch: &PrintBatch,
        sheets: &[PrintedSheet],
        events: Unchained,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let done = query(
            "INSERT INTO pack_receipt (run, pack, printed_at, printed_by, at, actor) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO NOTHING",
        )
        .bind(&receipt.run)
        .bind(&receipt.pack)
        .bind(receipt.printed_at)
        .bind(&receipt.printed_by)
        .bind(receipt.at)
        .bind(&receipt.actor)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        enter_printed(&mut tx, batch, sheets).await?;
        append_in(&mut tx, events).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Gives a pack up, here and on the trail; `false`, and nothing, when there is none, or none that waits for its
    /// receipt.
    ///
    /// # Errors
    /// When the store fails; then nothing is noted.
    pub async fn cancel_pack(&self, id: &str, at: Timestamp, events: Unchained) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let done = query(
            "UPDATE print_pack SET cancelled = ?2 WHERE id = ?1 AND cancelled IS NULL
             AND NOT EXISTS (SELECT 1 FROM pack_receipt WHERE pack = ?1)",
        )
        .bind(id)
        .bind(at.as_millisecond())
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        append_in(&mut tx, events).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The packs of a school, or all, newest first.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn packs(&self, school: Option<&str>) -> Result<Vec<PackTold>, StoreError> {
        let rows = query(
            "SELECT p.id, p.school, p.at, p.actor, p.cancelled IS NOT NULL,
                    (SELECT count(*) FROM pack_sheet AS s WHERE s.pack = p.id),
                    (SELECT count(*) FROM pack_receipt AS r WHERE r.pack = p.id),
                    (SELECT max(r.printed_at) FROM pack_receipt AS r WHERE r.pack = p.id)
             FROM print_pack AS p WHERE ?1 IS NULL OR p.school = ?1 ORDER BY p.at DESC, p.id DESC",
        )
        .bind(school)
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(PackTold {
                    pack: row.try_get(0)?,
                    school: row.try_get(1)?,
                    at: moment(row.try_get(2)?, "print_pack")?,
                    actor: row.try_get(3)?,
                    cancelled: row.try_get(4)?,
                    sheets: row.try_get::<i64, _>(5)?.unsigned_abs(),
                    receipts: row.try_get::<i64, _>(6)?.unsigned_abs(),
                    printed_at: row.try_get::<Option<i64>, _>(7)?.map(|at| moment(at, "pack_receipt")).transpose()?,
                })
            })
            .collect()
    }
}
