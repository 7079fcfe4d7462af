//! Names for everybody in the roster, for ever: from the register, from the directory, or new.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt as _;

use crate::audit::{Kind, Trail};
use crate::directory::Search;
use crate::naming::{Login, Names, Register, Rules, Uid, fold};
use crate::roster::{JoinKey, Roster};
use crate::store::{AccountRow, NameRow};

use super::prepare::{Ground, PlanError};
use super::year::school_year;

/// Gives what the engine knows under a former join key to the present one: a name is for a person, not for a key.
/// Where the present key is known too, both stay: whose is whose is not for a program to say.
pub(super) async fn rekey(
    ground: &Ground<'_>,
    roster: &Roster,
    accounts: &mut HashMap<JoinKey, AccountRow>,
    reserved: &mut [NameRow],
    trail: &Trail,
) -> Result<(), PlanError> {
    if roster.aliases.is_empty() {
        return Ok(());
    }
    let taken: HashSet<&str> = reserved.iter().map(|row| row.join_key.as_str()).collect();
    let moves: HashMap<JoinKey, JoinKey> = reserved
        .iter()
        .map(|row| (row.join_key.clone(), roster.aliases.present(row.join_key.clone())))
        .filter(|(former, present)| former != present && !taken.contains(present.as_str()))
        .collect();
    if moves.is_empty() {
        return Ok(());
    }
    ground.store.rekey(&moves).await?;
    for row in reserved {
        if let Some(present) = moves.get(&row.join_key) {
            row.join_key = present.clone();
        }
    }
    for (former, present) in &moves {
        if let Some(mut account) = accounts.remove(former) {
            account.join_key = present.clone();
            accounts.insert(present.clone(), account);
        }
        let former = trail.pseudonym(former);
        trail.record(Kind::JoinKeyChanged, Some(present), serde_json::json!({ "former_pseudonym": former }))?;
    }
    Ok(())
}

/// Gives everybody in the roster a uid and a login. The directory is asked which names are taken there only when
/// somebody is new to the register; new names are reserved before anything is shown, so that dry run and real run
/// agree. `rows` is the register as it was.
pub(super) async fn name_everybody(
    ground: &Ground<'_>,
    roster: &Roster,
    rows: Vec<NameRow>,
    trail: &Trail,
) -> Result<Vec<(Uid, Login)>, PlanError> {
    // Nearly every night everybody is known: nothing to draw, nothing to ask.
    let known: HashMap<&str, &NameRow> = rows.iter().map(|row| (row.join_key.as_str(), row)).collect();
    let all: Option<Vec<(Uid, Login)>> = roster
        .persons
        .iter()
        .map(|person| known.get(person.key.as_str()).map(|row| (row.uid.clone(), row.login.clone())))
        .collect();
    drop(known);
    if let Some(all) = all {
        return Ok(all);
    }
    let counters = ground.store.uid_counters().await?;
    let names = rows.into_iter().map(|r| (r.join_key, Names { uid: r.uid, login: r.login }));
    let mut register = Register::new(Rules::from_config(&ground.config.naming)?, names, counters);
    take_names_of_directory(ground, roster, &mut register).await?;
    let year = school_year(ground.today, &ground.config.year);
    let names: Vec<(Uid, Login)> = roster
        .persons
        .iter()
        .map(|person| {
            let names = register.assign(&person.key, &person.name, year);
            (names.uid.clone(), names.login.clone())
        })
        .collect();
    let new: Vec<NameRow> = register
        .new_names()
        .map(|(join_key, names)| NameRow {
            join_key: join_key.clone(),
            uid: names.uid.clone(),
            login: names.login.clone(),
        })
        .collect();
    if !new.is_empty() {
        let counters: Vec<(String, u64)> = register.counters().map(|(s, n)| (s.to_owned(), n)).collect();
        let folded = |name: &str| fold(name).into();
        ground.store.reserve_names(&new, &counters, folded, ground.now.as_millisecond()).await?;
        trail.record(Kind::NameReserved, None, serde_json::json!({ "count": new.len() }))?;
    }
    Ok(names)
}

/// Adopts the names of accounts with a known join key, and marks every other name as taken.
async fn take_names_of_directory(
    ground: &Ground<'_>,
    roster: &Roster,
    register: &mut Register,
) -> Result<(), PlanError> {
    let dialect = &ground.dialect;
    let mut entries = ground
        .directory
        .search(Search {
            base: dialect.people_branch().clone(),
            filter: dialect.person_filter(),
            attributes: dialect.name_attributes(),
        })
        .await?;
    while let Some(entry) = entries.try_next().await? {
        let taken = dialect.names_of(&entry);
        let key = dialect
            .join_keys(&entry)
            .map(|key| roster.aliases.present(JoinKey::from_text(key)))
            .find(|key| roster.persons.binary_search_by(|p| p.key.cmp(key)).is_ok());
        if let (Some(key), Some(uid), Some(login)) = (key, &taken.uid, &taken.login)
            && register.get(&key).is_none()
        {
            match register.adopt(&key, uid.clone(), login.clone()) {
                Ok(()) => continue,
                Err(error) => tracing::warn!(dn = %entry.dn, %error, "an account cannot keep its names"),
            }
        }
        register.take(taken.uid.iter().map(Uid::as_str));
        register.take(taken.login.iter().map(Login::as_str));
        register.take(taken.aliases.iter().map(String::as_str));
        ground.progress.advance(1);
    }
    Ok(())
}
