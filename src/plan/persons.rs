//! One person's entry against what it should be: the heart of the diff, a plain function.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;
use jiff::civil::Date;

use crate::config::{LifecycleConfig, YearConfig};
use crate::directory::dialect::{Context, Defaulted, Dialect, OwnedDigest, PutByEngine, Wanted};
use crate::directory::{AttributeChange, Dn, Entry};
use crate::feed::values::Uai;
use crate::naming::{Login, Uid};
use crate::roster::{JoinKey, Person, PersonId, Role, Roster};
use crate::store::{AccountRow, Stage};
use crate::wording::date;

use super::recognise::Recognised;
use super::year::{Until, Years};
use super::{Change, ChangeKind, Proof, Subject, Write};

/// What the comparison needs to know beside the entry.
pub struct PersonDiff<'a> {
    pub roster: &'a Roster,
    pub dialect: &'a Dialect,
    pub context: &'a Context<'a>,
    /// By person.
    pub names: &'a [(Uid, Login)],
    pub accounts: &'a HashMap<JoinKey, AccountRow>,
    /// Delivered relatives who may have no account any more: their links go without grace.
    pub withdrawn: &'a HashSet<JoinKey>,
    pub recognised: &'a Recognised,
    /// Normalised DNs that the engine put in its groups, by cn.
    pub put_by_engine: &'a PutByEngine,
    pub today: Date,
    pub lifecycle: &'a LifecycleConfig,
    pub year: &'a YearConfig,
}

/// What an entry of the people branch turned out to be.
#[derive(Debug)]
pub enum Seen {
    /// The account of somebody in the roster, with what has to change.
    Person {
        id: PersonId,
        /// Where it is, unless it is just where it should be.
        elsewhere: Option<Dn>,
        change: Option<Box<Change>>,
        defaulted: Option<(CompactString, Defaulted)>,
        /// The entry is as wanted and the register does not know it yet.
        right: Option<OwnedDigest>,
    },
    /// The same, but no modify can make it what it should be.
    Clash { id: PersonId, dn: Dn, reason: String },
    /// An account of the engine's that no record names.
    Departing(Box<Departing>),
    /// Somebody else's entry.
    Foreign(Dn),
}

/// An account on its way out.
#[derive(Debug)]
pub struct Departing {
    pub key: JoinKey,
    pub dn: Dn,
    /// What the entry calls the person.
    pub name: Option<String>,
    /// DNs of the pupils that a relative's entry names.
    pub linked: Vec<Dn>,
    /// What to write at once when authority was withdrawn.
    pub unlink: Vec<AttributeChange>,
    /// What to write when the groups lose the account, where the dialect has them on it.
    pub leave: Vec<AttributeChange>,
    /// It was merged into another account: what to write with its lock.
    pub merged: Option<Vec<AttributeChange>>,
    /// A link to another account of the same adult that goes, or comes.
    pub relation: Vec<AttributeChange>,
}

/// What is written on an account for another reason than what the feed owns.
struct Beside {
    /// French.
    note: Option<String>,
}

impl Departing {
    /// Links and groups, taken off the entry.
    fn parting(&self) -> Vec<AttributeChange> {
        [&self.unlink[..], &self.leave, self.merged.as_deref().unwrap_or_default(), &self.relation].concat()
    }
}

