//! The hours of writing: outside of them nothing is written, and a run that goes beyond them stops between two batches.

use jiff::{SignedDuration, Zoned};

use crate::support::people;
use crate::support::program::Installation;
use crate::support::slapd::Slapd;

#[expect(clippy::disallowed_methods, reason = "the program goes by the clock of the machine, and so must its test")]
fn in_seconds(seconds: i64) -> String {
    (Zoned::now() + SignedDuration::from_secs(seconds)).strftime("%H:%M:%S").to_string()
}

fn rewrite(installation: &Installation, from: &str, to: &str) {
    let text = std::fs::read_to_string(installation.config()).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(installation.config(), text.replace(from, to)).unwrap();
}

#[test]
fn outside_of_the_hours_nothing_is_written() {
    let slapd = Slapd::start();
    let window = format!("write_window = \"{}-{}\"\n", in_seconds(3_600), in_seconds(7_200));
    let installation = Installation::with(&format!("{}{window}", slapd.toml()));
    installation.simulate(2, 60, 0, false);
    let night = installation.sync(&[], 3);
    assert_eq!(night["verdict"], "held");
    assert_eq!(night["stopped"]["why"], "hours", "{night}");
    assert_eq!(night["changes"]["done"], 0);
    assert!(night["changes"]["not_done"].as_u64().unwrap() > 100, "{night}");
    assert!(people(&slapd).is_empty());

    // A plan waits too, and is as good afterwards.
    let plan = installation.home().join("waits.plan");
    let file = plan.to_str().unwrap();
    assert_eq!(installation.run(&["plan", "--out", file]).code, 0);
    let answer = installation.run(&["apply", file]);
    assert_eq!(answer.code, 3, "{}", answer.stderr);
    assert!(answer.stdout.contains("hors de la fenêtre d'écriture"), "{}", answer.stdout);
    assert!(people(&slapd).is_empty());
    let answer = installation.run(&["apply", file, "--now", "--json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(answer.json()["changes"]["not_done"], 0);
    assert!(people(&slapd).len() > 60);
    assert_eq!(installation.sync(&["--now"], 0)["verdict"], "unchanged");
    // With nothing to write the hours do not matter.
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
}

#[test]
fn a_run_stops_when_the_hours_end_and_the_next_one_goes_on() {
    let slapd = Slapd::start();
    let installation =
        Installation::with(&format!("{}write_window = \"WINDOW\"\nwrites_per_second = 40\nburst = 1\n", slapd.toml()));
    installation.simulate(3, 300, 0, false);
    // Long enough for a slow machine to begin, not for all that there is to write.
    let window = format!("{}-{}", in_seconds(-60), in_seconds(12));
    rewrite(&installation, "WINDOW", &window);
    let night = installation.sync(&[], 3);
    assert_eq!(night["stopped"]["why"], "hours", "{night}");
    let (done, not_done) = (night["changes"]["done"].as_u64().unwrap(), night["changes"]["not_done"].as_u64().unwrap());
    assert!(done > 0 && not_done > 0, "{night}");
    assert_eq!((&night["changes"]["failed"], &night["changes"]["unknown"]), (&0.into(), &0.into()), "{night}");

    rewrite(&installation, &format!("write_window = \"{window}\"\n"), "");
    rewrite(&installation, "writes_per_second = 40\nburst = 1\n", "");
    let next = installation.sync(&[], 0);
    assert_eq!(next["changes"]["done"].as_u64().unwrap(), not_done, "{next}");
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
}

#[test]
fn a_window_that_is_none_is_refused_with_its_line() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    rewrite(&installation, "kind = \"ldap\"\n", "kind = \"ldap\"\nwrite_window = \"la nuit\"\n");
    let answer = installation.run(&["sync"]);
    assert_eq!(answer.code, 64, "{}", answer.stderr);
    assert!(answer.stderr.contains("22:00-06:00"), "{}", answer.stderr);
}
