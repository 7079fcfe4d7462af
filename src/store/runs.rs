//! Runs, saved plans, the journal of an apply.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::accounts::{AccountRow, Stage, forget_accounts, save_accounts, save_groups};
use super::before::{Before, save_before};
use super::envelopes::{drop_unprinted, end_live, settle_envelopes};
use super::renewals::{RenewalRow, save_renewals};
use super::roles::{RoleLinkRow, forget_role_links, save_role_links};
use super::sql::{QueryBuilder, Row, Transaction, query};
use super::successors::{SuccessorRow, save_successors};
use super::trail::append_in;
use super::{ROWS_PER_STATEMENT, Store, StoreError};
use crate::audit::Unchained;
use crate::credentials::{self, Ended, Serial};
use crate::directory::Dn;
use crate::plan::{PlanId, RunId};
use crate::roster::JoinKey;

/// A saved plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    pub id: String,
    pub file: String,
    pub digest: String,
    pub created_at: i64,
    pub state: PlanState,
}

/// A plan that was written as LDIF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedPlan {
    pub plan: PlanRow,
    pub at: Timestamp,
    /// The LDIF.
    pub file: String,
    /// A probe had shown that the passwords would open.
    pub proved: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    Ready,
    /// Started and not finished: a run was interrupted, or goes on.
    Applying,
    Applied,
    /// Written as LDIF for a server's offline loader; not yet found in the directory as a whole.
    Exported,
}

impl PlanState {
    const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Applying => "applying",
            Self::Applied => "applied",
            Self::Exported => "exported",
        }
    }
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// About to be sent, or sent without an answer: look before sending again.
    Intended,
    Done,
    /// Left out: the entry is no longer what the plan saw.
    Moved,
    Failed,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Done => "done",
            Self::Moved => "moved",
            Self::Failed => "failed",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Intended, Self::Done, Self::Moved, Self::Failed].into_iter().find(|o| o.name() == name)
    }
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    pub seq: u64,
    pub outcome: Outcome,
    pub detail: Option<String>,
}

/// What one batch of an apply leaves in the store, in one transaction.
#[derive(Debug, Default)]
pub struct BatchResult {
    pub journal: Vec<JournalRow>,
    pub accounts: Vec<AccountRow>,
    /// Members that the engine put in groups; `None` for a deleted group.
    pub groups: Vec<(String, Option<Vec<String>>)>,
    /// Structures that go on under other identifiers from now on.
    pub successors: Vec<SuccessorRow>,
    /// What the register knew before, by change.
    pub before: Vec<(u64, Before)>,
    /// Accounts that are nobody's of the engine again.
    pub forgotten: Vec<JoinKey>,
    /// Links between accounts of one adult that were written (`true`) or taken away.
    pub role_links: Vec<(RoleLinkRow, bool)>,
    pub envelopes: EnvelopeResult,
}

/// What becomes of envelopes with a batch; in the order of the fields.
#[derive(Debug, Default)]
pub struct EnvelopeResult {
    /// What became of hashes that were sent.
    pub settled: Vec<(Serial, credentials::Outcome)>,
    /// Accounts whose live envelope ends, one that was just settled too.
    pub ended: Vec<JoinKey>,
    /// Accounts whose live envelope is deleted if it was never printed.
    pub unprinted: Vec<JoinKey>,
    /// Accounts that are deleted, whose live envelope ends.
    pub purged: Vec<JoinKey>,
    /// What took whose place.
    pub renewals: Vec<RenewalRow>,
}

