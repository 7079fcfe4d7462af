//! Killed, whenever: the next run goes on, and every sheet that is printed opens an account.

use std::time::Duration;

use rentree::directory::Directory as _;
use rentree::directory::ldap::Ldap;

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
