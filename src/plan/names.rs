//! Names for everybody in the roster, for ever: from the register, from the directory, or new.

use std::collections::{BTreeMap, HashMap, HashSet};

use compact_str::CompactString;
use futures_util::TryStreamExt as _;

use crate::audit::{Kind, Trail};
use crate::directory::dialect::{Dialect, TakenNames};
use crate::directory::{Dn, Entry, Search};
use crate::naming::{Login, Names, Register, Rules, Uid, fold, stem};
use crate::roster::{JoinKey, Person, PersonId, Roster};
use crate::store::{AccountRow, NameRow, Stage};

use super::Proof;
use super::draft::Matter;
use super::identity::{Known, arrive};
use super::persons::Seen;
use super::prepare::{Ground, PlanError};
use super::recognise::{self, Claim, Recognised, Strangers, Stray};
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
    let mut moves: Vec<(JoinKey, JoinKey)> = reserved
        .iter()
        .map(|row| (row.join_key.clone(), roster.aliases.present(row.join_key.clone())))
        .filter(|(former, present)| former != present && !taken.contains(present.as_str()))
        .collect();
    // Of several former keys of one person the one that has an account, and one alone.
    moves.sort_by_key(|(former, present)| (present.clone(), !accounts.contains_key(former), former.clone()));
    moves.dedup_by(|later, first| later.1 == first.1);
    let moves: HashMap<JoinKey, JoinKey> = moves.into_iter().collect();
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

/// Names for everybody, and the accounts of the directory that are taken over. Nothing is reserved yet.
pub(super) struct Named {
    /// By person.
    pub names: Vec<(Uid, Login)>,
    pub recognised: Recognised,
    pub drawn: Drawn,
}

/// Names that the store does not know yet.
#[derive(Default)]
pub(super) struct Drawn {
    new: Vec<NameRow>,
    adopted: Vec<NameRow>,
    counters: Vec<(String, u64)>,
}

/// Where newcomers are looked for, and which names are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// In the register alone. Whether the directory agrees is seen while its entries are compared ([`Unasked`]), which
    /// spares the reading of all its names on an ordinary night.
    Register,
    /// In the directory first.
    Directory,
}

impl Asked {
    /// A few newcomers beside many accounts are nearly always new to the directory too.
    pub fn for_newcomers(roster: &Roster, accounts: &HashMap<JoinKey, AccountRow>) -> Self {
        let has_account = |p: &Person| accounts.get(&p.key).is_some_and(|account| account.stage != Stage::Purged);
        let newcomers = roster.persons.iter().filter(|person| !has_account(person)).count();
        if newcomers * 20 <= accounts.len() { Self::Register } else { Self::Directory }
    }
}

