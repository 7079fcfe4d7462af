//! Families: who the parents are, how they live, which links their children have to whom.
//!
//! Everything about a family comes from its own stream: parents together, separated (with two addresses, sometimes
//! another name since), alone, two mothers or two fathers; a child in care, under guardianship, of age; grandparents
//! to call, payers without authority. Shares are plausible, not measured.

use super::children::add_child;
use super::curriculum::{FORMATIONS, Kind};
use super::draw::{Draw, Stream};
use super::model::{Academy, Family, Home, Link, Lists, Mail, Relative};
use super::places::{Address, Phone};
use super::words::{FirstName, Generation, Surname};

/// Link codes from 2017 on.
pub(super) const MOTHER: u8 = 10;
pub(super) const FATHER: u8 = 20;
const GRANDPARENT: u8 = 38;
const OTHER_KIN: u8 = 39;
const FOSTER_PARENT: u8 = 42;
const GUARDIAN: u8 = 50;
const CHILD_WELFARE: u8 = 51;
pub(super) const SELF: u8 = 70;
const OTHER: u8 = 90;

/// Fills the schools with `count` pupils and their relatives; divisions are opened afterwards.
pub(super) fn populate(academy: &mut Academy, lists: &Lists, count: u32) {
    let weights: Vec<u32> = academy.schools.iter().map(|s| s.kind.weight()).collect();
    let total: u32 = weights.iter().sum();
    // The running sum makes drawing a school a search instead of a walk over thousands.
    let ends: Vec<u32> = weights
        .iter()
        .scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect();
    while academy.pupils.len() < count as usize {
        let mut draw = academy.draw(Stream::Family, academy.families.len());
        let lot = draw.below(total);
        let school = ends.partition_point(|&end| end <= lot) as u16;
        let offer = academy.schools[usize::from(school)].kind.offer();
        let formation = offer[draw.weighted(offer.iter().map(|&(_, weight)| weight))].0;
        let room = count as usize - academy.pupils.len();
        for child in settle(academy, lists, &mut draw, school, formation, room) {
            academy.set_present(child, true);
        }
    }
}

/// A new family with a first child in a given formation, and perhaps siblings; at most `room` children, still absent.
pub(super) fn settle(
    academy: &mut Academy,
    lists: &Lists,
    draw: &mut Draw,
    school: u16,
    formation: u8,
    room: usize,
) -> Vec<u32> {
    let sector = sector_of(academy, draw, school);
    let family = found(academy, lists, draw, sector);
    let parents = raise(academy, lists, draw, family);
    let mut children = vec![add_child(academy, lists, draw, &parents, school, formation)];
    let more = match draw.below(100) {
        0..79 => 0,
        79..97 => 1,
        _ => 2,
    };
    let age = FORMATIONS[usize::from(formation)].age;
    for child in 1..=more {
        if child >= room {
            break;
        }
        // A difference of nothing is a twin.
        let apart = if draw.permille(40) { 0 } else { draw.between(1, 4) as u8 };
        let age = if draw.permille(500) { age + apart } else { age.saturating_sub(apart) };
        if let Some((school, formation)) = place_for(academy, draw, sector, age, (school, formation)) {
            children.push(add_child(academy, lists, draw, &parents, school, formation));
        }
    }
    children
}

/// The collège of the place where a family lives, given the school of its first child.
fn sector_of(academy: &Academy, draw: &mut Draw, school: u16) -> u16 {
    let row = &academy.schools[usize::from(school)];
    if row.kind == Kind::College {
        return school;
    }
    if let (Kind::Segpa, Some(college)) = (row.kind, row.attached_to) {
        return college;
    }
    let feeds = |s: &&super::model::School| s.kind == Kind::College && [s.lycee, s.vocational].contains(&Some(school));
    let sectors: Vec<u16> = (0_u16..).zip(&academy.schools).filter(|(_, s)| feeds(s)).map(|(at, _)| at).collect();
    sectors.get(draw.index(sectors.len())).copied().unwrap_or(0)
}

