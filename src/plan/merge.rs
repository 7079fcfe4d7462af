//! Two accounts that somebody decided to be one person's: one stays, the other is locked and says where it went.
//!
//! The one that its user has taken over stays, else that of the source that is configured first. It keeps uid, login and
//! password, and gets all links of the person; the other is suspended at once and never fed again. Nothing is deleted.
//! The register keeps the merged account under a key that no source can deliver.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::audit::{Kind, Trail};
use crate::credentials::activation::{Activation, Signs, activation};
use crate::directory::{AttributeChange, Dn, Entry, Value};
use crate::identity::{Answer, Candidate, Portrait, weigh};
use crate::naming::{Login, Uid};
use crate::roster::{JoinKey, PersonId, Roster};
use crate::store::{AccountRow, MergedRow, NameRow, Stage};

use super::identity::Known;
use super::prepare::{Ground, PlanError};
use super::recognise::{Recognised, class_of};

const USER_PASSWORD: &str = "userPassword";
/// Operational, on servers with a password policy.
const CHANGED: &str = "pwdChangedTime";
const OBJECT_CLASS: &str = "objectClass";
/// What stands before `$` in the keys of merged accounts: no source can be called so in a directory.
const MERGED: &str = "~fusion";

/// Two accounts of one person by a proof, about which nobody has decided: the present key, and the other.
pub(super) type Undecided = Vec<(JoinKey, JoinKey)>;

/// Carries decisions out in the register, and gives the pairs of accounts that wait for one.
pub(super) async fn merge_accounts(
    ground: &Ground<'_>,
    roster: &Roster,
    accounts: &mut HashMap<JoinKey, AccountRow>,
    reserved: &mut [NameRow],
    known: &mut Known,
    trail: &Trail,
) -> Result<Undecided, PlanError> {
    let live = |key: &JoinKey| accounts.get(key).is_some_and(|account| account.stage != Stage::Purged);
    let mut people: BTreeMap<&JoinKey, BTreeSet<&JoinKey>> = BTreeMap::new();
    for (former, present) in roster.aliases.of_persons().filter(|(former, _)| live(former)) {
        people.entry(present).or_default().insert(former);
    }
    let (mut undecided, mut moves, mut merged) = (Undecided::new(), HashMap::new(), Vec::new());
    for (present, mut keys) in people {
        if live(present) {
            keys.insert(present);
        }
        if keys.len() < 2 {
            continue;
        }
        let others = || keys.iter().filter(|key| **key != present);
        let open: Vec<&&JoinKey> = others().filter(|key| known.told(present, key) != Some(Answer::Same)).collect();
        if !open.is_empty() {
            undecided.extend(open.into_iter().map(|key| (present.clone(), (*key).clone())));
            continue;
        }
        let mut order = Vec::new();
        for key in &keys {
            let Some(account) = accounts.get(*key) else { continue };
            let activated = is_activated(ground, account).await?;
            order.push((!activated, source_of(ground, key), *key, account.dn.clone()));
        }
        order.sort();
        for (_, _, key, dn) in order.into_iter().skip(1) {
            let Ok(dn) = Dn::parse(&dn) else { continue };
            let kept_as = JoinKey::new(MERGED, key.as_str());
            moves.insert(key.clone(), kept_as.clone());
            merged.push(MergedRow { join_key: kept_as, dn: dn.normalised().to_owned(), into: present.clone() });
        }
    }
    if merged.is_empty() {
        return Ok(undecided);
    }
    ground.store.rekey(&moves).await?;
    ground.store.note_merged(&merged, ground.now.as_millisecond()).await?;
    for row in reserved.iter_mut() {
        if let Some(kept_as) = moves.get(&row.join_key) {
            row.join_key = kept_as.clone();
        }
    }
    for row in merged {
        let former = moves.iter().find(|(_, kept_as)| **kept_as == row.join_key).map(|(former, _)| former.clone());
        if let Some(mut account) = former.as_ref().and_then(|former| accounts.remove(former)) {
            account.join_key = row.join_key.clone();
            accounts.insert(row.join_key.clone(), account);
        }
        let said = serde_json::json!({
            "former_pseudonym": former.as_ref().map(|former| trail.pseudonym(former)), "merged": row.dn,
        });
        trail.record(Kind::JoinKeyChanged, Some(&row.into), said)?;
        known.merged.insert(row.dn.clone(), row);
    }
    Ok(undecided)
}

/// Whether its user has made the account his own.
async fn is_activated(ground: &Ground<'_>, account: &AccountRow) -> Result<bool, PlanError> {
    let Ok(dn) = Dn::parse(&account.dn) else { return Ok(false) };
    let Some(entry) = ground.directory.read_with(&dn, &[CHANGED]).await? else { return Ok(false) };
    let issued = ground.store.issued_passwords().await?;
    let password = issued.get(&account.join_key);
    let lock = ground.dialect.lock_method();
    let passwords: Vec<&str> = entry.texts(USER_PASSWORD).filter_map(|v| lock.without_lock(v)).collect();
    let signs = Signs {
        state: lock.activated(&entry),
        changed: entry.first(CHANGED),
        issued: password.and_then(|password| password.since),
        passwords: &passwords,
        hash: password.and_then(|password| password.hash.as_deref()),
        mark: password.and_then(|password| password.mark.as_deref()),
    };
    Ok(activation(&signs) == Activation::Activated)
}

