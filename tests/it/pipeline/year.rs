//! From one school year to the next: schools that switch each on its day, those that switch too early, those that take
//! part later, and what a day would bring.

use serde_json::Value;

use crate::support::academy::{pupils, reclass};
use crate::support::postgres;
use crate::support::program::Installation;

fn json(installation: &Installation, arguments: &[&str], code: i32) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    let answer = installation.run(&all);
    assert_eq!(answer.code, code, "{arguments:?}\n{}\n{}", answer.stderr, answer.stdout);
    answer.json()
}

fn states(installation: &Installation, today: &str) -> std::collections::BTreeMap<String, u64> {
    let mut counts = std::collections::BTreeMap::new();
    for school in json(installation, &["schools", "--today", today], 0).as_array().unwrap() {
        *counts.entry(school["state"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// Fifty schools, on four days: nothing is held, and each waits until its day.
#[test]
fn fifty_schools_switch_on_their_days_and_nothing_is_held() {
    let installation = Installation::embedded();
    let deliver = |bascule_night: Option<u32>| {
        let options = installation.academy(50, 1_000, 9);
        drop(std::fs::remove_dir_all(installation.feed()));
        Installation::write(&rentree::simulate::Options { bascule: bascule_night.is_some(), bascule_night, ..options });
    };
    deliver(None);
    let first = installation.sync(&["--today", "2026-09-10"], 0);
    assert!(first["accounts"]["created"].as_u64().unwrap() > 2_000, "{first}");
    let all = states(&installation, "2026-09-10")["open"];
    assert!(all >= 50, "{all}");
    assert_eq!(states(&installation, "2027-07-05")["transition"], all);

    let (mut waiting, mut moved) = (all, 0);
    for (night, day) in [(0, "2027-09-01"), (2, "2027-09-03"), (6, "2027-09-07"), (9, "2027-09-10")] {
        deliver(Some(night));
        let rehearsed = (night == 0).then(|| json(&installation, &["rehearse", "--today", day], 0));
        let night = installation.sync(&["--today", day], 0);
        assert_eq!(night["holds"].as_array().unwrap().len(), 0, "{}", night["holds"]);
        moved += night["accounts"]["moved"].as_u64().unwrap();
        if let Some(rehearsed) = rehearsed {
            assert_eq!(rehearsed["accounts"], night["accounts"], "what was rehearsed is what came");
        }
        let left = states(&installation, day).get("transition").copied().unwrap_or_default();
        assert!(left < waiting, "{left} of {waiting} still wait on {day}");
        waiting = left;
    }
    assert_eq!(waiting, 0, "all have switched");
    assert!(moved > 600, "{moved}");
    assert_eq!(installation.sync(&["--today", "2027-09-10"], 0)["verdict"], "unchanged");
}

/// A set that is of next year, or has no classes, holds its schools; the others go on.
#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_comes_too_early_is_held() {
    let installation = Installation::embedded();
    installation.simulate(3, 150, 0, false);
    installation.sync(&["--today", "2026-09-10"], 0);
    let schools: std::collections::BTreeSet<String> =
        pupils(&installation.feed()).into_iter().map(|(_, school)| school).collect();
    let [first, second, ..] = &schools.into_iter().collect::<Vec<_>>()[..] else { unreachable!() };
    installation.simulate(3, 150, 20, false);
    reclass(&installation.feed(), &|school| school == first, None);
    reclass(&installation.feed(), &|school| school == second, Some("N"));
    let before = installation.entries().len();
    let night = installation.sync(&["--today", "2026-10-10"], 3);
    let holds: Vec<&Value> =
        night["holds"].as_array().unwrap().iter().filter(|h| h["reason"] == "premature_switch").collect();
    assert_eq!(holds.len(), 2, "{}", night["holds"]);
    assert!(holds.iter().any(|h| h["message"].as_str().unwrap().contains("n'ont plus de division")), "{holds:?}");
    assert!(holds.iter().any(|h| h["message"].as_str().unwrap().contains("changent de division d'un coup")));
    assert!(installation.entries().len() >= before);
    // Somebody looked: the classes are renamed on purpose. Exactly that goes on, the other school waits.
    let renamed = holds.iter().find(|h| h["message"].as_str().unwrap().contains("d'un coup")).unwrap();
    let id = renamed["id"].as_str().unwrap();
    let why = "classes renommées, vu avec l'établissement";
    assert_eq!(installation.run(&["holds", "release", id, "--why", why]).code, 0);
    for _ in 0..2 {
        let night = installation.sync(&["--today", "2026-10-10"], 3);
        let left: Vec<&str> = night["holds"].as_array().unwrap().iter().map(|h| h["id"].as_str().unwrap()).collect();
        assert!(left.iter().any(|id| id.starts_with("premature-switch:")) && !left.contains(&id), "{left:?}");
    }

    // The whole of next year in May, before the year has closed.
    installation.simulate(3, 150, 20, true);
    let night = json(&installation, &["rehearse", "--today", "2027-05-10"], 3);
    let messages = night["schools"].to_string();
    assert!(messages.contains("changent de niveau hors de la période de bascule"), "{messages}");
    // On its day it goes through, and last year's class is kept.
    let turned = installation.run(&["sync", "--json", "--today", "2027-09-01"]);
    assert!(!turned.stdout.contains("premature_switch"), "{}", turned.stdout);
    let config = rentree::config::Config::load(&installation.config()).unwrap();
    let accounts = rentree::store::Store::of(&config.store).await.unwrap().accounts().await.unwrap();
    let gone_up = accounts.values().filter(|a| a.former_class.is_some() && a.class != a.former_class).count();
    assert!(gone_up > 50, "{gone_up}");
}

/// A rehearsal leaves store and directory as they are.
#[test]
fn a_rehearsal_writes_nothing() {
    let installation = Installation::embedded();
    installation.simulate(2, 60, 0, false);
    installation.sync(&["--today", "2026-09-10"], 0);
    let entries = installation.entries();
    let trail = installation.run(&["audit", "verify", "--json"]).stdout;
    installation.simulate(2, 60, 9, true);
    let rehearsed = json(&installation, &["rehearse", "--today", "2027-09-01"], 0);
    assert!(rehearsed["accounts"]["moved"].as_u64().unwrap() > 20, "{rehearsed}");
    assert!(rehearsed["schools"].as_object().unwrap().values().any(|school| school["switches"] == true));
    assert_eq!(installation.entries(), entries);
    let left: Vec<_> = std::fs::read_dir(installation.home())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("rehearsal"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // What was rehearsed is taken in by the real night only.
    let head = |text: &str| serde_json::from_str::<Value>(text).unwrap()["events"].clone();
    assert_eq!(head(&installation.run(&["audit", "verify", "--json"]).stdout), head(&trail));
    assert_eq!(installation.sync(&["--today", "2027-09-01"], 0)["accounts"], rehearsed["accounts"]);
}

fn configure(installation: &Installation, more: &str) {
    let text = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), format!("{text}\n{more}")).unwrap();
}

fn uais(installation: &Installation, today: &str) -> Vec<String> {
    let schools = json(installation, &["schools", "--today", today], 0);
    schools.as_array().unwrap().iter().map(|school| school["uai"].as_str().unwrap().to_owned()).collect()
}

/// A school takes part from its day.
#[test]
fn a_school_is_planned_then_fed() {
    let installation = Installation::embedded();
    installation.simulate(3, 120, 0, false);
    assert_eq!(installation.run(&["plan", "--today", "2026-09-02"]).code, 0);
    let all = uais(&installation, "2026-09-02");
    let later = all.last().unwrap();
    configure(&installation, &format!("[rollout.schools.{later}]\nfrom = 2026-09-07\n"));
    let first = installation.sync(&["--today", "2026-09-02"], 0);
    assert_eq!(states(&installation, "2026-09-02")["planned"], 1);
    let structures = |entries: &[rentree::directory::Entry]| -> Vec<String> {
        entries.iter().filter_map(|e| e.first("ENTStructureUAI").map(str::to_owned)).collect()
    };
    assert!(!structures(&installation.entries()).contains(later));
    let second = installation.sync(&["--today", "2026-09-07"], 0);
    assert!(second["accounts"]["created"].as_u64().unwrap() > 20, "{second}");
    assert!(first["accounts"]["created"].as_u64().unwrap() > 100, "{first}");
    assert!(structures(&installation.entries()).contains(later));
    assert_eq!(states(&installation, "2026-09-07").get("planned"), None);
}

/// The schools that go first are written, read back, and only then the others.
#[tokio::test(flavor = "multi_thread")]
async fn the_canary_goes_first_and_alone_when_it_is_not_as_planned() {
    let installation = Installation::embedded();
    installation.simulate(3, 120, 0, false);
    assert_eq!(installation.run(&["plan", "--today", "2026-09-02"]).code, 0);
    let canary = uais(&installation, "2026-09-02").swap_remove(0);
    configure(&installation, &format!("[rollout]\ncanary = [\"{canary}\"]\n"));
    // A directory that cuts what it is given, as some overlay may.
    installation.sql(if postgres::wanted() {
        "CREATE FUNCTION cut_short() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         new.attributes := replace(new.attributes, 'personalTitle: M', 'personalTitle: X'); RETURN new; END $$;
         CREATE TRIGGER overlay BEFORE INSERT ON entry FOR EACH ROW
         WHEN (new.attributes LIKE '%ENTPersonLogin%') EXECUTE FUNCTION cut_short()"
    } else {
        "CREATE TRIGGER overlay AFTER INSERT ON entry WHEN new.attributes LIKE '%ENTPersonLogin%' BEGIN
         UPDATE entry SET attributes = replace(attributes, 'personalTitle: M', 'personalTitle: X') WHERE id = new.id;
         END"
    });
    let night = installation.sync(&["--today", "2026-09-02"], 3);
    assert_eq!(night["stopped"]["why"], "canary", "{night}");
    assert!(night["stopped"]["text"].as_str().unwrap().contains("personalTitle n'est pas comme écrit"), "{night}");
    let of_others = |installation: &Installation| {
        let entries = installation.entries();
        entries.iter().filter(|e| e.first("ENTStructureUAI").is_some_and(|uai| uai != canary)).count()
    };
    assert_eq!(of_others(&installation), 0, "nothing is written elsewhere");
    assert!(night["changes"]["done"].as_u64().unwrap() > 20 && night["changes"]["not_done"].as_u64().unwrap() > 50);

    installation.sql(if postgres::wanted() { "DROP TRIGGER overlay ON entry" } else { "DROP TRIGGER overlay" });
    let night = installation.sync(&["--today", "2026-09-02"], 0);
    assert_eq!(night["verdict"], "done", "{night}");
    assert!(of_others(&installation) >= 2);
    assert_eq!(installation.sync(&["--today", "2026-09-02"], 0)["verdict"], "unchanged");
}
