//! The probe: an entry of nobody's, written for a moment to see what the server does with it.
//!
//! Its name tells it among people; whoever reads the branch leaves it alone, and the next run removes what a killed one
//! left.

use super::shape::Kind;
use super::source::Source;
use super::{Dialect, OBJECT_CLASS};
use crate::directory::{Dn, Entry};

/// How the naming values of probes begin. No rule of names gives such a login, and no feed such a key.
const PREFIX: &str = "rentree-sonde-";
/// The name of a probe as a person's: without accents, so that it is the same under every rule of comparison.
const NAME: &str = "RENTREE SONDE";

impl Dialect {
    /// A probe called by `mark`, with every attribute that is mandatory for a person without a role. `hash` is its
    /// `userPassword`.
    #[must_use]
    pub fn probe(&self, mark: &str, hash: &str) -> Entry {
        let called = format!("{PREFIX}{mark}");
        let mut entry = Entry::new(self.people.child(&self.person_rdn, &called));
        // The kind with the fewest classes: staff without a role.
        let shape = self.shape(Kind::Staff);
        let everybody = shape.parts.first().into_iter().flat_map(|part| &part.auxiliary);
        entry.push(
            self.attributes.name(OBJECT_CLASS),
            shape.superclasses.iter().chain([&shape.structural]).chain(everybody).map(|c| &**c),
        );
        for item in shape.parts.first().map(|part| part.items.as_slice()).unwrap_or_default() {
            let named = self.attributes.name(item.attribute).eq_ignore_ascii_case(&self.person_rdn);
            let wanted = item.mandatory || named || matches!(item.source, Source::Cn | Source::Credential);
            if !wanted {
                continue;
            }
            let value = match (&item.default, item.source) {
                (Some(default), _) => default.to_string(),
                (None, Source::Uid | Source::Login) => called.clone(),
                (None, Source::JoinKey) => format!("RENTREE${called}"),
                (None, Source::Credential) => hash.to_owned(),
                (None, Source::RandomUuid) => uuid::Uuid::new_v4().to_string(),
                (None, Source::AdministrativeStructure) => self.structures.to_string(),
                (None, Source::BirthDate) => "01/01/2000".to_owned(),
                (None, _) => NAME.to_owned(),
            };
            entry.push(self.attributes.name(item.attribute), [value]);
        }
        for (attribute, value) in self.lock.open() {
            entry.push(attribute, [value]);
        }
        entry
    }

    /// Whether this is the name of a probe.
    #[must_use]
    pub fn is_probe(&self, dn: &Dn) -> bool {
        // The cheap question first: it is asked of every person.
        dn.normalised().contains(PREFIX)
            && dn.rdn_type().eq_ignore_ascii_case(&self.person_rdn)
            && dn.rdn_value().to_ascii_lowercase().starts_with(PREFIX)
            && dn.parent().as_ref() == Some(&self.people)
    }

    /// Finds the probes in the branch of people, and perhaps others: see [`Dialect::is_probe`]. By equality on a name
    /// where there is one, which nearly every server has an index for.
    #[must_use]
    pub fn probe_filter(&self) -> String {
        match self.attribute(Kind::Staff, Source::Cn) {
            Some(name) => format!("({name}={NAME})"),
            None => format!("({}={PREFIX}*)", self.person_rdn),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DirectoryConfig;

    fn dialect() -> Dialect {
        let config: DirectoryConfig = toml::from_str("kind = \"embedded\"\nsuffix = \"dc=ent,dc=fr\"\n").unwrap();
        Dialect::load(&config).unwrap()
    }

    #[test]
    fn a_probe_has_what_the_class_wants_and_is_known_by_its_name() {
        let dialect = dialect();
        let entry = dialect.probe("0123", "{X}y");
        assert_eq!(entry.dn.as_str(), "uid=rentree-sonde-0123,ou=people,dc=ent,dc=fr");
        for attribute in ["uid", "cn", "sn", "ENTPersonLogin", "ENTPersonJointure", "objectClass"] {
            assert!(!entry.values(attribute).is_empty(), "{attribute}");
        }
        assert_eq!(entry.first("userPassword"), Some("{X}y"));
        assert!(dialect.is_probe(&entry.dn));
        assert_eq!(dialect.probe_filter(), "(cn=RENTREE SONDE)");
    }

    #[test]
    fn nobody_else_is_a_probe() {
        for name in [
            "uid=rentree-sonde,ou=people,dc=ent,dc=fr",
            "uid=x-rentree-sonde-1,ou=people,dc=ent,dc=fr",
            "cn=rentree-sonde-1,ou=people,dc=ent,dc=fr",
            "uid=rentree-sonde-1,ou=groups,dc=ent,dc=fr",
            "uid=rentree-sonde-1,ou=x,ou=people,dc=ent,dc=fr",
        ] {
            assert!(!dialect().is_probe(&Dn::parse(name).unwrap()), "{name}");
        }
    }
}
