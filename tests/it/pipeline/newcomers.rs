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

/// A pupil with an INE who comes with day 20, as the engine would write the entry.
fn newcomer() -> Entry {
    let alone = Installation::embedded();
    alone.simulate(3, 240, 0, false);
    alone.sync(&DAYS, 0);
    let before = logins(&alone);
    alone.simulate(3, 240, 20, false);
    alone.sync(&DAYS, 0);
    let is_new = |entry: &Entry| !before.contains(entry.first("ENTPersonLogin").unwrap());
    let mut entries = alone.entries().into_iter();
    entries.find(|entry| entry.first("ENTEleveINE").is_some() && is_new(entry)).expect("a pupil who came with an INE")
}

/// The account that another program gave to somebody: under names of its own.
fn of_another_program(somebody: &Entry) -> Entry {
    let mut there = somebody.clone();
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
    there
}

fn written(entry: &Entry) -> String {
    let mut text = Vec::new();
    ldif::write_entry(&mut text, entry).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn a_newcomer_who_is_there_already_is_taken_over() {
    let newcomer = newcomer();
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(3, 240, 0, false);
    installation.sync(&DAYS, 0);
    slapd.add(&written(&of_another_program(&newcomer)));
    installation.simulate(3, 240, 20, false);
    let answer = installation.sync(&DAYS, 0);
    assert_eq!(answer["adopted"], 1, "{answer}");
    let now = logins(&installation);
    assert!(now.contains("venu-d-ailleurs") && !now.contains(newcomer.first("ENTPersonLogin").unwrap()), "{now:?}");
    installation.sync(&DAYS, 0);
}

#[test]
fn a_newcomer_who_might_be_there_is_asked_about() {
    let newcomer = newcomer();
    let mut there = of_another_program(&newcomer);
    // Name and birth date agree, and nothing proves it.
    let proofs = ["ENTEleveINE", "ENTEleveNumeroSconet", "ENTPersonStructRattach"];
    there.attributes.retain(|(name, _)| !proofs.contains(&name.as_str()));
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(3, 240, 0, false);
    installation.sync(&DAYS, 0);
    slapd.add(&written(&there));
    installation.simulate(3, 240, 20, false);
    for _night in 0..2 {
        installation.sync(&[&DAYS[..], &["--accept-foreign"]].concat(), 3);
        let answer = installation.run(&["cases", "list", "--json"]).json();
        assert_eq!(answer.as_array().map(Vec::len), Some(1), "{answer}");
        assert!(answer.to_string().contains("venu-d-ailleurs"), "{answer}");
        let now = logins(&installation);
        assert!(!now.contains(newcomer.first("ENTPersonLogin").unwrap()), "{now:?}");
    }
}
