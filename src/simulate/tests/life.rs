//! What kinds of people there are, and what nights and summers do to them.

use std::collections::{BTreeMap, BTreeSet};

use super::references::check;
use super::set::{Item, Set, of, options, written};
use crate::feed::Category;
use crate::simulate::{LAST_SWITCH, Options, write};

fn academy(day: u32, bascule: bool) -> Set {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { day, bascule, ..options(16, 2_400, 20_260_901, folder.path()) };
    written(&options).1
}

fn persons(set: &Set) -> BTreeMap<(&str, &str), &Item> {
    let named = |i: &&Item| i.attributes.contains_key("givenName");
    set.values().filter(named).map(|i| ((i.category.as_str(), i.key.as_str()), i)).collect()
}

#[test]
fn every_kind_of_household_and_of_staff_is_there() {
    let set = academy(0, false);
    check(&set);
    let (pupils, relatives) = (of(&set, "Eleve").count(), of(&set, "PersRelEleve").count());
    let per_hundred = relatives * 100 / pupils;
    assert!((155..=185).contains(&per_hundred), "{per_hundred} relatives per hundred pupils");

    let links: Vec<&str> =
        of(&set, "Eleve").flat_map(|p| p.values("ENTElevePersRelEleve")).map(String::as_str).collect();
    for code in ["10", "20", "38", "39", "42", "50", "51", "70", "90"] {
        assert!(links.iter().any(|l| l.split('$').nth(1) == Some(code)), "no link {code}");
    }
    for legal in ["0", "1", "2", "3"] {
        assert!(links.iter().any(|l| l.split('$').nth(3) == Some(legal)), "no legal {legal}");
    }
    // Siblings in one school and in two.
    let school: BTreeMap<&str, &str> =
        of(&set, "Eleve").map(|p| (p.key.as_str(), p.first("ENTPersonStructRattach"))).collect();
    let spread: Vec<usize> = of(&set, "PersRelEleve")
        .map(|r| r.values("ENTAuxPersRelEleveEleve"))
        .filter(|children| children.len() > 1)
        .map(|children| children.iter().map(|c| school[c.as_str()]).collect::<BTreeSet<_>>().len())
        .collect();
    assert!(spread.contains(&1) && spread.contains(&2));
    // Brothers and sisters have first names of their own, and twins one birthday.
    for children in of(&set, "PersRelEleve").map(|r| r.values("ENTAuxPersRelEleveEleve")).filter(|c| c.len() > 1) {
        let row = |key: &String| &set[&("Eleve".to_owned(), key.clone())];
        let names: BTreeSet<&str> = children.iter().map(|c| row(c).first("givenName")).collect();
        assert_eq!(names.len(), children.len(), "{children:?}");
        let births: BTreeSet<&str> = children.iter().map(|c| row(c).first("ENTPersonDateNaissance")).collect();
        let years: BTreeSet<&str> = births.iter().map(|day| &day[6..]).collect();
        assert_eq!(births.len(), years.len(), "{children:?}");
    }
    // Homonyms happen and do not dominate.
    let mut names: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for pupil in of(&set, "Eleve") {
        *names.entry((pupil.first("sn"), pupil.first("givenName"))).or_default() += 1;
    }
    let homonyms: u32 = names.values().filter(|&&n| n > 1).sum();
    assert!(homonyms > 0 && homonyms < pupils as u32 / 10, "{homonyms} of {pupils}");

    let staff: Vec<&Item> = of(&set, "PersEducNat").collect();
    let functions = |p: &Item| p.values("ENTPersonFonctions").to_vec();
    for code in ["ENS", "DIR", "EDU", "AED", "SUR", "DOC", "MDS", "ADF", "AEH", "LAB", "CTR", "ORI", "ADM", "-"] {
        assert!(staff.iter().any(|p| functions(p).iter().any(|f| f.split('$').nth(1) == Some(code))), "no {code}");
    }
    let teaches = |p: &Item| p.first("PersEducNatPresenceDevantEleves") == "O";
    assert!(staff.iter().any(|p| teaches(p) && functions(p).len() == 2), "nobody in two schools");
    assert!(staff.iter().any(|p| functions(p).len() > 10), "nobody travels");
    let zones: BTreeSet<&str> = of(&set, "EtabEducNat")
        .filter(|s| s.first("ENTStructureTypeStruct") == "SANS OBJET")
        .map(|s| s.key.as_str())
        .collect();
    assert!(staff.iter().any(|p| teaches(p) && zones.contains(p.first("ENTPersonStructRattach"))), "no TZR");
    let heads = |p: &&&Item| functions(p).iter().any(|f| f.contains("$D0010$"));
    assert!(staff.iter().filter(heads).any(|p| functions(p).len() == 2), "no cité scolaire");
    // A teacher who is a parent: same names, other key.
    let parents: BTreeSet<[&str; 3]> =
        of(&set, "PersRelEleve").map(|r| ["ENTPersonNomPatro", "sn", "givenName"].map(|n| r.first(n))).collect();
    let both = staff.iter().filter(|p| parents.contains(&["ENTPersonNomPatro", "sn", "givenName"].map(|n| p.first(n))));
    assert!(both.count() > 3);
    for kind in ["PR", "PU", ""] {
        assert!(of(&set, "EtabEducNat").any(|s| s.first("ENTEtablissementContrat") == kind), "{kind:?}");
    }
    assert!(of(&set, "EtabEducNat").any(|s| s.first("ENTEtablissementMinistereTutelle") == "AGRICULTURE"));
    let fed = of(&set, "EtabEducNat").filter(|s| !s.values("ENTStructureClasses").is_empty());
    assert_eq!(fed.count(), 16);
}

