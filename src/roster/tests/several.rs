//! Several sources: one draft per proved person, the first source heard, the later ones filling.

use super::*;
use crate::roster::Standing;

const INE: &[&str] = &["120394857AB"];

/// A school of each source, and a pupil of the first in class 6A, with an INE and without a mail.
fn two_academies() -> Academy {
    Academy::default()
        .school("100", "0290009C", &[("ENTStructureClasses", &["6A"])])
        .pupil(
            "1",
            "Nolwenn",
            &[("ENTPersonStructRattach", &["100"]), ("ENTEleveClasses", &["100$6A"]), ("ENTEleveINE", INE)],
        )
        .school("7", "0440001M", &[("ENTStructureClasses", &["CM2"])])
        .of_nantes()
}

fn classes(roster: &Roster, key: &str) -> Vec<String> {
    let school = |id| roster.structure(id).unwrap().uai.as_str().to_owned();
    pupil(roster, key).classes.iter().map(|(id, class)| format!("{} {class}", school(*id))).collect()
}

#[test]
fn a_pupil_with_one_ine_and_birth_date_is_one_person() {
    let roster = two_academies()
        .pupil(
            "0001",
            "Nolwen",
            &[
                ("ENTPersonStructRattach", &["7"]),
                ("ENTEleveClasses", &["7$CM2"]),
                ("ENTEleveINE", INE),
                ("mail", &["nolwenn@example.fr"]),
                ("ENTElevePersRelEleve", &["30$10$1$1$0$0"]),
            ],
        )
        .of_nantes()
        .relative("30", "Maëlle", &[])
        .of_nantes()
        .roster();
    assert_eq!(roster.persons.len(), 2);
    let one = person(&roster, "1");
    // The first source is heard: its spelling stands; what it lacks is filled.
    assert_eq!(one.name.first, "Nolwenn");
    assert_eq!(one.contact.mail.as_deref(), Some("nolwenn@example.fr"));
    assert_eq!(classes(&roster, "1"), ["0290009C 6A", "0440001M CM2"]);
    let links = &pupil(&roster, "1").relatives;
    assert_eq!(links.len(), 1);
    assert_eq!(links[0].standing, Standing::Authority);
    let merged = &roster.left_out[0];
    assert_eq!((merged.why, merged.into.as_ref()), (LeftOutReason::Merged, Some(&one.key)));
    assert_eq!(roster.aliases.present(JoinKey::new("AC-NANTES", "0001")), one.key);
}

#[test]
fn a_later_source_never_takes_back_nor_moves() {
    let roster = two_academies()
        .school("8", "0290009C", &[("ENTStructureClasses", &["5B"]), ("ENTStructureSIREN", &["21290009000012"])])
        .of_nantes()
        .pupil("0001", "Nolwenn", &[("ENTEleveClasses", &["8$5B"]), ("ENTEleveINE", INE), ("mail", &[])])
        .of_nantes()
        .roster();
    assert_eq!(classes(&roster, "1"), ["0290009C 6A"]);
    assert_eq!(roster.structures[0].key, JoinKey::new("AC-RENNES", "100"));
    // Two sources may know one school: that is nothing to decide.
    assert!(!roster.findings.iter().any(|f| f.code == Code::DuplicateUai), "{:?}", roster.findings);
    assert!(roster.structures[0].classes.iter().any(|c| c.code == "5B"), "classes of both sources add up");
}

#[test]
fn likeness_is_no_proof() {
    for (first, said) in [("NOLWENN", 1), ("Nolwennig", 0)] {
        let roster = two_academies().pupil("0001", first, &[("ENTEleveClasses", &["7$CM2"])]).of_nantes().roster();
        assert_eq!(roster.persons.len(), 2);
        let findings: Vec<_> = roster.findings.iter().filter(|f| f.code == Code::PossibleDuplicate).collect();
        assert_eq!(findings.len(), said);
        if let [finding] = findings.as_slice() {
            assert_eq!(finding.source.as_deref(), Some("nantes"));
            assert!(finding.message.contains("ENT_Complet_20260901_Eleve_0000.xml:2"), "{}", finding.message);
        }
    }
}

