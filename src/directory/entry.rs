//! Entries and what is done to them.
//!
//! Values of password attributes never show in `Debug`, so that an entry may appear in an error or a log line without
//! giving a hash away.

use std::fmt;

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

/// Whether an attribute holds passwords or hashes of them: `userPassword`, `sambaNTPassword`, `pwdHistory`, …
/// (options such as `;binary` do not change it).
#[must_use]
pub fn is_secret(attribute: &str) -> bool {
    let name = attribute.split(';').next().unwrap_or_default().to_ascii_lowercase();
    name.ends_with("password") || name.ends_with("pwd") || name == "pwdhistory" || name == "2.5.4.35"
}

/// Values as `Debug` may show them: those of password attributes are only counted.
struct Shown<'a>(&'a str, &'a [Value]);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_secret(self.0) { write!(f, "[{} hidden]", self.1.len()) } else { f.debug_list().entries(self.1).finish() }
    }
}

/// An entry of the directory: attributes in the order in which they came, names as the server writes them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub dn: Dn,
    pub attributes: Vec<(String, Vec<Value>)>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry {:?} ", self.dn.as_str())?;
        f.debug_map().entries(self.attributes.iter().map(|(name, values)| (name, Shown(name, values)))).finish()
    }
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
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modification {
    pub attribute: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delete: Vec<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<Value>,
}

impl fmt::Debug for Modification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Modification")
            .field("attribute", &self.attribute)
            .field("delete", &Shown(&self.attribute, &self.delete))
            .field("add", &Shown(&self.attribute, &self.add))
            .finish()
    }
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
    /// The attribute had no value at all: one that somebody has put there since is his, and the change is left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unset: bool,
}

/// What an entry must still be for an operation on it to be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The attribute has no value.
    Unset(String),
    /// The attribute has this value, octet by octet.
    Holds(String, Value),
}

impl Condition {
    /// Whether it is so of an entry of which the attribute was read. The error names the attribute, never a value.
    ///
    /// # Errors
    /// What is not as it must be.
    pub fn check(&self, entry: &Entry) -> Result<(), String> {
        match self {
            Self::Unset(attribute) if entry.values(attribute).is_empty() => Ok(()),
            Self::Unset(attribute) => Err(format!("{attribute} has a value now")),
            Self::Holds(attribute, value) if entry.values(attribute).contains(value) => Ok(()),
            Self::Holds(attribute, _) => Err(format!("{attribute} is another one now")),
        }
    }

    #[must_use]
    pub fn attribute(&self) -> &str {
        match self {
            Self::Unset(attribute) | Self::Holds(attribute, _) => attribute,
        }
    }
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
    /// A new name below the same parent (ModifyDN, RFC 4511 §4.9): the entry keeps everything else, its `entryUUID`
    /// too; the values of its old name are taken off. An entry with others below it is refused.
    Rename {
        dn: Dn,
        to: Dn,
    },
    /// Another operation, carried out only while its entry is as the conditions say; otherwise the answer is
    /// `DirectoryError::Moved`. Servers check it together with the write where they can (RFC 4528).
    OnlyIf {
        conditions: Vec<Condition>,
        operation: Box<Operation>,
    },
}

impl Operation {
    #[must_use]
    pub const fn dn(&self) -> &Dn {
        match self {
            Self::Add(entry) => &entry.dn,
            Self::Modify { dn, .. } | Self::Delete(dn) | Self::Rename { dn, .. } => dn,
            Self::OnlyIf { operation, .. } => operation.dn(),
        }
    }

    /// The operation under these conditions; the operation alone when there are none.
    #[must_use]
    pub fn only_if(self, conditions: Vec<Condition>) -> Self {
        if conditions.is_empty() { self } else { Self::OnlyIf { conditions, operation: Box::new(self) } }
    }

    /// What is done, and all the conditions under which.
    #[must_use]
    pub fn parts(&self) -> (&Self, Vec<&Condition>) {
        match self {
            Self::OnlyIf { conditions, operation } => {
                let (operation, mut inner) = operation.parts();
                inner.extend(conditions);
                (operation, inner)
            }
            plain => (plain, Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_do_not_show() {
        let mut entry = Entry::new(Dn::parse("uid=a,dc=fr").unwrap());
        entry.push("cn", ["DUPONT ZOE"]);
        entry.push("userPassword", ["{ARGON2}$argon2id$secret"]);
        entry.push("USERPASSWORD;x-old", ["older-secret"]);
        entry.push("sambaNTPassword", ["0123456789secret"]);
        let modification = Modification {
            attribute: "userPassword".into(),
            delete: vec!["one secret".into()],
            add: vec![Value::Octets(vec![0xff, 0x01])],
        };
        let operation = Operation::Modify { dn: entry.dn.clone(), modifications: vec![modification] };
        let shown = format!("{entry:?} {operation:?} {:#?}", Operation::Add(entry.clone()));
        assert!(shown.contains("DUPONT ZOE"), "{shown}");
        assert!(shown.contains("[1 hidden]"), "{shown}");
        assert!(!shown.contains("secret") && !shown.contains("255"), "{shown}");
    }
}
