//! All the entries of the people branch, seen one by one: who has an account, who leaves, who is nobody's.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;
use jiff::civil::Date;

use crate::config::Drift;
use crate::directory::Dn;
use crate::directory::dialect::{DefaultedValues, OwnedDigest};
use crate::roster::{JoinKey, PersonId, Profile, Role, Roster};
use crate::store::{AccountRow, Stage};

use super::draft::Beside;
use super::limits::Tallies;
use super::persons::{Departing, PersonDiff, Seen};
use super::year::{Continuity, is_top_level};
use super::{Change, ChangeKind, Departures};

/// Departures of the last days count together, so that a slow leak is seen too.
const RECENT_DAYS: i32 = 7;

/// What the directory holds of the people.
#[derive(Debug, Default)]
pub struct Population {
    /// By person: whether the account is there. Of the great many that are where they should be, nothing else is kept.
    found: Vec<bool>,
    /// Those that are elsewhere.
    elsewhere: HashMap<PersonId, Dn>,
    pub changes: Vec<(PersonId, Change)>,
    pub clashes: Vec<(PersonId, Dn, String)>,
    /// A second entry with the same join key.
    pub doubles: Vec<(PersonId, Option<Dn>)>,
    /// Accounts that are as they should be, which the register does not know yet.
    pub right: Vec<(PersonId, OwnedDigest)>,
    /// Accounts that somebody changed by hand, and that stay so.
    pub left: u64,
    drift: Drift,
    departing: Vec<Departing>,
    /// Mandatory values that the feed lacks, of the accounts found.
    pub defaulted: DefaultedValues,
    pub foreign: u64,
    /// The first of the foreign ones, for the message.
    pub foreign_sample: Vec<Dn>,
}

/// What becomes of the accounts that no record names.
#[derive(Debug, Default)]
pub struct Leaving {
    pub changes: Vec<Change>,
    pub totals: Departures,
    /// Still members of their groups: absent, not yet suspended.
    pub keep_members: HashSet<Dn>,
    /// Absences that the year transition explains.
    pub expected: HashSet<JoinKey>,
}

impl Population {
    #[must_use]
    pub fn new(drift: Drift) -> Self {
        Self { drift, ..Self::default() }
    }

    pub fn absorb(&mut self, seen: Seen) {
        match seen {
            Seen::Person { id, elsewhere, change, defaulted, right } => {
                if self.is_found(id) {
                    self.doubles.push((id, elsewhere));
                    return;
                }
                self.find(id, elsewhere);
                if let Some((school, defaulted)) = defaulted {
                    self.defaulted.note(&school, Some(&defaulted));
                }
                self.right.extend(right.map(|written| (id, written)));
                match change {
                    Some(change) if change.drift && self.drift == Drift::Accept => self.left += 1,
                    Some(change) => self.changes.push((id, *change)),
                    None => {}
                }
            }
            Seen::Clash { id, dn, reason } => {
                self.find(id, Some(dn.clone()));
                self.clashes.push((id, dn, reason));
            }
            Seen::Departing(departing) => self.departing.push(*departing),
            Seen::Foreign(dn) => {
                self.foreign += 1;
                if self.foreign_sample.len() < 5 {
                    self.foreign_sample.push(dn);
                }
            }
        }
    }

    fn find(&mut self, id: PersonId, elsewhere: Option<Dn>) {
        let at = id.0 as usize;
        if self.found.len() <= at {
            self.found.resize(at + 1, false);
        }
        if let Some(found) = self.found.get_mut(at) {
            *found = true;
        }
        self.elsewhere.extend(elsewhere.map(|dn| (id, dn)));
    }

    #[must_use]
    pub fn is_found(&self, id: PersonId) -> bool {
        self.found.get(id.0 as usize).copied().unwrap_or_default()
    }

    /// Where the account is, if there is one.
    #[must_use]
    pub fn dn(&self, diff: &PersonDiff<'_>, id: PersonId) -> Option<Dn> {
        if !self.is_found(id) {
            return None;
        }
        self.elsewhere.get(&id).cloned().or_else(|| diff.dn(id))
    }

    /// Those of the roster who have no entry, in the order of their join keys.
    #[must_use]
    pub fn to_create(&self, roster: &Roster) -> Vec<PersonId> {
        (0..roster.persons.len() as u32).map(PersonId).filter(|id| !self.is_found(*id)).collect()
    }

    /// Puts everything into the order of join keys, whatever order the server answered in.
    pub fn sort(&mut self) {
        self.changes.sort_by_key(|(id, _)| *id);
        self.clashes.sort_by_key(|(id, ..)| *id);
        self.doubles.sort();
        self.departing.sort_by(|a, b| a.key.cmp(&b.key));
        self.foreign_sample.sort();
    }

