//! [`Profile`]: whose file it is, by its headers first, by its name where headers leave a doubt.

use super::field::Field;
use super::synonyms::{Language, normalise};
use crate::feed::Category;

/// The people of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Profile {
    Pupil,
    Relative,
    Teacher,
    Staff,
    Guest,
}

impl Profile {
    /// The category of its records.
    #[must_use]
    pub const fn category(self) -> Category {
        match self {
            Self::Pupil => Category::Pupil,
            Self::Relative => Category::Relative,
            Self::Teacher | Self::Staff | Self::Guest => Category::Staff,
        }
    }

    /// In French, for a finding.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pupil => "élèves",
            Self::Relative => "responsables",
            Self::Teacher => "enseignants",
            Self::Staff => "personnels",
            Self::Guest => "invités",
        }
    }

    /// Whether a record of these people has a place for a field.
    pub(super) const fn carries(self, field: Field) -> bool {
        match field {
            Field::Ine
            | Field::Level
            | Field::Cycle
            | Field::Regime
            | Field::Mef
            | Field::MefLabel
            | Field::SubjectCode
            | Field::SubjectLabel
            | Field::Scholarship
            | Field::Transport
            | Field::Status => matches!(self, Self::Pupil),
            // Classes of somebody who does not teach would make a teacher of him.
            Field::Teaches | Field::HeadTeacher | Field::Discipline | Field::SubjectTaught => {
                matches!(self, Self::Teacher)
            }
            Field::Classes | Field::Groups => matches!(self, Self::Pupil | Self::Teacher),
            Field::Functions | Field::Director => matches!(self, Self::Teacher | Self::Staff | Self::Guest),
            Field::ChildExternalId
            | Field::ChildLastName
            | Field::ChildUsualName
            | Field::ChildFirstName
            | Field::ChildClasses => matches!(self, Self::Relative),
            _ => true,
        }
    }

    /// What the name of a file hints at.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let file = name.rsplit('/').next().unwrap_or(name);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let stem = normalise(stem);
        let words = stem.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
        let mut found = words.filter_map(Self::of_word);
        let first = found.next()?;
        // Two different hints are none.
        found.all(|other| other == first).then_some(first)
    }

    fn of_word(word: &str) -> Option<Self> {
        let starts = |heads: &[&str]| heads.iter().any(|head| word.starts_with(head));
        if starts(&["eleve", "student", "pupil", "alumno", "aluno"]) {
            Some(Self::Pupil)
        } else if starts(&["responsable", "parent", "relative", "familiar", "padre", "encarregado"]) {
            Some(Self::Relative)
        } else if starts(&["enseignant", "teacher", "professeur", "profesor", "professor", "docente"]) {
            Some(Self::Teacher)
        } else if starts(&["personnel", "personal", "pessoal", "staff", "agent"]) {
            Some(Self::Staff)
        } else if starts(&["invite", "guest", "invitado", "convidado"]) {
            Some(Self::Guest)
        } else {
            None
        }
    }

    /// What normalised headers prove. `mapped` are the meanings that the configuration gives to some of them.
    pub(super) fn of_headers(headers: &[String], mapped: impl Fn(&str) -> Option<Field>) -> Option<Self> {
        let means = |wanted: fn(Field) -> bool| {
            headers.iter().any(|header| match mapped(header) {
                Some(field) => wanted(field),
                None => Language::ALL
                    .into_iter()
                    .filter_map(|language| super::synonyms::look_up(header, None, language))
                    .any(wanted),
            })
        };
        let has = |words: &[&str]| headers.iter().any(|header| words.contains(&header.as_str()));
        if means(Field::is_child) || has(&["nomresponsable", "civiliteresponsable", "prenomresponsable"]) {
            return Some(Self::Relative);
        }
        let pupil = has(&["nomeleve", "prenomeleve"])
            || means(|field| {
                matches!(field, Field::Ine | Field::Level | Field::Regime | Field::Mef | Field::Scholarship)
            });
        let teacher = means(|field| {
            matches!(
                field,
                Field::Director | Field::SubjectTaught | Field::Discipline | Field::Teaches | Field::HeadTeacher
            )
        });
        match (pupil, teacher) {
            (true, false) => Some(Self::Pupil),
            (false, true) => Some(Self::Teacher),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_headers(headers: &str) -> Option<Profile> {
        let headers: Vec<String> = headers.split(';').map(normalise).collect();
        Profile::of_headers(&headers, |_| None)
    }

    #[test]
    fn names_hint() {
        for (name, profile) in [
            ("CSVExtraction-eleves.csv", Some(Profile::Pupil)),
            ("a/Educasud_20260901_0350999X_Ecole_Responsables_1.csv", Some(Profile::Relative)),
            ("Enseignants (2).xlsx", Some(Profile::Teacher)),
            ("Personnels.csv", Some(Profile::Staff)),
            ("Invités.csv", Some(Profile::Guest)),
            ("parents-eleves.csv", None),
            ("liste.csv", None),
        ] {
            assert_eq!(Profile::of_name(name), profile, "{name}");
        }
    }

    #[test]
    fn headers_prove() {
        assert_eq!(of_headers("Nom élève;Prénom élève;Date naissance"), Some(Profile::Pupil));
        assert_eq!(of_headers("numero;nom;prenom;date;classe;niveau"), Some(Profile::Pupil));
        assert_eq!(of_headers("Nom responsable;Prénom responsable"), Some(Profile::Relative));
        assert_eq!(of_headers("Nom*;Prénom*;Courriel;Nom de l'élève;Prénom de l'élève"), Some(Profile::Relative));
        assert_eq!(of_headers("externalid;First name*;Childexternalid*"), Some(Profile::Relative));
        assert_eq!(of_headers("Civilité;Nom;Prénom;Directeur;Classe"), Some(Profile::Teacher));
        assert_eq!(of_headers("Prénom*;Nom*;Date de naissance*;Classes*"), None);
        // A form teacher's list of pupils says both: neither.
        assert_eq!(of_headers("Nom;Prénom;Niveau;Discipline"), None);
    }
}
