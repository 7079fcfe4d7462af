//! What an apply did, taken back: everything of it, one school of it, and only what nobody has changed since.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rentree::directory::embedded::Embedded;
use rentree::directory::ldap::Ldap;
use rentree::directory::{Directory, Dn, Entry, Modification, Operation, Pace, Value};
use serde_json::Value as Json;

use crate::support::academy::{pupils, remove_pupils};
use crate::support::program::Installation;
use crate::support::slapd::Slapd;
use crate::support::{SUFFIX, dn};

const DAY: &str = "2026-10-01";

type Entries = BTreeMap<Dn, BTreeMap<String, Vec<Value>>>;

/// Every entry, in a form that compares: values in no order, members without the case of their names.
fn entries(installation: &Installation) -> Entries {
    let sorted = |entry: &Entry| {
        let attributes = entry.attributes.iter().map(|(name, values)| {
            let mut values = values.clone();
            values.sort();
            (name.to_lowercase(), values)
        });
        attributes.collect()
    };
    let file = installation.home().join("with-hashes.ldif");
    drop(std::fs::remove_file(&file));
    let answer = installation.run(&["export", "--with-password-hashes", "--ldif", file.to_str().unwrap()]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let text = std::fs::read(file).unwrap();
    let entries = rentree::directory::ldif::Reader::new(text.as_slice()).map(Result::unwrap);
    entries.map(|entry| (entry.dn.clone(), sorted(&entry))).collect()
}

/// Two nights: everybody, then another day with changes, arrivals and departures. Gives the directory in between and
/// the number of the second plan.
fn two_nights(installation: &Installation) -> (Entries, String) {
    installation.simulate(3, 240, 0, false);
    installation.sync(&["--today", "2026-09-10"], 0);
    let gone: Vec<String> = pupils(&installation.feed()).into_iter().take(2).map(|(key, _)| key).collect();
    remove_pupils(&installation.feed(), &gone);
    installation.sync(&["--today", "2026-09-11"], 0);
    let before = entries(installation);
    installation.simulate(3, 240, 30, false);
    remove_pupils(&installation.feed(), &gone);
    // Far enough for whoever was gone to be suspended.
    let night = installation.sync(&["--today", "2026-10-20"], 0);
    let of = |class: &str| night["accounts"][class].as_u64().unwrap();
    assert!(of("created") > 0 && of("updated") > 0, "{night}");
    (before, night["plan_id"].as_str().unwrap().to_owned())
}

/// Plans the undo; gives its file and the answer.
fn undo(installation: &Installation, of: &str, arguments: &[&str], code: i32) -> (PathBuf, Json) {
    let file = installation.home().join(format!("undo-{}.plan", arguments.len()));
    drop(std::fs::remove_file(&file));
    let mut all = vec!["undo", of, "--json", "--out", file.to_str().unwrap()];
    all.extend(arguments);
    let answer = installation.run(&all);
    assert_eq!(answer.code, code, "{}\n{}", answer.stderr, answer.stdout);
    (file, answer.json())
}

fn apply(installation: &Installation, file: &std::path::Path) -> Json {
    let answer = installation.run(&["apply", file.to_str().unwrap(), "--json"]);
    assert_eq!(answer.code, 0, "{}\n{}", answer.stderr, answer.stdout);
    answer.json()
}

/// Whether an account cannot connect: its password is behind the dialect's prefix.
fn is_suspended(entry: &BTreeMap<String, Vec<Value>>) -> bool {
    let passwords = entry.get("userpassword").map_or(&[][..], Vec::as_slice);
    !passwords.is_empty() && passwords.iter().all(|p| p.as_bytes().starts_with(b"{LOCKED}"))
}

fn a_night_is_taken_back(installation: &Installation) {
    let (before, plan) = two_nights(installation);
    let after = entries(installation);
    assert_ne!(before, after);
    let left = installation.home().join("plans").join(format!("{plan}.undo.plan"));
    assert!(left.exists(), "the apply left its inverse");
    // It says what was left behind; it is not what is applied.
    let answer = installation.run(&["apply", left.to_str().unwrap()]);
    assert_eq!(answer.code, 7, "{}", answer.stderr);
    assert!(answer.stderr.contains("rentree undo"), "{}", answer.stderr);

    let planned = installation.run(&["plan", "--json", "--today", "2026-10-20"]).json();
    assert_eq!(planned["verdict"], "unchanged", "{planned}");
    let (file, told) = undo(installation, &plan, &[], 0);
    assert_eq!(told["holds"].as_array().unwrap().len(), 0, "{told}");
    assert_eq!(entries(installation), after, "planning writes nothing");
    let shown = installation.run(&["show", file.to_str().unwrap()]);
    assert!(shown.stdout.contains(&format!("plan {plan}")), "{}", shown.stdout);
    let applied = apply(installation, &file);
    assert_eq!(applied["changes"]["moved"], 0, "{applied}");

    let now = entries(installation);
    for (dn, entry) in &before {
        assert_eq!(now.get(dn), Some(entry), "{dn}");
    }
    let created: Vec<_> = now.iter().filter(|(dn, _)| !before.contains_key(dn)).collect();
    assert!(!created.is_empty());
    for (dn, entry) in created {
        assert!(dn.normalised().contains(",ou=people,"), "{dn} is left");
        assert!(is_suspended(entry), "{dn} is suspended: {entry:?}");
    }
    // Nothing is left to take back, and the next night proposes the same again: who was created comes back.
    let (_, again) = undo(installation, &plan, &["--full"], 0);
    assert_eq!(again["verdict"], "unchanged", "{again}");
    let night = installation.sync(&["--today", "2026-10-20"], 0);
    assert_eq!(night["accounts"]["created"], 0, "{night}");
    assert!(night["accounts"]["restored"].as_u64().unwrap() > 0, "{night}");
    let mut redone = entries(installation);
    let mut wanted = after;
    // The accounts open again, with their hashes in whatever order.
    for entry in redone.values_mut().chain(wanted.values_mut()) {
        entry.remove("userpassword");
    }
    assert_eq!(redone, wanted);
    assert_eq!(installation.sync(&["--today", "2026-10-20"], 0)["verdict"], "unchanged");
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

#[test]
fn a_night_is_taken_back_embedded() {
    a_night_is_taken_back(&Installation::embedded());
}

#[test]
fn a_night_is_taken_back_slapd() {
    let slapd = Slapd::start();
    a_night_is_taken_back(&Installation::with(&slapd.toml()));
}

/// An undo is an apply like any other: it can itself be taken back.
#[test]
fn an_undo_is_taken_back() {
    let installation = Installation::embedded();
    let (_, plan) = two_nights(&installation);
    let after = entries(&installation);
    let (file, told) = undo(&installation, &plan, &[], 0);
    apply(&installation, &file);
    let (file, _) = undo(&installation, told["plan_id"].as_str().unwrap(), &["--full"], 0);
    apply(&installation, &file);
    assert_eq!(entries(&installation), after);
    assert_eq!(installation.sync(&["--today", "2026-10-20"], 0)["verdict"], "unchanged");
}

#[test]
fn one_school_is_taken_back() {
    let installation = Installation::embedded();
    let (before, plan) = two_nights(&installation);
    let after = entries(&installation);
    let school = after
        .iter()
        .filter(|(dn, entry)| before.get(*dn) != Some(*entry))
        .find_map(|(_, entry)| Some(entry.get("entpersonstructrattach")?.first()?.as_text()?.to_owned()))
        .unwrap();
    let structure = after.get(&Dn::parse(&school).unwrap()).unwrap();
    let uai = structure["entstructureuai"][0].as_text().unwrap().to_owned();
    let (file, _) = undo(&installation, &plan, &["--school", &uai], 0);
    apply(&installation, &file);
    let now = entries(&installation);
    let (mut back, mut stayed) = (0, 0);
    for (dn, entry) in &before {
        if after.get(dn) == Some(entry) {
            assert_eq!(now.get(dn), Some(entry), "{dn} was not concerned");
        } else if now.get(dn) == Some(entry) {
            back += 1;
        } else {
            assert_eq!(now.get(dn), after.get(dn), "{dn} is of another school");
            stayed += 1;
        }
    }
    assert!(back > 0 && stayed > 0, "{back} {stayed}");
    assert_eq!(installation.run(&["undo", &plan, "--school", "pas une UAI"]).code, 64);
}

#[tokio::test]
async fn what_somebody_changed_since_is_left_out() {
    let installation = Installation::embedded();
    let (before, plan) = two_nights(&installation);
    let after = entries(&installation);
    // One who was created and one who was updated are changed by hand; one who was created takes another password.
    let people = |dn: &Dn| dn.normalised().contains(",ou=people,");
    let created: Vec<&Dn> = after.keys().filter(|dn| people(dn) && !before.contains_key(*dn)).collect();
    let (one, own) = (created[0], created[1]);
    let changed = |dn: &Dn| {
        before.get(dn).is_some_and(|entry| entry["sn"] != after[dn]["sn"] || entry.get("mail") != after[dn].get("mail"))
    };
    let two = after.keys().find(|dn| people(dn) && changed(dn)).expect("a night changes a name or a mail address");
    let attribute = if before[two]["sn"] == after[two]["sn"] { "mail" } else { "sn" };
    let directory = Embedded::new(installation.store().await, dn(SUFFIX));
    set(&directory, one, "sn", "Par une autre main").await;
    set(&directory, two, attribute, "une.autre.main@example.fr").await;
    set(&directory, own, "userPassword", "choisi-par-moi").await;

    let (file, told) = undo(&installation, &plan, &[], 3);
    let holds = told["holds"].as_array().unwrap();
    let changes: u64 = holds.iter().map(|hold| hold["changes"].as_u64().unwrap()).sum();
    assert!(changes >= 2, "{told}");
    let messages: String = holds.iter().map(|hold| hold["message"].as_str().unwrap()).collect();
    assert!(messages.contains(&one.rdn_value()) && messages.contains(&two.rdn_value()), "{messages}");
    assert!(messages.contains(attribute), "{messages}");
    assert!(!messages.contains("autre.main"), "no value in a reason: {messages}");
    apply(&installation, &file);
    let now = entries(&installation);
    assert_eq!(now[one]["sn"], [Value::from("Par une autre main")]);
    assert!(!is_suspended(&now[one]));
    assert_eq!(now[two][&attribute.to_lowercase()], [Value::from("une.autre.main@example.fr")]);
    assert!(is_suspended(&now[own]), "a password of his own does not keep an account");
}

async fn set(directory: &dyn Directory, whom: &Dn, attribute: &str, new: &str) {
    let entry = directory.read(whom).await.unwrap().unwrap();
    let modification = Modification {
        attribute: attribute.to_owned(),
        delete: entry.values(attribute).to_vec(),
        add: vec![Value::from(new)],
    };
    let operation = Operation::Modify { dn: whom.clone(), modifications: vec![modification] };
    directory.execute(&[operation], &Pace::unlimited()).await.pop().unwrap().unwrap();
}

/// Sheets of accounts that were created and taken back open nothing, and cannot be printed any more.
#[tokio::test]
async fn the_credentials_of_created_accounts_end() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(1, 12, 0, false);
    let plan = installation.sync(&["--today", DAY], 0)["plan_id"].as_str().unwrap().to_owned();
    let status = || installation.run(&["credentials", "status", "--json"]).stdout;
    assert!(status().contains("live"), "{}", status());
    let (file, _) = undo(&installation, &plan, &[], 3);
    apply(&installation, &file);
    assert!(!status().contains("\"live\""), "{}", status());
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    let people = crate::support::people(&slapd);
    assert!(!people.is_empty());
    for person in people {
        let hash = person.first("userPassword").unwrap().to_owned();
        assert!(hash.starts_with("{LOCKED}"), "{}", person.dn);
        assert!(!directory.bind(&person.dn, &hash).await.unwrap());
    }
}

#[test]
fn what_cannot_be_taken_back_is_told() {
    let installation = Installation::embedded();
    installation.simulate(1, 10, 0, false);
    let plan = installation.run(&["plan", "--json", "--today", DAY]).json()["plan_id"].as_str().unwrap().to_owned();
    for (of, why) in [(plan.as_str(), "never applied"), ("nonsense", "neither a plan nor a run")] {
        let answer = installation.run(&["undo", of]);
        assert_eq!(answer.code, 64, "{}", answer.stderr);
        assert!(answer.stderr.contains(why), "{}", answer.stderr);
    }
    // A first night: its structures stay, and that is said.
    let run = installation.sync(&["--today", DAY], 0)["run_id"].as_str().unwrap().to_owned();
    let (file, told) = undo(&installation, &run, &[], 3);
    assert!(told["holds"][0]["message"].as_str().unwrap().contains("structure"), "{told}");
    apply(&installation, &file);
}
