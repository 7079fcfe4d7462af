//! Pupils: values, classes, what makes them in scope; and the findings about them.

use super::{Academy, findings, left, person, pupil, schools, small};
use crate::feed::{Category, Code};
use crate::roster::{Civility, JoinKey, LeftOutReason, StructureId};

#[test]
fn values_come_out_normalised() {
    let roster = small()
        .pupil(
            "2",
            "Élodie",
            &[
                ("ENTPersonStructRattach", &["100"]),
                ("ENTEleveClasses", &["100$6A"]),
                ("ENTPersonAutresPrenoms", &["Anne", "Rose"]),
                ("personalTitle", &["Mlle"]),
                ("homePhone", &["0296001122"]),
                ("mail", &["pas une adresse"]),
                ("ENTPersonAdresse", &["$$3 rue des Lilas$"]),
                ("ENTPersonCodePostal", &["22100"]),
                ("ENTPersonVille", &["DINAN"]),
                ("ENTEleveBoursier", &["O"]),
                ("ENTEleveTransport", &["N"]),
                ("ENTEleveRegime", &["EXTERNE LIBRE"]),
                ("ENTEleveINE", &["0123456789M"]),
            ],
        )
        .roster();
    let who = person(&roster, "2");
    assert_eq!(who.key, JoinKey::new("AC-RENNES", "2"));
    assert_eq!((who.origin.line, &*who.origin.file), (3, "ENT_Complet_20260901_Eleve_0000.xml"));
    assert_eq!(who.name.display(), "Élodie KERMAREC");
    assert_eq!(*who.name.others, ["Anne", "Rose"]);
    assert_eq!(who.civility, Some(Civility::Madame));
    assert_eq!(who.birth.map(|d| d.to_string()).as_deref(), Some("2013-03-14"));
    assert_eq!(who.contact.home_phone.as_deref(), Some("+33 2 96 00 11 22"));
    assert_eq!(who.contact.mail, None);
    let address = who.contact.address.as_ref().unwrap();
    assert_eq!((address.lines.join("|").as_str(), address.town.as_deref()), ("3 rue des Lilas", Some("DINAN")));
    let role = pupil(&roster, "2");
    assert_eq!((role.boursier, role.transport), (Some(true), Some(false)));
    assert_eq!(role.ine.as_deref(), Some("0123456789M"));
}

#[test]
fn the_first_class_of_a_school_is_kept() {
    let roster = small()
        .school("200", "0210066H", &[])
        .pupil(
            "2",
            "Malo",
            &[("ENTPersonStructRattach", &["100"]), ("ENTEleveClasses", &["100$6B", "200$2C", "100$6A"])],
        )
        .roster();
    let classes = &pupil(&roster, "2").classes;
    assert_eq!(classes, &[(StructureId(0), "2C".into()), (StructureId(1), "6B".into())]);
    let [finding] = findings(&roster, Code::SecondClassIgnored)[..] else { panic!("one finding") };
    assert_eq!(finding.message, "divisions 6B et 6A dans le même établissement : 6B retenue");
    assert_eq!(finding.school.as_deref(), Some("0290009C"));
}

#[test]
fn a_pupil_without_class_is_kept_and_said() {
    let roster = small().pupil("2", "Malo", &[("ENTPersonStructRattach", &["100"])]).roster();
    assert!(pupil(&roster, "2").classes.is_empty());
    let [finding] = findings(&roster, Code::PupilWithoutClass)[..] else { panic!("one finding") };
    assert_eq!(finding.subject.as_deref(), Some("KERMAREC Malo"));
    assert_eq!((finding.key.as_deref(), finding.school.as_deref()), (Some("2"), Some("0290009C")));
}

#[test]
fn a_class_brings_a_pupil_into_scope_and_a_group_does_not() {
    let roster = small()
        .pupil("2", "Malo", &[("ENTPersonStructRattach", &["777"]), ("ENTEleveClasses", &["100$6A"])])
        .pupil("3", "Enora", &[("ENTPersonStructRattach", &["777"]), ("ENTEleveGroupes", &["100$6LAT"])])
        .roster();
    assert_eq!(schools(&roster, "2"), "0290009C:ELV");
    assert_eq!(person(&roster, "2").administrative, None);
    assert_eq!(left(&roster, "3"), Some(LeftOutReason::OutOfScope));
}

