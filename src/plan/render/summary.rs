//! The JSON object that scripts read: what `plan --json`, `sync --json` and `apply --json` print.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::feed::{Category, Severity};
use crate::plan::{
    AccountTotals, Departures, FORMAT_VERSION, Header, Hold, ObjectTotals, PlanId, RunId, Totals, Verdict,
};

/// One run in figures. Fields keep their order and, within a format version, their meaning; new ones come at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    pub format_version: u32,
    pub run_id: RunId,
    /// The worst that happened, in one word; the exit code is its.
    pub verdict: Verdict,
    /// Records read per category token, every category present.
    pub read: BTreeMap<String, u64>,
    /// Each person record read is in exactly one of these.
    pub accounts: AccountTotals,
    /// Accounts that no record names, by stage.
    pub departures: Departures,
    pub groups: ObjectTotals,
    pub structures: ObjectTotals,
    pub credentials: Credentials,
    /// Holds that the last run did not have.
    pub held_new: u64,
    /// Findings per severity, every severity present.
    pub findings: BTreeMap<String, u64>,
    /// Seconds per stage, to the millisecond.
    pub seconds: BTreeMap<String, f64>,
    /// Absent when the run ended before it had a plan.
    pub plan_id: Option<PlanId>,
    /// Accounts found in the directory and taken over.
    pub adopted: u64,
    pub holds: Vec<Hold>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Credentials {
    /// Issued by the run; to issue, for a plan.
    pub issued: u64,
}

impl Summary {
    /// A run without a plan (yet): every figure is nought and every key is there.
    #[must_use]
    pub fn new(run_id: RunId, verdict: Verdict) -> Self {
        let mut summary = Self {
            format_version: FORMAT_VERSION,
            run_id,
            verdict,
            read: BTreeMap::new(),
            accounts: AccountTotals::default(),
            departures: Departures::default(),
            groups: ObjectTotals::default(),
            structures: ObjectTotals::default(),
            credentials: Credentials::default(),
            held_new: 0,
            findings: BTreeMap::new(),
            seconds: BTreeMap::new(),
            plan_id: None,
            adopted: 0,
            holds: Vec::new(),
        };
        summary.set_totals(&Totals::default());
        summary
    }

    /// What a plan announces. A run that applies it corrects what turned out otherwise.
    #[must_use]
    pub fn of_plan(header: &Header, run_id: RunId, verdict: Verdict) -> Self {
        let mut summary = Self::new(run_id, verdict);
        summary.plan_id = Some(header.plan_id);
        summary.set_totals(&header.totals);
        summary
    }

    #[must_use]
    pub fn with_holds(mut self, holds: Vec<Hold>) -> Self {
        self.holds = holds;
        self
    }

    /// Adds to what the stage took already.
    #[must_use]
    pub fn with_stage(mut self, stage: &str, took: Duration) -> Self {
        let seconds = self.seconds.entry(stage.to_owned()).or_default();
        *seconds = ((*seconds + took.as_secs_f64()) * 1_000.0).round() / 1_000.0;
        self
    }

    fn set_totals(&mut self, totals: &Totals) {
        let known = Category::ALL.iter().map(|c| (c.token().to_owned(), 0));
        self.read = known.chain(totals.read.clone()).collect();
        let known = Severity::ALL.iter().map(|s| (s.name().to_owned(), 0));
        self.findings = known.chain(totals.findings.clone()).collect();
        self.accounts = totals.accounts;
        self.departures = totals.departures;
        self.groups = totals.groups;
        self.structures = totals.structures;
        self.credentials = Credentials { issued: totals.credentials };
        self.held_new = totals.held_new;
        self.adopted = totals.adopted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixtures;

    #[test]
    fn every_key_of_the_contract_is_there_from_the_start() {
        let run = RunId(uuid::Uuid::nil());
        let empty = serde_json::to_value(Summary::new(run, Verdict::Refused)).unwrap();
        let full = serde_json::to_value(
            Summary::of_plan(&fixtures::header(), run, Verdict::Held)
                .with_stage("read", Duration::from_micros(1_234_567))
                .with_holds(vec![fixtures::hold_of_school()]),
        )
        .unwrap();
        for key in [
            "format_version",
            "run_id",
            "verdict",
            "read",
            "accounts",
            "departures",
            "groups",
            "structures",
            "credentials",
            "held_new",
            "findings",
            "seconds",
            "plan_id",
            "adopted",
            "holds",
        ] {
            assert!(empty.get(key).is_some(), "{key}");
        }
        assert_eq!(empty["verdict"], "refused");
        assert_eq!(empty["read"]["PersRelEleve"], 0);
        assert_eq!(empty["findings"]["blocking"], 0);
        assert_eq!(full["seconds"]["read"], 1.235);
        assert_eq!(full["accounts"]["unchanged"], 8_900);
        assert_eq!(full["plan_id"], fixtures::header().plan_id.to_string());
        assert_eq!(full["holds"][0]["reason"], "suspend_limit");
    }
}
