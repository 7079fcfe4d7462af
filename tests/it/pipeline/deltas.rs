//! Nights of differences, as an academy sends them between two complete sets.

use crate::support::program::Installation;

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
