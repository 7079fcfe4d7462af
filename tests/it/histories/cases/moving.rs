//! Whoever moves: class, school, academy, name, posts.

use super::{Case, alter, case, first};
use crate::histories::academy::Academy;

/// The first pupil has a class in a second school too.
fn in_two_schools(text: &str) -> String {
    let values: Vec<&str> = text
        .split("name=\"ENTEleveClasses\"><value>")
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .filter(|value| value.contains('$'))
        .collect();
    let school = |value: &str| value.split('$').next().unwrap().to_owned();
    let other = values.iter().find(|value| school(value) != school(values[0])).unwrap();
    let (from, to) = (format!("<value>{}<", values[0]), format!("<value>{}</value><value>{other}<", values[0]));
    text.replacen(&from, &to, 1)
}

fn other_school(a: &Academy, school: u32) -> u32 {
    *a.schools.keys().find(|s| **s != school).unwrap()
}

/// A younger child of the same parents, in another school.
fn sibling_elsewhere(a: &mut Academy) {
    let elder = a.pupils[&first(a)].clone();
    let school = other_school(a, elder.school);
    let younger = a.pupil_arrives(&mut super::Dice::new(5, 9));
    let pupil = a.pupils.get_mut(&younger).unwrap();
    (pupil.school, pupil.relatives) = (school, elder.relatives);
}

/// The first teacher of one school only.
fn teacher(a: &mut Academy) -> &mut crate::histories::academy::Teacher {
    a.teachers.values_mut().find(|teacher| teacher.posts.len() == 1).unwrap()
}

const ENS: &str = "$ENS$ENSEIGNEMENT$L0202$LETTRES MODERNES";
const DIR: &str = "$DIR$DIRECTION$D0010$PERSONNELS DE DIRECTION";

pub const CASES: [Case; 14] = [
    case("a pupil changes class", "2026-09-20", |a| {
        let key = first(a);
        "3B".clone_into(&mut a.pupils.get_mut(&key).unwrap().class);
    }),
    case("a pupil changes school", "2026-09-20", |a| {
        let key = first(a);
        let other = other_school(a, a.pupils[&key].school);
        a.pupils.get_mut(&key).unwrap().school = other;
    }),
    case("a pupil comes back under another key", "2026-09-20", |a| {
        let key = first(a);
        a.pupil_gets_another_key(key);
    }),
    case("a pupil marries a name", "2026-09-20", |a| {
        let key = first(a);
        "ALDERIC".clone_into(&mut a.pupils.get_mut(&key).unwrap().surname);
    }),
    Case {
        mishap: |f| alter(f, "_Eleve_", |text| in_two_schools(&text)),
        ..case("a pupil in two schools", "2026-09-20", |_| ())
    },
    case("a younger child in another school", "2026-09-20", sibling_elsewhere),
    Case {
        earlier: &[("2026-09-10", sibling_elsewhere)],
        ..case("parents lose the school that their last child there left", "2026-09-20", |a| {
            let key = first(a);
            a.pupils.remove(&key);
        })
    },
    case("a teacher of two schools leaves one", "2026-09-20", |a| {
        let teacher = a.teachers.values_mut().find(|t| t.posts.len() > 1).unwrap();
        let home = teacher.home;
        teacher.posts.retain(|school, _| *school == home);
    }),
    case("a teacher of a zone of replacement with a class stays", "2026-09-20", |a| teacher(a).home = 999),
    case("a teacher of a zone of replacement without a function leaves", "2026-09-20", |a| {
        teacher(a).home = 999;
        teacher(a).posts.clear();
    }),
    Case {
        mishap: |f| {
            alter(f, "_PersEducNat_", |text| {
                text.replacen(&format!("301{ENS}"), &format!("301{DIR}</value><value>302{DIR}"), 1)
            });
        },
        ..case("a teacher becomes the head of two sites", "2026-09-20", |_| ())
    },
    Case {
        mishap: |f| {
            alter(f, "_EtabEducNat_", |text| {
                let from = "<attr name=\"ENTStructureUAI\"><value>0960012Y";
                text.replacen(
                    from,
                    &format!("<attr name=\"ENTEtablissementStructRattachFctl\"><value>301</value></attr>{from}"),
                    1,
                )
            });
        },
        ..case("a school is attached to another one", "2026-09-20", |_| ())
    },
    Case {
        mishap: |f| {
            alter(f, "_Eleve_", |text| {
                let at = text.find("name=\"ENTEleveClasses\"><value>").unwrap() + 31;
                format!("{}999{}", &text[..at], &text[at + 3..])
            });
        },
        ..case("a class in a school that nobody knows", "2026-09-20", |_| ())
    },
    case("a pupil without a class", "2026-09-20", |a| {
        let key = a.pupil_arrives(&mut super::Dice::new(5, 2));
        a.pupils.get_mut(&key).unwrap().class = String::new();
    }),
];
