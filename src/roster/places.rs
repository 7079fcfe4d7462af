//! Where somebody's sheet is handed out: what is printed by class, and what is asked for by class, agree on it.

use std::cmp::Reverse;
use std::collections::HashSet;

use compact_str::CompactString;
use jiff::civil::Date;

use super::model::{Person, PersonId, Role, Roster, StructureId};

/// With which class of which school a person's sheets are handed out: a pupil's with his class in each school where he has
/// one; a relative's once per school, with the class of the youngest child there; a teacher's with his administrative
/// school, or his first, without class.
#[must_use]
pub fn places(roster: &Roster, id: PersonId) -> Vec<(StructureId, Option<CompactString>)> {
    let Some(person) = roster.person(id) else { return Vec::new() };
    match &person.role {
        // Without a class he has no account, but is counted in his school.
        Role::Pupil(pupil) if pupil.classes.is_empty() => {
            person.schools.iter().map(|school| (school.structure, None)).collect()
        }
        Role::Pupil(pupil) => {
            pupil.classes.iter().map(|(school, class)| (*school, Some(roster.class_name(*school, class)))).collect()
        }
        Role::Relative(_) => {
            let mut seen = HashSet::new();
            let mut children: Vec<_> = children_of(roster, id)
                .into_iter()
                .map(|(child, school, class)| (Reverse(child.birth), school, class))
                .collect();
            children.sort_by(|a: &(Reverse<Option<Date>>, _, _), b| (a.0, &a.2).cmp(&(b.0, &b.2)));
            children
                .into_iter()
                .filter(|(_, school, _)| seen.insert(*school))
                .map(|(_, school, class)| (school, class))
                .collect()
        }
        Role::Staff(_) => person
            .administrative
            .filter(|school| person.schools.iter().any(|a| a.structure == *school))
            .or_else(|| person.schools.first().map(|a| a.structure))
            .map(|school| (school, None))
            .into_iter()
            .collect(),
    }
}

/// A relative's children with the school and class of each; a child in two schools comes twice.
#[must_use]
pub fn children_of(roster: &Roster, relative: PersonId) -> Vec<(&Person, StructureId, Option<CompactString>)> {
    let Some(Role::Relative(role)) = roster.person(relative).map(|p| &p.role) else { return Vec::new() };
    role.pupils
        .iter()
        .filter_map(|child| roster.person(*child))
        .flat_map(|child| {
            let classes = match &child.role {
                Role::Pupil(pupil) => pupil.classes.clone(),
                _ => Vec::new(),
            };
            child.schools.iter().map(move |attachment| {
                let class = classes.iter().find(|(school, _)| *school == attachment.structure);
                let class = class.map(|(school, class)| roster.class_name(*school, class));
                (child, attachment.structure, class)
            })
        })
        .collect()
}
