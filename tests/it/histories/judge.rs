//! What must hold after every night, whatever happened: the judge remembers everything that a directory may not forget.

use std::collections::{BTreeMap, BTreeSet};

use rentree::directory::embedded::Embedded;
use rentree::directory::{Directory as _, Entry, Modification, Operation, Pace, Search};
use rentree::plan::Line;
use rentree::plan::file::Reader;
use rentree::store::{AccountRow, Stage, Store};
use serde_json::Value;

use super::academy::Academy;
use crate::support::program::Installation;
use crate::support::{SUFFIX, dn};

/// What is wrong, in a sentence.
pub type Wrong = String;

/// `Err` with this sentence unless the condition holds.
macro_rules! must {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return Err(format!($($words)+));
        }
    };
}
pub(super) use must;

/// The directory and the register after a night.
pub struct Sight {
    /// By normalised name.
    pub entries: BTreeMap<String, Entry>,
    /// By join key.
    pub accounts: BTreeMap<String, AccountRow>,
}

impl Sight {
    pub async fn of(installation: &Installation) -> Self {
        let store = store(installation).await;
        let everything = Search { base: dn(SUFFIX), filter: "(objectClass=*)".into(), attributes: Vec::new() };
        let directory = Embedded::new(store.clone(), dn(SUFFIX));
        let entries = {
            use futures_util::TryStreamExt as _;
            let found: Vec<Entry> = directory.search(everything).await.unwrap().try_collect().await.unwrap();
            found.into_iter().map(|entry| (entry.dn.normalised().to_owned(), entry)).collect()
        };
        let accounts = store.accounts().await.unwrap();
        let accounts = accounts.into_iter().map(|(key, row)| (key.as_str().to_owned(), row)).collect();
        Self { entries, accounts }
    }

    /// Entries of people, foreign ones left out, by their join keys: somebody who has two is there twice.
    pub fn people(&self) -> BTreeMap<&str, &Entry> {
        self.entries.values().flat_map(|entry| entry.texts("ENTPersonJointure").map(move |key| (key, entry))).collect()
    }

    pub fn stage(&self, key: &str) -> Option<Stage> {
        self.accounts.get(key).map(|row| row.stage)
    }
}

pub async fn store(installation: &Installation) -> Store {
    installation.store().await
}

/// Writes to the directory as an administrator would by hand.
pub async fn by_hand(installation: &Installation, operation: Operation) {
    let directory = Embedded::new(store(installation).await, dn(SUFFIX));
    directory.execute(&[operation], &Pace::unlimited()).await.pop().unwrap().unwrap();
}

/// Replaces what an attribute of an entry holds, by hand.
pub async fn put_by_hand(installation: &Installation, entry: &Entry, attribute: &str, value: &str) {
    let delete = entry.values(attribute).to_vec();
    let modifications = vec![Modification { attribute: attribute.into(), delete, add: vec![value.into()] }];
    by_hand(installation, Operation::Modify { dn: entry.dn.clone(), modifications }).await;
}

/// What somebody put into the directory by hand, and nobody but he may take away.
pub enum ByHand {
    /// An entry of his own, as it is.
    Entry(Entry),
    /// A value of an attribute of an entry that is not his: name, attribute, value.
    Value(String, &'static str, String),
}

/// Everything that was ever seen.
#[derive(Default)]
pub struct Judge {
    /// Every uid and login ever seen, folded, and the account (its first join key) that had it.
    names: BTreeMap<String, String>,
    /// The name of each account's entry.
    entries: BTreeMap<String, String>,
    /// What opens each account, by its first join key.
    pub passwords: BTreeMap<String, Vec<String>>,
    pub by_hand: Vec<ByHand>,
    /// Later keys of somebody, with the first one.
    pub same: BTreeMap<String, String>,
}

impl Judge {
    fn account<'k>(&'k self, key: &'k str) -> &'k str {
        self.same.get(key).map_or(key, String::as_str)
    }

    /// Nothing that was there is lost, taken away, or given to somebody else.
    pub fn remember(&mut self, sight: &Sight) -> Result<(), Wrong> {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for (key, entry) in sight.people() {
            let account = self.account(key).to_owned();
            let name = entry.dn.normalised().to_owned();
            if let Some(other) = seen.insert(account.clone(), name.clone()) {
                must!(other == name, "{account} has two accounts: {other} and {name}");
            }
            for attribute in ["uid", "ENTPersonLogin"] {
                let value = entry.first(attribute).ok_or_else(|| format!("{name} has no {attribute}"))?;
                let owner =
                    self.names.entry(format!("{attribute} {}", value.to_lowercase())).or_insert(account.clone());
                must!(*owner == account, "{attribute} {value} of {owner} was given to {account}");
            }
            let first = self.entries.entry(account.clone()).or_insert_with(|| name.clone());
            must!(*first == name, "{account} was {first} and is now {name}");
            // Whoever goes on under another key has both, and the register knows the later one.
            let usable = entry
                .texts("ENTPersonJointure")
                .any(|key| matches!(sight.stage(key), Some(Stage::Present | Stage::Absent)));
            let words: Vec<String> = entry.texts("userPassword").map(str::to_owned).collect();
            if usable {
                let known = self.passwords.entry(account.clone()).or_insert_with(|| words.clone());
                must!(*known == words, "the password of {account} is another one: {known:?}, {words:?}");
                must!(!words.is_empty(), "{account} has no password");
            } else if let Some(known) = self.passwords.get(&account) {
                must!(*known != words, "{account} is suspended and its password still opens it");
            }
        }
        for (key, entry) in sight.people() {
            for attribute in ["ENTElevePersRelEleve", "ENTAuxPersRelEleveEleve"] {
                for value in entry.texts(attribute) {
                    let named = dn(value.split('$').next().unwrap_or_default());
                    let there = sight.entries.contains_key(named.normalised());
                    must!(there, "{attribute} of {key} names {named}, who is not there");
                }
            }
        }
        for (account, name) in &self.entries {
            must!(sight.entries.contains_key(name), "the entry of {account} ({name}) was deleted");
        }
        for thing in &self.by_hand {
            match thing {
                ByHand::Entry(entry) => {
                    let there = sight.entries.get(entry.dn.normalised());
                    must!(there == Some(entry), "{} is nobody's business and was changed: {there:?}", entry.dn);
                }
                ByHand::Value(name, attribute, value) => {
                    let there = sight.entries.get(name).is_some_and(|e| e.texts(attribute).any(|v| v == value));
                    must!(there, "{attribute} {value} was put into {name} by hand and is gone");
                }
            }
        }
        Ok(())
    }

