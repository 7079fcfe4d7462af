//! Relatives: who gets an account, links in both directions, households.

use super::{Academy, findings, left, person, pupil, relative, schools, small};
use crate::feed::Code;
use crate::roster::{JoinKey, LeftOutReason, Options, PersonId, Profile, Roster, Standing, households};

/// Pupil 2 with these links, relatives 5 to 7.
fn with_links(links: &[&str]) -> Academy {
    small()
        .pupil("2", "Malo", &[("ENTEleveClasses", &["100$6A"]), ("ENTElevePersRelEleve", links)])
        .relative("5", "Yann", &[])
        .relative("6", "Katell", &[])
        .relative("7", "Soazig", &[])
}

fn id(roster: &Roster, key: &str) -> PersonId {
    let key = JoinKey::new("AC-RENNES", key);
    PersonId(roster.persons.iter().position(|p| p.key == key).unwrap() as u32)
}

#[test]
fn standing_decides_who_has_an_account() {
    let roster = with_links(&["6$10$1$1$0$0", "5$38$0$2$1$0", "7$39$0$0$1$0"]).roster();
    let links: Vec<_> = pupil(&roster, "2").relatives.iter().map(|l| (l.relative, l.standing)).collect();
    assert_eq!(links, [(id(&roster, "5"), Standing::InCharge), (id(&roster, "6"), Standing::Authority)]);
    assert_eq!(relative(&roster, "5").pupils, [id(&roster, "2")]);
    assert_eq!(schools(&roster, "6"), "0290009C:TUT");
    assert_eq!(left(&roster, "7"), Some(LeftOutReason::NoAuthority));
    assert_eq!(pupil(&roster, "2").relatives[1].codes.fields(), ["10", "1", "1", "0", "0"]);
}

#[test]
fn the_configuration_chooses_the_standings() {
    let academy = with_links(&["6$10$1$1$0$0", "5$38$0$2$1$0", "7$39$0$0$1$0"]);
    let keys = |standings: &[Standing]| -> Vec<String> {
        let roster = academy.roster_with(&Options { relatives: standings.to_vec(), ..Options::default() });
        let relatives = roster.persons.iter().filter(|p| p.profile == crate::roster::Profile::Relative);
        relatives.map(|p| p.key.to_string()).collect()
    };
    assert_eq!(keys(&[Standing::Authority]), ["AC-RENNES$6"]);
    assert_eq!(keys(&[Standing::Authority, Standing::Contact]), ["AC-RENNES$6", "AC-RENNES$7"]);
    assert!(keys(&[]).is_empty());
}

#[test]
fn a_contact_of_one_child_does_not_see_it_because_of_another() {
    let roster = with_links(&["6$10$1$1$0$0", "5$39$0$0$1$0"])
        .pupil("3", "Enora", &[("ENTEleveClasses", &["100$6B"]), ("ENTElevePersRelEleve", &["5$20$1$1$0$0"])])
        .roster();
    assert_eq!(relative(&roster, "5").pupils, [id(&roster, "3")]);
    assert_eq!(pupil(&roster, "2").relatives.len(), 1);
}

#[test]
fn the_best_of_two_links_to_one_relative_counts() {
    for links in [["5$20$0$1$0$0", "5$39$0$2$1$0"], ["5$39$0$2$1$0", "5$20$0$1$0$0"]] {
        let roster = with_links(&links).roster();
        let [link] = &pupil(&roster, "2").relatives[..] else { panic!("one link") };
        assert_eq!((link.standing, link.codes.fields()[0]), (Standing::Authority, "20"));
    }
}

#[test]
fn a_pupil_may_answer_for_himself() {
    for own in ["5$70$1$1$0$0", "5$7$1$1$0$0"] {
        let roster = with_links(&[own]).roster();
        assert!(pupil(&roster, "2").own_guardian);
        assert!(pupil(&roster, "2").relatives.is_empty());
        assert_eq!(left(&roster, "5"), Some(LeftOutReason::NoAuthority));
        assert_eq!(left(&roster, "6"), Some(LeftOutReason::NoPupil));
    }
}