#[test]
fn a_night_touches_three_accounts_in_a_thousand() {
    let (before, after) = (academy(20, false), academy(21, false));
    check(&after);
    let (before, after) = (persons(&before), persons(&after));
    let gone = before.keys().filter(|k| !after.contains_key(*k)).count();
    let new_or_changed = after.iter().filter(|(k, item)| before.get(*k) != Some(item)).count();
    let per_10_000 = (gone + new_or_changed) * 10_000 / before.len();
    assert!((10..=60).contains(&per_10_000), "{per_10_000} of 10,000");
}

#[test]
fn a_delta_applied_to_the_day_before_gives_the_day() {
    for day in [1, 30] {
        let folder = tempfile::tempdir().unwrap();
        let day_options =
            |name: &str, day, delta| Options { day, delta, ..options(13, 1_200, 77, &folder.path().join(name)) };
        let (_, mut state) = written(&day_options("before", day - 1, false));
        let (summary, delta) = written(&day_options("delta", day, true));
        let (_, after) = written(&day_options("after", day, false));
        let persons = [Category::Pupil, Category::Relative, Category::Staff].map(|c| summary.of(c));
        assert_eq!(summary.added + summary.modified + summary.deleted, persons.iter().sum::<u64>());
        assert!(summary.added + summary.modified + summary.deleted > 0);
        for (key, mut item) in delta {
            let known = state.contains_key(&key);
            match item.request.as_str() {
                "deleteRequest" => {
                    assert!(known && item.attributes.is_empty());
                    state.remove(&key);
                    continue;
                }
                "modifyRequest" => assert!(known),
                _ => assert!(!known || !item.attributes.contains_key("givenName")),
            }
            item.request = "addRequest".into();
            state.insert(key, item);
        }
        assert!(state == after, "day {day}");
    }
}

#[test]
fn contracts_begin_and_some_come_back() {
    let (first, later) = (academy(0, false), academy(46, false));
    let staff = |set: &Set| of(set, "PersEducNat").map(|p| p.key.clone()).collect::<BTreeSet<_>>();
    let late: Vec<String> = staff(&later).difference(&staff(&first)).cloned().collect();
    // Those who were to come have lower keys than the last of the first day.
    let last = staff(&first).pop_last().unwrap();
    assert!(late.iter().any(|key| *key < last), "{late:?}");
}

