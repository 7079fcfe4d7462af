//! Records: what is read, what is rejected, what each bad value costs.

use super::*;

#[test]
fn a_pupil_with_its_origin() {
    let (kept, reading) = read_one(Category::Pupil, file(&(pupil("1", &[]) + &pupil("2", &[("mail", &[""])]))));
    assert_eq!(kept.findings, []);
    assert_eq!(kept.keys(), ["1", "2"]);
    let second = &kept.records[1];
    assert_eq!((second.category, second.request, second.part, second.line), (Category::Pupil, Request::Add, 0, 16));
    assert_eq!(second.fields.first("givenName"), Some("Léa"));
    assert!(second.fields.contains("mail") && second.fields.first("mail").is_none());
    assert_eq!(reading.read, [0, 0, 0, 2, 0, 0]);
    assert_eq!(reading.rejected, [0; 6]);
    assert_eq!(reading.header, [("versionAF".into(), "AAF-VE2407".into()), ("degre".into(), "2D".into())]);
    assert_eq!(reading.bytes, kept.progress);
    assert!(reading.broken.is_empty());
}

#[test]
fn what_rejects_a_record() {
    let staff = |list: &[(&str, &[&str])]| request(Category::Staff, "1", &attributes(list));
    let relative = |text: String| text.replace(">Eleve<", ">PersRelEleve<");
    for (category, body, codes) in [
        (Category::Staff, staff(&[("sn", &["X"])]), vec![Code::MissingFirstName]),
        (Category::Staff, staff(&[("givenName", &["X"]), ("sn", &[" "])]), vec![Code::MissingSurname]),
        (Category::Staff, staff(&[]), vec![Code::MissingSurname, Code::MissingFirstName]),
        (Category::Pupil, pupil("1", &[]).replace("17/03/2014", ""), vec![Code::MissingBirthDate]),
        (Category::Pupil, pupil("1", &[]).replace("17/03/2014", "31/02/2014"), vec![Code::MissingBirthDate]),
        (Category::Pupil, pupil("", &[]), vec![Code::RecordWithoutKey]),
        (Category::Pupil, pupil("1$2", &[]), vec![Code::RecordWithoutKey]),
        (Category::Pupil, relative(pupil("1", &[])), vec![Code::CategoryMismatch]),
        (Category::Pupil, pupil("1", &[]).replace("addRequest", "deleteRequest"), vec![Code::NotInComplete]),
    ] {
        let (kept, reading) = read_one(category, file(&body));
        assert_eq!((kept.records.len(), kept.codes()), (0, codes.clone()), "{body}");
        assert_eq!((reading.read.iter().sum::<u64>(), reading.rejected.iter().sum::<u64>()), (1, 1));
        assert_eq!(reading.broken.is_empty(), codes != [Code::RecordWithoutKey]);
        assert_eq!(kept.findings[0].origin.as_ref().map(|o| o.line), Some(6));
    }
}

#[test]
fn the_first_degree_has_its_own_names() {
    let body = attributes(&[
        ("ENTPersonNom", &["ROUX"]),
        ("ENTPersonPrenom", &["Zoé"]),
        ("ENTPersonDateNaissance", &["01/02/2019"]),
    ]);
    let (kept, _) = read_one(Category::Pupil, file(&request(Category::Pupil, "1", &body)));
    assert_eq!((kept.records.len(), kept.findings), (1, vec![]));
}

#[test]
fn bad_values_cost_themselves_only() {
    let bad: &[(&str, &[&str])] = &[
        ("homePhone", &["123", "01 23 45 67 89"]),
        ("mail", &["léa@example"]),
        ("ENTPersonCodePostal", &["QUIMPER"]),
        ("personalTitle", &["Dr"]),
        ("ENTElevePersRelEleve", &["7$10$0$1$0$0", "8$10$0$1"]),
        ("ENTEleveINE", &["0123456789A"]),
        ("ENTEleveDateEntreeStructRattach", &["2026-09-01"]),
    ];
    let (kept, reading) = read_one(Category::Pupil, file(&pupil("1", bad)));
    let record = &kept.records[0];
    assert_eq!(record.fields.values("homePhone").collect::<Vec<_>>(), ["01 23 45 67 89"]);
    assert_eq!(record.fields.values("ENTElevePersRelEleve").collect::<Vec<_>>(), ["7$10$0$1$0$0"]);
    for name in ["mail", "ENTPersonCodePostal", "personalTitle", "ENTEleveDateEntreeStructRattach"] {
        assert!(record.fields.contains(name) && record.fields.first(name).is_none(), "{name}");
    }
    assert_eq!(record.fields.first("ENTEleveINE"), Some("0123456789A"));
    let expected = [
        Code::InvalidPhone,
        Code::InvalidMail,
        Code::InvalidPostalCode,
        Code::InvalidComposite,
        Code::InvalidIne,
        Code::InvalidDate,
        Code::UnknownCivility,
    ];
    assert_eq!(kept.codes(), expected);
    let phone = kept.finding_of(Code::InvalidPhone);
    assert_eq!(phone.whom().as_deref(), Some("LE GALL Léa (6A)"));
    assert!(phone.message.contains("« 123 »") && phone.message.contains("téléphone du domicile"), "{}", phone.message);
    assert!(!kept.finding_of(Code::InvalidIne).message.contains("0123456789A"), "an INE is masked");
    assert_eq!(reading.rejected, [0; 6]);
}

