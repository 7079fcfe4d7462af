//! The trail as an auditor uses it: signed checkpoints kept elsewhere, extracts of it.

use serde_json::Value;

use crate::support::delivery::{Record, SCHOOL, deliver};
use crate::support::program::Installation;

fn night(installation: &Installation, day: &str, surname: &str) {
    let records = [
        Record::pupil("1", "Zoé", surname, "05/01/2014", "200").with("ENTElevePersRelEleve", "11$10$1$1$1$0"),
        Record::relative("11", "Ève", "ARNAUD"),
    ];
    deliver(&installation.feed(), day, false, &records);
}

fn configure(installation: &Installation, text: &str) {
    let config = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), format!("{config}\n{text}")).unwrap();
}

#[test]
fn kept_checkpoints_find_a_trail_that_was_rewritten() {
    let installation = Installation::embedded();
    let home = installation.home();
    let (key, points) = (home.join("audit.key"), home.join("points"));
    let made = installation.run(&["audit", "key", "--json", "--out", key.to_str().unwrap()]).json();
    let public = made["public_key"].as_str().unwrap().to_owned();
    configure(&installation, "[audit]\nsigning_key = \"audit.key\"\ncheckpoints = \"points\"\n");
    night(&installation, "20260901", "ARNAUD");
    installation.sync(&["--today", "2026-09-02"], 0);
    installation.sync(&["--today", "2026-09-03"], 0);
    let kept = std::fs::read_to_string(&points).unwrap();
    assert_eq!(kept.lines().count(), 2, "one a run: {kept}");
    let path = points.to_str().unwrap();
    let verify =
        |more: &[&str]| installation.run(&[&["audit", "verify", "--json", "--checkpoints", path], more].concat());
    let answer = verify(&["--public-key", &public]);
    assert_eq!((answer.code, answer.json()["checkpoints"].as_u64()), (0, Some(2)), "{}", answer.stderr);

    // Somebody else's key did not sign them.
    let other = installation.run(&["audit", "key", "--json", "--out", home.join("other").to_str().unwrap()]).json();
    let answer = verify(&["--public-key", other["public_key"].as_str().unwrap()]);
    assert_eq!(answer.code, 1);
    assert!(answer.stderr.contains("signed with"), "{}", answer.stderr);

    // A whole trail begun anew is in order in itself, and is not the one whose checkpoints were kept.
    let twin = Installation::embedded();
    night(&twin, "20260901", "ARNAUD");
    twin.sync(&["--today", "2026-09-02"], 0);
    twin.sync(&["--today", "2026-09-03"], 0);
    assert_eq!(twin.run(&["audit", "verify"]).code, 0);
    let answer = twin.run(&["audit", "verify", "--checkpoints", path, "--public-key", &public]);
    assert_eq!(answer.code, 1, "{}", answer.stdout);
    assert!(answer.stdout.contains("PISTE ALTÉRÉE"), "{}", answer.stdout);
}

#[test]
fn a_checkpoint_that_cannot_be_kept_is_said_and_stops_nothing() {
    let installation = Installation::embedded();
    let key = installation.home().join("audit.key");
    assert_eq!(installation.run(&["audit", "key", "--out", key.to_str().unwrap()]).code, 0);
    configure(&installation, "[audit]\nsigning_key = \"audit.key\"\ncheckpoints = \"away/points\"\n");
    night(&installation, "20260901", "ARNAUD");
    let answer = installation.run(&["sync", "--today", "2026-09-02"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.stderr.contains("NON conservé"), "{}", answer.stderr);
}

#[test]
fn an_extract_says_what_changed_and_about_whom_it_was_asked() {
    let installation = Installation::embedded();
    night(&installation, "20260901", "ARNAUD");
    installation.sync(&["--today", "2026-09-02"], 0);
    night(&installation, "20260903", "PETIT");
    installation.sync(&["--today", "2026-09-04"], 0);
    let export = |name: &str, more: &[&str]| -> Vec<Value> {
        let out = installation.home().join(name);
        let answer = installation.run(&[&["audit", "export", "--out", out.to_str().unwrap()], more].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let text = std::fs::read_to_string(out).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let changes = export("changes", &["--kind", "change_applied"]);
    let renamed = changes.iter().map(|event| &event["payload"]["attributes"]["sn"]).find(|sn| !sn["old"].is_null());
    assert_eq!(*renamed.unwrap(), serde_json::json!({ "old": ["ARNAUD"], "new": ["PETIT"] }));
    // A parent is in a pupil's event as a mark, so that each is erased apart.
    let created = changes.iter().find(|event| event["payload"]["attributes"]["sn"]["new"][0] == "ARNAUD").unwrap();
    let text = created.to_string();
    assert!(!text.contains(",ou=people") && text.contains("dn:"), "{text}");

    let all = export("all", &[]);
    let of_school = export("school", &["--school", SCHOOL[1].1]);
    assert!(of_school.len() > 3 && of_school.len() < all.len(), "{of_school:?}");
    assert!(of_school.iter().all(|event| event["kind"] != "run_started"), "{of_school:?}");
    assert!(export("elsewhere", &["--school", SCHOOL[0].1]).is_empty());
    assert!(export("later", &["--since", "2999-01-01"]).is_empty());
    assert!(export("before", &["--until", "1999-01-01"]).is_empty());
    assert_eq!(export("actor", &["--actor", "nobody-of-this-name@"]).len(), 0);

    let table = installation.home().join("table.csv");
    let answer = installation.run(&["audit", "export", "--format", "csv", "--out", table.to_str().unwrap()]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let text = std::fs::read_to_string(&table).unwrap();
    assert!(text.starts_with("\u{feff}numéro;quand;"), "{text}");
    assert!(text.lines().count() > all.len(), "{text}");
    let again = installation.run(&["audit", "export", "--out", table.to_str().unwrap()]);
    assert_eq!(again.code, 1, "a file is never overwritten");
}
