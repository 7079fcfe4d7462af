//! Whether an entry is still what the plan saw, is already what the plan wants, or is neither.
//!
//! Only what the change touches is compared: the values that it takes away must be there, those that it adds must not,
//! and an attribute that had none must have none. What else happens to the entry is not the plan's affair.

use std::collections::HashSet;

use crate::directory::dialect::Dialect;
use crate::directory::{AttributeChange, Dn, Entry, Value};
use crate::plan::{Change, Write};

use super::operations::{MEMBER, remaining};

/// What an entry, as it was read just now, means for a change.
pub(super) enum Seen {
    /// It is as the change would leave it.
    Done,
    /// It is as the plan saw it.
    AsPlanned,
    /// A part is done (members, one by one); this is the rest.
    Partly(Box<Change>),
    /// It is neither; the reason names attributes, never values.
    Moved(String),
}

/// Judges. `ours` says that the change may have been sent before: a new entry may then be our own. `put` are the
/// members that the engine has put in the group, normalised.
pub(super) fn seen(
    dialect: &Dialect,
    change: &Change,
    actual: Option<&Entry>,
    ours: bool,
    put: Option<&Vec<String>>,
) -> Seen {
    let lock = dialect.lock_method();
    match (&change.write, actual) {
        (Write::Nothing, _) | (Write::Delete, None) => Seen::Done,
        (Write::Add { .. }, None) => Seen::AsPlanned,
        (_, None) => Seen::Moved("the entry is gone".to_owned()),
        (Write::Add { attributes, .. }, Some(entry)) if ours => added(dialect, change, attributes, entry),
        (Write::Add { .. }, Some(_)) => Seen::Moved("an entry has taken this name".to_owned()),
        (Write::Delete, Some(entry)) => {
            let others = members(entry).iter().filter(|m| !m.is_empty()).any(|m| {
                // What the engine put may go; a member of somebody's own keeps the group.
                !put.is_some_and(|put| put.iter().any(|p| p == m.normalised()))
            });
            if others {
                Seen::Moved("it has a member that somebody else has put there".into())
            } else {
                Seen::AsPlanned
            }
        }
        (Write::Modify { attributes }, Some(entry)) => unit(attributes, entry, true),
        (Write::Lock { attributes }, Some(entry)) => unit(attributes, entry, lock.lock(entry).is_none()),
        (Write::Unlock { attributes }, Some(entry)) => unit(attributes, entry, lock.unlock(entry).is_none()),
        (Write::Members { .. }, Some(entry)) => {
            let rest = remaining(change, entry);
            let Write::Members { add, remove, attributes } = &rest.write else { return Seen::AsPlanned };
            match attributes.iter().find(|a| !as_seen(a, entry)) {
                Some(moved) => Seen::Moved(format!("{} is not what the plan saw", moved.attribute)),
                None if add.is_empty() && remove.is_empty() && attributes.is_empty() => Seen::Done,
                None => Seen::Partly(Box::new(rest)),
            }
        }
    }
}

/// Whether an attribute is as the change would leave it.
pub(super) fn written(change: &AttributeChange, entry: &Entry) -> bool {
    let values = entry.values(&change.attribute);
    change.new.iter().all(|v| values.contains(v)) && !change.old.iter().any(|v| values.contains(v))
}

/// The members of a group.
pub(super) fn members(entry: &Entry) -> HashSet<Dn> {
    entry.texts(MEMBER).filter_map(|m| Dn::parse(m).ok()).collect()
}

/// Whether an attribute is as the plan saw it.
fn as_seen(change: &AttributeChange, entry: &Entry) -> bool {
    let values = entry.values(&change.attribute);
    change.old.iter().all(|v| values.contains(v))
        && !change.new.iter().any(|v| values.contains(v) && !change.old.contains(v))
        && (!change.unset || values.is_empty())
}

/// What goes in one modify is there as a whole or not at all.
fn unit(attributes: &[AttributeChange], entry: &Entry, rest_done: bool) -> Seen {
    if rest_done && attributes.iter().all(|a| written(a, entry)) {
        return Seen::Done;
    }
    let moved: Vec<&str> = attributes.iter().filter(|a| !as_seen(a, entry)).map(|a| a.attribute.as_str()).collect();
    if moved.is_empty() {
        Seen::AsPlanned
    } else {
        Seen::Moved(format!("{} is not what the plan saw", moved.join(", ")))
    }
}

/// An entry of the name that we may have added.
fn added(dialect: &Dialect, change: &Change, attributes: &[(String, Vec<Value>)], entry: &Entry) -> Seen {
    if let Some(key) = &change.subject.join_key {
        return if dialect.join_keys(entry).any(|k| k == key.as_str()) {
            Seen::Done
        } else {
            Seen::Moved(format!("another entry has taken this name (not {key})"))
        };
    }
    let is_ours = attributes
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case(MEMBER))
        .all(|(name, values)| values.iter().all(|v| entry.values(name).contains(v)));
    if !is_ours {
        return Seen::Moved("another entry has taken this name".to_owned());
    }
    let rest = remaining(change, entry);
    match &rest.write {
        Write::Members { add, .. } if add.is_empty() => Seen::Done,
        _ => Seen::Partly(Box::new(rest)),
    }
}
