//! What is touched on an entry that is there already, and what is not.

use std::collections::HashMap;

use super::super::*;
use super::fixture::*;
use super::server::modify;
use crate::directory::{AttributeChange, Entry, Value};
use crate::feed::{Code, Severity};
use crate::naming::{Login, Uid};
use crate::roster::*;

fn entry_of(dialect: &Dialect, school: &School, id: PersonId) -> (Wanted, Entry) {
    let wanted = school.wanted(dialect, id);
    let entry = dialect.entry(&wanted);
    (wanted, entry)
}

fn set(entry: &mut Entry, attribute: &str, values: &[&str]) {
    entry.attributes.retain(|(n, _)| !n.eq_ignore_ascii_case(attribute));
    entry.push(attribute, values.iter().copied());
}

fn change(attribute: &str, old: &[&str], new: &[&str]) -> AttributeChange {
    let values = |v: &[&str]| v.iter().map(|t| Value::from(*t)).collect();
    AttributeChange { attribute: attribute.to_owned(), old: values(old), new: values(new), unset: old.is_empty() }
}

/// The same of an attribute that keeps other values.
fn beside(attribute: &str, old: &[&str], new: &[&str]) -> AttributeChange {
    AttributeChange { unset: false, ..change(attribute, old, new) }
}

#[test]
fn each_owner_has_its_rule() {
    let (dialect, school) = (dialect(), school());
    for (attribute, there, expected) in [
        // Feed: replaced and cleared. What the server takes for the same is left.
        ("sn", &["KERVELLA"][..], None),
        ("sn", &[" KERVELLA "], None),
        ("sn", &["Kervella"], None),
        ("sn", &["Kervelle"], Some(change("sn", &["Kervelle"], &["KERVELLA"]))),
        ("SN", &[], Some(change("sn", &[], &["KERVELLA"]))),
        ("ENTPersonNomPatro", &["Le Bras"], Some(change("ENTPersonNomPatro", &["Le Bras"], &[]))),
        // Engine: recomputed.
        ("cn", &["autre"], Some(change("cn", &["autre"], &["KERVELLA GWENN"]))),
        ("ENTPersonProfils", &["National_3", "National_ENS"], Some(change("ENTPersonProfils", &["National_3"], &[]))),
        // Once: the directory's, whatever it says.
        ("ENTPersonLogin", &["someone.else"], None),
        ("ENTPersonLogin", &[], None),
        ("ENTPersonGARIdentifiant", &["6e8bc430-9c3a-11d9-9669-0800200c9a66"], None),
        ("userPassword", &["{SSHA}x"], None),
        // Added: beside what others put there, and not twice under the server's eyes.
        ("ENTPersonJointure", &["SarapisUi_AC-RENNES$7"], Some(beside("ENTPersonJointure", &[], &["AC-RENNES$400"]))),
        ("ENTPersonJointure", &["AC-RENNES$7", "ac-rennes$400"], None),
        ("ENTPersonJointure", &[], Some(change("ENTPersonJointure", &[], &["AC-RENNES$400"]))),
        // Keep: replaced by a value.
        ("mail", &["old@example.org"], Some(change("mail", &["old@example.org"], &["gwenn.kervella@ac-rennes.fr"]))),
        // Nobody's business.
        ("ENTPersonAutresMails", &["x@example.org"], None),
        ("ENTPersonCentresInteret", &["x"], None),
        ("ENTPersonAdresse", &["chez elle"], None),
        ("telephoneNumber", &["+33 1"], None),
        ("jpegPhoto", &["x"], None),
    ] {
        let (wanted, mut entry) = entry_of(&dialect, &school, TEACHER);
        set(&mut entry, attribute, there);
        let changes = dialect.differences(&wanted, &entry).unwrap();
        assert_eq!(changes, expected.into_iter().collect::<Vec<_>>(), "{attribute} {there:?}");
        modify(&mut entry, &changes);
        assert_eq!(dialect.differences(&wanted, &entry), Ok(vec![]), "{attribute} {there:?}");
    }
}

