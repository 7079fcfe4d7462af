//! Nights of differences, as an academy sends them between two complete sets.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rentree::simulate::Options;

use crate::support::program::Installation;

/// Every entry by its name, with its attributes and members: people by their join key instead of the names drawn for
/// them, which depend on the night when they came, and without their secrets.
fn directory(installation: &Installation) -> BTreeSet<(String, BTreeSet<String>)> {
    let entries = installation.entries();
    let mut drawn: Vec<(String, String)> = Vec::new();
    for entry in &entries {
        if let (Some(key), Some(uid)) = (entry.texts("ENTPersonJointure").next(), entry.texts("uid").next()) {
            drawn.push((format!("uid={uid},"), format!("key={key},")));
        }
    }
    let drawn: BTreeMap<String, String> = drawn.into_iter().collect();
    // A value may name somebody anywhere in it (`4$uid=F260001,ou=people,…`).
    let by_key = |text: &str| match text.find("uid=") {
        Some(from) => {
            let to = text[from..].find(',').map_or(text.len(), |comma| from + comma + 1);
            let key = drawn.get(&text[from..to]).map_or(&text[from..to], String::as_str);
            format!("{}{key}{}", &text[..from], &text[to..])
        }
        None => text.to_owned(),
    };
    let names = ["uid", "ENTPersonLogin", "ENTPersonAlias", "ENTPersonGARIdentifiant", "userPassword"];
    let of = |entry: &rentree::directory::Entry| {
        let told = entry.attributes.iter().filter(|(name, _)| !names.iter().any(|n| name.eq_ignore_ascii_case(n)));
        told.flat_map(|(name, values)| values.iter().map(move |value| (name, value.as_text().unwrap_or_default())))
            .map(|(name, value)| format!("{name}: {}", by_key(value)))
            .collect()
    };
    entries.iter().map(|entry| (by_key(entry.dn.as_str()), of(entry))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    /// From one directory and register, some nights of differences and the complete set of the last day give the same
    /// attributes, memberships and stages.
    #[test]
    fn differences_and_the_complete_set_agree(seed: u64, days in 1_u32..8, step in 1_u32..3) {
        let chain = Installation::embedded();
        let academy = |installation: &Installation, day, delta| {
            Installation::write(&Options { seed, delta, ..installation.academy(2, 120, day) });
        };
        academy(&chain, 0, false);
        chain.sync(&["--today", "2026-09-01"], 0);
        let whole = chain.twin();
        let today = format!("2026-09-{:02}", days + 1);
        let mut day = 0;
        while day < days {
            for _ in 0..step.min(days - day) {
                day += 1;
                academy(&chain, day, true);
            }
            chain.sync(&["--today", &today], 0);
        }
        std::fs::remove_dir_all(whole.feed()).unwrap();
        academy(&whole, days, false);
        whole.sync(&["--today", &today], 0);
        let (chain, whole) = (directory(&chain), directory(&whole));
        prop_assert!(whole.len() > 200, "{}", whole.len());
        let differing: Vec<_> = chain.symmetric_difference(&whole).collect();
        prop_assert!(differing.is_empty(), "{differing:#?}");
    }
}

#[test]
fn every_night_is_its_difference_and_then_nothing() {
    let installation = Installation::embedded();
    installation.simulate(3, 240, 0, false);
    installation.sync(&["--today", "2026-09-01"], 0);
    for day in 1..=4 {
        installation.simulate_delta(3, 240, day);
        let today = format!("2026-09-{:02}", day + 1);
        let night = installation.sync(&["--today", &today], 0);
        assert!(night["read"]["Eleve"].as_u64().unwrap() < 240, "{night}");
        let again = installation.sync(&["--today", &today], 0);
        assert_eq!(again["verdict"], "unchanged", "day {day}: {again}");
        assert_eq!(again["read"]["Eleve"], 0);
    }
    // The complete set of that day has nothing to add: the nights brought all of it.
    installation.simulate(3, 240, 4, false);
    let night = installation.sync(&["--today", "2026-09-05"], 0);
    assert_eq!(night["verdict"], "unchanged", "{night}");
    let people = installation.entries().iter().filter(|e| e.texts("ENTPersonJointure").next().is_some()).count();
    assert!(people > 500, "{people}");
}

#[test]
fn a_difference_cut_in_half_changes_nothing() {
    let installation = Installation::embedded();
    installation.simulate(3, 240, 0, false);
    installation.sync(&["--today", "2026-09-01"], 0);
    installation.simulate_delta(3, 240, 9);
    crate::support::academy::truncate(&installation.feed(), "Eleve", 50);
    let night = installation.sync(&["--today", "2026-09-10"], 0);
    assert_eq!(night["verdict"], "unchanged", "{night}");
    assert!(night["findings"]["blocking"].as_u64().unwrap() >= 1, "{night}");
}
