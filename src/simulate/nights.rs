//! Ordinary life: what changes in one night, and the contracts that begin.
//!
//! About three accounts in a thousand are touched. A night has its own stream and acts on the state that the nights
//! before left, so that day D is day D−1 and that night, nothing else.

use super::children::{add_child, come_of_age, sibling_draw};
use super::curriculum::{FORMATIONS, LANGUAGES, LATIN_CHOICE};
use super::draw::{Draw, Stream};
use super::households::{FATHER, MOTHER, SELF, move_home, parents_of, settle};
use super::model::{Academy, Job, Lists, Mail};
use super::places::Phone;
use super::staff::{assign, hire};

/// Events per ten thousand accounts and night; one touches about two records.
const EVENTS_PER_10_000: u32 = 24;
/// How often a row is drawn again when it does not suit.
const TRIES: u32 = 40;

#[derive(Debug, Clone, Copy)]
enum Event {
    Telephone,
    MailAddress,
    OtherClass,
    OtherChoice,
    Regime,
    PupilLeaves,
    FamilyArrives,
    SiblingArrives,
    OtherSchool,
    PupilReturns,
    RelativeRenamed,
    PupilRenamed,
    AuthorityWithdrawn,
    FamilyMoves,
    ParentsPart,
    ComesOfAge,
    StaffLeaves,
    StaffArrives,
    StaffRenamed,
}

const EVENTS: [(Event, u32); 19] = [
    (Event::Telephone, 18),
    (Event::MailAddress, 12),
    (Event::OtherClass, 12),
    (Event::OtherChoice, 6),
    (Event::Regime, 8),
    (Event::PupilLeaves, 8),
    (Event::FamilyArrives, 5),
    (Event::SiblingArrives, 1),
    (Event::OtherSchool, 5),
    (Event::PupilReturns, 2),
    (Event::RelativeRenamed, 4),
    (Event::PupilRenamed, 1),
    (Event::AuthorityWithdrawn, 3),
    (Event::FamilyMoves, 5),
    (Event::ParentsPart, 2),
    (Event::ComesOfAge, 2),
    (Event::StaffLeaves, 3),
    (Event::StaffArrives, 3),
    (Event::StaffRenamed, 2),
];

/// Lives night `night` (1 is the night from 1 to 2 September); `academy.today` is the day after it.
pub(super) fn live(academy: &mut Academy, lists: &Lists, night: u32) {
    let mut draw = academy.draw(Stream::Night, (academy.year.unsigned_abs() as usize) << 16 | night as usize);
    for person in &mut academy.staff {
        if u32::from(person.from_night) == night && !person.present {
            person.present = true;
        }
    }
    let expected = academy.persons() as u32 * EVENTS_PER_10_000;
    let events = expected / 10_000 + u32::from(draw.below(10_000) < expected % 10_000);
    for _ in 0..events {
        let event = EVENTS[draw.weighted(EVENTS.iter().map(|&(_, weight)| weight))].0;
        happen(academy, lists, &mut draw, event);
    }
}

fn happen(academy: &mut Academy, lists: &Lists, draw: &mut Draw, event: Event) {
    // An event that finds nobody to happen to does not happen.
    let _ = match event {
        Event::Telephone => telephone(academy, draw),
        Event::MailAddress => mail_address(academy, draw),
        Event::OtherClass => other_class(academy, draw),
        Event::OtherChoice => other_choice(academy, draw),
        Event::Regime => regime(academy, draw),
        Event::PupilLeaves => pupil_leaves(academy, draw),
        Event::FamilyArrives => family_arrives(academy, lists, draw),
        Event::SiblingArrives => sibling_arrives(academy, lists, draw),
        Event::OtherSchool => other_school(academy, draw),
        Event::PupilReturns => pupil_returns(academy),
        Event::RelativeRenamed => relative_renamed(academy, lists, draw),
        Event::PupilRenamed => pupil_renamed(academy, lists, draw),
        Event::AuthorityWithdrawn => authority_withdrawn(academy, draw),
        Event::FamilyMoves => family_moves(academy, lists, draw),
        Event::ParentsPart => parents_part(academy, draw),
        Event::ComesOfAge => comes_of_age(academy, draw),
        Event::StaffLeaves => staff_leaves(academy, draw),
        Event::StaffArrives => staff_arrives(academy, lists, draw),
        Event::StaffRenamed => staff_renamed(academy, lists, draw),
    };
}

/// A present pupil that suits.
fn pupil(academy: &Academy, draw: &mut Draw, mut suits: impl FnMut(&super::model::Pupil) -> bool) -> Option<u32> {
    for _ in 0..TRIES {
        let at = draw.index(academy.pupils.len());
        if academy.pupils.get(at).is_some_and(|p| p.present && suits(p)) {
            return Some(at as u32);
        }
    }
    None
}

fn relative(
    academy: &Academy,
    draw: &mut Draw,
    mut suits: impl FnMut(&super::model::Relative) -> bool,
) -> Option<usize> {
    for _ in 0..TRIES {
        let at = draw.index(academy.relatives.len());
        if academy.relatives.get(at).is_some_and(|r| r.children > 0 && suits(r)) {
            return Some(at);
        }
    }
    None
}

