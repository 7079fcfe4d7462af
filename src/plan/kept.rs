//! What a hold keeps back, as a fingerprint: the same changes give the same one, in whatever order they come and however
//! they are bundled, and any other changes another one. Decisions are bound to it.
//!
//! A change to a person or structure is one write. A change to a group is one for each member and each value, because
//! how these are bundled depends on what else is to be done to the group that night. What only tells (notes, origins,
//! dates in words) is no part of it.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::directory::{AttributeChange, Dn, Value};

use super::file::{PlanFileError, Reader};
use super::{Change, ChangeKind, Header, Hold, Line, Write};

/// One write, hashed.
pub type Mark = [u8; 32];

/// The writes that a hold keeps back, or that were shown to somebody: a multiset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks(Vec<Mark>);

/// How one set of changes differs from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MarksDiffer {
    pub more: u64,
    pub fewer: u64,
}

/// A hold of a saved plan with what it keeps back.
#[derive(Debug)]
pub struct KeptBack {
    pub hold: Hold,
    pub marks: Marks,
}

impl Marks {
    /// Of these changes.
    #[must_use]
    pub fn of<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Self {
        let mut marks = Self::default();
        for change in changes {
            marks.add(change);
        }
        marks.sort();
        marks
    }

    /// Adds a change; [`Marks::sort`] before anything is asked.
    pub(super) fn add(&mut self, change: &Change) {
        each_write(change, &mut |mark| self.0.push(mark));
    }

    pub(super) fn absorb(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    pub(super) fn sort(&mut self) {
        self.0.sort_unstable();
    }

    /// Takes them back from their bytes, as [`Marks::to_bytes`] gave them.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut marks = Self(bytes.as_chunks().0.to_vec());
        marks.sort();
        marks
    }

    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    /// SHA-256 over them all, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for mark in &self.0 {
            digest.update(mark);
        }
        super::file::hexadecimal(&digest.finalize())
    }

    /// What these hold that `shown` did not, and the other way round.
    #[must_use]
    pub fn beside(&self, shown: &Self) -> MarksDiffer {
        let (mut now, mut then) = (self.0.iter().peekable(), shown.0.iter().peekable());
        let mut differ = MarksDiffer::default();
        loop {
            match (now.peek(), then.peek()) {
                (None, None) => return differ,
                (Some(a), Some(b)) if a == b => {
                    now.next();
                    then.next();
                }
                (Some(a), Some(b)) if a > b => {
                    differ.fewer += 1;
                    then.next();
                }
                (Some(_), _) => {
                    differ.more += 1;
                    now.next();
                }
                (None, Some(_)) => {
                    differ.fewer += 1;
                    then.next();
                }
            }
        }
    }
}

/// Reads a plan from beginning to end: its header, the digest of its seal, and every hold with what it keeps back.
///
/// # Errors
/// When the file cannot be read or is not intact.
pub fn kept_back(path: &Path) -> Result<(Header, String, Vec<KeptBack>), PlanFileError> {
    let mut reader = Reader::open(path)?;
    let mut holds: Vec<KeptBack> = Vec::new();
    let mut at: BTreeMap<String, usize> = BTreeMap::new();
    for line in reader.by_ref() {
        match line? {
            Line::Hold(hold) => {
                at.insert(hold.id.clone(), holds.len());
                holds.push(KeptBack { hold, marks: Marks::default() });
            }
            Line::Held { hold, also, change } => {
                for id in also.iter().chain([&hold]) {
                    if let Some(kept) = at.get(id).and_then(|&at| holds.get_mut(at)) {
                        kept.marks.add(&change);
                    }
                }
            }
            Line::Header(_) | Line::Change(_) | Line::Seal(_) => {}
        }
    }
    let (header, seal) = reader.finish()?;
    for kept in &mut holds {
        kept.marks.sort();
    }
    Ok((header, seal.digest, holds))
}

/// Hands over the mark of every write of a change.
fn each_write(change: &Change, each: &mut impl FnMut(Mark)) {
    match (&change.write, change.kind) {
        (Write::Members { add, remove, kept, attributes }, _) => {
            for (sign, members) in [("+", add), ("-", remove), ("=", kept)] {
                for member in members {
                    each(of_group(change, "member", sign, member.normalised()));
                }
            }
            for attribute in attributes {
                for (sign, values) in [("-", &attribute.old), ("+", &attribute.new)] {
                    for value in values {
                        each(of_group_value(change, &attribute.attribute, sign, value));
                    }
                }
            }
        }
        (Write::Add { attributes, .. }, ChangeKind::GroupCreate) => {
            for (attribute, value) in attributes.iter().flat_map(|(a, values)| values.iter().map(move |v| (a, v))) {
                match value.as_text().and_then(|text| Dn::parse(text).ok()) {
                    // The place-holder of an empty group is no member.
                    Some(member) if is_member(attribute) && member.is_empty() => {}
                    Some(member) if is_member(attribute) => {
                        each(of_group(change, "member", "+", member.normalised()));
                    }
                    _ => each(of_group_value(change, attribute, "+", value)),
                }
            }
        }
        _ => each(whole(change)),
    }
}

