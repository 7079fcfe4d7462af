//! The store is lost, or an old copy of it was brought back: nobody gets a name that was given, and it is rebuilt.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rentree::directory::Entry;

use crate::support::people;
use crate::support::program::Installation;
use crate::support::slapd::Slapd;

const DAY: &str = "2026-10-01";

fn database(installation: &Installation) -> Vec<PathBuf> {
    ["rentree.db", "rentree.db-wal", "rentree.db-shm"].map(|name| installation.home().join(name)).to_vec()
}

fn remove_store(installation: &Installation) {
    for file in database(installation) {
        drop(std::fs::remove_file(file));
    }
}

/// A copy of the database, as a backup makes one.
fn copy(installation: &Installation) -> PathBuf {
    let to = installation.home().join("backup.db");
    std::fs::copy(&database(installation)[0], &to).unwrap();
    to
}

fn bring_back(installation: &Installation, copy: &PathBuf) {
    remove_store(installation);
    std::fs::copy(copy, &database(installation)[0]).unwrap();
}

/// Every uid and login of the directory.
fn names(people: &[Entry]) -> BTreeSet<String> {
    let of = |attribute: &'static str| people.iter().flat_map(move |entry| entry.texts(attribute));
    of("uid").chain(of("ENTPersonLogin")).map(str::to_lowercase).collect()
}

fn refused(installation: &Installation, verb: &str) -> String {
    let answer = installation.run(&[verb, "--today", DAY]);
    assert_eq!(answer.code, 5, "{}\n{}", answer.stderr, answer.stdout);
    assert!(answer.stderr.contains("rentree recover"), "{}", answer.stderr);
    answer.stderr
}

#[test]
fn a_lost_store_is_rebuilt_from_the_directory() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 80, 0, false);
    installation.sync(&["--today", DAY], 0);
    let before = people(&slapd);
    let given = names(&before);
    remove_store(&installation);

    refused(&installation, "sync");
    refused(&installation, "plan");
    assert_eq!(people(&slapd), before);
    let dry = installation.run(&["recover", "--dry-run", "--json"]);
    assert_eq!(dry.code, 0, "{}", dry.stderr);
    assert_eq!(dry.json()["accounts_new"], before.len());
    // Looking changes nothing: it is still refused.
    refused(&installation, "sync");

    let answer = installation.run(&["recover"]);
    assert_eq!(answer.code, 0, "{}\n{}", answer.stderr, answer.stdout);
    assert!(answer.stdout.contains("sans identifiant scellé"), "{}", answer.stdout);
    assert_eq!(people(&slapd), before, "the directory is not touched");
    let night = installation.sync(&["--today", DAY], 0);
    assert_eq!(night["verdict"], "unchanged", "{night}");
    assert_eq!(people(&slapd), before);
    let again = installation.run(&["recover", "--json"]).json();
    assert_eq!((&again["accounts_new"], &again["names_new"]), (&0.into(), &0.into()), "{again}");

    // Whoever comes now gets names that nobody ever had.
    installation.simulate(2, 80, 40, false);
    let night = installation.sync(&["--today", DAY], 0);
    let created = night["accounts"]["created"].as_u64().unwrap();
    assert!(created > 0, "{night}");
    let now = people(&slapd);
    let fresh: Vec<Entry> = now.iter().filter(|e| !before.iter().any(|b| b.dn == e.dn)).cloned().collect();
    assert_eq!(fresh.len() as u64, created);
    assert!(names(&fresh).is_disjoint(&given));
    assert_eq!(installation.sync(&["--today", DAY], 0)["verdict"], "unchanged");
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