fn member(academy: &Academy, draw: &mut Draw, mut suits: impl FnMut(&super::model::Staff) -> bool) -> Option<usize> {
    for _ in 0..TRIES {
        let at = draw.index(academy.staff.len());
        if academy.staff.get(at).is_some_and(|s| s.present && suits(s)) {
            return Some(at);
        }
    }
    None
}

fn telephone(academy: &mut Academy, draw: &mut Draw) -> Option<()> {
    let at = relative(academy, draw, |_| true)?;
    academy.relatives[at].mobile = Phone::draw(draw);
    Some(())
}

fn mail_address(academy: &mut Academy, draw: &mut Draw) -> Option<()> {
    let at = relative(academy, draw, |_| true)?;
    let row = &mut academy.relatives[at];
    row.mail = match row.mail {
        Mail::Own(turn) => Mail::Own(turn.wrapping_add(1)),
        Mail::Shared | Mail::None => Mail::Own(1),
    };
    Some(())
}

fn other_class(academy: &mut Academy, draw: &mut Draw) -> Option<()> {
    let at = pupil(academy, draw, |p| {
        let classes = &academy.schools[usize::from(p.school)].classes;
        classes.iter().filter(|class| class.formation == p.formation).count() > 1
    })?;
    let row = &academy.pupils[at as usize];
    let (school, formation, class) = (row.school, row.formation, row.class);
    let mut others = (0_u16..).zip(&academy.schools[usize::from(school)].classes);
    let to = others.find(|&(n, c)| n != class && c.formation == formation)?.0;
    academy.seat(at, school, to, academy.today);
    Some(())
}

fn other_choice(academy: &mut Academy, draw: &mut Draw) -> Option<()> {
    let offered =
        |p: &super::model::Pupil| academy.schools[usize::from(p.school)].classes[usize::from(p.class)].offered;
    let languages: u16 = LANGUAGES.map(|bit| 1 << bit).sum();
    let at = pupil(academy, draw, |p| offered(p) & (languages | 1 << LATIN_CHOICE) != 0)?;
    let row = &academy.pupils[at as usize];
    let free = offered(row) & languages & !row.choices;
    let choices = if free == 0 {
        // No other language here: Latin is taken up or given up.
        row.choices ^ (1 << LATIN_CHOICE) & offered(row)
    } else {
        row.choices & !languages | free & free.wrapping_neg()
    };
    academy.pupils[at as usize].choices = choices;
    Some(())
}

fn regime(academy: &mut Academy, draw: &mut Draw) -> Option<()> {
    let at = pupil(academy, draw, |_| true)? as usize;
    academy.pupils[at].regime = if academy.pupils[at].regime == 0 { 2 } else { 0 };
    Some(())
}

fn pupil_leaves(academy: &mut Academy, draw: &mut Draw) -> Option<()> {
    let at = pupil(academy, draw, |_| true)?;
    academy.set_present(at, false);
    academy.departed.push(at);
    Some(())
}

fn pupil_returns(academy: &mut Academy) -> Option<()> {
    let at = academy.departed.pop()?;
    academy.set_present(at, true);
    Some(())
}

fn arrive(academy: &mut Academy, at: u32) -> Option<()> {
    let row = &academy.pupils[at as usize];
    let (school, formation) = (row.school, row.formation);
    let class = academy.smallest_class(school, formation)?;
    academy.pupils[at as usize].joined_school = academy.today;
    academy.seat(at, school, class, academy.today);
    academy.set_present(at, true);
    Some(())
}

/// A school and a formation where there are pupils already: those of a pupil drawn at random.
fn family_arrives(academy: &mut Academy, lists: &Lists, draw: &mut Draw) -> Option<()> {
    let model = pupil(academy, draw, |_| true)?;
    let row = &academy.pupils[model as usize];
    let (school, formation) = (row.school, row.formation);
    let mut own = academy.draw(Stream::Family, academy.families.len());
    for child in settle(academy, lists, &mut own, school, formation, 3) {
        // A sibling whose level has no division there stays at home.
        let _ = arrive(academy, child);
    }
    Some(())
}

fn sibling_arrives(academy: &mut Academy, lists: &Lists, draw: &mut Draw) -> Option<()> {
    let model = pupil(academy, draw, |p| FORMATIONS[usize::from(p.formation)].age <= 14)?;
    let row = &academy.pupils[model as usize];
    let (family, school, formation) = (row.family, row.school, row.formation);
    let parents = parents_of(academy, family)?;
    let mut own = sibling_draw(academy, family);
    let child = add_child(academy, lists, &mut own, &parents, school, formation);
    arrive(academy, child)
}

