//! Names for everybody in the roster, for ever: from the register, from the directory, or new.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::TryStreamExt as _;

use crate::audit::{Kind, Trail};
use crate::directory::dialect::TakenNames;
use crate::directory::{Dn, Search};
use crate::naming::{Login, Names, Register, Rules, Uid, fold};
use crate::roster::{JoinKey, Person, PersonId, Roster};
use crate::store::{AccountRow, NameRow};

use super::Proof;
use super::prepare::{Ground, PlanError};
use super::recognise::{Claim, Recognised, Recognition, Strangers};
use super::recover::Witness;
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

/// Names for everybody, and the accounts of the directory that are taken over.
pub(super) struct Named {
    /// By person.
    pub names: Vec<(Uid, Login)>,
    pub recognised: Recognised,
}

/// Gives everybody in the roster a uid and a login. The directory is asked only when somebody has no account yet: which
/// names are taken there, and whether the account is there under another program's care. New names are reserved before
/// anything is shown, so that dry run and real run agree. `rows` is the register as it was.
pub(super) async fn name_everybody(
    ground: &Ground<'_>,
    roster: &Roster,
    accounts: &HashMap<JoinKey, AccountRow>,
    rows: Vec<NameRow>,
    trail: &Trail,
) -> Result<Named, PlanError> {
    let strangers = Strangers::new(roster, accounts);
    let known: HashMap<&str, &NameRow> = rows.iter().map(|row| (row.join_key.as_str(), row)).collect();
    let of_register = |person: &Person| known.get(person.key.as_str()).map(|row| (row.uid.clone(), row.login.clone()));
    let all: Option<Vec<(Uid, Login)>> = roster.persons.iter().map(|person| of_register(person)).collect();
    drop(known);
    // Nearly every night everybody is known: nothing to draw, nothing to ask.
    if let Some(names) = all.as_ref().filter(|_| strangers.is_empty()) {
        let elsewhere = elsewhere(ground, roster, accounts, names, &[]);
        return Ok(Named {
            names: all.unwrap_or_default(),
            recognised: Recognised { elsewhere, ..Recognised::default() },
        });
    }
    let counters = ground.store.uid_counters().await?;
    let witness = Witness::new(ground.config, &counters);
    let names = rows.into_iter().map(|r| (r.join_key, Names { uid: r.uid, login: r.login }));
    let mut register = Register::new(Rules::from_config(&ground.config.naming)?, names, counters);
    register.take(ground.store.retired_names().await?.iter().map(String::as_str));
    let (recognised, claims) = ask_directory(ground, roster, accounts, &strangers, &witness, &mut register).await?;
    let mut recognised = recognised;
    for (id, claim) in &claims {
        let (Some(person), TakenNames { uid: Some(uid), login: Some(login), .. }) = (roster.person(*id), &claim.names)
        else {
            continue;
        };
        if let Err(error) = register.adopt(&person.key, uid.clone(), login.clone()) {
            tracing::warn!(dn = %claim.dn, %error, "an account cannot keep its names");
            recognised.entries.remove(&claim.dn);
            recognised.doubts.insert(*id, format!("{} : {error}", claim.dn));
        }
    }
    let year = school_year(ground.today, &ground.config.year);
    let names: Vec<(Uid, Login)> = roster
        .persons
        .iter()
        .map(|person| {
            let names = register.assign(&person.key, &person.name, year);
            (names.uid.clone(), names.login.clone())
        })
        .collect();
    let row = |(join_key, names): (&JoinKey, &Names)| NameRow {
        join_key: join_key.clone(),
        uid: names.uid.clone(),
        login: names.login.clone(),
    };
    let new: Vec<NameRow> = register.new_names().map(row).collect();
    let adopted: Vec<NameRow> = register.changed_names().map(row).collect();
    if !(new.is_empty() && adopted.is_empty()) {
        let counters: Vec<(String, u64)> = register.counters().map(|(s, n)| (s.to_owned(), n)).collect();
        let folded = |name: &str| fold(name).into();
        let now = ground.now.as_millisecond();
        ground.store.change_names(&adopted, folded, now).await?;
        ground.store.reserve_names(&new, &counters, folded, now).await?;
        trail.record(
            Kind::NameReserved,
            None,
            serde_json::json!({ "count": new.len(), "adopted_instead": adopted.len() }),
        )?;
    }
    recognised.elsewhere = elsewhere(ground, roster, accounts, &names, &claims);
    Ok(Named { names, recognised })
}

