//! What a server with the schema of the ENT would say, and how the plan takes it.

use super::judge::{Why, added, entry, modified, trim};
use super::*;
use crate::directory::schema::tests::ent;
use crate::directory::schema::{Syntax, Wrong};
use crate::directory::{Dn, Value};
use crate::plan::fixtures::{Plan, attributes};

const CLASSES: [&str; 3] = ["inetOrgPerson", "ENTPerson", "ENTEleve"];
const PUPIL: [(&str, &str); 12] = [
    ("uid", "f00001"),
    ("cn", "ARNAUD ZOE"),
    ("sn", "Arnaud"),
    ("ENTPersonLogin", "zoe.arnaud"),
    ("ENTPersonJointure", "AC-TEST$1"),
    ("ENTEleveStatutEleve", "-"),
    ("ENTEleveMEF", "-"),
    ("ENTEleveLibelleMEF", "-"),
    ("ENTEleveNivFormation", "-"),
    ("ENTEleveFiliere", "-"),
    ("ENTEleveClasses", "x$6A"),
    ("ENTEleveMajeur", "N"),
];

/// The shipped schema, with the attributes of inetOrgPerson that the tests name.
fn schema(vendor: &str) -> Schema {
    let shipped = crate::directory::schema::shipped::shipped();
    let standard = [
        "( 2.5.4.0 NAME 'objectClass' SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 )",
        "( 2.5.4.3 NAME 'cn' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
        "( 2.5.4.4 NAME 'sn' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{12} )",
        "( 0.9.1 NAME ( 'uid' 'userid' ) SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
        "( 0.9.3 NAME ( 'mail' 'rfc822Mailbox' ) SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )",
        "( 2.5.4.20 NAME 'telephoneNumber' SYNTAX 1.3.6.1.4.1.1466.115.121.1.50 )",
    ];
    let classes = [
        "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
        "( 2.5.6.6 NAME 'inetOrgPerson' SUP top MUST ( sn $ cn ) MAY ( uid $ mail $ telephoneNumber ) )",
    ];
    Schema::read(
        standard.into_iter().chain(shipped.attributes.iter().map(String::as_str)),
        classes.into_iter().chain(shipped.classes.iter().map(String::as_str)),
        vendor,
    )
}

fn judged(change: impl Fn(&mut Vec<(&'static str, &'static str)>)) -> Judgement {
    let mut pairs = PUPIL.to_vec();
    change(&mut pairs);
    added(&schema("OpenLDAP"), &[], &CLASSES, pairs.into_iter())
}

fn only(objections: &[Objection]) -> (&str, Why) {
    let [one] = objections else { panic!("{objections:?}") };
    (&one.attribute, one.why)
}

#[test]
fn a_sound_entry_passes() {
    assert!(judged(|_| {}).is_empty());
    assert!(judged(|p| p.push(("mail", "zoe@example.fr"))).is_empty());
}

#[test]
fn a_bad_value_that_nothing_requires_is_left_out() {
    let judgement = judged(|p| p.push(("mail", "zoé@example.fr")));
    assert_eq!(only(&judgement.dropped), ("mail", Why::Value(Wrong::NotAscii)));
    assert_eq!(judgement.refused, []);
    let judgement = judged(|p| p.extend([("telephoneNumber", "02_99"), ("telephoneNumber", "+33 2 99 00 00 00")]));
    assert_eq!(only(&judgement.dropped), ("telephoneNumber", Why::Value(Wrong::NotPrintable)));
}

#[test]
fn what_the_whole_would_be_refused_for_holds_it() {
    let judgement = judged(|p| p.retain(|(name, _)| *name != "ENTEleveClasses"));
    assert_eq!(only(&judgement.refused), ("ENTEleveClasses", Why::Missing));
    let judgement = judged(|p| p.iter_mut().filter(|(name, _)| *name == "cn").for_each(|(_, value)| *value = ""));
    assert_eq!(only(&judgement.refused), ("cn", Why::Value(Wrong::Empty)));
    assert_eq!(judgement.dropped, []);
    let judgement = judged(|p| p.insert(4, ("ENTPersonLogin", "zoe.arnaud1")));
    assert_eq!(only(&judgement.refused), ("ENTPersonLogin", Why::Several(2)));
    let judgement = judged(|p| p.push(("ENTAuxEnsMEF", "x$1$y")));
    assert_eq!(only(&judgement.refused), ("ENTAuxEnsMEF", Why::NotAllowed));
    let judgement = judged(|p| p.push(("ESCOUAI", "0290009C")));
    assert_eq!(only(&judgement.refused), ("ESCOUAI", Why::UnknownAttribute));
    let judgement = added(&schema(""), &[], &["ENTEleve", "ESCOAddons"], PUPIL.into_iter());
    assert_eq!(only(&judgement.refused), ("objectClass", Why::UnknownClass));
}