#[test]
fn no_value_is_longer_than_names_can_be() {
    let long = "x".repeat(513);
    let classes: &[&str] = &[&format!("1${long}"), "1$6A"];
    let (kept, _) =
        read_one(Category::Pupil, file(&pupil("1", &[("ENTEleveClasses", classes), ("ENTEleveMEF", &[&long])])));
    assert_eq!(kept.codes(), [Code::ValueTooLong, Code::ValueTooLong]);
    let record = &kept.records[0];
    assert!(record.fields.values("ENTEleveClasses").all(|value| value.len() < 513));
    assert!(record.fields.values("ENTEleveClasses").any(|value| value.ends_with("$6A")));
    assert!(kept.findings.iter().all(|finding| finding.message.len() < 300), "{:#?}", kept.findings);
    let (kept, reading) = read_one(Category::Pupil, file(&pupil("1", &[]).replace("LE GALL", &long)));
    assert_eq!((kept.records.len(), reading.rejected.iter().sum::<u64>()), (0, 1), "nobody without a name");
}

#[test]
fn dates_of_birth_that_nobody_has() {
    let staff = |born: &str| {
        let list: &[(&str, &[&str])] =
            &[("sn", &["ROUX"]), ("givenName", &["Zoé"]), ("ENTPersonDateNaissance", &[born])];
        read_one(Category::Staff, file(&request(Category::Staff, "1", &attributes(list)))).0
    };
    for (born, codes, message) in [
        ("01/01/1980", vec![], ""),
        ("01/01/2020", vec![Code::UnlikelyAge], "« 01/01/2020 »"),
        ("1980", vec![Code::InvalidDate], "date de naissance (ENTPersonDateNaissance) : « 1980 »"),
    ] {
        let kept = staff(born);
        assert_eq!((kept.records.len(), kept.codes()), (1, codes), "{born}");
        assert!(kept.findings.iter().all(|f| f.message.contains(message)), "{:#?}", kept.findings);
    }
    let (kept, _) = read_one(Category::Pupil, file(&pupil("1", &[]).replace("2014", "2027")));
    assert_eq!(kept.codes(), [Code::UnlikelyAge]);
}

#[test]
fn what_repeats_is_one_finding() {
    let body: String =
        (0..500).map(|n| pupil(&n.to_string(), &[("homePhone", &["0000000000"]), ("ENTNew", &["x"])])).collect();
    let parts = [(Category::Pupil, file(&body)), (Category::Pupil, file(&body))];
    let parts: Vec<(Category, &[u8])> = parts.iter().map(|(c, text)| (*c, text.as_bytes())).collect();
    let (kept, _) = read_parts(DeliveryKind::Complete, &parts, 1);
    assert_eq!(kept.codes(), [Code::UnknownAttribute, Code::InvalidPhone]);
    assert!(kept.findings.iter().all(|f| f.count == 1000 && f.message.contains("2 fichiers")), "{:#?}", kept.findings);
    assert!(kept.records.iter().all(|r| !r.fields.contains("ENTNew")));
}

#[test]
fn other_deviations_are_said_and_harmless() {
    let cases: [(&str, String, Code); 5] = [
        ("key", pupil("1", &[("ENTPersonJointure", &["2"])]), Code::KeyMismatch),
        (
            "element",
            pupil("1", &[])
                .replace("<attributes>", "<extra><attr name=\"sn\"><value>X</value></attr></extra><attributes>"),
            Code::GrammarDeviation,
        ),
        ("text", pupil("1", &[]).replace("<attributes>", "text<attributes>"), Code::GrammarDeviation),
        ("control", pupil("1", &[("ENTPersonVille", &["a&#7;b"])]), Code::ControlCharacter),
        ("mojibake", pupil("1", &[("ENTPersonVille", &["SAINT-HÃ©LIER"])]), Code::Mojibake),
    ];
    for (what, body, code) in cases {
        let (kept, reading) = read_one(Category::Pupil, file(&body));
        assert_eq!((kept.codes(), kept.keys()), (vec![code], vec!["1"]), "{what}");
        assert_eq!(kept.records[0].fields.first("sn"), Some("LE GALL"));
        assert!(reading.broken.is_empty());
    }
}

#[test]
fn a_delta_modifies_and_deletes() {
    let modify =
        pupil("1", &[]).replace("addRequest", "modifyRequest").replace("attributes>", "modifications>").replace(
            "<attr name=\"sn\"><value>LE GALL</value></attr>",
            "<modification name=\"sn\" operation=\"replace\"><value>ROUX</value></modification>",
        );
    let delete = "<deleteRequest><operationalAttributes><attr name=\"c\"><value>Eleve</value></attr></operationalAttributes>\
                  <identifier><id>9</id></identifier></deleteRequest>";
    let text = file(&(modify + delete));
    let (kept, _) = read_parts(DeliveryKind::Delta, &[(Category::Pupil, text.as_bytes())], 1);
    assert_eq!(kept.findings, []);
    assert_eq!(kept.records.iter().map(|r| r.request).collect::<Vec<_>>(), [Request::Modify, Request::Delete]);
    assert_eq!(kept.records[0].fields.first("sn"), Some("ROUX"));
}

#[test]
fn findings_name_the_school() {
    let structure = request(
        Category::Structure,
        "10",
        &attributes(&[
            ("ENTStructureUAI", &["0290009C"]),
            ("ENTStructureNomCourant", &["CLG$JEAN MOULIN$BREST"]),
            ("ENTStructureClasses", &["6A$6A"]),
        ]),
    );
    let pupils = file(&pupil("1", &[("ENTPersonStructRattach", &["10"]), ("mail", &["x"])]));
    // The structures are read first, wherever their file stands.
    let structures = file(&structure);
    let parts = [(Category::Pupil, pupils.as_bytes()), (Category::Structure, structures.as_bytes())];
    let (kept, _) = read_parts(DeliveryKind::Complete, &parts, 2);
    assert_eq!(kept.finding_of(Code::InvalidMail).school.as_deref(), Some("0290009C"));
    assert_eq!(kept.keys(), ["10", "1"]);
}
