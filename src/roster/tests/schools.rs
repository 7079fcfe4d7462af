//! Structures: scope, names, classes and groups.

use super::{Academy, findings, left, person, pupil, schools, small, staff};
use crate::feed::values::Uai;
use crate::feed::{Code, Severity};
use crate::roster::{LeftOutReason, Options, StructureId, Successor};

fn only(uai: &str) -> Options {
    Options { schools: vec![Uai::parse(uai).unwrap()], ..Options::default() }
}

#[test]
fn a_structure_is_read() {
    let roster = Academy::default()
        .school(
            "100",
            "0290009c",
            &[
                ("ENTStructureSIREN", &["192 900 090 00015"]),
                ("ENTStructureTypeStruct", &["COLLEGE"]),
                ("ENTEtablissementContrat", &["PU"]),
                ("telephoneNumber", &["02 96 00 11 22"]),
                ("ENTStructureMailSI", &["ce.0290009c@ac-rennes.fr"]),
                ("ENTEtablissementStructRattachFctl", &["100", "999"]),
                ("ENTStructureClasses", &["6B$SIXIEME B", "6A$SIXIEME A$10010012110$16410002110", "6A$$10010012110"]),
                ("ENTStructureGroupes", &["6LAT$$6A$6B", "6ALL$ALLEMAND"]),
            ],
        )
        .pupil("1", "Nolwenn", &[("ENTPersonStructRattach", &["100"]), ("ENTEleveClasses", &["100$6A"])])
        .roster();
    let school = &roster.structures[0];
    assert_eq!(school.uai.as_str(), "0290009C");
    assert_eq!(school.siret.as_deref(), Some("19290009000015"));
    assert_eq!(school.name, "Collège Les Tilleuls");
    assert_eq!(school.phone.as_deref(), Some("+33 2 96 00 11 22"));
    assert_eq!(school.attached_to, [StructureId(0)], "attached to itself, and to nothing unknown");
    let classes: Vec<_> = school.classes.iter().map(|c| (c.code.as_str(), c.label.as_deref(), c.mefs.len())).collect();
    assert_eq!(classes, [("6A", Some("SIXIEME A"), 2), ("6B", Some("SIXIEME B"), 0)]);
    let groups: Vec<_> =
        school.groups.iter().map(|g| (g.code.as_str(), g.label.as_deref(), g.classes.join(","))).collect();
    assert_eq!(groups, [("6ALL", Some("ALLEMAND"), String::new()), ("6LAT", None, "6A,6B".into())]);
}

#[test]
fn the_scope_is_where_pupils_are_or_what_is_configured() {
    let academy = small().school("200", "0210066H", &[]).school("300", "0940072T", &[]).pupil(
        "2",
        "Malo",
        &[("ENTPersonStructRattach", &["300"])],
    );
    let uai = |roster: &crate::roster::Roster| roster.structures.iter().map(|s| s.uai.to_string()).collect::<Vec<_>>();
    assert_eq!(uai(&academy.roster()), ["0290009C", "0940072T"]);
    let roster = academy.roster_with(&only("0210066H"));
    assert_eq!(uai(&roster), ["0210066H"]);
    assert_eq!(left(&roster, "1"), Some(LeftOutReason::OutOfScope));
    assert!(roster.persons.is_empty());
}

#[test]
fn of_a_school_only_some_classes_may_be_in_scope() {
    let academy = small()
        .pupil("2", "Malo", &[("ENTPersonStructRattach", &["100"]), ("ENTEleveClasses", &["100$6B"])])
        .pupil("3", "Ines", &[("ENTPersonStructRattach", &["100"]), ("ENTEleveClasses", &["100$6A"])]);
    let uai = academy.roster().structures[0].uai.clone();
    let classes = [(uai, ["6a".into()].into())].into();
    let roster = academy.roster_with(&Options { classes, ..Options::default() });
    assert_eq!(left(&roster, "2"), Some(LeftOutReason::OutOfScope));
    assert_eq!(left(&roster, "3"), None);
    assert!(roster.persons.iter().any(|person| person.key.as_str().ends_with("$3")));
}

#[test]
fn a_configured_school_that_is_not_delivered_is_said() {
    let roster = small().roster_with(&only("0210066H"));
    let [finding] = findings(&roster, Code::StructureNotDelivered)[..] else { panic!("one finding") };
    assert_eq!(finding.school.as_deref(), Some("0210066H"));
    assert_eq!(finding.severity, Severity::Blocking);
}

