//! A change as directory operations, and the question whether it was already carried out.

use uuid::Uuid;

use crate::directory::dialect::{Dialect, Source};
use crate::directory::{AttributeChange, Dn, Entry, Modification, Operation, Value};
use crate::plan::{Change, Write};

/// Values of one attribute in one modify: beyond that servers grow slow and audit lines unreadable.
const CHUNK: usize = 1_000;
const MEMBER: &str = "member";

/// What has to be sent for a change, in order: each waits for the one before it. Empty when only the register changes.
pub(super) fn operations(
    dialect: &Dialect,
    change: &Change,
    hash: Option<&str>,
    actual: Option<&Entry>,
) -> Vec<Operation> {
    let dn = &change.dn;
    match &change.write {
        Write::Nothing => Vec::new(),
        Write::Add { attributes, .. } => add(dialect, change, attributes, hash),
        Write::Modify { attributes } => modify(dn, modifications(attributes)),
        Write::Lock { attributes } => {
            let mut modifications = modifications(attributes);
            modifications.extend(actual.into_iter().flat_map(|entry| dialect.lock_method().lock(entry)));
            modify(dn, modifications)
        }
        Write::Unlock { attributes } => {
            let mut modifications = modifications(attributes);
            modifications.extend(actual.into_iter().flat_map(|entry| dialect.lock_method().unlock(entry)));
            modify(dn, modifications)
        }
        Write::Members { add, remove, attributes } => {
            let mut operations = modify(dn, modifications(attributes));
            operations.extend(members(dn, add, remove));
            operations
        }
        Write::Delete => vec![Operation::Delete(dn.clone())],
    }
}

/// Whether the entry must be read before the change can be written.
pub(super) const fn needs_entry(write: &Write) -> bool {
    matches!(write, Write::Lock { .. } | Write::Unlock { .. })
}

fn add(dialect: &Dialect, change: &Change, attributes: &[(String, Vec<Value>)], hash: Option<&str>) -> Vec<Operation> {
    let mut entry = Entry { dn: change.dn.clone(), attributes: attributes.to_vec() };
    let mut later = Vec::new();
    if change.subject.profile.is_some() {
        // Identifiers that leave the house are drawn at random, here, so that a plan stays a plain function.
        for (attribute, source) in dialect.drawn_at_creation() {
            match source {
                Source::Credential => entry.push(attribute, dialect.lock_method().first_password(hash)),
                _ => entry.push(attribute, [Uuid::new_v4().to_string()]),
            }
        }
    } else if let Some((_, members)) = entry.attributes.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(MEMBER))
        && members.len() > CHUNK
    {
        let rest = members.split_off(CHUNK);
        later.extend(rest.chunks(CHUNK).map(|chunk| Operation::Modify {
            dn: change.dn.clone(),
            modifications: vec![Modification { attribute: MEMBER.to_owned(), delete: Vec::new(), add: chunk.to_vec() }],
        }));
    }
    let mut operations = vec![Operation::Add(entry)];
    operations.append(&mut later);
    operations
}

fn modify(dn: &Dn, modifications: Vec<Modification>) -> Vec<Operation> {
    if modifications.is_empty() { Vec::new() } else { vec![Operation::Modify { dn: dn.clone(), modifications }] }
}

fn modifications(attributes: &[AttributeChange]) -> Vec<Modification> {
    attributes
        .iter()
        .map(|a| Modification { attribute: a.attribute.clone(), delete: a.old.clone(), add: a.new.clone() })
        .collect()
}

/// Members by difference. Additions come first, so that a group never stands empty in between.
fn members(dn: &Dn, add: &[Dn], remove: &[Dn]) -> Vec<Operation> {
    let value = |dn: &Dn| Value::Text(dn.as_str().to_owned());
    let one = |add: &[Dn], delete: &[Dn]| Operation::Modify {
        dn: dn.clone(),
        modifications: vec![Modification {
            attribute: MEMBER.to_owned(),
            delete: delete.iter().map(value).collect(),
            add: add.iter().map(value).collect(),
        }],
    };
    if add.len() + remove.len() <= CHUNK {
        return if add.is_empty() && remove.is_empty() { Vec::new() } else { vec![one(add, remove)] };
    }
    add.chunks(CHUNK).map(|chunk| one(chunk, &[])).chain(remove.chunks(CHUNK).map(|chunk| one(&[], chunk))).collect()
}

