//! One write against the schema: plain functions, some microseconds each.

use std::fmt;

use crate::directory::schema::{AttributeNumber, AttributeType, ClassSet, Wrong};
use crate::directory::{AttributeChange, Entry, Schema, Value};
use crate::plan::{Change, Write};

const OBJECT_CLASS: &str = "objectClass";

/// What the server would say to one write.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// It would refuse the whole.
    pub refused: Vec<Objection>,
    /// It would, because of values that nothing requires: without them it takes the rest.
    pub dropped: Vec<Objection>,
}

impl Judgement {
    pub fn is_empty(&self) -> bool {
        self.refused.is_empty() && self.dropped.is_empty()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    pub attribute: String,
    /// The beginning of the value, when one is at fault.
    pub value: Option<String>,
    pub why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Value(Wrong),
    Several(usize),
    Missing,
    NotAllowed,
    UnknownAttribute,
    UnknownClass,
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (attribute, value) = (&self.attribute, self.value.as_deref().unwrap_or_default());
        match self.why {
            Why::Value(wrong) => write!(f, "{attribute} : la valeur « {value} » n'est pas acceptée, {wrong}"),
            Why::Several(count) => write!(f, "{attribute} n'admet qu'une valeur et en aurait {count}"),
            Why::Missing => write!(f, "{attribute} est obligatoire et manquerait"),
            Why::NotAllowed => write!(f, "{attribute} n'est permis par aucune des classes de la fiche"),
            Why::UnknownAttribute => write!(f, "{attribute} est inconnu du schéma"),
            Why::UnknownClass => write!(f, "la classe {value} est inconnue du schéma"),
        }
    }
}

fn objection(attribute: &str, value: Option<&[u8]>, why: Why) -> Objection {
    // Long enough to find it again, short enough for a line of a report.
    let value = value.map(|value| String::from_utf8_lossy(value).chars().take(60).collect());
    Objection { attribute: attribute.to_owned(), value, why }
}

/// What is wrong with one value.
fn check(schema: &Schema, attribute: &AttributeType, value: &[u8]) -> Result<(), Wrong> {
    attribute.syntax.check(value)?;
    let Some(most) = attribute.bound.filter(|most| schema.bounds_enforced() && value.len() > *most) else {
        return Ok(());
    };
    let length = std::str::from_utf8(value).map_or(value.len(), |text| text.chars().count());
    if length > most { Err(Wrong::TooLong(most)) } else { Ok(()) }
}

/// Judges an entry to add: its classes, and its values with those of one attribute together. `drawn` is added beside
/// them.
pub fn added<'v>(
    schema: &Schema,
    drawn: &[AttributeNumber],
    classes: &[&str],
    pairs: impl Iterator<Item = (&'v str, &'v str)>,
) -> Judgement {
    let values = pairs.map(|(name, value)| (name, value.as_bytes()));
    let mut judgement = Judgement::default();
    let mut entry =
        Adding { schema, set: schema.together(classes.iter().copied()), present: drawn.to_vec(), last: None };
    entry.classes(classes, &mut judgement);
    for (name, value) in values {
        entry.value(name, value, &mut judgement);
    }
    entry.end(&mut judgement);
    judgement
}

/// The same for the attributes of an entry as a plan holds them.
pub fn entry(schema: &Schema, attributes: &[(String, Vec<Value>)]) -> Judgement {
    let mut judgement = Judgement::default();
    let classes: Vec<&str> = attributes
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(OBJECT_CLASS))
        .flat_map(|(_, values)| values)
        .filter_map(Value::as_text)
        .collect();
    let mut entry = Adding { schema, set: schema.together(classes.iter().copied()), present: Vec::new(), last: None };
    entry.classes(&classes, &mut judgement);
    for (name, values) in attributes.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(OBJECT_CLASS)) {
        for value in values {
            entry.value(name, value.as_bytes(), &mut judgement);
        }
    }
    entry.end(&mut judgement);
    judgement
}

