//! Properties: the order of the records does not show, every record is accounted for, links agree in both directions.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;

use super::{Academy, sources};
use crate::feed::Category;
use crate::roster::{Options, Role, build, households};

/// A little of everything, right and wrong: keys from small ranges so that references hit and miss.
fn academy() -> impl Strategy<Value = Academy> {
    let structure = prop::sample::select(vec!["1", "2", "3", "9"]);
    let class =
        (structure.clone(), prop::sample::select(vec!["6A", "6B", "5 C", ""])).prop_map(|(s, c)| format!("{s}${c}"));
    let function = (structure.clone(), prop::sample::select(vec!["ENS", "DIR", "-", "ZZ"]))
        .prop_map(|(s, f)| format!("{s}${f}$label$L0100$label"));
    let link = (20..26u32, prop::sample::select(vec!["10", "1", "70", "x"]), 0..4u8, 0..2u8)
        .prop_map(|(id, code, legal, contact)| format!("{id}${code}$0${legal}${contact}$0"));
    let record = (
        (prop::sample::select(Category::ALL.to_vec()), 0..30u32),
        prop::option::of(structure),
        prop::collection::vec(class, 0..3),
        prop::collection::vec(function, 0..3),
        prop::collection::vec(link, 0..3),
        any::<bool>(),
    );
    prop::collection::vec(record, 0..40).prop_map(|records| {
        let mut academy = Academy::default();
        let mut keys = BTreeSet::new();
        for ((category, number), attached, classes, functions, links, named) in records {
            let number = if category == Category::Structure { number % 4 } else { number };
            // An image has one record per key and category.
            if !keys.insert((category, number)) {
                continue;
            }
            let (classes, functions, links) = (refs(&classes), refs(&functions), refs(&links));
            let attached: Vec<&str> = attached.into_iter().collect();
            // Structures 1 and 2 share a UAI, 3 has none.
            let uai = match number {
                3 => &[][..],
                0 => &["0210066H"],
                _ => &["0290009C"],
            };
            academy = academy.add(
                category,
                &number.to_string(),
                &[
                    ("sn", if named { &["Nom"] } else { &[] }),
                    ("givenName", &["Prénom"]),
                    ("ENTPersonDateNaissance", &["01/01/2012"]),
                    ("ENTStructureUAI", uai),
                    ("ENTStructureNomCourant", &["CLG$X$Y"]),
                    ("ENTPersonStructRattach", &attached),
                    ("ENTEleveClasses", &classes),
                    ("ENTElevePersRelEleve", &links),
                    ("ENTAuxEnsClasses", &classes),
                    ("ENTPersonFonctions", &functions),
                    ("ENTAuxPersRelEleveEleve", &["1", "2", "12"]),
                ],
            );
        }
        academy
    })
}

fn refs(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

proptest! {
    #[test]
    fn order_does_not_show(academy in academy(), swaps in prop::collection::vec((any::<Index>(), any::<Index>()), 0..60)) {
        let expected = format!("{:?}", academy.roster());
        let mut shuffled = academy.records;
        if !shuffled.is_empty() {
            for (a, b) in swaps {
                let (a, b) = (a.index(shuffled.len()), b.index(shuffled.len()));
                shuffled.swap(a, b);
            }
        }
        prop_assert_eq!(format!("{:?}", build(&sources(), shuffled, &Options::default())), expected);
    }

    #[test]
    fn references_hold(academy in academy()) {
        // `roster` itself checks that every person record is in exactly one list.
        let roster = academy.roster();
        let homes = households(&roster);
        for (person, at) in roster.persons.iter().zip(0..) {
            let id = crate::roster::PersonId(at);
            prop_assert!(!person.schools.is_empty());
            prop_assert!(person.schools.iter().all(|s| roster.structure(s.structure).is_some() && !s.profiles.is_empty()));
            prop_assert!(person.schools.is_sorted_by(|a, b| a.structure < b.structure));
            prop_assert!(homes.of(id).is_some_and(|home| home.0 <= id && homes.of(home.0) == Some(home)));
            match &person.role {
                Role::Pupil(pupil) => {
                    prop_assert!(pupil.relatives.is_sorted_by(|a, b| a.relative < b.relative));
                    for (structure, class) in &pupil.classes {
                        prop_assert!(roster.structure(*structure).unwrap().classes.iter().any(|c| c.code == *class));
                    }
                    for link in &pupil.relatives {
                        let Role::Relative(other) = &roster.person(link.relative).unwrap().role else { panic!() };
                        prop_assert!(other.pupils.contains(&id));
                    }
                }
                Role::Relative(relative) => {
                    prop_assert!(!relative.pupils.is_empty());
                    prop_assert!(relative.pupils.is_sorted_by(|a, b| a < b));
                    for other in &relative.pupils {
                        let Role::Pupil(pupil) = &roster.person(*other).unwrap().role else { panic!() };
                        prop_assert!(pupil.relatives.iter().any(|l| l.relative == id));
                    }
                }
                Role::Staff(_) => {}
            }
        }
    }
}
