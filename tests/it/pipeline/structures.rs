//! A school gets another UAI and SIRET, two schools become one: nothing names them as before, nothing else changes, and
//! the nights after know them, whatever the exports say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rentree::directory::{Entry, ldif};
use serde_json::Value;

use crate::support::SUFFIX;
use crate::support::program::{Answer, Installation};
use crate::support::slapd::{Options, Slapd};

const SIRET: &str = "19960999000017";
/// Attributes that a server keeps of any write.
const OPERATIONAL: [&str; 4] = ["entryCSN", "modifyTimestamp", "modifiersName", "contextCSN"];

/// A UAI that no simulated school has.
fn other_uai(number: u32) -> String {
    let letters = b"ABCDEFGHJKLMNPRSTUVWXYZ";
    format!("{number:07}{}", char::from(letters[(number % 23) as usize]))
}

/// A structure as the directory has it.
#[derive(Debug, Clone)]
struct School {
    entry: Entry,
    uai: String,
    siret: Option<String>,
}

fn is_within(entry: &Entry, branch: &str) -> bool {
    entry.dn.normalised().contains(&format!(",ou={branch},"))
}

/// The structures with pupils' classes, those with most first.
fn schools(entries: &[Entry]) -> Vec<School> {
    let mut schools: Vec<School> = entries
        .iter()
        .filter(|e| is_within(e, "structures") && !e.values("ENTStructureClasses").is_empty())
        .map(|e| School {
            entry: e.clone(),
            uai: e.first("ENTStructureUAI").unwrap().to_owned(),
            siret: e.first("ENTStructureSIREN").filter(|s| s.len() == 14).map(str::to_owned),
        })
        .collect();
    schools.sort_by_key(|s| (std::cmp::Reverse(s.entry.values("ENTStructureClasses").len()), s.uai.clone()));
    schools
}

/// A value that names something in any writing: its DN, or one of its identifiers as a word.
fn names(text: &str, school: &School) -> bool {
    // The mail address of a school is made from its UAI, and stays until the academy gives another.
    if text.contains('@') {
        return false;
    }
    let text = text.to_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    let siret = school.siret.as_deref();
    text.contains(school.entry.dn.normalised()) || words.any(|w| w == school.uai.to_lowercase() || Some(w) == siret)
}

/// What still names a school, but for entries that may.
fn naming(entries: &[Entry], school: &School, may: impl Fn(&Entry) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for entry in entries.iter().filter(|e| !may(e)) {
        if names(entry.dn.as_str(), school) {
            found.push(entry.dn.to_string());
        }
        for (attribute, values) in &entry.attributes {
            let values = values.iter().filter_map(|v| v.as_text()).filter(|v| names(v, school));
            found.extend(values.map(|value| format!("{}: {attribute}: {value}", entry.dn)));
        }
    }
    found
}

/// What nobody may lose, by the number that a server gave the entry.
fn kept(entries: &[Entry]) -> BTreeMap<String, Vec<String>> {
    let of = |e: &Entry| {
        let names = [
            "uid",
            "userPassword",
            "ENTPersonLogin",
            "ENTPersonJointure",
            "ENTPersonGARIdentifiant",
            "telephoneNumber",
        ];
        let values = names.iter().flat_map(|n| e.values(n)).map(|v| format!("{:?}", v.as_bytes()));
        (e.first("entryUUID").unwrap().to_owned(), values.collect())
    };
    entries.iter().filter(|e| e.first("entryUUID").is_some()).map(of).collect()
}

/// Entries as they are compared between directories.
fn contents(entries: &[Entry]) -> BTreeMap<String, BTreeMap<String, BTreeSet<Vec<u8>>>> {
    let of = |e: &Entry| {
        let attributes = e.attributes.iter().filter(|(n, _)| !OPERATIONAL.iter().any(|o| n.eq_ignore_ascii_case(o)));
        let values = attributes.map(|(n, v)| (n.to_lowercase(), v.iter().map(|v| v.as_bytes().to_vec()).collect()));
        (e.dn.normalised().to_owned(), values.collect())
    };
    entries.iter().map(of).collect()
}

fn dump(slapd: &Slapd) -> Vec<Entry> {
    ldif::Reader::new(slapd.dump().as_slice()).map(Result::unwrap).collect()
}

fn with_dialect(directory: &str, preset: &str) -> Installation {
    Installation::with(&format!("{directory}\n[directory.dialect]\npreset = \"{preset}\"\n"))
}