#[test]
fn unknown_relatives_are_said_once_per_pupil() {
    let roster = with_links(&["8$10$1$1$0$0", "9$20$1$1$0$0", "8$39$0$0$1$0", "5$50$1$1$0$0"]).roster();
    let [finding] = findings(&roster, Code::UnknownRelative)[..] else { panic!("one finding") };
    assert_eq!(finding.message, "responsables 8, 9 absents de la livraison : liens en attente");
    assert_eq!(finding.whom().as_deref(), Some("KERMAREC Malo (6A)"));
    assert_eq!(pupil(&roster, "2").relatives.len(), 1);
}

#[test]
fn older_attributes_count_only_without_the_newer_one() {
    let older: &[(&str, &[&str])] = &[
        ("ENTEleveClasses", &["100$6A"]),
        ("ENTEleveParents", &["5", "6"]),
        ("ENTElevePere", &["5"]),
        ("ENTEleveMere", &["6"]),
        ("ENTEleveAutoriteParentale", &["6"]),
    ];
    let academy = || small().relative("5", "Yann", &[]).relative("6", "Katell", &[]);
    let roster = academy().pupil("2", "Malo", older).roster();
    assert_eq!(pupil(&roster, "2").relatives[0].codes.fields(), ["2", "0", "1", "0", "0"]);
    assert_eq!(left(&roster, "5"), Some(LeftOutReason::NoAuthority));

    let mut both = older.to_vec();
    both.push(("ENTElevePersRelEleve", &[]));
    let roster = academy().pupil("2", "Malo", &both).roster();
    assert!(pupil(&roster, "2").relatives.is_empty(), "present and empty: no link");
}

#[test]
fn relatives_have_the_schools_of_their_children() {
    let link: (&str, &[&str]) = ("ENTElevePersRelEleve", &["5$10$1$1$0$0"]);
    let roster = small()
        .school("200", "0210066H", &[])
        .relative("5", "Yann", &[])
        .relative("6", "Katell", &[])
        .pupil("2", "Malo", &[("ENTEleveClasses", &["100$6A"]), link])
        .pupil("3", "Enora", &[("ENTEleveClasses", &["200$2C"]), link])
        .pupil("4", "Gaël", &[("ENTEleveClasses", &["777$2C"]), ("ENTElevePersRelEleve", &["6$10$1$1$0$0"])])
        .roster();
    assert_eq!(schools(&roster, "5"), "0210066H:TUT 0290009C:TUT");
    assert_eq!(relative(&roster, "5").pupils, [id(&roster, "2"), id(&roster, "3")]);
    assert_eq!(left(&roster, "6"), Some(LeftOutReason::NoPupil), "only a pupil out of scope names her");
}

#[test]
fn a_link_from_one_side_only_is_counted() {
    let roster = small()
        .pupil("2", "Malo", &[("ENTEleveClasses", &["100$6A"]), ("ENTElevePersRelEleve", &["5$10$1$1$0$0"])])
        .relative("5", "Yann", &[("ENTAuxPersRelEleveEleve", &["1", "777"])])
        .roster();
    let [finding] = findings(&roster, Code::ReciprocityMismatch)[..] else { panic!("one finding") };
    assert_eq!((finding.count, finding.school.as_deref()), (2, Some("0290009C")));
    assert_eq!(relative(&roster, "5").pupils, [id(&roster, "2")], "the pupil's side decides");
}

#[test]
fn nothing_is_matched_by_name() {
    let roster = small()
        .pupil("2", "Yann", &[("ENTEleveClasses", &["100$6A"]), ("ENTElevePersRelEleve", &["5$20$1$1$0$0"])])
        .relative("5", "Yann", &[])
        .staff("9", "Yann", &[("sn", &["Kermarec"]), ("ENTPersonFonctions", &["100$ENS$X$L0100$X"])])
        .roster();
    assert_eq!(roster.persons.len(), 4);
    assert_ne!(person(&roster, "2").key, person(&roster, "5").key);
}

