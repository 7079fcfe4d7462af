//! Accounts and names, from the entries of the people branch and the plans that are still there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use compact_str::CompactString;
use futures_util::TryStreamExt as _;

use super::witness::is_of;
use super::{Recovery, There, hashes, mark};
use crate::directory::{Dn, Entry, Search};
use crate::naming::numbered;
use crate::plan::file::Reader;
use crate::plan::prepare::{Ground, PlanError, blocking};
use crate::plan::{Line, Subject};
use crate::roster::{JoinKey, PersonId, Profile, Role, Roster, StructureId};
use crate::store::{AccountRow, NameRow, Stage};

const USER_PASSWORD: &str = "userPassword";

/// Every account of the directory whose join key is of one of our sources.
pub(super) async fn read(
    ground: &Ground<'_>,
    roster: &Roster,
    structures: &[Entry],
    recovery: &mut Recovery,
) -> Result<HashMap<JoinKey, There>, PlanError> {
    let dialect = &ground.dialect;
    let lock = dialect.lock_method();
    let sources = &ground.config.sources;
    let prefixes: Vec<String> = sources
        .iter()
        .flat_map(|source| std::iter::once(source.prefix()).chain(source.previous_prefixes.iter().map(String::as_str)))
        .map(str::to_owned)
        .collect();
    let schools: HashMap<String, String> = structures
        .iter()
        .filter_map(|entry| Some((entry.dn.normalised().to_owned(), dialect.uai_of(entry)?.to_string())))
        .collect();
    let known = ground.store.accounts().await?;
    let mut attributes = dialect.person_attributes();
    attributes.extend(dialect.name_attributes());
    attributes.extend(lock.written().into_iter().map(str::to_owned));
    attributes.extend([lock.attribute().to_owned(), USER_PASSWORD.to_owned()]);
    attributes.sort();
    attributes.dedup();
    let search = Search { base: dialect.people_branch().clone(), filter: dialect.person_filter(), attributes };
    let mut entries = ground.directory.search(search).await?;
    let mut there: HashMap<JoinKey, There> = HashMap::new();
    // A relative is in the schools of his pupils, which his own entry need not name.
    let mut linked: HashMap<JoinKey, Vec<Dn>> = HashMap::new();
    while let Some(entry) = entries.try_next().await? {
        ground.progress.advance(1);
        let names = dialect.names_of(&entry);
        if let Some((series, number)) = names.uid.as_ref().and_then(|uid| numbered(uid.as_str())) {
            raise(&mut recovery.counters, series, number);
        }
        let keys: Vec<JoinKey> =
            dialect.join_keys(&entry).map(|key| roster.aliases.present(JoinKey::from_text(key))).collect();
        let Some(key) = keys.iter().find(|key| is_of(&prefixes, key)).cloned() else { continue };
        if dialect.is_probe(&entry.dn) {
            continue;
        }
        let stage = if lock.is_locked(&entry) { Stage::Suspended } else { Stage::Present };
        let row = account(ground, roster, &schools, &entry, key.clone(), stage, known.get(&key));
        if let Some(first) = there.get(&key) {
            recovery.conflicts.push(format!("{} et {} portent la clé de jointure {key}", first.row.dn, entry.dn));
            continue;
        }
        let hashes = hashes(ground, entry.values(USER_PASSWORD));
        if row.profile == Profile::Relative && row.schools.is_empty() {
            linked.insert(key.clone(), dialect.linked_pupils(&entry));
        }
        there.insert(key, There { row, uid: names.uid, login: names.login, hashes });
    }
    let of_pupils: HashMap<Dn, Vec<CompactString>> = there
        .values()
        .filter(|account| account.row.profile == Profile::Pupil)
        .filter_map(|account| Some((Dn::parse(&account.row.dn).ok()?, account.row.schools.clone())))
        .collect();
    for (key, pupils) in linked {
        let schools: BTreeSet<&CompactString> = pupils.iter().filter_map(|dn| of_pupils.get(dn)).flatten().collect();
        if let Some(account) = there.get_mut(&key) {
            account.row.schools = schools.into_iter().cloned().collect();
        }
    }
    drop(of_pupils);
    recovery.accounts = there.len() as u64;
    for (key, account) in &there {
        *recovery.stages.entry(account.row.stage.name()).or_default() += 1;
        match known.get(key) {
            None => recovery.accounts_new += 1,
            Some(before) if *before != account.row => recovery.accounts_changed += 1,
            Some(_) => continue,
        }
        recovery.changes.accounts.push(account.row.clone());
    }
    recovery.gone = known
        .values()
        .filter(|a| a.stage != Stage::Purged && !there.contains_key(&a.join_key))
        .map(|a| a.join_key.clone())
        .collect();
    recovery.gone.sort();
    Ok(there)
}

