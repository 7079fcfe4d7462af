//! A few newcomers on an ordinary night: their names come from the register, and the directory, read once, has the last
//! word.

use std::collections::BTreeSet;

use rentree::directory::{Entry, ldif};

use crate::support::program::Installation;
use crate::support::slapd::Slapd;
use crate::support::{SUFFIX, dn};

const DAYS: [&str; 2] = ["--today", "2026-10-01"];

fn logins(installation: &Installation) -> BTreeSet<String> {
    let entries = installation.entries();
    entries.iter().filter_map(|entry: &Entry| entry.first("ENTPersonLogin")).map(str::to_owned).collect()
}

/// Logins that the nights until `day` give, where nobody else is.
fn expected(schools: u32, pupils: u32, day: u32) -> Vec<String> {
    let alone = Installation::embedded();
    alone.simulate(schools, pupils, 0, false);
    alone.sync(&DAYS, 0);
    let before = logins(&alone);
    alone.simulate(schools, pupils, day, false);
    alone.sync(&DAYS, 0);
    logins(&alone).difference(&before).cloned().collect()
}

fn foreign(name: &str) -> String {
    format!("dn: uid={name},ou=people,{SUFFIX}\nobjectClass: account\nuid: {name}\n\n")
}

#[test]
fn a_name_that_somebody_unknown_bears_is_given_to_nobody() {
    let newcomers = expected(3, 240, 20);
    let [taken, beside, ..] = newcomers.as_slice() else { panic!("too few newcomers: {newcomers:?}") };
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(3, 240, 0, false);
    installation.sync(&DAYS, 0);
    let before = logins(&installation);
    // One bears the very name in capitals, the other that of a homonym who may have come before.
    slapd.add(&foreign(&taken.to_uppercase()));
    slapd.add(&foreign(&format!("{beside}41")));
    installation.simulate(3, 240, 20, false);
    let answer = installation.sync(&[&DAYS[..], &["--accept-foreign"]].concat(), 0);
    assert_eq!(answer["accounts"]["created"], newcomers.len(), "{answer}");
    let given: BTreeSet<String> = logins(&installation).difference(&before).cloned().collect();
    assert!(!given.contains(taken), "{given:?}");
    assert!(given.iter().any(|login| login.starts_with(taken.as_str())), "{given:?}");
    // A name that is free is not refused because a homonym is there; the ones of all the others are as expected.
    let others = |logins: &mut dyn Iterator<Item = &String>| -> BTreeSet<String> {
        logins.filter(|login| !login.starts_with(taken.as_str())).cloned().collect()
    };
    assert_eq!(others(&mut given.iter()), others(&mut newcomers.iter()));
    installation.sync(&[&DAYS[..], &["--accept-foreign"]].concat(), 0);
}

#[test]
fn a_newcomer_who_is_there_already_is_taken_over() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(3, 240, 0, false);
    installation.sync(&DAYS, 0);
    let twin = Installation::embedded();
    twin.simulate(3, 240, 0, false);
    twin.sync(&DAYS, 0);
    let before = logins(&twin);
    twin.simulate(3, 240, 20, false);
    twin.sync(&DAYS, 0);
    let entries = twin.entries();
    let newcomer = entries
        .iter()
        .find(|e| e.first("ENTEleveINE").is_some() && !before.contains(e.first("ENTPersonLogin").unwrap()))
        .expect("a pupil who came with an INE");
    let mut there = newcomer.clone();
    there.dn = dn(&format!("uid=venu-d-ailleurs,ou=people,{SUFFIX}"));
    for (name, value) in [
        ("uid", "venu-d-ailleurs"),
        ("ENTPersonLogin", "venu-d-ailleurs"),
        ("ENTPersonJointure", "OTHER$1"),
        ("userPassword", "own"),
    ] {
        there.attributes.retain(|(n, _)| n != name);
        there.push(name, [value]);
    }
    let mut text = Vec::new();
    ldif::write_entry(&mut text, &there).unwrap();
    slapd.add(&String::from_utf8(text).unwrap());
    installation.simulate(3, 240, 20, false);
    let answer = installation.sync(&DAYS, 0);
    assert_eq!(answer["adopted"], 1, "{answer}");
    let now = logins(&installation);
    assert!(now.contains("venu-d-ailleurs") && !now.contains(newcomer.first("ENTPersonLogin").unwrap()), "{now:?}");
    installation.sync(&DAYS, 0);
}
