//! The turn of the year: the same academy on the next 1 September.
//!
//! Everybody goes up a level; some repeat, some leave; the third years go to a lycée of their sector when it has a
//! place (same key), the last years leave; new pupils arrive at the bottom, many of them into families that are known;
//! divisions, groups and posts are renewed; some 8 % of the staff change. Relatives need nothing: who has no child
//! left is no longer delivered.

use std::collections::{BTreeMap, VecDeque};

use super::children::{add_child, choose, sibling_draw};
use super::curriculum::{
    CHOICES, F1CAP, F2COM, F2DE, F2ELEC, F3, F3_SEGPA, FORMATIONS, HALVES, Kind, LANGUAGES, SPECIALITIES,
};
use super::divisions::renew;
use super::draw::{Draw, Stream};
use super::households::{parents_of, settle};
use super::model::{Academy, Day, Job, Lists};
use super::staff::{assign, fill_posts, hire};

/// Pupils per school and formation.
type Seats = BTreeMap<(u16, u8), u32>;

/// Turns the year; `lived` is how many nights of the old one were lived.
pub(super) fn turn(academy: &mut Academy, lists: &Lists, lived: u32) {
    let before = count(academy);
    academy.year += 1;
    academy.today = Day::september(academy.year);
    academy.departed.clear();
    let mut taken = Seats::new();
    for at in 0..academy.pupils.len() as u32 {
        if academy.pupils[at as usize].present {
            promote(academy, at, &before, &mut taken);
        }
    }
    welcome(academy, lists, &before);
    for (job, school) in std::mem::take(&mut academy.openings) {
        hire(academy, lists, job, school, false);
    }
    let taught = release_staff(academy, lists, lived);
    renew(academy);
    reassign(academy, &taught);
    fill_posts(academy, lists, true);
}

fn count(academy: &Academy) -> Seats {
    let mut seats = Seats::new();
    for pupil in academy.pupils.iter().filter(|p| p.present) {
        *seats.entry((pupil.school, pupil.formation)).or_default() += 1;
    }
    seats
}

/// The draws of one pupil's summer.
fn summer(academy: &Academy, pupil: usize) -> Draw {
    academy.draw(Stream::PupilSummer, (academy.year.unsigned_abs() as usize) << 40 | pupil)
}

/// What becomes of one pupil over the summer.
fn promote(academy: &mut Academy, at: u32, before: &Seats, taken: &mut Seats) {
    let mut draw = summer(academy, at as usize);
    let row = &academy.pupils[at as usize];
    let plan = &FORMATIONS[usize::from(row.formation)];
    let lot = draw.below(1_000);
    let next = if lot < 15 {
        None
    } else if lot < 40 {
        Some((row.school, row.formation))
    } else if plan.next.is_empty() {
        orient(academy, &mut draw, at, before, taken)
    } else {
        let way = draw.weighted(plan.next.iter().map(|&(_, weight)| weight));
        plan.next.get(way).map(|&(formation, _)| (row.school, formation))
    };
    let Some((school, formation)) = next else {
        academy.set_present(at, false);
        return;
    };
    let today = academy.today;
    let row = &mut academy.pupils[at as usize];
    if formation != row.formation {
        row.choices = carry(&mut draw, row.choices, formation);
    }
    if school != row.school {
        row.joined_school = today;
        row.regime = if draw.permille(120) { 3 } else { row.regime };
    }
    row.school = school;
    row.formation = formation;
}

/// A third year's way into a lycée: by its sector, while places last.
fn orient(academy: &Academy, draw: &mut Draw, at: u32, before: &Seats, taken: &mut Seats) -> Option<(u16, u8)> {
    let row = &academy.pupils[at as usize];
    let home = &academy.schools[usize::from(row.school)];
    let general = draw.permille(640);
    let trade = draw.below(100);
    let stays = draw.permille(940);
    let (school, formation) = match row.formation {
        F3 if general => (home.lycee?, F2DE),
        F3 | F3_SEGPA => {
            let school = home.vocational?;
            let formation = match (academy.schools[usize::from(school)].kind, row.formation, trade) {
                // The agricultural lycée has one way in.
                (Kind::Agricultural, _, _) => Kind::Agricultural.offer().first()?.0,
                (_, F3_SEGPA, _) => F1CAP,
                (_, _, 0..46) => F2COM,
                (_, _, 46..88) => F2ELEC,
                _ => F1CAP,
            };
            (school, formation)
        }
        _ => return None,
    };
    // A place for as many as last year, and a few more.
    let places = before.get(&(school, formation)).map_or(0, |count| count + count / 20 + 2);
    let seats = taken.entry((school, formation)).or_default();
    (stays && *seats < places).then(|| {
        *seats += 1;
        (school, formation)
    })
}

