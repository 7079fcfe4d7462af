//! What the engine reads from a directory written in this dialect: whose entry it is, which names are taken.

use super::{Dialect, Kind, Source};
use crate::directory::{AttributeChange, Dn, Entry, Value};
use crate::naming::{Login, Uid};

const PEOPLE: [Kind; 3] = [Kind::Pupil, Kind::Relative, Kind::Staff];
/// Chosen by their users, of the SDET; taken like logins.
const ALIAS: &str = "ENTPersonAlias";

/// The names that an entry holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenNames {
    pub uid: Option<Uid>,
    pub login: Option<Login>,
    pub aliases: Vec<String>,
}

impl Dialect {
    /// Every entry of the people branch: those of other classes hold names too.
    #[must_use]
    pub fn person_filter(&self) -> String {
        format!("({}=*)", self.person_rdn)
    }

    /// All the attributes of people that are written or compared, without the password.
    #[must_use]
    pub fn person_attributes(&self) -> Vec<String> {
        let mut names = vec!["objectClass".to_owned()];
        for kind in PEOPLE {
            for item in self.shape(kind).items().filter(|i| i.source != Source::Credential) {
                let name = self.attributes.name(item.attribute);
                if !names.iter().any(|n| n.eq_ignore_ascii_case(name)) {
                    names.push(name.to_owned());
                }
            }
            let unowned = self.shape(kind).parts.iter().flat_map(|p| &p.unowned);
            for name in unowned.map(|id| self.attributes.name(*id)) {
                if !names.iter().any(|n| n.eq_ignore_ascii_case(name)) {
                    names.push(name.to_owned());
                }
            }
        }
        names
    }

    /// The attributes that hold names and join keys.
    #[must_use]
    pub fn name_attributes(&self) -> Vec<String> {
        let mut names = vec![self.person_rdn.clone(), ALIAS.to_owned()];
        for source in [Source::JoinKey, Source::Login] {
            for kind in PEOPLE {
                names.extend(self.attribute(kind, source).map(str::to_owned));
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// The join keys of a person's or structure's entry.
    pub fn join_keys<'e>(&self, entry: &'e Entry) -> impl Iterator<Item = &'e str> {
        // Persons first; a structure's entry has none of that attribute.
        let person = self.attribute(Kind::Pupil, Source::JoinKey).unwrap_or_default();
        let structure = self.attribute(Kind::School, Source::JoinKey).unwrap_or_default();
        entry.texts(person).chain(entry.texts(structure))
    }

    /// Where people are named by their login, it is their uid as well: there is no other name to adopt.
    #[must_use]
    pub fn names_of(&self, entry: &Entry) -> TakenNames {
        let login = self.attribute(Kind::Pupil, Source::Login).unwrap_or_default();
        TakenNames {
            uid: entry.first(&self.person_rdn).map(Uid::new),
            login: entry.first(login).map(Login::new),
            aliases: entry.texts(ALIAS).map(str::to_owned).collect(),
        }
    }

    /// The pupils that a relative's entry names.
    #[must_use]
    pub fn linked_pupils(&self, entry: &Entry) -> Vec<Dn> {
        let attribute = self.attribute(Kind::Relative, Source::Pupils).unwrap_or_default();
        entry.texts(attribute).filter_map(|dn| Dn::parse(dn).ok()).collect()
    }

    /// What takes a relative's links off his entry, with the class that requires them.
    #[must_use]
    pub fn unlink_relative(&self, entry: &Entry) -> Vec<AttributeChange> {
        let Some(attribute) = self.attribute(Kind::Relative, Source::Pupils) else { return Vec::new() };
        let links = entry.values(attribute).to_vec();
        if links.is_empty() {
            return Vec::new();
        }
        let mut changes =
            vec![AttributeChange { attribute: attribute.to_owned(), old: links, new: Vec::new(), unset: false }];
        // The role that hangs on the links; the links of a dialect without such a class stand alone.
        let part = self
            .shape(Kind::Relative)
            .parts
            .iter()
            .skip(1)
            .find(|part| part.items.iter().any(|item| item.source == Source::Pupils));
        if let Some(part) = part {
            let classes: Vec<Value> = entry
                .values("objectClass")
                .iter()
                .filter(|value| {
                    value.as_text().is_some_and(|class| part.auxiliary.iter().any(|a| a.eq_ignore_ascii_case(class)))
                })
                .cloned()
                .collect();
            if !classes.is_empty() {
                changes.push(AttributeChange {
                    attribute: "objectClass".to_owned(),
                    old: classes,
                    new: Vec::new(),
                    unset: false,
                });
            }
            for id in &part.unowned {
                let name = self.attributes.name(*id);
                let old = entry.values(name).to_vec();
                if !old.is_empty() {
                    changes.push(AttributeChange { attribute: name.to_owned(), old, new: Vec::new(), unset: false });
                }
            }
        }
        changes
    }
}
