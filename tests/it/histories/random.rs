//! Random lives of small academies: after every step, everything that must hold does.
//!
//! `RENTREE_HISTORIES=n` lives n of them instead of the usual few; `RENTREE_HISTORY=seed:steps` the one that a failure
//! printed. A history that fails is shortened first: steps that it does not need are left out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::dice::Dice;
use super::life::Life;

/// Histories of an ordinary run, and the steps of each after its first night.
const HISTORIES: u64 = 8;
const STEPS: u64 = 8;

/// How long a failing history is shortened.
const SHORTENING: Duration = Duration::from_secs(30);

/// Lives these steps of a history; on failure, what happened and what is wrong.
fn live(seed: u64, steps: &[u64]) -> Result<(), String> {
    let mut words = Vec::new();
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let mut life = Life::begin(seed)?;
        words.clone_from(&life.words);
        for step in steps {
            let outcome = life.step(&mut Dice::new(seed, *step));
            words.clone_from(&life.words);
            outcome?;
        }
        Ok(())
    }));
    let wrong = match lived {
        Ok(Ok(())) => {
            if std::env::var_os("RENTREE_HISTORY").is_some() {
                std::io::Write::write_all(&mut std::io::stdout(), words.join("\n").as_bytes()).unwrap();
            }
            return Ok(());
        }
        Ok(Err(wrong)) => wrong,
        Err(panic) => panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default(),
    };
    let list: Vec<String> = steps.iter().map(ToString::to_string).collect();
    let words = words.join("\n  ");
    Err(format!("\n  {words}\n→ {wrong}\n(RENTREE_HISTORY={seed}:{})", list.join(",")))
}

/// Leaves out the steps without which it still fails.
fn shorten(seed: u64, steps: Vec<u64>, mut failure: String) -> String {
    let started = Instant::now();
    let mut needed = steps;
    let mut at = 0;
    while at < needed.len() && started.elapsed() < SHORTENING {
        let mut fewer = needed.clone();
        fewer.remove(at);
        match live(seed, &fewer) {
            Err(still) => (needed, failure) = (fewer, still),
            Ok(()) => at += 1,
        }
    }
    failure
}

#[test]
fn whatever_happens_everything_holds() {
    if let Ok(one) = std::env::var("RENTREE_HISTORY") {
        let (seed, steps) = one.split_once(':').unwrap();
        let steps: Vec<u64> = steps.split(',').filter(|s| !s.is_empty()).map(|s| s.parse().unwrap()).collect();
        return live(seed.parse().unwrap(), &steps).unwrap_or_else(|failure| panic!("{failure}"));
    }
    let many = std::env::var("RENTREE_HISTORIES").map_or(HISTORIES, |n| n.parse().unwrap());
    let first = std::env::var("RENTREE_FIRST").map_or(1, |n| n.parse().unwrap());
    let seeds = std::sync::Mutex::new(first..first + many);
    let failures = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(seed) = seeds.lock().unwrap().next() else { break };
                    let steps: Vec<u64> = (1..=STEPS).collect();
                    if let Err(failure) = live(seed, &steps) {
                        let failure = shorten(seed, steps, failure);
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {many} histories fail:\n{}", failures.len(), failures.join("\n"));
}
