//! The structures of the academy: schools with their UAI and SIRET, and the others that are only listed.
//!
//! Department numbers `096` to `098` are invented (no real school has them); check letters and SIRET are valid.

use super::curriculum::Kind;
use super::draw::{Draw, Stream};
use super::model::{Academy, Outside, School};
use super::places::{Phone, decimal};
use crate::feed::values::luhn_digit;

const NAMES: &str = include_str!("words/school-names.txt");

/// The kinds of the first schools, then of every further round: a SEGPA follows its collège, the collège of a cité
/// scolaire precedes its lycée, some are private, one in the first round is agricultural.
const FIRST_ROUND: [(Kind, bool); 12] = [
    (Kind::College, false),
    (Kind::Lycee, false),
    (Kind::College, false),
    (Kind::Segpa, false),
    (Kind::Vocational, false),
    (Kind::College, true),
    (Kind::College, false),
    (Kind::Lycee, false),
    (Kind::Agricultural, false),
    (Kind::College, false),
    (Kind::College, false),
    (Kind::Lycee, true),
];
const LATER_ROUNDS: [(Kind, bool); 12] = [
    (Kind::College, false),
    (Kind::College, false),
    (Kind::Segpa, false),
    (Kind::Lycee, false),
    (Kind::College, false),
    (Kind::College, true),
    (Kind::Vocational, false),
    (Kind::College, false),
    (Kind::College, false),
    (Kind::Lycee, false),
    (Kind::College, false),
    (Kind::College, true),
];
/// In a round, the collège of the cité scolaire; its lycée is the next.
const CITE: usize = 6;

/// Lays out the schools and the structures outside the ENT.
pub(super) fn build(academy: &mut Academy, lists: &super::model::Lists, count: u32) {
    for index in 0..count as usize {
        let (kind, private) = if index < 12 { FIRST_ROUND[index] } else { LATER_ROUNDS[index % 12] };
        let mut draw = academy.draw(Stream::School, index);
        let uai = uai(10 + index as u32);
        // A few are unknown to the register of enterprises on the day of the export.
        let siret = (index % 23 != 12).then(|| siret(&uai, private));
        let attached_to = match kind {
            Kind::Segpa => index.checked_sub(1),
            Kind::College if index == CITE && count as usize > CITE + 1 => Some(CITE + 1),
            Kind::Lycee if index == CITE + 1 => Some(index),
            _ => None,
        };
        let town = draw.index(lists.places.town_count()) as u8;
        academy.schools.push(School {
            uai,
            siret,
            kind,
            private,
            name: name(kind, private, index),
            address: lists.places.draw(&mut draw, town),
            phone: Phone::draw(&mut draw),
            numbering: draw.below(4) as u8,
            attached_to: attached_to.map(|at| at as u16),
            lycee: None,
            vocational: None,
            classes: Vec::new(),
            groups: Vec::new(),
            posts: Vec::new(),
        });
    }
    join_sectors(academy);
    build_outside(academy, lists, count);
}

/// Each collège sends its leavers to the nearest lycées, by order.
fn join_sectors(academy: &mut Academy) {
    let of = |kinds: &[Kind]| -> Vec<u16> {
        let all = academy.schools.iter().enumerate();
        all.filter(|(_, s)| kinds.contains(&s.kind)).map(|(at, _)| at as u16).collect()
    };
    let lycees = of(&[Kind::Lycee]);
    let vocational = of(&[Kind::Vocational, Kind::Agricultural]);
    let pick = |list: &[u16], at: usize, total: usize| {
        list.get(at * list.len() / total.max(1)).copied().or_else(|| list.last().copied())
    };
    let total = academy.schools.len();
    for (at, school) in academy.schools.iter_mut().enumerate() {
        if matches!(school.kind, Kind::College | Kind::Segpa) {
            school.lycee = pick(&lycees, at, total);
            school.vocational = pick(&vocational, at, total);
        }
    }
}

