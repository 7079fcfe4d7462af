//! What is held on one person, and its erasure.

use crate::support::delivery::{Record, deliver};
use crate::support::program::Installation;

fn night(installation: &Installation, day: &str, with_noe: bool) {
    let pupil = |key: &str, first: &str, link: &str| {
        Record::pupil(key, first, "ARNAUD", "05/01/2014", "200").with("ENTElevePersRelEleve", link)
    };
    let mut all = vec![pupil("1", "Zoé", "11$10$1$1$1$0"), Record::relative("11", "Ève", "ARNAUD")];
    if with_noe {
        all.extend([pupil("2", "Noé", "21$10$1$1$1$0"), Record::relative("21", "Ana", "VOISIN")]);
    }
    deliver(&installation.feed(), day, false, &all);
}

#[test]
fn everything_is_told_and_who_has_left_is_erased() {
    let installation = Installation::embedded();
    night(&installation, "20260901", true);
    installation.sync(&["--today", "2026-09-02"], 0);
    let out = installation.home().join("dossier.txt");
    let answer = installation.run(&["person", "show", "noe.arnaud", "--out", out.to_str().unwrap()]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let told = std::fs::read_to_string(&out).unwrap();
    for part in [
        "Ce que dit l'export",
        "05/01/2014",
        "L'annuaire, uid=",
        "noe.arnaud",
        "premiers mots de passe",
        "change_applied",
    ] {
        assert!(told.to_lowercase().contains(&part.to_lowercase()), "no {part} in {told}");
    }
    for secret in ["$argon2", "{ARGON2}", "AGE-SECRET", "userPassword :", "BEGIN AGE"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    assert!(!told.contains("Zoé"), "nobody else's record: {told}");
    let key = installation.run(&["person", "show", "noe.arnaud", "--json"]).json()["join_keys"][0].clone();
    let key = key.as_str().unwrap().to_owned();

    // Still delivered, still there.
    let refused = installation.run(&["person", "erase", &key, "--yes", "--reason", "demande du 3 mars"]);
    assert_eq!(refused.code, 5, "{}\n{}", refused.stdout, refused.stderr);
    assert!(refused.stdout.contains("la nomme encore"), "{}", refused.stdout);

    // Gone from the exports, past the delay, purged.
    night(&installation, "20260903", false);
    for day in ["2026-09-04", "2026-10-10", "2027-01-20"] {
        let answer = installation.run(&["sync", "--today", day]);
        assert!([0, 3].contains(&answer.code), "{day}: {}\n{}", answer.stdout, answer.stderr);
    }
    let plan = installation.home().join("purge.plan");
    let purged = installation.run(&["purge", "--today", "2027-01-20", "--out", plan.to_str().unwrap()]);
    assert_eq!(purged.code, 0, "{}\n{}", purged.stdout, purged.stderr);
    let applied = installation.run(&["apply", plan.to_str().unwrap()]);
    assert_eq!(applied.code, 0, "{}\n{}", applied.stdout, applied.stderr);

    let looked = installation.run(&["person", "erase", &key]);
    assert_eq!(looked.code, 0, "{}\n{}", looked.stdout, looked.stderr);
    assert!(looked.stdout.contains("Rien n'a été effacé"), "{}", looked.stdout);
    let erased =
        installation.run(&["person", "erase", &key, "--yes", "--reason", "demande du 3 mars", "--json"]).json();
    assert!(erased["erased"]["events"].as_u64().unwrap() > 0, "{erased}");

    let left = installation.run(&["person", "show", &key, "--json"]).json();
    assert_eq!(left["rows"].as_array().map(Vec::len), Some(0), "{left}");
    let with_payload = left["events"].as_array().unwrap().iter().filter(|event| !event["payload"].is_null());
    assert!(with_payload.clone().all(|event| event["kind"] == "person_looked_up"), "{left}");
    let verified = installation.run(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
    let why = installation.run(&["audit", "show", "--kind", "person_erased", "--json"]);
    assert!(why.stdout.contains("demande du 3 mars"), "{}", why.stdout);

    // The name is nobody's: somebody of the same name gets another one.
    let namesake = vec![
        Record::pupil("1", "Zoé", "ARNAUD", "05/01/2014", "200").with("ENTElevePersRelEleve", "11$10$1$1$1$0"),
        Record::relative("11", "Ève", "ARNAUD"),
        Record::pupil("3", "Noé", "ARNAUD", "07/07/2014", "200").with("ENTElevePersRelEleve", "11$10$1$1$1$0"),
    ];
    deliver(&installation.feed(), "20270121", false, &namesake);
    let answer = installation.run(&["sync", "--today", "2027-01-22"]);
    assert_eq!(answer.code, 0, "{}\n{}", answer.stdout, answer.stderr);
    let other = installation.run(&["person", "show", "noe.arnaud"]);
    assert!(!other.stdout.contains("07/07/2014"), "{}", other.stdout);
}
