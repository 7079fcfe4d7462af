//! What reviewers have read, and the age of plans and reports.

use futures_util::TryStreamExt as _;

use super::sql::{QueryBuilder, query};
use super::{ROWS_PER_STATEMENT, Store, StoreError};
use crate::plan::review::{ChangeDigest, Seen};

/// A plan whose time is over, with all that was written of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldPlan {
    pub id: String,
    pub file: String,
    /// Below the folder of the store: files, or folders of pages.
    pub reports: Vec<String>,
}

impl Store {
    /// Notes that these changes were read in this plan. `at` in milliseconds since 1970.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_reviewed(
        &self,
        digests: &[ChangeDigest],
        plan: &str,
        by: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for chunk in digests.chunks(ROWS_PER_STATEMENT) {
            let mut insert = QueryBuilder::new("INSERT INTO reviewed (digest, plan, by, at) ");
            insert.push_values(chunk, |mut row, digest| {
                row.push_bind(digest.as_slice()).push_bind(plan).push_bind(by).push_bind(at);
            });
            insert.push(" ON CONFLICT (digest) DO UPDATE SET plan = excluded.plan, by = excluded.by, at = excluded.at");
            insert.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Every change that was read and is not forgotten: 16 bytes each.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn reviewed(&self) -> Result<Seen, StoreError> {
        let mut rows = query("SELECT digest FROM reviewed").fetch(&self.reader);
        let mut seen = Seen::new();
        while let Some(row) = rows.try_next().await? {
            let digest: &[u8] = row.try_get(0)?;
            let digest = digest
                .try_into()
                .map_err(|_| StoreError::Damaged { table: "reviewed", reason: "a digest of another length".into() })?;
            seen.insert(digest);
        }
        Ok(seen)
    }

    /// Forgets what was read before `at`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_reviewed(&self, before: i64) -> Result<u64, StoreError> {
        let done = query("DELETE FROM reviewed WHERE at < ?1").bind(before).execute(&self.writer).await?;
        Ok(done.rows_affected())
    }

    /// Notes a report of a plan that was written below the folder of the store.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_report(&self, plan: &str, path: &str) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        // A nightly report has the same name each time: it goes with the plan that it shows now.
        query("DELETE FROM plan_report WHERE path = ?1").bind(path).execute(&mut *transaction).await?;
        query("INSERT INTO plan_report (plan, path) VALUES (?1, ?2)")
            .bind(plan)
            .bind(path)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Plans made before `at` that still have their file, but for those that a run needs: being applied, or written as
    /// LDIF and not found in the directory yet.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn old_plans(&self, before: i64) -> Result<Vec<OldPlan>, StoreError> {
        let rows = query(
            "SELECT id, file, (SELECT json_group_array(path) FROM plan_report WHERE plan_report.plan = plan.id) FROM plan
             WHERE created_at < ?1 AND expired_at IS NULL AND state NOT IN ('applying', 'exported') ORDER BY id",
        )
        .bind(before)
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                let reports: &str = row.try_get(2)?;
                let reports = serde_json::from_str(reports)
                    .map_err(|e| StoreError::Damaged { table: "plan_report", reason: e.to_string() })?;
                Ok(OldPlan { id: row.try_get(0)?, file: row.try_get(1)?, reports })
            })
            .collect()
    }

    /// Notes that the file of a plan and its reports are gone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn plan_expired(&self, id: &str, at: i64) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        query("UPDATE plan SET expired_at = ?2 WHERE id = ?1").bind(id).bind(at).execute(&mut *transaction).await?;
        query("DELETE FROM plan_report WHERE plan = ?1").bind(id).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}
