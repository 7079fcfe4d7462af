//! `Eleve`.

use super::record::{Record, Value};
use super::structure::{school_key, telephone};
use crate::feed::Category;
use crate::simulate::curriculum::{CHOICES, FORMATIONS, SUBJECTS, Subject};
use crate::simulate::households::home_of;
use crate::simulate::model::{Academy, Lists, Number, PUPIL_BASE, Pupil, RELATIVE_BASE};
use crate::simulate::places::{Address, Line};
use crate::simulate::words::{FirstName, Surname};

pub(super) const fn key(pupil: u32) -> u32 {
    PUPIL_BASE + pupil
}

pub(super) fn write(record: &mut Record, academy: &Academy, lists: &Lists, at: u32) {
    let row = &academy.pupils[at as usize];
    let school = school_key(row.school);
    let class = &academy.schools[usize::from(row.school)].classes[usize::from(row.class)];
    let formation = &FORMATIONS[usize::from(row.formation)];
    let home = home_of(academy, row.family, row.home);

    record.begin(Category::Pupil, |value| value.number(key(at)));
    record.attribute("ENTPersonJointure", |values| values.value(|value| value.number(key(at))));
    record.attribute("ENTEleveINE", |values| values.value(|value| national_number(value, academy.seed, at, row)));
    record.attribute("ENTEleveStructRattachId", |values| {
        // The number in the school's own base: another one in another school.
        values.value(|value| value.number((at + u32::from(row.school) * 7_919) % 900_000 + 100_000));
    });
    record.attribute("ENTPersonDateNaissance", |values| values.value(|value| value.day(row.born)));
    names(record, lists, row.surname, row.usual, row.first, &row.others);
    record.one("personalTitle", title(row.male));
    record.attribute("ENTElevePersRelEleve", |values| {
        for link in &row.links {
            values.value(|value| {
                value.number(RELATIVE_BASE + link.relative);
                value.push("$");
                value.number(u32::from(link.code));
                value.push(if link.financial { "$1$" } else { "$0$" });
                value.number(u32::from(link.legal));
                value.push(if link.contact { "$1" } else { "$0" });
                value.push(if link.payment { "$1" } else { "$0" });
            });
        }
    });
    record.flag("ENTEleveBoursier", row.grant);
    record.one("ENTEleveRegime", regime(row.regime));
    record.flag("ENTEleveTransport", row.transport);
    record.one("ENTEleveStatutEleve", if row.apprentice { "APPRENTI" } else { "SCOLAIRE" });
    record.one("ENTEleveMEF", formation.mef);
    record.one("ENTEleveLibelleMEF", formation.label);
    record.one("ENTEleveNivFormation", formation.level);
    record.one("ENTEleveFiliere", formation.track);
    record.attribute("ENTEleveEnseignements", |values| {
        for subject in subjects(row) {
            values.value(|value| value.push(subject.label));
        }
    });
    record.attribute("ENTEleveCodeEnseignements", |values| {
        for subject in subjects(row) {
            values.value(|value| value.push(subject.code));
        }
    });
    record.attribute("ENTPersonStructRattach", |values| values.value(|value| value.number(school)));
    record.attribute("ENTEleveClasses", |values| {
        values.value(|value| {
            value.number(school);
            value.push("$");
            value.push(&class.name);
        });
    });
    record.attribute("ENTEleveGroupes", |values| {
        for &group in &class.groups {
            let group = &academy.schools[usize::from(row.school)].groups[usize::from(group)];
            if row.choices & (1 << group.choice) != 0 {
                values.value(|value| {
                    value.number(school);
                    value.push("$");
                    value.push(&group.name);
                });
            }
        }
    });
    address(record, lists, home.address);
    record.attribute("mail", |values| {
        if row.mail {
            values.value(|value| {
                lists.words.slug(row.first, row.usual, |piece| value.push(piece));
                value.number(at % 1_000);
                value.push("@example.fr");
            });
        }
    });
    record.attribute("homePhone", |values| values.value(|value| telephone(value, home.phone, Line::Fixed)));
    record.attribute("ENTEleveAdresseRel", |values| {
        for link in &row.links {
            let lives = academy.relatives[link.relative as usize].home;
            if lives == row.home || row.alternates && lives == 1 {
                values.value(|value| value.number(RELATIVE_BASE + link.relative));
            }
        }
    });
    record.attribute("ENTEleveDateEntreeClasses", |values| {
        values.value(|value| {
            value.number(school);
            value.push("$");
            value.day(row.joined_class);
            value.push("$");
            value.push(&class.name);
        });
    });
    record.empty("ENTEleveDateSortieClasses");
    record.attribute("ENTEleveDateEntreeStructRattach", |values| values.value(|value| value.day(row.joined_school)));
    record.empty("ENTEleveDateSortieStructRattach");
    record.empty("ENTEleveEnseignementsEtablissementsAccueil");
    record.end();
}