/// Where a sibling of a given age goes: the same school when it takes that age, else one of the sector.
fn place_for(academy: &Academy, draw: &mut Draw, sector: u16, age: u8, first: (u16, u8)) -> Option<(u16, u8)> {
    let home = &academy.schools[usize::from(sector)];
    let school = if age <= 14 {
        let same = matches!(academy.schools[usize::from(first.0)].kind, Kind::College);
        if same { first.0 } else { sector }
    } else if draw.permille(300) {
        home.vocational.or(home.lycee)?
    } else {
        home.lycee.or(home.vocational)?
    };
    let offer = academy.schools[usize::from(school)].kind.offer();
    let of_age = |&&(formation, _): &&(u8, u32)| FORMATIONS[usize::from(formation)].age == age;
    let fitting: Vec<&(u8, u32)> = offer.iter().filter(of_age).collect();
    fitting.get(draw.index(fitting.len())).map(|&&(formation, _)| (school, formation))
}

/// An empty family in its homes.
fn found(academy: &mut Academy, lists: &Lists, draw: &mut Draw, sector: u16) -> u32 {
    let town = academy.schools[usize::from(sector)].address.town;
    let home = |draw: &mut Draw| {
        let address = lists.places.draw(draw, town);
        Home { address, phone: if draw.permille(550) { Phone::draw(draw) } else { Phone::NONE } }
    };
    let homes = [home(draw), home(draw), home(draw)];
    academy.families.push(Family { sector, homes, pupils: Vec::new(), relatives: Vec::new() });
    academy.families.len() as u32 - 1
}

/// What a child needs to know of its parents.
pub(super) struct Parents {
    pub(super) family: u32,
    /// The names that a child can bear.
    pub(super) surname: Surname,
    pub(super) other_surname: Surname,
    pub(super) first_names: [FirstName; 2],
    pub(super) links: Vec<Link>,
    pub(super) alternates: bool,
}

pub(super) const fn link(relative: u32, code: u8, legal: u8) -> Link {
    Link { relative, code, legal, financial: false, contact: false, payment: false }
}

/// The adults of a family.
fn raise(academy: &mut Academy, lists: &Lists, draw: &mut Draw, family: u32) -> Parents {
    let (a, b) = (lists.words.draw_surname(draw), lists.words.draw_surname(draw));
    let mut links = Vec::with_capacity(3);
    let mut first_names = [FirstName::NONE; 2];
    let mut alternates = false;
    let person = |academy: &mut Academy, draw: &mut Draw, patro, usual, male, home| -> u32 {
        add_relative(academy, lists, draw, family, patro, usual, male, home)
    };
    // Two of the same sex now and then; the first is the mother otherwise.
    let pair = draw.below(1_000);
    let (first_male, second_male) = match pair {
        0..7 => (true, true),
        7..20 => (false, false),
        _ => (false, true),
    };
    let code = |male: bool| if male { FATHER } else { MOTHER };
    match draw.below(1_000) {
        0..700 => {
            let usual = if draw.permille(620) { b } else { a };
            let one = person(academy, draw, a, usual, first_male, 0);
            let two = person(academy, draw, b, b, second_male, 0);
            let payer = draw.permille(500);
            links.push(Link { financial: payer, payment: payer, ..link(one, code(first_male), 1) });
            links.push(Link { financial: !payer, payment: !payer, ..link(two, code(second_male), 1) });
        }
        700..890 => {
            // Each with a home; either may have taken another name since.
            let usual = if draw.permille(350) { lists.words.draw_surname(draw) } else { a };
            let one = person(academy, draw, a, usual, first_male, 0);
            let other = if draw.permille(60) { lists.words.draw_surname(draw) } else { b };
            let two = person(academy, draw, b, other, second_male, 1);
            let estranged = draw.permille(80);
            alternates = !estranged && draw.permille(350);
            links.push(Link { financial: true, payment: true, ..link(one, code(first_male), 1) });
            let legal = if estranged { 3 } else { 1 };
            links.push(Link { contact: estranged, ..link(two, code(second_male), legal) });
            if draw.permille(120) {
                let name = lists.words.draw_surname(draw);
                let partner = person(academy, draw, name, name, true, 0);
                links.push(Link { contact: true, ..link(partner, OTHER, 3) });
            }
        }
        890..965 => {
            let male = draw.permille(150);
            let one = person(academy, draw, a, a, male, 0);
            links.push(Link { financial: true, payment: true, ..link(one, code(male), 1) });
        }
        965..978 => {
            // In care: the service's correspondent has the authority, the foster parent the charge.
            let (x, y) = (lists.words.draw_surname(draw), lists.words.draw_surname(draw));
            let service = person(academy, draw, x, x, false, 1);
            let foster = person(academy, draw, y, y, false, 0);
            links.push(Link { financial: true, ..link(service, CHILD_WELFARE, 1) });
            links.push(Link { payment: true, ..link(foster, FOSTER_PARENT, 2) });
        }
        978..994 => {
            let male = draw.permille(400);
            let one = person(academy, draw, b, b, male, 0);
            links.push(Link { financial: true, payment: true, ..link(one, GUARDIAN, 1) });
        }
        // Nobody known yet: it happens in the first weeks.
        _ => {}
    }
    for (name, link) in first_names.iter_mut().zip(&links) {
        *name = academy.relatives[link.relative as usize].first;
    }
    if draw.permille(70) {
        let name = if draw.permille(500) { a } else { lists.words.draw_surname(draw) };
        let male = draw.permille(400);
        let elder = person(academy, draw, name, name, male, 2);
        let legal = if draw.permille(500) { 3 } else { 0 };
        links.push(Link { contact: true, ..link(elder, GRANDPARENT, legal) });
    }
    if draw.permille(18) {
        let male = draw.permille(500);
        let payer = person(academy, draw, b, b, male, 2);
        links.push(Link { financial: true, ..link(payer, OTHER_KIN, 0) });
    }
    Parents { family, surname: b, other_surname: a, first_names, links, alternates }
}