#[test]
fn a_change_of_case_is_written_where_it_is_wished() {
    let (dialect, school) = (Dialect::load(&config("case_changes = \"write\"")).unwrap(), school());
    let (wanted, mut entry) = entry_of(&dialect, &school, TEACHER);
    set(&mut entry, "sn", &["Kervella"]);
    let expected = change("sn", &["Kervella"], &["KERVELLA"]);
    assert_eq!(dialect.differences(&wanted, &entry), Ok(vec![expected]));
}

#[test]
fn the_rules_of_the_server_decide() {
    let schema = |equality: &str| {
        let sn =
            format!("( 2.5.4.4 NAME ( 'sn' 'surname' ) EQUALITY {equality} SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )");
        crate::directory::Schema::read([&*sn], [], "OpenLDAP")
    };
    let school = school();
    for (equality, changes) in [("caseExactMatch", 1), ("caseIgnoreMatch", 0)] {
        let mut dialect = dialect();
        dialect.follow(&schema(equality));
        let (wanted, mut entry) = entry_of(&dialect, &school, TEACHER);
        set(&mut entry, "sn", &["Kervella"]);
        assert_eq!(dialect.differences(&wanted, &entry).unwrap().len(), changes, "{equality}");
    }
}

#[test]
fn an_empty_contact_leaves_what_is_there() {
    let (dialect, school) = (dialect(), school());
    let (wanted, mut entry) = entry_of(&dialect, &school, FATHER);
    for attribute in ["mail", "mobile", "homePhone", "telephoneNumber", "ENTPersonMobileSMS"] {
        set(&mut entry, attribute, &["x"]);
    }
    assert_eq!(dialect.differences(&wanted, &entry), Ok(vec![]));
}

#[test]
fn octets_in_an_owned_attribute_are_replaced() {
    let (dialect, school) = (dialect(), school());
    let (wanted, mut entry) = entry_of(&dialect, &school, TEACHER);
    entry.attributes.retain(|(n, _)| n != "sn");
    entry.push("sn", [Value::Octets(vec![0xff, 0xfe])]);
    let changes = dialect.differences(&wanted, &entry).unwrap();
    assert_eq!(changes[0].old, [Value::Octets(vec![0xff, 0xfe])]);
    assert_eq!(changes[0].new, ["KERVELLA".into()]);
}

#[test]
fn a_new_pupil_waits_for_a_class_and_an_old_one_keeps_his() {
    let (dialect, school) = (dialect(), school());
    school.with(&dialect, |context| {
        let missing = dialect.person_entry(context, NO_CLASS, false).unwrap_err();
        assert_eq!((missing.attribute.as_str(), missing.class), ("ENTEleveClasses", true));
        assert!(missing.french().contains("division"));

        let wanted = dialect.person_entry(context, NO_CLASS, true).unwrap();
        let mut entry = dialect.entry(&wanted);
        assert_eq!(entry.first("cn"), Some("COLONNA DISTRIA GHJUVANBATTISTA"));
        assert_eq!(entry.first("displayName"), Some("Ghjuvan-Battista COLONNA D’ISTRIA"));
        let class = "ENTStructureSIREN=19350001400012,ou=structures,dc=esco-centre,dc=fr$4C";
        entry.push("ENTEleveClasses", [class]);
        entry.push("ENTEleveGroupes", [class]);
        let changes = dialect.differences(&wanted, &entry).unwrap();
        assert_eq!(changes, [change("ENTEleveGroupes", &[class], &[])]);
        let kept: Vec<_> = dialect.classes_in(&entry).map(|(_, class)| class).collect();
        assert_eq!(kept, ["4C"]);

        // Who has a class is not concerned.
        let wanted = dialect.person_entry(context, PUPIL, true).unwrap();
        let changes = dialect.differences(&wanted, &entry).unwrap();
        assert!(changes.iter().any(|c| c.attribute == "ENTEleveClasses" && c.new.len() == 1));
    });
}

