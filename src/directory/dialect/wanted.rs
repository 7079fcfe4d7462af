//! A wanted entry: what a member of the roster looks like in the directory, packed for a million of them.

use super::Dialect;
use super::attributes::AttributeId;
use super::error::MissingMandatory;
use super::matching::repeated;
use super::shape::{Kind, Part, Shape};
use super::source::Source;
use crate::directory::{Dn, Entry, Value};

/// How an entry should be: its name, its classes, and the values of the attributes that the dialect writes. All
/// values share one string, so that an entry costs three allocations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub dn: Dn,
    pub(super) kind: Kind,
    /// Bit n: part n of the shape applies.
    pub(super) parts: u32,
    /// Left as they are this time, whoever owns them.
    pub(super) left_alone: Vec<AttributeId>,
    pub(super) defaulted: Vec<AttributeId>,
    pub(super) text: String,
    /// In the order of the shape's items, the values of one attribute together.
    pub(super) pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub attribute: AttributeId,
    start: u32,
    end: u32,
}

impl Wanted {
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn piece(&self, piece: Piece) -> &str {
        self.text.get(piece.start as usize..piece.end as usize).unwrap_or_default()
    }

    pub(super) const fn has_part(&self, part: usize) -> bool {
        self.parts & (1 << part) != 0
    }
}

/// Takes values one attribute after the other.
#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
    pieces: Vec<Piece>,
    attribute: AttributeId,
    /// Where the current attribute's pieces begin.
    first: usize,
}

impl Writer {
    fn new() -> Self {
        // What a pupil of the largest samples takes, so that it does not grow on the way.
        Self { text: String::with_capacity(1_024), pieces: Vec::with_capacity(48), ..Self::default() }
    }

    fn begin(&mut self, attribute: AttributeId) {
        self.attribute = attribute;
        self.first = self.pieces.len();
    }

    /// A plain value; outer whitespace goes, an empty one is none.
    pub(super) fn value(&mut self, value: &str) {
        let value = value.trim();
        if !value.is_empty() {
            let start = self.text.len();
            self.text.push_str(value);
            self.close(start);
        }
    }

    pub(super) fn values<'v>(&mut self, values: impl IntoIterator<Item = &'v str>) {
        for value in values {
            self.value(value);
        }
    }

    /// A value written piece by piece into the shared string.
    pub(super) fn compose(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        let written = self.text.get(start..).unwrap_or_default();
        let trimmed = written.trim();
        if trimmed.len() != written.len() {
            let trimmed = trimmed.to_owned();
            self.text.truncate(start);
            self.text.push_str(&trimmed);
        }
        if self.text.len() > start {
            self.close(start);
        }
    }

    fn close(&mut self, start: usize) {
        // An entry of four gigabytes does not pass the limits of the reader.
        if let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(self.text.len())) {
            self.pieces.push(Piece { attribute: self.attribute, start, end });
        }
    }

    /// Drops what a server would take for a repeated value, and says how many values the attribute has.
    fn end(&mut self) -> usize {
        let count = self.pieces.len() - self.first;
        if count > 1 {
            let pieces = self.pieces.get(self.first..).unwrap_or_default();
            let text = &self.text;
            let again = repeated(pieces.iter().map(|p| text.get(p.start as usize..p.end as usize).unwrap_or_default()));
            for i in again.into_iter().rev() {
                self.pieces.remove(self.first + i);
            }
        }
        self.pieces.len() - self.first
    }
}

/// What the member is, for [`write()`].
pub(super) struct Subject<'s> {
    pub kind: Kind,
    pub dn: Dn,
    /// Whether a role applies.
    pub role: &'s dyn Fn(&Part) -> bool,
    /// Leave a pupil's class alone when he has none, instead of refusing.
    pub keep_class: bool,
}

/// Runs through the shape and asks `emit` for the values of each source.
///
/// A mandatory attribute without value takes its default; without default it refuses the entry in part 0, and makes a
/// role not apply in the others.
pub(super) fn write(
    dialect: &Dialect,
    shape: &Shape,
    subject: Subject<'_>,
    mut emit: impl FnMut(Source, &mut Writer),
) -> Result<Wanted, MissingMandatory> {
    let mut writer = Writer::new();
    let mut parts = 0;
    let mut left_alone = Vec::new();
    let mut defaulted = Vec::new();
    for (number, part) in shape.parts.iter().enumerate() {
        if number > 0 && !(subject.role)(part) {
            continue;
        }
        let (pieces_before, defaulted_before) = (writer.pieces.len(), defaulted.len());
        let mut applies = true;
        for item in &part.items {
            writer.begin(item.attribute);
            emit(item.source, &mut writer);
            if item.source == Source::MemberOf && subject.keep_class {
                // Whoever keeps his class keeps his place in its group.
                left_alone.push(item.attribute);
                writer.end();
                continue;
            }
            if writer.end() > 0 {
                continue;
            }
            if item.source == Source::Classes && subject.keep_class {
                left_alone.push(item.attribute);
            } else if let Some(default) = &item.default {
                writer.value(default);
                defaulted.push(item.attribute);
            } else if item.mandatory && number == 0 {
                let attribute = dialect.attributes.name(item.attribute).to_owned();
                return Err(MissingMandatory { attribute, class: item.source == Source::Classes });
            } else if item.mandatory {
                applies = false;
                break;
            }
        }
        if applies {
            parts |= 1 << number;
        } else {
            writer.pieces.truncate(pieces_before);
            defaulted.truncate(defaulted_before);
        }
    }
    let Writer { text, pieces, .. } = writer;
    Ok(Wanted { dn: subject.dn, kind: subject.kind, parts, left_alone, defaulted, text, pieces })
}

impl Dialect {
    /// The entry as it is added: every class and every value. What is drawn at creation
    /// ([`Dialect::drawn_at_creation`]) and the members of a group are not in it.
    #[must_use]
    pub fn entry(&self, wanted: &Wanted) -> Entry {
        let mut entry = Entry::new(wanted.dn.clone());
        entry.attributes.reserve(wanted.pieces.len() + 1);
        let classes = self.wanted_classes(wanted).into_iter().map(Value::from).collect();
        entry.attributes.push(("objectClass".to_owned(), classes));
        for (attribute, value) in self.wanted_pairs(wanted) {
            let value = Value::from(value);
            match entry.attributes.last_mut() {
                Some((name, values)) if name == attribute => values.push(value),
                _ => entry.attributes.push((attribute.to_owned(), vec![value])),
            }
        }
        entry
    }

    /// The wanted values of an attribute.
    pub fn wanted_values<'w>(&self, wanted: &'w Wanted, attribute: &str) -> impl Iterator<Item = &'w str> {
        let id = self.attributes.find(attribute);
        wanted.pieces.iter().filter(move |p| Some(p.attribute) == id).map(|p| wanted.piece(*p))
    }
}
