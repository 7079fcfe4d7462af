//! Whoever leaves: absent, suspended, back, deleted.

use super::{Case, Turn, alter, case, first};

const LEAVES: Turn = |a| {
    let key = first(a);
    let pupil = a.pupils.remove(&key).unwrap();
    a.gone.insert(key, pupil);
};
const RETURNS: Turn = |a| a.pupils.append(&mut a.gone);
const NOTHING: Turn = |_| ();

pub const CASES: [Case; 14] = [
    case("a pupil leaves, and the relatives who have no other child", "2026-09-20", LEAVES),
    Case { earlier: &[("2026-09-20", LEAVES)], ..case("a pupil who left a month ago", "2026-10-25", NOTHING) },
    Case { earlier: &[("2026-09-20", LEAVES)], ..case("a pupil comes back within the month", "2026-10-05", RETURNS) },
    Case {
        earlier: &[("2026-09-20", LEAVES), ("2026-10-25", NOTHING)],
        ..case("a pupil comes back after the account was suspended", "2026-11-05", RETURNS)
    },
    Case {
        earlier: &[("2026-09-20", LEAVES), ("2026-10-25", NOTHING)],
        ..case("no night deletes an account past its date", "2027-01-20", NOTHING)
    },
    Case {
        earlier: &[("2026-09-20", LEAVES), ("2026-10-25", NOTHING)],
        verb: "purge",
        ..case("accounts past their date are deleted when that is asked", "2027-01-20", NOTHING)
    },
    Case {
        earlier: &[("2026-09-20", LEAVES), ("2026-10-25", NOTHING)],
        verb: "purge",
        ..case("accounts before their date stay when that is asked", "2026-11-05", NOTHING)
    },
    Case {
        earlier: &[("2026-09-20", LEAVES), ("2026-10-25", NOTHING)],
        verb: "purge",
        settings: "[lifecycle]\nnever_activated_after = 40",
        ..case("accounts that nobody ever took over are deleted sooner", "2026-11-05", NOTHING)
    },
    case("half of a school leaves", "2026-11-20", |a| {
        let school = *a.schools.keys().next().unwrap();
        let mut nth = 0;
        a.pupils.retain(|_, pupil| {
            nth += usize::from(pupil.school == school);
            pupil.school != school || nth % 2 == 0
        });
    }),
    case("a school is in no set any more", "2026-09-20", |a| {
        let school = *a.schools.keys().next().unwrap();
        a.schools.remove(&school);
        a.pupils.retain(|_, pupil| pupil.school != school);
    }),
    Case {
        mishap: |f| alter(f, "_Eleve_", |_| String::new()),
        ..case("an empty file of pupils", "2026-09-20", NOTHING)
    },
    Case {
        mishap: |f| alter(f, "_Eleve_", |text| text[..text.len() / 2].to_owned()),
        ..case("a file of pupils that is cut", "2026-09-20", NOTHING)
    },
    Case { delta: true, ..case("a delta says that a pupil left", "2026-09-20", LEAVES) },
    case("a teacher leaves", "2026-09-20", |a| drop(a.teachers.pop_first())),
];
