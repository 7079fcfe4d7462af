//! Counts over time: what the nights noted, what the directory says of who has logged in.

use rentree::directory::ldap::Ldap;
use serde_json::Value as Json;

use crate::support::program::Installation;
use crate::support::slapd::Slapd;
use crate::support::{choose_password, people};

#[tokio::test(flavor = "multi_thread")]
async fn nights_note_counts_and_the_directory_says_who_has_logged_in() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 30, 0, false);
    installation.sync(&["--today", "2026-09-10"], 0);
    let pupil = |entry: &&rentree::directory::Entry| entry.texts("objectClass").any(|class| class == "ENTEleve");
    let entry = people(&slapd).iter().find(pupil).unwrap().clone();
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    choose_password(&directory, &entry, "choisi par moi").await;
    // Too early to ask the directory again; a week later it is asked.
    installation.sync(&["--today", "2026-09-11"], 0);
    installation.sync(&["--today", "2026-09-17"], 0);

    let all = |noted: &Json, day: &str, profile: &str| -> Json {
        let rows = noted.as_array().unwrap().iter();
        let found: Vec<&Json> =
            rows.filter(|row| row["day"] == day && row["profile"] == profile && row["school"].is_null()).collect();
        assert_eq!(found.len(), 1, "{day} {profile}: {noted}");
        found[0].clone()
    };
    let run = |arguments: &[&str]| {
        let answer = installation.run(&[&["indicators", "--since", "2026-09-01"], arguments].concat());
        assert_eq!(answer.code, 0, "{arguments:?}: {}", answer.stderr);
        answer
    };
    let noted = run(&["--noted", "--json"]).json();
    let activated = |day: &str| all(&noted, day, "pupil")["activated"].clone();
    assert_eq!(
        [activated("2026-09-10"), activated("2026-09-11"), activated("2026-09-17")],
        [0.into(), Json::Null, 1.into()]
    );
    assert_eq!(all(&noted, "2026-09-17", "pupil")["present"], 30);
    let of_schools: u64 = noted
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["day"] == "2026-09-17" && row["profile"] == "pupil" && !row["school"].is_null())
        .map(|row| row["present"].as_u64().unwrap())
        .sum();
    assert_eq!(of_schools, 30);

    let home = installation.home();
    let (page, table) = (home.join("i.html"), home.join("i.csv"));
    let told = run(&["--html", page.to_str().unwrap(), "--csv", table.to_str().unwrap()]).stdout;
    assert!(told.contains("Élèves") && told.contains("17 septembre 2026"), "{told}");
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("<svg") && html.contains("Par établissement"), "{html}");
    let csv = std::fs::read_to_string(&table).unwrap();
    assert!(csv.contains("2026-09-10;;Ensemble;Élèves;30;0;0;0;0\r\n"), "{csv}");
    // A school alone, and one that is none.
    let school = noted.as_array().unwrap().iter().find_map(|row| row["school"].as_str()).unwrap().to_owned();
    assert!(run(&["--noted", "--school", &school]).stdout.contains(&school));
    let none = installation.run(&["indicators", "--noted", "--school", "0999999Z"]);
    assert_eq!(none.code, 64, "{}", none.stderr);
}
