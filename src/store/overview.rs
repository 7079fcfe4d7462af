//! Counts and last things, for those who look: sources, accounts by school, runs. Read only.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;

use super::sql::{Row, query};
use super::{Outcome, Stage, Store, StoreError};
use crate::plan::Totals;
use crate::roster::Profile;

/// A source and its last delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceOverview {
    pub name: String,
    /// The day that the last delivery says.
    pub delivered: Option<Date>,
    /// When it was accepted.
    pub accepted: Option<Timestamp>,
}

/// Accounts that share schools, profile and stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolCount {
    /// UAI, sorted; an account of two schools counts in both.
    pub schools: Vec<CompactString>,
    pub profile: Profile,
    pub stage: Stage,
    pub accounts: u64,
    /// Those who were given a sheet that counts, as [`Store::printed_before`] says.
    pub printed: u64,
    /// Those who were not, and have a sealed credential.
    pub sealed: u64,
}

/// Accounts of one school that share profile, class and stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassCount {
    pub profile: Profile,
    pub class: Option<CompactString>,
    pub stage: Stage,
    pub accounts: u64,
    pub printed: u64,
    pub sealed: u64,
}

/// A run, who started it, and what it planned or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    pub id: String,
    pub verb: String,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    /// `None` while it runs, and for ever when it was killed.
    pub verdict: Option<String>,
    /// `None` when the trail says nothing of it.
    pub actor: Option<String>,
    /// The plan that it made or carried out.
    pub plan: Option<String>,
    /// What the plan that it made comes to.
    pub totals: Option<Totals>,
    /// Holds of the plan that it made.
    pub holds: u64,
    /// What became of the changes, for a run that carried out a plan made before.
    pub outcomes: Vec<(Outcome, u64)>,
}

/// Whether the account `a` has a sheet that counts; whether it has a sealed credential.
const PRINTED: &str = "EXISTS (SELECT 1 FROM print_sheet AS s WHERE s.join_key = a.join_key)
    AND NOT EXISTS (SELECT 1 FROM envelope AS e WHERE e.join_key = a.join_key AND e.state = 'live' AND e.printed_at IS NULL)";
const SEALED: &str = "EXISTS (SELECT 1 FROM envelope AS e WHERE e.join_key = a.join_key AND e.state = 'live')";

impl Store {
    /// Every source that ever delivered, by name.
    pub async fn source_overviews(&self) -> Result<Vec<SourceOverview>, StoreError> {
        let rows =
            query("SELECT name, delivered, accepted_at FROM source ORDER BY name").fetch_all(&self.reader).await?;
        rows.iter()
            .map(|row| {
                Ok(SourceOverview {
                    name: row.try_get(0)?,
                    delivered: row.try_get::<Option<&str>, _>(1)?.and_then(|day| day.parse().ok()),
                    accepted: row.try_get::<Option<i64>, _>(2)?.map(|at| moment(at, "source")).transpose()?,
                })
            })
            .collect()
    }

