//! An initial load through the server's offline loader: written as LDIF, believed when it is found.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use rentree::directory::Directory as _;
use rentree::directory::ldap::Ldap;

use crate::support::people;
use crate::support::program::{Answer, Installation, printed};
use crate::support::slapd::Slapd;

/// A plan of all the creations, saved where the name says.
fn plan(installation: &Installation, name: &str) -> String {
    let file = installation.home().join(name).to_str().unwrap().to_owned();
    let answer = installation.run(&["plan", "--out", &file]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    file
}

fn ldif(installation: &Installation) -> PathBuf {
    installation.home().join("load.ldif")
}

fn export(installation: &Installation, plan: &str) -> Answer {
    installation.run(&["apply", plan, "--ldif", ldif(installation).to_str().unwrap(), "--json"])
}

/// The sheets of everybody; each must open its account.
async fn every_sheet_binds(installation: &Installation, slapd: &Slapd) {
    let out = installation.home().join("sheets");
    let key = installation.key();
    let answer = installation.run(&["letters", "--out", out.to_str().unwrap(), "--key", key.to_str().unwrap()]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let printed = printed(&out);
    let accounts = people(slapd);
    let logins: HashSet<&String> = printed.iter().map(|(login, _)| login).collect();
    assert_eq!(logins.len(), accounts.len(), "everybody has a sheet");
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    for (login, password) in &printed {
        let entry = accounts.iter().find(|e| e.first("ENTPersonLogin") == Some(login)).unwrap();
        assert!(directory.bind(&entry.dn, password).await.unwrap(), "{login}");
    }
}

fn nobody_has_a_sheet(installation: &Installation) {
    let out = installation.home().join("too-early");
    let key = installation.key();
    drop(installation.run(&["letters", "--out", out.to_str().unwrap(), "--key", key.to_str().unwrap()]));
    assert!(!out.exists() || printed(&out).is_empty(), "a sheet of an account that is not there");
}

#[tokio::test]
async fn what_was_loaded_is_known_and_opens() {
    let mut slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 40, 0, false);
    let saved = plan(&installation, "first.plan");
    let answer = export(&installation, &saved);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let exported = answer.json();
    assert_eq!(exported["proved"], true);
    assert_eq!(exported["branches"], 0);
    let text = std::fs::read(ldif(&installation)).unwrap();
    assert_eq!(std::fs::metadata(ldif(&installation)).unwrap().permissions().mode() & 0o777, 0o600);
    let entries: Vec<_> = rentree::directory::ldif::Reader::new(text.as_slice()).map(Result::unwrap).collect();
    assert_eq!(entries.len() as u64, exported["entries"].as_u64().unwrap());
    let dns: HashSet<_> = entries.iter().map(|e| e.dn.normalised()).collect();
    assert_eq!(dns.len(), entries.len(), "each entry once, groups with all their members");
    assert!(people(&slapd).is_empty(), "nothing was written to the server");
    nobody_has_a_sheet(&installation);

    // The same plan goes nowhere else, and no file is written over.
    let again = export(&installation, &saved);
    assert_eq!(again.code, 64, "{}", again.stderr);
    let other = installation.home().join("other.ldif");
    let again = installation.run(&["apply", &saved, "--ldif", other.to_str().unwrap()]);
    assert_eq!(again.code, 64, "{}", again.stderr);
    assert!(again.stderr.contains("already") && !other.exists(), "{}", again.stderr);
    assert_eq!(installation.run(&["apply", &saved]).code, 7);

    slapd.load_offline(&text);
    let next = installation.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(next.code, 0, "the plan is empty: {}{}", next.stdout, next.stderr);
    assert!(next.stderr.contains("tout y est"), "{}", next.stderr);
    every_sheet_binds(&installation, &slapd).await;
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
    // The members are known to be the engine's: who leaves a class leaves its group.
    installation.simulate(2, 40, 3, false);
    installation.sync(&[], 0);
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

#[tokio::test]
async fn what_was_not_loaded_is_told_and_mended() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 40, 0, false);
    assert_eq!(export(&installation, &plan(&installation, "first.plan")).code, 0);
    let text = std::fs::read(ldif(&installation)).unwrap();
    let names = |entries: &[rentree::directory::Entry]| -> HashSet<(String, String)> {
        let name = |e: &rentree::directory::Entry| {
            Some((e.first("ENTPersonLogin")?.to_owned(), e.first("userPassword")?.to_owned()))
        };
        entries.iter().filter_map(name).collect()
    };
    let exported: Vec<_> = rentree::directory::ldif::Reader::new(text.as_slice()).map(Result::unwrap).collect();

    let told = installation.run(&["plan", "--full"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert!(told.stdout.contains("pas chargé") || told.stderr.contains("pas chargé"), "{}", told.stdout);
    assert!(told.stdout.contains("exporté le"), "{}", told.stdout);
    nobody_has_a_sheet(&installation);
    // The same names and the same passwords: nothing that was drawn is a lie.
    installation.sync(&[], 0);
    assert_eq!(names(&people(&slapd)), names(&exported));
    every_sheet_binds(&installation, &slapd).await;
    let next = installation.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(next.code, 0, "{}", next.stdout);
    assert!(!next.stdout.contains("pas chargé"), "{}", next.stdout);
}

/// The loader stopped at a record: what is there is known, the rest is created online.
#[tokio::test]
async fn what_was_loaded_in_part_is_completed() {
    let mut slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 40, 0, false);
    assert_eq!(export(&installation, &plan(&installation, "first.plan")).code, 0);
    let text = String::from_utf8(std::fs::read(ldif(&installation)).unwrap()).unwrap();
    let cut = text[..text.len() / 2].rfind("\n\n").unwrap() + 2;
    slapd.load_offline(&text.as_bytes()[..cut]);
    let there = people(&slapd).len();
    assert!(there > 10);
    installation.sync(&[], 0);
    assert!(people(&slapd).len() > there);
    every_sheet_binds(&installation, &slapd).await;
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
}

/// Loaded under the feet of a plan that was to create everybody again.
#[tokio::test]
async fn what_is_loaded_late_is_not_taken_for_unsent() {
    let mut slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(1, 20, 0, false);
    assert_eq!(export(&installation, &plan(&installation, "first.plan")).code, 0);
    let second = plan(&installation, "second.plan");
    slapd.load_offline(&std::fs::read(ldif(&installation)).unwrap());
    let late = installation.run(&["apply", &second]);
    assert_eq!(late.code, 3, "every creation finds its entry there: {}{}", late.stdout, late.stderr);
    every_sheet_binds(&installation, &slapd).await;
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
}

#[tokio::test]
async fn killed_while_exporting_nothing_is_half_believed() {
    let mut slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 60, 0, false);
    let saved = plan(&installation, "first.plan");
    for round in 0..60_u64 {
        let arguments = ["apply", &saved, "--ldif", ldif(&installation).to_str().unwrap()].map(str::to_owned);
        let mut run = installation.command(&arguments.each_ref().map(String::as_str)).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(40 + 15 * round));
        if run.try_wait().unwrap().is_some_and(|status| status.success()) {
            break;
        }
        run.kill().unwrap();
        run.wait().unwrap();
        if ldif(&installation).exists() {
            break;
        }
        // No file, no accounts, no sheet; the plan stands.
        nobody_has_a_sheet(&installation);
    }
    if !ldif(&installation).exists() {
        assert_eq!(export(&installation, &saved).code, 0);
    }
    slapd.load_offline(&std::fs::read(ldif(&installation)).unwrap());
    let next = installation.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(next.code, 0, "{}{}", next.stdout, next.stderr);
    every_sheet_binds(&installation, &slapd).await;
}