/// The programme of the formation and the pupil's choices; a choice that deepens a subject of the programme is one
/// subject with it.
fn subjects(row: &Pupil) -> impl Iterator<Item = &'static Subject> + use<'_> {
    let programme = FORMATIONS[usize::from(row.formation)].programme;
    let chosen = (0..).zip(CHOICES.iter()).filter(|(bit, _)| row.choices & (1 << bit) != 0).map(|(_, c)| c.subject);
    let besides = chosen.filter(|subject| programme.iter().all(|lesson| lesson.subject != *subject));
    programme.iter().map(|lesson| lesson.subject).chain(besides).map(|subject| &SUBJECTS[usize::from(subject)])
}

/// Nine digits and two letters, or ten digits and their check letter: never the same for two pupils.
fn national_number(value: &mut Value<'_>, seed: u64, at: u32, row: &Pupil) {
    const CHECK: &[u8; 23] = b"ABCDEFGHJKLMNPRSTUVWXYZ";
    const REGISTER: &[u8; 10] = b"ABCDEFGHJK";
    // A multiplier without factor 2 or 5 runs through all nine-digit numbers before it comes back.
    let digits = (u64::from(at) * 387_420_489 + seed % 1_000_000_000) % 1_000_000_000;
    match row.number {
        Number::None => {}
        Number::Base => {
            value.push("1");
            value.padded(digits as u32, 9);
            letter(value, CHECK[(1_000_000_000 + digits) as usize % CHECK.len()]);
        }
        Number::Register(a, b) => {
            value.padded(digits as u32, 9);
            letter(value, REGISTER[usize::from(a) % REGISTER.len()]);
            letter(value, REGISTER[usize::from(b) % REGISTER.len()]);
        }
    }
}

fn letter(value: &mut Value<'_>, letter: u8) {
    value.push(char::from(letter).encode_utf8(&mut [0; 4]));
}

const fn regime(code: u8) -> &'static str {
    match code {
        1 => "EXTERNE SURVEILLE",
        2 => "DEMI-PENSIONNAIRE DANS L'ETABLISSEMENT",
        3 => "INTERNE DANS L'ETABLISSEMENT",
        29 => "DEMI-PENSIONNAIRE AU TICKET",
        _ => "EXTERNE LIBRE",
    }
}

pub(super) const fn title(male: bool) -> &'static str {
    if male { "M." } else { "Mme" }
}

/// `ENTPersonNomPatro`, `sn`, `givenName`, `ENTPersonAutresPrenoms`.
pub(super) fn names(
    record: &mut Record,
    lists: &Lists,
    surname: Surname,
    usual: Surname,
    first: FirstName,
    others: &[FirstName],
) {
    let words = &lists.words;
    record.attribute("ENTPersonNomPatro", |values| values.value(|v| words.surname(surname, |piece| v.push(piece))));
    record.attribute("sn", |values| values.value(|v| words.surname(usual, |piece| v.push(piece))));
    record.attribute("givenName", |values| values.value(|v| words.first_name(first, |piece| v.push(piece))));
    record.attribute("ENTPersonAutresPrenoms", |values| {
        for &other in others {
            values.value(|v| words.first_name(other, |piece| v.push(piece)));
        }
    });
}

/// `ENTPersonAdresse`, `ENTPersonCodePostal`, `ENTPersonVille`, `ENTPersonPays`.
pub(super) fn address(record: &mut Record, lists: &Lists, address: Address) {
    record.attribute("ENTPersonAdresse", |values| values.value(|v| lists.places.lines(address, |piece| v.push(piece))));
    record.one("ENTPersonCodePostal", lists.places.postal_code(address));
    record.one("ENTPersonVille", lists.places.town_name(address));
    record.one("ENTPersonPays", "FRANCE");
}