#[test]
fn whoever_has_no_names_cannot_be_written() {
    let (dialect, school) = (dialect(), school());
    let nobody = |_: PersonId| None;
    let context = Context::new(&dialect, &school.roster, &nobody, TODAY, &HashMap::new());
    for id in [PUPIL, PersonId(4_000_000_000)] {
        assert_eq!(dialect.person_entry(&context, id, true).unwrap_err().attribute, "uid");
    }
    assert_eq!(dialect.structure_entry(&context, StructureId(77)), None);
}

#[test]
fn an_auxiliary_class_comes_and_goes_with_its_role() {
    let dialect = dialect();
    let school = school();
    let (_, with_child) = entry_of(&dialect, &school, MOTHER);
    let mut roster = roster();
    roster.persons[MOTHER.0 as usize].role = Role::Relative(Relative::default());
    let alone = School::new(roster).wanted(&dialect, MOTHER);

    let mut entry = with_child.clone();
    entry.push("ENTAuxPersRelEleveRepresentant", ["ou=x"]);
    entry.push("objectClass", ["ENTAuxEnseignant", "eduMember"]);
    let changes = dialect.differences(&alone, &entry).unwrap();
    // The class has a mandatory attribute of its own: it cannot stay without a pupil, whoever filled the rest. That
    // of a teacher is not the feed of relatives' to remove.
    let touched: Vec<_> = changes.iter().map(|c| (c.attribute.as_str(), c.old.len(), c.new.len())).collect();
    assert_eq!(
        touched,
        [("objectClass", 1, 0), ("ENTAuxPersRelEleveEleve", 2, 0), ("ENTAuxPersRelEleveRepresentant", 1, 0)]
    );
    modify(&mut entry, &changes);
    assert_eq!(dialect.differences(&alone, &entry), Ok(vec![]));

    let wanted = school.wanted(&dialect, MOTHER);
    let changes = dialect.differences(&wanted, &entry).unwrap();
    assert_eq!(changes[0], beside("objectClass", &[], &["ENTAuxPersRelEleve"]));
    modify(&mut entry, &changes);
    assert_eq!(dialect.differences(&wanted, &entry), Ok(vec![]));
}

#[test]
fn a_class_on_which_somebody_elses_value_hangs_stays() {
    let (dialect, school) = (dialect(), school());
    let (_, mut entry) = entry_of(&dialect, &school, TEACHER);
    let mut roster = roster();
    let person = &mut roster.persons[TEACHER.0 as usize];
    person.schools = Box::new([at(COLLEGE, &[NationalProfile::Evs])]);
    person.role = Role::Staff(Box::default());
    let wanted = School::new(roster).wanted(&dialect, TEACHER);

    let class = |entry: &Entry| dialect.differences(&wanted, entry).unwrap().remove(0);
    assert_eq!(class(&entry), change("objectClass", &["ENTAuxEnseignant"], &["ENTAuxNonEnsEtab"]));
    entry.push("ENTAuxEnsTutStage", ["uid=f1700000,ou=people,dc=esco-centre,dc=fr"]);
    assert_eq!(class(&entry), beside("objectClass", &[], &["ENTAuxNonEnsEtab"]));
    let changes = dialect.differences(&wanted, &entry).unwrap();
    modify(&mut entry, &changes);
    assert!(entry.values("ENTAuxEnsClasses").is_empty());
    assert_eq!(entry.values("ENTAuxEnsTutStage").len(), 1);
    assert_eq!(dialect.differences(&wanted, &entry), Ok(vec![]));
}