pub(super) fn source_of(ground: &Ground<'_>, key: &JoinKey) -> usize {
    let prefix = key.as_str().split('$').next().unwrap_or_default();
    let sources = &ground.config.sources;
    sources.iter().position(|source| source.prefix() == prefix).unwrap_or(sources.len())
}

/// Two accounts of one person, each a case.
pub(super) fn ask_about(
    roster: &Roster,
    accounts: &HashMap<JoinKey, AccountRow>,
    undecided: &Undecided,
    recognised: &mut Recognised,
) {
    for (present, other) in undecided {
        let (Ok(at), Some(account)) = (roster.persons.binary_search_by(|p| p.key.cmp(present)), accounts.get(other))
        else {
            continue;
        };
        let Some(person) = roster.persons.get(at) else { continue };
        let who = crate::identity::Party {
            key: Some(other.clone()),
            dn: Some(account.dn.clone()),
            name: person.name.display(),
            birth: person.birth,
            schools: account.schools.clone(),
            school_names: BTreeMap::new(),
            class: account.class.clone(),
            found: "second compte de la même personne, d'après les exports".to_owned(),
        };
        let portrait = Portrait::of(person, Vec::new(), Vec::new());
        // What made them one is in the records, which are one already: all of it agrees.
        let candidate = Candidate::new(class_of(account.profile), who, weigh(&portrait, &portrait), false);
        let asked = recognised.asked.entry(PersonId(at as u32)).or_default();
        asked.two_accounts = true;
        asked.candidates.push(candidate);
    }
}

/// What a plan writes on accounts that were merged, in the terms of `[identity]`.
#[derive(Debug, Default)]
pub(super) struct Merging {
    /// By normalised DN: the key in the register, and the account that stays.
    gone: HashMap<String, (JoinKey, Option<Dn>)>,
    /// The merged accounts of each person.
    stay: HashMap<PersonId, Vec<Dn>>,
    into: Option<String>,
    from: Option<String>,
    class: Option<String>,
}

impl Merging {
    pub fn new(
        ground: &Ground<'_>,
        roster: &Roster,
        accounts: &HashMap<JoinKey, AccountRow>,
        names: &[(Uid, Login)],
        known: &Known,
    ) -> Self {
        let config = &ground.config.identity;
        let mut merging = Self {
            into: config.merged_into.clone(),
            from: config.merged_from.clone(),
            class: config.merged_class.clone(),
            ..Self::default()
        };
        for row in known.merged.values() {
            let present = roster.aliases.present(row.into.clone());
            let at = roster.persons.binary_search_by(|p| p.key.cmp(&present)).ok();
            let dn = accounts.get(&present).and_then(|account| Dn::parse(&account.dn).ok()).or_else(|| {
                let (uid, login) = names.get(at?)?;
                Some(ground.dialect.person_dn(uid, login))
            });
            if let (Some(at), Some(gone)) = (at, accounts.get(&row.join_key).and_then(|a| Dn::parse(&a.dn).ok())) {
                merging.stay.entry(PersonId(at as u32)).or_default().push(gone);
            }
            merging.gone.insert(row.dn.clone(), (row.join_key.clone(), dn));
        }
        merging
    }

    /// For an account that was merged: its key, and what is written with its lock.
    pub fn of_gone(&self, entry: &Entry) -> Option<(JoinKey, Vec<AttributeChange>)> {
        if self.gone.is_empty() {
            return None;
        }
        let (key, stays) = self.gone.get(entry.dn.normalised())?;
        Some((key.clone(), self.write(self.into.as_deref(), stays.as_slice(), entry)))
    }

    /// For an account that stays: what is written on it beside what the feed owns.
    pub fn of_staying(&self, id: PersonId, entry: &Entry) -> Vec<AttributeChange> {
        self.stay.get(&id).map_or_else(Vec::new, |gone| self.write(self.from.as_deref(), gone, entry))
    }

    fn write(&self, attribute: Option<&str>, dns: &[Dn], entry: &Entry) -> Vec<AttributeChange> {
        let Some(attribute) = attribute else { return Vec::new() };
        let there: Vec<Dn> = entry.texts(attribute).filter_map(|text| Dn::parse(text).ok()).collect();
        let new: Vec<Value> = dns.iter().filter(|dn| !there.contains(dn)).map(|dn| dn.as_str().into()).collect();
        if new.is_empty() {
            return Vec::new();
        }
        let add = |attribute: &str, new: Vec<Value>, unset: bool| AttributeChange {
            attribute: attribute.to_owned(),
            old: Vec::new(),
            new,
            unset,
        };
        let mut changes = Vec::new();
        if let Some(class) = &self.class
            && !entry.texts(OBJECT_CLASS).any(|there| there.eq_ignore_ascii_case(class))
        {
            changes.push(add(OBJECT_CLASS, vec![class.as_str().into()], false));
        }
        changes.push(add(attribute, new, there.is_empty()));
        changes
    }
}
