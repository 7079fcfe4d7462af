//! A change as directory operations, each under the conditions that keep it from touching what the plan did not see.
//!
//! A modify names the values that it takes away and those that it adds, which servers check by themselves; see
//! `directory/ldap/guard.rs` for what that leaves open. What is sent beside: that an attribute seen empty still is; and
//! for locks and deletions, which rest on the whole entry and not on values named in the plan, that the entry is the
//! one that was read just before (`entryCSN`).

use uuid::Uuid;

use crate::config::{CredentialsConfig, Mode};
use crate::credentials::Scheme;
use crate::directory::dialect::{Dialect, Source};
use crate::directory::{AttributeChange, Condition, Dn, Entry, Modification, Operation, Value};
use crate::plan::{Change, Write};

use super::password;
use super::seen::{members as members_of, written};

/// Values of one attribute in one modify: beyond that servers grow slow and audit lines unreadable.
const CHUNK: usize = 1_000;
pub(super) const MEMBER: &str = "member";
/// The number of an entry's last change on OpenLDAP and its like (operational).
pub(super) const ENTRY_CSN: &str = "entryCSN";

/// The hash of a first password, by who checks it.
#[derive(Debug, Clone, Copy)]
pub(super) enum FirstHash<'h> {
    None,
    Directory(&'h str),
    /// With the attribute in which the portal finds it, when it reads it there.
    Portal(&'h str, Option<&'h str>),
}

impl<'h> FirstHash<'h> {
    pub fn of(credentials: &'h CredentialsConfig, change: &Change, hash: Option<&'h str>) -> Self {
        let mode = change.subject.profile.map(|profile| credentials.of(profile).mode);
        match (hash, mode) {
            (Some(hash), Some(Mode::Portal)) => Self::Portal(hash, credentials.hash_attribute.as_deref()),
            (Some(hash), _) => Self::Directory(hash),
            (None, _) => Self::None,
        }
    }

    /// What `userPassword` is made from.
    pub const fn for_bind(self) -> Option<&'h str> {
        match self {
            Self::Directory(hash) => Some(hash),
            _ => None,
        }
    }
}

/// What has to be sent for a change, in order: each waits for the one before it. Empty when only the register changes.
pub(super) fn operations(
    dialect: &Dialect,
    change: &Change,
    hash: FirstHash<'_>,
    actual: Option<&Entry>,
) -> Vec<Operation> {
    let dn = &change.dn;
    match &change.write {
        Write::Nothing => Vec::new(),
        Write::Add { attributes, .. } => add(dialect, change, attributes, hash),
        Write::Modify { attributes } => modify(dn, modifications(attributes), unset(attributes)),
        Write::Lock { attributes } | Write::Unlock { attributes } => {
            let method = dialect.lock_method();
            let lock = actual.map_or_else(Vec::new, |entry| match &change.write {
                Write::Lock { .. } => method.lock(entry),
                _ => method.unlock(entry),
            });
            let mut conditions = unset(attributes);
            match actual.and_then(unchanged) {
                Some(unchanged) => conditions.push(unchanged),
                // A password set in between would stay open beside the lock.
                None => {
                    let adds = lock.iter().filter(|l| l.delete.is_empty());
                    conditions.extend(adds.map(|l| Condition::Unset(l.attribute.clone())));
                }
            }
            let mut modifications = modifications(attributes);
            modifications.extend(lock);
            modify(dn, modifications, conditions)
        }
        Write::Members { add, remove, attributes, .. } => members(dn, add, remove, attributes),
        Write::Delete | Write::Dissolve { .. } => {
            vec![Operation::Delete(dn.clone()).only_if(actual.and_then(unchanged).into_iter().collect())]
        }
        Write::Password { .. } => password::operations(dialect, change, hash, actual),
        // The name last: where it is the new one, all the rest is done.
        Write::Rename { to, attributes } => {
            let mut operations = modify(dn, modifications(attributes), unset(attributes));
            operations.push(Operation::Rename { dn: dn.clone(), to: to.clone() });
            operations
        }
    }
}

/// Whether the entry must be read before the change can be written.
pub(super) const fn needs_entry(write: &Write) -> bool {
    matches!(
        write,
        Write::Lock { .. } | Write::Unlock { .. } | Write::Delete | Write::Dissolve { .. } | Write::Password { .. }
    )
}

