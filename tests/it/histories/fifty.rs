//! Fifty schools, one unattended night, everything that can be doubtful at once: what is sure is carried out, what is
//! doubtful waits with a reason that a secretary understands, and each decision does what it showed, no more.

use std::collections::{BTreeMap, BTreeSet};

use rentree::plan::file::Reader;
use rentree::plan::{Change, Line, Marks, MarksDiffer};
use serde_json::Value;

use super::judge::store;
use crate::support::academy::{pupils, remove_pupils, rename_classes, rewrite};
use crate::support::program::Installation;

const SCHOOLS: u32 = 50;
const PUPILS: u32 = 1_250;
/// In the midst of the year: nothing explains anything.
const DAY: [&str; 2] = ["--today", "2026-11-10"];

/// Entries of the pupils whom `which` accepts by their join key, without what is drawn.
fn entries_of(
    installation: &Installation,
    which: impl Fn(&str) -> bool,
) -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let mut found = BTreeMap::new();
    for entry in installation.entries() {
        let Some(key) = entry.texts("ENTPersonJointure").next().filter(|key| which(key)) else { continue };
        let told = entry.attributes.iter().filter(|(name, _)| {
            // Names are drawn, and relatives are named by theirs.
            ![
                "uid",
                "ENTPersonLogin",
                "ENTPersonGARIdentifiant",
                "userPassword",
                "ENTElevePersRelEleve",
                "ENTEleveAdresseRel",
            ]
            .contains(&name.as_str())
        });
        let told = told.map(|(name, values)| (name.clone(), values.iter().map(|v| format!("{v:?}")).collect()));
        found.insert(key.to_owned(), told.collect());
    }
    found
}

/// The same pupil under another key, as a second record of whoever is known already.
fn rekey(request: &str, number: usize, more: impl Fn(String) -> String) -> String {
    let start = request.find("<id>").unwrap() + 4;
    let key = &request[start..start + request[start..].find("</id>").unwrap()];
    more(request.replacen(key, &format!("990{number:04}"), 2))
}

fn set(request: &str, attribute: &str, value: &str) -> String {
    let Some(start) = request.find(&format!("name=\"{attribute}\"")) else { return request.to_owned() };
    let from = start + request[start..].find('>').unwrap() + 1;
    let to = from + request[from..].find("</attr>").unwrap();
    format!("{}<value>{value}</value>{}", &request[..from], &request[to..])
}

/// What the last night carried out.
async fn carried_out(installation: &Installation) -> Vec<Change> {
    let plan = store(installation).await.last_plan().await.unwrap().unwrap();
    Reader::open(std::path::Path::new(&plan.file))
        .unwrap()
        .filter_map(|line| match line.unwrap() {
            Line::Change(change) => Some(*change),
            _ => None,
        })
        .collect()
}

fn decide(installation: &Installation, verb: &str, id: &str) -> i32 {
    let answer = installation.run(&["holds", verb, id, "--why", "vu avec l'établissement"]);
    assert!([0, 5].contains(&answer.code), "{}", answer.stderr);
    answer.code
}