#[test]
fn another_structural_class_is_an_error() {
    let (dialect, school) = (dialect(), school());
    for (id, classes, found) in [
        (AED, &["ENTPerson", "ENTEleve"][..], "ENTEleve"),
        (AED, &["enteleve", "ENTAuxNonEnsEtab"], "ENTEleve"),
        (PUPIL, &["top", "ENTPerson"], "ENTPerson"),
        (AED, &["inetOrgPerson"], "inetOrgPerson"),
        (AED, &[], ""),
    ] {
        let (wanted, mut entry) = entry_of(&dialect, &school, id);
        set(&mut entry, "objectClass", classes);
        assert_eq!(dialect.differences(&wanted, &entry).unwrap_err().found, found, "{classes:?}");
    }
    // Superior classes need not be listed, in no order and no case.
    let (wanted, mut entry) = entry_of(&dialect, &school, PUPIL);
    set(&mut entry, "objectClass", &["ESCOAddons", "ENTELEVE"]);
    assert_eq!(dialect.differences(&wanted, &entry), Ok(vec![]));
}

#[test]
fn a_structure_keeps_its_name_when_its_siret_comes() {
    let dialect = dialect();
    let mut school = school();
    let (before, mut entry) = school.with(&dialect, |c| {
        let wanted = dialect.structure_entry(c, LYCEE).unwrap();
        (wanted.dn.clone(), dialect.entry(&wanted))
    });
    assert_eq!(before.rdn_value(), "0350002B");
    school.roster.structures[1].siret = s("19350002200015");
    let existing = HashMap::from([(LYCEE, before.clone())]);
    school.with_existing(&dialect, &existing, |context| {
        assert_eq!(context.findings, []);
        let wanted = dialect.structure_entry(context, LYCEE).unwrap();
        assert_eq!(wanted.dn, before);
        assert_eq!(dialect.differences(&wanted, &entry), Ok(vec![]));
        let brother = dialect.person_entry(context, BROTHER, false).unwrap();
        let class = dialect.wanted_values(&brother, "ENTEleveClasses").next().unwrap();
        assert_eq!(class, "ENTStructureSIREN=0350002B,ou=structures,dc=esco-centre,dc=fr$T 1");
        set(&mut entry, "ENTStructureTypeStruct", &[]);
        assert_eq!(dialect.differences(&wanted, &entry).unwrap().len(), 1);
    });
}

#[test]
fn two_structures_never_share_a_name() {
    let dialect = dialect();
    let mut roster = roster();
    // A section delivered with the SIRET of its main school, and two structures with one UAI.
    roster.structures[1].siret = s("19350001400012");
    let mut twin = structure("77", "0350002B", None, "Twin");
    twin.attached_to.clear();
    roster.structures.push(twin);
    School::new(roster).with(&dialect, |context| {
        let codes: Vec<_> = context.findings.iter().map(|f| f.code).collect();
        assert_eq!(codes, [Code::StructureWithoutSiret, Code::DuplicateUai]);
        assert_eq!(dialect.structure_dn(context, LYCEE).unwrap().rdn_value(), "0350002B");
        assert_eq!(dialect.structure_dn(context, StructureId(3)), None);
    });
}

#[test]
fn defaults_are_counted_per_school_and_attribute() {
    let (dialect, school) = (dialect(), school());
    school.with(&dialect, |context| {
        let (mut counts, mut other) = (DefaultedValues::default(), DefaultedValues::default());
        for id in [PUPIL, BROTHER, TEACHER] {
            counts.note("0290009C", dialect.person_entry(context, id, false).unwrap().defaulted().as_ref());
        }
        other.note("", dialect.structure_entry(context, LYCEE).unwrap().defaulted().as_ref());
        other.note("0290009C", dialect.person_entry(context, BROTHER, false).unwrap().defaulted().as_ref());
        counts.merge(&other);
        let findings = counts.findings(&dialect);
        assert!(findings.iter().all(|f| f.code == Code::DefaultedValue && f.severity == Severity::Information));
        assert_eq!(findings.iter().map(|f| f.school.is_some()).collect::<Vec<_>>(), [false, true, true, true]);
        let said: Vec<_> = findings.iter().map(|f| (f.message.as_str(), f.count)).collect();
        assert_eq!(
            said,
            [
                ("ENTEtablissementContrat n'est pas livré pour 1 établissement : « - » est écrit à la place.", 1),
                ("ENTEleveFiliere n'est pas livré pour 2 élèves : « - » est écrit à la place.", 2),
                ("ENTEleveLibelleMEF n'est pas livré pour 2 élèves : « - » est écrit à la place.", 2),
                ("ENTEleveMEF n'est pas livré pour 2 élèves : « - » est écrit à la place.", 2),
            ]
        );
    });
}