/// An account as its entry says it; what the register knows of its stage stays while the entry does not contradict it.
fn account(
    ground: &Ground<'_>,
    roster: &Roster,
    schools: &HashMap<String, String>,
    entry: &Entry,
    key: JoinKey,
    stage: Stage,
    known: Option<&AccountRow>,
) -> AccountRow {
    if let Some(known) = known
        && (known.stage == Stage::Suspended) == (stage == Stage::Suspended)
        && known.stage != Stage::Purged
        && Dn::parse(&known.dn).is_ok_and(|dn| dn == entry.dn)
    {
        return known.clone();
    }
    let person = roster.persons.binary_search_by(|person| person.key.cmp(&key)).ok();
    let person = person.and_then(|at| roster.person(PersonId(u32::try_from(at).ok()?)));
    let profile = person.map_or_else(|| ground.dialect.profile_of(entry), |person| person.profile);
    let mut uais: BTreeSet<CompactString> = BTreeSet::new();
    for (name, ..) in ground.dialect.attributes_of(profile) {
        for value in entry.texts(name) {
            let head = value.split_once('$').map_or(value, |(head, _)| head);
            let Ok(dn) = Dn::parse(head) else { continue };
            uais.extend(schools.get(dn.normalised()).map(|uai| CompactString::from(uai.as_str())));
        }
    }
    let class = ground.dialect.classes_in(entry).next().map(|(reference, code)| {
        let uai = Dn::parse(reference).ok().and_then(|dn| schools.get(dn.normalised()).cloned());
        let at = roster.structures.iter().position(|s| Some(s.uai.as_str()) == uai.as_deref());
        let id = at.and_then(|at| u32::try_from(at).ok()).map(StructureId);
        id.map_or_else(|| code.into(), |id| roster.class_name(id, code))
    });
    let level = match person.map(|person| &person.role) {
        Some(Role::Pupil(pupil)) => pupil.course().cloned(),
        _ => None,
    };
    AccountRow {
        dn: entry.dn.as_str().to_owned(),
        profile,
        stage,
        since: ground.today,
        schools: uais.into_iter().collect(),
        class: class.filter(|_| profile == Profile::Pupil),
        level: level.or_else(|| known.and_then(|known| known.level.clone())),
        expected: false,
        adopted: known.is_some_and(|known| known.adopted),
        written: None,
        left: known.and_then(|known| known.left),
        former_class: known.and_then(|known| known.former_class.clone()),
        join_key: key,
    }
}

/// Names of the accounts, and of the people whom plans name: everything that was ever given and can still be known.
pub(super) async fn names(
    ground: &Ground<'_>,
    there: &HashMap<JoinKey, There>,
    recovery: &mut Recovery,
) -> Result<(), PlanError> {
    let known: HashMap<JoinKey, NameRow> =
        ground.store.names().await?.into_iter().map(|row| (row.join_key.clone(), row)).collect();
    let mut owners: HashMap<CompactString, JoinKey> = HashMap::new();
    for row in known.values() {
        owners.insert(row.uid.folded(), row.join_key.clone());
        owners.insert(row.login.folded(), row.join_key.clone());
    }
    let mut accounts: Vec<&There> = there.values().collect();
    accounts.sort_by(|a, b| a.row.join_key.cmp(&b.row.join_key));
    for account in accounts {
        let key = &account.row.join_key;
        let (Some(uid), Some(login)) = (account.uid.clone(), account.login.clone()) else { continue };
        let row = NameRow { join_key: key.clone(), uid, login };
        if known.get(key) == Some(&row) {
            continue;
        }
        let other = [row.uid.folded(), row.login.folded()]
            .into_iter()
            .find_map(|n| owners.get(&n).filter(|o| *o != key).cloned());
        if let Some(other) = other {
            recovery.conflicts.push(format!("{} : son uid ou son login est déjà celui de {other}", account.row.dn));
            continue;
        }
        owners.insert(row.uid.folded(), key.clone());
        owners.insert(row.login.folded(), key.clone());
        if known.contains_key(key) {
            recovery.names_changed += 1;
            recovery.changes.renamed.push(row);
        } else {
            recovery.names_new += 1;
            recovery.changes.names.push(row);
        }
    }
    let folder = ground.store.folder().join("plans");
    let named = blocking(move || of_plans(&folder)).await?;
    for (key, row) in named {
        let taken = [row.uid.folded(), row.login.folded()].into_iter().any(|name| owners.contains_key(&name));
        if taken || known.contains_key(&key) || there.contains_key(&key) {
            continue;
        }
        owners.insert(row.uid.folded(), key.clone());
        owners.insert(row.login.folded(), key);
        recovery.names_of_plans += 1;
        recovery.changes.names.push(row);
    }
    // What is known of counters: the store's own, the mark beside it, and every uid above.
    for (series, last) in ground.store.uid_counters().await?.into_iter().chain(mark::read(ground.store).counters) {
        raise(&mut recovery.counters, &series, last);
    }
    for row in recovery.changes.names.iter().chain(known.values()) {
        if let Some((series, number)) = numbered(row.uid.as_str()) {
            raise(&mut recovery.counters, series, number);
        }
    }
    Ok(())
}

fn raise(counters: &mut BTreeMap<String, u64>, series: &str, number: u64) {
    match counters.get_mut(series) {
        Some(last) => *last = number.max(*last),
        None => drop(counters.insert(series.to_owned(), number)),
    }
}

/// Names that the plans of a folder give; a file that cannot be read names nobody.
fn of_plans(folder: &Path) -> BTreeMap<JoinKey, NameRow> {
    let mut named = BTreeMap::new();
    let mut take = |subject: Subject| {
        if let (Some(key), Some(uid), Some(login)) = (subject.join_key, subject.uid, subject.login) {
            named.insert(key.clone(), NameRow { join_key: key, uid, login });
        }
    };
    let mut files: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|f| f.path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "plan"));
    files.sort();
    for path in files {
        let Ok(lines) = Reader::open(&path) else { continue };
        for line in lines.map_while(Result::ok) {
            match line {
                Line::Change(change) | Line::Held { change, .. } => take(change.subject),
                _ => {}
            }
        }
    }
    named
}