impl PersonDiff<'_> {
    /// Compares one entry. Neither order nor other entries matter.
    pub fn compare(&self, entry: &Entry) -> Seen {
        if let Some((key, attributes)) = self.recognised.merging.of_gone(entry) {
            return self.departing(key, entry, Some(attributes));
        }
        let mut known = None;
        for text in self.dialect.join_keys(entry) {
            let former = JoinKey::from_text(text);
            let key = self.roster.aliases.present(former.clone());
            if let Ok(at) = self.roster.persons.binary_search_by(|p| p.key.cmp(&key)) {
                // An account that had another record's key until now, and has not got this one's yet.
                let arrives = self.roster.aliases.is_of_person(&former)
                    && !self.dialect.join_keys(entry).any(|other| other == key.as_str());
                return self.compare_person(PersonId(at as u32), Proof::JoinKey, arrives.then_some(&former), entry);
            }
            if self.accounts.get(&key).is_some_and(|a| a.stage != Stage::Purged) {
                known = Some(key);
            }
        }
        match known {
            Some(key) => self.departing(key, entry, None),
            None => match self.recognised.entries.get(&entry.dn) {
                Some(&(id, proof)) => self.compare_person(id, proof, None, entry),
                None => Seen::Foreign(entry.dn.clone()),
            },
        }
    }

    fn departing(&self, key: JoinKey, entry: &Entry, merged: Option<Vec<AttributeChange>>) -> Seen {
        let unlink = if self.withdrawn.contains(&key) { self.dialect.unlink_relative(entry) } else { Vec::new() };
        let linked = self.dialect.linked_pupils(entry);
        let leave = self.dialect.leave_groups(entry, self.put_by_engine);
        let relation = self.recognised.relations.of(entry);
        let (dn, name) = (entry.dn.clone(), shown_name(entry));
        Seen::Departing(Box::new(Departing { key, dn, name, linked, unlink, leave, merged, relation }))
    }

    fn compare_person(&self, id: PersonId, proof: Proof, former: Option<&JoinKey>, entry: &Entry) -> Seen {
        let dn = entry.dn.clone();
        let Some(person) = self.roster.person(id) else { return Seen::Foreign(dn) };
        let without_class = matches!(&person.role, Role::Pupil(p) if p.classes.is_empty());
        let wanted = match self.dialect.person_entry(self.context, id, without_class) {
            Ok(wanted) => wanted,
            Err(missing) => return Seen::Clash { id, dn, reason: missing.french() },
        };
        let mut attributes = match self.dialect.differences_beside(&wanted, entry, self.put_by_engine) {
            Ok(attributes) => attributes,
            Err(clash) => return Seen::Clash { id, dn, reason: clash.to_string() },
        };
        let merged = self.recognised.merging.of_staying(id, entry);
        let relation = self.recognised.relations.of(entry);
        let beside = Beside {
            note: self.recognised.relations.note(&dn, &relation).or_else(|| {
                (!merged.is_empty()).then(|| "un autre compte de cette personne y est fusionné".to_owned())
            }),
        };
        attributes.extend(merged.into_iter().chain(relation));
        let written = self.dialect.owned_digest(&wanted);
        let change = self.classify(id, person, (proof, former), &dn, (attributes, beside, written));
        let known = self.accounts.get(&person.key).and_then(|account| account.written);
        let right = (change.is_none() && known != Some(written)).then_some(written);
        let defaulted = wanted.defaulted().map(|defaulted| (self.home(person), defaulted));
        let elsewhere = (dn.as_str() != wanted.dn.as_str()).then_some(dn);
        Seen::Person { id, elsewhere, change: change.map(Box::new), defaulted, right }
    }

    /// Where somebody's account should be.
    pub fn dn(&self, id: PersonId) -> Option<Dn> {
        let (uid, login) = self.names.get(id.0 as usize)?;
        Some(self.dialect.account_dn(self.context, id, (uid, login)))
    }

    /// The UAI of the school that keeps a person's file; empty when none is known.
    pub fn home(&self, person: &Person) -> CompactString {
        let id = person.administrative.or_else(|| person.schools.first().map(|school| school.structure));
        let structure = id.and_then(|id| self.roster.structure(id));
        structure.map(|structure| structure.uai.as_str().into()).unwrap_or_default()
    }

    /// What the entry of somebody who is created will be, or why there can be none.
    pub fn wanted(&self, id: PersonId) -> Result<Wanted, String> {
        self.dialect.person_entry(self.context, id, false).map_err(|missing| missing.french())
    }

    fn classify(
        &self,
        id: PersonId,
        person: &Person,
        (proof, former): (Proof, Option<&JoinKey>),
        dn: &Dn,
        (attributes, beside, written): (Vec<AttributeChange>, Beside, OwnedDigest),
    ) -> Option<Change> {
        let subject = self.subject(id, person);
        let account = self.accounts.get(&person.key);
        let modify = |attributes: Vec<AttributeChange>| {
            if attributes.is_empty() { Write::Nothing } else { Write::Modify { attributes } }
        };
        let mut drift = false;
        let (kind, write, note, adopts) = match account {
            // Purged, and somebody put the entry back: it is taken over like any other.
            None | Some(AccountRow { stage: Stage::Purged, .. }) => {
                let note = format!("compte déjà présent, repris {}", proof.french());
                (ChangeKind::Update, modify(attributes), Some(note), Some(proof))
            }
            Some(account) if account.stage == Stage::Suspended && former.is_some() => {
                let note =
                    format!("{}, suspendu depuis le {}", arrival(account, &subject, former), date(account.since));
                (ChangeKind::Restore, Write::Unlock { attributes }, Some(note), None)
            }
            Some(account) if former.is_some() && account.stage != Stage::Purged => {
                (ChangeKind::Move, modify(attributes), Some(arrival(account, &subject, former)), None)
            }
            Some(account) if account.stage == Stage::Suspended => {
                let note = format!("de retour, suspendu depuis le {}", date(account.since));
                (ChangeKind::Restore, Write::Unlock { attributes }, Some(note), None)
            }
            Some(account) if account.stage == Stage::Absent => {
                let note = format!("de retour, absent depuis le {}", date(account.since));
                (ChangeKind::Restore, modify(attributes), Some(note), None)
            }
            Some(account) => match moved(account, &subject) {
                Some(note) => (ChangeKind::Move, modify(attributes), Some(note), None),
                None if !attributes.is_empty() => {
                    // What is written beside what the feed owns is no trace of another hand.
                    drift = account.written == Some(written) && beside.note.is_none();
                    let note = drift.then(|| "modifié à la main dans l'annuaire : rétabli".to_owned());
                    let note = note.or_else(|| beside.note.clone());
                    (ChangeKind::Update, modify(attributes), note, None)
                }
                None => return None,
            },
        };
        let note = match (note, beside.note) {
            (Some(note), Some(more)) if note != more => Some(format!("{note} ; {more}")),
            (note, more) => note.or(more),
        };
        let origin = Some(person.origin.clone());
        let change = Change::new(kind, dn.clone(), subject, write);
        Some(Change { origin, note, adopts, drift, written: Some(written), ..change })
    }

    /// The change that creates somebody's account.
    pub fn create(&self, id: PersonId) -> Result<Change, String> {
        let person = self.roster.person(id).ok_or("no such person")?;
        let wanted = self.wanted(id)?;
        let note = self.accounts.get(&person.key).map(|account| match account.stage {
            Stage::Purged => {
                format!("de retour, effacé le {} : mêmes identifiants, nouveau mot de passe", date(account.since))
            }
            _ => "l'entrée avait disparu de l'annuaire".to_owned(),
        });
        let write = Write::Add { attributes: self.dialect.entry(&wanted).attributes, credential: true };
        Ok(Change {
            origin: Some(person.origin.clone()),
            note,
            written: Some(self.dialect.owned_digest(&wanted)),
            ..Change::new(ChangeKind::Create, wanted.dn.clone(), self.subject(id, person), write)
        })
    }

    /// A creation that cannot be written yet, for the list of what is held.
    pub fn shell(&self, id: PersonId) -> Option<Change> {
        let person = self.roster.person(id)?;
        let (uid, login) = self.names.get(id.0 as usize)?;
        let dn = self.dialect.person_dn(uid, login);
        let change = Change::new(ChangeKind::Create, dn, self.subject(id, person), Write::Nothing);
        Some(Change { origin: Some(person.origin.clone()), ..change })
    }

    pub fn subject(&self, id: PersonId, person: &Person) -> Subject {
        let (uid, login) = match self.names.get(id.0 as usize) {
            Some((uid, login)) => (Some(uid.clone()), Some(login.clone())),
            None => (None, None),
        };
        let mut schools: Vec<Uai> =
            person.schools.iter().filter_map(|a| self.roster.structure(a.structure).map(|s| s.uai.clone())).collect();
        schools.sort();
        schools.dedup();
        // The change is listed under the administrative school.
        if let Some(uai) = person.administrative.and_then(|s| self.roster.structure(s)).map(|s| &s.uai)
            && let Some(at) = schools.iter().position(|s| s == uai)
        {
            let first = schools.remove(at);
            schools.insert(0, first);
        }
        let (class, level) = match &person.role {
            Role::Pupil(pupil) => {
                let class = pupil.classes.first().map(|(school, code)| self.roster.class_name(*school, code));
                (class, pupil.course().cloned())
            }
            _ => (None, None),
        };
        Subject {
            join_key: Some(person.key.clone()),
            profile: Some(person.profile),
            uid,
            login,
            name: person.name.display(),
            schools,
            class,
            level,
        }
    }

    /// What a departing account becomes today, if anything changes.
    pub fn departure(
        &self,
        departing: &Departing,
        account: &AccountRow,
        expected: bool,
        years: &Years,
    ) -> Option<Change> {
        let usable_until = |ended| {
            let day = self.lifecycle.suspended_from(account.profile, ended, self.year);
            let most = self.lifecycle.purge_from(account.profile, ended, false);
            if self.recognised.contested.contains(departing.dn.normalised()) {
                // It may be somebody's who is there: not before that is decided.
                return Until { day: most.max(day), waits: false };
            }
            years.suspended_from(&account.schools, ended, day, most)
        };
        let merged = departing.merged.is_some();
        let (kind, write, note) = match account.stage {
            Stage::Present | Stage::Absent if merged => {
                let note = "fusionné avec un autre compte de la même personne".to_owned();
                (ChangeKind::Suspend, Write::Lock { attributes: departing.parting() }, note)
            }
            Stage::Present => {
                let until = usable_until(self.today);
                let why = if self.withdrawn.contains(&account.join_key) {
                    "plus d'autorité sur un élève : liens et groupes retirés"
                } else if expected {
                    "fin de scolarité dans l'établissement"
                } else {
                    "n'est plus dans les exports"
                };
                let attributes = if self.withdrawn.contains(&departing.key) {
                    departing.parting()
                } else {
                    departing.relation.clone()
                };
                let write = if attributes.is_empty() { Write::Nothing } else { Write::Modify { attributes } };
                (ChangeKind::Absent, write, format!("{why} ; {until}"))
            }
            Stage::Absent if self.today >= usable_until(account.since).day => {
                let note = format!("absent depuis le {}", date(account.since));
                (ChangeKind::Suspend, Write::Lock { attributes: departing.parting() }, note)
            }
            // The stage stays; only the link changes.
            Stage::Absent | Stage::Suspended if !departing.relation.is_empty() => {
                let kind = if account.stage == Stage::Absent { ChangeKind::Absent } else { ChangeKind::Suspend };
                let note = self.recognised.relations.note(&departing.dn, &departing.relation).unwrap_or_default();
                (kind, Write::Modify { attributes: departing.relation.clone() }, note)
            }
            _ => return None,
        };
        let revokes = merged || self.withdrawn.contains(&account.join_key);
        let change = Change::new(kind, departing.dn.clone(), known_subject(account, departing.name.clone()), write);
        Some(Change { note: Some(note), revokes, expected, ..change })
    }
}