/// A name that was reserved and whose account never came to the directory is known from the plan that named it.
#[test]
fn names_that_only_a_plan_knows_are_not_given_again() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(1, 40, 0, false);
    installation.sync(&["--today", DAY], 0);
    installation.simulate(1, 40, 40, false);
    let planned = installation.run(&["plan", "--json", "--today", DAY]).json();
    let created = planned["accounts"]["created"].as_u64().unwrap();
    assert!(created > 0, "{planned}");
    remove_store(&installation);
    let recovered = installation.run(&["recover", "--json"]).json();
    assert_eq!(recovered["names_of_plans"], created, "{recovered}");
    // And they go to those for whom they were reserved.
    let shown = |plan: &serde_json::Value| {
        let plan = plan["plan_id"].as_str().unwrap().to_owned();
        let file = installation.home().join("plans").join(format!("{plan}.plan"));
        let lines = rentree::plan::file::Reader::open(file).unwrap().map(Result::unwrap);
        lines
            .filter_map(|line| match line {
                rentree::plan::Line::Change(c) if c.kind == rentree::plan::ChangeKind::Create => Some(c.dn.to_string()),
                _ => None,
            })
            .collect::<BTreeSet<String>>()
    };
    let again = installation.run(&["plan", "--json", "--today", DAY]).json();
    assert_eq!(shown(&again), shown(&planned));
}

#[test]
fn an_old_copy_is_refused_and_recovered() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 80, 0, false);
    installation.sync(&["--today", DAY], 0);
    let backup = copy(&installation);
    installation.simulate(2, 80, 40, false);
    assert!(installation.sync(&["--today", DAY], 0)["accounts"]["created"].as_u64().unwrap() > 0);
    let before = people(&slapd);
    let given = names(&before);
    bring_back(&installation, &backup);

    let told = refused(&installation, "sync");
    assert!(told.contains("generation"), "{told}");
    // Where the whole folder was brought back, the mark is old too: the directory's own names tell.
    std::fs::remove_file(installation.home().join("rentree.generation")).unwrap();
    installation.simulate(2, 80, 55, false);
    let told = refused(&installation, "sync");
    assert!(told.contains("does not know it"), "{told}");
    assert_eq!(people(&slapd), before);

    let answer = installation.run(&["recover", "--json"]);
    assert_eq!(answer.code, 0, "{}\n{}", answer.stderr, answer.stdout);
    let recovered = answer.json();
    assert!(recovered["accounts_new"].as_u64().unwrap() > 0, "{recovered}");
    assert_eq!(recovered["conflicts"].as_array().unwrap().len(), 0, "{recovered}");
    installation.sync(&["--today", DAY], 0);
    let now = people(&slapd);
    let fresh: Vec<Entry> = now.iter().filter(|e| !before.iter().any(|b| b.dn == e.dn)).cloned().collect();
    assert!(names(&fresh).is_disjoint(&given));
    let mut uids: Vec<_> = now.iter().map(|e| e.first("uid").unwrap()).collect();
    uids.sort_unstable();
    let all = uids.len();
    uids.dedup();
    assert_eq!(uids.len(), all);
    assert_eq!(installation.sync(&["--today", DAY], 0)["verdict"], "unchanged");
}

/// A sealed credential whose account has another password by now opens nothing: told, and ended.
#[test]
fn dead_envelopes_are_told_and_ended() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(1, 10, 0, false);
    installation.sync(&["--today", DAY], 0);
    let one = people(&slapd).remove(0);
    slapd.modify(&format!("dn: {}\nchangetype: modify\nreplace: userPassword\nuserPassword: choisi\n", one.dn));
    let key = one.first("ENTPersonJointure").unwrap();
    let told = installation.run(&["recover", "--dry-run", "--json"]).json();
    assert_eq!(told["dead_envelopes"], serde_json::json!([key]), "{told}");
    let live = || installation.run(&["credentials", "status", "--json"]).stdout;
    let before = live();
    assert_eq!(installation.run(&["recover"]).code, 0);
    assert_ne!(live(), before);
    let told = installation.run(&["recover", "--dry-run", "--json"]).json();
    assert_eq!(told["dead_envelopes"], serde_json::json!([]), "{told}");
}
