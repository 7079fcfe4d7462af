//! What the machine does to a night: a clock that jumps, a store that cannot be written, a disk that is full, a second
//! run beside it. Nothing is lost, and the next night goes on.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::program::{Answer, Installation};

const DAY: [&str; 3] = ["--json", "--today", "2026-09-10"];

fn with(day: &str) -> [&str; 4] {
    ["sync", "--json", "--today", day]
}

fn night(installation: &Installation, day: &str) -> serde_json::Value {
    installation.sync(&with(day)[2..], 0)
}

/// The program in a shell that begins with `prepare` before its command line.
fn in_shell(installation: &Installation, prepare: &str) -> Answer {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{prepare} \"$0\" \"$@\"")]).arg(env!("CARGO_BIN_EXE_rentree"));
    command.arg("--config").arg(installation.config()).arg("sync").args(DAY);
    command.output().unwrap().into()
}

/// A day back and a year forward: nobody leaves whom the exports name, and nobody is given anything twice.
#[test]
fn a_clock_that_goes_back_and_forward() {
    let installation = Installation::embedded();
    installation.simulate(2, 60, 0, false);
    night(&installation, "2026-09-10");
    let before = installation.entries();
    let (key, _) = crate::support::academy::pupils(&installation.feed()).pop().unwrap();
    for day in ["2026-09-09", "2027-06-10", "2026-09-10"] {
        let again = night(&installation, day);
        assert_eq!(again["accounts"]["created"], 0, "{day}: {again}");
        assert_eq!(again["departures"]["absent"], 0, "{day}: {again}");
        assert_eq!(again["departures"]["suspended"], 0, "{day}: {again}");
    }
    assert_eq!(installation.entries(), before);
    // Absent since a day that has not come yet: not suspended before its time, and restored like anybody.
    crate::support::academy::remove_pupils(&installation.feed(), &[key]);
    let gone = night(&installation, "2026-10-10");
    assert!(gone["departures"]["absent"].as_u64().unwrap() >= 1, "{gone}");
    let back = night(&installation, "2026-10-09");
    assert_eq!(back["departures"], gone["departures"], "{back}");
    assert_eq!(back["changes"]["done"], 0, "{back}");
    installation.simulate(2, 60, 0, false);
    night(&installation, "2026-10-11");
    assert_eq!(installation.entries(), before);
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A store that may be read only: said, and nothing is written anywhere.
#[test]
fn a_store_that_cannot_be_written() {
    let installation = Installation::embedded();
    installation.simulate(1, 20, 0, false);
    night(&installation, "2026-09-10");
    let before = installation.entries();
    installation.simulate(1, 30, 1, false);
    let locked: Vec<_> = std::fs::read_dir(installation.home()).unwrap().map(|f| f.unwrap().path()).collect();
    let locked: Vec<_> = locked.iter().filter(|p| p.is_file() && p.to_string_lossy().contains("rentree.db")).collect();
    for path in &locked {
        chmod(path, 0o400);
    }
    // root writes what it may not: it gives up that right first.
    let root = rustix::process::geteuid().is_root();
    let answer = if root {
        in_shell(&installation, "exec setpriv --bounding-set=-dac_override --inh-caps=-all")
    } else {
        in_shell(&installation, "exec")
    };
    for path in &locked {
        chmod(path, 0o600);
    }
    assert_eq!(answer.code, 1, "{}\n{}", answer.stderr, answer.stdout);
    assert!(answer.stderr.contains("rentree.db"), "{}", answer.stderr);
    assert!(!answer.stderr.contains("panic"), "{}", answer.stderr);
    assert_eq!(installation.entries(), before);
    night(&installation, "2026-09-10");
    assert!(installation.entries().len() > before.len());
}

/// No file may grow beyond some size, from one that stops the reading to one that stops the writing: each time an error
/// that says so, or a night that is told to be partial, and with room again the same people and groups as if there had
/// always been some. Numbers of uids that were counted and not given may be missing.
#[test]
fn a_disk_that_is_full() {
    let wanted = Installation::embedded();
    wanted.simulate(2, 60, 0, false);
    night(&wanted, "2026-09-10");
    let installation = Installation::embedded();
    installation.simulate(2, 60, 0, false);
    // The schema is there; what follows needs room.
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
    let mut failed = 0;
    // In blocks of 512 bytes, as the shell counts.
    for blocks in [200, 400, 800, 1200, 1400, 1600, 1800, 2000, 2200, 2400] {
        // Without its signal the limit is an error of the write, as a full disk is.
        let answer = in_shell(&installation, &format!("trap '' XFSZ; ulimit -f {blocks}; exec"));
        assert!([0, 1, 4].contains(&answer.code), "{blocks}: {}\n{}", answer.code, answer.stderr);
        assert!(!answer.stderr.contains("panic"), "{blocks}: {}", answer.stderr);
        if answer.code == 1 {
            failed += 1;
            assert!(
                answer.stderr.to_lowercase().contains("full")
                    || answer.stderr.contains("too large")
                    || answer.stderr.contains("I/O"),
                "{blocks}: {}",
                answer.stderr
            );
        }
    }
    assert!(failed >= 2, "{failed}");
    night(&installation, "2026-09-10");
    let who = |installation: &Installation| -> std::collections::BTreeSet<String> {
        let name = |entry: &rentree::directory::Entry| match entry.first("ENTPersonJointure") {
            Some(key) => key.to_owned(),
            None => entry.dn.to_string(),
        };
        installation.entries().iter().map(name).collect()
    };
    assert_eq!(who(&installation), who(&wanted));
    assert_eq!(installation.entries().len(), wanted.entries().len());
    assert_eq!(night(&installation, "2026-09-10")["verdict"], "unchanged");
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

/// Of two runs that begin together one does the night and the other is told so; nothing is done twice.
#[test]
fn two_runs_at_once() {
    let installation = Installation::embedded();
    installation.simulate(2, 60, 0, false);
    let runs: Vec<_> = (0..3).map(|_| installation.command(&with("2026-09-10")).spawn().unwrap()).collect();
    let answers: Vec<Answer> = runs.into_iter().map(|run| run.wait_with_output().unwrap().into()).collect();
    let done: Vec<&Answer> = answers.iter().filter(|answer| answer.code == 0).collect();
    assert!(!done.is_empty());
    for answer in answers.iter().filter(|answer| answer.code != 0) {
        assert_eq!(answer.code, 6, "{}", answer.stderr);
    }
    let created: u64 = done.iter().map(|answer| answer.json()["accounts"]["created"].as_u64().unwrap()).sum();
    let accounts = installation.entries().iter().filter(|e| e.first("ENTPersonJointure").is_some()).count();
    assert_eq!(created, accounts as u64);
    assert_eq!(night(&installation, "2026-09-10")["verdict"], "unchanged");
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

/// Sheets are printed while a night creates more people: both end well, and what was printed opens its accounts.
#[cfg(feature = "letters")]
#[test]
fn printing_during_a_night() {
    let installation = Installation::embedded();
    installation.simulate(2, 40, 0, false);
    night(&installation, "2026-09-10");
    installation.simulate(2, 90, 1, false);
    let out = installation.home().join("sheets");
    let (key, folder) = (installation.key(), out.to_str().unwrap().to_owned());
    let mut runs = [
        installation.command(&["letters", "--profile", "pupil", "--out", &folder, "--key", key.to_str().unwrap()]),
        installation.command(&with("2026-09-11")),
    ]
    .map(|mut command| command.spawn().unwrap())
    .into_iter();
    let answers: Vec<Answer> = runs.by_ref().map(|run| run.wait_with_output().unwrap().into()).collect();
    for answer in &answers {
        assert!([0, 3].contains(&answer.code), "{}\n{}", answer.stderr, answer.stdout);
    }
    assert!(crate::support::program::printed(&out).len() >= 40);
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}