/// Gives everybody in the roster a uid and a login. `rows` is the register as it was.
pub(super) async fn name_everybody(
    ground: &Ground<'_>,
    roster: &Roster,
    accounts: &HashMap<JoinKey, AccountRow>,
    rows: Vec<NameRow>,
    identities: &Known,
    asked: Asked,
    trail: &Trail,
) -> Result<Named, PlanError> {
    let rules = ground.config.identity.rules();
    let strangers = Strangers::new(roster, accounts, &rules, &identities.decisions);
    let known: HashMap<&str, &NameRow> = rows.iter().map(|row| (row.join_key.as_str(), row)).collect();
    let of_register = |person: &Person| known.get(person.key.as_str()).map(|row| (row.uid.clone(), row.login.clone()));
    let all: Option<Vec<(Uid, Login)>> = roster.persons.iter().map(|person| of_register(person)).collect();
    drop(known);
    // Everybody is known: nothing to draw, nothing to ask.
    if let Some(names) = all.filter(|_| strangers.len() == 0 || asked == Asked::Register) {
        let recognised =
            Recognised { elsewhere: elsewhere(ground, roster, accounts, &names, &[]), ..Recognised::default() };
        return Ok(Named { names, recognised, drawn: Drawn::default() });
    }
    let counters = ground.store.uid_counters().await?;
    let witness = Witness::new(ground.config, &counters);
    let names = rows.into_iter().map(|r| (r.join_key, Names { uid: r.uid, login: r.login }));
    let mut register = Register::new(Rules::from_config(&ground.config.naming)?, names, counters);
    register.take(ground.store.retired_names().await?.iter().map(String::as_str));
    let mut recognised = match asked {
        Asked::Register => Recognised::default(),
        Asked::Directory => ask_directory(ground, accounts, &strangers, (identities, &witness), &mut register).await?,
    };
    let claims = std::mem::take(&mut recognised.claims);
    arrive(ground, roster, &claims, &mut register, trail).await?;
    for (id, claim) in claims.iter().filter(|(_, claim)| claim.former.is_none()) {
        let (Some(person), TakenNames { uid: Some(uid), login: Some(login), .. }) = (roster.person(*id), &claim.names)
        else {
            continue;
        };
        if let Err(error) = register.adopt(&person.key, uid.clone(), login.clone()) {
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
    let drawn = Drawn {
        new: register.new_names().map(row).collect(),
        adopted: register.changed_names().map(row).collect(),
        counters: register.counters().map(|(series, n)| (series.to_owned(), n)).collect(),
    };
    recognised.elsewhere = elsewhere(ground, roster, accounts, &names, &claims);
    recognised.claims = claims;
    Ok(Named { names, recognised, drawn })
}

impl Drawn {
    /// Reserves them, before anything is shown, so that dry run and real run agree.
    pub async fn reserve(self, ground: &Ground<'_>, trail: &Trail) -> Result<(), PlanError> {
        if self.new.is_empty() && self.adopted.is_empty() {
            return Ok(());
        }
        let folded = |name: &str| fold(name).into();
        let now = ground.now.as_millisecond();
        ground.store.change_names(&self.adopted, folded, now).await?;
        ground.store.reserve_names(&self.new, &self.counters, folded, now).await?;
        let counts = serde_json::json!({ "count": self.new.len(), "adopted_instead": self.adopted.len() });
        trail.record(Kind::NameReserved, None, counts)?;
        Ok(())
    }
}

/// What newcomers got without asking the directory, against each of its entries.
pub(super) struct Unasked<'m> {
    strangers: Strangers<'m>,
    dialect: &'m Dialect,
    accounts: &'m HashMap<JoinKey, AccountRow>,
    identities: &'m Known,
    witness: Witness,
    /// Their uids and logins, folded.
    names: HashSet<CompactString>,
    /// Their logins without suffix.
    stems: HashSet<CompactString>,
}

impl<'m> Unasked<'m> {
    pub fn new(strangers: Strangers<'m>, matter: &'m Matter, identities: &'m Known, witness: Witness) -> Self {
        let (mut bearers, mut stems) = (HashSet::new(), HashSet::new());
        for ((uid, login), id) in matter.names.iter().zip((0..).map(PersonId)) {
            if strangers.awaits(id) {
                let login = fold(login.as_str());
                stems.insert(stem(&login).into());
                bearers.extend([fold(uid.as_str()), login]);
            }
        }
        let (dialect, accounts) = (&*matter.dialect, &matter.accounts);
        Self { strangers, dialect, accounts, identities, witness, names: bearers, stems }
    }

    /// What an entry says of the newcomers, beside what was `seen` of it. It contradicts what was believed of them when it
    /// is one's by its join key, bears one's name or that of a homonym whom the register does not know, or a name that
    /// this store has not given yet.
    pub fn look_at(&self, entry: &Entry, seen: &Seen) -> Look {
        if self.strangers.len() == 0 {
            return Look::Nothing;
        }
        let ours = || self.strangers.owner(self.dialect, self.accounts, entry).1;
        let taken = self.dialect.names_of(entry);
        let names = taken.uid.iter().map(Uid::as_str).chain(taken.login.iter().map(Login::as_str));
        let clashes = |name: &str| {
            let folded = fold(name);
            self.names.contains(&folded) || (self.stems.contains(stem(&folded)) && ours().is_none())
        };
        if names.chain(taken.aliases.iter().map(String::as_str)).any(clashes) {
            return Look::Contradiction;
        }
        let known = |key: &JoinKey| self.accounts.contains_key(key);
        match seen {
            _ if self.identities.is_merged(&entry.dn) => Look::Nothing,
            Seen::Person { id, .. } | Seen::Clash { id, .. } if self.strangers.awaits(*id) => Look::Contradiction,
            Seen::Person { .. } | Seen::Clash { .. } => Look::Nothing,
            _ if self.witness.check(entry, self.dialect, &taken, known).is_err() => Look::Contradiction,
            Seen::Departing(_) | Seen::Foreign(_) => {
                let stray = Stray::new(entry.dn.clone(), taken, &self.dialect.identity(entry), ours());
                if self.strangers.may_be(&stray) { Look::Stray(Box::new(stray)) } else { Look::Nothing }
            }
        }
    }

    /// Once every entry was seen: those about whom a person is asked, because of an entry that might be theirs; nothing
    /// when an entry is somebody's beyond doubt, which contradicts that he has none.
    pub fn settle(&self, mut strays: Vec<Stray>) -> Option<BTreeMap<PersonId, recognise::Asked>> {
        strays.sort_by(|a, b| a.dn.cmp(&b.dn));
        let settled = self.strangers.settle(self.accounts, BTreeMap::new(), &strays);
        settled.claims.is_empty().then_some(settled.asked)
    }
}

/// See [`Unasked::look_at`].
pub(super) enum Look {
    Nothing,
    /// May be a newcomer's; settled when all the others were seen.
    Stray(Box<Stray>),
    /// The directory has to be asked first.
    Contradiction,
}

/// What an entry says of its names and of whose it is.
pub(super) fn attributes(dialect: &Dialect) -> Vec<String> {
    let mut attributes = dialect.name_attributes();
    attributes.extend(dialect.identity_attributes());
    attributes.sort();
    attributes.dedup();
    attributes
}

/// Recognises the accounts of those who have none in the register, and marks every other name as taken.
async fn ask_directory(
    ground: &Ground<'_>,
    accounts: &HashMap<JoinKey, AccountRow>,
    strangers: &Strangers<'_>,
    (identities, witness): (&Known, &Witness),
    register: &mut Register,
) -> Result<Recognised, PlanError> {
    let dialect = &ground.dialect;
    let search = Search {
        base: dialect.people_branch().clone(),
        filter: dialect.person_filter(),
        attributes: attributes(dialect),
    };
    let mut entries = ground.directory.search(search).await?;
    let (mut claims, mut strays) = (BTreeMap::<PersonId, Vec<Claim>>::new(), Vec::new());
    while let Some(entry) = entries.try_next().await? {
        let names = dialect.names_of(&entry);
        witness.check(&entry, dialect, &names, |key| register.get(key).is_some())?;
        let (owner, ours) = strangers.owner(dialect, accounts, &entry);
        register.take(names.uid.iter().map(Uid::as_str));
        register.take(names.login.iter().map(Login::as_str));
        register.take(names.aliases.iter().map(String::as_str));
        match owner {
            _ if identities.is_merged(&entry.dn) => {}
            Some(id) if strangers.awaits(id) => {
                claims.entry(id).or_default().push(Claim { dn: entry.dn, names, proof: Proof::JoinKey, former: None });
            }
            Some(_) => {}
            None => {
                let stray = Stray::new(entry.dn.clone(), names, &dialect.identity(&entry), ours);
                if strangers.may_be(&stray) {
                    strays.push(stray);
                }
            }
        }
        ground.progress.advance(1);
    }
    // Servers promise no order.
    strays.sort_by(|a, b| a.dn.cmp(&b.dn));
    Ok(strangers.settle(accounts, claims, &strays))
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
