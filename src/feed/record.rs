//! What every reader yields: a [`Record`], that is one parsed item of a delivery with its origin.
//!
//! Attribute names stay those of the AAF, whatever the format was: a CSV reader maps its columns to them once, and
//! everything downstream knows a single vocabulary.

use std::fmt;
use std::sync::Arc;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The six categories of the AAF, by the tokens of the file names of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    Structure,
    Subject,
    Mef,
    Pupil,
    Relative,
    Staff,
}

impl Category {
    /// In the order in which they refer to each other: structures first, persons last.
    pub const ALL: [Self; 6] = [Self::Structure, Self::Subject, Self::Mef, Self::Pupil, Self::Relative, Self::Staff];
    pub const PERSONS: [Self; 3] = [Self::Pupil, Self::Relative, Self::Staff];

    /// The token of the file name: `ENT_Complet_20260901_<token>_0000.xml`.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Structure => "EtabEducNat",
            Self::Subject => "MatiereEducNat",
            Self::Mef => "MefEducNat",
            Self::Pupil => "Eleve",
            Self::Relative => "PersRelEleve",
            Self::Staff => "PersEducNat",
        }
    }

    /// The value of `operationalAttributes`; it differs from the file token for subjects only.
    #[must_use]
    pub const fn operational_value(self) -> &'static str {
        match self {
            Self::Subject => "MatEducNat",
            other => other.token(),
        }
    }

    /// Its place in [`Category::ALL`], and in what is kept for each category.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    #[must_use]
    pub fn is_person(self) -> bool {
        Self::PERSONS.contains(&self)
    }

    /// The number under which the store keeps it; never reused for another meaning.
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Structure => 1,
            Self::Subject => 2,
            Self::Mef => 3,
            Self::Pupil => 4,
            Self::Relative => 5,
            Self::Staff => 6,
        }
    }

    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.code() == code)
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.token())
    }
}

/// What the delivery asks to do with the record (`addRequest`, `modifyRequest`, `deleteRequest`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    Add,
    Modify,
    Delete,
}

/// Where a record was read: the file as named inside the delivery, and the line of its opening tag (from 1; 0 when the
/// whole file is meant).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    pub file: Arc<str>,
    pub line: u32,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// One parsed item of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub category: Category,
    pub request: Request,
    /// `identifier/id`: the key inside one source and category.
    pub key: CompactString,
    pub fields: Fields,
    /// Index of the part in [`super::Delivery::parts`].
    pub part: u16,
    /// Line of the opening tag in that part, from 1.
    pub line: u32,
}

/// The first 16 bytes of the SHA-256 of a record's packed fields: equal digests mean an unchanged record.
pub type RecordDigest = [u8; 16];

/// The attributes of a record, packed in one string: `name US value US value RS name …`.
///
/// One allocation per record keeps a million persons within a few hundred megabytes. The separators U+001E and U+001F
/// are not legal in XML, and [`FieldsBuilder`] turns them into spaces wherever else they come from. Values are
/// trimmed, never empty, without duplicates, in delivered order. An attribute with no value at all is *present and
/// empty*: in an update it clears. An attribute that is not there is *unknown*: it leaves what is known.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(pub(super) Box<str>);

pub(super) const UNIT: char = '\u{1f}';
pub(super) const RECORD: char = '\u{1e}';

impl Fields {
    /// Takes back what [`Fields::as_packed`] gave (the store's own rows).
    #[must_use]
    pub fn from_packed(packed: impl Into<Box<str>>) -> Self {
        Self(packed.into())
    }

    #[must_use]
    pub fn as_packed(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn into_packed(self) -> String {
        self.0.into_string()
    }

    #[must_use]
    pub fn digest(&self) -> RecordDigest {
        let full = Sha256::digest(self.0.as_bytes());
        let mut digest = RecordDigest::default();
        digest.copy_from_slice(&full[..16]);
        digest
    }

    /// Every attribute with its values, in delivered order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Values<'_>)> {
        self.0.split(RECORD).filter(|a| !a.is_empty()).map(|attribute| match attribute.split_once(UNIT) {
            Some((name, values)) => (name, Values::new(values)),
            None => (attribute, Values::new("")),
        })
    }

