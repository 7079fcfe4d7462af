//! Tables instead of PDF files: for mail merge, with the passwords; for labels, with nothing secret; for a print shop,
//! encrypted before anything reaches the disk.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::delivery::{Record, deliver};
use crate::support::program::{Answer, Installation, printed};

fn night() -> Installation {
    let installation = Installation::embedded();
    installation.simulate(2, 24, 0, false);
    installation.sync(&[], 0);
    installation
}

fn letters(installation: &Installation, arguments: &[&str], code: i32) -> Answer {
    let answer = installation.run(&[&["letters"], arguments].concat());
    assert_eq!(answer.code, code, "{arguments:?}\n{}\n{}", answer.stderr, answer.stdout);
    answer
}

/// The rows of a table, each by its header.
fn rows(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(text);
    reader.deserialize().map(Result::unwrap).collect()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn lies_in_clear(folder: &Path, secret: &str) -> Option<PathBuf> {
    let holds = |path: &PathBuf| std::fs::read(path).unwrap().windows(secret.len()).any(|w| w == secret.as_bytes());
    files(folder).into_iter().find(holds)
}

#[test]
fn a_table_for_mail_merge_says_what_the_sheets_say_and_is_a_printing() {
    let installation = night();
    let (home, key) = (installation.home(), installation.key());
    let key = ["--key", key.to_str().unwrap()];
    letters(&installation, &[&["--out", home.join("pdf").to_str().unwrap()], &key[..]].concat(), 0);
    let sheets: Vec<(String, String)> = printed(&home.join("pdf"));

    let table = home.join("publipostage.csv");
    let to_table = [&["--csv", "merge", "--json", "--out", table.to_str().unwrap()], &key[..]].concat();
    let said = letters(&installation, &to_table, 0).json();
    assert_eq!(table.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(said["files"][0]["sheets"].as_u64().unwrap(), sheets.len() as u64);
    let rows = rows(&std::fs::read(&table).unwrap());
    let mut on_paper: Vec<(&str, &str)> = sheets.iter().map(|(l, p)| (l.as_str(), p.as_str())).collect();
    let mut in_table: Vec<(&str, &str)> =
        rows.iter().map(|row| (row["identifiant"].as_str(), row["mot de passe"].as_str())).collect();
    on_paper.sort_unstable();
    in_table.sort_unstable();
    assert_eq!(in_table, on_paper, "the same people, the same passwords");
    let mother = rows.iter().find(|row| row["profil"] == "responsable" && !row["adresse 2"].is_empty()).unwrap();
    assert!(!mother["enfants"].is_empty() && !mother["classe"].is_empty(), "{mother:?}");
    assert_eq!(mother["adresse de connexion"], "https://ent.example.fr");
    assert_eq!(mother["valable jusqu'au"].split('/').count(), 3, "{mother:?}");

    // It is in the register like any printing; nobody is new any more, and nothing is written twice.
    let batch = said["batch"].as_str().unwrap();
    let history = installation.run(&["letters", "history", "--batch", batch, "--json"]).json();
    assert_eq!(history[0]["file"], table.to_str().unwrap());
    assert_eq!((&history[0]["school"], &history[0]["class"]), (&Value::Null, &Value::Null), "of several: {history}");
    assert_eq!(history[0]["sheets"].as_u64().unwrap(), sheets.len() as u64);
    let opened = installation.run(&["audit", "show", "--json", "--kind", "envelope_opened"]).stdout;
    assert_eq!(opened.matches(batch).count(), sheets.len());
    letters(&installation, &to_table, 1);
    assert_eq!(installation.run(&["letters", "history", "--json"]).stdout.matches(batch).count(), 1);

    let shred = installation.run(&["letters", "shred", "--batch", batch, "--json"]).json();
    assert_eq!((shred["destroyed"].as_array().unwrap().len(), table.exists()), (1, false), "{shred}");
    let again = home.join("encore.csv");
    let new = ["--new", "--csv", "merge", "--out", again.to_str().unwrap()];
    let none = letters(&installation, &[&new, &key[..]].concat(), 0);
    assert!(none.stdout.contains("Rien n'a été imprimé") && !again.exists(), "{}", none.stdout);
}

#[test]
fn the_openings_of_a_table_are_counted_before_the_first() {
    let installation = night();
    let config = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), config.replace("[letters]\n", "[letters]\nopenings_per_hour = 3\n")).unwrap();
    let (table, key) = (installation.home().join("t.csv"), installation.key());
    let arguments = ["--csv", "merge", "--out", table.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let refused = installation.run(&[&["letters"], &arguments[..]].concat());
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("letters.openings_per_hour") && !table.exists(), "{}", refused.stderr);
    assert!(!installation.run(&["audit", "show", "--json"]).stdout.contains("envelope_opened"));
}

#[test]
fn labels_hold_nothing_secret_and_need_no_key() {
    let installation = night();
    let (home, key) = (installation.home(), installation.key());
    let labels = |name: &str, more: &[&str]| {
        let file = home.join(name);
        let said = letters(
            &installation,
            &[&["--csv", "labels", "--json", "--out", file.to_str().unwrap()], more].concat(),
            0,
        );
        (said.json(), rows(&std::fs::read(&file).unwrap()))
    };
    let (said, single) = labels("une-par-fiche.csv", &[]);
    let (_, homes) = labels("une-par-foyer.csv", &["--by", "household"]);
    assert!(!installation.run(&["audit", "show", "--json"]).stdout.contains("envelope_opened"));
    assert_eq!(installation.run(&["letters", "history", "--json"]).json(), serde_json::json!([]));

    letters(&installation, &["--out", home.join("pdf").to_str().unwrap(), "--key", key.to_str().unwrap()], 0);
    let sheets = printed(&home.join("pdf"));
    assert_eq!((single.len(), said["sheets"].as_u64().unwrap()), (sheets.len(), sheets.len() as u64));
    let in_homes: usize = homes.iter().map(|row| row["fiches"].parse::<usize>().unwrap()).sum();
    assert!(homes.len() < single.len() && in_homes == sheets.len(), "{} {in_homes}", homes.len());
    let family = homes.iter().find(|row| row["profil"] == "foyer").unwrap();
    assert!(!family["adresse 1"].is_empty() && family["personnes"].contains(", "), "{family:?}");
    for file in ["une-par-fiche.csv", "une-par-foyer.csv"] {
        let text = std::fs::read_to_string(home.join(file)).unwrap();
        for (login, password) in &sheets {
            assert!(!text.contains(login.as_str()) && !text.contains(password.as_str()), "{login} in {file}");
        }
    }
}

