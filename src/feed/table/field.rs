//! [`Field`]: what a column can mean, whatever its header is called.

/// The meaning of a column. Names are those that a configuration uses (`"Mon entête" = "lastName"`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    ExternalId,
    Ine,
    LastName,
    UsualName,
    FirstName,
    OtherFirstNames,
    BirthDate,
    Gender,
    Title,
    Classes,
    Groups,
    Level,
    Cycle,
    Regime,
    Mef,
    MefLabel,
    SubjectCode,
    SubjectLabel,
    Scholarship,
    Transport,
    Status,
    Email,
    HomePhone,
    WorkPhone,
    Mobile,
    Address,
    ZipCode,
    City,
    Country,
    Functions,
    Teaches,
    HeadTeacher,
    Director,
    Discipline,
    SubjectTaught,
    ChildExternalId,
    ChildLastName,
    ChildUsualName,
    ChildFirstName,
    ChildClasses,
    /// The UAI of the row's school, in files that hold several.
    School,
    /// Known, and nothing in a record for it: its values are counted and said.
    NotCarried,
}

/// Each field with its name in a configuration; some have the name that other importers give them beside.
const NAMES: &[(&str, Field)] = &[
    ("externalId", Field::ExternalId),
    ("ine", Field::Ine),
    ("lastName", Field::LastName),
    ("usualName", Field::UsualName),
    ("surname", Field::UsualName),
    ("firstName", Field::FirstName),
    ("otherFirstNames", Field::OtherFirstNames),
    ("birthDate", Field::BirthDate),
    ("gender", Field::Gender),
    ("title", Field::Title),
    ("classes", Field::Classes),
    ("groups", Field::Groups),
    ("level", Field::Level),
    ("cycle", Field::Cycle),
    ("accommodation", Field::Regime),
    ("module", Field::Mef),
    ("moduleName", Field::MefLabel),
    ("fieldOfStudy", Field::SubjectCode),
    ("fieldOfStudyLabels", Field::SubjectLabel),
    ("scholarshipHolder", Field::Scholarship),
    ("transport", Field::Transport),
    ("status", Field::Status),
    ("email", Field::Email),
    ("homePhone", Field::HomePhone),
    ("workPhone", Field::WorkPhone),
    ("mobile", Field::Mobile),
    ("address", Field::Address),
    ("zipCode", Field::ZipCode),
    ("city", Field::City),
    ("country", Field::Country),
    ("functions", Field::Functions),
    ("teaches", Field::Teaches),
    ("headTeacher", Field::HeadTeacher),
    ("director", Field::Director),
    ("classCategories", Field::Discipline),
    ("subjectTaught", Field::SubjectTaught),
    ("childExternalId", Field::ChildExternalId),
    ("childLastName", Field::ChildLastName),
    ("childUsername", Field::ChildUsualName),
    ("childFirstName", Field::ChildFirstName),
    ("childClasses", Field::ChildClasses),
    ("uai", Field::School),
    ("ignore", Field::NotCarried),
];

impl Field {
    /// How many there are: their numbers are below.
    pub(super) const COUNT: usize = Self::NotCarried as usize + 1;

    /// Reads the name of a field, in any letter case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim())).map(|(_, field)| *field)
    }

    /// Every name that a configuration may use.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Whether it designates a child of the row's adult.
    pub(super) const fn is_child(self) -> bool {
        matches!(
            self,
            Self::ChildExternalId
                | Self::ChildLastName
                | Self::ChildUsualName
                | Self::ChildFirstName
                | Self::ChildClasses
        )
    }

    /// Whether several columns of it are several values, rather than a mistake.
    pub(super) const fn is_repeatable(self) -> bool {
        self.is_child()
            || matches!(
                self,
                Self::OtherFirstNames
                    | Self::Classes
                    | Self::Groups
                    | Self::SubjectCode
                    | Self::SubjectLabel
                    | Self::Functions
                    | Self::HeadTeacher
                    | Self::Discipline
                    | Self::SubjectTaught
                    | Self::Mobile
                    | Self::NotCarried
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_read_in_any_case() {
        let names: HashSet<String> = Field::names().map(str::to_ascii_lowercase).collect();
        assert_eq!(names.len(), NAMES.len());
        assert_eq!(Field::parse("lastname"), Some(Field::LastName));
        assert_eq!(Field::parse(" childUserName "), Some(Field::ChildUsualName));
        assert_eq!(Field::parse("nom"), None);
    }
}
