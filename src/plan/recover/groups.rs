//! Which members the engine put in its groups, as far as it can be told: those who are due today, and accounts of ours
//! that no source names any more. Anybody else was put there by hand, and stays.

use std::collections::{HashMap, HashSet};

use super::{Recovery, There};
use crate::directory::dialect::Context;
use crate::directory::{Dn, Entry};
use crate::naming::{Login, Uid};
use crate::plan::prepare::{Ground, PlanError};
use crate::plan::structures::structures_there;
use crate::roster::{JoinKey, PersonId, Roster};

pub(super) async fn members(
    ground: &Ground<'_>,
    roster: &Roster,
    structures: &[Entry],
    groups: &[Entry],
    there: &HashMap<JoinKey, There>,
    recovery: &mut Recovery,
) -> Result<(), PlanError> {
    let dialect = &*ground.dialect;
    let known = ground.store.group_members().await?;
    let ours: HashMap<Dn, &JoinKey> =
        there.iter().filter_map(|(key, account)| Some((Dn::parse(&account.row.dn).ok()?, key))).collect();
    let named: HashSet<&JoinKey> = roster.persons.iter().map(|person| &person.key).collect();
    let account = |id: PersonId| roster.person(id).and_then(|person| there.get(&person.key));
    let names = |id: PersonId| {
        let account = account(id)?;
        Some((account.uid.as_ref()?, account.login.as_ref()?)) as Option<(&Uid, &Login)>
    };
    let places = structures_there(roster, dialect, structures);
    let context = Context::new(dialect, roster, &names, ground.today, &places);
    let mut due: HashMap<String, HashSet<Dn>> = HashMap::new();
    for group in dialect.groups(&context).groups {
        let members = group.members.iter().filter_map(|id| Dn::parse(&account(*id)?.row.dn).ok());
        due.insert(group.wanted.dn.normalised().to_owned(), members.collect());
    }
    for group in groups.iter().filter(|group| dialect.is_managed(group)) {
        let cn = group.dn.rdn_value();
        let due = due.get(group.dn.normalised());
        let before: HashSet<&str> = known.get(&cn).into_iter().flatten().map(String::as_str).collect();
        let mut put: Vec<String> = Vec::new();
        for member in group.texts("member").filter_map(|m| Dn::parse(m).ok()).filter(|m| !m.is_empty()) {
            let is_due = due.is_some_and(|due| due.contains(&member));
            let is_gone = ours.get(&member).is_some_and(|key| !named.contains(key));
            if is_due || is_gone || before.contains(member.normalised()) {
                put.push(member.normalised().to_owned());
            } else {
                recovery.members_of_others += 1;
            }
        }
        put.sort();
        put.dedup();
        recovery.members += put.len() as u64;
        recovery.groups += 1;
        let mut same: Vec<&str> = before.into_iter().collect();
        same.sort_unstable();
        if !known.contains_key(&cn) || same != put {
            recovery.changes.groups.push((cn, Some(put)));
        }
    }
    Ok(())
}
