//! Killed, locked, refused, tampered with.

use std::time::Duration;

use rentree::directory::Directory as _;
use rentree::directory::ldap::Ldap;
use sqlx::Connection as _;

use crate::support::people;
use crate::support::program::{Installation, printed};
use crate::support::slapd::Slapd;

/// Killed again and again, a night still ends as if nothing had happened: every account once, every envelope live
/// with a password that opens it.
async fn killed_and_resumed(installation: &Installation, slapd: Option<&Slapd>) {
    installation.simulate(2, 100, 0, false);
    let mut finished = false;
    for round in 0..40_u64 {
        let mut night = installation.command(&["sync", "--json"]).spawn().unwrap();
        // From before the first write to well into the last ones, and longer each time.
        std::thread::sleep(Duration::from_millis(60 + round * 45));
        if night.try_wait().unwrap().is_some_and(|status| status.success()) {
            finished = true;
            break;
        }
        night.kill().unwrap();
        night.wait().unwrap();
    }
    if !finished {
        installation.sync(&[], 0);
    }
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
    let out = installation.home().join("sheets");
    let answer = installation.run(&[
        "letters",
        "--profile",
        "pupil",
        "--out",
        out.to_str().unwrap(),
        "--key",
        installation.key().to_str().unwrap(),
    ]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let printed = printed(&out);
    assert_eq!(printed.len(), 100);
    if let Some(slapd) = slapd {
        let directory = Ldap::connect(&slapd.config()).await.unwrap();
        let accounts = people(slapd);
        let mut keys: Vec<&str> = accounts.iter().flat_map(|e| e.texts("ENTPersonJointure")).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), accounts.len(), "no account twice");
        for (login, password) in &printed {
            let entry = accounts.iter().find(|e| e.first("ENTPersonLogin") == Some(login.as_str())).unwrap();
            assert!(directory.bind(&entry.dn, password).await.unwrap(), "{login}");
        }
    }
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

#[tokio::test]
async fn killed_and_resumed_embedded() {
    killed_and_resumed(&Installation::embedded(), None).await;
}

#[tokio::test]
async fn killed_and_resumed_slapd() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    killed_and_resumed(&installation, Some(&slapd)).await;
}

#[test]
fn a_second_run_is_refused_while_one_goes_on() {
    let installation = Installation::embedded();
    installation.simulate(1, 10, 0, false);
    installation.sync(&[], 0);
    let lock = std::fs::OpenOptions::new().append(true).open(installation.home().join("rentree.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let answer = installation.run(&["sync"]);
    assert_eq!(answer.code, 6, "{}", answer.stderr);
    drop(lock);
    installation.sync(&[], 0);
}

#[test]
fn nothing_readable_is_refused() {
    let installation = Installation::embedded();
    std::fs::create_dir(installation.feed()).unwrap();
    std::fs::write(installation.feed().join("lisezmoi.txt"), "rien").unwrap();
    assert_eq!(installation.run(&["sync"]).code, 5);
    assert_eq!(installation.run(&["check"]).code, 5);
    assert_eq!(installation.run(&["sync", "--no-such-option"]).code, 64);
}

#[test]
fn an_older_delivery_is_refused() {
    let installation = Installation::embedded();
    installation.simulate(1, 10, 5, false);
    installation.sync(&[], 0);
    installation.simulate(1, 10, 2, false);
    let answer = installation.run(&["sync"]);
    assert_eq!(answer.code, 5, "{}", answer.stderr);
}

/// One byte changed anywhere in the trail is found.
#[tokio::test]
async fn a_tampered_trail_is_found() {
    let installation = Installation::embedded();
    installation.simulate(1, 10, 0, false);
    installation.sync(&[], 0);
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
    let url = format!("sqlite:{}", installation.home().join("rentree.db").display());
    let mut store = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let changed = sqlx::query("UPDATE event SET actor = 'somebody@else' WHERE seq = 3").execute(&mut store).await;
    assert_eq!(changed.unwrap().rows_affected(), 1);
    store.close().await.unwrap();
    let answer = installation.run(&["audit", "verify"]);
    assert_eq!(answer.code, 1, "{}", answer.stdout);
    assert!(answer.stdout.contains("event 3"), "{}", answer.stdout);
}

/// The first command of the README.
#[test]
fn the_demonstration_shows_everything() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rentree"))
        .args(["demo", "--out", out.to_str().unwrap()])
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains("Plan :") && stdout.contains("fiches/"), "{stdout}");
    let sheets = std::fs::read_dir(out.join("fiches")).unwrap().count();
    assert!(sheets > 3, "{sheets}");
}
