//! `PersEducNat`.

use super::pupil;
use super::record::{Record, Value};
use super::structure::{MAIL_DOMAIN, outside_key, school_key};
use crate::feed::Category;
use crate::simulate::curriculum::{DISCIPLINES, FORMATIONS, SUBJECTS};
use crate::simulate::model::{Academy, Attached, Job, Lists, Post, STAFF_BASE, School, Staff};

pub(super) const fn key(staff: u32) -> u32 {
    STAFF_BASE + staff
}

pub(super) fn write(record: &mut Record, academy: &Academy, lists: &Lists, at: u32) {
    let row = &academy.staff[at as usize];
    let discipline = if let Job::Teacher(at) = row.job { DISCIPLINES.get(usize::from(at)) } else { None };

    record.begin(Category::Staff, |value| value.number(key(at)));
    record.attribute("ENTPersonJointure", |values| values.value(|value| value.number(key(at))));
    record.attribute("ENTPersonDateNaissance", |values| values.value(|value| value.day(row.born)));
    pupil::names(record, lists, row.surname, row.usual, row.first, &[row.other]);
    record.one("personalTitle", pupil::title(row.male));
    record.attribute("mail", |values| {
        values.value(|value| {
            lists.words.slug(row.first, row.usual, |piece| value.push(piece));
            // The rectorat numbers homonyms; here everyone has a number, that of the key.
            value.number(at);
            if row.mail > 0 {
                value.push(".");
                value.number(u32::from(row.mail));
            }
            value.push(MAIL_DOMAIN);
        });
    });
    record.attribute("ENTPersonStructRattach", |values| match row.attached {
        Attached::School(school) => values.value(|value| value.number(school_key(school))),
        Attached::Outside(outside) => values.value(|value| value.number(outside_key(outside))),
        Attached::Nowhere => {}
    });
    let category = discipline.map_or_else(
        || if matches!(row.job, Job::Head | Job::Deputy) { ("00", "NON SPECIALISE") } else { ("", "") },
        |discipline| (discipline.category, discipline.category_label),
    );
    record.attribute("ENTAuxEnsCategoDiscipline", |values| {
        if !category.0.is_empty() {
            values.value(|value| fields(value, &[category.0, category.1]));
        }
    });
    record.attribute("ENTAuxEnsDisciplinesPoste", |values| {
        // Label first in this one.
        if let Some(discipline) = discipline {
            values.value(|value| fields(value, &[discipline.label, discipline.category]));
        }
    });
    services(record, academy, row);
    record.attribute("ENTPersonFonctions", |values| {
        let (code, label, discipline_code, discipline_label) = function(row.job);
        let mut one = |structure: u32| {
            values.value(|value| {
                value.number(structure);
                value.push("$");
                fields(value, &[code, label, discipline_code, discipline_label]);
            });
        };
        served(row).for_each(|school| one(school_key(school)));
        row.outside.iter().for_each(|&outside| one(outside_key(outside)));
    });
    record.attribute("ENTEnsFonctionDir", |values| {
        if row.job == Job::Head {
            served(row).for_each(|school| values.value(|value| value.number(school_key(school))));
        }
    });
    record.attribute("ENTPersonSTSId", |values| {
        for school in served(row) {
            values.value(|value| {
                value.number(school_key(school));
                value.push("$");
                value.number(at % 100_000 + 1);
            });
        }
    });
    let teaches = matches!(row.job, Job::Teacher(_));
    record.flag("ENTPersonCategorieEnseignant", teaches || row.job == Job::Librarian);
    record.flag("PersEducNatPresenceDevantEleves", teaches);
    record.end();
}

/// The schools in which someone works, each once.
fn served(row: &Staff) -> impl Iterator<Item = u16> + '_ {
    let posts = &row.posts;
    let on_posts = posts.iter().enumerate().filter(|&(at, &(school, _))| posts.iter().take(at).all(|p| p.0 != school));
    row.schools.iter().copied().chain(on_posts.map(|(_, &(school, _))| school))
}