    /// The directory is what the academy is, but for what is held.
    pub fn is_up_to_date(sight: &Sight, academy: &Academy, held: &BTreeSet<String>) -> Result<(), Wrong> {
        let people = sight.people();
        let surnames = academy.pupils.iter().map(|(key, p)| (key, &p.surname));
        let surnames = surnames.chain(academy.teachers.iter().map(|(key, t)| (key, &t.who.surname)));
        let relatives = academy.answering();
        let surnames = surnames
            .chain(academy.relatives.iter().filter(|(k, _)| relatives.contains(k)).map(|(k, r)| (k, &r.surname)));
        for (key, surname) in surnames {
            let key = format!("AC-TEST${key}");
            if held.contains(&key) {
                continue;
            }
            let entry = people.get(key.as_str()).ok_or_else(|| format!("{key} ({surname}) has no account"))?;
            must!(
                sight.stage(&key) == Some(Stage::Present),
                "{key} is there and its account is {:?}",
                sight.stage(&key)
            );
            must!(entry.first("sn") == Some(surname), "{key} is called {surname}, not {:?}", entry.first("sn"));
        }
        if !held.is_empty() {
            return Ok(());
        }
        for (number, school) in &academy.schools {
            for class in &school.classes {
                let wanted: BTreeSet<&str> = academy
                    .pupils
                    .iter()
                    .filter(|(_, pupil)| pupil.school == *number && pupil.class == *class)
                    .filter_map(|(key, _)| people.get(format!("AC-TEST${key}").as_str()))
                    .map(|entry| entry.dn.normalised())
                    .collect();
                let group =
                    sight.entries.get(dn(&format!("cn={}_{class},ou=groups,{SUFFIX}", school.uai)).normalised());
                let members: BTreeSet<String> =
                    group.iter().flat_map(|g| g.texts("member")).map(|m| dn(m).normalised().to_owned()).collect();
                // Whoever is absent stays in the groups until the suspension.
                let pupils = members.iter().filter(|m| {
                    let entry = sight.entries.get(*m);
                    entry.is_some_and(|e| {
                        let present = e.texts("ENTPersonJointure").any(|k| sight.stage(k) == Some(Stage::Present));
                        present && e.texts("objectClass").any(|c| c == "ENTEleve")
                    })
                });
                let pupils: BTreeSet<&str> = pupils.map(String::as_str).collect();
                must!(pupils == wanted, "class {class} of {}: {pupils:?} instead of {wanted:?}", school.uai);
            }
        }
        Ok(())
    }
}

/// The plan of a night says of everything that it holds why, and gives whom that concerns, by join key.
pub async fn held(installation: &Installation, night: &Value) -> Result<BTreeSet<String>, Wrong> {
    let plan = store(installation).await.last_plan().await.unwrap().unwrap();
    let (mut counted, mut keys) = (BTreeMap::<String, u64>::new(), BTreeSet::new());
    for line in Reader::open(std::path::Path::new(&plan.file)).unwrap() {
        if let Line::Held { hold, also, change } = line.unwrap() {
            for id in [vec![hold], also].concat() {
                *counted.entry(id).or_default() += 1;
            }
            keys.extend(change.subject.join_key.map(|key| key.as_str().to_owned()));
        }
    }
    let holds = night["holds"].as_array().ok_or("no holds in the summary")?;
    for hold in holds {
        let (id, message) = (hold["id"].as_str().unwrap_or_default(), hold["message"].as_str().unwrap_or_default());
        must!(message.len() > 20, "hold {id} says nothing: {hold}");
        let lines = counted.remove(id).unwrap_or(0);
        must!(hold["changes"] == lines, "hold {id} keeps back {lines} changes and says {}", hold["changes"]);
        keys.extend(hold["join_key"].as_str().map(str::to_owned));
    }
    must!(counted.is_empty(), "changes are held for no reason: {counted:?}");
    let none = night["accounts"]["held"] == 0;
    must!(none || !holds.is_empty(), "people are held and no hold says why: {night}");
    let said = ["rejected", "blocking"].iter().any(|severity| night["findings"][severity] != 0);
    must!(night["accounts"]["rejected"] == 0 || said, "rejected without a word: {night}");
    Ok(keys)
}

/// The classes of a summary add up to what was read.
pub fn balanced(night: &Value) -> Result<(), Wrong> {
    let sum: u64 = night["accounts"].as_object().ok_or("no totals")?.values().filter_map(Value::as_u64).sum();
    let read: u64 = ["Eleve", "PersRelEleve", "PersEducNat"].iter().filter_map(|c| night["read"][c].as_u64()).sum();
    must!(sum == read, "{read} people were read and {sum} counted: {}", night["accounts"]);
    Ok(())
}
