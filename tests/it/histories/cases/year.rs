//! From one school year to the next.

use super::{Academy, Case, Dice, Turn, case};

/// The pupils of the first school.
fn of_first_school(academy: &mut Academy) -> impl Iterator<Item = &mut crate::histories::academy::Pupil> {
    let school = *academy.schools.keys().next().unwrap();
    academy.pupils.values_mut().filter(move |pupil| pupil.school == school)
}

const LAST_LEVEL_LEAVES: Turn = |a| a.pupils.retain(|_, pupil| !pupil.class.starts_with('3'));
const TEACHER_LEAVES: Turn = |a| drop(a.teachers.pop_first());
const YEAR_TURNS: Turn = |a| a.year_turns(&mut Dice::new(5, 1));
const PUPIL_VANISHES: Turn = |a| {
    let key = super::first(a);
    a.pupils.remove(&key);
};
const NOTHING: Turn = |_| ();

pub const CASES: [Case; 10] = [
    case("the year turns", "2027-09-02", YEAR_TURNS),
    case("the last level leaves after the year has closed", "2027-07-10", LAST_LEVEL_LEAVES),
    Case {
        earlier: &[("2027-07-10", PUPIL_VANISHES)],
        ..case("a pupil who vanished in July, while the school waits", "2027-08-25", NOTHING)
    },
    Case {
        earlier: &[("2027-07-10", PUPIL_VANISHES), ("2027-09-02", YEAR_TURNS)],
        ..case("a pupil who vanished in July, a month after the new year", "2027-10-03", NOTHING)
    },
    Case {
        earlier: &[("2027-07-10", LAST_LEVEL_LEAVES)],
        ..case("nobody is suspended while the school waits for its new year", "2027-08-25", NOTHING)
    },
    Case {
        earlier: &[("2027-08-31", TEACHER_LEAVES), ("2027-09-02", YEAR_TURNS)],
        ..case("a contract that ended in August, in October", "2027-10-15", NOTHING)
    },
    Case {
        earlier: &[("2027-08-31", TEACHER_LEAVES), ("2027-09-02", YEAR_TURNS)],
        ..case("a contract that ended in August, in November", "2027-11-05", NOTHING)
    },
    Case {
        delta: true,
        ..case("a delta for a school that waits for its new year", "2027-08-25", |a| {
            a.pupil_arrives(&mut Dice::new(5, 3));
        })
    },
    case("nobody of a school has a class", "2026-11-20", |a| {
        of_first_school(a).for_each(|pupil| pupil.class = String::new());
    }),
    case("all classes of a school have other names", "2026-11-20", |a| {
        of_first_school(a).for_each(|pupil| pupil.class = format!("N{}", pupil.class));
    }),
];