#[test]
fn a_structure_without_uai_is_out_of_scope() {
    let roster = small()
        .school("200", "", &[])
        .school("300", "", &[])
        .pupil("2", "Malo", &[("ENTPersonStructRattach", &["200"])])
        .roster();
    assert_eq!(left(&roster, "2"), Some(LeftOutReason::OutOfScope));
    let severities: Vec<_> = findings(&roster, Code::StructureWithoutUai).iter().map(|f| f.severity).collect();
    assert_eq!(severities, [Severity::Blocking, Severity::Information], "one with pupils, one without");
}

#[test]
fn two_structures_with_one_uai_are_one_school() {
    let roster = small()
        .school("099", "0290009C", &[])
        .pupil("2", "Malo", &[("ENTPersonStructRattach", &["099"]), ("ENTEleveClasses", &["099$6B"])])
        .roster();
    assert_eq!(roster.structures.len(), 1);
    assert_eq!(roster.structures[0].key.as_str(), "AC-RENNES$100", "the one that declares classes");
    assert_eq!(schools(&roster, "2"), "0290009C:ELV");
    assert_eq!(findings(&roster, Code::DuplicateUai).len(), 1);
}

#[test]
fn classes_that_only_people_name_are_made() {
    let roster = small()
        .pupil(
            "2",
            "Malo",
            &[
                ("ENTPersonStructRattach", &["100"]),
                ("ENTEleveClasses", &["100$5 C"]),
                ("ENTEleveGroupes", &["100$5LAT", "100$5LAT"]),
            ],
        )
        .staff("9", "Rozenn", &[("ENTAuxEnsClassesMatieres", &["100$5D$061300", "100$5 C$061300"])])
        .roster();
    let undeclared: Vec<_> = roster.structures[0].classes.iter().filter(|c| c.undeclared).map(|c| &c.code).collect();
    assert_eq!(undeclared, ["5 C", "5D"]);
    assert_eq!(roster.structures[0].groups.len(), 1);
    let said: Vec<_> =
        findings(&roster, Code::ClassNotDeclared).iter().map(|f| (f.count, f.message.as_str())).collect();
    assert_eq!(
        said,
        [
            (2, "2 divisions absentes de la liste de l'établissement, d'après les élèves et les enseignants : 5 C, 5D"),
            (1, "1 groupe absent de la liste de l'établissement, d'après les élèves et les enseignants : 5LAT"),
        ]
    );
    assert_eq!(pupil(&roster, "2").groups.len(), 1);
}

#[test]
fn values_that_name_an_unknown_structure_are_dropped_and_counted() {
    let roster = small()
        .pupil("2", "Malo", &[("ENTPersonStructRattach", &["100"]), ("ENTEleveClasses", &["777$3A", "100$6B"])])
        .pupil("3", "Enora", &[("ENTPersonStructRattach", &["777"]), ("ENTEleveClasses", &["777$3A"])])
        .roster();
    assert_eq!(pupil(&roster, "2").classes, [(StructureId(0), "6B".into())]);
    assert_eq!(left(&roster, "3"), Some(LeftOutReason::OutOfScope));
    let [finding] = findings(&roster, Code::UnknownStructure)[..] else { panic!("one finding") };
    assert_eq!((finding.key.as_deref(), finding.count), (Some("777"), 3));
}

#[test]
fn functional_attachment_may_turn_in_circles() {
    let roster = small()
        .school("200", "0210066H", &[("ENTEtablissementStructRattachFctl", &["300"])])
        .school("300", "0940072T", &[("ENTEtablissementStructRattachFctl", &["200"])])
        .pupil("2", "Malo", &[("ENTPersonStructRattach", &["200"]), ("ENTEleveClasses", &["300$3A"])])
        .roster();
    let attached: Vec<_> = roster.structures.iter().map(|s| s.attached_to.clone()).collect();
    assert_eq!(attached, [vec![StructureId(2)], vec![], vec![StructureId(0)]]);
    assert_eq!(schools(&roster, "2"), "0210066H:ELV 0940072T:ELV");
    assert_eq!(person(&roster, "2").administrative, Some(StructureId(0)));
}

