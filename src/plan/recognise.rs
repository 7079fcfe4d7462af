//! Whose an entry is that bears no join key of ours: accounts that another program made, taken over once.
//!
//! Exact proofs only: the INE with an equal birth date for pupils, the mail address for staff. A proof that something
//! contradicts, or that two entries give, recognises nobody and creates nobody, and so does an entry that only has
//! somebody's names and birth date: a person decides.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use compact_str::CompactString;
use jiff::civil::Date;

use crate::directory::dialect::{Dialect, Identity, TakenNames, folded_identifier};
use crate::directory::{Dn, Entry};
use crate::feed::values::fold_name;
use crate::roster::{JoinKey, Person, PersonId, Role, Roster};
use crate::store::{AccountRow, Stage};

use super::Proof;

/// Those of the roster who have no account yet, by what recognises them.
pub(super) struct Strangers<'r> {
    roster: &'r Roster,
    waiting: HashSet<PersonId>,
    by_ine: HashMap<String, Vec<PersonId>>,
    by_mail: HashMap<String, Vec<PersonId>>,
    /// Surname and first name, folded.
    by_birth: HashMap<(CompactString, CompactString, Date), PersonId>,
}

/// What an entry turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recognition {
    /// Nobody's that we wait for.
    None,
    Person(PersonId, Proof),
    /// Something says that it is this person's, and something else that it is not: French.
    Doubt(PersonId, String),
}

