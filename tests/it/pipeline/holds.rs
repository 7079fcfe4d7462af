//! What is held, decided, and then carried out: exactly what was shown, or nothing.

use std::path::Path;

use rentree::audit::{Actor, Trail};
use rentree::config::Config;
use rentree::directory::{Directory as _, Operation, Pace};
use rentree::plan::file::Reader;
use rentree::plan::{Change, Choice, Decider, Line, Marks, MarksDiffer, Ruling, RunId, rule};
use serde_json::Value;

use crate::support::academy::{is_of, pupils, remove_pupils, rename_classes, rewrite};
use crate::support::program::Installation;
use crate::support::slapd::Slapd;
use crate::support::{dn, people};

/// In the midst of the year: nothing explains anything.
const DAY: [&str; 2] = ["--today", "2026-11-10"];

fn night(installation: &Installation, code: i32) -> Value {
    installation.sync(&DAY, code)
}

/// The key of the first school, and every second of its pupils.
fn half_a_school(feed: &Path) -> (String, Vec<String>) {
    let all = pupils(feed);
    let school = all[0].1.clone();
    let half: Vec<String> = all.iter().filter(|(_, s)| *s == school).step_by(2).map(|(key, _)| key.clone()).collect();
    assert!(half.len() > 10);
    (school, half)
}

/// A change that is kept back, and by which holds.
type Kept = (Vec<String>, Change);

/// Changes and held changes of a dry run, which ends with this code.
fn plan(installation: &Installation, name: &str, code: i32) -> (Value, Vec<Change>, Vec<Kept>) {
    let file = installation.home().join(name);
    let mut arguments = vec!["plan", "--json", "--out", file.to_str().unwrap()];
    arguments.extend(DAY);
    let answer = installation.run(&arguments);
    assert_eq!(answer.code, code, "{}\n{}", answer.stderr, answer.stdout);
    let (mut changes, mut held) = (Vec::new(), Vec::new());
    for line in Reader::open(&file).unwrap() {
        match line.unwrap() {
            Line::Change(change) => changes.push(*change),
            Line::Held { hold, also, change } => held.push(([vec![hold], also].concat(), *change)),
            _ => {}
        }
    }
    (answer.json(), changes, held)
}

fn decide(installation: &Installation, arguments: &[&str]) -> Value {
    let mut all = vec!["holds"];
    all.extend(arguments);
    all.extend(["--why", "vu avec l'établissement", "--json"]);
    let answer = installation.run(&all);
    assert_eq!(answer.code, 0, "{}\n{}", answer.stderr, answer.stdout);
    answer.json()
}

fn ids(night: &Value) -> Vec<String> {
    night["holds"].as_array().unwrap().iter().map(|hold| hold["id"].as_str().unwrap().to_owned()).collect()
}

fn configure(installation: &Installation, more: &str) {
    let text = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), format!("{text}\n{more}\n")).unwrap();
}