#[test]
fn bounds_count_where_the_server_enforces_them() {
    let long = |p: &mut Vec<(&'static str, &'static str)>| {
        p.iter_mut().filter(|(name, _)| *name == "sn").for_each(|(_, value)| *value = "Ééééééééééééé");
    };
    assert!(judged(long).is_empty());
    let mut pairs = PUPIL.to_vec();
    long(&mut pairs);
    let judgement = added(&schema("Some Server"), &[], &CLASSES, pairs.into_iter());
    // Mandatory: without it there is no entry.
    assert_eq!(only(&judgement.refused), ("sn", Why::Value(Wrong::TooLong(12))));
}

#[test]
fn a_creation_is_written_without_what_was_left_out() {
    let schema = schema("OpenLDAP");
    let mut list: Vec<(String, Vec<Value>)> =
        vec![("objectClass".into(), CLASSES.iter().map(|c| Value::from(*c)).collect())];
    list.extend(PUPIL.iter().map(|(name, value)| ((*name).to_owned(), vec![Value::from(*value)])));
    list.push(("mail".into(), vec!["zoé@example.fr".into()]));
    list.push(("telephoneNumber".into(), vec!["02_99".into(), "0299000000".into()]));
    assert_eq!(entry(&schema, &list).dropped.len(), 2);
    let mut plan = Plan::default();
    let change = plan.person(ChangeKind::Create, 1, None, Write::Add { attributes: list, credential: true });
    trim(&schema, change);
    let Write::Add { attributes, .. } = &change.write else { panic!() };
    assert!(!attributes.iter().any(|(name, _)| name == "mail"));
    assert_eq!(attributes.last().unwrap().1, ["0299000000".into()]);
    assert!(entry(&schema, attributes).is_empty());
}

fn there(extra: &[(&str, &str)]) -> Entry {
    let mut entry = Entry::new(Dn::parse("uid=f00001,ou=people,dc=fr").unwrap());
    entry.push("objectClass", CLASSES);
    for (name, value) in PUPIL.iter().chain(extra) {
        entry.push(name, [*value]);
    }
    entry
}

fn modify(entry: &Entry, changes: &[(&str, &[&str], &[&str])]) -> (Judgement, Vec<String>) {
    let schema = schema("OpenLDAP");
    let read: Vec<_> = PUPIL.iter().filter_map(|(name, _)| schema.number(name)).collect();
    let mut plan = Plan::default();
    let write = Write::Modify { attributes: attributes(changes) };
    let change = plan.person(ChangeKind::Update, 1, None, write);
    let judgement = modified(&schema, &read, entry, change);
    let Write::Modify { attributes } = &change.write else { panic!() };
    (judgement, attributes.iter().map(|a| a.attribute.clone()).collect())
}

#[test]
fn a_change_is_judged_by_the_entry_that_it_leaves() {
    let entry = there(&[("mail", "zoe@example.fr")]);
    let (judgement, left) = modify(&entry, &[("sn", &["Arnaud"], &["Petit"])]);
    assert!(judgement.is_empty());
    assert_eq!(left, ["sn"]);
    // The good value stays where no good one comes in its place.
    let (judgement, left) =
        modify(&entry, &[("mail", &["zoe@example.fr"], &["zoé@example.fr"]), ("sn", &["Arnaud"], &["Petit"])]);
    assert_eq!(only(&judgement.dropped), ("mail", Why::Value(Wrong::NotAscii)));
    assert_eq!(left, ["sn"]);
    let (judgement, _) = modify(&entry, &[("ENTEleveClasses", &["x$6A"], &[])]);
    assert_eq!(only(&judgement.refused), ("ENTEleveClasses", Why::Missing));
    let (judgement, _) = modify(&entry, &[("ENTPersonLogin", &[], &["other"])]);
    assert_eq!(only(&judgement.refused), ("ENTPersonLogin", Why::Several(2)));
    let (judgement, _) = modify(&entry, &[("ENTPersonLogin", &["zoe.arnaud"], &["other"])]);
    assert!(judgement.is_empty());
    let (judgement, _) = modify(&entry, &[("ENTAuxEnsMEF", &[], &["x"])]);
    assert_eq!(only(&judgement.refused), ("ENTAuxEnsMEF", Why::NotAllowed));
    let (judgement, _) = modify(&entry, &[("objectClass", &[], &["ENTAuxEnseignant"]), ("ENTAuxEnsMEF", &[], &["x"])]);
    assert!(judgement.is_empty());
}

