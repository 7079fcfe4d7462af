//! Who gets a sheet, and on which pile: a plain function of the roster.

use std::collections::HashSet;

use compact_str::CompactString;
use jiff::civil::Date;

use crate::feed::values::Uai;
use crate::roster::{JoinKey, Person, PersonId, Profile, Role, Roster, StructureId};

/// Which sheets are asked for; conditions add up.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Selection {
    pub school: Option<Uai>,
    /// As delivered; compared without case.
    pub class: Option<String>,
    pub profile: Option<Profile>,
    /// A join key.
    pub person: Option<JoinKey>,
}

/// The sheets of one school, profile and class, in the order in which they are handed out.
#[derive(Debug, Clone)]
pub struct Pile {
    pub school: StructureId,
    pub profile: Profile,
    pub class: Option<CompactString>,
    pub persons: Vec<PersonId>,
}

/// The piles of a selection: by school, then profile, then class; inside by name. `may` says who may get a sheet at
/// all (a present account, never printed when only new ones are asked for).
///
/// A pupil's sheet lies with his class in each school where he has one; a relative's is printed once per school, with
/// the class of the youngest child there; a teacher's with his administrative school, or his first.
#[must_use]
pub fn piles(roster: &Roster, selection: &Selection, may: &dyn Fn(&Person) -> bool) -> Vec<Pile> {
    let mut sheets: Vec<(StructureId, Profile, Option<CompactString>, PersonId)> = Vec::new();
    for (at, person) in roster.persons.iter().enumerate() {
        let id = PersonId(at as u32);
        if selection.person.as_ref().is_some_and(|key| *key != person.key)
            || selection.profile.is_some_and(|profile| profile != person.profile)
            || !may(person)
        {
            continue;
        }
        for (school, class) in places(roster, id, person) {
            let in_school =
                selection.school.as_ref().is_none_or(|uai| roster.structure(school).is_some_and(|s| s.uai == *uai));
            let in_class = selection.class.as_deref().is_none_or(|wanted| {
                class.as_deref().is_some_and(|class| class.to_lowercase() == wanted.to_lowercase())
            });
            if in_school && in_class {
                sheets.push((school, person.profile, class, id));
            }
        }
    }
    let name = |id: PersonId| {
        roster.person(id).map(|p| (p.name.surname.to_lowercase(), p.name.first.to_lowercase(), p.key.clone()))
    };
    sheets.sort_by_cached_key(|(school, profile, class, id)| (*school, *profile, class.clone(), name(*id)));
    let mut piles: Vec<Pile> = Vec::new();
    for (school, profile, class, id) in sheets {
        match piles.last_mut() {
            Some(pile) if (pile.school, pile.profile, &pile.class) == (school, profile, &class) => {
                pile.persons.push(id);
            }
            _ => piles.push(Pile { school, profile, class, persons: vec![id] }),
        }
    }
    piles
}

/// Where a person's sheets are handed out.
fn places(roster: &Roster, id: PersonId, person: &Person) -> Vec<(StructureId, Option<CompactString>)> {
    match &person.role {
        Role::Pupil(pupil) => {
            pupil.classes.iter().map(|(school, class)| (*school, Some(roster.class_name(*school, class)))).collect()
        }
        Role::Relative(_) => {
            let mut seen = HashSet::new();
            let mut children: Vec<_> = children_of(roster, id)
                .into_iter()
                .map(|(child, school, class)| (std::cmp::Reverse(child.birth), school, class))
                .collect();
            children.sort_by(|a: &(std::cmp::Reverse<Option<Date>>, _, _), b| (a.0, &a.2).cmp(&(b.0, &b.2)));
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
pub(super) fn children_of(roster: &Roster, relative: PersonId) -> Vec<(&Person, StructureId, Option<CompactString>)> {
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
