//! How much a purge may delete: what goes beyond is held, school by school, then over all.

use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;

use crate::config::{Config, PurgeLimit};
use crate::feed::values::Uai;
use crate::plan::{Change, Hold, HoldReason};
use crate::roster::{JoinKey, Profile};
use crate::store::{AccountRow, Stage};
use crate::wording::{count, number};

/// Accounts of a profile in a school, and how many of them would be deleted.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    accounts: u32,
    purged: u32,
}

/// Sorts the deletions: the holds, what they keep back, and what goes on.
pub(super) fn apply(
    config: &Config,
    accounts: &HashMap<JoinKey, AccountRow>,
    changes: Vec<Change>,
    names: &BTreeMap<CompactString, String>,
) -> (Vec<Hold>, Vec<(String, Change)>, Vec<Change>) {
    let limit = config.limits.purge;
    let mut tallies: BTreeMap<(CompactString, Profile), Tally> = BTreeMap::new();
    for account in accounts.values().filter(|account| account.stage != Stage::Purged) {
        for school in &account.schools {
            tallies.entry((school.clone(), account.profile)).or_default().accounts += 1;
        }
    }
    for change in &changes {
        for (school, profile) in places(change) {
            tallies.entry((school, profile)).or_default().purged += 1;
        }
    }
    let mut holds = Vec::new();
    let mut schools: HashMap<(CompactString, Profile), String> = HashMap::new();
    for ((school, profile), tally) in &tallies {
        if !limit.is_beyond(tally.purged, tally.accounts) {
            continue;
        }
        let Some(uai) = Uai::parse(school) else { continue };
        let id = format!("purge-limit:{uai}:{profile}");
        let name = names.get(school).map_or("établissement", String::as_str);
        let message = format!(
            "{name} ({uai}) : {} sur {} seraient effacés ({}). Rien n'y est effacé ; si c'est voulu, relevez \
             [limits.purge] le temps d'une exécution.",
            count(tally.purged.into(), who(*profile).0, who(*profile).1),
            number(tally.accounts.into()),
            beyond(limit)
        );
        holds.push(hold(id.clone(), Some(uai), message));
        schools.insert((school.clone(), *profile), id);
    }
    let (mut held, mut going): (Vec<(String, Change)>, Vec<Change>) = (Vec::new(), Vec::new());
    for change in changes {
        let id = places(&change).find_map(|place| schools.get(&place)).cloned();
        match id {
            Some(id) => held.push((id, change)),
            None => going.push(change),
        }
    }
    // Those who act in several schools count once.
    let all = accounts.values().filter(|account| account.stage != Stage::Purged).count();
    if limit.of_all().is_beyond(u32::try_from(going.len()).unwrap_or(u32::MAX), u32::try_from(all).unwrap_or(u32::MAX))
    {
        let id = "purge-limit".to_owned();
        let message = format!(
            "{} sur {} seraient effacés ({}). Rien n'est effacé ; procédez par établissement (--school), ou relevez \
             [limits.purge] le temps d'une exécution.",
            count(going.len() as u64, "compte", "comptes"),
            number(all as u64),
            beyond(limit.of_all())
        );
        holds.insert(0, hold(id.clone(), None, message));
        held.extend(going.drain(..).map(|change| (id.clone(), change)));
    }
    for hold in &mut holds {
        hold.changes = held.iter().filter(|(id, _)| *id == hold.id).count() as u64;
    }
    (holds, held, going)
}

fn places(change: &Change) -> impl Iterator<Item = (CompactString, Profile)> {
    let profile = change.subject.profile.into_iter();
    profile.flat_map(|profile| change.subject.schools.iter().map(move |uai| (uai.as_str().into(), profile)))
}

fn hold(id: String, school: Option<Uai>, message: String) -> Hold {
    Hold { id, reason: HoldReason::PurgeLimit, school, join_key: None, origin: None, message, changes: 0, new: true }
}

fn beyond(limit: PurgeLimit) -> String {
    let count = limit.count.map(|count| format!(" ou {} comptes", number(count.into()))).unwrap_or_default();
    format!("limite {:.0} %{count}", limit.percent)
}

const fn who(profile: Profile) -> (&'static str, &'static str) {
    match profile {
        Profile::Pupil => ("élève", "élèves"),
        Profile::Relative => ("responsable", "responsables"),
        Profile::Teacher => ("enseignant", "enseignants"),
        Profile::Staff => ("personnel", "personnels"),
    }
}
