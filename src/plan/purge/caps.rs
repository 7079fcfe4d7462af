//! How much a purge may delete: what goes beyond its limits is held, school by school, then over all.

use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;

use crate::config::Config;
use crate::plan::holds::Holds;
use crate::plan::limits::{PurgeTally, purge_breaches};
use crate::plan::{Change, Hold};
use crate::roster::{JoinKey, Profile};
use crate::store::{AccountRow, Stage};

/// Sorts the deletions: the holds, what they keep back with the id of its hold, and what goes on.
pub(super) fn apply(
    config: &Config,
    accounts: &HashMap<JoinKey, AccountRow>,
    changes: Vec<Change>,
    names: &BTreeMap<CompactString, String>,
) -> (Vec<Hold>, Vec<(String, Change)>, Vec<Change>) {
    let mut tallies: BTreeMap<(CompactString, Profile), PurgeTally> = BTreeMap::new();
    let mut tally = |school: &CompactString, profile: Profile, count: fn(&mut PurgeTally)| {
        let place = (school.clone(), profile);
        count(tallies.entry(place).or_insert_with(|| PurgeTally {
            school: school.clone(),
            profile,
            purged: 0,
            accounts: 0,
        }));
    };
    for account in accounts.values().filter(|account| account.stage != Stage::Purged) {
        for school in &account.schools {
            tally(school, account.profile, |tally| tally.accounts += 1);
        }
    }
    for (school, profile) in changes.iter().flat_map(places) {
        tally(&school, profile, |tally| tally.purged += 1);
    }
    let tallies: Vec<PurgeTally> = tallies.into_values().collect();
    let mut holds = Holds::default();
    let (mut of_schools, mut of_all) = (HashMap::new(), None);
    for breach in purge_breaches(&tallies, &config.limits) {
        let name = breach.school.as_ref().and_then(|school| names.get(school)).map_or("établissement", String::as_str);
        holds.breach(&breach, name);
        match (&breach.school, breach.profile()) {
            (Some(school), Some(profile)) => drop(of_schools.insert((school.clone(), profile), breach.id())),
            _ => of_all = Some(breach.id()),
        }
    }
    let (mut held, mut going) = (Vec::new(), Vec::new());
    for change in changes {
        let id = places(&change).find_map(|place| of_schools.get(&place)).or(of_all.as_ref()).cloned();
        match id {
            Some(id) => held.push((id, change)),
            None => going.push(change),
        }
    }
    let mut holds = holds.into_sorted();
    for hold in &mut holds {
        hold.changes = held.iter().filter(|(id, _)| *id == hold.id).count() as u64;
    }
    (holds, held, going)
}

fn places(change: &Change) -> impl Iterator<Item = (CompactString, Profile)> {
    let profile = change.subject.profile.into_iter();
    profile.flat_map(|profile| change.subject.schools.iter().map(move |uai| (uai.as_str().into(), profile)))
}
