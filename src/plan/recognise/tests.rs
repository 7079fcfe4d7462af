//! What recognises whom, and what only looks like it.

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
        left: None,
        former_class: None,
    };
    let accounts = roster.persons.iter().map(|p| (p.key.clone(), account(&p.key))).collect();
    let strangers = Strangers::new(&roster, &accounts);
    assert_eq!(strangers.len(), 0);
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