fn other_school(academy: &mut Academy, draw: &mut Draw) -> Option<()> {
    let at = pupil(academy, draw, |_| true)?;
    let row = &academy.pupils[at as usize];
    let (from, formation) = (row.school, row.formation);
    for _ in 0..TRIES {
        let school = draw.index(academy.schools.len()) as u16;
        if school != from
            && let Some(class) = academy.smallest_class(school, formation)
        {
            academy.seat(at, school, class, academy.today);
            return Some(());
        }
    }
    None
}

fn relative_renamed(academy: &mut Academy, lists: &Lists, draw: &mut Draw) -> Option<()> {
    let at = relative(academy, draw, |_| true)?;
    let row = &mut academy.relatives[at];
    // A marriage gives another usual name, a divorce gives the own one back.
    row.usual = if row.usual == row.surname { lists.words.draw_surname(draw) } else { row.surname };
    Some(())
}

fn pupil_renamed(academy: &mut Academy, lists: &Lists, draw: &mut Draw) -> Option<()> {
    let at = pupil(academy, draw, |_| true)? as usize;
    let row = &mut academy.pupils[at];
    row.usual = if row.usual == row.surname { lists.words.draw_surname(draw) } else { row.surname };
    Some(())
}

fn authority_withdrawn(academy: &mut Academy, draw: &mut Draw) -> Option<()> {
    let at = pupil(academy, draw, |p| p.links.iter().filter(|l| l.legal == 1).count() > 1)?;
    let none = draw.permille(500);
    let link = academy.pupils[at as usize].links.iter_mut().rev().find(|l| l.legal == 1)?;
    (link.legal, link.contact) = if none { (0, false) } else { (3, true) };
    Some(())
}

fn family_moves(academy: &mut Academy, lists: &Lists, draw: &mut Draw) -> Option<()> {
    let at = pupil(academy, draw, |_| true)?;
    let family = academy.pupils[at as usize].family;
    move_home(academy, lists, draw, family, 0);
    Some(())
}

/// Parents who lived together no longer do: the second moves to the second home.
fn parents_part(academy: &mut Academy, draw: &mut Draw) -> Option<()> {
    let parent = |code| code == MOTHER || code == FATHER;
    let together = |link: &super::model::Link| parent(link.code) && academy.relatives[link.relative as usize].home == 0;
    let at = pupil(academy, draw, |p| p.links.iter().filter(|l| together(l)).count() == 2)?;
    let second = academy.pupils[at as usize].links.iter().rev().find(|l| parent(l.code))?.relative;
    academy.relatives[second as usize].home = 1;
    Some(())
}

/// An adult pupil takes his affairs in hand.
fn comes_of_age(academy: &mut Academy, draw: &mut Draw) -> Option<()> {
    let today = academy.today;
    let at = pupil(academy, draw, |p| p.born.adult_on(today) && p.links.iter().all(|l| l.code != SELF))?;
    let row = &academy.pupils[at as usize];
    let family = row.family;
    let myself = super::model::Relative {
        family,
        surname: row.surname,
        usual: row.usual,
        first: row.first,
        male: row.male,
        home: row.home,
        mobile: Phone::draw(draw),
        work: Phone::NONE,
        mail: Mail::Own(0),
        texts: true,
        shares_address: false,
        children: 1,
    };
    let index = academy.relatives.len() as u32;
    academy.relatives.push(myself);
    academy.families[family as usize].relatives.push(index);
    come_of_age(&mut academy.pupils[at as usize].links, index);
    Some(())
}

fn staff_leaves(academy: &mut Academy, draw: &mut Draw) -> Option<()> {
    let at = member(academy, draw, |s| matches!(s.job, Job::Teacher(_) | Job::Assistant | Job::Companion))?;
    let row = &mut academy.staff[at];
    row.present = false;
    if let Some(&school) = row.schools.first() {
        academy.openings.push((row.job, school));
    }
    for (school, post) in std::mem::take(&mut row.posts) {
        academy.schools[usize::from(school)].posts[usize::from(post)].holder = None;
    }
    Some(())
}

/// A vacant post finds a replacement; when there is none, someone who left another function does.
fn staff_arrives(academy: &mut Academy, lists: &Lists, draw: &mut Draw) -> Option<()> {
    let start = draw.index(academy.schools.len());
    let schools = academy.schools.len();
    for step in 0..schools {
        let school = (start + step) % schools;
        let vacant = academy.schools[school].posts.iter().position(|post| post.holder.is_none());
        if let Some(post) = vacant {
            let discipline = academy.schools[school].posts[post].discipline;
            let teacher = hire(academy, lists, Job::Teacher(discipline), school as u16, false);
            assign(academy, teacher, school as u16, post as u16);
            return Some(());
        }
    }
    let (job, school) = academy.openings.pop()?;
    hire(academy, lists, job, school, false);
    Some(())
}

fn staff_renamed(academy: &mut Academy, lists: &Lists, draw: &mut Draw) -> Option<()> {
    let at = member(academy, draw, |s| !s.male)?;
    let row = &mut academy.staff[at];
    row.usual = if row.usual == row.surname { lists.words.draw_surname(draw) } else { row.surname };
    row.mail = row.mail.wrapping_add(1);
    Some(())
}