pub(super) fn is_member(attribute: &str) -> bool {
    attribute.eq_ignore_ascii_case("member")
}

/// A change as one write.
fn whole(change: &Change) -> Mark {
    let mut text = Canonical::default();
    text.field(kind(change.kind)).field(change.dn.normalised());
    let subject = &change.subject;
    text.field(subject.join_key.as_ref().map_or("", |key| key.as_str()));
    // What the register will say of the account, of a move that writes nothing else.
    let mut schools: Vec<&str> = subject.schools.iter().map(crate::feed::values::Uai::as_str).collect();
    schools.sort_unstable();
    text.list(&schools).field(subject.class.as_deref().unwrap_or_default());
    match &change.write {
        Write::Nothing => text.field("nothing"),
        Write::Add { attributes, credential } => {
            text.field(if *credential { "add with credential" } else { "add" });
            let mut attributes: Vec<(&String, &Vec<Value>)> = attributes.iter().map(|(name, v)| (name, v)).collect();
            attributes.sort();
            for (name, values) in attributes {
                text.field(name).values(values);
            }
            &mut text
        }
        Write::Modify { attributes } => text.field("modify").attributes(attributes),
        Write::Lock { attributes } => text.field("lock").attributes(attributes),
        Write::Unlock { attributes } => text.field("unlock").attributes(attributes),
        Write::Members { .. } => text.field("members"),
        Write::Delete => text.field("delete"),
        Write::Rename { to, attributes } => text.field("rename").field(to.normalised()).attributes(attributes),
        Write::Dissolve { members } => {
            let mut members: Vec<&str> = members.iter().map(Dn::normalised).collect();
            members.sort_unstable();
            text.field("dissolve").list(&members)
        }
        Write::Password { seen } => {
            let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
            text.field("password").list(&seen)
        }
    };
    text.mark()
}

fn of_group(change: &Change, what: &str, sign: &str, value: &str) -> Mark {
    let mut text = Canonical::default();
    text.field("group").field(change.dn.normalised()).field(what).field(sign).field(value);
    text.mark()
}

fn of_group_value(change: &Change, attribute: &str, sign: &str, value: &Value) -> Mark {
    let mut text = Canonical::default();
    text.field("group").field(change.dn.normalised()).field(&attribute.to_lowercase()).field(sign);
    text.value(value);
    text.mark()
}

/// The name of a kind, which never changes.
fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::StructureCreate => "structure_create",
        ChangeKind::StructureUpdate => "structure_update",
        ChangeKind::StructureRename => "structure_rename",
        ChangeKind::StructureMerge => "structure_merge",
        ChangeKind::StructureDelete => "structure_delete",
        ChangeKind::Rewrite => "rewrite",
        ChangeKind::Create => "create",
        ChangeKind::Restore => "restore",
        ChangeKind::Move => "move",
        ChangeKind::Update => "update",
        ChangeKind::Absent => "absent",
        ChangeKind::Suspend => "suspend",
        ChangeKind::GroupCreate => "group_create",
        ChangeKind::GroupUpdate => "group_update",
        ChangeKind::GroupDelete => "group_delete",
        ChangeKind::GroupRename => "group_rename",
        ChangeKind::Purge => "purge",
        ChangeKind::Reissue => "reissue",
        ChangeKind::Revoke => "revoke",
    }
}

/// Fields with their lengths, so that no two lists of fields run together to the same bytes.
#[derive(Default)]
struct Canonical(Sha256);

impl Canonical {
    fn octets(&mut self, octets: &[u8]) -> &mut Self {
        self.0.update((octets.len() as u64).to_be_bytes());
        self.0.update(octets);
        self
    }

    fn field(&mut self, text: &str) -> &mut Self {
        self.octets(text.as_bytes())
    }

    fn list(&mut self, texts: &[&str]) -> &mut Self {
        self.0.update((texts.len() as u64).to_be_bytes());
        for text in texts {
            self.field(text);
        }
        self
    }

    fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Text(text) => self.octets(b"text").octets(text.as_bytes()),
            Value::Octets(octets) => self.octets(b"octets").octets(octets),
        }
    }

    /// Values have no order.
    fn values(&mut self, values: &[Value]) -> &mut Self {
        let mut sorted: Vec<&Value> = values.iter().collect();
        sorted.sort();
        self.0.update((sorted.len() as u64).to_be_bytes());
        for value in sorted {
            self.value(value);
        }
        self
    }

    fn attributes(&mut self, changes: &[AttributeChange]) -> &mut Self {
        let mut changes: Vec<&AttributeChange> = changes.iter().collect();
        changes.sort_by_key(|change| change.attribute.to_lowercase());
        self.0.update((changes.len() as u64).to_be_bytes());
        for change in changes {
            self.field(&change.attribute.to_lowercase()).values(&change.old).values(&change.new);
        }
        self
    }

    fn mark(self) -> Mark {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests;