    /// Every account, counted by schools, profile and stage.
    pub async fn school_counts(&self) -> Result<Vec<SchoolCount>, StoreError> {
        let rows = query(sqlx::AssertSqlSafe(format!(
            "SELECT profile, stage, count(*), count(*) FILTER (WHERE printed), count(*) FILTER (WHERE sealed AND NOT printed), schools
             FROM (SELECT schools, profile, stage, {PRINTED} AS printed, {SEALED} AS sealed FROM account AS a) AS accounts
             GROUP BY schools, profile, stage"
        )))
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                let (profile, stage) = (profile(row, 0)?, stage(row, 1)?);
                Ok(SchoolCount {
                    schools: row.try_get::<&str, _>(5)?.split_whitespace().map(CompactString::from).collect(),
                    profile,
                    stage,
                    accounts: number(row, 2)?,
                    printed: number(row, 3)?,
                    sealed: number(row, 4)?,
                })
            })
            .collect()
    }

    /// The accounts of a school, counted by profile, class and stage.
    pub async fn class_counts(&self, uai: &str) -> Result<Vec<ClassCount>, StoreError> {
        let rows = query(sqlx::AssertSqlSafe(format!(
            "SELECT profile, stage, count(*), count(*) FILTER (WHERE printed), count(*) FILTER (WHERE sealed AND NOT printed), class
             FROM (SELECT class, profile, stage, {PRINTED} AS printed, {SEALED} AS sealed FROM account AS a
                   WHERE instr(' ' || schools || ' ', ' ' || ?1 || ' ') > 0) AS accounts
             GROUP BY profile, class, stage"
        )))
        .bind(uai)
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(ClassCount {
                    profile: profile(row, 0)?,
                    stage: stage(row, 1)?,
                    accounts: number(row, 2)?,
                    printed: number(row, 3)?,
                    sealed: number(row, 4)?,
                    class: row.try_get::<Option<&str>, _>(5)?.map(CompactString::from),
                })
            })
            .collect()
    }

    /// The last runs, newest first.
    pub async fn last_runs(&self, most: u32) -> Result<Vec<LastRun>, StoreError> {
        // Runs are numbered by their time. The two kinds are written out: it is what the partial index is found by.
        let rows = query(
            "SELECT id, verb, started_at, verdict, plan,
                    (SELECT actor FROM event WHERE run = r.id AND kind = 'run_started' LIMIT 1),
                    (SELECT body FROM event AS e JOIN event_payload AS p ON p.seq = e.seq
                     WHERE e.run = r.id AND e.kind = 'plan_saved' LIMIT 1),
                    finished_at
             FROM run AS r ORDER BY id DESC LIMIT ?1",
        )
        .bind(most)
        .fetch_all(&self.reader)
        .await?;
        let mut runs = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut run = LastRun {
                id: row.try_get(0)?,
                verb: row.try_get(1)?,
                started: moment(row.try_get(2)?, "run")?,
                ended: row.try_get::<Option<i64>, _>(7)?.map(|at| moment(at, "run")).transpose()?,
                verdict: row.try_get(3)?,
                plan: row.try_get(4)?,
                actor: row.try_get(5)?,
                totals: None,
                holds: 0,
                outcomes: Vec::new(),
            };
            if let Some(plan) = &run.plan {
                run.outcomes = self.outcomes(plan).await?;
            }
            if let Some(body) = row.try_get::<Option<&str>, _>(6)? {
                run.take_plan(body);
            }
            runs.push(run);
        }
        Ok(runs)
    }

    /// What became of the changes of a plan.
    async fn outcomes(&self, plan: &str) -> Result<Vec<(Outcome, u64)>, StoreError> {
        let rows = query("SELECT outcome, count(*) FROM journal WHERE plan = ?1 GROUP BY outcome")
            .bind(plan)
            .fetch_all(&self.reader)
            .await?;
        rows.iter()
            .map(|row| {
                let outcome = Outcome::from_name(row.try_get(0)?).ok_or_else(|| damaged("journal", "bad outcome"))?;
                Ok((outcome, number(row, 1)?))
            })
            .collect()
    }
}

impl LastRun {
    /// What the trail says of the plan that the run made. A later version may say it otherwise: then nothing is known.
    fn take_plan(&mut self, body: &str) {
        let Ok(body) = serde_json::from_str::<serde_json::Value>(body) else { return };
        self.plan = body.get("plan").and_then(|plan| plan.as_str()).map(str::to_owned);
        self.holds = body.get("holds").and_then(serde_json::Value::as_u64).unwrap_or_default();
        self.totals = body.get("totals").and_then(|totals| serde_json::from_value(totals.clone()).ok());
    }
}

fn profile(row: &Row, at: usize) -> Result<Profile, StoreError> {
    Profile::from_name(row.try_get(at)?).ok_or_else(|| damaged("account", "bad profile"))
}

fn stage(row: &Row, at: usize) -> Result<Stage, StoreError> {
    Stage::from_name(row.try_get(at)?).ok_or_else(|| damaged("account", "bad stage"))
}

fn number(row: &Row, at: usize) -> Result<u64, StoreError> {
    Ok(row.try_get::<i64, _>(at)?.unsigned_abs())
}

pub(super) fn moment(milliseconds: i64, table: &'static str) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| damaged(table, "a time that is none"))
}

fn damaged(table: &'static str, reason: &str) -> StoreError {
    StoreError::Damaged { table, reason: reason.to_owned() }
}
