//! Profiles whose first password a portal checks: the directory opens to nobody, the portal gets the hashes.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;

use rentree::credentials::{Secret, verify};
use rentree::directory::Directory as _;
use rentree::directory::ldap::Ldap;
use serde_json::Value;

use crate::support::people;
use crate::support::program::{Installation, printed};
use crate::support::slapd::Slapd;

fn portal(slapd: &Slapd, more: &str) -> Installation {
    let installation = Installation::with(&slapd.toml());
    let config = std::fs::read_to_string(installation.config()).unwrap();
    let tables: String =
        ["pupil", "relative"].map(|profile| format!("[credentials.{profile}]\nmode = \"portal\"\n\n")).concat();
    let text = config.replace("[credentials.argon2]", &format!("{more}{tables}[credentials.argon2]"));
    std::fs::write(installation.config(), text).unwrap();
    installation
}

#[tokio::test]
async fn the_portal_gets_the_hashes_and_the_directory_opens_to_nobody() {
    let slapd = Slapd::start();
    let installation = portal(&slapd, "[credentials]\nhash_attribute = \"description\"\n\n");
    installation.simulate(1, 20, 0, false);
    installation.sync(&[], 0);
    let file = installation.home().join("hashes.jsonl");
    let export = || installation.run(&["credentials", "export", "--hashes", file.to_str().unwrap()]);
    assert_eq!(export().code, 0);
    assert_eq!(export().code, 1, "no file is written over");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    let hashes: HashMap<String, Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| (line["login"].as_str().unwrap().to_owned(), line))
        .collect();

    let out = installation.home().join("sheets");
    let key = installation.key();
    let answer = installation.run(&["letters", "--out", out.to_str().unwrap(), "--key", key.to_str().unwrap()]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    let accounts = people(&slapd);
    let (mut by_portal, mut by_directory) = (0, 0);
    for (login, password) in printed(&out) {
        let entry = accounts.iter().find(|e| e.first("ENTPersonLogin") == Some(login.as_str())).unwrap();
        let opens = directory.bind(&entry.dn, &password).await.unwrap();
        match hashes.get(&login) {
            Some(line) => {
                by_portal += 1;
                let hash = line["hash"].as_str().unwrap();
                assert!(hash.starts_with("$argon2id$"), "{hash}");
                assert!(verify(&format!("{{ARGON2}}{hash}"), &Secret::new(password.into())).unwrap(), "{login}");
                assert!(entry.values("userPassword").is_empty() && !opens, "{login}");
                assert_eq!(entry.first("description"), Some(hash));
                assert_eq!(line["uid"].as_str(), entry.first("uid"));
            }
            None => {
                by_directory += 1;
                assert!(opens && entry.values("description").is_empty(), "{login}");
            }
        }
    }
    assert!(by_portal > 40 && by_directory > 0, "{by_portal} {by_directory}");
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged", "what the portal writes is its own");
    let by_class = installation.run(&["credentials", "status", "--by-class", "--json"]).json();
    let sum: u64 = by_class.as_array().unwrap().iter().map(|row| row["unknown"].as_u64().unwrap()).sum();
    assert!(sum > 0, "{by_class}");
}

#[test]
fn what_the_directory_has_no_place_for_is_refused() {
    let slapd = Slapd::start();
    let installation = portal(&slapd, "[credentials]\nhash_attribute = \"userPassword\"\n\n");
    installation.simulate(1, 10, 0, false);
    let answer = installation.run(&["plan"]);
    assert_eq!(answer.code, 64, "{}", answer.stderr);
}
