//! Staff: profiles per structure, scope, what is said about them.

use super::{Academy, Attributes, findings, left, person, schools, small, staff};
use crate::feed::Code;
use crate::roster::{LeftOutReason, NationalProfile, Options, Profile};

fn academy() -> Academy {
    small().school("200", "0210066H", &[]).pupil("3", "Enora", &[("ENTEleveClasses", &["200$2C"])]).school(
        "300",
        "0940072T",
        &[],
    )
}

#[test]
fn profiles_by_structure() {
    let functions = |list: &'static [&'static str]| ("ENTPersonFonctions", list);
    let cases: [(Attributes<'_>, &str, Option<Profile>); 12] = [
        (&[functions(&["100$ENS$ENSEIGNEMENT$L0100$PHILOSOPHIE"])], "0290009C:ENS", Some(Profile::Teacher)),
        (
            &[functions(&["100$DIR$X$D0010$X", "200$ENS$X$L0100$X"])],
            "0210066H:ENS 0290009C:DIR",
            Some(Profile::Teacher),
        ),
        (
            &[functions(&["100$EDU$X$E0030$X", "100$ADM$ADMINISTRATION$AUCUNE$AUCUNE"])],
            "0290009C:EVS+ETA",
            Some(Profile::Staff),
        ),
        // Present in front of pupils decides for some codes.
        (
            &[functions(&["100$FIJ$X$-$-"]), ("PersEducNatPresenceDevantEleves", &["O"])],
            "0290009C:ENS",
            Some(Profile::Teacher),
        ),
        (
            &[functions(&["100$FIJ$X$-$-"]), ("PersEducNatPresenceDevantEleves", &["N"])],
            "0290009C:ETA",
            Some(Profile::Staff),
        ),
        // No function: nothing, unless the person teaches.
        (&[functions(&["100$-$SANS OBJET$-$SANS OBJET"])], "", None),
        (
            &[functions(&["100$-$SANS OBJET$-$SANS OBJET"]), ("ENTPersonCategorieEnseignant", &["O"])],
            "0290009C:ENS",
            Some(Profile::Teacher),
        ),
        // Classes without a function, or with one in a school out of scope.
        (&[("ENTAuxEnsClassesMatieres", &["200$2C$061300"])], "0210066H:ENS", Some(Profile::Teacher)),
        (
            &[functions(&["300$ENS$X$L0100$X"]), ("ENTAuxEnsGroupes", &["100$6LAT"])],
            "0290009C:ENS",
            Some(Profile::Teacher),
        ),
        // Only the administrative attachment: the trade stays, the charge does not.
        (
            &[functions(&["300$AED$X$S0054$X"]), ("ENTPersonStructRattach", &["100"])],
            "0290009C:EVS",
            Some(Profile::Staff),
        ),
        (
            &[functions(&["300$DIR$X$D0010$X"]), ("ENTPersonStructRattach", &["100"])],
            "0290009C:ETA",
            Some(Profile::Staff),
        ),
        (
            &[("PersEducNatPresenceDevantEleves", &["O"]), ("ENTPersonStructRattach", &["100"])],
            "0290009C:ENS",
            Some(Profile::Teacher),
        ),
    ];
    for (attributes, expected, profile) in cases {
        let roster = academy().staff("9", "Rozenn", attributes).roster();
        match profile {
            Some(profile) => {
                assert_eq!(schools(&roster, "9"), expected, "{attributes:?}");
                assert_eq!(person(&roster, "9").profile, profile, "{attributes:?}");
            }
            None => assert_eq!(left(&roster, "9"), Some(LeftOutReason::OutOfScope), "{attributes:?}"),
        }
    }
}

#[test]
fn the_administrative_school_alone_does_not_add_to_real_ones() {
    let roster = academy()
        .staff("9", "Rozenn", &[("ENTPersonFonctions", &["200$ENS$X$L0100$X"]), ("ENTPersonStructRattach", &["100"])])
        .roster();
    assert_eq!(schools(&roster, "9"), "0210066H:ENS");
    assert_eq!(
        person(&roster, "9").administrative.and_then(|id| roster.structure(id)).unwrap().uai.as_str(),
        "0290009C"
    );
}

#[test]
fn travelling_staff_keep_what_is_in_scope() {
    let roster = academy()
        .staff(
            "9",
            "Rozenn",
            &[("ENTPersonFonctions", &["100$ORI$X$O0040$X", "300$ORI$X$O0040$X", "777$ORI$X$O0040$X", "bad$ORI"])],
        )
        .staff("8", "Ronan", &[("ENTPersonFonctions", &["777$ORI$X$O0040$X"])])
        .roster();
    assert_eq!(staff(&roster, "9").functions.len(), 1);
    assert_eq!(roster.functions_elsewhere, 2);
    assert!(findings(&roster, Code::UnknownStructure).is_empty());
    assert_eq!(left(&roster, "8"), Some(LeftOutReason::OutOfScope));
}

#[test]
fn those_without_account_are_counted_with_the_reason() {
    let roster = academy()
        .staff("7", "Hervé", &[])
        .staff("8", "Ronan", &[("ENTPersonStructRattach", &["300"])])
        .staff("9", "Rozenn", &[("ENTPersonFonctions", &["100$-$SANS OBJET$-$-"])])
        .roster();
    let said: Vec<_> = findings(&roster, Code::AccountWithoutStructure).iter().map(|f| f.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "1 personnel sans aucun établissement dans l'export : pas de compte",
            "1 personnel dont aucun établissement n'est dans le périmètre : pas de compte",
            "1 personnel d'un établissement du périmètre sans fonction ni enseignement : pas de compte",
        ]
    );
}

#[test]
fn the_configuration_maps_functions() {
    let options = Options { functions: [("ORI".into(), Some(NationalProfile::Evs))].into(), ..Options::default() };
    let academy = academy().staff("9", "Rozenn", &[("ENTPersonFonctions", &["100$ORI$X$-$-", "100$ZZZ$X$-$-"])]);
    assert_eq!(schools(&academy.roster_with(&options), "9"), "0290009C:EVS+ETA");
    let roster = academy.roster();
    assert_eq!(schools(&roster, "9"), "0290009C:ETA");
    assert_eq!(
        findings(&roster, Code::UnknownFunction)[0].message,
        "fonction inconnue ZZZ : comptée parmi les personnels administratifs et techniques"
    );
}

#[test]
fn head_teachers_usually_teach_their_class() {
    let roster = Academy::default()
        .school(
            "100",
            "0290009C",
            &[("ENTStructureClasses", &["6A", "6B", "6C"]), ("ENTStructureGroupes", &["G1$$6B"])],
        )
        .pupil("1", "Nolwenn", &[("ENTEleveClasses", &["100$6A"])])
        .staff(
            "9",
            "Rozenn",
            &[
                ("ENTAuxEnsClassesMatieres", &["100$6A$061300"]),
                ("ENTAuxEnsGroupesMatieres", &["100$G1$061300"]),
                ("ENTAuxEnsClassesPrincipal", &["100$6A", "100$6B", "100$6C"]),
            ],
        )
        .roster();
    let [finding] = findings(&roster, Code::HeadTeacherElsewhere)[..] else { panic!("one finding") };
    assert_eq!(finding.message, "professeur principal de 6C, où il n'a aucun enseignement");
    assert_eq!(staff(&roster, "9").head_teacher_of.len(), 3);
}