/// Plans, and gives the file and the answer.
fn planned(installation: &Installation, arguments: &[&str]) -> (PathBuf, Value) {
    let file = installation.home().join("structures.plan");
    drop(std::fs::remove_file(&file));
    let mut all = vec!["structures"];
    all.extend(arguments);
    all.extend(["--json", "--out", file.to_str().unwrap()]);
    let answer = installation.run(&all);
    assert_eq!(answer.code, 0, "{}\n{}", answer.stderr, answer.stdout);
    (file, answer.json())
}

fn apply(installation: &Installation, plan: &Path) -> Value {
    let answer = installation.run(&["apply", "--json", plan.to_str().unwrap()]);
    assert_eq!(answer.code, 0, "{}\n{}", answer.stderr, answer.stdout);
    answer.json()
}

fn refused(installation: &Installation, arguments: &[&str]) -> Answer {
    let mut all = vec!["structures"];
    all.extend(arguments);
    let answer = installation.run(&all);
    assert_eq!(answer.code, 64, "{arguments:?}: {}{}", answer.stdout, answer.stderr);
    answer
}

/// The academy says it otherwise from now on: in a set of the next day.
fn delivered_as(installation: &Installation, pairs: &[(&str, &str)]) {
    for file in std::fs::read_dir(installation.feed()).unwrap().map(|f| f.unwrap().path()) {
        let mut text = std::fs::read_to_string(&file).unwrap();
        for (old, new) in pairs {
            text = text.replace(old, new);
        }
        std::fs::write(&file, text).unwrap();
    }
}

/// What people have put there by hand: references in attributes that the program does not own, and a group.
fn by_hand(slapd: &Slapd, before: &[Entry], school: &School) {
    let pupil =
        before.iter().find(|e| e.texts("ENTEleveClasses").any(|v| names(v, school))).expect("a pupil of the school");
    let group = before
        .iter()
        .find(|e| is_within(e, "groups") && e.dn.rdn_value().starts_with(&format!("{}_", school.uai)))
        .expect("a group of the school");
    let odd = school.entry.dn.as_str().replace(',', " , ").to_uppercase();
    slapd.modify(&format!(
        "dn: {}\nchangetype: modify\nadd: seeAlso\nseeAlso: {odd}\nseeAlso: {}\n-\nadd: description\ndescription: ancien du \
         college {}x\n",
        pupil.dn, group.dn, school.uai
    ));
    slapd.add(&format!(
        "dn: cn={uai}_Chorale,ou=groups,{SUFFIX}\nobjectClass: groupOfNames\ncn: {uai}_Chorale\nowner: {}\nmember: {}\n",
        school.entry.dn,
        pupil.dn,
        uai = school.uai
    ));
}

