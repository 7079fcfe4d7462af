//! Whose an account is that no record names by its key: one that another program made, or one of ours whose record is
//! gone, found again for somebody of the roster who has none yet.
//!
//! The proofs and the judgement are those of [`crate::identity`]. What a sufficient proof gives is taken over, once;
//! what is in doubt recognises nobody and creates nobody: it is a case, and a person decides.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use compact_str::CompactString;

use crate::directory::dialect::{Dialect, Identity, TakenNames};
use crate::directory::{Dn, Entry};
use crate::feed::Finding;
use crate::identity::{Answer, Candidate, Class, Index, Party, Portrait, Rules, pair_up};
use crate::roster::{JoinKey, Name, Person, PersonId, Profile, Role, Roster};
use crate::store::{AccountRow, AnswerRow, Stage};

use super::Proof;
use super::merge::Merging;
use super::relations::Relations;

/// What was decided about two people: a join key, and another one or the normalised DN of an account.
pub(super) type Decisions = HashMap<(JoinKey, String), Answer>;

/// Those of the roster who have no account yet, by what recognises them.
pub(super) struct Strangers<'r> {
    roster: &'r Roster,
    rules: &'r Rules,
    decisions: &'r Decisions,
    waiting: HashSet<PersonId>,
    index: Index,
}

/// An account that somebody of the roster may have.
#[derive(Debug, Clone)]
pub(super) struct Stray {
    pub dn: Dn,
    pub names: TakenNames,
    /// The join key that the register knows it by, when it is one of ours.
    pub former: Option<JoinKey>,
    pub classes: Vec<Class>,
    pub portrait: Portrait,
    pub party: Party,
}

impl Stray {
    /// An entry of the directory; `account` is what the register knows of it.
    pub fn new(dn: Dn, names: TakenNames, identity: &Identity<'_>, account: Option<&AccountRow>) -> Self {
        let name = Name {
            surname: identity.surname.unwrap_or_default().into(),
            first: identity.first_name.unwrap_or_default().into(),
            birth: identity.birth_name.map(CompactString::from),
            ..Name::default()
        };
        let mut schools: Vec<CompactString> = match account {
            Some(account) => account.schools.clone(),
            None => identity.schools.iter().map(|uai| CompactString::from(*uai)).collect(),
        };
        schools.sort();
        let mut phones: Vec<CompactString> = identity.phones.iter().filter_map(|p| Portrait::phone(p)).collect();
        phones.sort();
        let lines = identity.street.iter().flat_map(|street| street.split('$'));
        let portrait = Portrait {
            birth: identity.birth,
            schools: schools.clone(),
            mails: identity.mails.iter().map(|mail| mail.trim().to_lowercase().into()).collect(),
            phones,
            address: Portrait::address(lines, identity.postal_code, identity.town),
            children: identity.pupils.iter().map(|dn| dn.normalised().into()).collect(),
            ..Portrait::named(&name).with_numbers(identity.ine, identity.number)
        };
        let classes = match account {
            Some(account) => vec![class_of(account.profile)],
            None => [
                (Class::Pupil, identity.may_be_pupil),
                (Class::Staff, identity.may_be_staff),
                (Class::Relative, identity.may_be_relative),
            ]
            .into_iter()
            .filter_map(|(class, may)| may.then_some(class))
            .collect(),
        };
        let found = match account.map(|account| (account.stage, account.since)) {
            None => "compte de l'annuaire, d'un autre programme".to_owned(),
            Some((Stage::Absent, since)) => format!("compte absent des exports depuis le {}", day(since)),
            Some((Stage::Suspended, since)) => format!("compte suspendu depuis le {}", day(since)),
            Some(_) => "compte que plus aucun export ne nomme".to_owned(),
        };
        let party = Party {
            key: account.map(|account| account.join_key.clone()),
            dn: Some(dn.as_str().to_owned()),
            name: name.display(),
            birth: identity.birth,
            schools,
            school_names: BTreeMap::new(),
            class: account.and_then(|account| account.class.clone()),
            found,
        };
        Self { dn, names, former: account.map(|account| account.join_key.clone()), classes, portrait, party }
    }
}

fn day(date: jiff::civil::Date) -> String {
    date.strftime("%d/%m/%Y").to_string()
}

pub(super) const fn class_of(profile: Profile) -> Class {
    match profile {
        Profile::Pupil => Class::Pupil,
        Profile::Relative => Class::Relative,
        Profile::Teacher | Profile::Staff => Class::Staff,
    }
}

pub(super) const fn class_of_person(person: &Person) -> Class {
    match person.role {
        Role::Pupil(_) => Class::Pupil,
        Role::Relative(_) => Class::Relative,
        Role::Staff(_) => Class::Staff,
    }
}

