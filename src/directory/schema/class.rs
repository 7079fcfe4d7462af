//! Object classes: what they require and allow, with what they inherit.

use super::attribute::shortened;
use super::parse::{Description, description};
use super::{AttributeNumber, Schema, find, note};

/// Deeper inheritance is a circle.
const DEEPEST: usize = 32;
/// Allows every attribute (RFC 4512 §4.3).
const EXTENSIBLE: [&str; 2] = ["extensibleobject", "1.3.6.1.4.1.1466.101.120.111"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassKind {
    Abstract,
    Structural,
    Auxiliary,
}

/// An object class with everything that it inherits.
#[derive(Debug, Clone)]
pub struct ObjectClass {
    pub oid: String,
    pub names: Vec<String>,
    pub kind: ClassKind,
    set: ClassSet,
}

impl ObjectClass {
    /// The first name, or the OID.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names.first().unwrap_or(&self.oid)
    }

    /// What the class asks and allows.
    #[must_use]
    pub const fn set(&self) -> &ClassSet {
        &self.set
    }
}

/// What some classes together require and allow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassSet {
    must: Vec<AttributeNumber>,
    /// Bit n: attribute n is required or allowed.
    may: Vec<u64>,
    everything: bool,
}

impl ClassSet {
    pub(super) fn add(&mut self, class: &ObjectClass) {
        self.merge(&class.set);
    }

    fn merge(&mut self, other: &Self) {
        for must in &other.must {
            if !self.must.contains(must) {
                self.must.push(*must);
            }
        }
        if self.may.len() < other.may.len() {
            self.may.resize(other.may.len(), 0);
        }
        for (own, other) in self.may.iter_mut().zip(&other.may) {
            *own |= other;
        }
        self.everything |= other.everything;
    }

    fn allow(&mut self, AttributeNumber(number): AttributeNumber) {
        let word = number as usize / 64;
        if self.may.len() <= word {
            self.may.resize(word + 1, 0);
        }
        if let Some(word) = self.may.get_mut(word) {
            *word |= 1 << (number % 64);
        }
    }

    /// Without these an entry is refused.
    #[must_use]
    pub fn must(&self) -> &[AttributeNumber] {
        &self.must
    }

    #[must_use]
    pub fn allows(&self, AttributeNumber(number): AttributeNumber) -> bool {
        self.everything || self.may.get(number as usize / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }
}

pub(super) fn read<'t>(schema: &mut Schema, texts: impl IntoIterator<Item = &'t str>) {
    let mut descriptions: Vec<Description> = Vec::new();
    for text in texts {
        match description(text) {
            Ok(description) => descriptions.push(description),
            Err(why) => schema.warnings.push(format!("objectClasses: {} {why}", shortened(text))),
        }
    }
    for (number, description) in (0..).zip(&descriptions) {
        for name in description.values("NAME").unwrap_or_default().iter().chain([&description.oid]) {
            note(&mut schema.class_names, name, number);
        }
    }
    let mut warnings = Vec::new();
    let own: Vec<ClassSet> = descriptions.iter().map(|d| own_set(schema, d, &mut warnings)).collect();
    let classes = descriptions
        .iter()
        .enumerate()
        .map(|(number, description)| {
            let mut set = ClassSet::default();
            inherit(schema, &descriptions, &own, number, &mut set);
            let kind = if description.has("AUXILIARY") {
                ClassKind::Auxiliary
            } else if description.has("ABSTRACT") {
                ClassKind::Abstract
            } else {
                ClassKind::Structural
            };
            let names = description.values("NAME").unwrap_or_default().to_vec();
            ObjectClass { oid: description.oid.clone(), names, kind, set }
        })
        .collect();
    schema.classes = classes;
    schema.warnings.append(&mut warnings);
}

fn own_set(schema: &Schema, description: &Description, warnings: &mut Vec<String>) -> ClassSet {
    let mut set = ClassSet::default();
    let mut numbers = |keyword: &str| -> Vec<AttributeNumber> {
        let mut numbers = Vec::new();
        for name in description.values(keyword).unwrap_or_default() {
            if let Some(number) = schema.number(name) {
                numbers.push(number);
            } else {
                warnings.push(format!("objectClasses: {} names {name}, which is unknown", description.called()));
            }
        }
        numbers
    };
    let (must, may) = (numbers("MUST"), numbers("MAY"));
    for number in must.iter().chain(&may) {
        set.allow(*number);
    }
    set.must = must;
    let called = description.values("NAME").unwrap_or_default().iter().chain([&description.oid]);
    set.everything = called.into_iter().any(|name| EXTENSIBLE.contains(&name.to_ascii_lowercase().as_str()));
    set
}

/// Adds a class and all those above it, each once.
fn inherit(schema: &Schema, all: &[Description], own: &[ClassSet], number: usize, set: &mut ClassSet) {
    let mut seen = vec![number];
    let mut at = 0;
    while let Some(&number) = seen.get(at) {
        at += 1;
        if let Some(own) = own.get(number) {
            set.merge(own);
        }
        let sups = all.get(number).and_then(|d| d.values("SUP")).unwrap_or_default();
        for sup in sups.iter().filter_map(|name| find(&schema.class_names, name)) {
            if seen.len() < DEEPEST && !seen.contains(&(sup as usize)) {
                seen.push(sup as usize);
            }
        }
    }
}