/// The attributes that come from the posts held.
fn services(record: &mut Record, academy: &Academy, row: &Staff) {
    let posts = || {
        row.posts.iter().map(|&(school, post)| {
            let structure = &academy.schools[usize::from(school)];
            (school, structure, &structure.posts[usize::from(post)])
        })
    };
    record.attribute("ENTAuxEnsMEF", |values| {
        for (school, structure, post) in posts() {
            for formation in formations(structure, post) {
                let formation = &FORMATIONS[usize::from(formation)];
                values.value(|value| service(value, school, &[formation.mef, formation.label]));
            }
        }
    });
    record.attribute("ENTAuxEnsMatiereEnseignEtab", |values| {
        for (school, _, post) in posts() {
            let mut subjects: Vec<u8> = post.classes.iter().chain(&post.groups).map(|&(_, subject)| subject).collect();
            subjects.sort_unstable();
            subjects.dedup();
            for subject in subjects {
                values.value(|value| service(value, school, &[SUBJECTS[usize::from(subject)].label]));
            }
        }
    });
    // Superseded by the next two, delivered empty.
    record.empty("ENTAuxEnsClasses");
    record.empty("ENTAuxEnsGroupes");
    record.attribute("ENTAuxEnsClassesMatieres", |values| {
        for (school, structure, post) in posts() {
            for &(class, subject) in &post.classes {
                let class = &structure.classes[usize::from(class)].name;
                values.value(|value| service(value, school, &[class, SUBJECTS[usize::from(subject)].code]));
            }
        }
    });
    record.attribute("ENTAuxEnsGroupesMatieres", |values| {
        for (school, structure, post) in posts() {
            for &(group, subject) in &post.groups {
                let group = &structure.groups[usize::from(group)].name;
                values.value(|value| service(value, school, &[group, SUBJECTS[usize::from(subject)].code]));
            }
        }
    });
    record.attribute("ENTAuxEnsClassesPrincipal", |values| {
        for &(school, post) in &row.posts {
            for class in academy.schools[usize::from(school)].classes.iter().filter(|c| c.head == Some(post)) {
                values.value(|value| service(value, school, &[&class.name]));
            }
        }
    });
}

/// The formations of a post's divisions and groups, each once.
fn formations(school: &School, post: &Post) -> Vec<u8> {
    let classes = post.classes.iter().map(|&(class, _)| school.classes[usize::from(class)].formation);
    let groups = post.groups.iter().map(|&(group, _)| school.groups[usize::from(group)].formation);
    let mut formations: Vec<u8> = classes.chain(groups).collect();
    formations.sort_unstable();
    formations.dedup();
    formations
}

fn service(value: &mut Value<'_>, school: u16, pieces: &[&str]) {
    value.number(school_key(school));
    value.push("$");
    fields(value, pieces);
}

/// Pieces with `$` between them.
fn fields(value: &mut Value<'_>, pieces: &[&str]) {
    for (at, piece) in pieces.iter().enumerate() {
        if at > 0 {
            value.push("$");
        }
        value.push(piece);
    }
}

/// The four last fields of a function.
fn function(job: Job) -> (&'static str, &'static str, &'static str, &'static str) {
    match job {
        Job::Teacher(at) => {
            let discipline = &DISCIPLINES[usize::from(at)];
            ("ENS", "ENSEIGNEMENT", discipline.code, discipline.label)
        }
        Job::Head => ("DIR", "DIRECTION", "D0010", "CHEF D'ETABLISSEMENT"),
        Job::Deputy => ("DIR", "DIRECTION", "D0011", "CHEF D'ETABLISSEMENT ADJOINT"),
        Job::Counsellor => ("EDU", "EDUCATION", "E0030", "CONSEILLER PRINCIPAL D'EDUCATION"),
        Job::Assistant => ("AED", "ASSISTANT D'EDUCATION", "S0054", "ASSISTANT D'EDUCATION HORS INTERNAT"),
        Job::Supervisor => ("SUR", "SURVEILLANCE", "S0055", "ASSISTANT D'EDUCATION INTERNAT"),
        Job::Librarian => ("DOC", "DOCUMENTATION", "L0080", "DOCUMENTATION"),
        Job::Nurse => ("MDS", "PERSONNELS MEDICO-SOCIAUX", "P9110", "INFIRMIER"),
        Job::Manager => ("ADF", "PERSONNELS ADMINISTRATIFS", "P9102", "GESTIONNAIRE"),
        Job::Secretary => ("ADF", "PERSONNELS ADMINISTRATIFS", "P9101", "FONCTION ADMINISTRATIVE"),
        Job::Companion => ("AEH", "ACCOMPAGNEMENT", "D0021", "ACCOMPAGNEMENT ELEVES SITUATION HANDICAP"),
        Job::Laboratory => ("LAB", "PERSONNELS DE LABORATOIRE", "P0000", "SANS SPECIALITE"),
        Job::WorkshopHead => ("CTR", "CHEF DE TRAVAUX", "P0000", "SANS SPECIALITE"),
        Job::Psychologist => ("ORI", "ORIENTATION", "O0040", "ORIENTATION"),
        Job::Office => ("ADM", "ADMINISTRATION", "AUCUNE", "AUCUNE"),
        Job::Nothing => ("-", "SANS OBJET", "-", "SANS OBJET"),
    }
}