/// UAI of the schools of somebody of the roster.
pub(super) fn schools_of(roster: &Roster, person: &Person) -> Vec<CompactString> {
    let mut schools: Vec<CompactString> =
        super::draft::uais(roster, person).map(|uai| CompactString::from(uai.as_str())).collect();
    schools.sort();
    schools
}

impl<'r> Strangers<'r> {
    pub fn new(
        roster: &'r Roster,
        accounts: &HashMap<JoinKey, AccountRow>,
        rules: &'r Rules,
        decisions: &'r Decisions,
    ) -> Self {
        let has_account = |key| accounts.get(key).is_some_and(|account| account.stage != Stage::Purged);
        let mut strangers = Self { roster, rules, decisions, waiting: HashSet::new(), index: Index::default() };
        for (person, id) in roster.persons.iter().zip((0..).map(PersonId)) {
            if !has_account(&person.key) {
                strangers.waiting.insert(id);
                let portrait = Portrait::of(person, schools_of(roster, person), Vec::new());
                strangers.index.add(class_of_person(person), &portrait);
            }
        }
        strangers
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether this person has no account yet.
    pub fn awaits(&self, id: PersonId) -> bool {
        self.waiting.contains(&id)
    }

    /// Whose an entry is by its join keys: somebody of the roster, and the account that the register knows.
    pub fn owner<'a>(
        &self,
        dialect: &Dialect,
        accounts: &'a HashMap<JoinKey, AccountRow>,
        entry: &Entry,
    ) -> (Option<PersonId>, Option<&'a AccountRow>) {
        let (mut owner, mut ours) = (None, None);
        for key in dialect.join_keys(entry) {
            let key = self.roster.aliases.present(JoinKey::from_text(key));
            ours = ours.or_else(|| accounts.get(&key));
            owner = owner.or_else(|| self.roster.persons.binary_search_by(|p| p.key.cmp(&key)).ok());
        }
        (owner.map(|at| PersonId(at as u32)), ours)
    }

    /// Whether an account is worth keeping until everybody has been seen.
    pub fn may_be(&self, stray: &Stray) -> bool {
        stray.classes.iter().any(|class| self.index.meets(*class, &stray.portrait))
    }

    /// Finds the owners. `claims` are the accounts that bear the join key of somebody: those are worth more than any
    /// other proof. Nobody gets two accounts and no account two owners.
    pub fn settle(
        &self,
        accounts: &HashMap<JoinKey, AccountRow>,
        claims: BTreeMap<PersonId, Vec<Claim>>,
        strays: &[Stray],
    ) -> Recognised {
        let mut recognised = Recognised::default();
        let mut settled: HashSet<PersonId> = claims.keys().copied().collect();
        for (id, claims) in claims {
            // Two entries with one join key are told of where the entries are compared.
            if let Ok([claim]) = <[Claim; 1]>::try_from(claims) {
                recognised.claims.push((id, claim));
            }
        }
        let mut taken: HashSet<usize> = HashSet::new();
        // Pupils first: a relative is known by his children's accounts.
        for class in [Class::Pupil, Class::Staff, Class::Relative] {
            let right: Vec<usize> = strays
                .iter()
                .enumerate()
                .filter(|(at, stray)| stray.classes.contains(&class) && !taken.contains(at))
                .map(|(at, _)| at)
                .collect();
            if right.is_empty() {
                continue;
            }
            let portraits: Vec<Portrait> =
                right.iter().filter_map(|at| strays.get(*at)).map(|stray| stray.portrait.clone()).collect();
            let (ids, left) = self.left(class, accounts, &recognised, &settled, &portraits);
            let of_left = |at: u32| ids.get(at as usize).copied();
            let of_right = |at: u32| right.get(at as usize).copied();
            let told = |l: u32, r: u32| {
                let person = of_left(l).and_then(|id| self.roster.person(id))?;
                self.told(&person.key, strays.get(of_right(r)?)?)
            };
            let pairing = pair_up(class, self.rules, &left, &portraits, told);
            for link in pairing.links {
                let (Some(id), Some(at)) = (of_left(link.left), of_right(link.right)) else { continue };
                let Some(stray) = strays.get(at) else { continue };
                taken.insert(at);
                settled.insert(id);
                let claim = Claim {
                    dn: stray.dn.clone(),
                    names: stray.names.clone(),
                    proof: link.proof,
                    former: stray.former.clone(),
                };
                if stray.former.is_none() {
                    recognised.entries.insert(stray.dn.clone(), (id, link.proof));
                }
                recognised.claims.push((id, claim));
            }
            for doubt in pairing.doubts {
                let (Some(id), Some(at)) = (of_left(doubt.left), of_right(doubt.right)) else { continue };
                let Some(stray) = strays.get(at) else { continue };
                let candidate = Candidate::new(class, stray.party.clone(), doubt.evidence, doubt.contested);
                let asked = recognised.asked.entry(id).or_default();
                asked.later |= doubt.later;
                asked.candidates.push(candidate);
            }
        }
        recognised.claims.sort_by_key(|(id, _)| *id);
        recognised.asked.retain(|id, _| !settled.contains(id));
        recognised
    }

