//! Families with children in two schools, and whoever goes from one to the other.

use std::path::{Path, PathBuf};

use rentree::credentials::PrintKey;
use serde_json::Value;

use crate::support::delivery::{Record, School, deliver_schools};
use crate::support::program::{Answer, Installation};

const COLLEGE: &str = "0960010P";
const LYCEE: &str = "0290009C";
const SCHOOLS: [School<'_>; 2] =
    [("200", COLLEGE, "CLG$LE VAL$SAUVETERRE", &["6A", "4B"]), ("300", LYCEE, "LYC$BRIZEUX$QUIMPER", &["2A"])];

fn run(installation: &Installation, arguments: &[&str], code: i32) -> Answer {
    let answer = installation.run(arguments);
    assert_eq!(answer.code, code, "{arguments:?}\n{}\n{}", answer.stderr, answer.stdout);
    answer
}

fn json(installation: &Installation, arguments: &[&str]) -> Value {
    run(installation, &[arguments, &["--json"]].concat(), 0).json()
}

fn child(key: &str, first: &str, birth: &str, of: &str) -> Record {
    Record::pupil(key, first, "ARNAUD", birth, "200").with("ENTElevePersRelEleve", &format!("{of}$10$1$1$1$0"))
}

/// A mother of two in the collège and one in the lycée, who is not the youngest.
fn family() -> Vec<Record> {
    vec![
        child("1", "Malo", "05/01/2012", "11").goes_to("200", "4B"),
        child("2", "Zoé", "05/01/2015", "11").goes_to("200", "6A"),
        child("3", "Enora", "05/01/2010", "11").goes_to("300", "2A"),
        Record::relative("11", "Ève", "ARNAUD"),
    ]
}

fn installed(records: &[Record]) -> Installation {
    let installation = Installation::embedded();
    deliver_schools(&installation.feed(), "20260901", false, &SCHOOLS, records);
    installation.sync(&["--today", "2026-09-02"], 0);
    installation
}

fn configure(installation: &Installation, before: &str, letters: &str, tables: &str) {
    let text = before.replace("[letters]\n", &format!("[letters]\n{letters}"));
    std::fs::write(installation.config(), format!("{text}{tables}")).unwrap();
}

fn words(file: &Value) -> String {
    let output = std::process::Command::new("pdftotext").args([file["path"].as_str().unwrap(), "-"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Prints the sheets of relatives into a folder of their own.
fn print(installation: &Installation, folder: &str, more: &[&str]) -> Value {
    let (out, key) = (installation.home().join(folder), installation.key());
    let fixed = ["letters", "--profile", "relative", "--no-cover", "--out", out.to_str().unwrap(), "--key"];
    json(installation, &[&fixed[..], &[key.to_str().unwrap()], more].concat())
}

fn file_of<'v>(printed: &'v Value, school: &str) -> &'v Value {
    let files = printed["files"].as_array().unwrap();
    let of_school: Vec<&Value> = files.iter().filter(|file| file["school"] == school).collect();
    assert_eq!(of_school.len(), 1, "{printed}");
    of_school[0]
}

#[test]
fn an_adult_has_a_sheet_in_each_school_with_the_children_there() {
    let installation = installed(&family());
    let printed = print(&installation, "all", &[]);
    assert_eq!(printed["files"].as_array().unwrap().len(), 2, "{printed}");
    let (college, lycee) = (file_of(&printed, COLLEGE), file_of(&printed, LYCEE));
    assert_eq!((&college["class"], &college["sheets"]), (&"6A".into(), &1.into()), "the youngest child there");
    assert_eq!((&lycee["class"], &lycee["sheets"]), (&"2A".into(), &1.into()));
    let (college, lycee) = (words(college), words(lycee));
    assert!(
        college.contains("Zoé ARNAUD") && college.contains("Malo ARNAUD") && !college.contains("Enora"),
        "{college}"
    );
    assert!(lycee.contains("Enora ARNAUD") && !lycee.contains("Zoé") && !lycee.contains("Malo"), "{lycee}");
    let login = |text: &str| text.split_whitespace().find(|word| word.contains("eve.arnaud")).map(str::to_owned);
    assert!(login(&college).is_some() && login(&college) == login(&lycee), "one account");
}

#[test]
fn children_of_another_school_are_named_within_one_controller_and_never_beyond() {
    let installation = installed(&family());
    let before = std::fs::read_to_string(installation.config()).unwrap();
    let both = format!("cross_school = true\ncontrollers = [[\"{COLLEGE}\", \"{LYCEE}\"]]\n");
    configure(&installation, &before, &both, "");
    let within = words(file_of(&print(&installation, "within", &[]), COLLEGE));
    assert!(within.contains("Enora ARNAUD") && within.to_uppercase().contains("BRIZEUX"), "{within}");
    let apart = format!("cross_school = true\ncontrollers = [[\"{COLLEGE}\"], [\"{LYCEE}\"]]\n");
    let unsaid = "cross_school = true\n".to_owned();
    let off = format!("controllers = [[\"{COLLEGE}\", \"{LYCEE}\"]]\n");
    for (folder, letters) in [("apart", apart), ("unsaid", unsaid), ("off", off)] {
        configure(&installation, &before, &letters, "");
        let text = words(file_of(&print(&installation, folder, &[]), COLLEGE));
        assert!(text.contains("Zoé ARNAUD") && !text.contains("Enora"), "{folder}: {text}");
    }
}

#[test]
fn who_prints_second_is_told_who_printed_first_and_when() {
    let installation = installed(&family());
    let first = print(&installation, "college", &["--school", COLLEGE]);
    assert_eq!(first["elsewhere"], Value::Null, "{first}");
    let counted = run(&installation, &["letters", "--count", "--names", "--school", LYCEE], 0).stdout;
    let told = format!("ARNAUD Ève : fiche aussi imprimée par {COLLEGE} le ");
    assert!(counted.contains(&told), "{counted}");
    let second = print(&installation, "lycee", &["--school", LYCEE, "--new"]);
    assert_eq!(second["files"][0]["sheets"], 1, "the sheet of this school is a new one: {second}");
    assert_eq!(second["elsewhere"][0]["school"], COLLEGE, "{second}");
    assert!(second["elsewhere"][0]["at"].as_str().unwrap().starts_with("20"), "{second}");
    let (out, key) = (installation.home().join("again"), installation.key());
    let again = ["letters", "--school", LYCEE, "--out", out.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let said = run(&installation, &again, 0).stdout;
    assert!(said.contains(&told), "{said}");
}

/// A key away from the store.
fn key(folder: &Path, name: &str) -> (PathBuf, String) {
    let (key, path) = (PrintKey::generate(), folder.join(name));
    key.write(&path, None, &[]).unwrap();
    (path, key.recipient().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_school_waits_for_the_key_of_the_project_and_that_is_told() {
    let installation = Installation::embedded();
    let keys = tempfile::tempdir().unwrap();
    let ((key_college, college), (key_lycee, lycee)) = (key(keys.path(), "college"), key(keys.path(), "lycee"));
    let before = std::fs::read_to_string(installation.config()).unwrap();
    let table = |uai: &str, public: &str| format!("\n[letters.schools.{uai}]\nrecipients = [\"{public}\"]\n");
    configure(&installation, &before, "", &format!("{}{}", table(COLLEGE, &college), table(LYCEE, &lycee)));
    let night = |day: &str, school: &str, class: &str| {
        let mut all = family();
        all.push(child("4", "Lou", "05/01/2011", "14").goes_to(school, class));
        all.push(Record::relative("14", "Lise", "LOPEZ"));
        deliver_schools(&installation.feed(), day, false, &SCHOOLS, &all);
    };
    night("20260901", "200", "4B");
    let first = installation.sync(&["--today", "2026-09-02"], 0);
    assert_eq!(first["credentials"]["to_reseal"], 0, "{first}");

    // Lou goes to the lycée, and so does her mother's account.
    night("20260903", "300", "2A");
    let moved = installation.sync(&["--today", "2026-09-04"], 0);
    assert_eq!(moved["credentials"]["to_reseal"], 2, "{moved}");
    let nothing = run(&installation, &["sync", "--today", "2026-09-05"], 0).stdout;
    assert!(nothing.contains("2 enveloppes sont scellées pour d'autres clés"), "{nothing}");
    assert!(nothing.contains("rentree credentials reseal"), "{nothing}");
    let doctor = installation.run(&["doctor"]).stdout;
    assert!(doctor.contains("2 enveloppes sont scellées pour d'autres clés"), "{doctor}");
    let count = |school: &str| json(&installation, &["letters", "--count", "--school", school]);
    assert_eq!((&count(LYCEE)["to_reseal"], &count(COLLEGE)["to_reseal"]), (&2.into(), &0.into()));
    let said = run(&installation, &["letters", "--count", "--school", LYCEE], 0).stdout;
    assert!(said.contains("2 enveloppes sont scellées pour d'autres clés"), "{said}");

    // The new school's key does not open them yet, the old one's is not let to any more.
    let print = |name: &str, key: &Path, more: &[&str]| {
        let out = installation.home().join(name);
        let with = ["letters", "--school", LYCEE, "--out", out.to_str().unwrap(), "--key", key.to_str().unwrap()];
        run(&installation, &[&with, more].concat(), 0)
    };
    let early = print("early", &key_lycee, &[]).stdout;
    assert!(early.contains("    2 sans fiche : enveloppe pas encore scellée pour la clé"), "{early}");
    assert!(early.contains("→ rentree credentials reseal"), "{early}");
    let old = print("old", &key_college, &["--json"]).json();
    assert_eq!(old["without"]["other_school"], 3, "{old}");
    let opened = json(&installation, &["audit", "show", "--kind", "envelope_opened"]).as_array().unwrap().len();

    // The project's key mends it: of those two and nobody else.
    let project = installation.key();
    let reseal = ["credentials", "reseal", "--key", project.to_str().unwrap()];
    let done = json(&installation, &reseal);
    assert_eq!((&done["resealed"], &done["right"], &done["unopened"]), (&2.into(), &4.into(), &0.into()), "{done}");
    assert_eq!(count(LYCEE)["to_reseal"], 0);
    let late = print("late", &key_lycee, &["--json"]).json();
    assert_eq!(late["without"], serde_json::json!({}), "{late}");
    let now = json(&installation, &["audit", "show", "--kind", "envelope_opened"]).as_array().unwrap().len();
    assert_eq!(now - opened, 4, "Enora, her mother, Lou, hers");
    assert_eq!(installation.sync(&["--today", "2026-09-06"], 0)["credentials"]["to_reseal"], 0);
    assert_eq!(json(&installation, &reseal)["resealed"], 0);

    // Of what an earlier version sealed nobody knows, until it is sealed anew.
    installation.sql("UPDATE envelope SET sealed_for = NULL");
    assert_eq!(installation.sync(&["--today", "2026-09-07"], 0)["credentials"]["to_reseal"], 0);
    let doctor = installation.run(&["doctor"]).stdout;
    assert!(doctor.contains("6 enveloppes sont scellées par une version antérieure"), "{doctor}");
    assert_eq!(json(&installation, &reseal)["resealed"], 6);
    assert_eq!(run(&installation, &["audit", "verify"], 0).code, 0);
}
