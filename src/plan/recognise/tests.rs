//! Who is found again among the accounts, and who is asked about.

use jiff::civil::{Date, date};

use super::*;
use crate::feed::Origin;
use crate::roster::{Contact, Pupil, Relative};

fn person(key: &str, first: &str, surname: &str, birth: Option<Date>, mail: &str, role: Role) -> Box<Person> {
    let profile = match &role {
        Role::Pupil(_) => Profile::Pupil,
        Role::Relative(_) => Profile::Relative,
        Role::Staff(_) => Profile::Staff,
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

const INE: &str = "120000000AB";
const SHARED: &str = "120000001CD";

fn roster() -> Roster {
    let parent = Role::Relative(Relative { pupils: vec![PersonId(0)] });
    Roster {
        persons: vec![
            pupil("1", INE, date(2013, 1, 5)),
            pupil("2", SHARED, date(2013, 3, 5)),
            pupil("3", SHARED, date(2013, 4, 5)),
            staff("4", "Yann", "LE GALL", "yann.le-gall@ac-test.fr"),
            staff("5", "Anne", "ROUX", "ce.0290009c@ac-test.fr"),
            staff("6", "Luc", "FAURE", "ce.0290009c@ac-test.fr"),
            person("7", "Ève", "PETIT", None, "yann.le-gall@ac-test.fr", parent),
        ],
        ..Roster::default()
    }
}

fn account(key: &str, profile: Profile) -> AccountRow {
    AccountRow {
        join_key: JoinKey::from_text(key),
        dn: format!("uid={},dc=fr", key.replace('$', "-")),
        profile,
        stage: Stage::Absent,
        since: date(2026, 1, 1),
        schools: Vec::new(),
        class: None,
        level: None,
        expected: false,
        adopted: false,
        written: None,
        left: None,
        former_class: None,
    }
}

fn identity() -> Identity<'static> {
    Identity {
        surname: None,
        first_name: None,
        birth: None,
        ine: None,
        mails: Vec::new(),
        number: None,
        schools: Vec::new(),
        birth_name: None,
        phones: Vec::new(),
        street: Vec::new(),
        postal_code: None,
        town: None,
        pupils: Vec::new(),
        may_be_pupil: true,
        may_be_staff: true,
        may_be_relative: true,
    }
}

fn of_pupil(ine: &'static str, birth: Option<Date>) -> Identity<'static> {
    Identity { ine: Some(ine), birth, may_be_staff: false, may_be_relative: false, ..identity() }
}

fn of_staff(mail: &'static str) -> Identity<'static> {
    Identity { mails: vec![mail], may_be_pupil: false, may_be_relative: false, ..identity() }
}

fn stray(uid: &str, identity: &Identity<'_>, account: Option<&AccountRow>) -> Stray {
    Stray::new(Dn::parse(&format!("uid={uid},dc=fr")).unwrap(), TakenNames::default(), identity, account)
}

/// What becomes of these accounts: who owns which by what, and who is asked about.
fn settle(strays: &[Stray], decisions: &Decisions) -> (Vec<(u32, String, Proof)>, Vec<u32>) {
    let (roster, rules) = (roster(), Rules::default());
    let strangers = Strangers::new(&roster, &HashMap::new(), &rules, decisions);
    let worth: Vec<Stray> = strays.iter().filter(|stray| strangers.may_be(stray)).cloned().collect();
    let recognised = strangers.settle(&HashMap::new(), BTreeMap::new(), &worth);
    let owners = recognised.claims.iter().map(|(id, claim)| (id.0, claim.dn.rdn_value(), claim.proof)).collect();
    (owners, recognised.asked.keys().map(|id| id.0).collect())
}

fn one(identity: &Identity<'_>) -> (Vec<(u32, String, Proof)>, Vec<u32>) {
    settle(&[stray("a", identity, None)], &Decisions::new())
}

fn owned(id: u32, proof: Proof) -> (Vec<(u32, String, Proof)>, Vec<u32>) {
    (vec![(id, "a".to_owned(), proof)], Vec::new())
}

fn asked(ids: &[u32]) -> (Vec<(u32, String, Proof)>, Vec<u32>) {
    (Vec::new(), ids.to_vec())
}

#[test]
fn the_ine_counts_with_the_birth_date() {
    assert_eq!(one(&of_pupil("120000000ab", Some(date(2013, 1, 5)))), owned(0, Proof::Ine));
    assert_eq!(one(&of_pupil(SHARED, Some(date(2013, 4, 5)))).0, owned(2, Proof::Ine).0);
    assert_eq!(one(&of_pupil(INE, Some(date(2013, 1, 6)))), asked(&[0]));
    assert_eq!(one(&of_pupil(INE, None)), asked(&[0]));
    assert_eq!(one(&of_pupil("120000009ZZ", Some(date(2013, 1, 5)))), asked(&[]));
    // One INE on two pupils, and nobody was born that day: both are asked about.
    assert_eq!(one(&of_pupil(SHARED, Some(date(2013, 9, 9)))), asked(&[1, 2]));
}

#[test]
fn an_address_counts_for_staff_when_it_is_one_persons() {
    let mail = "Yann.Le-Gall@ac-test.fr";
    assert_eq!(one(&of_staff(mail)), owned(3, Proof::Mail));
    // Married since: one of the names is enough.
    let married = Identity { surname: Some("MOREL"), first_name: Some("yann"), ..of_staff(mail) };
    assert_eq!(one(&married), owned(3, Proof::Mail));
    let other = Identity { surname: Some("MOREL"), first_name: Some("Ali"), ..of_staff(mail) };
    assert_eq!(one(&other), asked(&[3]));
    let born = Identity { birth: Some(date(1999, 2, 1)), ..of_staff(mail) };
    assert_eq!(one(&born), asked(&[3]));
    // The mailbox of a school, and a pupil's or parent's account with a teacher's address.
    assert_eq!(one(&of_staff("ce.0290009c@ac-test.fr")), asked(&[]));
    let not_staff = Identity { may_be_staff: false, ..of_staff(mail) };
    assert_eq!(one(&not_staff), asked(&[]));
}

#[test]
fn names_and_birth_date_are_asked_about() {
    let born = |birth| Identity { surname: Some("Le Gall"), first_name: Some("YANN"), birth, ..of_staff("x@y.fr") };
    assert_eq!(one(&born(Some(date(1980, 2, 1)))), asked(&[3]));
    assert_eq!(one(&born(Some(date(1980, 2, 2)))), asked(&[]));
    assert_eq!(one(&born(None)), asked(&[]));
    // A parent of that name is somebody else until somebody says otherwise.
    let parent = Identity { may_be_staff: false, may_be_relative: true, ..born(Some(date(1980, 2, 1))) };
    assert_eq!(one(&parent), asked(&[]));
}

/// Names alone are a homonym; names and a child, who was found a moment before, are asked about.
#[test]
fn a_relative_is_known_by_his_children() {
    let parent = |pupils: &[&str]| Identity {
        surname: Some("Petit"),
        first_name: Some("Eve"),
        pupils: pupils.iter().map(|dn| Dn::parse(dn).unwrap()).collect(),
        may_be_pupil: false,
        may_be_staff: false,
        ..identity()
    };
    let child = stray("child", &of_pupil(INE, Some(date(2013, 1, 5))), None);
    let both = |pupils: &[&str]| settle(&[child.clone(), stray("p", &parent(pupils), None)], &Decisions::new());
    assert_eq!(both(&["uid=child,dc=fr"]).1, [6]);
    assert_eq!(both(&["uid=other,dc=fr"]).1, [0; 0]);
}

#[test]
fn an_account_of_ours_that_is_leaving_is_found_again() {
    let leaving = account("CSV$77", Profile::Pupil);
    let entry = of_pupil(INE, Some(date(2013, 1, 5)));
    let (roster, rules, decisions) = (roster(), Rules::default(), Decisions::new());
    let accounts = HashMap::from([(leaving.join_key.clone(), leaving.clone())]);
    let strangers = Strangers::new(&roster, &accounts, &rules, &decisions);
    let found = strangers.settle(&accounts, BTreeMap::new(), &[stray("a", &entry, Some(&leaving))]);
    let [(PersonId(0), claim)] = found.claims.as_slice() else { panic!("{:?}", found.claims) };
    assert_eq!((&claim.former, claim.proof), (&Some(leaving.join_key.clone()), Proof::Ine));
    // It stays ours: nothing is adopted.
    assert!(found.entries.is_empty());
    // A teacher's account is no pupil's, whatever it says.
    let teacher = account("CSV$78", Profile::Teacher);
    assert!(!strangers.may_be(&stray("b", &entry, Some(&teacher))));
}

#[test]
fn whoever_has_an_account_is_no_stranger() {
    let (roster, rules, decisions) = (roster(), Rules::default(), Decisions::new());
    let accounts =
        roster.persons.iter().map(|p| (p.key.clone(), account(p.key.as_str(), p.profile))).collect::<HashMap<_, _>>();
    let strangers = Strangers::new(&roster, &accounts, &rules, &decisions);
    assert_eq!(strangers.len(), 0);
    assert!(!strangers.may_be(&stray("a", &of_pupil(INE, Some(date(2013, 1, 5))), None)));
}

#[test]
fn two_accounts_of_one_proof_are_asked_about() {
    let entry = of_pupil(INE, Some(date(2013, 1, 5)));
    let two = [stray("a", &entry, None), stray("b", &entry, None)];
    assert_eq!(settle(&two, &Decisions::new()), asked(&[0]));
    // Somebody decides which one it is; the other is then nobody's.
    let key = JoinKey::from_text("AC-TEST$1");
    let decided = Decisions::from([((key.clone(), "uid=b,dc=fr".to_owned()), Answer::Same)]);
    assert_eq!(settle(&two, &decided), (vec![(0, "b".to_owned(), Proof::Decision)], Vec::new()));
    let apart = Decisions::from([
        ((key.clone(), "uid=a,dc=fr".to_owned()), Answer::Different),
        ((key, "uid=b,dc=fr".to_owned()), Answer::Different),
    ]);
    assert_eq!(settle(&two, &apart), asked(&[]));
}

#[test]
fn a_join_key_is_worth_more() {
    let (roster, rules, decisions) = (roster(), Rules::default(), Decisions::new());
    let strangers = Strangers::new(&roster, &HashMap::new(), &rules, &decisions);
    let claim = Claim {
        dn: Dn::parse("uid=k,dc=fr").unwrap(),
        names: TakenNames::default(),
        proof: Proof::JoinKey,
        former: None,
    };
    let claims = BTreeMap::from([(PersonId(0), vec![claim.clone()])]);
    let found = strangers.settle(&HashMap::new(), claims, &[stray("a", &of_pupil(INE, Some(date(2013, 1, 5))), None)]);
    assert_eq!(found.claims, [(PersonId(0), claim)]);
    assert!(found.entries.is_empty() && found.asked.is_empty());
}
