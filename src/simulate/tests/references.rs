//! Every name used is a name given; every link is told from both sides.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;

use super::set::{Item, Set, of, options, written};
use crate::feed::values::Uai;
use crate::simulate::Options;

/// Division and group names per structure key, with the MEF of divisions.
struct Structures<'s> {
    keys: BTreeSet<&'s str>,
    classes: BTreeMap<(&'s str, &'s str), &'s str>,
    groups: BTreeSet<(&'s str, &'s str)>,
}

fn structures(set: &Set) -> Structures<'_> {
    let mut all = Structures { keys: BTreeSet::new(), classes: BTreeMap::new(), groups: BTreeSet::new() };
    for item in of(set, "EtabEducNat") {
        all.keys.insert(&item.key);
        for class in item.values("ENTStructureClasses") {
            let fields: Vec<&str> = class.split('$').collect();
            assert_eq!(fields.len(), 3, "{class}");
            assert!(all.classes.insert((&item.key, fields[0]), fields[2]).is_none(), "{class} twice");
        }
        for group in item.values("ENTStructureGroupes") {
            let fields: Vec<&str> = group.split('$').collect();
            assert!(fields.len() > 2, "{group}");
            for class in &fields[2..] {
                assert!(all.classes.contains_key(&(item.key.as_str(), *class)), "{group}");
            }
            assert!(all.groups.insert((&item.key, fields[0])), "{group} twice");
        }
    }
    all
}

fn fields<const N: usize>(value: &str) -> [&str; N] {
    let all: Vec<&str> = value.split('$').collect();
    all.try_into().unwrap_or_else(|all: Vec<_>| panic!("{} fields instead of {N} in {value}", all.len()))
}

/// Panics at the first reference that leads nowhere.
pub(super) fn check(set: &Set) {
    let structures = structures(set);
    let codes = |category| of(set, category).map(|item| item.key.as_str()).collect::<BTreeSet<_>>();
    let (subjects, mefs) = (codes("MatEducNat"), codes("MefEducNat"));
    let pupils: HashMap<&str, &Item> = of(set, "Eleve").map(|p| (p.key.as_str(), p)).collect();
    let relatives: HashMap<&str, &Item> = of(set, "PersRelEleve").map(|r| (r.key.as_str(), r)).collect();
    for mef in structures.classes.values() {
        assert!(mefs.contains(mef), "{mef}");
    }
    let mut members: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for pupil in pupils.values() {
        let school = pupil.first("ENTPersonStructRattach");
        let [structure, class] = fields(pupil.first("ENTEleveClasses"));
        assert_eq!(structure, school);
        assert_eq!(structures.classes.get(&(structure, class)), Some(&pupil.first("ENTEleveMEF")), "{}", pupil.key);
        *members.entry((structure, class)).or_default() += 1;
        for group in pupil.values("ENTEleveGroupes") {
            let [structure, group] = fields(group);
            assert!(structures.groups.contains(&(structure, group)), "{group}");
        }
        let labels = pupil.values("ENTEleveEnseignements");
        let taught = pupil.values("ENTEleveCodeEnseignements");
        assert_eq!(labels.len(), taught.len());
        assert!(!taught.is_empty());
        for code in taught {
            assert!(subjects.contains(code.as_str()), "{code}");
        }
        let mut linked = BTreeSet::new();
        for link in pupil.values("ENTElevePersRelEleve") {
            let [relative, code, financial, legal, contact, payment] = fields(link);
            assert!(["10", "20", "38", "39", "42", "50", "51", "70", "90"].contains(&code), "{link}");
            assert!([financial, contact, payment].iter().all(|flag| ["0", "1"].contains(flag)), "{link}");
            assert!(["0", "1", "2", "3"].contains(&legal), "{link}");
            let other = relatives.get(relative).unwrap_or_else(|| panic!("{relative} of {} is missing", pupil.key));
            assert!(other.values("ENTAuxPersRelEleveEleve").contains(&pupil.key), "{link}");
            assert!(linked.insert(relative), "{link} twice");
        }
        for relative in pupil.values("ENTEleveAdresseRel") {
            assert!(linked.contains(relative.as_str()), "{relative}");
        }
    }
    for relative in relatives.values() {
        let children = relative.values("ENTAuxPersRelEleveEleve");
        assert!(!children.is_empty(), "{} has no child", relative.key);
        let prefix = format!("{}$", relative.key);
        for child in children {
            let links = pupils[child.as_str()].values("ENTElevePersRelEleve");
            assert!(links.iter().any(|link| link.starts_with(&prefix)), "{} and {child}", relative.key);
        }
    }
    for person in of(set, "PersEducNat") {
        let attached = person.first("ENTPersonStructRattach");
        assert!(attached.is_empty() || structures.keys.contains(attached));
        for function in person.values("ENTPersonFonctions") {
            let [structure, ..] = fields::<5>(function);
            assert!(structures.keys.contains(structure), "{function}");
        }
        for service in person.values("ENTAuxEnsClassesMatieres") {
            let [structure, class, subject] = fields(service);
            assert!(structures.classes.contains_key(&(structure, class)) && subjects.contains(subject), "{service}");
        }
        for service in person.values("ENTAuxEnsGroupesMatieres") {
            let [structure, group, subject] = fields(service);
            assert!(structures.groups.contains(&(structure, group)) && subjects.contains(subject), "{service}");
        }
        for class in person.values("ENTAuxEnsClassesPrincipal") {
            let [structure, class] = fields(class);
            assert!(structures.classes.contains_key(&(structure, class)));
            let taught = format!("{structure}${class}$");
            assert!(person.values("ENTAuxEnsClassesMatieres").iter().any(|s| s.starts_with(&taught)), "{taught}");
        }
        for mef in person.values("ENTAuxEnsMEF") {
            let [structure, mef, _label] = fields(mef);
            assert!(structures.keys.contains(structure) && mefs.contains(mef));
        }
    }
    for item in of(set, "EtabEducNat") {
        let to = item.first("ENTEtablissementStructRattachFctl");
        assert!(to.is_empty() || structures.keys.contains(to));
        let uai = Uai::parse(item.first("ENTStructureUAI")).unwrap();
        assert_eq!(uai.is_regular(), item.first("ENTStructureTypeStruct") != "SANS OBJET", "{uai}");
    }
}