/// What remains of a pupil's choices in another formation, the rest drawn anew.
fn carry(draw: &mut Draw, choices: u16, formation: u8) -> u16 {
    let bits = |range: std::ops::Range<u8>| range.map(|bit| 1_u16 << bit).sum::<u16>();
    let plan = &FORMATIONS[usize::from(formation)];
    let fresh = choose(draw, formation);
    let keep = |range: std::ops::Range<u8>, fresh: u16| {
        let mask = bits(range);
        if choices & mask != 0 && fresh & mask != 0 { fresh & !mask | choices & mask } else { fresh }
    };
    let mut carried = keep(HALVES, keep(LANGUAGES, keep(SPECIALITIES, fresh)));
    // From three specialities to two.
    while plan.specialities > 0 && (carried & bits(SPECIALITIES)).count_ones() > u32::from(plan.specialities) {
        let held: Vec<u8> = SPECIALITIES.filter(|bit| carried & (1 << bit) != 0).collect();
        carried &= !held.get(draw.index(held.len())).map_or(0, |bit| 1 << bit);
    }
    debug_assert!(usize::from(16 - carried.leading_zeros() as u16) <= CHOICES.len());
    carried
}

/// New pupils at the bottom of each school, so that its entry is as large as the year before.
fn welcome(academy: &mut Academy, lists: &Lists, before: &Seats) {
    let now = count(academy);
    let mut families: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    for pupil in academy.pupils.iter().filter(|p| p.present) {
        families.entry(academy.families[pupil.family as usize].sector).or_default().push(pupil.family);
    }
    for (&(school, formation), &wanted) in before {
        if FORMATIONS[usize::from(formation)].rank > 0 {
            continue;
        }
        let missing = wanted.saturating_sub(now.get(&(school, formation)).copied().unwrap_or(0));
        let known = families.get(&school).map_or(&[][..], Vec::as_slice);
        for _ in 0..missing {
            // Decided in the summer of the pupil-to-be: the stream of the next family would stand still while
            // siblings arrive.
            let mut draw = summer(academy, academy.pupils.len());
            let sibling = draw.permille(130).then(|| known.get(draw.index(known.len())).copied()).flatten();
            let children = if let Some(parents) = sibling.and_then(|family| parents_of(academy, family)) {
                let mut own = sibling_draw(academy, parents.family);
                vec![add_child(academy, lists, &mut own, &parents, school, formation)]
            } else {
                let mut own = academy.draw(Stream::Family, academy.families.len());
                settle(academy, lists, &mut own, school, formation, 1)
            };
            for child in children {
                academy.pupils[child as usize].joined_school = academy.today;
                academy.set_present(child, true);
            }
        }
    }
}

/// Staff who leave and, for those who do not teach, who comes instead. Gives who taught where, by discipline.
fn release_staff(academy: &mut Academy, lists: &Lists, lived: u32) -> BTreeMap<(u16, u8), VecDeque<u32>> {
    let mut taught: BTreeMap<(u16, u8), VecDeque<u32>> = BTreeMap::new();
    for at in 0..academy.staff.len() {
        let mut draw = academy.draw(Stream::StaffSummer, (academy.year.unsigned_abs() as usize) << 40 | at);
        let row = &mut academy.staff[at];
        let posts = std::mem::take(&mut row.posts);
        // A contract that was to begin later than the last night has begun by now.
        if u32::from(row.from_night) > lived {
            row.present = true;
        }
        row.from_night = 0;
        if !row.present {
            continue;
        }
        let job = row.job;
        if draw.permille(80) {
            row.present = false;
            if !matches!(job, Job::Teacher(_)) {
                let (schools, outside, attached) = (row.schools.clone(), row.outside.clone(), row.attached);
                let first = schools.first().copied().unwrap_or(0);
                let fresh = hire(academy, lists, job, first, false) as usize;
                let fresh = &mut academy.staff[fresh];
                (fresh.schools, fresh.outside, fresh.attached) = (schools, outside, attached);
            }
        } else if let Job::Teacher(discipline) = job {
            for (school, _) in posts {
                let queue = taught.entry((school, discipline)).or_default();
                if queue.back() != Some(&(at as u32)) {
                    queue.push_back(at as u32);
                }
            }
        }
    }
    taught
}

/// Those who taught in a school take its new posts first; who finds none has been moved elsewhere.
fn reassign(academy: &mut Academy, taught: &BTreeMap<(u16, u8), VecDeque<u32>>) {
    let mut waiting = taught.clone();
    for school in 0..academy.schools.len() as u16 {
        for post in 0..academy.schools[usize::from(school)].posts.len() as u16 {
            let discipline = academy.schools[usize::from(school)].posts[usize::from(post)].discipline;
            if let Some(teacher) = waiting.get_mut(&(school, discipline)).and_then(VecDeque::pop_front) {
                assign(academy, teacher, school, post);
            }
        }
    }
    for teacher in taught.values().flatten() {
        let row = &mut academy.staff[*teacher as usize];
        row.present = !row.posts.is_empty();
    }
}
