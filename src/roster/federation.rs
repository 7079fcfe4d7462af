//! Who cannot be matched where people log in through a federation (EduConnect): it knows a pupil by the INE, and a
//! relative by the links to children whom it knows. Nobody gets a first password there, so that whoever it does not know
//! cannot log in at all.

use super::Profile;
use super::model::{Person, Role};
use super::report::Report;
use super::structures::Structures;
use crate::feed::{Category, Code};

/// Tells of everybody of the `federated` profiles whom the federation cannot know.
pub(super) fn look(persons: &[Box<Person>], federated: &[Profile], structures: &Structures, report: &mut Report<'_>) {
    if federated.is_empty() {
        return;
    }
    for person in persons.iter().filter(|person| federated.contains(&person.profile)) {
        let (category, message, class) = match &person.role {
            Role::Pupil(pupil) if pupil.ine.is_none() => {
                let class = pupil.classes.first().map(|(_, class)| class.clone());
                (Category::Pupil, "élève sans INE : la connexion fédérée ne peut pas le reconnaître", class)
            }
            Role::Relative(relative) => {
                let children = || relative.pupils.iter().filter_map(|id| pupil(persons, id.0));
                if children().any(|child| child.ine.is_some()) {
                    continue;
                }
                let class = children().find_map(|child| child.classes.first()).map(|(_, class)| class.clone());
                let message =
                    "responsable dont aucun enfant n'a d'INE : la connexion fédérée ne peut pas le reconnaître";
                (Category::Relative, message, class)
            }
            Role::Pupil(_) | Role::Staff(_) => continue,
        };
        let mut finding = report.about(Code::FederationUnmatched, category, &**person, message);
        finding.school = person.schools.first().and_then(|attachment| structures.uai(attachment.structure));
        report.add(finding.who(person.name.listed()).in_class(class));
    }
}

fn pupil(persons: &[Box<Person>], at: u32) -> Option<&super::model::Pupil> {
    match &persons.get(at as usize)?.role {
        Role::Pupil(pupil) => Some(pupil),
        Role::Relative(_) | Role::Staff(_) => None,
    }
}
