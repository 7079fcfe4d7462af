//! Who is meant by a class: its pupils; or its relatives, which are those whose sheet is printed with it.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::feed::values::Uai;
use crate::plan::prepare::{Ground, PlanError, config_now};
use crate::roster::{JoinKey, PersonId, Profile, Roster, places};
use crate::store::AccountRow;

/// The members of a class, by the exports and by what the accounts say: a pupil who has just left is in the class of his
/// account.
///
/// # Errors
/// When no pupil is in that class of the school, or the store fails.
pub(super) async fn members(
    ground: &Ground<'_>,
    accounts: &HashMap<JoinKey, AccountRow>,
    school: &Uai,
    class: &str,
    profile: Option<Profile>,
) -> Result<HashSet<JoinKey>, PlanError> {
    let wanted = class.to_lowercase();
    let config = config_now(ground.config, &ground.store.successor_rows().await?);
    let roster = crate::image::roster(ground.store, &config, &[], ground.today).await?;
    let mut known = BTreeSet::new();
    let mut members: HashSet<JoinKey> = HashSet::new();
    let wants = profile.unwrap_or(Profile::Pupil);
    for (profile, key, class) in of_school(&roster, school) {
        if profile == wants && class.to_lowercase() == wanted {
            members.insert(key.clone());
        }
        known.insert(class);
    }
    let here = |account: &&AccountRow| account.schools.iter().any(|uai| uai == school.as_str());
    for account in accounts.values().filter(here) {
        let Some(class) = &account.class else { continue };
        if account.profile == wants && class.to_lowercase() == wanted {
            members.insert(account.join_key.clone());
        }
        known.insert(class.to_string());
    }
    if !known.iter().any(|class| class.to_lowercase() == wanted) {
        let known = known.into_iter().collect();
        return Err(PlanError::UnknownClass { school: school.clone(), class: class.to_owned(), known });
    }
    Ok(members)
}

/// Everybody whose sheet is printed with a class of a school.
fn of_school<'r>(roster: &'r Roster, school: &'r Uai) -> impl Iterator<Item = (Profile, &'r JoinKey, String)> {
    roster.persons.iter().enumerate().flat_map(move |(at, person)| {
        let there = places(roster, PersonId(at as u32)).into_iter();
        there
            .filter(move |(id, _)| roster.structure(*id).is_some_and(|structure| structure.uai == *school))
            .filter_map(move |(_, class)| Some((person.profile, &person.key, class?.to_string())))
    })
}
