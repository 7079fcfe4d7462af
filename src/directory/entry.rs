//! Entries and what is done to them.

use serde::{Deserialize, Serialize};

use super::Dn;

/// An attribute value: text nearly always; octets that are not UTF-8 are kept as they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Text(String),
    Octets(Vec<u8>),
}

impl Value {
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(t) => Some(t),
            Self::Octets(_) => None,
        }
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(t) => t.as_bytes(),
            Self::Octets(o) => o,
        }
    }

    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|e| Self::Octets(e.into_bytes()), Self::Text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// An entry of the directory: attributes in the order in which they came, names as the server writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub dn: Dn,
    pub attributes: Vec<(String, Vec<Value>)>,
}

impl Entry {
    #[must_use]
    pub const fn new(dn: Dn) -> Self {
        Self { dn, attributes: Vec::new() }
    }

    /// The values of an attribute (names compare without case), empty when it has none.
    #[must_use]
    pub fn values(&self, attribute: &str) -> &[Value] {
        self.attributes.iter().find(|(n, _)| n.eq_ignore_ascii_case(attribute)).map_or(&[], |(_, v)| v)
    }

    /// The text values of an attribute.
    pub fn texts<'a>(&'a self, attribute: &str) -> impl Iterator<Item = &'a str> {
        self.values(attribute).iter().filter_map(Value::as_text)
    }

    #[must_use]
    pub fn first(&self, attribute: &str) -> Option<&str> {
        self.texts(attribute).next()
    }

    /// Adds values to an attribute, creating it; adds nothing when `values` is empty.
    pub fn push(&mut self, attribute: &str, values: impl IntoIterator<Item = impl Into<Value>>) {
        let mut values = values.into_iter().map(Into::into).peekable();
        if values.peek().is_none() {
            return;
        }
        if let Some((_, have)) = self.attributes.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(attribute)) {
            have.extend(values);
        } else {
            self.attributes.push((attribute.to_owned(), values.collect()));
        }
    }
}

/// One attribute's part of a modify. `delete` and `add` name single values, so that a server refuses when the entry
/// is no longer what was seen, and user values beside them stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modification {
    pub attribute: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delete: Vec<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<Value>,
}

/// One attribute before and after. Only the values that differ are written; others beside them stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeChange {
    pub attribute: String,
    /// Values to remove.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub old: Vec<Value>,
    /// Values to add.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new: Vec<Value>,
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Add(Entry),
    /// One LDAP modify, atomic for its entry.
    Modify {
        dn: Dn,
        modifications: Vec<Modification>,
    },
    Delete(Dn),
}

impl Operation {
    #[must_use]
    pub const fn dn(&self) -> &Dn {
        match self {
            Self::Add(entry) => &entry.dn,
            Self::Modify { dn, .. } | Self::Delete(dn) => dn,
        }
    }
}
