//! The divisions of a school, their teaching groups, and the teachers' posts that follow from both.
//!
//! Computed from the pupils seated in a school at the beginning of a year; nights only move people between what is
//! there, as in a real year.

use std::collections::BTreeMap;

use super::curriculum::{CHOICES, FORMATIONS, HALVES, LANGUAGES};
use super::model::{Academy, Class, Group, Post, School};
use super::places::decimal;

/// A full service, in half hours per week.
const FULL_SERVICE: u16 = 36;
/// From this many half hours on a last post stands alone; below, two schools share a teacher.
const OWN_SERVICE: u16 = 20;

/// Renews every division, group and post from the present pupils and their formations, and seats them.
pub(super) fn renew(academy: &mut Academy) {
    let mut members: BTreeMap<(u16, u8), Vec<u32>> = BTreeMap::new();
    for (at, pupil) in academy.pupils.iter().enumerate().filter(|(_, p)| p.present) {
        members.entry((pupil.school, pupil.formation)).or_default().push(at as u32);
    }
    for school in &mut academy.schools {
        school.classes.clear();
        school.groups.clear();
        school.posts.clear();
    }
    for (&(school, formation), pupils) in &members {
        let first = open_classes(&mut academy.schools[usize::from(school)], formation, pupils.len());
        let classes = academy.schools[usize::from(school)].classes.len() - first;
        let mut chosen = 0;
        for (turn, &pupil) in pupils.iter().enumerate() {
            let row = &mut academy.pupils[pupil as usize];
            row.class = (first + turn % classes) as u16;
            row.joined_class = academy.today;
            academy.schools[usize::from(school)].classes[usize::from(row.class)].size += 1;
            chosen |= row.choices;
        }
        open_groups(&mut academy.schools[usize::from(school)], formation, first, chosen);
    }
    for school in &mut academy.schools {
        open_posts(school);
        appoint_heads(school, academy.year);
    }
}

/// Opens the divisions that `pupils` need; gives the index of the first.
fn open_classes(school: &mut School, formation: u8, pupils: usize) -> usize {
    let first = school.classes.len();
    let plan = &FORMATIONS[usize::from(formation)];
    let size = usize::from(plan.size);
    let count = ((pupils + size / 2) / size).max(1);
    for number in 1..=count {
        let mut name = String::from(plan.stem);
        let mut digits = [0; 10];
        match school.numbering {
            0 if count <= 26 => name.push(char::from(b'A' + (number - 1) as u8)),
            1 => {
                name.push(' ');
                name.push_str(decimal(number as u32, &mut digits));
            }
            2 => {
                name.push('°');
                name.push_str(decimal(number as u32, &mut digits));
            }
            _ => {
                // `6S1` of a SEGPA and `61` of its collège stay apart: they are two structures.
                if number < 10 && plan.stem.len() == 1 {
                    name.push('0');
                }
                name.push_str(decimal(number as u32, &mut digits));
            }
        }
        school.classes.push(Class { name, formation, size: 0, groups: Vec::new(), offered: 0, head: None });
    }
    first
}

/// Opens, for each choice that someone of the formation made, groups over all of its divisions.
fn open_groups(school: &mut School, formation: u8, first: usize, chosen: u16) {
    let end = school.classes.len();
    for (bit, choice) in (0_u8..).zip(&CHOICES).filter(|(bit, _)| chosen & (1 << bit) != 0) {
        for (number, from) in (1..).zip((first..end).step_by(choice.divisions)) {
            let classes = from as u16..(from + choice.divisions).min(end) as u16;
            let mut name = String::from(FORMATIONS[usize::from(formation)].stem);
            name.push_str(choice.short);
            name.push_str(decimal(number, &mut [0; 10]));
            let group = school.groups.len() as u16;
            for class in classes.clone() {
                let class = &mut school.classes[usize::from(class)];
                class.groups.push(group);
                class.offered |= 1 << bit;
            }
            school.groups.push(Group { name, choice: bit, formation, classes });
        }
    }
}

/// Shares the lessons of the divisions and groups out among posts, discipline by discipline.
fn open_posts(school: &mut School) {
    let mut lessons: BTreeMap<u8, Vec<(u16, bool, u16, u8)>> = BTreeMap::new();
    for (at, class) in (0_u16..).zip(&school.classes) {
        for lesson in FORMATIONS[usize::from(class.formation)].programme {
            let of = lessons.entry(lesson.discipline).or_default();
            of.push((lesson.half_hours, false, at, lesson.subject));
        }
    }
    for (at, group) in (0_u16..).zip(&school.groups) {
        let choice = &CHOICES[usize::from(group.choice)];
        let discipline = if HALVES.contains(&group.choice) {
            // A half of a workshop is taught by the trade of its formation.
            let programme = FORMATIONS[usize::from(group.formation)].programme;
            programme.iter().find(|l| l.subject == choice.subject).map_or(choice.discipline, |l| l.discipline)
        } else {
            choice.discipline
        };
        lessons.entry(discipline).or_default().push((choice.half_hours, true, at, choice.subject));
    }
    for (discipline, lessons) in lessons {
        let empty = || Post { discipline, half_hours: 0, classes: Vec::new(), groups: Vec::new(), holder: None };
        let mut post = empty();
        for (half_hours, is_group, at, subject) in lessons {
            if post.half_hours > 0 && post.half_hours + half_hours > FULL_SERVICE {
                school.posts.push(std::mem::replace(&mut post, empty()));
            }
            post.half_hours += half_hours;
            if is_group { post.groups.push((at, subject)) } else { post.classes.push((at, subject)) }
        }
        school.posts.push(post);
    }
}

/// Each division gets a head teacher among those who teach it as a whole.
fn appoint_heads(school: &mut School, year: i16) {
    for at in 0..school.classes.len() {
        let teach = |post: &Post| post.classes.iter().any(|&(class, _)| usize::from(class) == at);
        let posts: Vec<u16> = (0_u16..).zip(&school.posts).filter(|(_, p)| teach(p)).map(|(n, _)| n).collect();
        let turn = at * 7 + year.unsigned_abs() as usize;
        school.classes[at].head = turn.checked_rem(posts.len()).and_then(|n| posts.get(n)).copied();
    }
}

/// Whether a post is small enough to be held together with one of another school.
pub(super) fn is_partial(post: &Post) -> bool {
    post.half_hours < OWN_SERVICE
}

/// Keeps of `choices` what a division offers; a second language stays when there is any.
pub(super) fn fit(choices: u16, offered: u16) -> u16 {
    let languages: u16 = LANGUAGES.map(|bit| 1 << bit).sum();
    let kept = choices & offered;
    if kept & languages == 0 && offered & languages != 0 {
        let first = offered & languages;
        return kept | (first & first.wrapping_neg());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_fit_the_offer() {
        assert_eq!(fit(0b1001, 0b0001), 0b0001);
        assert_eq!(fit(0b0010, 0b0101), 0b0001);
        assert_eq!(fit(0b0000, 0b1000), 0);
        assert_eq!(fit(0b1010, 0b1111), 0b1010);
    }
}
