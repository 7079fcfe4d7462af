//! What a difference supposes and the image contradicts, and the differences that come at the wrong time.

use super::*;

const PUPIL: &[(&str, &str)] = &[
    ("sn", "LE GALL"),
    ("givenName", "Léa"),
    ("ENTPersonDateNaissance", "17/03/2014"),
    ("ENTPersonStructRattach", "10"),
    ("ENTEleveClasses", "10$6A"),
    ("mail", "lea@example.fr"),
    ("ENTEleveRegime", "EXTERNE LIBRE"),
];

/// A school 10 with the pupils 1, 2 and 3.
async fn academy() -> Academy {
    let academy = Academy::new().await;
    let school = request(
        "add",
        Category::Structure,
        "10",
        &[("ENTStructureUAI", "0290009C"), ("ENTStructureNomCourant", "CLG$LES TILLEULS$DINAN")],
    );
    academy.write(&part("Complet", "20260901", Category::Structure), file(&[school]));
    let pupils = ["1", "2", "3"].map(|key| request("add", Category::Pupil, key, PUPIL));
    academy.write(&part("Complet", "20260901", Category::Pupil), file(&pupils));
    academy.take().await;
    academy
}

/// Takes in a difference of the next day that holds these requests on pupils.
async fn delta(academy: &Academy, requests: &[String]) -> Intake {
    academy.write(&part("Delta", "20260902", Category::Pupil), file(requests));
    academy.take().await
}