    /// The stage that each departing account reaches today, and the figures for the limits.
    pub fn leaving(&self, diff: &PersonDiff<'_>, beside: &Beside<'_>, tallies: &mut Tallies) -> Leaving {
        let years = beside.years;
        let mut leaving = Leaving::default();
        // Pupils first: a relative's departure is expected when all his pupils' are.
        let mut expected_dns: HashSet<&Dn> = HashSet::new();
        for departing in &self.departing {
            let Some(account) = diff.accounts.get(&departing.key) else { continue };
            let top = account.level.as_deref().is_some_and(is_top_level);
            let transition = account.schools.iter().all(|s| years.in_transition(s));
            let expected = account.expected || (top && transition && !account.schools.is_empty());
            if account.profile == Profile::Pupil && expected {
                expected_dns.insert(&departing.dn);
                leaving.expected.insert(departing.key.clone());
            }
        }
        for departing in &self.departing {
            let Some(account) = diff.accounts.get(&departing.key) else { continue };
            if account.profile == Profile::Relative {
                let all = !departing.linked.is_empty() && departing.linked.iter().all(|dn| expected_dns.contains(dn));
                if account.expected || all {
                    leaving.expected.insert(departing.key.clone());
                }
            }
            // Contracts end with the year, and schools enter their staff one after the other. Nobody notices: these accounts
            // stay usable until `lifecycle.staff_return`.
            if matches!(account.profile, Profile::Teacher | Profile::Staff) {
                let summer = account.schools.iter().any(|school| years.in_transition(school));
                if account.expected || (summer && account.stage == Stage::Present) {
                    leaving.expected.insert(departing.key.clone());
                }
            }
            let expected = departing.merged.is_some() || leaving.expected.contains(&departing.key);
            let change = diff.departure(departing, account, expected, years);
            if !expected && counts(account, diff.today) {
                for school in account.schools.iter().filter(|school| !let_through(account, school, beside.carried_out))
                {
                    let tally = tallies.of(school, account.profile);
                    tally.departures += 1;
                    tally.new_departures += u32::from(account.stage == Stage::Present);
                }
            }
            let stage = match (&change, account.stage) {
                (Some(_), Stage::Present) if departing.merged.is_none() => Stage::Absent,
                // Only a link of his changes.
                (Some(change), Stage::Absent) if change.kind == ChangeKind::Absent => Stage::Absent,
                (Some(_), _) => Stage::Suspended,
                (None, stage) => stage,
            };
            if stage == Stage::Absent {
                leaving.totals.absent += 1;
                if !diff.withdrawn.contains(&departing.key) {
                    leaving.keep_members.insert(departing.dn.clone());
                }
            } else if super::purge::is_due(account, diff.today, diff.lifecycle, false) {
                leaving.totals.purge_due += 1;
            } else {
                leaving.totals.suspended += 1;
            }
            leaving.changes.extend(change);
        }
        leaving
    }
}

/// Whether an unexpected departure counts today: it is new, or it began in the last days.
fn counts(account: &AccountRow, today: Date) -> bool {
    match account.stage {
        Stage::Present => true,
        Stage::Absent => (today - account.since).get_days() < RECENT_DAYS,
        Stage::Suspended | Stage::Purged => false,
    }
}

/// Whether somebody looked at this departure and released it: it is then no reason to hold the school again.
fn let_through(account: &AccountRow, school: &str, carried_out: &HashMap<CompactString, Date>) -> bool {
    let until = |id: String| carried_out.get(id.as_str()).is_some_and(|day| account.since <= *day);
    account.stage == Stage::Absent
        && !carried_out.is_empty()
        && (until(format!("suspend-limit:{school}:{}", account.profile)) || until("suspend-limit:global".to_owned()))
}

/// Counts the accounts of each school and profile before the plan.
pub fn count_accounts(accounts: &HashMap<JoinKey, AccountRow>, tallies: &mut Tallies) {
    for account in accounts.values() {
        if matches!(account.stage, Stage::Present | Stage::Absent) {
            for school in &account.schools {
                tallies.of(school, account.profile).accounts += 1;
            }
        }
    }
}

/// How each school's pupils went on: the evidence that it has switched to the new year.
#[must_use]
pub fn continuity(roster: &Roster, accounts: &HashMap<JoinKey, AccountRow>) -> HashMap<CompactString, Continuity> {
    let mut schools: HashMap<CompactString, Continuity> =
        roster.structures.iter().map(|s| (CompactString::from(s.uai.as_str()), Continuity::default())).collect();
    for person in &roster.persons {
        let (Role::Pupil(pupil), Some(account)) = (&person.role, accounts.get(&person.key)) else { continue };
        let (before, now) = (&account.level, pupil.course());
        for attachment in &person.schools {
            let Some(structure) = roster.structure(attachment.structure) else { continue };
            if account.schools.iter().any(|s| s == structure.uai.as_str())
                && let Some(c) = schools.get_mut(structure.uai.as_str())
            {
                let same_level = before.as_ref() == now;
                if before.is_some() && now.is_some() {
                    c.stayed += 1;
                    c.changed_level += u32::from(!same_level);
                }
                if let Some(class) = &account.class {
                    let code = pupil.classes.iter().find(|(school, _)| *school == attachment.structure);
                    let code = code.map(|(school, code)| roster.class_name(*school, code));
                    c.classed += 1;
                    c.unclassed += u32::from(pupil.classes.is_empty());
                    c.renamed += u32::from(same_level && code.is_some_and(|now| now != *class));
                }
            }
        }
    }
    schools
}