#[expect(clippy::too_many_arguments, reason = "one caller per kind of household, all of it is said there")]
pub(super) fn add_relative(
    academy: &mut Academy,
    lists: &Lists,
    draw: &mut Draw,
    family: u32,
    surname: Surname,
    usual: Surname,
    male: bool,
    home: u8,
) -> u32 {
    let at = academy.relatives.len() as u32;
    academy.relatives.push(Relative {
        family,
        surname,
        usual,
        first: lists.words.draw_first_name(draw, male, Generation::Adult),
        male,
        home,
        mobile: if draw.permille(930) { Phone::draw(draw) } else { Phone::NONE },
        work: if draw.permille(220) { Phone::draw(draw) } else { Phone::NONE },
        mail: match draw.below(100) {
            0..78 => Mail::Own(0),
            78..85 => Mail::Shared,
            _ => Mail::None,
        },
        texts: draw.permille(900),
        shares_address: draw.permille(400),
        children: 0,
    });
    academy.families[family as usize].relatives.push(at);
    at
}

/// The parents of a family again, as a further child of it sees them: the links of its youngest.
pub(super) fn parents_of(academy: &Academy, family: u32) -> Option<Parents> {
    let row = academy.families.get(family as usize)?;
    let youngest = &academy.pupils[*row.pupils.last()? as usize];
    let links: Vec<Link> = youngest.links.iter().copied().filter(|link| link.code != SELF).collect();
    Some(Parents {
        family,
        surname: youngest.surname,
        other_surname: youngest.surname,
        first_names: [FirstName::NONE; 2],
        links,
        alternates: youngest.alternates,
    })
}

/// Where a relative lives now.
pub(super) fn home_of(academy: &Academy, family: u32, home: u8) -> Home {
    let homes = &academy.families[family as usize].homes;
    homes[usize::from(home).min(homes.len() - 1)]
}

/// Another address in the same place.
pub(super) fn move_home(academy: &mut Academy, lists: &Lists, draw: &mut Draw, family: u32, home: usize) {
    let row = &mut academy.families[family as usize];
    let town = row.homes[home].address.town;
    let fresh: Address = lists.places.draw(draw, town);
    row.homes[home].address = fresh;
}
