//! What one person's entry should be, for whoever asks: the same computation as a plan's, and nothing is written.

use std::collections::{HashMap, HashSet};

use crate::directory::dialect::Context;
use crate::directory::{AttributeChange, Dn, Entry, Value};
use crate::naming::{Login, Uid};
use crate::roster::{JoinKey, PersonId, Role, Roster};
use crate::store::{AccountRow, NameRow};

use super::prepare::{Ground, PlanError};
use super::reading::structures_and_groups;
use super::structures::structures_there;

/// What the engine wants of an entry.
#[derive(Debug)]
pub struct Look {
    /// Every attribute with its values, as a creation would write them.
    pub wanted: Vec<(String, Vec<Value>)>,
    /// What a plan would change in the entry that is there.
    pub differences: Vec<AttributeChange>,
}

/// Computes the entry of one person of the roster. The inner error says in French why there can be none.
///
/// # Errors
/// When the directory or the store cannot be read.
pub async fn look(
    ground: &Ground<'_>,
    roster: &Roster,
    accounts: &HashMap<JoinKey, AccountRow>,
    names: &HashMap<JoinKey, NameRow>,
    id: PersonId,
    actual: Option<&Entry>,
) -> Result<Result<Look, String>, PlanError> {
    let dialect = &*ground.dialect;
    let (structures, groups) = structures_and_groups(ground).await?;
    let there = structures_there(roster, dialect, &structures);
    let foreign: HashSet<Dn> = groups.iter().filter(|g| !dialect.is_managed(g)).map(|g| g.dn.clone()).collect();
    let row = |id: PersonId| roster.person(id).and_then(|person| names.get(&person.key));
    let names = |id: PersonId| row(id).map(|row| (&row.uid, &row.login)) as Option<(&Uid, &Login)>;
    let mut elsewhere = HashMap::new();
    for (person, id) in roster.persons.iter().zip((0..).map(PersonId)) {
        let (Some(account), Some((uid, login))) = (accounts.get(&person.key), names(id)) else { continue };
        if !dialect.is_person_dn(uid, login, &account.dn)
            && let Ok(dn) = Dn::parse(&account.dn)
        {
            elsewhere.insert(id, dn);
        }
    }
    let mut context = Context::new(dialect, roster, &names, ground.today, &there).with_people_at(&elsewhere);
    context.join_groups(dialect, &foreign);
    let classless = |id| matches!(roster.person(id).map(|p| &p.role), Some(Role::Pupil(p)) if p.classes.is_empty());
    let wanted = match dialect.person_entry(&context, id, actual.is_some() && classless(id)) {
        Ok(wanted) => wanted,
        Err(missing) => return Ok(Err(missing.french())),
    };
    let put = ground.store.group_members().await?;
    let differences = match actual.map(|entry| dialect.differences_beside(&wanted, entry, &put)) {
        None => Vec::new(),
        Some(Ok(differences)) => differences,
        Some(Err(clash)) => return Ok(Err(clash.to_string())),
    };
    Ok(Ok(Look { wanted: dialect.entry(&wanted).attributes, differences }))
}