fn renamed_everywhere(preset: &str) {
    let slapd = Slapd::start();
    let installation = with_dialect(&slapd.toml(), preset);
    installation.simulate(3, 240, 0, false);
    installation.sync(&[], 0);
    let school = schools(&dump(&slapd)).remove(0);
    by_hand(&slapd, &dump(&slapd), &school);
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
    let before = dump(&slapd);
    let new = other_uai(961_999);

    let (plan, summary) = planned(&installation, &["rename", &school.uai, &new, "--siret", SIRET]);
    assert_eq!(contents(&dump(&slapd)), contents(&before), "a dry run writes nothing");
    let change = &summary["structure_changes"][0];
    assert!(change["accounts"].as_u64().unwrap() > 100, "{change}");
    assert!(change["groups"].as_u64().unwrap() > 5, "{change}");
    assert_eq!(change["kept"], serde_json::json!([format!("{}_Chorale", school.uai)]));
    let shown = installation.run(&["show", plan.to_str().unwrap()]).stdout;
    let line = format!(" : {} devient {new}", school.uai);
    assert_eq!(shown.lines().filter(|l| l.contains(&line)).count(), 1, "{shown}");

    let done = apply(&installation, &plan);
    assert_eq!(done["verdict"], "done", "{done}");
    let after = dump(&slapd);
    let by_hand = |e: &Entry| e.dn.rdn_value() == format!("{}_Chorale", school.uai);
    assert_eq!(naming(&after, &school, by_hand), [] as [String; 0]);
    let chorale = after.iter().find(|e| by_hand(e)).unwrap();
    assert!(!names(chorale.first("owner").unwrap(), &school), "{chorale:?}");
    assert_eq!(after.len(), before.len());
    assert_eq!(kept(&after), kept(&before));
    assert_eq!(apply(&installation, &plan)["verdict"], "unchanged", "applied twice");

    // Whichever identifiers the academy says.
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged", "the exports say the old ones");
    let siret = school.siret.as_deref().unwrap();
    delivered_as(&installation, &[(&school.uai, &new), (siret, SIRET)]);
    let night = installation.sync(&[], 0);
    assert_eq!(night["verdict"], "unchanged", "the exports say the new ones: {night}");
    assert_eq!(contents(&dump(&slapd)), contents(&after));
    let (_, summary) = planned(&installation, &["rename", &school.uai, &new]);
    assert_eq!(summary["verdict"], "unchanged", "nothing was left");
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

#[test]
fn a_school_is_renamed_everywhere_sdet_siren() {
    renamed_everywhere("sdet-siren");
}

#[test]
fn a_school_is_renamed_everywhere_sdet_uai() {
    renamed_everywhere("sdet-uai");
}

#[test]
fn a_school_is_renamed_everywhere_recia() {
    let slapd = Slapd::start();
    let installation = with_dialect(&slapd.toml(), "recia");
    installation.simulate(2, 120, 0, false);
    installation.sync(&[], 0);
    let before = dump(&slapd);
    let school = schools(&before).remove(0);
    let (plan, _) = planned(&installation, &["rename", school.siret.as_deref().unwrap(), &other_uai(961_999)]);
    assert_eq!(apply(&installation, &plan)["verdict"], "done");
    let after = dump(&slapd);
    // Its SIRET, and so its name, stays.
    let by_uai = School { siret: None, ..school.clone() };
    let found = naming(
        &after,
        &School { entry: Entry::new(rentree::directory::Dn::parse("cn=none").unwrap()), ..by_uai },
        |_| false,
    );
    assert_eq!(found, [] as [String; 0]);
    assert_eq!(kept(&after), kept(&before));
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
}

fn merged(preset: &str, delete_entry: bool) {
    let slapd = Slapd::start();
    let installation = with_dialect(&slapd.toml(), preset);
    installation.simulate(3, 240, 0, false);
    installation.sync(&[], 0);
    let before = dump(&slapd);
    let all = schools(&before);
    let (into, school) = (&all[0], &all[1]);
    // Somebody whom nobody's export puts there is in a class of the school by hand.
    let guest = before.iter().find(|e| is_within(e, "people") && e.first("ENTPersonLogin").is_some()).unwrap();
    let shared = before.iter().find(|e| {
        let other = e.dn.rdn_value().replace(&school.uai, &into.uai);
        is_within(e, "groups")
            && e.dn.rdn_value().contains(&school.uai)
            && e.values("member").iter().all(|m| m.as_text() != Some(guest.dn.as_str()))
            && before.iter().any(|g| {
                is_within(g, "groups")
                    && g.dn.rdn_value() == other
                    && g.values("member").iter().all(|m| m.as_text() != Some(guest.dn.as_str()))
            })
    });
    if let Some(shared) = shared {
        slapd.modify(&format!("dn: {}\nchangetype: modify\nadd: member\nmember: {}\n", shared.dn, guest.dn));
    }
    assert!(shared.is_some() || preset == "recia", "paths name the school as well");
    let before = dump(&slapd);
    let mut arguments = vec!["merge", &school.uai, &into.uai];
    if delete_entry {
        arguments.push("--delete-entry");
    }
    let (plan, summary) = planned(&installation, &arguments);
    assert_eq!(contents(&dump(&slapd)), contents(&before), "a dry run writes nothing");
    let gone = summary["groups"]["deleted"].as_u64().unwrap() as usize;
    assert!(gone > 0, "both have pupils: {summary}");
    assert_eq!(apply(&installation, &plan)["verdict"], "done");
    let after = dump(&slapd);
    let stays = |e: &Entry| !delete_entry && e.dn == school.entry.dn;
    assert_eq!(naming(&after, school, stays), [] as [String; 0]);
    assert_eq!(after.len(), before.len() - gone - usize::from(delete_entry));
    let left = kept(&after);
    assert!(
        kept(&before).iter().filter(|(uuid, _)| left.contains_key(*uuid)).all(|(uuid, values)| left[uuid] == *values)
    );
    let people = |entries: &[Entry]| entries.iter().filter(|e| is_within(e, "people")).count();
    assert_eq!(people(&after), people(&before));
    if let Some(old) = after.iter().find(|e| stays(e)) {
        assert!(old.values("ENTStructureClasses").is_empty() && old.values("ENTStructureGroupes").is_empty());
        assert!(old.first("description").unwrap().contains(&into.uai), "{old:?}");
    }

    if let Some(shared) = shared {
        let other = shared.dn.rdn_value().replace(&school.uai, &into.uai);
        let group = after.iter().find(|e| is_within(e, "groups") && e.dn.rdn_value() == other).unwrap();
        assert!(group.texts("member").any(|m| m == guest.dn.as_str()), "a guest stays a guest: {group:?}");
    }

    let night = installation.sync(&[], 0);
    assert_eq!(night["verdict"], "unchanged", "{night}\n{}", {
        installation.run(&["show", "--full", night["plan_id"].as_str().unwrap()]).stdout
    });
    assert_eq!(contents(&dump(&slapd)), contents(&after));
    let mut again = vec!["merge", &school.uai, &into.uai];
    if delete_entry {
        again.push("--delete-entry");
    }
    let (_, summary) = planned(&installation, &again);
    assert_eq!(summary["verdict"], "unchanged", "nothing was left: {summary}");
}

#[test]
fn two_schools_become_one_sdet_siren() {
    merged("sdet-siren", false);
}

#[test]
fn two_schools_become_one_sdet_uai() {
    merged("sdet-uai", true);
}

#[test]
fn two_schools_become_one_recia() {
    merged("recia", false);
}

/// So slow that a kill finds it at work.
const SLOWLY: &str = "writes_per_second = 100\nburst = 5\n";

/// Killed again and again, the end is the same.
fn killed(installation: &Installation, resume: &str, entries: &dyn Fn() -> Vec<Entry>) -> (School, Vec<Entry>) {
    installation.simulate(2, 60, 0, false);
    installation.sync(&[], 0);
    let school = schools(&entries()).remove(0);
    let (plan, _) = planned(installation, &["rename", &school.uai, &other_uai(961_999), "--siret", SIRET]);
    let mut halfway = 0;
    for round in 0..40_u64 {
        let mut run = installation.command(&["apply", plan.to_str().unwrap()]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(100 + round * 60));
        if run.try_wait().unwrap().is_some_and(|status| status.success()) {
            break;
        }
        run.kill().unwrap();
        run.wait().unwrap();
        let now = entries();
        let begun = !now.iter().any(|e| e.dn == school.entry.dn);
        halfway += u32::from(begun && !naming(&now, &school, |_| false).is_empty());
        if resume == "sync" && halfway == 2 {
            break;
        }
    }
    assert!(halfway > 0, "killed in the middle");
    if resume == "apply" {
        apply(installation, &plan);
    } else {
        installation.sync(&[], 0);
    }
    let after = entries();
    assert_eq!(naming(&after, &school, |_| false), [] as [String; 0]);
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
    assert_eq!(contents(&entries()), contents(&after));
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
    (school, after)
}

#[test]
fn killed_in_the_middle_of_a_rename_embedded() {
    let embedded = format!("[directory]\nkind = \"embedded\"\nsuffix = \"{SUFFIX}\"\n");
    let installation = Installation::with(&format!("{embedded}{SLOWLY}"));
    let uninterrupted = Installation::with(&embedded);
    let (school, after) = killed(&installation, "apply", &|| installation.entries());
    uninterrupted.simulate(2, 60, 0, false);
    uninterrupted.sync(&[], 0);
    let (plan, _) = planned(&uninterrupted, &["rename", &school.uai, &other_uai(961_999), "--siret", SIRET]);
    apply(&uninterrupted, &plan);
    // Passwords and random identifiers are each installation's own.
    let comparable = |entries: &[Entry]| {
        let mut contents = contents(entries);
        for attributes in contents.values_mut() {
            attributes.retain(|name, _| name != "userpassword" && name != "entpersongaridentifiant");
        }
        contents
    };
    assert_eq!(comparable(&after), comparable(&uninterrupted.entries()));
}

#[test]
fn killed_in_the_middle_of_a_rename_slapd() {
    let slapd = Slapd::start();
    let installation = Installation::with(&format!("{}{SLOWLY}", slapd.toml()));
    killed(&installation, "sync", &|| dump(&slapd));
}

/// What makes no sense is refused with what may have been meant, and nothing is planned.
#[test]
fn what_makes_no_sense_is_refused() {
    let installation = Installation::embedded();
    installation.simulate(3, 60, 0, false);
    installation.sync(&[], 0);
    let all = schools(&installation.entries());
    let (one, two) = (&all[0], &all[1]);
    let new = other_uai(961_999);
    let near = format!("{}Z", &one.uai[..7]);
    let answer = refused(&installation, &["rename", &near, &new]);
    assert!(answer.stderr.contains("near it"), "{}", answer.stderr);
    assert!(answer.stderr.contains(&one.uai) && !answer.stderr.contains(&two.uai), "{}", answer.stderr);
    let answer = refused(&installation, &["rename", &one.uai, &two.uai]);
    assert!(answer.stderr.contains("structures merge"), "{}", answer.stderr);
    refused(&installation, &["rename", &one.uai, "0961999A"]);
    refused(&installation, &["rename", &one.uai, &one.uai]);
    refused(&installation, &["rename", &one.uai, &new, "--siret", "12"]);
    refused(&installation, &["merge", &one.uai, &new]);
    refused(&installation, &["merge", &one.uai, one.siret.as_deref().unwrap()]);
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
}

/// What somebody changed between plan and application is left and counted; asked for again, the rest is carried out.
#[test]
fn what_was_left_is_carried_out_when_asked_for_again() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 60, 0, false);
    installation.sync(&[], 0);
    let before = dump(&slapd);
    let school = schools(&before).remove(0);
    let new = other_uai(961_999);
    let (plan, _) = planned(&installation, &["rename", &school.uai, &new, "--siret", SIRET]);
    let pupil = before.iter().find(|e| e.texts("ENTEleveClasses").any(|v| names(v, &school))).unwrap();
    slapd.modify(&format!(
        "dn: {}\nchangetype: modify\nreplace: ENTEleveClasses\nENTEleveClasses: {}$AUTRE\n",
        pupil.dn, school.entry.dn
    ));
    let answer = installation.run(&["apply", "--json", plan.to_str().unwrap()]);
    assert_eq!(answer.code, 3, "{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.json()["changes"]["moved"], 1, "{}", answer.stdout);
    let left = naming(&dump(&slapd), &school, |_| false);
    assert!(!left.is_empty() && left.iter().all(|l| l.starts_with(&pupil.dn.to_string())), "{left:?}");
    let (plan, summary) = planned(&installation, &["rename", &school.uai, &new, "--siret", SIRET]);
    assert_eq!(summary["structure_changes"][0]["accounts"], 1, "{summary}");
    apply(&installation, &plan);
    assert_eq!(naming(&dump(&slapd), &school, |_| false), [] as [String; 0]);
}

