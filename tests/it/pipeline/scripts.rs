//! What a project brings to its sheets: a font for a script that ours do not have, a language of its own.

use std::path::Path;

use crate::support::delivery::{Record, deliver};
use crate::support::program::{Answer, Installation};

/// A face of rectangles, made for this test, for the letters of Lisu (U+A4D0 and on), which no shipped face has.
const FONT: &[u8] = include_bytes!("../../fonts/lisu.ttf");
const NAME: &str = "ꓡꓲꓢꓴ";

/// Two families in one class.
fn installed(mother: &str) -> Installation {
    let installation = Installation::embedded();
    let pupil = |key: &str, first: &str, of: &str| {
        Record::pupil(key, first, "ARNAUD", "05/01/2014", "200").with("ENTElevePersRelEleve", of)
    };
    let all = [
        pupil("1", "Zoé", "11$10$1$1$1$0"),
        Record::relative("11", mother, "ARNAUD"),
        pupil("3", "Enora", "31$10$1$1$1$0"),
        Record::relative("31", "Lise", "MARTIN"),
    ];
    deliver(&installation.feed(), "20260901", false, &all);
    installation.sync(&["--today", "2026-09-02"], 0);
    installation
}

fn configure(installation: &Installation, letters: &str) {
    let text = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), text.replace("[letters]\n", &format!("[letters]\n{letters}\n"))).unwrap();
}

fn print(installation: &Installation, folder: &str, person: &str) -> (Answer, String) {
    let (out, key) = (installation.home().join(folder), installation.key());
    let with = ["letters", "--out", out.to_str().unwrap(), "--key", key.to_str().unwrap(), "--person", person];
    let answer = installation.run(&with);
    let text = if answer.code == 0 { words(&out) } else { String::new() };
    (answer, text)
}

fn words(folder: &Path) -> String {
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let output = std::process::Command::new("pdftotext").arg(&files[0]).arg("-").output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_name_in_a_script_of_its_own_is_printed_with_the_projects_font() {
    let installation = installed(NAME);
    let mother = "AC-TEST$11";
    let (answer, without) = print(&installation, "without", mother);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(!without.contains(NAME) && without.contains("ARNAUD"), "{without}");
    std::fs::write(installation.home().join("lisu.ttf"), FONT).unwrap();
    configure(&installation, "fonts = [\"lisu.ttf\"]");
    let (answer, with) = print(&installation, "with", mother);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(with.contains(&format!("{NAME} ARNAUD")), "{with}");
    // What is no font is told before anybody gets a sheet without one.
    std::fs::write(installation.home().join("lisu.ttf"), "une lettre").unwrap();
    let (answer, _) = print(&installation, "none", mother);
    assert_ne!(answer.code, 0);
    let told = answer.stderr.replace(['\n', '│', ' '], "");
    assert!(told.contains("lisu.ttf(letters.fonts)") && told.contains("itholdsnofont"), "{}", answer.stderr);
    let opened = installation.run(&["audit", "show", "--json", "--kind", "envelope_opened"]).json();
    assert_eq!(opened.as_array().unwrap().len(), 2, "for the two that were printed");
}

const BRETON: &str = "right_to_left = false\ntitle = \"Ho kont war {ent}\"\nopen = \"Digorit {url}.\"\nenter = \"Skrivit an anv.\"\n\
                      change = \"Dibabit ur ger-tremen nevez.\"\nreminder = \"Ho kont a zo digor.\"\n\
                      federated = \"Implijit ho kont.\"\nlost = \"Goulennit er skol.\"\n";
const LAST: &str = "confidential = \"Prevez eo ar follenn-mañ.\"\n";

#[test]
fn a_language_of_the_project_is_on_the_sheets_of_the_household_that_asks_for_it() {
    let installation = installed("Ève");
    let home = installation.home();
    std::fs::write(home.join("br.toml"), format!("{BRETON}{LAST}")).unwrap();
    std::fs::write(home.join("langues.csv"), "joinkey;lang\nAC-TEST$11;br\n").unwrap();
    configure(
        &installation,
        "languages_file = \"langues.csv\"\nent_name = \"Toutatice\"\nlanguages = { br = \"br.toml\" }",
    );
    for (folder, person) in [("mother", "AC-TEST$11"), ("child", "AC-TEST$1")] {
        let (answer, text) = print(&installation, folder, person);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        assert!(text.contains("Ho kont war Toutatice") && text.contains("Prevez eo ar follenn"), "{folder}: {text}");
    }
    let (_, other) = print(&installation, "other", "AC-TEST$31");
    assert!(other.contains("MARTIN") && !other.contains("Ho kont"), "{other}");
    // A word that is missing would be missing on a sheet.
    std::fs::write(home.join("br.toml"), BRETON).unwrap();
    let (answer, _) = print(&installation, "missing", "AC-TEST$11");
    assert_ne!(answer.code, 0);
    assert!(answer.stderr.contains("br.toml") && answer.stderr.contains("confidential"), "{}", answer.stderr);
}

/// What only the typesetter knows, which has the project's faces: one login without glyph, and the others are printed.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_font_of_its_own_one_login_does_not_stop_the_others_either() {
    let installation = installed("Ève");
    std::fs::write(installation.home().join("lisu.ttf"), FONT).unwrap();
    configure(&installation, "fonts = [\"lisu.ttf\"]");
    let config = std::fs::read_to_string(installation.config()).unwrap();
    let federated = "[credentials.relative]\nmode = \"federated\"\n\n[credentials.argon2]";
    std::fs::write(installation.config(), config.replacen("[credentials.argon2]", federated, 1)).unwrap();
    installation.sql("UPDATE name SET login = 'សុខា' WHERE login = 'lise.martin'");
    let (out, key) = (installation.home().join("out"), installation.key());
    let letters = ["letters", "--json", "--profile", "relative", "--out", out.to_str().unwrap(), "--key"];
    let answer = installation.run(&[&letters[..], &[key.to_str().unwrap()]].concat());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let told = answer.json();
    assert_eq!((&told["without"]["unprintable"], &told["files"][0]["sheets"]), (&1.into(), &1.into()), "{told}");
    let words = words(&out);
    assert!(words.contains("Ève ARNAUD") && words.contains("Lise MARTIN"), "on the sheet, and on the cover: {words}");
    let history = installation.run(&["letters", "history", "--json"]).json();
    assert_eq!(history[0]["sheets"], 1, "{history}");
}