/// The school that somebody has selected is his choice among his schools, and nobody else's.
#[test]
fn a_choice_is_kept_while_it_is_one_of_the_values() {
    let (dialect, school) = (preset("recia"), school());
    let (wanted, created) = entry_of(&dialect, &school, TEACHER);
    assert_eq!(created.texts("ESCOUAICourant").collect::<Vec<_>>(), ["0350001A"], "where his file is");
    for (there, expected) in [
        (&["0350001A"][..], None),
        (&["0350002B"], None),
        (&[" 0350002B "], None),
        (&[], Some(change("ESCOUAICourant", &[], &["0350001A"]))),
        (&["0290009C"], Some(change("ESCOUAICourant", &["0290009C"], &["0350001A"]))),
    ] {
        let mut entry = created.clone();
        set(&mut entry, "ESCOUAICourant", there);
        // The groups are the engine's own.
        let changes = dialect.differences_beside(&wanted, &entry, &school.put(&dialect)).unwrap();
        assert_eq!(changes, expected.into_iter().collect::<Vec<_>>(), "{there:?}");
        modify(&mut entry, &changes);
        assert_eq!(dialect.differences(&wanted, &entry), Ok(vec![]));
    }
    // Without any school there is nothing to choose from: what was chosen stays.
    let mut roster = roster();
    (roster.persons[TEACHER.0 as usize].schools, roster.persons[TEACHER.0 as usize].administrative) =
        (Box::default(), None);
    let alone = School::new(roster).wanted(&dialect, TEACHER);
    assert!(dialect.differences(&alone, &created).unwrap().iter().all(|c| c.attribute != "ESCOUAICourant"));
}

/// Only where the engine put somebody into a group does it take the group off his entry.
#[test]
fn memberships_of_others_stay() {
    let (dialect, school) = (preset("recia"), school());
    let (wanted, mut entry) = entry_of(&dialect, &school, AED);
    let mut put = school.put(&dialect);
    let [ours, by_hand, foreign] = ["esco:Etablissements:X_0350002B:Eleves", "esco:main", "esco:admin:local:x"];
    entry.push("isMemberOf", [ours, by_hand, foreign]);
    put.insert(ours.to_owned(), vec![entry.dn.normalised().to_owned()]);
    put.insert(by_hand.to_owned(), vec!["uid=somebody-else".to_owned()]);
    let changes = dialect.differences_beside(&wanted, &entry, &put).unwrap();
    assert_eq!(changes, [change("isMemberOf", &[ours], &[])]);
    // Suspended: out of all that the engine put him into.
    let changes = dialect.leave_groups(&entry, &put);
    assert_eq!((changes.len(), changes[0].old.len(), changes[0].new.len()), (1, 4, 0));
    modify(&mut entry, &changes);
    assert_eq!(entry.texts("isMemberOf").collect::<Vec<_>>(), [by_hand, foreign]);
    assert_eq!(dialect.leave_groups(&entry, &put), []);
    // Back: in them again.
    let changes = dialect.differences_beside(&wanted, &entry, &put).unwrap();
    assert_eq!((changes.len(), changes[0].old.len(), changes[0].new.len()), (1, 0, 3));
}