/// Takes the values that are not accepted out of an entry to add.
pub fn trim(schema: &Schema, change: &mut Change) {
    let Write::Add { attributes, .. } = &mut change.write else { return };
    for (name, values) in attributes.iter_mut() {
        if let Some(attribute) = schema.attribute(name) {
            values.retain(|value| check(schema, attribute, value.as_bytes()).is_ok());
        }
    }
    attributes.retain(|(_, values)| !values.is_empty());
}

/// An entry to add, value by value.
struct Adding<'s, 'v> {
    schema: &'s Schema,
    set: ClassSet,
    present: Vec<AttributeNumber>,
    last: Option<Last<'v>>,
}

/// The attribute whose values are coming.
struct Last<'v> {
    name: &'v str,
    number: Option<AttributeNumber>,
    good: usize,
}

impl<'v> Adding<'_, 'v> {
    fn classes(&mut self, classes: &[&str], judgement: &mut Judgement) {
        for class in classes.iter().filter(|class| self.schema.class(class).is_none()) {
            judgement.refused.push(objection(OBJECT_CLASS, Some(class.as_bytes()), Why::UnknownClass));
        }
        self.present.extend(self.schema.number(OBJECT_CLASS));
    }

    fn value(&mut self, name: &'v str, value: &[u8], judgement: &mut Judgement) {
        if self.last.as_ref().is_none_or(|last| last.name != name) {
            self.close(judgement);
            let number = self.schema.number(name);
            match number {
                None => judgement.refused.push(objection(name, None, Why::UnknownAttribute)),
                Some(number) if !self.set.allows(number) => {
                    judgement.refused.push(objection(name, None, Why::NotAllowed));
                }
                Some(_) => {}
            }
            self.last = Some(Last { name, number, good: 0 });
        }
        let Some(last) = &mut self.last else { return };
        let Some(attribute) = last.number.and_then(|number| self.schema.numbered(number)) else { return };
        match check(self.schema, attribute, value) {
            Ok(()) => last.good += 1,
            Err(wrong) => judgement.dropped.push(objection(name, Some(value), Why::Value(wrong))),
        }
    }

    fn close(&mut self, judgement: &mut Judgement) {
        let Some(last) = self.last.take() else { return };
        let Some(number) = last.number else { return };
        let single = self.schema.numbered(number).is_some_and(|attribute| attribute.single_value);
        if single && last.good > 1 {
            judgement.refused.push(objection(last.name, None, Why::Several(last.good)));
        }
        if last.good > 0 {
            self.present.push(number);
        }
    }

    fn end(mut self, judgement: &mut Judgement) {
        self.close(judgement);
        for must in self.set.must().iter().filter(|must| !self.present.contains(must)) {
            missing(self.schema, *must, judgement);
        }
    }
}

/// A required attribute that would not be there: because its values are not accepted, perhaps.
fn missing(schema: &Schema, must: AttributeNumber, judgement: &mut Judgement) {
    let Some(attribute) = schema.numbered(must) else { return };
    let (its, others) = std::mem::take(&mut judgement.dropped)
        .into_iter()
        .partition::<Vec<_>, _>(|dropped| schema.number(&dropped.attribute) == Some(must));
    judgement.dropped = others;
    if its.is_empty() {
        judgement.refused.push(objection(attribute.name(), None, Why::Missing));
    }
    judgement.refused.extend(its);
}

