//! Properties over random people: odd text, `$`, repeated values, anything missing.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use compact_str::CompactString;
use jiff::civil::date;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::super::Dialect;
use super::fixture::*;
use super::server::{FOREIGN_GROUP, modify, read_back};
use crate::directory::Value;
use crate::roster::*;

/// Small alphabet, so that values meet: case variants, accents, blanks, separators.
fn text() -> impl Strategy<Value = CompactString> {
    "[aAéÉ $,=+'5-]{0,4}".prop_map(CompactString::from)
}

fn some() -> impl Strategy<Value = Option<CompactString>> {
    prop::option::of(text())
}

fn texts() -> impl Strategy<Value = Vec<CompactString>> {
    prop::collection::vec(text(), 0..5)
}

fn placed() -> impl Strategy<Value = Vec<(StructureId, CompactString)>> {
    prop::collection::vec(((0..4_u32).prop_map(StructureId), text()), 0..5)
}

fn role(which: u8) -> BoxedStrategy<Role> {
    match which {
        0 => ((some(), some(), placed(), placed()), (texts(), some(), some(), prop::option::of(any::<bool>())))
            .prop_map(|((ine, mef, mut classes, groups), (enseignements, niv_formation, filiere, boursier))| {
                // With a class that can be written, so that there is an entry.
                classes.push((COLLEGE, "5A".into()));
                Role::Pupil(Box::new(Pupil {
                    ine,
                    classes,
                    groups,
                    boursier,
                    studies: Studies { mef, niv_formation, filiere, enseignements, ..Studies::default() }.into(),
                    ..Pupil::default()
                }))
            })
            .boxed(),
        1 => prop::collection::vec((0..12_u32).prop_map(PersonId), 0..4)
            .prop_map(|pupils| Role::Relative(Relative { pupils }))
            .boxed(),
        _ => ((texts(), placed(), placed()), (placed(), placed(), placed()))
            .prop_map(|((category_disciplines, subjects, classes), (groups, classes_subjects, groups_subjects))| {
                Role::Staff(Box::new(Staff {
                    category_disciplines,
                    subjects,
                    classes,
                    groups,
                    classes_subjects,
                    groups_subjects,
                    ..Staff::default()
                }))
            })
            .boxed(),
    }
}

fn random_person(which: u8) -> impl Strategy<Value = Person> {
    let names = ("[aAéÉœ'-]{0,3}[a-z]", "[aAéÉœ' -]{0,3}[a-z]", texts(), some());
    let contact = (some(), some(), texts(), some(), prop::option::of(texts()));
    let profiles = prop::collection::vec((0..4_u32, 2..9_usize), 1..4);
    (names, contact, role(which), profiles, 0..3_u8, prop::option::of((2000..2015_i16, 1..13_i8, 1..29_i8))).prop_map(
        move |(names, contact, role, profiles, civility, birth)| {
            let profile = [Profile::Pupil, Profile::Relative, Profile::Staff][usize::from(which)];
            let mut p = person("42", profile, &names.0, &names.1, role);
            (p.name.others, p.name.birth) = (names.2.into(), names.3);
            p.contact = Contact {
                mail: contact.0,
                home_phone: contact.1,
                mobiles: contact.2.into(),
                work_phone: contact.3,
                address: contact.4.map(|lines| Address { lines, ..Address::default() }.into()),
                ..Contact::default()
            };
            p.civility = [None, Some(Civility::Monsieur), Some(Civility::Madame)][usize::from(civility)];
            p.birth = birth.map(|(y, m, d)| date(y, m, d));
            if which == 2 {
                p.schools = profiles.iter().map(|&(s, n)| at(StructureId(s), &[NationalProfile::ALL[n]])).collect();
            }
            p
        },
    )
}

/// Two states of one person.
fn before_and_after() -> impl Strategy<Value = (Person, Person)> {
    (0..3_u8).prop_flat_map(|which| (random_person(which), random_person(which)))
}

fn school_of(person: Person) -> School {
    let mut roster = roster();
    *roster.persons[0] = person;
    School::new(roster)
}

static DIALECTS: LazyLock<Vec<(&str, Dialect)>> = LazyLock::new(presets);

proptest! {
    #[test]
    fn an_entry_read_back_has_no_differences_and_differences_lead_to_it((before, after) in before_and_after()) {
        let (before, after) = (school_of(before), school_of(after));
        for (name, dialect) in DIALECTS.iter() {
            there_and_back(name, dialect, &before, &after)?;
        }
    }
}

fn there_and_back(name: &str, dialect: &Dialect, before: &School, after: &School) -> Result<(), TestCaseError> {
    // What the engine put is what it wrote.
    let put = before.put(dialect);
    let (before, after) = (before.wanted(dialect, PUPIL), after.wanted(dialect, PUPIL));
    let entry = dialect.entry(&before);
    for (attribute, values) in &entry.attributes {
        let tidy = values.iter().all(|v| v.as_text().is_some_and(|t| !t.is_empty() && t.trim() == t));
        prop_assert!(tidy, "{name}: {attribute}");
    }
    prop_assert_eq!(dialect.differences_beside(&before, &entry, &put), Ok(vec![]), "{}", name);
    let mut entry = read_back(&entry);
    prop_assert_eq!(dialect.differences_beside(&before, &entry, &put), Ok(vec![]), "{}", name);

    let foreign = ["ESCOPersonEtatCompte", "ESCOPersonValidationCharte", "userPassword", "uid", "ENTPersonLogin"];
    let foreign_values = foreign.map(|a| entry.values(a).to_vec());
    let mut groups: BTreeSet<String> = dialect.wanted_values(&after, "isMemberOf").map(str::to_owned).collect();
    groups.insert(FOREIGN_GROUP.to_owned());

    let changes = dialect.differences_beside(&after, &entry, &put).unwrap();
    modify(&mut entry, &changes);
    prop_assert_eq!(dialect.differences_beside(&after, &entry, &put), Ok(vec![]), "{}", name);
    prop_assert_eq!(foreign.map(|a| entry.values(a).to_vec()), foreign_values, "{}", name);
    prop_assert_eq!(entry.texts("isMemberOf").map(str::to_owned).collect::<BTreeSet<_>>(), groups, "{}", name);
    prop_assert!(entry.values("objectClass").contains(&Value::from("labeledURIObject")), "{}", name);
    Ok(())
}
