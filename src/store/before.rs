//! What an apply found before it wrote: what [`undo`](crate::apply::undo) starts from.

use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::sql::{QueryBuilder, Transaction, query, query_scalar};
use super::{AccountRow, ROWS_PER_STATEMENT, Store, StoreError};
use crate::directory::Value;
use crate::plan::PlanId;

/// What was there before a change, beside what the change itself says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// The account as the register knew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountRow>,
    /// The register knew neither this account nor this group: it was taken over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
    /// The attributes of a group that was deleted, without any secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entry: Vec<(String, Vec<Value>)>,
    /// Of the plan as a whole: the school years that its schools had reached.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub years: BTreeMap<CompactString, Option<i16>>,
}

impl Store {
    /// Notes what is there before a plan's changes. What was noted first counts: a run that goes on after a kill finds
    /// its own writes.
    pub async fn note_before(&self, plan: PlanId, rows: &[(u64, Before)]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut transaction = self.write().await?;
        save_before(&mut transaction, plan, rows).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// What was noted before the changes `from..=to` of a plan; 0 is the plan as a whole.
    pub async fn before(&self, plan: PlanId, from: u64, to: u64) -> Result<HashMap<u64, Before>, StoreError> {
        let rows = query("SELECT seq, was FROM before WHERE plan = ?1 AND seq BETWEEN ?2 AND ?3")
            .bind(plan.to_string())
            .bind(number(from))
            .bind(number(to))
            .fetch_all(&self.reader)
            .await?;
        rows.iter()
            .map(|row| {
                let was = serde_json::from_str(row.try_get(1)?)
                    .map_err(|_| StoreError::Damaged { table: "before", reason: "not JSON of ours".into() })?;
                Ok((row.try_get::<i64, _>(0)?.unsigned_abs(), was))
            })
            .collect()
    }

    /// The plan that a run made or carried out; `None` when it had none.
    pub async fn plan_of_run(&self, run: &str) -> Result<Option<String>, StoreError> {
        Ok(query_scalar(
            "SELECT coalesce(plan, (SELECT json_extract(p.body, '$.plan') FROM event AS e JOIN event_payload AS p ON p.seq = e.seq
                                    WHERE e.run = r.id AND e.kind = 'plan_saved' LIMIT 1))
             FROM run AS r WHERE id = ?1",
        )
        .bind(run)
        .fetch_optional(&self.reader)
        .await?
        .flatten())
    }

    /// Whether a run has this number.
    pub async fn is_run(&self, run: &str) -> Result<bool, StoreError> {
        Ok(query_scalar("SELECT EXISTS (SELECT 1 FROM run WHERE id = ?1)").bind(run).fetch_one(&self.reader).await?)
    }

    /// Gives schools the year that they had reached; one without a year is forgotten.
    pub async fn restore_school_years(&self, years: &BTreeMap<CompactString, Option<i16>>) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for (uai, year) in years {
            match year {
                Some(year) => {
                    query(
                        "INSERT INTO school (uai, year) VALUES (?1, ?2)
                         ON CONFLICT (uai) DO UPDATE SET year = excluded.year, since = NULL",
                    )
                    .bind(uai.as_str())
                    .bind(year)
                    .execute(&mut *transaction)
                    .await?
                }
                None => {
                    query("DELETE FROM school WHERE uai = ?1").bind(uai.as_str()).execute(&mut *transaction).await?
                }
            };
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Saves inside a transaction of the caller's.
pub(super) async fn save_before(
    transaction: &mut Transaction,
    plan: PlanId,
    rows: &[(u64, Before)],
) -> Result<(), StoreError> {
    let plan = plan.to_string();
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        let mut insert = QueryBuilder::new("INSERT INTO before (plan, seq, was) ");
        let mut texts = Vec::with_capacity(chunk.len());
        for (seq, before) in chunk {
            let text = serde_json::to_string(before)
                .map_err(|e| StoreError::Damaged { table: "before", reason: e.to_string() })?;
            texts.push((number(*seq), text));
        }
        insert.push_values(texts, |mut row, (seq, text)| {
            row.push_bind(plan.as_str()).push_bind(seq).push_bind(text);
        });
        insert.push(" ON CONFLICT DO NOTHING");
        insert.build().execute(&mut *transaction).await?;
    }
    Ok(())
}

fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