/// The subject of an account that only the register knows any more; `shown` is how its entry calls it.
pub(super) fn known_subject(account: &AccountRow, shown: Option<String>) -> Subject {
    Subject {
        join_key: Some(account.join_key.clone()),
        profile: Some(account.profile),
        name: shown.or_else(|| Dn::parse(&account.dn).ok().map(|dn| dn.rdn_value())).unwrap_or_default(),
        schools: account.schools.iter().filter_map(|s| Uai::parse(s)).collect(),
        class: account.class.clone(),
        level: account.level.clone(),
        ..Subject::default()
    }
}

/// How an entry calls its person.
pub(super) fn shown_name(entry: &Entry) -> Option<String> {
    entry.first("displayName").or_else(|| entry.first("cn")).map(str::to_owned)
}

/// In words, where an account comes from that had another record's key until now.
fn arrival(account: &AccountRow, subject: &Subject, former: Option<&JoinKey>) -> String {
    let source = |key: &JoinKey| key.as_str().split('$').next().unwrap_or_default().to_owned();
    let elsewhere = account.schools.iter().filter(|school| !subject.schools.iter().any(|s| s.as_str() == *school));
    let schools: Vec<&str> = elsewhere.map(CompactString::as_str).collect();
    let was = former.map(source).unwrap_or_default();
    let is = subject.join_key.as_ref().map(source).unwrap_or_default();
    match (schools.is_empty(), was == is) {
        (false, true) => format!("arrive de {}", schools.join(", ")),
        (false, false) => format!("arrive de {} (source {was})", schools.join(", ")),
        (true, false) => format!("arrive de la source {was}"),
        (true, true) => "arrive sous une autre clé de la même source".to_owned(),
    }
}

/// In words, when the account changed school or class. A pupil who has no class today keeps the one that he had.
fn moved(account: &AccountRow, subject: &Subject) -> Option<String> {
    let mut now: Vec<&str> = subject.schools.iter().map(Uai::as_str).collect();
    now.sort_unstable();
    let before: Vec<&str> = account.schools.iter().map(CompactString::as_str).collect();
    if now != before {
        return Some(format!("de {} vers {}", before.join(", "), now.join(", ")));
    }
    match (&account.class, &subject.class) {
        (Some(before), Some(now)) if before != now => Some(format!("de {before} vers {now}")),
        (None, Some(now)) if account.profile == crate::roster::Profile::Pupil => Some(format!("vers {now}")),
        _ => None,
    }
}