/// Sealed by an export that never came to its end, for somebody who is not created any more.
#[tokio::test]
async fn what_was_sealed_for_nobody_is_withdrawn() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(1, 20, 0, false);
    let saved = plan(&installation, "first.plan");
    let folder = installation.home().join("no-such-folder").join("load.ldif");
    assert_eq!(installation.run(&["apply", &saved, "--ldif", folder.to_str().unwrap()]).code, 1);
    assert_eq!(export(&installation, &saved).code, 0);
    // Another academy in its place: what was exported is overtaken once that is applied.
    let everybody: Vec<String> =
        crate::support::academy::pupils(&installation.feed()).into_iter().map(|(key, _)| key).collect();
    crate::support::academy::remove_pupils(&installation.feed(), &everybody[..5]);
    installation.sync(&[], 0);
    installation.sync(&[], 0);
    let status = installation.run(&["credentials", "status", "--json"]).json();
    let pending = status.as_array().unwrap().iter().filter(|row| row["state"] == "pending").count();
    assert_eq!(pending, 0, "{status}");
    every_sheet_binds(&installation, &slapd).await;
}

#[test]
fn only_creations_can_be_loaded() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 40, 0, false);
    installation.sync(&[], 0);
    installation.simulate(2, 40, 3, false);
    let saved = plan(&installation, "second.plan");
    let answer = export(&installation, &saved);
    assert_eq!(answer.code, 64, "{}", answer.stderr);
    assert!(answer.stderr.contains("no creation"), "{}", answer.stderr);
    assert!(!ldif(&installation).exists());
    assert_eq!(installation.run(&["apply", &saved]).code, 0, "it can still be applied");

    let embedded = Installation::embedded();
    embedded.simulate(1, 10, 0, false);
    assert_eq!(export(&embedded, &plan(&embedded, "first.plan")).code, 64);
}

/// A server that nobody has used: the file begins with the suffix and the branches, and the proof comes after.
#[tokio::test]
async fn an_empty_server_gets_its_branches_and_its_proof_after() {
    let mut slapd = Slapd::start();
    slapd.clear();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(1, 20, 0, false);
    let saved = plan(&installation, "first.plan");
    let answer = export(&installation, &saved);
    assert_eq!(answer.code, 64, "{}", answer.stderr);
    assert!(answer.stderr.contains("password_scheme"), "{}", answer.stderr);

    let scheme = format!("{}password_scheme = \"argon2\"\n", slapd.toml());
    let named = Installation::with(&scheme);
    named.simulate(1, 20, 0, false);
    let answer = export(&named, &plan(&named, "first.plan"));
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(answer.json()["proved"], false);
    assert_eq!(answer.json()["branches"], 4);
    slapd.load_offline(&std::fs::read(ldif(&named)).unwrap());
    let next = named.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(next.code, 0, "{}{}", next.stdout, next.stderr);
    every_sheet_binds(&named, &slapd).await;
}