impl Store {
    pub async fn run_started(&self, run: RunId, verb: &str, plan: Option<PlanId>, at: i64) -> Result<(), StoreError> {
        query(
            "INSERT INTO run (id, verb, plan, started_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET verb = excluded.verb, plan = excluded.plan, started_at = excluded.started_at,
             finished_at = NULL, verdict = NULL",
        )
            .bind(run.to_string())
            .bind(verb)
            .bind(plan.map(|p| p.to_string()))
            .bind(at)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    pub async fn run_finished(&self, run: RunId, verdict: &str, at: i64) -> Result<(), StoreError> {
        query("UPDATE run SET finished_at = ?2, verdict = ?3 WHERE id = ?1")
            .bind(run.to_string())
            .bind(at)
            .bind(verdict)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    pub async fn save_plan(&self, id: PlanId, file: &str, digest: &str, at: i64) -> Result<(), StoreError> {
        query("INSERT INTO plan (id, file, digest, created_at, state) VALUES (?1, ?2, ?3, ?4, 'ready')")
            .bind(id.to_string())
            .bind(file)
            .bind(digest)
            .bind(at)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    pub async fn set_plan_state(&self, id: PlanId, state: PlanState) -> Result<(), StoreError> {
        query("UPDATE plan SET state = ?2 WHERE id = ?1")
            .bind(id.to_string())
            .bind(state.name())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// The plan with this id, when it was made on this store.
    pub async fn plan(&self, id: &str) -> Result<Option<PlanRow>, StoreError> {
        let row = query("SELECT id, file, digest, created_at, state FROM plan WHERE id = ?1")
            .bind(id)
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(plan_row).transpose()
    }

    /// The plan that was saved last.
    pub async fn last_plan(&self) -> Result<Option<PlanRow>, StoreError> {
        // Plans are numbered by their time.
        let row = query("SELECT id, file, digest, created_at, state FROM plan ORDER BY id DESC LIMIT 1")
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(plan_row).transpose()
    }

    /// The plan that was saved before this one.
    pub async fn plan_before(&self, id: &str) -> Result<Option<PlanRow>, StoreError> {
        let row = query("SELECT id, file, digest, created_at, state FROM plan WHERE id < ?1 ORDER BY id DESC LIMIT 1")
            .bind(id)
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(plan_row).transpose()
    }

    /// The last plan whose application began, whether it came to its end or not.
    pub async fn last_begun_plan(&self) -> Result<Option<PlanRow>, StoreError> {
        let row = query(
            "SELECT id, file, digest, created_at, state FROM plan WHERE state <> 'ready' ORDER BY id DESC LIMIT 1",
        )
        .fetch_optional(&self.reader)
        .await?;
        row.as_ref().map(plan_row).transpose()
    }

    /// A plan whose application was interrupted.
    pub async fn interrupted_plan(&self) -> Result<Option<PlanRow>, StoreError> {
        let row = query("SELECT id, file, digest, created_at, state FROM plan WHERE state = 'applying'")
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(plan_row).transpose()
    }

    /// Notes that a plan was written as LDIF. Any other that waits to be loaded is closed: its file is overtaken.
    pub async fn plan_exported(&self, id: PlanId, file: &str, proved: bool, at: i64) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        query("UPDATE plan SET state = 'applied' WHERE state = 'exported' AND id <> ?1")
            .bind(id.to_string())
            .execute(&mut *transaction)
            .await?;
        query("UPDATE plan SET state = 'exported', exported_at = ?2, exported_to = ?3, proved = ?4 WHERE id = ?1")
            .bind(id.to_string())
            .bind(at)
            .bind(file)
            .bind(proved)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.durable().await
    }

    /// Closes the plan that waits to be loaded: what another one writes online overtakes it.
    pub async fn close_exported(&self) -> Result<(), StoreError> {
        query("UPDATE plan SET state = 'applied' WHERE state = 'exported'").execute(&self.writer).await?;
        Ok(())
    }

    /// The plan that was written as LDIF and not yet found in the directory as a whole.
    pub async fn exported_plan(&self) -> Result<Option<ExportedPlan>, StoreError> {
        let row = query(
            "SELECT id, file, digest, created_at, state, exported_at, exported_to, proved FROM plan
             WHERE state = 'exported' ORDER BY id DESC LIMIT 1",
        )
        .fetch_optional(&self.reader)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let at: i64 = row.try_get(5)?;
        let at = Timestamp::from_millisecond(at)
            .map_err(|_| StoreError::Damaged { table: "plan", reason: "exported_at is no time".into() })?;
        Ok(Some(ExportedPlan { plan: plan_row(&row)?, at, file: row.try_get(6)?, proved: row.try_get(7)? }))
    }

    /// The journal of a plan, by sequence number.
    pub async fn journal(&self, plan: PlanId) -> Result<HashMap<u64, Outcome>, StoreError> {
        let rows = query("SELECT seq, outcome FROM journal WHERE plan = ?1")
            .bind(plan.to_string())
            .fetch_all(&self.reader)
            .await?;
        rows.iter()
            .map(|row| {
                let outcome = Outcome::from_name(row.try_get(1)?)
                    .ok_or_else(|| StoreError::Damaged { table: "journal", reason: "bad outcome".into() })?;
                Ok((row.try_get::<i64, _>(0)?.unsigned_abs(), outcome))
            })
            .collect()
    }

    /// Journals what a batch is about to do. Durable before it returns (see [`Store::durable`]).
    pub async fn journal_intent(&self, plan: PlanId, seqs: &[u64]) -> Result<(), StoreError> {
        let rows: Vec<JournalRow> =
            seqs.iter().map(|&seq| JournalRow { seq, outcome: Outcome::Intended, detail: None }).collect();
        let mut transaction = self.write().await?;
        save_journal(&mut transaction, plan, &rows).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Journals the outcomes of a batch with all that follows from them, in one transaction: whoever comes after a crash
    /// finds a change, its credential and its event all settled, or none of them.
    pub(crate) async fn settle_batch(
        &self,
        plan: PlanId,
        batch: &BatchResult,
        events: Unchained,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        settle_envelopes(&mut transaction, &batch.envelopes.settled, at).await?;
        end_live(&mut transaction, &batch.envelopes.ended, Ended::Revoked, at).await?;
        drop_unprinted(&mut transaction, &batch.envelopes.unprinted).await?;
        end_live(&mut transaction, &batch.envelopes.purged, Ended::Revoked, at).await?;
        save_renewals(&mut transaction, &batch.envelopes.renewals).await?;
        save_journal(&mut transaction, plan, &batch.journal).await?;
        save_before(&mut transaction, plan, &batch.before).await?;
        save_accounts(&mut transaction, &batch.accounts).await?;
        forget_accounts(&mut transaction, &batch.forgotten).await?;
        save_groups(&mut transaction, &batch.groups).await?;
        save_successors(&mut transaction, &batch.successors).await?;
        save_role_links(&mut transaction, &batch.role_links).await?;
        let purged = batch.accounts.iter().filter(|account| account.stage == Stage::Purged);
        forget_role_links(&mut transaction, purged.filter_map(|account| Dn::parse(&account.dn).ok())).await?;
        append_in(&mut transaction, events).await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn save_journal(transaction: &mut Transaction, plan: PlanId, rows: &[JournalRow]) -> Result<(), StoreError> {
    let plan = plan.to_string();
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        let mut insert = QueryBuilder::new("INSERT INTO journal (plan, seq, outcome, detail) ");
        insert.push_values(chunk, |mut row, j| {
            row.push_bind(plan.as_str())
                .push_bind(i64::try_from(j.seq).unwrap_or(i64::MAX))
                .push_bind(j.outcome.name())
                .push_bind(j.detail.as_deref());
        });
        insert.push(" ON CONFLICT (plan, seq) DO UPDATE SET outcome = excluded.outcome, detail = excluded.detail");
        insert.build().execute(&mut *transaction).await?;
    }
    Ok(())
}

fn plan_row(row: &Row) -> Result<PlanRow, StoreError> {
    let state = match row.try_get(4)? {
        "ready" => PlanState::Ready,
        "applying" => PlanState::Applying,
        "applied" => PlanState::Applied,
        "exported" => PlanState::Exported,
        other => return Err(StoreError::Damaged { table: "plan", reason: format!("state {other:?}") }),
    };
    Ok(PlanRow {
        id: row.try_get(0)?,
        file: row.try_get(1)?,
        digest: row.try_get(2)?,
        created_at: row.try_get(3)?,
        state,
    })
}
