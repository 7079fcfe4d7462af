//! What has to be known of a dialect to give a structure other identifiers: where they are, how groups are named by them.

use std::collections::HashSet;

use super::{Dialect, Kind, Source};
use crate::directory::{Dn, Entry};
use crate::feed::values::{Uai, siret_digits};
use crate::roster::readable_school_name;

const STRUCTURES: [Kind; 2] = [Kind::School, Kind::Service];
const PEOPLE: [Kind; 3] = [Kind::Pupil, Kind::Relative, Kind::Staff];

/// What the names of a school's groups hold of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolInNames {
    pub uai: Uai,
    /// What stands for `{school}`, when the patterns have it and some group shows it.
    pub school: Option<String>,
}

impl Dialect {
    /// The UAI of a structure's entry.
    #[must_use]
    pub fn uai_of(&self, entry: &Entry) -> Option<Uai> {
        self.of_structure(Source::Uai).into_iter().find_map(|name| entry.texts(name).find_map(Uai::parse))
    }

    /// The SIRET of a structure's entry; none where the UAI stands for it.
    #[must_use]
    pub fn siret_of(&self, entry: &Entry) -> Option<String> {
        let values = self.of_structure(Source::Siret).into_iter().flat_map(|name| entry.texts(name));
        values.filter_map(siret_digits).map(Into::into).next()
    }

    /// What people call the structure of an entry: its readable name where the dialect has one.
    #[must_use]
    pub fn name_of_structure(&self, entry: &Entry) -> String {
        let first = |source| self.of_structure(source).into_iter().find_map(|name| entry.first(name));
        match (first(Source::DisplayName), first(Source::Name)) {
            (Some(readable), _) => readable.to_owned(),
            (None, Some(delivered)) => readable_school_name(delivered, first(Source::Academy), &entry.dn.rdn_value()),
            (None, None) => entry.dn.rdn_value(),
        }
    }

    /// The attributes of structures that hold `source`.
    #[must_use]
    pub fn of_structure(&self, source: Source) -> Vec<&str> {
        let mut names: Vec<&str> = STRUCTURES.iter().filter_map(|kind| self.attribute(*kind, source)).collect();
        names.dedup();
        names
    }

    /// The DN of a structure by its UAI and the SIRET that it has, if any.
    #[must_use]
    pub fn structure_dn_by(&self, uai: &Uai, siret: Option<&str>) -> Dn {
        let by_siret = siret.filter(|_| self.structure_rdn_source == Source::Siret);
        self.structure_child(by_siret.unwrap_or(uai.as_str()))
    }

    /// The DN of a group by its name.
    #[must_use]
    pub fn group_dn(&self, cn: &str) -> Dn {
        self.groups.child(&self.group_rdn, cn)
    }

    /// The attributes of people whose values end in `|<UAI>`.
    #[must_use]
    pub fn identity_vectors(&self) -> Vec<&str> {
        let sources = [Source::IdentityVector, Source::IdentityVectors];
        let all = PEOPLE.iter().flat_map(|kind| sources.iter().filter_map(|s| self.attribute(*kind, *s)));
        let mut names: Vec<&str> = all.collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The attributes that name people, or hold join keys: what stands there names no structure.
    #[must_use]
    pub fn names_no_structure(&self) -> Vec<String> {
        let mut names = self.name_attributes();
        names.extend(self.of_structure(Source::JoinKey).into_iter().map(str::to_owned));
        names.push("objectClass".to_owned());
        names
    }

    /// What the managed groups of a school hold of it in their names.
    pub fn school_in_names<'g>(&self, uai: &Uai, groups: impl Iterator<Item = &'g Entry>) -> SchoolInNames {
        let own: HashSet<String> = [uai.as_str().to_owned()].into();
        let names = groups.filter(|g| self.is_managed(g)).map(|g| g.dn.rdn_value());
        let mut names = names.filter(|cn| self.school_of_group(cn, &own).is_some());
        let school = names.find_map(|cn| self.families.iter().find_map(|f| f.pattern.school_in(&cn, uai.as_str())));
        SchoolInNames { uai: uai.clone(), school }
    }

    /// The name of a school's managed group once the school is another; `None` when the group is not the school's.
    #[must_use]
    pub fn group_renamed(&self, cn: &str, former: &SchoolInNames, present: &SchoolInNames) -> Option<String> {
        let own: HashSet<String> = [former.uai.as_str().to_owned()].into();
        self.school_of_group(cn, &own)?;
        let by_school = self.families.iter().find_map(|f| {
            let school = f.pattern.school_in(cn, former.uai.as_str())?;
            let other = present.school.as_deref().unwrap_or(&school);
            f.pattern.exchanged(cn, (&school, former.uai.as_str()), (other, present.uai.as_str()))
        });
        by_school.or_else(|| word_exchanged(cn, former.uai.as_str(), present.uai.as_str()))
    }
}

/// The text with the first word that is `from` replaced.
fn word_exchanged(text: &str, from: &str, to: &str) -> Option<String> {
    let mut start = 0;
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let end = start + word.len();
        if word.eq_ignore_ascii_case(from) {
            return Some(format!("{}{to}{}", text.get(..start)?, text.get(end..)?));
        }
        // Past the character that ended the word.
        start = end + text.get(end..)?.chars().next().map_or(0, char::len_utf8);
    }
    None
}