#[test]
fn a_class_goes_only_with_what_hangs_on_it() {
    let mut entry = there(&[("ENTAuxEnsMEF", "x")]);
    entry.push("objectClass", ["ENTAuxEnseignant"]);
    let (judgement, _) = modify(&entry, &[("objectClass", &["ENTAuxEnseignant"], &[])]);
    assert_eq!(only(&judgement.refused), ("ENTAuxEnsMEF", Why::NotAllowed));
    let (judgement, _) = modify(&entry, &[("objectClass", &["ENTAuxEnseignant"], &[]), ("ENTAuxEnsMEF", &["x"], &[])]);
    assert!(judgement.is_empty());
}

#[test]
fn an_update_with_nothing_left_is_no_change() {
    let dialect = Dialect::load(&toml::from_str("kind = \"embedded\"\nsuffix = \"dc=fr\"\n").unwrap()).unwrap();
    let gate = Gate { schema: Some(Arc::new(schema("OpenLDAP"))), ..Gate::default() };
    let mut plan = Plan::default();
    for (kind, stays) in [(ChangeKind::Update, false), (ChangeKind::Move, true)] {
        let write = Write::Modify { attributes: attributes(&[("mail", &[], &["zoé@example.fr"])]) };
        let change = Box::new(plan.person(kind, 1, None, write).clone());
        let dn = change.dn.clone();
        let mut seen =
            Seen::Person { id: PersonId(0), elsewhere: Some(dn), change: Some(change), defaulted: None, right: None };
        let (_, judgement) = gate.seen(&there(&[]), &mut seen).unwrap();
        assert_eq!(judgement.dropped.len(), 1);
        let Seen::Person { change, .. } = seen else { panic!() };
        assert_eq!(change.is_some(), stays, "{kind:?}");
    }
    // Without a schema everything passes.
    assert!(Gate::new(&dialect, None, None).unwrap().schema.is_none());
}

#[test]
fn what_the_dialect_writes_and_the_server_lacks_is_one_error() {
    let dialect = Dialect::load(&toml::from_str("kind = \"embedded\"\nsuffix = \"dc=fr\"\n").unwrap()).unwrap();
    let gap = Gate::new(&dialect, Some(Arc::new(ent("OpenLDAP"))), None).unwrap_err();
    // The cut-down standard schema of the tests lacks these; the ENT's own classes are there.
    assert!(gap.classes.contains(&"organizationalUnit".to_owned()), "{gap}");
    assert!(gap.attributes.contains(&"mail".to_owned()), "{gap}");
    assert!(!gap.classes.iter().any(|c| c.starts_with("ENT")) && !gap.attributes.iter().any(|a| a.starts_with("ENT")));
    assert!(gap.to_string().contains("rentree doctor"), "{gap}");
}

#[test]
fn an_objection_reads_like_french() {
    let objection =
        |why, value: Option<&str>| Objection { attribute: "mail".into(), value: value.map(str::to_owned), why };
    assert_eq!(
        objection(Why::Value(Wrong::NotAscii), Some("zoé@x")).to_string(),
        "mail : la valeur « zoé@x » n'est pas acceptée, elle contient une lettre accentuée ou un signe hors de l'ASCII"
    );
    assert_eq!(objection(Why::Missing, None).to_string(), "mail est obligatoire et manquerait");
    assert_eq!(Syntax::Other.check(b""), Ok(()));
}