    /// Those of a class who still wait and could be one of `others`, with their portraits.
    fn left(
        &self,
        class: Class,
        accounts: &HashMap<JoinKey, AccountRow>,
        recognised: &Recognised,
        settled: &HashSet<PersonId>,
        others: &[Portrait],
    ) -> (Vec<PersonId>, Vec<Portrait>) {
        let mut index = Index::default();
        for portrait in others {
            index.add(class, portrait);
        }
        let found: HashMap<PersonId, &Dn> = recognised.claims.iter().map(|(id, claim)| (*id, &claim.dn)).collect();
        let dn_of = |id: PersonId| -> Option<CompactString> {
            if let Some(dn) = found.get(&id) {
                return Some(dn.normalised().into());
            }
            let account = accounts.get(&self.roster.person(id)?.key)?;
            Dn::parse(&account.dn).ok().map(|dn| dn.normalised().into())
        };
        let waiting: BTreeSet<PersonId> = self.waiting.iter().copied().filter(|id| !settled.contains(id)).collect();
        waiting
            .into_iter()
            .filter_map(|id| {
                let person = self.roster.person(id).filter(|person| class_of_person(person) == class)?;
                let children = match &person.role {
                    Role::Relative(relative) => relative.pupils.iter().filter_map(|id| dn_of(*id)).collect(),
                    _ => Vec::new(),
                };
                let portrait = Portrait::of(person, schools_of(self.roster, person), children);
                index.meets(class, &portrait).then_some((id, portrait))
            })
            .unzip()
    }

    fn told(&self, key: &JoinKey, stray: &Stray) -> Option<Answer> {
        if self.decisions.is_empty() {
            return None;
        }
        let by_key = stray.former.as_ref().and_then(|former| {
            let there = self.decisions.get(&(key.clone(), former.as_str().to_owned()));
            there.or_else(|| self.decisions.get(&(former.clone(), key.as_str().to_owned())))
        });
        by_key.or_else(|| self.decisions.get(&(key.clone(), stray.dn.normalised().to_owned()))).copied()
    }
}

/// An entry that a proof gives to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub dn: Dn,
    pub names: TakenNames,
    pub proof: Proof,
    /// The join key that the account had, when it is one of ours that becomes this person's.
    pub former: Option<JoinKey>,
}

/// Somebody about whom a person is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub candidates: Vec<Candidate>,
    pub later: bool,
    /// He has an account already, and so has the other: nothing is held.
    pub two_accounts: bool,
}

/// The accounts that are taken over, and those that nobody may take over before somebody has decided.
#[derive(Debug, Default)]
pub(super) struct Recognised {
    /// Entries without a join key of ours, by whose they are.
    pub entries: HashMap<Dn, (PersonId, Proof)>,
    /// What is held of somebody, and why: French.
    pub doubts: BTreeMap<PersonId, String>,
    /// Accounts elsewhere than where the dialect would create them.
    pub elsewhere: HashMap<PersonId, Dn>,
    /// Every account found, in the order of the persons.
    pub claims: Vec<(PersonId, Claim)>,
    pub asked: BTreeMap<PersonId, Asked>,
    /// Accounts that were merged into others.
    pub merging: Merging,
    /// Whether two adults of two roles are one, by the one whose account is the secondary one.
    pub roles: BTreeMap<PersonId, Asked>,
    /// What a proof of this night said of two adults.
    pub proved_roles: Vec<AnswerRow>,
    /// Accounts of one adult that say so of each other.
    pub relations: Relations,
    pub findings: Vec<Finding>,
    /// Accounts that a case names, normalised: whose they are is not known.
    pub contested: HashSet<String>,
}

impl Recognised {
    /// Asks about these too.
    pub fn ask_also(&mut self, asked: BTreeMap<PersonId, Asked>) {
        for (id, Asked { candidates, later, two_accounts }) in asked {
            let there = self.asked.entry(id).or_default();
            there.candidates.extend(candidates);
            there.later |= later;
            there.two_accounts |= two_accounts;
        }
    }
}