/// That nobody has changed the entry since it was read.
pub(super) fn unchanged(entry: &Entry) -> Option<Condition> {
    entry.values(ENTRY_CSN).first().map(|csn| Condition::Holds(ENTRY_CSN.to_owned(), csn.clone()))
}

/// That what had no value still has none.
fn unset(attributes: &[AttributeChange]) -> Vec<Condition> {
    attributes.iter().filter(|a| a.unset).map(|a| Condition::Unset(a.attribute.clone())).collect()
}

/// The entry of a creation, with what is drawn for it: twice called, it is two entries.
pub(super) fn new_entry(
    dialect: &Dialect,
    change: &Change,
    attributes: &[(String, Vec<Value>)],
    hash: FirstHash<'_>,
) -> Entry {
    let mut entry = Entry { dn: change.dn.clone(), attributes: attributes.to_vec() };
    if change.subject.profile.is_some() {
        // Identifiers that leave the house are drawn at random, here, so that a plan stays a plain function.
        for (attribute, source) in dialect.drawn_at_creation() {
            match source {
                Source::Credential => entry.push(attribute, dialect.lock_method().first_password(hash.for_bind())),
                _ => entry.push(attribute, [Uuid::new_v4().to_string()]),
            }
        }
        if let FirstHash::Portal(hash, Some(attribute)) = hash {
            entry.push(attribute, [Scheme::without_prefix(hash)]);
        }
    }
    entry
}

fn add(dialect: &Dialect, change: &Change, attributes: &[(String, Vec<Value>)], hash: FirstHash<'_>) -> Vec<Operation> {
    let mut entry = new_entry(dialect, change, attributes, hash);
    let mut later = Vec::new();
    if change.subject.profile.is_none()
        && let Some((_, members)) = entry.attributes.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(MEMBER))
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

fn modify(dn: &Dn, modifications: Vec<Modification>, conditions: Vec<Condition>) -> Vec<Operation> {
    if modifications.is_empty() {
        return Vec::new();
    }
    vec![Operation::Modify { dn: dn.clone(), modifications }.only_if(conditions)]
}

fn modifications(attributes: &[AttributeChange]) -> Vec<Modification> {
    attributes
        .iter()
        .map(|a| Modification { attribute: a.attribute.clone(), delete: a.old.clone(), add: a.new.clone() })
        .collect()
}

/// Members by difference, with what else changes on the group: one modify, unless there are very many. Additions then
/// come first, so that a group never stands empty in between.
fn members(dn: &Dn, add: &[Dn], remove: &[Dn], attributes: &[AttributeChange]) -> Vec<Operation> {
    let value = |dn: &Dn| Value::Text(dn.as_str().to_owned());
    let some = |add: &[Dn], delete: &[Dn]| Modification {
        attribute: MEMBER.to_owned(),
        delete: delete.iter().map(value).collect(),
        add: add.iter().map(value).collect(),
    };
    let mut first = modifications(attributes);
    if add.len() + remove.len() <= CHUNK {
        if !(add.is_empty() && remove.is_empty()) {
            first.push(some(add, remove));
        }
        return modify(dn, first, unset(attributes));
    }
    let mut operations = modify(dn, first, unset(attributes));
    let chunks = add.chunks(CHUNK).map(|c| some(c, &[])).chain(remove.chunks(CHUNK).map(|c| some(&[], c)));
    operations.extend(chunks.map(|chunk| Operation::Modify { dn: dn.clone(), modifications: vec![chunk] }));
    operations
}

/// For a change that was carried out in part (members of a large group, names that a server follows by itself): what of it remains, as a change of its own.
pub(super) fn remaining(change: &Change, entry: &Entry) -> Change {
    let members = members_of(entry);
    let write = match &change.write {
        Write::Members { add, remove, kept, attributes } => Write::Members {
            kept: kept.clone(),
            add: add.iter().filter(|m| !members.contains(m)).cloned().collect(),
            remove: remove.iter().filter(|m| members.contains(m)).cloned().collect(),
            attributes: attributes.iter().filter(|a| !written(a, entry)).cloned().collect(),
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
            kept: Vec::new(),
            attributes: Vec::new(),
        },
        Write::Modify { attributes } => {
            Write::Modify { attributes: attributes.iter().filter(|a| !written(a, entry)).cloned().collect() }
        }
        Write::Rename { to, attributes } => Write::Rename {
            to: to.clone(),
            attributes: attributes.iter().filter(|a| !written(a, entry)).cloned().collect(),
        },
        other => other.clone(),
    };
    Change { write, ..change.clone() }
}