/// The centre of it all: whatever is held for a reason, `holds show` shows; released, the next plan holds exactly that
/// and what it held before; the night after has nothing left.
fn released_is_what_was_shown(installation: &Installation, reason: &str) {
    let (before, going, held) = plan(installation, "before.plan", 3);
    let holds = before["holds"].as_array().unwrap();
    assert!(holds.iter().any(|hold| hold["reason"] == reason), "{reason}: {before}");
    let ids = ids(&before);
    for id in &ids {
        let answer = installation.run(&["holds", "show", id, "--json"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let shown: Vec<Change> = serde_json::from_value(answer.json()["changes"].clone()).unwrap();
        let of: Vec<&Change> = held.iter().filter(|(by, _)| by.contains(id)).map(|(_, change)| change).collect();
        assert!(!shown.is_empty(), "{id}");
        assert_eq!(Marks::of(&shown), Marks::of(of), "{id}");
        assert_eq!(answer.json()["digest"], Marks::of(&shown).digest(), "{id}");
        let text = installation.run(&["holds", "show", id]);
        assert!(text.stdout.contains(id.as_str()) && text.stdout.contains("Retenu : "), "{}", text.stdout);
    }
    let mut release = vec!["release"];
    release.extend(ids.iter().map(String::as_str));
    decide(installation, &release);
    let (after, gone_on, left) = plan(installation, "after.plan", 0);
    assert!(left.is_empty(), "{reason}: {after}");
    assert_eq!(after["released"].as_array().unwrap().len(), ids.len(), "{after}");
    let (shown, applied) = (Marks::of(going.iter().chain(held.iter().map(|(_, c)| c))), Marks::of(&gone_on));
    assert_eq!(applied.beside(&shown), MarksDiffer::default(), "{reason}");
    let text = installation.run(&["show", installation.home().join("after.plan").to_str().unwrap()]).stdout;
    assert!(text.contains("Retenues levées") && text.contains("« vu avec l'établissement »"), "{text}");

    assert_eq!(night(installation, 0)["verdict"], "done", "{reason}");
    let last = night(installation, 0);
    assert_eq!(last["verdict"], "unchanged", "{reason}: {last}");
    assert_eq!(last["closed"]["carried_out"], ids.len(), "{last}");
    assert_eq!(night(installation, 0)["closed"]["carried_out"], 0, "told once");
    for kind in ["hold_new", "hold_released", "hold_closed"] {
        let trail = installation.run(&["audit", "show", "--json", "--kind", kind]).stdout;
        assert!(trail.contains(kind), "{kind}");
    }
}

fn half_a_school_goes(installation: &Installation) {
    installation.simulate(3, 240, 0, false);
    night(installation, 0);
    remove_pupils(&installation.feed(), &half_a_school(&installation.feed()).1);
    released_is_what_was_shown(installation, "suspend_limit");
}

#[test]
fn half_a_school_goes_when_it_is_released_embedded() {
    half_a_school_goes(&Installation::embedded());
}

#[test]
fn half_a_school_goes_when_it_is_released_slapd() {
    let slapd = Slapd::start();
    half_a_school_goes(&Installation::with(&slapd.toml()));
}

/// Groups that name members twice over, and people who name their groups.
#[test]
fn half_a_school_goes_in_the_dialect_of_recia() {
    let directory = "[directory]\nkind = \"embedded\"\nsuffix = \"dc=esco-centre,dc=fr\"\n[directory.dialect]\npreset = \"recia\"\n";
    half_a_school_goes(&Installation::with(directory));
}

#[test]
fn every_axis_is_shown_and_released() {
    let first = Installation::embedded();
    first.simulate(3, 240, 0, false);
    night(&first, 0);
    let school = half_a_school(&first.feed()).0;

    let create = first.twin();
    configure(&create, "[limits.create]\npercent = 1.0\ntolerated = 0");
    create.simulate(3, 300, 0, false);
    released_is_what_was_shown(&create, "create_limit");

    let update = first.twin();
    let rename = |request: &str| request.replacen("\"sn\"><value>", "\"sn\"><value>DE ", 1);
    rewrite(&update.feed(), "Eleve", |r| is_of(r, &school), rename);
    released_is_what_was_shown(&update, "update_limit");

    let groups = first.twin();
    configure(&groups, "[limits.groups.classes]\npercent = 1.0\nminimum = 1\ntolerated = 0");
    rename_classes(&groups.feed(), &school, 1);
    released_is_what_was_shown(&groups, "groups_limit");

    // All of them: one reason, and one decision.
    let all = first.twin();
    rename_classes(&all.feed(), &school, usize::MAX);
    released_is_what_was_shown(&all, "premature_switch");

    let members = first.twin();
    configure(&members, "[limits.members]\npercent = 1.0\nminimum = 1\ntolerated = 0");
    let leave = |request: &str| {
        let start = request.find("\"ENTEleveGroupes\"").unwrap();
        let end = start + request[start..].find("</attr>").unwrap();
        format!("{}\"ENTEleveGroupes\"><value/>{}", &request[..start], &request[end..])
    };
    rewrite(&members.feed(), "Eleve", |r| is_of(r, &school), leave);
    released_is_what_was_shown(&members, "members_limit");

    let global = first.twin();
    configure(&global, "[limits.global]\nsuspend = { percent = 0.1, minimum = 1, tolerated = 0 }");
    remove_pupils(&global.feed(), &half_a_school(&global.feed()).1[..2]);
    released_is_what_was_shown(&global, "suspend_limit");
}

/// A directory full of others' people, released instead of `--accept-foreign`.
#[tokio::test]
async fn an_unknown_population_is_released() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 60, 0, false);
    let directory = rentree::directory::ldap::Ldap::connect(&slapd.config()).await.unwrap();
    let mut stranger = rentree::directory::Entry::new(dn("uid=guest1,ou=people,dc=esco-centre,dc=fr"));
    for (attribute, value) in [("objectClass", "inetOrgPerson"), ("uid", "guest1"), ("cn", "Invité"), ("sn", "Invité")]
    {
        stranger.push(attribute, [value]);
    }
    directory.execute(&[Operation::Add(stranger)], &Pace::unlimited()).await.pop().unwrap().unwrap();
    released_is_what_was_shown(&installation, "unknown_population");
    assert!(people(&slapd).len() > 60);
}