/// The first degree has no list of classes: they come with the people, by number and label.
#[test]
fn classes_known_by_their_number() {
    let academy = Academy::default()
        .school("100", "0290009C", &[])
        .pupil("1", "Enora", &[("ENTPersonStructRattach", &["100"]), ("ENTEleveClasses", &["100$7$CE1 MME ROUX"])])
        .pupil("2", "Malo", &[("ENTEleveClasses", &["100$7$CE1 MME ROUS"]), ("ENTEleveGroupes", &["100$9$CHORALE"])])
        .pupil("3", "Iris", &[("ENTEleveClasses", &["100$8$CM2"])])
        .pupil("4", "Tugdual", &[("ENTEleveClasses", &["100$9$CM2"])])
        .pupil("5", "Yann", &[("ENTEleveClasses", &["100$10$"])])
        .staff("50", "Zoé", &[("ENTAuxEnsClasses", &["100$7$CE1 MME ROUX"]), ("ENTEnsFonctionDir", &["100", "404"])]);
    let roster = academy.roster();
    let (school, id) = (&roster.structures[0], StructureId(0));
    let codes: Vec<_> = school.classes.iter().map(|c| (c.code.as_str(), c.label.as_deref(), c.numbered)).collect();
    // A label that differs from one record to the next: the same one whatever their order.
    let expected =
        [("10", None, false), ("7", Some("CE1 MME ROUS"), true), ("8", Some("CM2"), true), ("9", Some("CM2"), true)];
    assert_eq!(codes, expected);
    assert_eq!(school.groups[0].label.as_deref(), Some("CHORALE"));
    let names: Vec<_> = ["7", "8", "9", "10"].map(|code| roster.class_name(id, code).to_string()).into();
    assert_eq!(names, ["CE1 MME ROUS", "CM2 (8)", "CM2 (9)", "10"]);
    let undeclared = findings(&roster, Code::ClassNotDeclared);
    assert_eq!(undeclared.iter().map(|f| f.count).collect::<Vec<_>>(), [1], "only the one without a label");
    assert_eq!(schools(&roster, "50"), "0290009C:ENS+DIR");
    assert_eq!(staff(&roster, "50").classes, [(id, "7".into())]);
    let mut backwards = academy.clone();
    backwards.records.reverse();
    assert_eq!(backwards.roster().structures[0].classes, school.classes);
}

fn successor(former: &str, present: &str, merged: bool) -> Successor {
    let uai = |text| Uai::parse(text).unwrap();
    Successor { former_uai: uai(former), uai: uai(present), former_siret: None, siret: None, merged }
}

#[test]
fn a_school_has_its_present_identifiers_whichever_are_delivered() {
    let with_siret = Successor {
        former_siret: Some("19290009000016".into()),
        siret: Some("19290010000013".into()),
        ..successor("0290009C", "0290010D", false)
    };
    // The exports may follow in one identifier before the other; the scope may be configured by either UAI.
    for (uai, siret) in [
        ("0290009C", "19290009000016"),
        ("0290010D", "19290009000016"),
        ("0290009C", "19290010000013"),
        ("0290010D", "19290010000013"),
    ] {
        for scope in ["0290009C", "0290010D"] {
            let roster = Academy::default()
                .school("100", uai, &[("ENTStructureSIREN", &[siret])])
                .pupil("1", "Nolwenn", &[("ENTPersonStructRattach", &["100"]), ("ENTEleveClasses", &["100$6A"])])
                .roster_with(&only(scope).with_successors(vec![with_siret.clone()]));
            let school = &roster.structures[0];
            assert_eq!((school.uai.as_str(), school.siret.as_deref()), ("0290010D", Some("19290010000013")));
            assert_eq!(roster.persons.len(), 1);
            assert!(findings(&roster, Code::StructureNotDelivered).is_empty());
        }
    }
}

#[test]
fn the_people_of_a_school_that_joined_another_are_there() {
    let classes: &[(&str, &[&str])] = &[("ENTStructureClasses", &["6A$SIXIEME A", "6B$SIXIEME B"])];
    let academy = Academy::default()
        .school("100", "0290009C", classes)
        .school("200", "0210066H", &[("ENTStructureClasses", &["6A$SIXIEME"])])
        .pupil("1", "Nolwenn", &[("ENTPersonStructRattach", &["100"]), ("ENTEleveClasses", &["100$6B"])])
        .pupil("2", "Malo", &[("ENTPersonStructRattach", &["200"]), ("ENTEleveClasses", &["200$6A"])]);
    let options = Options::default().with_successors(vec![successor("0290009C", "0210066H", true)]);
    let roster = academy.roster_with(&options);
    assert_eq!(roster.structures.len(), 1);
    let school = &roster.structures[0];
    // The one that was there is the one that stays, though the other declares more.
    assert_eq!((school.uai.as_str(), school.key.as_str().ends_with("$200")), ("0210066H", true));
    let labels: Vec<_> = school.classes.iter().map(|c| (c.code.as_str(), c.label.as_deref())).collect();
    assert_eq!(labels, [("6A", Some("SIXIEME")), ("6B", Some("SIXIEME B"))]);
    assert_eq!(roster.persons.len(), 2);
    assert!(roster.persons.iter().all(|p| p.schools.iter().all(|a| a.structure == StructureId(0))));
    assert!(findings(&roster, Code::DuplicateUai).is_empty(), "by decision, not by mistake");
}
