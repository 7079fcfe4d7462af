//! Who sees what of a family, down to the entries and the sheets: what the table denies is in neither.

use rentree::directory::Entry;

use crate::support::delivery::{Record, deliver};
use crate::support::program::Installation;

const DAY: [&str; 2] = ["--today", "2026-09-02"];
const HOME: &str = "3 rue des Lilas";
const OTHER: &str = "9 quai du Port";

fn at(record: Record, street: &str) -> Record {
    record.with("ENTPersonAdresse", street).with("ENTPersonCodePostal", "29200").with("ENTPersonVille", "BREST")
}

fn with_policy(policy: &str) -> Installation {
    let installation = Installation::embedded();
    let config = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), format!("{config}\n[policy]\n{policy}\n")).unwrap();
    installation
}

/// A minor, a pupil of age, one in care; each with a parent at home and one elsewhere.
fn night(installation: &Installation) {
    let child = |key: &str, first: &str, birth: &str, more: &str| {
        let parents = format!("{key}1$10$1$1$1$0</value><value>{key}2$20$1$1$1$0{more}");
        let pupil = Record::pupil(key, first, "ARNAUD", birth, "200");
        at(pupil.with("ENTElevePersRelEleve", &parents).with("ENTEleveAdresseRel", &format!("{key}1")), HOME)
    };
    let parents = |key: &str, first: [&str; 2]| {
        [(1, HOME), (2, OTHER)]
            .map(|(n, street)| at(Record::relative(&format!("{key}{n}"), first[n - 1], "ARNAUD"), street))
    };
    let pupils = [
        child("1", "Zoé", "05/01/2014", ""),
        child("2", "Malo", "05/01/2008", ""),
        child("3", "Enora", "05/01/2014", "</value><value>99$51$0$0$1$0"),
    ];
    let social = Record::relative("99", "Service", "ENFANCE");
    let adults = [("1", ["Ève", "Yann"]), ("2", ["Ana", "Loïc"]), ("3", ["Lise", "Ivan"])];
    let adults = adults.into_iter().flat_map(|(key, first)| parents(key, first));
    let all: Vec<Record> = pupils.into_iter().chain(adults).chain([social]).collect();
    deliver(&installation.feed(), "20260901", false, &all);
    installation.sync(&DAY, 0);
}

fn entry(installation: &Installation, first: &str) -> Option<Entry> {
    installation.entries().into_iter().find(|entry| entry.first("givenName") == Some(first))
}

/// Street of the entry, and how many adults it names as linked and as home.
fn told(installation: &Installation, first: &str) -> (Option<String>, usize, usize) {
    let entry = entry(installation, first).unwrap_or_else(|| panic!("no {first}"));
    (
        entry.first("ENTPersonAdresse").map(str::to_owned),
        entry.values("ENTElevePersRelEleve").len(),
        entry.values("ENTEleveAdresseRel").len(),
    )
}

#[test]
fn each_situation_in_the_entries() {
    let home = || Some(HOME.to_owned());
    let linked = with_policy("");
    night(&linked);
    assert_eq!(told(&linked, "Zoé"), (home(), 2, 1));
    assert_eq!(told(&linked, "Malo"), (home(), 2, 1), "of age, linked");
    assert_eq!(told(&linked, "Enora"), (None, 2, 0), "in care");
    assert_eq!(told(&linked, "Lise").0, None, "with whom she lives");
    assert_eq!(told(&linked, "Ivan").0.as_deref(), Some(OTHER), "separated: his own");
    assert_eq!(told(&linked, "Yann").0.as_deref(), Some(OTHER));
    assert!(entry(&linked, "Service").is_none(), "no authority, no account");

    // From linked to not: the links go at once, the accounts of those without another child are on their way out.
    let config = std::fs::read_to_string(linked.config()).unwrap();
    let strict = "[policy]\nof_age = \"unlinked\"\nprotected = [\"AC-TEST$1\"]\n";
    std::fs::write(linked.config(), config.replace("[policy]\n", strict)).unwrap();
    linked.sync(&DAY, 0);
    assert_eq!(told(&linked, "Malo"), (home(), 0, 0), "of age, alone");
    let parent = entry(&linked, "Ana").unwrap();
    assert!(parent.values("ENTAuxPersRelEleveEleve").is_empty(), "{parent:?}");
    assert_eq!(told(&linked, "Zoé"), (None, 2, 0), "protected since");
    assert_eq!(told(&linked, "Ève").0, None);
    assert_eq!(linked.sync(&DAY, 0)["verdict"], "unchanged");
}

#[cfg(feature = "letters")]
#[test]
fn each_situation_on_the_sheets() {
    use std::process::Command;

    let installation = with_policy("of_age = \"unlinked\"");
    night(&installation);
    let out = installation.home().join("sheets");
    let (out_text, key) = (out.to_str().unwrap().to_owned(), installation.key().to_str().unwrap().to_owned());
    let answer = installation.run(&["letters", "--out", &out_text, "--key", &key]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let mut pages: Vec<String> = Vec::new();
    for file in std::fs::read_dir(&out).unwrap() {
        let text = Command::new("pdftotext").arg("-layout").arg(file.unwrap().path()).arg("-").output().unwrap().stdout;
        pages.extend(String::from_utf8(text).unwrap().split('\u{c}').map(str::to_owned));
    }
    // The sheet of somebody is the one that has his login.
    let sheet = |login: &str| pages.iter().find(|page| page.contains(login));
    let page = |login: &str| sheet(login).unwrap_or_else(|| panic!("no sheet of {login}: {pages:?}"));
    assert!(page("zoe.arnaud").contains("Lilas"));
    assert!(page("malo.arnaud").contains("Lilas"), "of age: his own sheet, addressed to him");
    assert!(page("eve.arnaud").contains("Lilas") && page("eve.arnaud").contains("Zoé"));
    assert!(page("yann.arnaud").contains("quai du Port") && !page("yann.arnaud").contains("Lilas"), "separated");
    assert!(sheet("ana.arnaud").is_none() && sheet("loic.arnaud").is_none(), "of a pupil of age: unlinked, no sheet");
    assert!(sheet("service.enfance").is_none(), "without authority");
    for in_care in ["enora.arnaud", "lise.arnaud"] {
        assert!(!page(in_care).contains("Lilas"), "{}", page(in_care));
    }
    assert!(page("ivan.arnaud").contains("quai du Port") && page("ivan.arnaud").contains("Enora"));
}