/// A pupil without class today keeps his place in the group of the class that he had.
#[test]
fn whoever_keeps_his_class_keeps_its_group() {
    let (dialect, school) = (preset("recia"), school());
    let group = "esco:Etablissements:JEAN MOULIN_0350001A:5EME:Eleves_5A";
    school.with(&dialect, |context| {
        let wanted = dialect.person_entry(context, NO_CLASS, true).unwrap();
        let mut entry = dialect.entry(&wanted);
        entry.push("isMemberOf", [group]);
        entry.push("ENTEleveClasses", ["x$5A"]);
        let put = std::iter::once((group.to_owned(), vec![entry.dn.normalised().to_owned()])).collect();
        assert_eq!(dialect.differences_beside(&wanted, &entry, &put), Ok(vec![]));
    });
}

/// Nobody is said to be in a group of that name that is not the engine's.
#[test]
fn a_group_of_others_has_none_of_ours() {
    let (dialect, school) = (preset("recia"), school());
    let name = "esco:Etablissements:L ELORN_0350002B:Profs";
    let names = |id: PersonId| {
        let names: (&'static Uid, &'static Login) =
            (Box::leak(Box::new(Uid::new("F1"))), Box::leak(Box::new(Login::new("l"))));
        (id == TZR).then_some(names)
    };
    let mut context = Context::new(&dialect, &school.roster, &names, TODAY, &HashMap::new());
    for (foreign, there) in [(None, true), (Some(dialect.groups_branch().child("cn", name)), false)] {
        context.join_groups(&dialect, &foreign.into_iter().collect());
        let wanted = dialect.person_entry(&context, TZR, false).unwrap();
        assert_eq!(dialect.wanted_values(&wanted, "isMemberOf").any(|g| g == name), there);
    }
}

/// People named by their login have no other name in the directory.
#[test]
fn a_plain_directory_is_read_back() {
    let (dialect, school) = (preset("inetorgperson"), school());
    let (_, mother) = entry_of(&dialect, &school, MOTHER);
    assert_eq!(mother.dn.as_str(), "uid=login1,ou=people,dc=esco-centre,dc=fr");
    let names = dialect.names_of(&mother);
    assert_eq!(names.uid, Some(Uid::new("login1")));
    assert_eq!(names.login, Some(Login::new("login1")));
    assert_eq!(dialect.join_keys(&mother).collect::<Vec<_>>(), ["AC-RENNES$200"]);
    assert_eq!(dialect.linked_pupils(&mother).len(), 2);
    assert_eq!(
        dialect.unlink_relative(&mother),
        [change(
            "seeAlso",
            &["uid=login0,ou=people,dc=esco-centre,dc=fr", "uid=login3,ou=people,dc=esco-centre,dc=fr"],
            &[],
        )]
    );
    let (_, pupil) = entry_of(&dialect, &school, PUPIL);
    assert_eq!(dialect.classes_in(&pupil).collect::<Vec<_>>(), [("0350001A", "5A")]);
    let missing = school.with(&dialect, |c| dialect.person_entry(c, NO_CLASS, false)).unwrap_err();
    assert_eq!((missing.attribute.as_str(), missing.class), ("ou", true));
    assert_eq!((dialect.member_of(), dialect.member_uids()), (None, None));
}

/// The domains of a new account are the configuration's, when it has some.
#[test]
fn domains_are_the_projects() {
    let config = config("[dialect]\npreset = \"recia\"\ndomains = [\"lycees.example.fr\", \"cfa.example.fr\"]");
    let (dialect, school) = (Dialect::load(&config).unwrap(), school());
    let (wanted, mut entry) = entry_of(&dialect, &school, AED);
    assert_eq!(entry.texts("ESCODomaines").collect::<Vec<_>>(), ["lycees.example.fr", "cfa.example.fr"]);
    set(&mut entry, "ESCODomaines", &["autre.example.fr"]);
    assert_eq!(dialect.differences(&wanted, &entry), Ok(vec![]), "written once");
}
