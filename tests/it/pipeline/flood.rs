//! The worst night: tens of thousands of times the same warning, three schools held, a mail server that is dead.

use std::collections::BTreeMap;

use crate::support::academy::{flood, pupils, remove_pupils};
use crate::support::program::Installation;
use crate::support::slapd::free_port;

const WARNINGS: u64 = 50_000;
const DAY: [&str; 2] = ["--today", "2026-11-10"];

#[test]
fn a_flood_three_held_schools_and_dead_mail_leave_a_readable_trail() {
    let installation = Installation::embedded();
    let config = std::fs::read_to_string(installation.config()).unwrap();
    let mail = format!(
        "[notify]\nname = \"ENT 35\"\nsmtp = \"smtp+insecure://127.0.0.1:{}\"\nfrom = \"rentree@ent.example\"\n\
         [[notify.to]]\nmail = \"chef@ent.example\"\nfor = [\"held\"]\n",
        free_port()
    );
    std::fs::write(installation.config(), format!("{config}\n{mail}")).unwrap();
    installation.simulate(6, 360, 0, false);
    installation.sync(&DAY, 0);
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
    let before = installation.sql("SELECT head_seq FROM trail").parse::<u64>().unwrap();

    // A fifth of the pupils of three schools are gone, and the file of staff is full of the same mistake.
    let all = pupils(&installation.feed());
    let mut schools: Vec<&str> = all.iter().map(|(_, school)| school.as_str()).collect();
    schools.sort_unstable();
    schools.dedup();
    let sizes: BTreeMap<&str, usize> =
        schools.iter().map(|school| (*school, all.iter().filter(|(_, s)| s == school).count())).collect();
    let large: Vec<&str> = schools.into_iter().filter(|school| sizes[school] >= 40).take(3).collect();
    assert_eq!(large.len(), 3, "{sizes:?}");
    let gone: Vec<String> = large
        .iter()
        .flat_map(|school| all.iter().filter(move |(_, s)| s == school).step_by(5).map(|(key, _)| key.clone()))
        .collect();
    remove_pupils(&installation.feed(), &gone);
    flood(&installation.feed(), WARNINGS as usize);

    let night = installation.sync(&DAY, 3);
    assert_eq!(night["verdict"], "held");
    let holds = night["holds"].as_array().unwrap();
    // A school may be held for two reasons, with the same changes.
    let held: BTreeMap<&str, u64> =
        holds.iter().map(|hold| (hold["school"].as_str().unwrap(), hold["changes"].as_u64().unwrap())).collect();
    assert_eq!(held.len(), 3, "{holds:?}");

    // A few hundred lines, and every warning is in them or counted by them.
    let events = installation.run(&["audit", "show", "--json", "--last", "100000"]).json();
    let events: Vec<_> =
        events.as_array().unwrap().iter().filter(|event| event["seq"].as_u64().unwrap() > before).collect();
    assert!(events.len() < 600, "{} events", events.len());
    let told: Vec<_> = events.iter().filter(|e| e["kind"] == "finding").collect();
    let flooded = told.iter().find(|event| event["payload"].to_string().contains("(mail)"));
    let mail_code = flooded.unwrap_or_else(|| panic!("{told:?}"))["payload"]["code"].clone();
    let one_by_one = told.iter().filter(|e| e["payload"]["code"] == mail_code).count() as u64;
    let summary: Vec<_> = events
        .iter()
        .filter(|e| e["kind"] == "summary" && e["payload"]["key"] == mail_code)
        .map(|e| &e["payload"])
        .collect();
    let summed: u64 = summary.iter().map(|s| s["count"].as_u64().unwrap()).sum();
    assert!((20..100).contains(&one_by_one), "{one_by_one}");
    assert!(one_by_one + summed >= WARNINGS && one_by_one + summed < WARNINGS + 100, "{one_by_one} + {summed}");
    assert!(summary.iter().all(|s| s["digest"].as_str().unwrap().len() == 64), "{summary:?}");
    assert_eq!(events.iter().filter(|e| e["kind"] == "hold_new").count(), holds.len());

    // Somebody is told as soon as the server is there again.
    let queue = installation.run(&["notify", "list", "--json"]).json();
    assert_eq!(queue.as_array().unwrap().len(), 1, "{queue}");
    let subject = queue[0]["subject"].as_str().unwrap();
    let (holds, changes) = (holds.len(), held.values().sum::<u64>());
    assert_eq!(subject, format!("[ENT 35] {holds} retenues, {changes} changements attendent (3 établissements)"));
    assert!(queue[0]["error"].is_string(), "{queue}");

    // It is all there; and one flipped bit shows, and where.
    let verified = installation.run(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
    let forged = before + 3;
    let body = installation.sql(&format!("SELECT body FROM event_payload WHERE seq = {forged}"));
    let mut bytes = body.into_bytes();
    bytes[4] ^= 1;
    let flipped: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    installation.sql(&format!("UPDATE event_payload SET body = CAST(x'{flipped}' AS TEXT) WHERE seq = {forged}"));
    let verified = installation.run(&["audit", "verify"]);
    assert_eq!(verified.code, 1, "{}", verified.stdout);
    assert!(verified.stdout.contains(&format!("the payload of event {forged} was changed")), "{}", verified.stdout);
}