impl<'r> Strangers<'r> {
    pub fn new(roster: &'r Roster, accounts: &HashMap<JoinKey, AccountRow>) -> Self {
        let has_account = |key| accounts.get(key).is_some_and(|account| account.stage != Stage::Purged);
        let mut strangers = Self {
            roster,
            waiting: HashSet::new(),
            by_ine: HashMap::new(),
            by_mail: HashMap::new(),
            by_birth: HashMap::new(),
        };
        for (person, id) in roster.persons.iter().zip((0..).map(PersonId)) {
            if has_account(&person.key) {
                continue;
            }
            strangers.waiting.insert(id);
            if let Some(birth) = person.birth {
                let names = (fold_name(&person.name.surname), fold_name(&person.name.first), birth);
                strangers.by_birth.entry(names).or_insert(id);
            }
            match &person.role {
                Role::Pupil(pupil) => {
                    if let Some(ine) = &pupil.ine {
                        strangers.by_ine.entry(folded_identifier(ine).into_owned()).or_default().push(id);
                    }
                }
                Role::Staff(_) => {
                    if let Some(mail) = &person.contact.mail {
                        strangers.by_mail.entry(folded_identifier(mail).into_owned()).or_default().push(id);
                    }
                }
                Role::Relative(_) => {}
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

    /// Whose of them an entry is, by its join key or by what else it says.
    pub fn recognise(&self, dialect: &Dialect, accounts: &HashMap<JoinKey, AccountRow>, entry: &Entry) -> Recognition {
        let (mut owner, mut ours) = (None, false);
        for key in dialect.join_keys(entry) {
            let key = self.roster.aliases.present(JoinKey::from_text(key));
            ours |= accounts.contains_key(&key);
            owner = owner.or_else(|| self.roster.persons.binary_search_by(|p| p.key.cmp(&key)).ok());
        }
        match owner.map(|at| PersonId(at as u32)) {
            Some(id) if self.awaits(id) => Recognition::Person(id, Proof::JoinKey),
            None if !ours => self.examine(&dialect.identity(entry)),
            _ => Recognition::None,
        }
    }

    /// Whose an entry is that bears no join key of the roster or the register.
    pub fn examine(&self, identity: &Identity<'_>) -> Recognition {
        let by_ine = identity.ine.filter(|_| identity.may_be_pupil);
        if let Some(same) = by_ine.and_then(|ine| self.by_ine.get(&*folded_identifier(ine))) {
            return self.pupil(same, identity);
        }
        if identity.may_be_staff {
            let same = identity.mails.iter().find_map(|mail| self.by_mail.get(&*folded_identifier(mail)));
            if let Some(same) = same {
                return self.staff(same, identity);
            }
        }
        self.namesake(identity)
    }

    /// Names and birth date are no proof, and too much to create a second account beside.
    fn namesake(&self, identity: &Identity<'_>) -> Recognition {
        let (Some(surname), Some(first), Some(birth)) = (identity.surname, identity.first_name, identity.birth) else {
            return Recognition::None;
        };
        let Some(id) = self.by_birth.get(&(fold_name(surname), fold_name(first), birth)) else {
            return Recognition::None;
        };
        let possible = match self.person(*id).map(|person| &person.role) {
            Some(Role::Pupil(_)) => identity.may_be_pupil,
            Some(Role::Staff(_)) => identity.may_be_staff,
            _ => false,
        };
        if possible {
            Recognition::Doubt(*id, "mêmes nom, prénom et date de naissance, sans autre preuve".to_owned())
        } else {
            Recognition::None
        }
    }

    fn pupil(&self, same_ine: &[PersonId], identity: &Identity<'_>) -> Recognition {
        let born = |id: &&PersonId| self.person(**id).is_some_and(|p| p.birth.is_some() && p.birth == identity.birth);
        let mut equal = same_ine.iter().filter(born);
        match (equal.next(), equal.next(), same_ine) {
            (Some(id), None, _) => Recognition::Person(*id, Proof::Ine),
            (Some(id), Some(_), _) => {
                Recognition::Doubt(*id, "deux élèves de l'export ont cet INE et cette date de naissance".into())
            }
            (None, _, [id, ..]) => {
                let doubt = match identity.birth {
                    Some(birth) => format!("même INE, mais né(e) le {} dans l'annuaire", birth.strftime("%d/%m/%Y")),
                    None => "même INE, mais l'annuaire n'a pas la date de naissance".to_owned(),
                };
                Recognition::Doubt(*id, doubt)
            }
            (None, _, []) => Recognition::None,
        }
    }

    /// One address, one person; a shared mailbox (`ce.0350001a@…`) proves nothing.
    fn staff(&self, same_mail: &[PersonId], identity: &Identity<'_>) -> Recognition {
        let [id] = same_mail else { return Recognition::None };
        let Some(person) = self.person(*id) else { return Recognition::None };
        match contradiction(person, identity) {
            Some(doubt) => Recognition::Doubt(*id, doubt),
            None => Recognition::Person(*id, Proof::Mail),
        }
    }

    fn person(&self, id: PersonId) -> Option<&'r Person> {
        self.roster.person(id)
    }
}

/// Another birth date, or neither of the names: the address has changed hands.
fn contradiction(person: &Person, identity: &Identity<'_>) -> Option<String> {
    if let (Some(ours), Some(theirs)) = (person.birth, identity.birth)
        && ours != theirs
    {
        return Some(format!("même adresse, mais né(e) le {} dans l'annuaire", theirs.strftime("%d/%m/%Y")));
    }
    let differs = |ours: &str, theirs: Option<&str>| theirs.is_some_and(|theirs| fold_name(ours) != fold_name(theirs));
    let name = &person.name;
    let surname = differs(&name.surname, identity.surname)
        && name.birth.as_deref().is_none_or(|birth| differs(birth, identity.surname));
    (surname && differs(&name.first, identity.first_name)).then(|| {
        let (first, surname) = (identity.first_name.unwrap_or_default(), identity.surname.unwrap_or_default());
        format!("même adresse, mais au nom de {first} {surname} dans l'annuaire")
    })
}

/// An entry that a proof gives to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub dn: Dn,
    pub names: TakenNames,
    pub proof: Proof,
}

/// The accounts that are taken over, and those that nobody may take over before somebody has decided.
#[derive(Debug, Default)]
pub(super) struct Recognised {
    /// Entries without a join key of ours, by whose they are.
    pub entries: HashMap<Dn, (PersonId, Proof)>,
    /// French.
    pub doubts: BTreeMap<PersonId, String>,
    /// Accounts elsewhere than where the dialect would create them.
    pub elsewhere: HashMap<PersonId, Dn>,
}

impl Recognised {
    /// Keeps the claims that are alone; a join key is worth more than any other proof. Gives the names that the
    /// persons have in the directory, in the order of their join keys.
    pub fn settle(
        &mut self,
        claims: BTreeMap<PersonId, Vec<Claim>>,
        doubts: Vec<(PersonId, Dn, String)>,
    ) -> Vec<(PersonId, Claim)> {
        let mut names = Vec::new();
        for (id, mut claims) in claims {
            if claims.iter().any(|claim| claim.proof == Proof::JoinKey) {
                claims.retain(|claim| claim.proof == Proof::JoinKey);
            }
            match <[Claim; 1]>::try_from(claims) {
                Ok([claim]) => {
                    if claim.proof != Proof::JoinKey {
                        self.entries.insert(claim.dn.clone(), (id, claim.proof));
                    }
                    names.push((id, claim));
                }
                // Two entries with one join key are told of where the entries are compared.
                Err(several) if several.iter().any(|claim| claim.proof == Proof::JoinKey) => {}
                Err(several) => {
                    let mut dns: Vec<&Dn> = several.iter().map(|claim| &claim.dn).collect();
                    dns.sort();
                    let dns: Vec<&str> = dns.into_iter().map(Dn::as_str).collect();
                    self.doubts
                        .insert(id, format!("plusieurs comptes de l'annuaire lui reviendraient ({})", dns.join(" ; ")));
                }
            }
        }
        for (id, dn, reason) in doubts {
            let recognised = names.iter().any(|(known, _)| *known == id);
            if !recognised {
                self.doubts.entry(id).or_insert_with(|| format!("{dn} : {reason}"));
            }
        }
        names
    }
}

impl Proof {
    /// In words, after "repris".
    pub(super) const fn french(self) -> &'static str {
        match self {
            Self::JoinKey => "par sa clé de jointure",
            Self::Ine => "par son INE et sa date de naissance",
            Self::Mail => "par son adresse de messagerie",
        }
    }
}