#[test]
fn every_record_of_a_category_lists_the_same_attributes() {
    let folder = tempfile::tempdir().unwrap();
    let (_, set) = written(&options(12, 600, 3, folder.path()));
    let mut orders: BTreeMap<&str, &Vec<String>> = BTreeMap::new();
    for item in set.values() {
        assert_eq!(item.request, "addRequest");
        assert_eq!(*orders.entry(&item.category).or_insert(&item.order), &item.order, "{}", item.key);
    }
    assert_eq!(orders.len(), 6);
    assert_eq!(orders["Eleve"].len(), 35);
    assert_eq!(orders["EtabEducNat"].len(), 23);
}

#[test]
fn numbers_are_never_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (_, set) = written(&options(14, 1_500, 3, folder.path()));
    for (category, name) in [("Eleve", "ENTEleveINE"), ("EtabEducNat", "ENTStructureUAI"), ("PersEducNat", "mail")] {
        let all: Vec<&str> = of(&set, category).map(|i| i.first(name)).filter(|v| !v.is_empty()).collect();
        let once: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(once.len(), all.len(), "{name}");
    }
    let mut local = BTreeSet::new();
    for pupil in of(&set, "Eleve") {
        let number = (pupil.first("ENTPersonStructRattach"), pupil.first("ENTEleveStructRattachId"));
        assert!(local.insert(number), "{number:?}");
    }
    let persons: Vec<&str> =
        set.values().filter(|i| i.order.iter().any(|n| n == "givenName")).map(|i| i.key.as_str()).collect();
    assert_eq!(persons.iter().collect::<BTreeSet<_>>().len(), persons.len(), "keys overlap between categories");
    assert!(persons.iter().all(|key| key.len() == 7));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn references_resolve_whatever_the_options(
        schools in 1_u32..18, pupils in 18_u32..300, seed: u64, year in 1990_i16..=2090, day in 0_u32..40, bascule: bool,
        night in proptest::option::of(0_u32..10),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let bascule_night = night.filter(|_| bascule);
        let year = year.min(2089);
        let options = Options { year, day, bascule, bascule_night, ..options(schools, pupils, seed, folder.path()) };
        let (_, set) = written(&options);
        check(&set);
    }
}
