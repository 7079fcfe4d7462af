//! The days of September on which only some schools are in their new year: those that have switched as [`super::bascule`]
//! made them, the others as they were, in one academy.
//!
//! A pupil who goes up to a school that has not switched is in neither for some days, as it happens. Staff are in each of
//! their schools with that school's year.

use super::LAST_SWITCH;
use super::draw::Stream;
use super::model::{Academy, Job};

/// `after` where a school has switched by `night`, `before` elsewhere.
pub(super) fn partly(before: &Academy, after: Academy, night: u32) -> Academy {
    let switched: Vec<bool> = (0..after.schools.len()).map(|school| switch_night(&after, school) <= night).collect();
    let has = |school: u16| switched.get(usize::from(school)).copied().unwrap_or(true);
    let mut mixed = after;
    for (school, old) in before.schools.iter().enumerate() {
        if !switched.get(school).copied().unwrap_or(true) {
            mixed.schools[school].clone_from(old);
        }
    }
    pupils(&mut mixed, before, &has);
    relatives(&mut mixed);
    staff(&mut mixed, before, &has);
    mixed
}

/// A school that belongs to another one switches with it.
fn switch_night(academy: &Academy, school: usize) -> u32 {
    let head = academy.schools[school].attached_to.map_or(school, usize::from);
    academy.draw(Stream::SchoolSummer, head).below(LAST_SWITCH + 1)
}

fn pupils(mixed: &mut Academy, before: &Academy, has: &dyn Fn(u16) -> bool) {
    for (at, row) in mixed.pupils.iter_mut().enumerate() {
        if row.present && has(row.school) {
            continue;
        }
        match before.pupils.get(at) {
            Some(old) if old.present && !has(old.school) => row.clone_from(old),
            _ => row.present = false,
        }
    }
}

/// Delivered are the relatives of whoever is delivered.
fn relatives(mixed: &mut Academy) {
    for row in &mut mixed.relatives {
        row.children = 0;
    }
    for pupil in mixed.pupils.iter().filter(|pupil| pupil.present) {
        for link in &pupil.links {
            if let Some(relative) = mixed.relatives.get_mut(link.relative as usize) {
                relative.children = relative.children.saturating_add(1);
            }
        }
    }
}

fn staff(mixed: &mut Academy, before: &Academy, has: &dyn Fn(u16) -> bool) {
    for (at, row) in mixed.staff.iter_mut().enumerate() {
        let old = before.staff.get(at).filter(|old| old.present);
        let new = row.present;
        // Of the administration's own, in no school.
        let of_none = new && !matches!(row.job, Job::Teacher(_)) && row.schools.is_empty();
        if !new {
            row.posts.clear();
            row.schools.clear();
        }
        row.posts.retain(|&(school, _)| has(school));
        row.schools.retain(|&school| has(school));
        if let Some(old) = old {
            row.posts.extend(old.posts.iter().filter(|&&(school, _)| !has(school)));
            row.schools.extend(old.schools.iter().filter(|&&school| !has(school)));
            if !new {
                row.attached = old.attached;
            }
        }
        row.present = of_none
            || match row.job {
                Job::Teacher(_) => !row.posts.is_empty(),
                _ => !row.schools.is_empty(),
            };
    }
}