#[test]
fn an_ine_twice_in_one_source_proves_nothing() {
    let twin = |academy: Academy, key| {
        academy.pupil(key, "Nolwenn", &[("ENTEleveClasses", &["7$CM2"]), ("ENTEleveINE", INE)]).of_nantes()
    };
    let roster = twin(twin(two_academies(), "0001"), "0002").roster();
    assert_eq!(roster.persons.len(), 3);
    assert!(roster.left_out.is_empty());
    assert_eq!(roster.findings.iter().filter(|f| f.code == Code::SharedIne).count(), 1);
}

#[test]
fn services_in_the_schools_of_both_sources_add_up() {
    let mut sources = sources();
    sources[1].prefix = sources[0].prefix.clone();
    let academy = two_academies()
        .staff("50", "Awena", &[("ENTPersonFonctions", &["100$ENS$ENSEIGNEMENT$L1300$MATHEMATIQUES"])])
        .staff(
            "50",
            "Aouena",
            &[
                ("ENTPersonFonctions", &["7$DIR$DIRECTION$D0000$DIRECTION"]),
                ("PersEducNatPresenceDevantEleves", &["O"]),
                ("mail", &["awena@example.fr"]),
            ],
        )
        .of_nantes();
    let options = Options {
        schools: ["0290009C", "0440001M"].iter().filter_map(|u| crate::feed::values::Uai::parse(u)).collect(),
        ..Options::default()
    };
    let roster = build(&sources, academy.records, &options);
    let teacher = person(&roster, "50");
    assert_eq!((teacher.name.first.as_str(), teacher.schools.len()), ("Awena", 2));
    assert_eq!(teacher.contact.mail.as_deref(), Some("awena@example.fr"));
    assert_eq!(roster.left_out.iter().filter(|l| l.why == LeftOutReason::Merged).count(), 1);
}

#[test]
fn a_former_prefix_leads_to_the_present_one() {
    let roster = two_academies().roster();
    let present = |key: &str| roster.aliases.present(JoinKey::from_text(key));
    assert_eq!(present("AC-LAVAL$12").as_str(), "AC-NANTES$12");
    assert_eq!(present("AC-LAVALLOIS$12").as_str(), "AC-LAVALLOIS$12");
    assert_eq!(present("AC-RENNES$12").as_str(), "AC-RENNES$12");
}

/// What was decided joins whatever contradicts; what was proved once and is contradicted now does not; and a linked key
/// that nobody delivers any more still leads to the person.
#[test]
fn links_lead_to_one_person() {
    use crate::roster::Identities;
    let key = |text: &str| JoinKey::from_text(text);
    let (one, other) = (key("AC-RENNES$1"), key("AC-NANTES$0001"));
    let roster = |ine: &'static str, decided: bool| {
        let attributes = [("ENTEleveClasses", &["7$CM2"][..]), ("ENTEleveINE", &[ine][..])];
        let academy = two_academies().pupil("0001", "Nolwenn", &attributes).of_nantes();
        let links = vec![(one.clone(), other.clone(), decided), (one.clone(), key("CSV$9"), true)];
        let identity = Identities { links, ..Identities::default() };
        academy.roster_with(&Options::default().with_identities(identity))
    };
    for (ine, decided, persons) in [("", false, 1), ("987654321AB", false, 2), ("987654321AB", true, 1)] {
        let roster = roster(ine, decided);
        assert_eq!(roster.persons.len(), persons, "{ine} {decided}");
        assert_eq!(roster.aliases.present(key("CSV$9")), one);
    }
}

/// Somebody said that they are two: no proof joins them.
#[test]
fn what_was_decided_apart_stays_apart() {
    use crate::roster::Identities;
    let attributes = [("ENTEleveClasses", &["7$CM2"][..]), ("ENTEleveINE", INE)];
    let academy = two_academies().pupil("0001", "Nolwenn", &attributes).of_nantes();
    let (one, other) = (JoinKey::from_text("AC-RENNES$1"), JoinKey::from_text("AC-NANTES$0001"));
    let apart = [(one.clone(), other.clone()), (other, one)].into();
    let options = Options::default().with_identities(Identities { apart, ..Identities::default() });
    assert_eq!(academy.roster().persons.len(), 1);
    assert_eq!(academy.roster_with(&options).persons.len(), 2);
}
