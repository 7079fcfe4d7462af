//! Nights of differences, as an academy sends them between two complete sets.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rentree::simulate::Options;

use crate::support::program::Installation;

/// The text of a complete set.
fn complete(installation: &Installation) -> String {
    let files = std::fs::read_dir(installation.feed()).unwrap();
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

/// Whether a complete set has a person.
fn has(set: &str, join_key: &str) -> bool {
    let (_, id) = join_key.split_once('$').unwrap();
    set.contains(&format!("<id>{id}</id>"))
}

/// What two installations can agree on when one saw every night and the other the `first` and the `last` set. Whoever
/// has left keeps what the last export told of him, which may be a night that the other never saw: his entry and his
/// memberships only. Whoever came and went in between is known to one of them: nothing.
fn agreed(
    entries: BTreeSet<(String, BTreeSet<String>)>,
    first: &str,
    last: &str,
) -> BTreeSet<(String, BTreeSet<String>)> {
    let key_in = |text: &str| {
        let key = &text[text.find("key=")? + "key=".len()..];
        Some(key[..key.find(',')?].to_owned())
    };
    let known = |text: &str| key_in(text).is_none_or(|key| has(first, &key) || has(last, &key));
    let told = |(name, mut values): (String, BTreeSet<String>)| {
        values.retain(|value| known(value));
        if name.starts_with("key=") && key_in(&name).is_some_and(|key| !has(last, &key)) {
            values.clear();
        }
        (name, values)
    };
    entries.into_iter().filter(|(name, _)| known(name)).map(told).collect()
}

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

/// From one directory and register, some nights of differences and the complete set of the last day give the same
/// attributes, memberships and stages: what differs, and how many entries there are.
fn differing(seed: u64, days: u32, step: u32) -> (Vec<(String, BTreeSet<String>)>, usize) {
    let chain = Installation::embedded();
    let academy = |installation: &Installation, day, delta| {
        Installation::write(&Options { seed, delta, ..installation.academy(2, 120, day) });
    };
    academy(&chain, 0, false);
    let first = complete(&chain);
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
    let last = complete(&whole);
    whole.sync(&["--today", &today], 0);
    let [chain, whole] = [chain, whole].map(|of| agreed(directory(&of), &first, &last));
    (chain.symmetric_difference(&whole).cloned().collect(), whole.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn differences_and_the_complete_set_agree(seed: u64, days in 1_u32..8, step in 1_u32..3) {
        let (differing, entries) = differing(seed, days, step);
        prop_assert!(entries > 200, "{entries}");
        prop_assert!(differing.is_empty(), "{differing:#?}");
    }
}

#[test]
fn a_pupil_who_changed_and_then_left_keeps_what_his_last_night_told() {
    let seed = 14_282_826_901_226_661_407;
    let (differing, _) = differing(seed, 2, 1);
    assert!(differing.is_empty(), "{differing:#?}");
    let installation = Installation::embedded();
    for day in 0..=2 {
        Installation::write(&Options { seed, delta: day > 0, ..installation.academy(2, 120, day) });
        installation.sync(&["--today", &format!("2026-09-0{}", day + 1)], 0);
    }
    let entries = installation.entries();
    let pupil = entries.iter().find(|e| e.texts("ENTPersonJointure").any(|key| key == "AC-TEST$2000046")).unwrap();
    // Half board until the night of 1 September; the night after, he has left.
    assert_eq!(pupil.texts("ENTEleveRegime").collect::<Vec<_>>(), ["EXTERNE LIBRE"]);
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
