//! Children and those who answer for them.

use super::{Case, alter, case, first};

pub const CASES: [Case; 7] = [
    case("a relative of a child who is known", "2026-09-20", |a| {
        let key = first(a);
        let relatives = a.pupils[&key].relatives.clone();
        let other = *a.pupils.iter().find(|(_, pupil)| pupil.relatives.is_empty()).unwrap().0;
        a.pupils.get_mut(&other).unwrap().relatives = relatives;
    }),
    Case {
        mishap: |f| alter(f, "_Eleve_", |text| text.replacen("$10$1$1$0$1<", "$10$0$0$0$0<", 1)),
        ..case("a parent has no authority any more", "2026-09-20", |_| ())
    },
    Case {
        mishap: |f| {
            alter(f, "_Eleve_", |text| {
                let at = text.find("$10$1$1$0$1<").unwrap();
                let from = text[..at].rfind('>').unwrap() + 1;
                format!("{}99999{}", &text[..from], &text[at..])
            });
        },
        ..case("a relative who is not delivered", "2026-09-20", |_| ())
    },
    Case {
        mishap: |f| {
            alter(f, "_Eleve_", |text| {
                let from = "<attr name=\"ENTEleveINE\">";
                text.replacen(from, &format!("<attr name=\"ENTEleveMajeur\"><value>O</value></attr>{from}"), 1)
            });
        },
        ..case("a pupil comes of age", "2026-09-20", |_| ())
    },
    case("a relative leaves the family", "2026-09-20", |a| {
        let key = first(a);
        a.pupils.get_mut(&key).unwrap().relatives.pop();
    }),
    case("a parent is also a teacher", "2026-09-20", |a| {
        let parent = a.pupils[&first(a)].relatives[0];
        let who = a.relatives[&parent].clone();
        let school = *a.schools.keys().next().unwrap();
        let teacher = a.teacher_arrives(&mut super::Dice::new(5, 4), school);
        a.teachers.get_mut(&teacher).unwrap().who = who;
    }),
    case("a parent has the name of the child", "2026-09-20", |a| {
        let child = a.pupils[&first(a)].clone();
        let parent = a.relatives.get_mut(&child.relatives[0]).unwrap();
        (parent.first, parent.surname) = (child.first, child.surname);
    }),
];