fn shown(installation: &Installation, id: &str) -> Vec<Change> {
    let answer = installation.run(&["holds", "show", id, "--json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    serde_json::from_value(answer.json()["changes"].clone()).unwrap()
}

fn holds(night: &Value) -> Vec<(String, String, Option<String>, String)> {
    let text = |hold: &Value, key: &str| hold[key].as_str().map(str::to_owned);
    let all = night["holds"].as_array().unwrap().iter();
    all.filter(|hold| hold["discarded"].is_null())
        .map(|hold| {
            let must = |key| text(hold, key).unwrap();
            (must("id"), must("reason"), text(hold, "school"), must("message"))
        })
        .collect()
}

#[tokio::test]
async fn everything_doubtful_at_once() {
    let installation = Installation::embedded();
    let feed = installation.feed();
    installation.simulate(SCHOOLS, PUPILS, 0, false);
    let all = pupils(&feed);
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, school) in &all {
        *sizes.entry(school).or_default() += 1;
    }
    let mut schools: Vec<(usize, &str)> = sizes.into_iter().map(|(school, size)| (size, school)).collect();
    schools.sort_unstable();
    let [.., (_, renamed), (_, halved)] = schools.as_slice() else { unreachable!() };
    let (renamed, halved) = (&(*renamed).to_owned(), &(*halved).to_owned());
    let others: Vec<&(String, String)> = all.iter().filter(|(_, s)| s != halved && s != renamed).collect();
    let odd: Vec<String> = others.iter().step_by(37).take(11).map(|(key, _)| key.clone()).collect();
    let is = |request: &str, key: &str| request.contains(&format!("<id>{key}</id>"));
    rewrite(&feed, "Eleve", |r| is(r, &odd[10]), |request| set(request, "ENTEleveINE", "123456789HK"));
    installation.sync(&DAY, 0);
    let good = installation.twin();

    installation.simulate(SCHOOLS, PUPILS, 3, false);
    let all = pupils(&feed);
    let others: Vec<&(String, String)> = all.iter().filter(|(_, s)| s != halved && s != renamed).collect();
    let half: Vec<String> = all.iter().filter(|(_, s)| s == halved).step_by(2).map(|(key, _)| key.clone()).collect();
    assert!(half.len() > 10);
    remove_pupils(&feed, &half);
    rename_classes(&feed, renamed, usize::MAX);
    // Ten whom names and birth date alone recognise, under keys that nobody knows; one whose number says who he is and
    // whose birth date says the contrary. None of them in the doubtful schools.
    for (number, key) in odd.iter().enumerate() {
        rewrite(
            &feed,
            "Eleve",
            |r| is(r, key),
            |request| {
                rekey(request, number, |request| match number {
                    10 => set(&set(&request, "ENTEleveINE", "123456789HK"), "ENTPersonDateNaissance", "29/02/2012"),
                    _ => set(&request, "ENTEleveINE", ""),
                })
            },
        );
    }
    let lost: Vec<_> = std::fs::read_dir(&feed)
        .unwrap()
        .map(|f| f.unwrap().path())
        .filter(|p| p.to_string_lossy().contains("_PersRelEleve_"))
        .collect();
    assert!(!lost.is_empty());
    for file in lost {
        std::fs::remove_file(file).unwrap();
    }
    let before = installation.entries();

    // The unattended night.
    let night = installation.sync(&DAY, 3);
    assert!(night["findings"]["blocking"].as_u64().unwrap() >= 1, "the missing file is said: {}", night["findings"]);
    let found = holds(&night);
    for (_, reason, school, message) in &found {
        println!("{reason} {school:?}: {message}");
    }
    let persons: Vec<_> = found.iter().filter(|(_, reason, ..)| reason == "ambiguous").collect();
    assert_eq!(persons.len(), 11, "{found:#?}");
    let schools: BTreeSet<_> =
        found.iter().filter(|(_, r, ..)| r != "ambiguous").map(|(_, _, s, _)| s.clone()).collect();
    assert_eq!(schools.len(), 2, "{found:#?}");
    assert!(found.iter().all(|(.., message)| message.len() > 40 && message.contains(' ')));

    // The good schools are as they would be if nothing had been wrong.
    good.simulate(SCHOOLS, PUPILS, 3, false);
    good.sync(&DAY, 0);
    let sure: BTreeSet<String> =
        others.iter().filter(|(key, _)| !odd.contains(key)).map(|(key, _)| format!("AC-TEST${key}")).collect();
    let (theirs, ours) = (entries_of(&good, |k| sure.contains(k)), entries_of(&installation, |k| sure.contains(k)));
    assert_eq!(theirs.len(), sure.len());
    let differing: Vec<_> = theirs.iter().filter(|(key, entry)| ours.get(*key) != Some(entry)).take(3).collect();
    assert!(differing.is_empty(), "{differing:#?}");
    // Nobody was created for the doubtful, nobody left.
    let people = |entries: &[rentree::directory::Entry]| entries.iter().filter(|e| e.first("uid").is_some()).count();
    let after = installation.entries();
    assert!(people(&after) >= people(&before));
    assert!(!after.iter().any(|e| e.texts("ENTPersonJointure").any(|key| key.contains("$990"))));

    // One decision after the other: what was shown, and no more.
    let mut open = found.clone();
    let mut releases = 0;
    while let Some((id, reason, ..)) = open.pop() {
        let changes = shown(&installation, &id);
        // The school that lost half is set aside, the renamed classes go on; who is ambiguous cannot be released.
        let release = reason != "suspend_limit";
        if release && decide(&installation, "release", &id) == 0 {
            let code = if open.is_empty() { 0 } else { 3 };
            let answer = installation.run(&["sync", "--json", DAY[0], DAY[1]]);
            assert!([code, 3].contains(&answer.code), "{}", answer.stderr);
            let done = carried_out(&installation).await;
            // Another hold may keep some of them.
            let (done, shown) = (Marks::of(&done), Marks::of(&changes));
            assert_eq!(done.beside(&shown), MarksDiffer::default(), "{reason}");
            releases += 1;
        } else {
            assert_eq!(decide(&installation, "discard", &id), 0, "{reason}");
            if open.len() == 6 {
                let entries = installation.entries();
                let night = installation.run(&["sync", "--json", DAY[0], DAY[1]]).json();
                assert_eq!(night["changes"]["done"], 0, "{reason}: {night}");
                assert!(holds(&night).iter().all(|(asked, ..)| *asked != id), "{reason} asks again");
                assert_eq!(installation.entries(), entries, "{reason}");
            }
        }
    }
    assert!(releases >= 1);
    let last = installation.sync(&DAY, 0);
    assert_eq!(last["verdict"], "unchanged", "{last}");
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}
