//! Findings of the feed, told about persons: the reader of a delivery sees one record at a time, and a school looks for
//! somebody by name and class.

use super::model::{JoinKey, Person, Role, Roster, StructureId};
use super::options::SourceInfo;
use crate::feed::{Category, Finding};

impl Roster {
    /// Completes the findings about persons of the roster: name, class, and the school that can mend them where the
    /// finding does not say. A relative is found under one of his children, whose name he is given with.
    pub fn complete(&self, findings: &mut [Finding], sources: &[SourceInfo]) {
        for finding in findings {
            if let Some(person) = self.of_finding(finding, sources) {
                self.complete_one(finding, person);
            }
        }
    }

    /// The person whom a finding is about.
    fn of_finding(&self, finding: &Finding, sources: &[SourceInfo]) -> Option<&Person> {
        let (category, key) = (finding.category?, finding.key.as_deref()?);
        let source = sources.iter().find(|source| Some(&source.name) == finding.source.as_ref())?;
        let key = JoinKey::new(&source.prefix, key);
        let at = self.persons.binary_search_by(|person| person.key.cmp(&key)).ok()?;
        let person = self.persons.get(at)?;
        let same = matches!(
            (category, &person.role),
            (Category::Pupil, Role::Pupil(_))
                | (Category::Relative, Role::Relative(_))
                | (Category::Staff, Role::Staff(_))
        );
        same.then_some(person)
    }

    fn complete_one(&self, finding: &mut Finding, person: &Person) {
        let name = person.name.listed();
        // Where the person is looked for: a relative's child, or himself.
        let child = match &person.role {
            Role::Relative(relative) => relative.pupils.iter().find_map(|id| self.person(*id)),
            _ => None,
        };
        let at = child.unwrap_or(person);
        finding.subject = Some(match child {
            Some(child) => format!("{name} (responsable de {})", child.name.listed()),
            None => name,
        });
        if let Role::Pupil(pupil) = &at.role
            && let Some((_, class)) = pupil.classes.first()
        {
            finding.class = Some(class.clone());
        }
        if finding.school.is_none() {
            finding.school = Self::home(at).and_then(|id| self.structure(id)).map(|s| s.uai.as_str().into());
        }
    }

    /// The school that keeps a person's file.
    fn home(person: &Person) -> Option<StructureId> {
        person.administrative.or_else(|| person.schools.first().map(|school| school.structure))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{small, sources};
    use super::*;
    use crate::feed::Code;

    fn told(category: Category, key: &str) -> Finding {
        let roster = small()
            .pupil(
                "2",
                "Malo",
                &[
                    ("ENTPersonStructRattach", &["100"]),
                    ("ENTEleveClasses", &["100$6B"]),
                    ("ENTElevePersRelEleve", &["5$10$1$1$0$0"]),
                ],
            )
            .relative("5", "Yann", &[])
            .staff("9", "Rozenn", &[("ENTPersonFonctions", &["100$ENS$ENSEIGNEMENT$L0202$LETTRES"])])
            .roster();
        let mut finding = Finding::new(Code::InvalidMail, "x").about(category, key);
        finding.source = Some("rennes".into());
        roster.complete(std::slice::from_mut(&mut finding), &sources());
        finding
    }

    #[test]
    fn a_pupil_is_told_by_name_and_class() {
        let finding = told(Category::Pupil, "2");
        assert_eq!(finding.whom().as_deref(), Some("KERMAREC Malo (6B)"));
        assert_eq!(finding.school.as_deref(), Some("0290009C"));
    }

    #[test]
    fn a_relative_is_found_under_a_child_and_staff_in_their_school() {
        let finding = told(Category::Relative, "5");
        assert_eq!(finding.whom().as_deref(), Some("KERMAREC Yann (responsable de KERMAREC Malo) (6B)"));
        assert_eq!(finding.school.as_deref(), Some("0290009C"));
        let finding = told(Category::Staff, "9");
        assert_eq!((finding.whom().as_deref(), finding.school.as_deref()), (Some("ORIANO Rozenn"), Some("0290009C")));
    }

    #[test]
    fn nobody_else_is_named() {
        for (category, key) in [(Category::Staff, "2"), (Category::Pupil, "77")] {
            let finding = told(category, key);
            assert_eq!((finding.whom(), finding.school), (None, None), "{key}");
        }
    }
}
