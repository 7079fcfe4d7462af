//! All that a dialect may write: for the question whether a server knows it, and for the rights that writing needs.

use super::shape::{Kind, Shape};
use super::wanted::Wanted;
use super::{Dialect, LockMethod, OBJECT_CLASS};

/// The classes and attributes that may be written to some kinds of entries, each once, in the order of the dialect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary<'d> {
    pub classes: Vec<&'d str>,
    pub attributes: Vec<&'d str>,
}

/// What the members of groups are.
const MEMBER: &str = "member";

impl Dialect {
    /// Every kind that it writes.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        Kind::FIXED.into_iter().chain(self.group_kinds()).collect()
    }

    /// The kinds of its groups.
    #[must_use]
    pub fn group_kinds(&self) -> Vec<Kind> {
        (0..).map(Kind::Group).take(self.families.len()).collect()
    }

    /// What may be written to entries of these kinds.
    #[must_use]
    pub fn vocabulary(&self, kinds: &[Kind]) -> Vocabulary<'_> {
        let mut vocabulary = Vocabulary::default();
        vocabulary.attribute(self.attributes.name(OBJECT_CLASS));
        for &kind in kinds {
            let shape = self.shape(kind);
            for class in classes(shape) {
                if !vocabulary.classes.iter().any(|known| known.eq_ignore_ascii_case(class)) {
                    vocabulary.classes.push(class);
                }
            }
            for item in shape.items() {
                vocabulary.attribute(self.attributes.name(item.attribute));
            }
            match kind {
                Kind::Pupil | Kind::Relative | Kind::Staff => {
                    self.lock.written().into_iter().for_each(|name| vocabulary.attribute(name));
                }
                Kind::Group(_) => {
                    vocabulary.attribute(MEMBER);
                    vocabulary.attribute(&self.marker.attribute);
                }
                Kind::School | Kind::Service => {}
            }
        }
        vocabulary
    }

    /// The classes that a wanted entry is added with, each once.
    #[must_use]
    pub fn wanted_classes(&self, wanted: &Wanted) -> Vec<&str> {
        let shape = self.shape(wanted.kind);
        // The first part is everybody's.
        let roles = shape.parts.iter().enumerate().filter(|(n, _)| *n == 0 || wanted.has_part(*n));
        let own = shape.superclasses.iter().chain([&shape.structural]);
        let mut classes: Vec<&str> = Vec::with_capacity(8);
        for class in own.chain(roles.flat_map(|(_, part)| &part.auxiliary)) {
            if !classes.iter().any(|known| known.eq_ignore_ascii_case(class)) {
                classes.push(class);
            }
        }
        classes
    }

    /// Every value that a wanted entry is added with, and its attribute, those of one attribute together.
    pub fn wanted_pairs<'w>(&'w self, wanted: &'w Wanted) -> impl Iterator<Item = (&'w str, &'w str)> {
        let shape = self.shape(wanted.kind);
        let mut last = None;
        let written = wanted.pieces.iter().filter(move |piece| {
            let again = last.replace(piece.attribute) == Some(piece.attribute);
            // Of several to choose from, the first.
            !(again && shape.choices.contains(&piece.attribute))
        });
        written.map(|piece| (self.attributes.name(piece.attribute), wanted.piece(*piece)))
    }

    /// The naming attribute and value that tell the groups of this program.
    #[must_use]
    pub fn marker(&self) -> (&str, &str) {
        (&self.marker.attribute, &self.marker.value)
    }
}

impl LockMethod {
    /// Whether the attribute is the server's own, in no class of an entry.
    #[must_use]
    pub const fn is_operational(&self) -> bool {
        matches!(self, Self::PwdAccountLockedTime {} | Self::NsAccountLock {})
    }
}

impl<'d> Vocabulary<'d> {
    fn attribute(&mut self, name: &'d str) {
        if !self.attributes.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            self.attributes.push(name);
        }
    }
}

fn classes(shape: &Shape) -> impl Iterator<Item = &str> {
    let auxiliary = shape.parts.iter().flat_map(|part| &part.auxiliary);
    shape.superclasses.iter().chain([&shape.structural]).chain(auxiliary).map(|class| &**class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_written_is_in_it_once() {
        let config = toml::from_str("kind = \"embedded\"\nsuffix = \"dc=ent,dc=fr\"\n").unwrap();
        let dialect = Dialect::load(&config).unwrap();
        let all = dialect.vocabulary(&dialect.kinds());
        for class in ["inetOrgPerson", "ENTEleve", "ENTAuxEnseignant", "ENTServAc", "ENTProfil"] {
            assert!(all.classes.contains(&class), "{class}");
        }
        for attribute in ["objectClass", "userPassword", "ENTPersonGARIdentifiant", "member", "businessCategory", "ou"]
        {
            assert_eq!(all.attributes.iter().filter(|a| **a == attribute).count(), 1, "{attribute}");
        }
        let structures = dialect.vocabulary(&[Kind::School]);
        assert!(!structures.attributes.contains(&"userPassword") && !structures.attributes.contains(&"member"));
    }
}
