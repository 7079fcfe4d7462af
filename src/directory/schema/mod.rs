//! The schema that a server publishes: which attributes and classes it has, and what it asks of their values.
//!
//! A plan is checked against it before anything is written: what the server would refuse is not sent. Descriptions that
//! cannot be read become warnings: a server with one odd definition is no reason to know nothing of the others. DIT
//! content rules, structure rules and name forms are not read; no server in this field uses them.

mod attribute;
mod class;
mod missing;
mod parse;
pub mod shipped;
mod syntax;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;

pub use attribute::{AttributeType, Equality};
pub use class::{ClassKind, ClassSet, ObjectClass};
pub use missing::{Missing, missing};
pub use syntax::{Syntax, Wrong};

/// Servers that publish upper bounds and do not enforce them (RFC 4512 §4.1.2 makes a bound a minimum of what a server
/// must take, not a limit). Tried on OpenLDAP 2.5 and 389 DS 2.3; beginnings of `vendorName` or `vendorVersion`.
const BOUNDS_NOT_ENFORCED: [&str; 3] = ["openldap", "389", "the openldap"];

/// Number of an attribute in one [`Schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributeNumber(pub(crate) u32);

/// What one server accepts.
#[derive(Debug, Default)]
pub struct Schema {
    attributes: Vec<AttributeType>,
    classes: Vec<ObjectClass>,
    /// By name and OID, as written and in lower case.
    attribute_names: HashMap<Box<str>, u32>,
    class_names: HashMap<Box<str>, u32>,
    warnings: Vec<String>,
    bounds_enforced: bool,
}

impl Schema {
    /// From the values of `attributeTypes` and `objectClasses` of a subschema subentry. `vendor` is what the server
    /// says of itself.
    pub fn read<'t>(
        attribute_types: impl IntoIterator<Item = &'t str>,
        object_classes: impl IntoIterator<Item = &'t str>,
        vendor: &str,
    ) -> Self {
        let mut schema = Self::default();
        let vendor = vendor.trim().to_ascii_lowercase();
        schema.bounds_enforced = !BOUNDS_NOT_ENFORCED.iter().any(|known| vendor.starts_with(known));
        attribute::read(&mut schema, attribute_types);
        class::read(&mut schema, object_classes);
        schema
    }

    /// By any of its names or its OID, options (`;lang-fr`) apart.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&AttributeType> {
        self.attributes.get(self.number(name)?.0 as usize)
    }

    #[must_use]
    pub fn number(&self, name: &str) -> Option<AttributeNumber> {
        let name = name.split(';').next().unwrap_or_default();
        find(&self.attribute_names, name).map(AttributeNumber)
    }

    #[must_use]
    pub fn numbered(&self, number: AttributeNumber) -> Option<&AttributeType> {
        self.attributes.get(number.0 as usize)
    }

    /// By any of its names or its OID.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<&ObjectClass> {
        self.classes.get(find(&self.class_names, name)? as usize)
    }

    /// How two values of an attribute are compared; `None` for an attribute that the server does not have.
    #[must_use]
    pub fn equality(&self, attribute: &str) -> Option<Equality> {
        self.attribute(attribute).map(|a| a.equality)
    }

    /// What these classes together ask and allow; unknown ones add nothing.
    #[must_use]
    pub fn together<'c>(&self, classes: impl IntoIterator<Item = &'c str>) -> ClassSet {
        let mut set = ClassSet::default();
        for class in classes.into_iter().filter_map(|name| self.class(name)) {
            set.add(class);
        }
        set
    }

    /// Whether a value beyond an attribute's bound is refused.
    #[must_use]
    pub const fn bounds_enforced(&self) -> bool {
        self.bounds_enforced
    }

    /// What could not be read, for whoever runs the server.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How many attributes and classes it has.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.attributes.len(), self.classes.len())
    }
}

/// Names compare without case (RFC 4512 §2.5); nearly all are found as the schema writes them.
fn find(names: &HashMap<Box<str>, u32>, name: &str) -> Option<u32> {
    names.get(name).or_else(|| names.get(name.to_ascii_lowercase().as_str())).copied()
}

/// Notes a name, as it is written and in lower case. The first definition of a name stands.
fn note(names: &mut HashMap<Box<str>, u32>, name: &str, number: u32) {
    let first = *names.entry(name.to_ascii_lowercase().into()).or_insert(number);
    if first == number {
        names.entry(name.into()).or_insert(number);
    }
}