#[test]
fn households_follow_addresses_and_children() {
    let lilas: &[(&str, &[&str])] =
        &[("ENTPersonAdresse", &["3 rue des Lilas$$$"]), ("ENTPersonCodePostal", &["22100"])];
    let lilas_too: &[(&str, &[&str])] =
        &[("ENTPersonAdresse", &["$$3, RUE DES LILAS$"]), ("ENTPersonCodePostal", &["22100"])];
    let port: &[(&str, &[&str])] = &[("ENTPersonAdresse", &["1 quai du Port"]), ("ENTPersonCodePostal", &["22100"])];
    let class: (&str, &[&str]) = ("ENTEleveClasses", &["100$6A"]);
    let parents: &[&str] = &["5$20$1$1$0$0", "6$10$1$1$0$0", "7$20$1$1$0$0"];
    let roster = small()
        .relative("5", "Yann", lilas)
        .relative("6", "Katell", lilas_too)
        .relative("7", "Soazig", port)
        .relative("8", "Perrine", lilas)
        .pupil("2", "Malo", &[class, ("ENTElevePersRelEleve", parents)])
        .pupil("3", "Enora", &[class, ("ENTElevePersRelEleve", parents), ("ENTEleveAdresseRel", &["7"])])
        .pupil("4", "Gaël", &[class, ("ENTElevePersRelEleve", &["8$10$1$1$0$0"])])
        .roster();
    let homes = households(&roster);
    let of = |key| homes.of(id(&roster, key)).unwrap();
    assert_eq!(of("5"), of("6"));
    assert_eq!(of("2"), of("5"), "lives with the first of his parents");
    assert_eq!(of("3"), of("7"), "lives with the other one");
    assert_ne!(of("5"), of("7"));
    assert_eq!(of("4"), of("8"));
    assert_ne!(of("8"), of("5"), "neighbours without a child in common");
    assert_eq!(of("1").0, id(&roster, "1"), "nobody known: alone");
    assert_eq!(pupil(&roster, "3").lives_with, [id(&roster, "7")]);
    assert_eq!(homes.count(), 4);
}

#[test]
fn whom_a_federation_cannot_know_is_told() {
    let ine = ("ENTEleveINE", &["0123456789M"][..]);
    let here = ("ENTEleveClasses", &["100$6A"][..]);
    let academy = small()
        .pupil("2", "Malo", &[here, ine, ("ENTElevePersRelEleve", &["5$10$1$1$0$0", "6$20$1$1$0$0"])])
        .pupil("3", "Enora", &[here, ("ENTElevePersRelEleve", &["6$20$1$1$0$0", "7$10$1$1$0$0"])])
        .relative("5", "Yann", &[])
        .relative("6", "Katell", &[])
        .relative("7", "Soazig", &[]);
    let said = |federated: &[Profile]| -> Vec<String> {
        let roster = academy.roster_with(&Options { federated: federated.to_vec(), ..Options::default() });
        let of = findings(&roster, Code::FederationUnmatched);
        of.iter().map(|f| format!("{} {}", f.whom().unwrap(), f.school.as_deref().unwrap())).collect()
    };
    assert!(said(&[]).is_empty(), "where everybody gets a password nobody needs it");
    assert_eq!(said(&[Profile::Pupil]), ["KERMAREC Nolwenn (6A) 0290009C", "KERMAREC Enora (6A) 0290009C"]);
    // A parent of two is known by the other child.
    assert_eq!(said(&[Profile::Relative]), ["KERMAREC Soazig (6A) 0290009C"]);
    assert!(said(&[Profile::Staff]).is_empty());
}