/// Recognises the accounts of those who have none in the register, and marks every other name as taken. Gives the
/// entries that are taken over, in the order of the persons.
async fn ask_directory(
    ground: &Ground<'_>,
    roster: &Roster,
    accounts: &HashMap<JoinKey, AccountRow>,
    strangers: &Strangers<'_>,
    witness: &Witness,
    register: &mut Register,
) -> Result<(Recognised, Vec<(PersonId, Claim)>), PlanError> {
    let dialect = &ground.dialect;
    let mut attributes = dialect.name_attributes();
    attributes.extend(dialect.identity_attributes());
    attributes.sort();
    attributes.dedup();
    let search = Search { base: dialect.people_branch().clone(), filter: dialect.person_filter(), attributes };
    let mut entries = ground.directory.search(search).await?;
    let (mut claims, mut doubts) = (BTreeMap::<PersonId, Vec<Claim>>::new(), Vec::new());
    while let Some(entry) = entries.try_next().await? {
        let names = dialect.names_of(&entry);
        witness.check(&entry, dialect, &names, register)?;
        let (mut owner, mut ours) = (None, false);
        for key in dialect.join_keys(&entry) {
            let key = roster.aliases.present(JoinKey::from_text(key));
            ours |= accounts.contains_key(&key);
            owner = owner.or_else(|| roster.persons.binary_search_by(|p| p.key.cmp(&key)).ok());
        }
        let recognition = match owner.map(|at| PersonId(at as u32)) {
            Some(id) if strangers.awaits(id) => Recognition::Person(id, Proof::JoinKey),
            None if !ours => strangers.examine(&dialect.identity(&entry)),
            _ => Recognition::None,
        };
        register.take(names.uid.iter().map(Uid::as_str));
        register.take(names.login.iter().map(Login::as_str));
        register.take(names.aliases.iter().map(String::as_str));
        match recognition {
            Recognition::None => {}
            Recognition::Person(id, proof) => {
                claims.entry(id).or_default().push(Claim { dn: entry.dn, names, proof });
            }
            Recognition::Doubt(id, reason) => doubts.push((id, entry.dn, reason)),
        }
        ground.progress.advance(1);
    }
    let mut recognised = Recognised::default();
    let claims = recognised.settle(claims, doubts);
    Ok((recognised, claims))
}

/// The accounts whose DN is not the one that the dialect gives: as the register has it, or as they were found.
fn elsewhere(
    ground: &Ground<'_>,
    roster: &Roster,
    accounts: &HashMap<JoinKey, AccountRow>,
    names: &[(Uid, Login)],
    claims: &[(PersonId, Claim)],
) -> HashMap<PersonId, Dn> {
    let dialect = &ground.dialect;
    let mut elsewhere = HashMap::new();
    for ((person, (uid, login)), id) in roster.persons.iter().zip(names).zip((0..).map(PersonId)) {
        let Some(account) = accounts.get(&person.key) else { continue };
        if !dialect.is_person_dn(uid, login, &account.dn)
            && let Ok(dn) = Dn::parse(&account.dn)
            && dn != dialect.person_dn(uid, login)
        {
            elsewhere.insert(id, dn);
        }
    }
    for (id, claim) in claims {
        if let Some((uid, login)) = names.get(id.0 as usize)
            && claim.dn != dialect.person_dn(uid, login)
        {
            elsewhere.insert(*id, claim.dn.clone());
        }
    }
    elsewhere
}