/// After an unknown outcome: whether the directory shows that the change was carried out. `Ok(false)` means that it
/// was not, and can be sent again; an error says in which way the entry is neither.
pub(super) fn carried_out(dialect: &Dialect, change: &Change, actual: Option<&Entry>) -> Result<bool, String> {
    match (&change.write, actual) {
        (Write::Nothing, _) => Ok(true),
        (Write::Delete, entry) => Ok(entry.is_none()),
        (Write::Add { .. }, None) => Ok(false),
        (Write::Add { attributes, .. }, Some(entry)) => {
            let Some(key) = &change.subject.join_key else {
                return Ok(has_members(attributes, entry));
            };
            if dialect.join_keys(entry).any(|k| k == key.as_str()) {
                Ok(true)
            } else {
                Err(format!("another entry has taken this name (not {key})"))
            }
        }
        (_, None) => Err("the entry is gone".to_owned()),
        (Write::Modify { attributes }, Some(entry)) => Ok(written(attributes, entry)),
        (Write::Lock { attributes }, Some(entry)) => {
            Ok(dialect.lock_method().lock(entry).is_empty() && written(attributes, entry))
        }
        (Write::Unlock { attributes }, Some(entry)) => {
            Ok(dialect.lock_method().unlock(entry).is_empty() && written(attributes, entry))
        }
        (Write::Members { add, remove, attributes }, Some(entry)) => {
            let members: std::collections::HashSet<Dn> =
                entry.texts(MEMBER).filter_map(|m| Dn::parse(m).ok()).collect();
            let done = add.iter().all(|m| members.contains(m)) && !remove.iter().any(|m| members.contains(m));
            Ok(done && written(attributes, entry))
        }
    }
}

/// For a change that was carried out in part (a large group): what of it remains, as a change of its own.
pub(super) fn remaining(change: &Change, entry: &Entry) -> Change {
    let members: std::collections::HashSet<Dn> = entry.texts(MEMBER).filter_map(|m| Dn::parse(m).ok()).collect();
    let left = |attributes: &[AttributeChange]| -> Vec<AttributeChange> {
        attributes.iter().filter(|a| !written(std::slice::from_ref(a), entry)).cloned().collect()
    };
    let write = match &change.write {
        Write::Members { add, remove, attributes } => Write::Members {
            add: add.iter().filter(|m| !members.contains(m)).cloned().collect(),
            remove: remove.iter().filter(|m| members.contains(m)).cloned().collect(),
            attributes: left(attributes),
        },
        Write::Add { attributes, .. } => Write::Members {
            add: attributes
                .iter()
                .filter(|(n, _)| n.eq_ignore_ascii_case(MEMBER))
                .flat_map(|(_, v)| v)
                .filter_map(|v| Dn::parse(v.as_text()?).ok())
                .filter(|m| !members.contains(m))
                .collect(),
            remove: Vec::new(),
            attributes: Vec::new(),
        },
        Write::Modify { attributes } => Write::Modify { attributes: left(attributes) },
        Write::Lock { attributes } => Write::Lock { attributes: left(attributes) },
        Write::Unlock { attributes } => Write::Unlock { attributes: left(attributes) },
        other => other.clone(),
    };
    Change { write, ..change.clone() }
}

fn has_members(attributes: &[(String, Vec<Value>)], entry: &Entry) -> bool {
    let have = entry.values(MEMBER).len();
    attributes.iter().filter(|(n, _)| n.eq_ignore_ascii_case(MEMBER)).all(|(_, v)| v.len() <= have)
}

fn written(attributes: &[AttributeChange], entry: &Entry) -> bool {
    attributes.iter().all(|a| {
        let values = entry.values(&a.attribute);
        a.new.iter().all(|v| values.contains(v)) && !a.old.iter().any(|v| values.contains(v))
    })
}
