//! One case per row of what administrators expect: a small academy, what becomes of it, and the lines of the plan that
//! come of it, as they are read.

mod families;
mod leaving;
mod moving;
mod odd;
mod year;

use std::path::Path;

use jiff::civil::Date;
use rentree::plan::Line;
use rentree::plan::file::Reader;

use super::academy::{Academy, write_complete, write_delta};
use super::dice::Dice;
use super::judge::store;
use crate::support::program::Installation;

/// What becomes of the academy.
type Turn = fn(&mut Academy);

#[derive(Clone, Copy)]
struct Case {
    what: &'static str,
    /// Nights that were carried out before.
    earlier: &'static [(&'static str, Turn)],
    day: &'static str,
    turn: Turn,
    /// Delivered as the difference to the night before.
    delta: bool,
    /// What becomes of the delivery on that day.
    mishap: fn(&Path),
    /// The plan that is asked for.
    verb: &'static str,
    /// Lines for the end of the configuration.
    settings: &'static str,
}

const fn case(what: &'static str, day: &'static str, turn: Turn) -> Case {
    Case { what, earlier: &[], day, turn, delta: false, mishap: |_| (), verb: "plan", settings: "" }
}

/// A pupil with two relatives, always the same one.
fn first(academy: &Academy) -> u32 {
    *academy.pupils.iter().find(|(_, pupil)| pupil.relatives.len() == 2).unwrap().0
}

fn alter(folder: &Path, category: &str, change: impl Fn(String) -> String) {
    for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if file.to_string_lossy().contains(category) {
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(&file, change(text)).unwrap();
        }
    }
}

/// The plan of a night in lines: what is held and why, what is done with whom.
fn lines(installation: &Installation, runtime: &tokio::runtime::Runtime) -> String {
    let plan = runtime.block_on(async { store(installation).await.last_plan().await.unwrap().unwrap() });
    let mut lines = Vec::new();
    for line in Reader::open(std::path::Path::new(&plan.file)).unwrap() {
        let (held, change) = match line.unwrap() {
            Line::Hold(hold) => {
                lines.push(format!("hold {}: {}", hold.id, hold.message));
                continue;
            }
            Line::Held { change, .. } => ("held ", change),
            Line::Change(change) => ("", change),
            Line::Header(_) | Line::Seal(_) => continue,
        };
        let kind = serde_json::to_value(change.kind).unwrap();
        let note = change.note.as_deref().map(|note| format!(" — {note}")).unwrap_or_default();
        let expected = if change.expected { " (expected)" } else { "" };
        lines.push(format!("{held}{} {}{note}{expected}", kind.as_str().unwrap(), change.subject.name));
    }
    lines.join("\n")
}

fn told(installation: &Installation, runtime: &tokio::runtime::Runtime, before: &Academy, case: &Case) -> String {
    let mut academy = before.clone();
    let deliver = |academy: &Academy, day: &str| {
        let date: Date = day.parse().unwrap();
        write_complete(&installation.feed(), date, &academy.records());
    };
    if !case.settings.is_empty() {
        let text = std::fs::read_to_string(installation.config()).unwrap();
        std::fs::write(installation.config(), format!("{text}\n{}\n", case.settings)).unwrap();
    }
    for (day, turn) in case.earlier {
        turn(&mut academy);
        deliver(&academy, day);
        let night = installation.run(&["sync", "--json", "--today", day]);
        assert!([0, 3].contains(&night.code), "{} on {day}: {}", case.what, night.stderr);
    }
    let was = academy.records();
    (case.turn)(&mut academy);
    if case.delta {
        write_delta(&installation.feed(), case.day.parse().unwrap(), &was, &academy.records());
    } else {
        deliver(&academy, case.day);
    }
    (case.mishap)(&installation.feed());
    let answer = installation.run(&[case.verb, "--json", "--today", case.day]);
    assert!([0, 3].contains(&answer.code), "{}: {}", case.what, answer.stderr);
    let findings: Vec<String> = answer.json()["findings"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(severity, count)| *severity != "information" && **count != 0)
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    format!("{}\n\n{}\n\nfindings: {}", case.what, lines(installation, runtime), findings.join(", "))
}

#[test]
fn each_case_gives_its_plan() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let before = Academy::found(&mut Dice::new(5, 0));
    let base = Installation::embedded();
    write_complete(&base.feed(), "2026-09-01".parse().unwrap(), &before.records());
    base.sync(&["--today", "2026-09-01"], 0);
    let cases = [&families::CASES[..], &leaving::CASES, &moving::CASES, &odd::CASES, &year::CASES].concat();
    for case in &cases {
        let text = told(&base.twin(), &runtime, &before, case);
        insta::assert_snapshot!(case.what.replace([' ', ',', '\''], "_"), text);
    }
}