#[test]
fn another_delivery_voids_a_release() {
    let installation = Installation::embedded();
    installation.simulate(3, 240, 0, false);
    night(&installation, 0);
    let (_, half) = half_a_school(&installation.feed());
    remove_pupils(&installation.feed(), &half[1..]);
    let held = ids(&night(&installation, 3));
    let mut release = vec!["release"];
    release.extend(held.iter().map(String::as_str));
    decide(&installation, &release);
    remove_pupils(&installation.feed(), &half[..1]);
    let before = installation.entries();
    let void = night(&installation, 3);
    let remark = void["holds"][0]["remark"].as_str().unwrap();
    assert!(remark.contains("ne sont plus ceux qui ont été montrés") && remark.contains("de plus"), "{remark}");
    assert_eq!(void["holds"][0]["new"], true, "it asks again");
    assert!(void["released"].as_array().unwrap().is_empty());
    assert_eq!(installation.entries(), before);
    assert_eq!(night(&installation, 3)["holds"][0]["remark"], Value::Null, "told once");
}

#[test]
fn what_is_set_aside_stays_aside_and_asks_nobody() {
    let installation = Installation::embedded();
    installation.simulate(3, 240, 0, false);
    night(&installation, 0);
    let (_, half) = half_a_school(&installation.feed());
    remove_pupils(&installation.feed(), &half[1..]);
    let held = ids(&night(&installation, 3));
    let mut discard = vec!["discard"];
    discard.extend(held.iter().map(String::as_str));
    decide(&installation, &discard);
    let before = installation.entries();
    for _ in 0..2 {
        let quiet = night(&installation, 0);
        assert_eq!(quiet["verdict"], "unchanged", "{quiet}");
        assert_eq!((&quiet["accounts"]["held"], &quiet["held_new"]), (&Value::from(0), &Value::from(0)), "{quiet}");
        assert_eq!(quiet["holds"][0]["discarded"]["why"], "vu avec l'établissement", "{quiet}");
    }
    assert_eq!(installation.entries(), before);
    let list = installation.run(&["holds", "list", "--json"]).json();
    assert_eq!(list["holds"][0]["state"], "discarded");
    remove_pupils(&installation.feed(), &half[..1]);
    let asked = night(&installation, 3);
    assert!(asked["held_new"].as_u64().unwrap() > 0, "{asked}");
    assert_eq!(installation.entries(), before);
}

