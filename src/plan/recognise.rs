//! Whose an entry is that bears no join key of ours: accounts that another program made, taken over once.
//!
//! Exact proofs only: the INE with an equal birth date for pupils, the mail address for staff. A proof that something
//! contradicts, or that two entries give, recognises nobody and creates nobody, and so does an entry that only has
//! somebody's names and birth date: a person decides.

use std::collections::{BTreeMap, HashMap, HashSet};

use compact_str::CompactString;
use jiff::civil::Date;

use crate::directory::Dn;
use crate::directory::dialect::{Identity, TakenNames, folded_identifier};
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

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether this person has no account yet.
    pub fn awaits(&self, id: PersonId) -> bool {
        self.waiting.contains(&id)
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

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::feed::Origin;
    use crate::roster::{Contact, Name, Pupil, Relative};

    fn person(key: &str, first: &str, surname: &str, birth: Option<Date>, mail: &str, role: Role) -> Box<Person> {
        let profile = match &role {
            Role::Pupil(_) => crate::roster::Profile::Pupil,
            Role::Relative(_) => crate::roster::Profile::Relative,
            Role::Staff(_) => crate::roster::Profile::Staff,
        };
        Box::new(Person {
            key: JoinKey::new("AC-TEST", key),
            source: 0,
            origin: Origin { file: "test".into(), line: 1 },
            profile,
            name: Name { surname: surname.into(), first: first.into(), ..Name::default() },
            civility: None,
            birth,
            contact: Contact { mail: (!mail.is_empty()).then(|| mail.into()), ..Contact::default() },
            address_shared: None,
            schools: Box::default(),
            administrative: None,
            role,
        })
    }

    fn pupil(key: &str, ine: &str, birth: Date) -> Box<Person> {
        let role = Role::Pupil(Box::new(Pupil { ine: Some(ine.into()), ..Pupil::default() }));
        person(key, "Zoé", "ARNAUD", Some(birth), "", role)
    }

    fn staff(key: &str, first: &str, surname: &str, mail: &str) -> Box<Person> {
        person(key, first, surname, Some(date(1980, 2, 1)), mail, Role::Staff(Box::default()))
    }

    fn roster() -> Roster {
        Roster {
            persons: vec![
                pupil("1", "120000000AB", date(2013, 1, 5)),
                pupil("2", "120000001CD", date(2013, 3, 5)),
                pupil("3", "120000001CD", date(2013, 4, 5)),
                staff("4", "Yann", "LE GALL", "yann.le-gall@ac-test.fr"),
                staff("5", "Anne", "ROUX", "ce.0290009c@ac-test.fr"),
                staff("6", "Luc", "FAURE", "ce.0290009c@ac-test.fr"),
                person("7", "Ève", "PETIT", None, "yann.le-gall@ac-test.fr", Role::Relative(Relative::default())),
            ],
            ..Roster::default()
        }
    }

    fn entry() -> Identity<'static> {
        Identity {
            surname: None,
            first_name: None,
            birth: None,
            ine: None,
            mails: Vec::new(),
            may_be_pupil: true,
            may_be_staff: true,
        }
    }

    fn of_pupil(ine: &'static str, birth: Option<Date>) -> Identity<'static> {
        Identity { ine: Some(ine), birth, may_be_staff: false, ..entry() }
    }

    fn of_staff(mail: &'static str) -> Identity<'static> {
        Identity { mails: vec![mail], may_be_pupil: false, ..entry() }
    }

    #[test]
    fn the_ine_counts_with_the_birth_date() {
        let roster = roster();
        let strangers = Strangers::new(&roster, &HashMap::new());
        let found = |ine, birth| strangers.examine(&of_pupil(ine, birth));
        assert_eq!(found("120000000ab", Some(date(2013, 1, 5))), Recognition::Person(PersonId(0), Proof::Ine));
        assert_eq!(found("120000001CD", Some(date(2013, 4, 5))), Recognition::Person(PersonId(2), Proof::Ine));
        assert!(matches!(found("120000000AB", Some(date(2013, 1, 6))), Recognition::Doubt(PersonId(0), _)));
        assert!(matches!(found("120000000AB", None), Recognition::Doubt(PersonId(0), _)));
        assert_eq!(found("120000009ZZ", Some(date(2013, 1, 5))), Recognition::None);
    }

    #[test]
    fn an_address_counts_for_staff_when_it_is_one_persons() {
        let roster = roster();
        let strangers = Strangers::new(&roster, &HashMap::new());
        let mail = "Yann.Le-Gall@ac-test.fr";
        assert_eq!(strangers.examine(&of_staff(mail)), Recognition::Person(PersonId(3), Proof::Mail));
        // Married since: one of the names is enough.
        let married = Identity { surname: Some("MOREL"), first_name: Some("yann"), ..of_staff(mail) };
        assert_eq!(strangers.examine(&married), Recognition::Person(PersonId(3), Proof::Mail));
        let other = Identity { surname: Some("MOREL"), first_name: Some("Ali"), ..of_staff(mail) };
        assert!(matches!(strangers.examine(&other), Recognition::Doubt(PersonId(3), _)));
        let born = Identity { birth: Some(date(1999, 2, 1)), ..of_staff(mail) };
        assert!(matches!(strangers.examine(&born), Recognition::Doubt(PersonId(3), _)));
        // The mailbox of a school, and a pupil's or parent's account with a teacher's address.
        assert_eq!(strangers.examine(&of_staff("ce.0290009c@ac-test.fr")), Recognition::None);
        let not_staff = Identity { may_be_staff: false, ..of_staff(mail) };
        assert_eq!(strangers.examine(&not_staff), Recognition::None);
    }

    #[test]
    fn names_and_birth_date_are_a_doubt() {
        let roster = roster();
        let strangers = Strangers::new(&roster, &HashMap::new());
        let born = |birth| Identity { surname: Some("Le Gall"), first_name: Some("YANN"), birth, ..of_staff("x@y.fr") };
        let found = |birth| strangers.examine(&born(birth));
        assert!(matches!(found(Some(date(1980, 2, 1))), Recognition::Doubt(PersonId(3), _)));
        assert_eq!(found(Some(date(1980, 2, 2))), Recognition::None);
        assert_eq!(found(None), Recognition::None);
        // A parent of that name is somebody else until somebody says otherwise.
        let parent = Identity { may_be_staff: false, ..born(Some(date(1980, 2, 1))) };
        assert_eq!(strangers.examine(&parent), Recognition::None);
    }

    #[test]
    fn whoever_has_an_account_is_no_stranger() {
        let roster = roster();
        let account = |key: &JoinKey| AccountRow {
            join_key: key.clone(),
            dn: "uid=x,dc=fr".into(),
            profile: crate::roster::Profile::Pupil,
            stage: Stage::Suspended,
            since: date(2026, 1, 1),
            schools: Vec::new(),
            class: None,
            level: None,
            expected: false,
            adopted: false,
            written: None,
        };
        let accounts = roster.persons.iter().map(|p| (p.key.clone(), account(&p.key))).collect();
        let strangers = Strangers::new(&roster, &accounts);
        assert!(strangers.is_empty());
        let known = of_pupil("120000000AB", Some(date(2013, 1, 5)));
        assert_eq!(strangers.examine(&known), Recognition::None);
    }

    #[test]
    fn claims_that_are_not_alone_are_doubts() {
        let claim = |uid: &str, proof| Claim {
            dn: Dn::parse(&format!("uid={uid},dc=fr")).unwrap(),
            names: TakenNames::default(),
            proof,
        };
        let claims = BTreeMap::from([
            (PersonId(1), vec![claim("a", Proof::Ine), claim("b", Proof::Ine)]),
            (PersonId(2), vec![claim("c", Proof::Mail), claim("d", Proof::JoinKey)]),
            (PersonId(3), vec![claim("e", Proof::Mail)]),
        ]);
        let doubts = vec![(PersonId(3), Dn::parse("uid=f,dc=fr").unwrap(), "autre".to_owned())];
        let mut recognised = Recognised::default();
        let names = recognised.settle(claims, doubts);
        assert_eq!(
            names.iter().map(|(id, c)| (id.0, c.dn.as_str())).collect::<Vec<_>>(),
            [(2, "uid=d,dc=fr"), (3, "uid=e,dc=fr")]
        );
        assert_eq!(recognised.entries, HashMap::from([(claim("e", Proof::Mail).dn, (PersonId(3), Proof::Mail))]));
        assert_eq!(recognised.doubts.keys().collect::<Vec<_>>(), [&PersonId(1)]);
        assert!(recognised.doubts[&PersonId(1)].contains("uid=a,dc=fr ; uid=b,dc=fr"));
    }
}