fn modify(key: &str, attributes: &[(&str, &str)]) -> String {
    request("modify", Category::Pupil, key, attributes)
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_clears_absent_leaves() {
    let academy = academy().await;
    let intake = delta(&academy, &[modify("1", &[("mail", ""), ("ENTEleveClasses", "10$6B")])]).await;
    assert_eq!(codes(&intake), []);
    let fields = academy.fields(Category::Pupil, "1").await.unwrap();
    assert!(fields.contains("mail") && fields.first("mail").is_none());
    assert_eq!((fields.first("ENTEleveClasses"), fields.first("sn")), (Some("10$6B"), Some("LE GALL")));
    assert_eq!(intake.delivered.fate(Category::Pupil, "1"), Some((Fate::Taken, 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_leaves_the_image_and_is_counted() {
    let academy = academy().await;
    let intake = delta(&academy, &[request("delete", Category::Pupil, "1", &[])]).await;
    assert_eq!(codes(&intake), []);
    assert!(academy.fields(Category::Pupil, "1").await.is_none());
    assert_eq!(intake.delivered.repeats(), Repeats { deleted: 1, ..Repeats::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn abnormal_requests_are_done_and_said() {
    let academy = academy().await;
    let mut renamed = PUPIL.to_vec();
    renamed[0] = ("sn", "LE BIHAN");
    let intake = delta(
        &academy,
        &[
            modify("7", &renamed),
            modify("8", &[("mail", "x@example.fr")]),
            request("add", Category::Pupil, "1", &renamed),
            request("delete", Category::Pupil, "9", &[]),
            modify("2", &[("sn", "")]),
        ],
    )
    .await;
    assert_eq!(
        codes(&intake),
        [
            Code::MissingSurname,
            Code::MissingSurname,
            Code::DeltaUnknownModified,
            Code::DeltaKnownAdded,
            Code::DeltaUnknownDeleted
        ]
    );
    let surname = async |key| academy.fields(Category::Pupil, key).await.and_then(|f| f.first("sn").map(str::to_owned));
    assert_eq!(surname("7").await.as_deref(), Some("LE BIHAN"));
    assert_eq!(surname("8").await, None);
    assert_eq!(surname("1").await.as_deref(), Some("LE BIHAN"));
    assert_eq!(surname("2").await.as_deref(), Some("LE GALL"), "nobody loses his name to a difference");
    assert_eq!(intake.delivered.repeats(), Repeats { rejected: 2, deleted: 1, merged: 0 });
    let unknown = intake.findings.iter().find(|f| f.code == Code::DeltaUnknownModified).unwrap();
    assert_eq!((unknown.subject.as_deref(), unknown.key.as_deref()), (Some("Léa LE BIHAN"), Some("7")));
    assert_eq!(unknown.origin.as_ref().map(|o| o.line), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn contradictory_requests_leave_the_record_alone() {
    let academy = academy().await;
    let before = academy.image().await;
    let intake = delta(
        &academy,
        &[
            modify("1", &[("sn", "A")]),
            modify("1", &[("sn", "B")]),
            request("delete", Category::Pupil, "2", &[]),
            modify("2", &[]),
            modify("3", &[("sn", "LE GALL")]),
            modify("3", &[("sn", "LE GALL")]),
        ],
    )
    .await;
    assert_eq!(codes(&intake), [Code::DuplicateConflict, Code::DuplicateConflict, Code::DuplicateMerged]);
    assert_eq!(academy.image().await, before);
    assert_eq!(intake.delivered.repeats(), Repeats { rejected: 4, merged: 1, deleted: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn no_structure_leaves_by_a_difference() {
    let academy = academy().await;
    let gone = request("delete", Category::Structure, "10", &[]);
    academy.write(&part("Delta", "20260902", Category::Structure), file(&[gone]));
    assert_eq!(codes(&academy.take().await), [Code::DeltaStructureDeleted]);
    let other = request("add", Category::Structure, "11", &[("ENTStructureUAI", "0350001A")]);
    academy.write(&part("Delta", "20260903", Category::Structure), file(&[other]));
    academy.take().await;
    for key in ["10", "11"] {
        assert!(academy.fields(Category::Structure, key).await.is_some(), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nomenclatures_are_complete_lists() {
    let academy = academy().await;
    let subjects = |keys: &[&str]| {
        let add = |key: &&str| request("add", Category::Subject, key, &[("ENTLibelleMatiere", "X")]);
        file(&keys.iter().map(add).collect::<Vec<_>>())
    };
    let known = async || academy.image().await.keys().filter(|(c, _)| *c == Category::Subject).count();
    academy.write(&part("Delta", "20260902", Category::Subject), subjects(&["1", "2", "3", "4"]));
    academy.take().await;
    academy.write(&part("Delta", "20260903", Category::Subject), subjects(&["1", "2", "3"]));
    assert_eq!(codes(&academy.take().await), [Code::DeltaAlreadyApplied]);
    assert_eq!(known().await, 3);
    academy.write(&part("Delta", "20260904", Category::Subject), subjects(&["1"]));
    assert_eq!(codes(&academy.take().await), [Code::DeltaAlreadyApplied, Code::DeltaReferenceShrunk]);
    assert_eq!(known().await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_waits_takes_no_difference() {
    let mut academy = academy().await;
    academy.rules.waiting.insert("0290009C".into());
    let before = academy.image().await;
    let elsewhere =
        [("sn", "X"), ("givenName", "Y"), ("ENTPersonDateNaissance", "01/01/2013"), ("ENTPersonStructRattach", "20")];
    let relative = [("sn", "X"), ("givenName", "Z"), ("ENTAuxPersRelEleveEleve", "2")];
    academy.write(
        &part("Delta", "20260902", Category::Relative),
        file(&[request("add", Category::Relative, "50", &relative)]),
    );
    let intake = delta(
        &academy,
        &[
            modify("1", &[("sn", "A")]),
            request("delete", Category::Pupil, "2", &[]),
            request("add", Category::Pupil, "4", PUPIL),
            request("add", Category::Pupil, "5", &elsewhere),
            modify("3", &[("ENTPersonStructRattach", "20"), ("ENTEleveClasses", "20$5C")]),
        ],
    )
    .await;
    assert_eq!(codes(&intake), [Code::DeltaSchoolWaits]);
    let waits = &intake.findings[0];
    assert_eq!((waits.count, waits.school.as_deref()), (4, Some("0290009C")), "{}", waits.message);
    let mut after = academy.image().await;
    assert!(after.remove(&(Category::Pupil, "5".into())).is_some(), "another school goes on");
    let moved = after.get(&(Category::Pupil, "3".into())).cloned();
    assert!(moved != before.get(&(Category::Pupil, "3".into())).cloned(), "who goes to another school goes");
    after.insert((Category::Pupil, "3".into()), before[&(Category::Pupil, "3".into())].clone());
    assert_eq!(after, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn differences_wait_for_the_schools_of_a_new_complete_set() {
    let mut academy = academy().await;
    academy.rules.waiting.insert("0290009C".into());
    academy.write(&part("Complet", "20260910", Category::Pupil), file(&[request("add", Category::Pupil, "1", PUPIL)]));
    academy.write(&part("Delta", "20260911", Category::Pupil), file(&[modify("1", &[("sn", "A")])]));
    assert!(codes(&academy.take().await).contains(&Code::DeltaPostponed));
    academy.rules.waiting.clear();
    academy.take().await;
    assert_eq!(academy.fields(Category::Pupil, "1").await.unwrap().first("sn"), Some("A"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_difference_is_refused() {
    let academy = academy().await;
    academy.write(&part("Delta", "20260903", Category::Pupil), file(&[modify("1", &[("sn", "A")])]));
    assert_eq!(codes(&academy.take().await), [Code::DeltaGap]);
    academy.write(&part("Delta", "20260902", Category::Pupil), file(&[modify("1", &[("sn", "B")])]));
    let error = academy.try_take().await.unwrap_err();
    assert!(matches!(error, ImageError::OutOfOrder { .. }), "{error}");
    assert_eq!(academy.fields(Category::Pupil, "1").await.unwrap().first("sn"), Some("A"));
    academy.write(&part("Delta", "20260904", Category::Pupil), file(&[modify("1", &[("sn", "C")])]));
    assert_eq!(codes(&academy.take().await), [Code::DeltaRefused, Code::DeltaAlreadyApplied]);
    assert_eq!(academy.fields(Category::Pupil, "1").await.unwrap().first("sn"), Some("C"));
}