/// Judges the change of an entry that was read, and takes out the values that are not accepted: what was there in their
/// place stays. `read` are the attributes that were asked for.
pub fn modified(schema: &Schema, read: &[AttributeNumber], entry: &Entry, change: &mut Change) -> Judgement {
    let mut judgement = Judgement::default();
    let (Write::Modify { attributes }
    | Write::Lock { attributes }
    | Write::Unlock { attributes }
    | Write::Members { attributes, .. }) = &mut change.write
    else {
        return judgement;
    };
    if attributes.is_empty() {
        return judgement;
    }
    attributes.retain_mut(|attribute| accepted(schema, attribute, &mut judgement));
    let set = schema.together(classes_after(entry, attributes));
    for attribute in attributes.iter().filter(|a| !a.new.is_empty()) {
        let Some(number) = schema.number(&attribute.attribute) else {
            judgement.refused.push(objection(&attribute.attribute, None, Why::UnknownAttribute));
            continue;
        };
        if !set.allows(number) {
            judgement.refused.push(objection(&attribute.attribute, None, Why::NotAllowed));
        }
        let after = count_after(entry, attribute);
        if after > 1 && schema.numbered(number).is_some_and(|known| known.single_value) {
            judgement.refused.push(objection(&attribute.attribute, None, Why::Several(after)));
        }
    }
    for must in set.must().iter().filter(|must| read.contains(must)) {
        let named = |name: &str| schema.number(name) == Some(*must);
        let after = match attributes.iter().find(|a| named(&a.attribute)) {
            Some(attribute) => count_after(entry, attribute),
            None => entry.attributes.iter().find(|(name, _)| named(name)).map_or(0, |(_, values)| values.len()),
        };
        if after == 0 {
            missing(schema, *must, &mut judgement);
        }
    }
    if attributes.iter().any(|a| a.attribute.eq_ignore_ascii_case(OBJECT_CLASS) && !a.old.is_empty()) {
        left_behind(schema, &set, entry, attributes, &mut judgement);
    }
    judgement
}

/// Takes out of one attribute's change the values that are not accepted; `false` when nothing is left to do.
fn accepted(schema: &Schema, attribute: &mut AttributeChange, judgement: &mut Judgement) -> bool {
    let Some(known) = schema.attribute(&attribute.attribute) else { return true };
    let before = judgement.dropped.len();
    let name = &attribute.attribute;
    attribute.new.retain(|value| match check(schema, known, value.as_bytes()) {
        Ok(()) => true,
        Err(wrong) => {
            judgement.dropped.push(objection(name, Some(value.as_bytes()), Why::Value(wrong)));
            false
        }
    });
    // Nothing good comes in the place of what is there: it stays.
    judgement.dropped.len() == before || !attribute.new.is_empty()
}

/// Attributes that stay and that no class allows any more.
fn left_behind(
    schema: &Schema,
    set: &ClassSet,
    entry: &Entry,
    attributes: &[AttributeChange],
    judgement: &mut Judgement,
) {
    for (name, values) in &entry.attributes {
        let after = attributes
            .iter()
            .find(|a| a.attribute.eq_ignore_ascii_case(name))
            .map_or(values.len(), |attribute| count_after(entry, attribute));
        let told = judgement.refused.iter().any(|o| o.attribute.eq_ignore_ascii_case(name));
        if after > 0 && !told && schema.number(name).is_some_and(|number| !set.allows(number)) {
            judgement.refused.push(objection(name, None, Why::NotAllowed));
        }
    }
}

fn classes_after<'v>(entry: &'v Entry, attributes: &'v [AttributeChange]) -> impl Iterator<Item = &'v str> {
    let change = attributes.iter().find(|a| a.attribute.eq_ignore_ascii_case(OBJECT_CLASS));
    let (old, new) = change.map_or((&[][..], &[][..]), |c| (c.old.as_slice(), c.new.as_slice()));
    let gone = move |class: &str| old.iter().filter_map(Value::as_text).any(|o| o.eq_ignore_ascii_case(class));
    entry.texts(OBJECT_CLASS).filter(move |class| !gone(class)).chain(new.iter().filter_map(Value::as_text))
}

fn count_after(entry: &Entry, attribute: &AttributeChange) -> usize {
    (entry.values(&attribute.attribute).len() + attribute.new.len()).saturating_sub(attribute.old.len())
}