fn build_outside(academy: &mut Academy, lists: &super::model::Lists, count: u32) {
    let rounds = count / 15 + 1;
    let mut number = 9_400;
    let mut push = |academy: &mut Academy, draw: &mut Draw, short, name: String, type_label, regular: bool| {
        number += 1;
        let uai = if regular { uai(number) } else { zone_code(number) };
        let siret = regular.then(|| siret(&uai, false));
        let address = lists.places.draw(draw, 0);
        academy.outside.push(Outside { uai, siret, short, name, type_label, address, phone: Phone::draw(draw) });
    };
    // The streams of the schools go up to 9,000; these are above.
    let mut draw = academy.draw(Stream::School, 100_000);
    push(academy, &mut draw, "RECT", "RECTORAT DE BEAUVALLON".into(), "RECTORAT", true);
    push(academy, &mut draw, "SDEN", "SERVICES DEPARTEMENTAUX 096".into(), "INSPECTIONS ACADEMIQUES", true);
    for round in 1..=rounds {
        let mut digits = [0; 10];
        let n = decimal(round, &mut digits).to_owned();
        let mut put = |short, name: &str, type_label, regular| {
            push(academy, &mut draw, short, format!("{name} {n}"), type_label, regular);
        };
        put("ZR", "ZONE DE REMPLACEMENT", "SANS OBJET", false);
        put("CIO", "CENTRE D'INFORMATION ET D'ORIENTATION", "CENTRE D INFORMATION ET D ORIENTATION", true);
        put("CFA", "CFA DES METIERS", "CTRE FORMATION APPRENTIS CONV REGIONALE", true);
        put("IME", "IME LES PEUPLIERS", "INSTITUT MEDICO-EDUCATIF", true);
        put("IEN", "CIRCONSCRIPTION DE VALDORE", "CIRCONSCRIPTIONS INSPECTION EDUC NAT", true);
    }
}

/// Index of the rectorat in the structures outside.
pub(super) const RECTORAT: u16 = 0;

/// Index of the zone of replacement for a school.
pub(super) fn zone(academy: &Academy, school: u16) -> u16 {
    round_of(academy, school) * 5 + 2
}

/// Index of the information and guidance centre for a school.
pub(super) fn guidance_centre(academy: &Academy, school: u16) -> u16 {
    round_of(academy, school) * 5 + 3
}

fn round_of(academy: &Academy, school: u16) -> u16 {
    let rounds = (academy.outside.len().saturating_sub(2) / 5).max(1) as u16;
    (school / 15).min(rounds - 1)
}

fn name(kind: Kind, private: bool, index: usize) -> String {
    let names: Vec<&str> = NAMES.lines().collect();
    // A SEGPA bears the name of the collège before it.
    let index = if kind == Kind::Segpa { index.saturating_sub(1) } else { index };
    let plain = names.get(index % names.len().max(1)).copied().unwrap_or("Merval");
    let mut name = match (kind, private) {
        (Kind::Segpa, _) => String::from("SEGPA "),
        (_, true) => String::from("PRIVE "),
        _ => String::new(),
    };
    name.push_str(&plain.to_uppercase());
    let turn = index / names.len().max(1);
    if turn > 0 {
        name.push(' ');
        name.push_str(decimal(turn as u32 + 1, &mut [0; 10]));
    }
    name
}

/// Seven digits and their check letter, from number 1 on in the invented departments 096, 097 and 098.
fn uai(number: u32) -> String {
    const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPRSTUVWXYZ";
    let digits = (96 + number / 10_000) * 10_000 + number % 10_000;
    let letter = LETTERS[digits as usize % LETTERS.len()];
    let mut text = String::with_capacity(8);
    text.push('0');
    text.push_str(decimal(digits, &mut [0; 10]));
    text.push(char::from(letter));
    text
}

/// The irregular code of a zone, as they circulate: six digits, `Z`, a letter.
fn zone_code(number: u32) -> String {
    let mut text = String::from("09");
    let mut digits = [0; 10];
    text.push_str(decimal(10_000 + number % 10_000, &mut digits).split_at(1).1);
    text.push_str("ZB");
    text
}

/// A SIRET made from the UAI as public schools often have it: 19, six digits of the UAI, the check digit of the
/// SIREN, then establishment 1 and the check digit of the whole.
fn siret(uai: &str, private: bool) -> String {
    let mut text = String::from(if private { "39" } else { "19" });
    text.extend(uai.chars().skip(1).take(6));
    text.push(luhn_digit(&text));
    text.push_str("0001");
    text.push(luhn_digit(&text));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::values::Uai;

    fn luhn(digits: &str) -> bool {
        let sum: u32 = digits
            .bytes()
            .rev()
            .enumerate()
            .map(|(at, b)| {
                let d = u32::from(b - b'0') * (1 + at as u32 % 2);
                d / 10 + d % 10
            })
            .sum();
        sum.is_multiple_of(10)
    }

    #[test]
    fn check_letters_and_check_digits_hold() {
        assert!(luhn("19290009000015") && luhn("732829320") && !luhn("19290009000016"));
        for number in (1..19_000).step_by(37) {
            let uai = uai(number);
            assert!(Uai::parse(&uai).is_some_and(|u| u.is_regular()), "{uai}");
            let siret = siret(&uai, number % 2 == 0);
            assert!(siret.len() == 14 && luhn(&siret) && luhn(&siret[..9]), "{siret}");
        }
        assert!(Uai::parse(&zone_code(9_401)).is_some_and(|u| !u.is_regular()));
    }
}
