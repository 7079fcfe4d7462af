//! Nights of differences, as an academy sends them between two complete sets.

use crate::support::program::Installation;

/// The embedded directory after `nights`, written out; names are drawn in the order in which people come, so that those
/// who come the same night are compared by what they are.
fn people(installation: &Installation) -> usize {
    let answer = installation.run(&["export"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    answer.stdout.lines().filter(|line| line.starts_with("ENTPersonJointure:")).count()
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
    assert!(people(&installation) > 240);
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
