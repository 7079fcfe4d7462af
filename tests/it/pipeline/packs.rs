//! Print packs: made at home without a private key, printed in an empty folder with the school's, and the receipt back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use rentree::directory::Directory as _;
use rentree::directory::ldap::Ldap;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::people;
use crate::support::program::{Installation, printed};
use crate::support::slapd::Slapd;

/// Two schools, each with a key of its own; and a machine in the first.
struct Bench {
    slapd: Slapd,
    installation: Installation,
    away: TempDir,
    schools: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        let slapd = Slapd::start();
        let installation = Installation::with(&slapd.toml());
        installation.simulate(2, 24, 0, false);
        let away = tempfile::tempdir().unwrap();
        let found = installation.run(&["check", "--json"]).json();
        let mut schools: Vec<String> =
            found["schools"].as_array().unwrap().iter().filter_map(|s| s["uai"].as_str().map(str::to_owned)).collect();
        schools.sort();
        schools.truncate(2);
        let mut config = std::fs::read_to_string(installation.config()).unwrap();
        for (n, school) in schools.iter().enumerate() {
            let key = rentree::credentials::PrintKey::generate();
            key.write(&away.path().join(format!("key-{n}")), None, &[]).unwrap();
            config.push_str(&format!("\n[letters.schools.{school}]\nrecipients = [\"{}\"]\n", key.recipient()));
        }
        std::fs::write(installation.config(), config).unwrap();
        installation.sync(&[], 0);
        Self { slapd, installation, away, schools }
    }

    fn json(&self, arguments: &[&str], code: i32) -> Value {
        let answer = self.installation.run(&[arguments, &["--json"]].concat());
        assert_eq!(answer.code, code, "{arguments:?}\n{}\n{}", answer.stderr, answer.stdout);
        answer.json()
    }

    fn pack(&self, name: &str, more: &[&str], code: i32) -> (Value, PathBuf) {
        let file = self.away.path().join(name);
        let made = ["letters", "pack", "--school", &self.schools[0], "--out", file.to_str().unwrap()];
        (self.json(&[&made[..], more].concat(), code), file)
    }

    /// On the school's machine: an empty folder, nothing in the environment.
    fn print_away(&self, pack: &Path, key: &str, out: &str) -> (i32, String, String) {
        let folder = self.away.path().join("machine");
        std::fs::create_dir_all(&folder).unwrap();
        let mut command: Command = Command::new(env!("CARGO_BIN_EXE_rentree"));
        command.current_dir(&folder).env_clear().args(["letters", "--json", "--pack"]).arg(pack).arg("--key");
        let output = command.arg(self.away.path().join(key)).arg("--out").arg(out).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn printed(&self, out: &str) -> BTreeMap<String, String> {
        let folder = self.away.path().join("machine").join(out);
        let pdfs = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()) {
            if file.extension().is_some_and(|ext| ext == "pdf") {
                std::fs::copy(&file, pdfs.path().join(file.file_name().unwrap())).unwrap();
            }
        }
        printed(pdfs.path()).into_iter().collect()
    }

    fn receipt(&self, path: &str, code: i32) -> Value {
        self.json(&["letters", "receipt", path], code)[0].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_prints_its_pack_and_the_receipt_comes_back() {
    let bench = Bench::new();
    let school = bench.schools[0].clone();
    let before = bench.json(&["letters", "--count", "--school", &school], 0);
    let (made, file) = bench.pack("paquet", &[], 0);
    let sheets = made["sheets"].as_u64().unwrap();
    assert!(sheets > 24 && made["secrets"] == made["sheets"], "{made}");
    assert!(bench.json(&["audit", "show", "--kind", "envelope_opened"], 0).as_array().unwrap().is_empty());

    // What is in a pack is not printed a second time at home.
    let count = bench.json(&["letters", "--count", "--school", &school], 0);
    let packed = |count: &Value| -> u64 {
        count["rows"].as_array().unwrap().iter().filter_map(|row| row["without"]["packed"].as_u64()).sum()
    };
    assert_eq!((packed(&before), packed(&count)), (0, sheets), "{count}");

    // Neither the other school's key nor an altered file.
    let (code, _, stderr) = bench.print_away(&file, "key-1", "wrong");
    assert_eq!(code, 1);
    assert!(stderr.contains("another school"), "{stderr}");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let altered = bench.away.path().join("altered");
    std::fs::write(&altered, &bytes).unwrap();
    let (code, _, stderr) = bench.print_away(&altered, "key-0", "wrong");
    assert_eq!(code, 1);
    assert!(stderr.contains("damaged"), "{stderr}");

    let (code, stdout, stderr) = bench.print_away(&file, "key-0", "fiches");
    assert_eq!(code, 0, "{stderr}");
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    let logins = bench.printed("fiches");
    assert!(!logins.is_empty());
    let directory = Ldap::connect(&bench.slapd.config()).await.unwrap();
    let all = people(&bench.slapd);
    for (login, password) in &logins {
        let entry = all.iter().find(|entry| entry.first("ENTPersonLogin") == Some(login)).unwrap();
        assert!(directory.bind(&entry.dn, password).await.unwrap(), "{login}");
    }
    let receipt = answer["receipt"].as_str().unwrap();
    let said = std::fs::read_to_string(receipt).unwrap();
    assert!(logins.values().all(|password| !said.contains(password.as_str())), "no password in a receipt");

    // Forged, altered, of no pack: refused, and said.
    for (name, from, to) in [("fewer", "\"serials\":[\"", "\"serials\":[\"x"), ("else", "\"run\":\"0", "\"run\":\"1")] {
        let path = bench.away.path().join(name);
        let changed = said.replacen(from, to, 1);
        assert_ne!(changed, said, "{name}");
        std::fs::write(&path, changed).unwrap();
        assert!(bench.receipt(path.to_str().unwrap(), 5)["refused"].as_str().unwrap().contains("not signed"), "{name}");
    }
    std::fs::write(bench.away.path().join("none"), "bonjour").unwrap();
    bench.receipt(bench.away.path().join("none").to_str().unwrap(), 5);
    assert_eq!(bench.json(&["audit", "show", "--kind", "receipt_refused"], 0).as_array().unwrap().len(), 3);

    // Somebody's sheet is lost on the way: it is told as dead when the receipt comes.
    let login = logins.keys().next().unwrap();
    bench.json(&["credentials", "reissue", "--person", login, "--reason", "perdue", "--yes"], 0);
    let entered = bench.receipt(receipt, 0);
    assert_eq!(entered["entered"]["sheets"].as_u64(), Some(sheets), "{entered}");
    assert_eq!(entered["entered"]["dead"].as_array().unwrap().len(), 1, "{entered}");
    assert_eq!(bench.receipt(receipt, 0)["entered"]["again"], true);
    let new = bench.json(&["letters", "--count", "--new", "--school", &school], 0);
    let secret: u64 = new["rows"].as_array().unwrap().iter().filter_map(|row| row["secret"].as_u64()).sum();
    assert_eq!(secret, 1, "all but the one that was replaced: {new}");
    let history = bench.json(&["letters", "history", "--school", &school], 0);
    assert_eq!(history[0]["sheets"].as_u64(), Some(sheets), "{history}");

    // Printed again from the pack, after a jam: the same bytes, and a receipt of its own.
    let (code, stdout, _) = bench.print_away(&file, "key-0", "encore");
    assert_eq!(code, 0);
    assert_eq!(bench.printed("encore"), logins);
    let again: Value = serde_json::from_str(&stdout).unwrap();
    let (one, two) = (&answer["files"][0]["path"], &again["files"][0]["path"]);
    assert_eq!(std::fs::read(one.as_str().unwrap()).unwrap(), std::fs::read(two.as_str().unwrap()).unwrap());
    assert_eq!(bench.receipt(again["receipt"].as_str().unwrap(), 0)["entered"]["again"], false);
    // The school's files are the school's: nothing of what a receipt names is taken for a file of ours.
    let shredded = bench.json(&["letters", "shred", "--older-than", "0"], 0);
    assert_eq!(shredded["destroyed"].as_array().unwrap().len(), 0, "{shredded}");
    assert!(Path::new(one.as_str().unwrap()).exists());
    let packs = bench.json(&["letters", "packs"], 0);
    assert_eq!((packs[0]["receipts"].as_u64(), packs.as_array().unwrap().len()), (Some(2), 1), "{packs}");
    assert_eq!(bench.installation.run(&["audit", "verify"]).code, 0);
}

#[test]
fn a_pack_is_given_up_and_a_school_without_key_gets_none() {
    let bench = Bench::new();
    let (made, file) = bench.pack("un", &["--profile", "pupil"], 0);
    let (none, empty) = bench.pack("deux", &["--profile", "pupil"], 0);
    assert_eq!(none["sheets"], 0, "all of them are in the first: {none}");
    assert!(!empty.exists() && file.exists());
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&file).unwrap()) & 0o777;
    assert_eq!(mode, 0o600);
    let id = made["pack"].as_str().unwrap();
    bench.json(&["letters", "packs", "--cancel", id], 0);
    assert_eq!(bench.installation.run(&["letters", "packs", "--cancel", id]).code, 64);
    let (again, _) = bench.pack("trois", &["--profile", "pupil"], 0);
    assert_eq!(again["sheets"], made["sheets"]);
    // The receipt of one that was given up counts all the same: it was printed.
    let (code, stdout, _) = bench.print_away(&file, "key-0", "fiches");
    assert_eq!(code, 0);
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(bench.receipt(answer["receipt"].as_str().unwrap(), 0)["entered"]["sheets"], made["sheets"]);

    // A list is printed at home: no pack, and nobody waits for one.
    let config = std::fs::read_to_string(bench.installation.config()).unwrap();
    std::fs::write(bench.installation.config(), config.replace("[letters]\n", "[letters]\nlayout = \"list\"\n"))
        .unwrap();
    assert_eq!(bench.pack("liste", &["--profile", "relative"], 0).0["sheets"], 0);
    std::fs::write(bench.installation.config(), &config).unwrap();
    let count = bench.json(&["letters", "--count", "--profile", "relative"], 0);
    assert!(!count.to_string().contains("packed"), "{count}");

    let without = config.split("\n[letters.schools.").next().unwrap();
    std::fs::write(bench.installation.config(), without).unwrap();
    let out = bench.away.path().join("sans");
    let refused =
        bench.installation.run(&["letters", "pack", "--school", &bench.schools[0], "--out", out.to_str().unwrap()]);
    let nowhere = bench.installation.run(&["letters", "receipt", "/dev/zero"]);
    assert_eq!(nowhere.code, 5, "a receipt without end: {}", nowhere.stderr);
    assert_eq!(refused.code, 1, "{}", refused.stdout);
    assert!(refused.stderr.contains("no key of its own"), "{}", refused.stderr);
}