#[test]
fn everybody_goes_up_a_level() {
    let (before, after) = (academy(10, false), academy(10, true));
    check(&after);
    let level = |set: &Set, key: &str| {
        set.get(&("Eleve".into(), key.to_owned())).map(|p| p.first("ENTEleveLibelleMEF").to_owned())
    };
    let mut moves: BTreeMap<(String, String), u32> = BTreeMap::new();
    for pupil in of(&before, "Eleve") {
        let to = level(&after, &pupil.key).unwrap_or_default();
        *moves.entry((pupil.first("ENTEleveLibelleMEF").to_owned(), to)).or_default() += 1;
    }
    let share = |from: &str, to: &str| {
        let all: u32 = moves.iter().filter(|((f, _), _)| f == from).map(|(_, n)| n).sum();
        moves.get(&(from.into(), to.into())).copied().unwrap_or(0) * 100 / all
    };
    assert!(share("6EME", "5EME") > 90);
    assert!(share("4EME", "3EME") > 90);
    assert!(share("TERMINALE GENERALE", "") > 90);
    assert!(share("3EME", "2DE GENERALE ET TECHNOLOGIQUE") > 25, "{moves:?}");
    assert!(share("3EME", "6EME") == 0);
    let (was, is) = (of(&before, "Eleve").count(), of(&after, "Eleve").count());
    assert!(is * 100 > was * 90 && is * 100 < was * 110, "{was} pupils, then {is}");
    // New pupils bring parents of their own; no family takes them all in.
    let relatives = of(&after, "PersRelEleve").count() * 100 / of(&after, "Eleve").count();
    assert!((150..=190).contains(&relatives), "{relatives} relatives per hundred pupils");
    let most = of(&after, "PersRelEleve").map(|r| r.values("ENTAuxPersRelEleveEleve").len()).max();
    assert!(most < Some(7), "{most:?} children");
    let staff = |set: &Set| of(set, "PersEducNat").map(|p| p.key.clone()).collect::<BTreeSet<_>>();
    let (was, is) = (staff(&before), staff(&after));
    let gone = was.difference(&is).count() * 100 / was.len();
    assert!((5..=16).contains(&gone), "{gone} % of the staff left");
}

#[test]
fn the_header_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let summary = write(&options(1, 40, 9, folder.path()), &|_| {}).unwrap();
    for file in &summary.files {
        let text = std::fs::read_to_string(file).unwrap();
        for line in ["versionAF=\"AAF-VE2407\"", "degre=\"2D\"", "01/09/2026", "rentree simulate 1, graine 9"] {
            assert!(text.contains(line), "{line}");
        }
    }
}

/// From the old year to the new one, school by school: before its night a school is as it was, after it as it will be.
#[test]
fn each_school_switches_on_its_own_night() {
    let on = |bascule_night: Option<u32>, bascule: bool| {
        let folder = tempfile::tempdir().unwrap();
        written(&Options { bascule, bascule_night, ..options(16, 600, 5, folder.path()) }).1
    };
    let (old, new) = (on(None, false), on(None, true));
    let pupils = |set: &Set| -> BTreeMap<String, (String, String)> {
        of(set, "Eleve")
            .map(|p| (p.key.clone(), (p.first("ENTPersonStructRattach").to_owned(), p.first("ENTEleveMEF").to_owned())))
            .collect()
    };
    let (before, after) = (pupils(&old), pupils(&new));
    let mut switched = 0;
    for night in 0..=LAST_SWITCH {
        let now = pupils(&on(Some(night), true));
        let of_new: BTreeSet<&str> = now
            .iter()
            .filter(|(key, at)| before.get(*key) != Some(at))
            .map(|(_, (school, _))| school.as_str())
            .collect();
        assert!(of_new.len() >= switched, "{of_new:?}");
        switched = of_new.len();
        for (key, at) in &now {
            let year = if of_new.contains(at.0.as_str()) { &after } else { &before };
            assert_eq!(year.get(key), Some(at), "{key} on night {night}");
        }
    }
    assert_eq!(pupils(&on(Some(LAST_SWITCH), true)), after);
    assert!(switched > 12, "{switched}");
}