/// A name from the exports is a cell like any other.
#[test]
fn a_name_is_no_formula_in_a_table() {
    let installation = Installation::embedded();
    let pupil = Record::pupil("1", "Zoé", "ARNAUD", "05/01/2014", "200").with("ENTElevePersRelEleve", "11$10$1$1$1$0");
    let mother = Record::relative("11", "Ève", "ARNAUD")
        .with("ENTPersonAdresse", "=HYPERLINK(\"http://x\")")
        .with("ENTPersonCodePostal", "35000")
        .with("ENTPersonVille", "RENNES");
    deliver(&installation.feed(), "20260901", false, &[pupil, mother]);
    installation.sync(&["--today", "2026-09-02"], 0);
    let (table, key) = (installation.home().join("t.csv"), installation.key());
    let select = ["--csv", "merge", "--profile", "relative", "--key", key.to_str().unwrap()];
    let said = letters(&installation, &[&select, &["--out", table.to_str().unwrap()][..]].concat(), 0).stdout;
    assert!(said.contains("    1 fiche   ") && said.contains(" : 1 fiche en 1 fichier.\n"), "{said}");
    let bytes = std::fs::read(&table).unwrap();
    let row = &rows(&bytes)[0];
    assert_eq!(row["adresse 1"], "'=HYPERLINK(\"http://x\")", "{row:?}");
    assert_eq!((row["adresse 2"].as_str(), row["enfants"].as_str()), ("35000 RENNES", "Zoé ARNAUD (6A)"));
}

#[test]
fn what_is_for_a_print_shop_is_never_in_clear_on_the_disk() {
    let installation = night();
    let shop = age::x25519::Identity::generate();
    let mut config = std::fs::read_to_string(installation.config()).unwrap();
    config.push_str(&format!("\n[letters.shops.imprimeur]\nrecipients = [\"{}\"]\n", shop.to_public()));
    std::fs::write(installation.config(), config).unwrap();
    let doctor = installation.run(&["doctor"]).stdout;
    assert!(doctor.contains("imprimeur imprimeur") && doctor.contains(&shop.to_public().to_string()), "{doctor}");
    let (home, key) = (installation.home(), installation.key());
    let with = ["--for", "imprimeur", "--json", "--key", key.to_str().unwrap()];
    let opened = |path: &Path| {
        let decryptor =
            age::Decryptor::new_buffered(std::io::BufReader::new(std::fs::File::open(path).unwrap())).unwrap();
        let mut clear = Vec::new();
        decryptor.decrypt(std::iter::once(&shop as _)).unwrap().read_to_end(&mut clear).unwrap();
        clear
    };

    let file = home.join("fiches.csv.age");
    let said =
        letters(&installation, &[&["--csv", "merge", "--out", file.to_str().unwrap()], &with[..]].concat(), 0).json();
    let rows = rows(&opened(&file));
    assert_eq!(rows.len() as u64, said["files"][0]["sheets"].as_u64().unwrap());
    for row in rows.iter().take(5) {
        assert!(row["mot de passe"].len() > 10);
        assert_eq!(lies_in_clear(&home, &row["mot de passe"]), None, "{row:?}");
    }
    let trail = installation.run(&["audit", "show", "--json", "--kind", "printed"]).stdout;
    assert!(trail.contains("imprimeur"));

    // PDF files as well, each on its own, without the page that says who gets none.
    let out = home.join("pdf");
    letters(&installation, &[&["--out", out.to_str().unwrap()], &with[..]].concat(), 0);
    let sealed = files(&out);
    assert!(sealed.len() > 3 && sealed.iter().all(|f| f.to_str().unwrap().ends_with(".pdf.age")), "{sealed:?}");
    let clear = tempfile::tempdir().unwrap();
    for file in &sealed {
        let pdf = opened(file);
        assert!(pdf.starts_with(b"%PDF-"), "{}", file.display());
        std::fs::write(clear.path().join(file.file_stem().unwrap()), pdf).unwrap();
    }
    let mut sheets = printed(clear.path());
    sheets.sort();
    let mut merged: Vec<(String, String)> =
        rows.iter().map(|row| (row["identifiant"].clone(), row["mot de passe"].clone())).collect();
    merged.sort();
    assert_eq!(sheets, merged);
    assert_eq!(lies_in_clear(&home, &sheets[0].1), None);

    for (arguments, why) in
        [(["--for", "personne", "--out", "x.csv.age"], "imprimeur"), (["--for", "imprimeur", "--out", "x.csv"], ".age")]
    {
        let refused = letters(&installation, &[&["--csv", "labels"], &arguments[..]].concat(), 64);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    let shred = installation.run(&["letters", "shred", "--older-than", "0", "--json"]).json();
    assert_eq!(shred["destroyed"].as_array().unwrap().len(), sealed.len() + 1, "{shred}");
}
