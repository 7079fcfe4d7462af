//! Pupils: who the children of a family are, when they were born, what they follow, how they come of age.

use super::curriculum::{F6, FORMATIONS, HALVES, LANGUAGES, LATIN_CHOICE, SPECIALITIES, SUPPORT_CHOICE};
use super::draw::{Draw, Stream};
use super::households::{Parents, SELF, add_relative, link};
use super::model::{Academy, Day, Link, Lists, Number, Pupil};
use super::words::{FirstName, Generation};

/// The draws of a child who joins a known family: a stream beside the family's, one per child of it.
pub(super) fn sibling_draw(academy: &Academy, family: u32) -> Draw {
    let turn = academy.families[family as usize].pupils.len() << 32;
    academy.draw(Stream::Family, turn | family as usize)
}

/// A child for a formation of a school, still absent and without a division. Gives its index.
pub(super) fn add_child(
    academy: &mut Academy,
    lists: &Lists,
    draw: &mut Draw,
    parents: &Parents,
    school: u16,
    formation: u8,
) -> u32 {
    let plan = &FORMATIONS[usize::from(formation)];
    let male = draw.permille(510);
    let surname = match draw.below(100) {
        0..82 => parents.surname,
        82..91 => parents.other_surname,
        _ => parents.surname.joined(parents.other_surname),
    };
    let usual = if draw.permille(15) { parents.other_surname } else { surname };
    let mut first = lists.words.draw_first_name(draw, male, Generation::Child);
    if draw.permille(5) && parents.first_names[usize::from(male)] != FirstName::NONE {
        // Named after the parent, surname and all: two accounts with one name at one address.
        first = parents.first_names[usize::from(male)];
    }
    let siblings = &academy.families[parents.family as usize].pupils;
    let named = |first| siblings.iter().any(|&sibling| academy.pupils[sibling as usize].first == first);
    while named(first) {
        first = lists.words.draw_first_name(draw, male, Generation::Child);
    }
    let mut other = |permille| {
        let named = draw.permille(permille);
        let name = lists.words.draw_first_name(draw, male, Generation::Child);
        if named { name } else { FirstName::NONE }
    };
    let others = [other(700), other(400)];
    let late = match draw.below(1_000) {
        0..15 => -1,
        15..925 => 0,
        925..985 => 1,
        _ => 2,
    };
    let birthday = Day::birthday(draw, academy.year - i16::from(plan.age) - late);
    // Born in the same year: twins.
    let twin = siblings.iter().map(|&sibling| academy.pupils[sibling as usize].born).find(|b| b.year == birthday.year);
    let born = twin.unwrap_or(birthday);
    let letters = (draw.below(10) as u8, draw.below(10) as u8);
    let number = match draw.below(1_000) {
        0..5 => Number::None,
        5..60 => Number::Base,
        _ => Number::Register(letters.0, letters.1),
    };
    let joined_school = Day::september(academy.year - i16::from(plan.rank));
    let lycee = plan.age >= 15;
    let mut pupil = Pupil {
        family: parents.family,
        surname,
        usual,
        first,
        others,
        male,
        born,
        present: false,
        school,
        class: 0,
        formation,
        choices: choose(draw, formation),
        home: 0,
        alternates: parents.alternates,
        regime: match draw.below(100) {
            0..62 => 2,
            62..67 => 29,
            67..92 if lycee => 3,
            67..97 => 0,
            _ => 1,
        },
        grant: draw.permille(240),
        transport: draw.permille(350),
        apprentice: plan.halves && draw.permille(30),
        mail: lycee && draw.permille(150),
        number,
        joined_school,
        joined_class: academy.today,
        links: parents.links.clone(),
    };
    let at = academy.pupils.len() as u32;
    let independent = draw.permille(600);
    if pupil.born.adult_on(academy.today) && independent {
        let myself = add_relative(academy, lists, draw, parents.family, usual, usual, male, 0);
        academy.relatives[myself as usize].first = first;
        come_of_age(&mut pupil.links, myself);
    }
    academy.pupils.push(pupil);
    academy.families[parents.family as usize].pupils.push(at);
    at
}

/// An adult pupil answers for himself; the parents are called or pay, and represent no more.
pub(super) fn come_of_age(links: &mut Vec<Link>, myself: u32) {
    for link in &mut *links {
        if link.legal == 1 {
            link.legal = 3;
            link.contact = true;
        }
    }
    links.insert(0, link(myself, SELF, 1));
}

/// Draws the choices of someone who enters a formation.
pub(super) fn choose(draw: &mut Draw, formation: u8) -> u16 {
    let plan = &FORMATIONS[usize::from(formation)];
    let mut choices = 0;
    if plan.languages {
        let bit = match draw.below(100) {
            0..68 => LANGUAGES.start,
            68..88 => LANGUAGES.start + 1,
            _ => LANGUAGES.start + 2,
        };
        choices |= 1 << bit;
    }
    if plan.latin && draw.permille(120) {
        choices |= 1 << LATIN_CHOICE;
    }
    for _ in 0..plan.specialities {
        let free = SPECIALITIES.filter(|bit| choices & (1 << bit) == 0);
        let left: Vec<u8> = free.collect();
        choices |= left.get(draw.index(left.len())).map_or(0, |bit| 1 << bit);
    }
    if plan.halves {
        choices |= 1 << (HALVES.start + draw.below(2) as u8);
    }
    if formation == F6 && draw.permille(250) {
        choices |= 1 << SUPPORT_CHOICE;
    }
    choices
}