/// A structure that the server does not let rename: nothing may name it by what it is not called.
#[test]
fn nothing_is_rewritten_when_the_structure_cannot_be_renamed() {
    let slapd = Slapd::with(&Options { least_rights: true, ..Options::default() });
    let installation = Installation::with(&slapd.sync_toml());
    installation.simulate(2, 60, 0, false);
    installation.sync(&[], 0);
    let before = dump(&slapd);
    let school = schools(&before).remove(0);
    let (plan, _) = planned(&installation, &["rename", &school.uai, SIRET]);
    let answer = installation.run(&["apply", "--json", plan.to_str().unwrap()]);
    assert_eq!(answer.code, 4, "{}{}", answer.stdout, answer.stderr);
    let done = answer.json();
    assert_eq!((&done["changes"]["failed"], &done["changes"]["done"]), (&1.into(), &0.into()), "{done}");
    assert!(done["changes"]["not_done"].as_u64().unwrap() > 50, "{done}");
    assert_eq!(contents(&dump(&slapd)), contents(&before));
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
}

/// A plan of before would write the names of before.
#[test]
fn a_plan_made_before_is_stale() {
    let installation = Installation::embedded();
    installation.simulate(2, 60, 0, false);
    installation.sync(&[], 0);
    let old = installation.home().join("old.plan");
    assert_eq!(installation.run(&["plan", "--out", old.to_str().unwrap()]).code, 0);
    let school = schools(&installation.entries()).remove(0);
    let (plan, _) = planned(&installation, &["rename", &school.uai, &other_uai(961_999)]);
    apply(&installation, &plan);
    let answer = installation.run(&["apply", old.to_str().unwrap()]);
    assert_eq!(answer.code, 7, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stderr.contains(&school.uai), "{}", answer.stderr);
}
