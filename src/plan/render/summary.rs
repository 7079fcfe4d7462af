//! The JSON object that scripts read: what `plan --json`, `sync --json` and `apply --json` print.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::directory::Slowdown;
use crate::feed::{Category, Severity};
use crate::plan::{
    AccountTotals, ChangeKind, ClosedHolds, Departures, DriftTotals, FORMAT_VERSION, Header, Hold, ObjectTotals,
    PlanId, ReleasedHold, RunId, StructureChange, Totals, Verdict,
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
    /// What became of the changes of the plan; all noughts when the run applied none.
    pub changes: Changes,
    /// Why the run stopped before the end of the plan.
    pub stopped: Option<Reason>,
    /// How the pace of writing was reduced, when the server suffered.
    pub slowdown: Option<Slowdown>,
    /// Structures that go on under other identifiers, of a plan of `structures`.
    pub structure_changes: Vec<StructureChange>,
    /// Accounts that somebody changed by hand in the directory.
    pub drift: DriftTotals,
    /// Holds that somebody released, and whose changes are in the plan.
    pub released: Vec<ReleasedHold>,
    /// Holds of the run before that are no more.
    pub closed: ClosedHolds,
}

/// What became of the changes of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Changes {
    pub done: u64,
    /// Done by an earlier run of the same plan.
    pub already: u64,
    /// Held: the entry is no longer what the plan saw; the next plan sees it anew.
    pub moved: u64,
    pub failed: u64,
    /// Not sent, because the run stopped before.
    pub not_done: u64,
    /// Sent, and the directory could not be asked what became of it: the next run does.
    pub unknown: u64,
    /// The first of those moved or failed.
    pub left_out: Vec<LeftOut>,
}

/// A change that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    pub seq: u64,
    pub dn: String,
    /// `moved` or `failed`.
    pub outcome: &'static str,
    pub reason: String,
}

/// Why something ended early: a word for scripts, a text for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub why: &'static str,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Credentials {
    /// Issued by the run; to issue, for a plan.
    pub issued: u64,
    /// Envelopes that are sealed for other keys than the configuration names now, after a night; `credentials reseal`.
    pub to_reseal: u64,
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
            changes: Changes::default(),
            stopped: None,
            slowdown: None,
            structure_changes: Vec::new(),
            drift: DriftTotals::default(),
            released: Vec::new(),
            closed: ClosedHolds::default(),
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
        summary.structure_changes.clone_from(&header.structures);
        summary.released.clone_from(&header.released);
        summary.closed = header.closed;
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

    /// One change of the plan turned out not to stand: what it is about counts as held, and its class as one less.
    pub fn hold(&mut self, kind: ChangeKind) {
        let (accounts, structures, groups) = (&mut self.accounts, &mut self.structures, &mut self.groups);
        let (announced, held) = match kind {
            ChangeKind::Create => (&mut accounts.created, &mut accounts.held),
            ChangeKind::Restore => (&mut accounts.restored, &mut accounts.held),
            ChangeKind::Move => (&mut accounts.moved, &mut accounts.held),
            ChangeKind::Update => (&mut accounts.updated, &mut accounts.held),
            ChangeKind::StructureCreate => (&mut structures.created, &mut structures.held),
            ChangeKind::StructureUpdate | ChangeKind::StructureRename | ChangeKind::StructureMerge => {
                (&mut structures.updated, &mut structures.held)
            }
            ChangeKind::GroupCreate => (&mut groups.created, &mut groups.held),
            ChangeKind::GroupUpdate | ChangeKind::GroupRename => (&mut groups.updated, &mut groups.held),
            ChangeKind::GroupDelete => (&mut groups.deleted, &mut groups.held),
            ChangeKind::StructureDelete => (&mut structures.deleted, &mut structures.held),
            // Of somebody whom no record names, or of what no record is about: in no class.
            ChangeKind::Absent
            | ChangeKind::Suspend
            | ChangeKind::Purge
            | ChangeKind::Reissue
            | ChangeKind::Revoke
            | ChangeKind::Rewrite => return,
        };
        if let Some(less) = announced.checked_sub(1) {
            *announced = less;
            *held += 1;
        }
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
        self.credentials.issued = totals.credentials;
        self.held_new = totals.held_new;
        self.adopted = totals.adopted;
        self.drift = totals.drift;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixtures;

    #[test]
    fn what_turned_out_otherwise_is_held_and_the_classes_still_add_up() {
        let mut summary = Summary::of_plan(&fixtures::header(), RunId(uuid::Uuid::nil()), Verdict::Held);
        summary.accounts.updated = 2;
        summary.groups.deleted = 1;
        let before = summary.clone();
        for kind in ChangeKind::ALL {
            summary.hold(kind);
        }
        assert_eq!(summary.accounts.sum(), before.accounts.sum());
        assert_eq!((summary.accounts.held, summary.accounts.updated), (1, 1));
        assert_eq!((summary.groups.held, summary.groups.deleted), (1, 0));
        assert_eq!(summary.departures, before.departures);
        // A class that was announced empty does not go below.
        let mut empty = Summary::new(RunId(uuid::Uuid::nil()), Verdict::Done);
        empty.hold(ChangeKind::Create);
        assert_eq!((empty.accounts.created, empty.accounts.held), (0, 0));
    }

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
            "changes",
            "stopped",
            "slowdown",
            "structure_changes",
            "drift",
            "released",
            "closed",
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