#[test]
fn a_record_that_lost_a_mandatory_value_is_rejected() {
    let here: &[(&str, &[&str])] = &[("ENTPersonStructRattach", &["100"])];
    let roster = small()
        .add(Category::Pupil, "2", &[("sn", &["Kermarec"]), ("givenName", &["Malo"]), here[0]])
        .add(Category::Pupil, "3", &[("givenName", &["Malo"]), ("ENTPersonDateNaissance", &["14/03/2013"]), here[0]])
        .add(Category::Staff, "9", &[("sn", &["Oriano"]), ("ENTPersonFonctions", &["100$ENS$X$L0100$X"])])
        .roster();
    for key in ["2", "3", "9"] {
        assert_eq!(left(&roster, key), Some(LeftOutReason::Rejected));
    }
    for code in [Code::MissingBirthDate, Code::MissingSurname, Code::MissingFirstName] {
        assert_eq!(findings(&roster, code).len(), 1, "{code:?}");
    }
}

#[test]
fn the_nomenclatures_give_missing_words() {
    let class: (&str, &[&str]) = ("ENTEleveClasses", &["100$6A"]);
    let roster = small()
        .add(Category::Mef, "10010012110", &[("ENTLibelleMef", &["6EME"]), ("ENTNivFormation", &["SIXIEME"])])
        .add(Category::Subject, "030201", &[("ENTLibelleMatiere", &["ANGLAIS LV1"])])
        .pupil(
            "2",
            "Malo",
            &[class, ("ENTEleveMEF", &["10010012110"]), ("ENTEleveCodeEnseignements", &["030201", "999999"])],
        )
        .pupil("3", "Enora", &[class, ("ENTEleveMEF", &["10010012110"]), ("ENTEleveLibelleMEF", &["6EME BILANGUE"])])
        .roster();
    let malo = pupil(&roster, "2");
    assert_eq!(
        (malo.studies.libelle_mef.as_deref(), malo.studies.niv_formation.as_deref()),
        (Some("6EME"), Some("SIXIEME"))
    );
    assert_eq!(malo.studies.enseignements, ["ANGLAIS LV1", "999999"]);
    assert_eq!(pupil(&roster, "3").studies.libelle_mef.as_deref(), Some("6EME BILANGUE"));
}

#[test]
fn one_key_names_one_person() {
    let mut academy = small()
        .pupil("2", "Malo", &[("ENTEleveClasses", &["100$6A"])])
        .staff("2", "Rozenn", &[("ENTPersonFonctions", &["100$ENS$X$L0100$X"])])
        .pupil("3", "Enora", &[("ENTEleveClasses", &["100$6A"])]);
    // The same pupil once more, from a second source under the same prefix.
    let mut twin = academy.records.last().unwrap().clone();
    twin.source = 1;
    academy.records.push(twin);
    let sources: Vec<_> =
        super::sources().into_iter().map(|s| super::SourceInfo { prefix: "AC-RENNES".into(), ..s }).collect();
    let roster = super::build(&sources, academy.records, &super::Options::default());
    assert_eq!(roster.persons.len(), 2);
    assert_eq!(roster.left_out.len(), 3);
    assert_eq!(left(&roster, "2"), Some(LeftOutReason::Rejected));
    assert_eq!(findings(&roster, Code::DuplicateConflict).len(), 2);
    assert_eq!(left(&roster, "3"), Some(LeftOutReason::Merged));
}

#[test]
fn academies_do_not_mix() {
    let mut academy = small().relative("5", "Yann", &[]);
    let mut other = Academy::default().school("100", "0440029T", &[]).pupil(
        "1",
        "Tanguy",
        &[("ENTEleveClasses", &["100$6A"]), ("ENTElevePersRelEleve", &["5$10$1$1$0$0"])],
    );
    for record in &mut other.records {
        record.source = 1;
    }
    academy.records.extend(other.records);
    let roster = academy.roster();
    assert_eq!(roster.structures.len(), 2);
    assert_eq!(roster.persons.iter().map(|p| p.key.as_str()).collect::<Vec<_>>(), ["AC-NANTES$1", "AC-RENNES$1"]);
    assert_eq!(left(&roster, "5"), Some(LeftOutReason::NoPupil));
    assert_eq!(findings(&roster, Code::UnknownRelative)[0].source.as_deref(), Some("nantes"));
}
