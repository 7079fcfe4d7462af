//! The print ledger.

use std::collections::HashSet;

use super::sql::{QueryBuilder, Transaction, query, query_scalar};
use super::trail::append_in;
use super::{ROWS_PER_STATEMENT, Store, StoreError, json_list};
use crate::audit::Unchained;
use crate::roster::{JoinKey, Profile};

/// A print run.
#[derive(Debug, Clone)]
pub struct PrintBatch {
    pub id: String,
    pub at: i64,
    pub actor: String,
    /// JSON.
    pub selection: String,
    pub template: Option<String>,
    /// jam | lost, when it was printed before.
    pub reason: Option<&'static str>,
}

/// One printed sheet.
#[derive(Debug, Clone)]
pub struct PrintedSheet {
    pub serial: String,
    pub join_key: JoinKey,
    pub profile: Profile,
    pub school: String,
    pub class: Option<String>,
    pub file: String,
}

impl Store {
    /// Writes a print run with its sheets, marks their envelopes as printed, and has the trail say so, in one transaction.
    pub async fn note_printed(
        &self,
        batch: &PrintBatch,
        sheets: &[PrintedSheet],
        events: Unchained,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        enter_printed(&mut transaction, batch, sheets).await?;
        append_in(&mut transaction, events).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Everybody who was ever given a sheet without secret, or with one that is still live.
    pub async fn printed_before(&self) -> Result<HashSet<JoinKey>, StoreError> {
        let keys: Vec<String> = query_scalar(
            "SELECT DISTINCT join_key FROM print_sheet AS s
             WHERE NOT EXISTS (SELECT 1 FROM envelope AS e
                               WHERE e.join_key = s.join_key AND e.state = 'live' AND e.printed_at IS NULL)",
        )
        .fetch_all(&self.reader)
        .await?;
        Ok(keys.iter().map(|k| JoinKey::from_text(k)).collect())
    }
}

/// A print run with its sheets, and their envelopes marked as printed.
pub(super) async fn enter_printed(
    connection: &mut Transaction,
    batch: &PrintBatch,
    sheets: &[PrintedSheet],
) -> Result<(), StoreError> {
    query(
        "INSERT INTO print_batch (id, at, actor, selection, template, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO NOTHING",
    )
    .bind(&batch.id)
    .bind(batch.at)
    .bind(&batch.actor)
    .bind(&batch.selection)
    .bind(&batch.template)
    .bind(batch.reason)
    .execute(&mut *connection)
    .await?;
    for chunk in sheets.chunks(ROWS_PER_STATEMENT) {
        let mut insert =
            QueryBuilder::new("INSERT INTO print_sheet (batch, serial, join_key, profile, school, class, file) ");
        insert.push_values(chunk, |mut row, s| {
            row.push_bind(batch.id.as_str())
                .push_bind(s.serial.as_str())
                .push_bind(s.join_key.as_str())
                .push_bind(s.profile.name())
                .push_bind(s.school.as_str())
                .push_bind(s.class.as_deref())
                .push_bind(s.file.as_str());
        });
        insert.build().execute(&mut *connection).await?;
    }
    query(
        "UPDATE envelope SET printed_at = ?1
         WHERE printed_at IS NULL AND serial IN (SELECT value FROM json_each(?2))",
    )
    .bind(batch.at)
    .bind(json_list(sheets.iter().map(|s| s.serial.as_str())))
    .execute(&mut *connection)
    .await?;
    // After a jam the same credential is on the new sheet; of another one it is known whose place it took.
    query(
        "UPDATE print_sheet SET replaces = CASE WHEN ?2 = 'jam' THEN serial ELSE
             (SELECT r.replaces FROM renewal AS r WHERE r.serial = print_sheet.serial) END
         WHERE batch = ?1 AND replaces IS NULL",
    )
    .bind(&batch.id)
    .bind(batch.reason)
    .execute(&mut *connection)
    .await?;
    Ok(())
}