    /// Whether the attribute is present, with values or empty.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The values of an attribute; none when it is absent or empty.
    pub fn values(&self, name: &str) -> Values<'_> {
        Values::new(self.find(name).unwrap_or_default())
    }

    /// The packed values of an attribute, an empty text when it has none; `None` when it is not there. Looked up by the bytes of the name, because records are asked for one attribute a million times over.
    fn find(&self, name: &str) -> Option<&str> {
        let bytes = self.0.as_bytes();
        let separates = |byte: Option<&u8>, also: Option<char>| {
            byte.is_none_or(|&b| b == RECORD as u8 || also.is_some_and(|also| b == also as u8))
        };
        memchr::memmem::find_iter(bytes, name.as_bytes()).find_map(|at| {
            let end = at + name.len();
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            let whole = separates(before, None) && separates(bytes.get(end), Some(UNIT));
            whole.then(|| {
                let rest = self.0.get(end..).unwrap_or_default();
                let rest = rest.split(RECORD).next().unwrap_or_default();
                rest.strip_prefix(UNIT).unwrap_or_default()
            })
        })
    }

    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(n, v)| (n, v.collect::<Vec<_>>()))).finish()
    }
}

/// The values of one attribute.
#[derive(Debug, Clone)]
pub struct Values<'a> {
    values: std::str::Split<'a, char>,
    packed: &'a str,
}

impl<'a> Values<'a> {
    fn new(packed: &'a str) -> Self {
        let mut values = packed.split(UNIT);
        if packed.is_empty() {
            values.next();
        }
        Self { values, packed }
    }

    /// All of them, those already met included, to be kept.
    #[must_use]
    pub fn to_owned(&self) -> OwnedValues {
        OwnedValues(self.packed.into())
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a str;
    fn next(&mut self) -> Option<&'a str> {
        self.values.next()
    }
}

/// [`Values`] kept apart from their record, in one text as they were: most lists are short, and there are millions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnedValues(CompactString);

impl OwnedValues {
    #[must_use]
    pub fn iter(&self) -> Values<'_> {
        Values::new(&self.0)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a OwnedValues {
    type Item = &'a str;
    type IntoIter = Values<'a>;

    fn into_iter(self) -> Values<'a> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::FieldsBuilder;

    fn fields(list: &[(&str, &[&str])]) -> super::Fields {
        let mut b = FieldsBuilder::new();
        for (name, values) in list {
            b.attribute(name, values.iter().copied());
        }
        b.build()
    }

    #[test]
    fn a_category_knows_its_place() {
        assert!(super::Category::ALL.into_iter().enumerate().all(|(at, category)| category.index() == at));
    }

    #[test]
    fn present_and_empty_is_not_absent() {
        let f = fields(&[("sn", &["Le Gall"]), ("mail", &["", "  "])]);
        assert!(f.contains("mail"));
        assert_eq!(f.first("mail"), None);
        assert!(!f.contains("givenName"));
        assert_eq!(f.first("sn"), Some("Le Gall"));
    }

    #[test]
    fn a_name_is_found_whole() {
        let f =
            fields(&[("snx", &["1"]), ("y", &["sn", "xsn"]), ("l", &[]), ("sn", &["2"]), ("xl", &["3"]), ("e", &[])]);
        assert_eq!((f.first("sn"), f.first("snx"), f.first("xl")), (Some("2"), Some("1"), Some("3")));
        assert!(f.contains("l") && f.contains("e") && !f.contains("s") && !f.contains("n"));
        assert_eq!((f.first("l"), f.first("e"), f.first("")), (None, None, None));
    }

    #[test]
    fn values_are_trimmed_and_not_repeated() {
        let f = fields(&[("x", &[" a ", "b", "a", "b\u{1f}c"])]);
        assert_eq!(f.values("x").collect::<Vec<_>>(), ["a", "b", "b c"]);
    }

    #[test]
    fn a_repeated_attribute_merges() {
        let f = fields(&[("x", &[""]), ("y", &["1"]), ("x", &["a"]), ("x", &["a", "b"])]);
        assert_eq!(f.values("x").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(f.values("y").collect::<Vec<_>>(), ["1"]);
        assert_eq!(f.iter().count(), 2);
    }
}
