//! The count before printing says what the printing does.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::delivery::{Record, deliver};
use crate::support::program::Installation;

/// A pupil with a mother, and a contact who has no authority; `with_malo` adds a second family.
fn night(installation: &Installation, day: &str, with_malo: bool) {
    let pupil = |key: &str, first: &str, links: &str| {
        Record::pupil(key, first, "ARNAUD", "05/01/2014", "200").with("ENTElevePersRelEleve", links)
    };
    let mut all = vec![
        pupil("1", "Zoé", "11$10$1$1$1$0</value><value>12$90$0$0$0$0"),
        Record::relative("11", "Ève", "ARNAUD"),
        Record::relative("12", "Loïc", "VOISIN"),
        pupil("3", "Enora", "31$10$1$1$1$0"),
        Record::relative("31", "Lise", "ARNAUD"),
    ];
    if with_malo {
        all.extend([pupil("2", "Malo", "21$10$1$1$1$0"), Record::relative("21", "Ana", "ARNAUD")]);
    }
    deliver(&installation.feed(), day, false, &all);
}

fn count(installation: &Installation, more: &[&str]) -> Value {
    let answer = installation.run(&[&["letters", "--count", "--names", "--json"], more].concat());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    answer.json()
}

/// Sheets, and reasons with their numbers.
fn sums(count: &Value) -> (u64, BTreeMap<String, u64>) {
    let mut why = BTreeMap::new();
    let mut sheets = 0;
    for row in count["rows"].as_array().unwrap() {
        sheets += row["secret"].as_u64().unwrap() + row["federated"].as_u64().unwrap();
        for (reason, n) in row["without"].as_object().unwrap() {
            *why.entry(reason.clone()).or_default() += n.as_u64().unwrap();
        }
    }
    (sheets, why)
}

fn print(installation: &Installation, folder: &str, more: &[&str]) -> Value {
    let out = installation.home().join(folder);
    let key = installation.key();
    let fixed = ["letters", "--json", "--out", out.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let answer = installation.run(&[&fixed, more].concat());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    answer.json()
}

fn printed(answer: &Value) -> u64 {
    answer["files"].as_array().unwrap().iter().map(|file| file["sheets"].as_u64().unwrap()).sum()
}

#[test]
fn the_count_and_the_printing_agree() {
    let installation = Installation::embedded();
    night(&installation, "20260901", true);
    // Before any account: nobody gets one, and the class is known all the same.
    installation.sync(&["--today", "2026-09-02"], 0);
    let before = sums(&count(&installation, &[]));
    assert_eq!(before.0, 6);
    assert_eq!(before.1, [("no_authority".to_owned(), 1)].into());
    let named = count(&installation, &["--profile", "relative"]);
    assert!(named.to_string().contains("VOISIN Loïc"), "{named}");

    let by_household = print(&installation, "one", &["--by", "household", "--class", "6a"]);
    assert_eq!(printed(&by_household), before.0);
    assert_eq!(by_household["files"].as_array().unwrap().len(), 1, "{by_household}");
    let file = by_household["files"][0]["path"].as_str().unwrap();
    let text = std::process::Command::new("pdftotext").args([file, "-"]).output().unwrap().stdout;
    let text = String::from_utf8(text).unwrap();
    let at = |login: &str| text.find(login).unwrap_or_else(|| panic!("no {login} in {text}"));
    assert!(
        at("ana.arnaud") < at("malo.arnaud") && at("malo.arnaud") < at("lise.arnaud"),
        "adult, child, next household"
    );
    assert!(at("lise.arnaud") < at("enora.arnaud") && at("enora.arnaud") < at("eve.arnaud"));

    // One home: the adult and the child there, and not the other parent's.
    let home = count(&installation, &["--household", "malo.arnaud"]);
    assert_eq!(sums(&home).0, 2, "{home}");

    // All of the school in one file, pupils before relatives.
    let whole = print(&installation, "whole", &["--by", "school"]);
    let files = whole["files"].as_array().unwrap();
    assert_eq!((files.len(), printed(&whole)), (1, before.0), "{whole}");
    assert!(files[0]["path"].as_str().unwrap().ends_with("_all.pdf"), "{whole}");

    let again = count(&installation, &["--new"]);
    assert_eq!(sums(&again).0, 0);
    assert_eq!(sums(&again).1["already_printed"], 6);
    assert_eq!(printed(&print(&installation, "two", &["--new"])), 0);

    // Who has left gets none, and is counted.
    night(&installation, "20260903", false);
    installation.sync(&["--today", "2026-09-04"], 0);
    let after = sums(&count(&installation, &[]));
    assert_eq!((after.0, after.1.get("absent")), (4, Some(&2)), "{after:?}");
    assert_eq!(printed(&print(&installation, "three", &[])), 4);
}

#[test]
fn a_class_that_nobody_is_in_is_told_with_those_there_are() {
    let installation = Installation::embedded();
    night(&installation, "20260901", false);
    installation.sync(&["--today", "2026-09-02"], 0);
    for arguments in [["--class", "6Z"], ["--school", "0290009C"]] {
        let answer = installation.run(&[&["letters", "--count"], &arguments[..]].concat());
        assert_eq!(answer.code, 64, "{}", answer.stderr);
        assert!(answer.stderr.contains(if arguments[0] == "--class" { "6A" } else { "0290009C" }), "{}", answer.stderr);
    }
}

#[test]
fn a_template_is_seen_before_it_prints() {
    let installation = Installation::embedded();
    let out = installation.home().join("preview");
    let template = installation.home().join("own.typ");
    let preview = |text: &str| {
        std::fs::write(&template, text).unwrap();
        installation.run(&[
            "letters",
            "preview",
            "--template",
            template.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ])
    };
    let own = "#import \"rentree.typ\": *\n#set document(title: \"Fiches\")\n#for sheet in batch.sheets {\n  \
               page[#value(sheet, \"name\") #value(sheet, \"email\")\n\n#value(sheet, \"login\")\n\n#value(sheet, \"secret\")]\n}\n";
    let answer = preview(own);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 2);
    let wrong = preview(&own.replace("#for", "#nothing\n#for"));
    assert_ne!(wrong.code, 0);
    assert!(wrong.stderr.contains("template.typ:3"), "{}", wrong.stderr);
}

/// A login that another program gave, and that nobody could copy from paper: its owner is told, the class is printed.
#[tokio::test(flavor = "multi_thread")]
async fn one_login_that_cannot_be_printed_does_not_stop_the_class() {
    let installation = Installation::embedded();
    night(&installation, "20260901", true);
    installation.sync(&["--today", "2026-09-02"], 0);
    installation.sql("UPDATE name SET login = 'malo\u{200b} arnaud' WHERE login = 'malo.arnaud'");
    let counted = sums(&count(&installation, &["--profile", "pupil"]));
    assert_eq!((counted.0, counted.1.get("unprintable")), (2, Some(&1)), "{counted:?}");
    let answer = print(&installation, "one", &["--profile", "pupil"]);
    assert_eq!(printed(&answer), 2);
    assert_eq!(answer["without"]["unprintable"], 1, "{answer}");
    let file = answer["files"][0]["path"].as_str().unwrap();
    let text = std::process::Command::new("pdftotext").args([file, "-"]).output().unwrap().stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("Malo ARNAUD") && text.contains("le papier ne peut pas montrer"), "on the cover: {text}");
}
