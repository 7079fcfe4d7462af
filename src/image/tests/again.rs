//! The same files again: what was read is remembered, and says what reading again says.

use super::*;

/// Takes in what is there twice: as remembered, then read afresh. Both say the same.
async fn both(academy: &Academy) -> Intake {
    let image = academy.image().await;
    let recalled = academy.take().await;
    assert_eq!(academy.image().await, image);
    academy.store.forget_readings().await.unwrap();
    let read = academy.take().await;
    assert_eq!(academy.image().await, image);
    assert!(!read.again);
    assert_eq!(recalled.findings, read.findings);
    assert_eq!(
        (recalled.delivery_date, &recalled.digest, recalled.version, &recalled.reading, recalled.completeness),
        (read.delivery_date, &read.digest, read.version, &read.reading, read.completeness)
    );
    assert!(recalled.delivered == read.delivered);
    recalled
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_files_are_not_read_again() {
    let academy = Academy::new().await;
    simulate(&simulated(150, 7, 0, false, &academy.feed()));
    // One pupil twice alike, one twice with different contents, one without a birth date.
    let pupil = |key: &str, name: &str, born: &[(&str, &str)]| {
        let attributes = [&[("sn", name), ("givenName", "Y"), ("ENTPersonStructRattach", "1")], born].concat();
        request("add", Category::Pupil, key, &attributes)
    };
    let born = [("ENTPersonDateNaissance", "01/01/2013")];
    let requests = [
        pupil("90001", "ALIKE", &born),
        pupil("90001", "ALIKE", &born),
        pupil("90002", "ONE", &born),
        pupil("90002", "OTHER", &born),
        pupil("90003", "ABSENT", &[]),
    ];
    let name = std::fs::read_dir(academy.feed()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let name = name.into_iter().find(|n| n.contains("_Eleve_")).unwrap().replace("_0000", "_0001");
    academy.write(&name, file(&requests));
    let first = academy.take().await;
    assert!(!first.again);
    for code in [Code::DuplicateMerged, Code::DuplicateConflict, Code::MissingBirthDate] {
        assert!(codes(&first).contains(&code), "{code:?} in {:#?}", first.findings);
    }
    assert!(both(&academy).await.again);
    // A byte that differs is seen.
    academy.write(&name, file(&requests).replace("ALIKE", "ALIVE"));
    let changed = academy.take().await;
    assert!(!changed.again);
    assert_eq!(changed.version, first.version + 1);
    assert!(both(&academy).await.again);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_against_the_files_is_told_again() {
    let academy = Academy::new().await;
    simulate(&simulated(150, 7, 0, false, &academy.feed()));
    academy.take().await;
    let pupils = academy.image().await.keys().filter(|(c, _)| *c == Category::Pupil).count();
    academy.empty();
    simulate(&simulated(30, 7, 1, false, &academy.feed()));
    let collapsed = academy.take().await;
    assert!(codes(&collapsed).contains(&Code::CategoryCollapsed), "{:#?}", collapsed.findings);
    let again = both(&academy).await;
    assert!(again.again && codes(&again).contains(&Code::CategoryCollapsed));
    // And believed when the configuration says so, without another reading.
    let mut academy = academy;
    academy.take().await;
    academy.rules.limits.collapse_percent = 100.0;
    let believed = academy.take().await;
    assert!(believed.again);
    assert!(academy.image().await.keys().filter(|(c, _)| *c == Category::Pupil).count() < pupils);
    assert!(!academy.take().await.again, "the image has changed since");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_in_between_makes_it_another_image() {
    let academy = Academy::new().await;
    simulate(&simulated(150, 7, 0, false, &academy.feed()));
    academy.take().await;
    simulate(&simulated(150, 7, 1, true, &academy.feed()));
    let delta = academy.take().await;
    assert!(delta.reading.bytes > 0 && !delta.again);
    assert_eq!(academy.take().await.reading.bytes, 0);
}