#[test]
fn a_clean_delivery_closes_the_hold() {
    let installation = Installation::embedded();
    installation.simulate(3, 240, 0, false);
    night(&installation, 0);
    remove_pupils(&installation.feed(), &half_a_school(&installation.feed()).1);
    let held = ids(&night(&installation, 3));
    assert_eq!(installation.run(&["sync", "--json", "--exit-held", "new", DAY[0], DAY[1]]).code, 0);
    assert_eq!(installation.run(&["plan", "--exit-held", "new", DAY[0], DAY[1]]).code, 0);
    assert_eq!(installation.run(&["plan", DAY[0], DAY[1]]).code, 3);
    installation.simulate(3, 240, 0, false);
    let mended = night(&installation, 0);
    assert_eq!(mended["verdict"], "unchanged", "{mended}");
    assert_eq!(mended["closed"]["superseded"], held.len(), "{mended}");
    let unknown = installation.run(&["holds", "release", &held[0], "--why", "trop tard"]);
    assert_eq!(unknown.code, 64, "{}", unknown.stderr);
    assert_eq!(installation.run(&["holds", "release", "--why", "tout"]).code, 64, "nothing is not everything");
}

/// Two people have to release many changes, and not the same one twice.
#[tokio::test]
async fn two_persons_for_many_changes() {
    let installation = Installation::embedded();
    installation.simulate(3, 240, 0, false);
    night(&installation, 0);
    configure(&installation, "[limits]\nsecond_person_above = 5");
    remove_pupils(&installation.feed(), &half_a_school(&installation.feed()).1);
    let held = ids(&night(&installation, 3));
    let store = installation.store().await;
    let limits = Config::load(&installation.config()).unwrap().limits;
    let trail = Trail::open(&store, RunId(uuid::Uuid::now_v7()), &Actor::current()).await.unwrap();
    let choice = Choice { ids: held.clone(), ..Choice::default() };
    let now = store.last_plan().await.unwrap().unwrap().created_at;
    let now = jiff::Timestamp::from_millisecond(now).unwrap();
    let release = async |actor: &str| {
        let decider = Decider { actor, why: "vu", now };
        rule(&store, &limits, &trail, Ruling::Released, &choice, &decider).await.unwrap()
    };
    assert!(release("zoe@pc").await.iter().all(|one| one.waiting && one.refused.is_none()));
    let list = installation.run(&["holds", "list"]).stdout;
    assert!(list.contains("attend une deuxième personne"), "{list}");
    let waiting = night(&installation, 3);
    assert!(waiting["holds"][0]["remark"].as_str().unwrap().contains("deuxième personne"), "{waiting}");
    assert!(release("zoe@pc").await.iter().all(|one| one.refused.is_some()), "not the same person");
    assert!(release("max@pc").await.iter().all(|one| !one.waiting && one.refused.is_none()));
    trail.close().await.unwrap();
    let gone = night(&installation, 0);
    assert_eq!(gone["released"][0]["by"], serde_json::json!(["zoe@pc", "max@pc"]), "{gone}");
}

/// Fifty schools: one has lost half its pupils, one has all its classes renamed; the others are up to date.
#[test]
fn fifty_schools_two_of_them_held() {
    let installation = Installation::embedded();
    installation.simulate(50, 2_500, 0, false);
    night(&installation, 0);
    installation.simulate(50, 2_500, 3, false);
    let (school, half) = half_a_school(&installation.feed());
    let all = pupils(&installation.feed());
    let renamed = &all.iter().find(|(_, s)| *s != school).unwrap().1;
    remove_pupils(&installation.feed(), &half);
    rename_classes(&installation.feed(), renamed, usize::MAX);
    let held = night(&installation, 3);
    let mut schools: Vec<&str> =
        held["holds"].as_array().unwrap().iter().filter_map(|hold| hold["school"].as_str()).collect();
    schools.sort_unstable();
    schools.dedup();
    assert_eq!(schools.len(), 2, "{}", held["holds"]);
    assert!(held["changes"]["done"].as_u64().unwrap() > 0, "the others went on: {}", held["changes"]);
    let again = night(&installation, 3);
    assert_eq!(again["changes"]["done"], 0, "they are up to date");
}
