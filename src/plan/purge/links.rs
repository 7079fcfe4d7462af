//! What names a purged account: links of relatives, groups of anybody's, structures.

use std::collections::{BTreeSet, HashSet};

use crate::directory::dialect::{Dialect, MemberChanges, member_changes};
use crate::directory::{AttributeChange, Dn, Entry, Value, is_secret};
use crate::plan::{Change, ChangeKind, Subject, Write};
use crate::roster::JoinKey;

use super::live::{Live, named};

const MEMBER: &str = "member";

/// People who stay and name somebody who goes.
pub(super) fn people(dialect: &Dialect, live: &Live, gone: &HashSet<Dn>) -> Vec<Change> {
    // Of the candidates, also those that are spared.
    let found = live.found.values().flatten();
    let mut entries: Vec<&Entry> = live.naming.iter().chain(found).filter(|e| !gone.contains(&e.dn)).collect();
    entries.sort_by(|a, b| a.dn.cmp(&b.dn));
    let changes = entries.into_iter().filter_map(|entry| {
        let linked = dialect.linked_pupils(entry);
        // The role of a relative needs a pupil: with the last link it goes.
        let attributes = if !linked.is_empty() && linked.iter().all(|dn| gone.contains(dn)) {
            let unlink = dialect.unlink_relative(entry);
            let beside = without(entry, gone).into_iter();
            let beside = beside.filter(|b| !unlink.iter().any(|u| u.attribute.eq_ignore_ascii_case(&b.attribute)));
            unlink.iter().cloned().chain(beside).collect()
        } else {
            without(entry, gone)
        };
        let names = dialect.names_of(entry);
        let subject = Subject {
            join_key: dialect.join_keys(entry).next().map(JoinKey::from_text),
            uid: names.uid,
            login: names.login,
            name: entry.first("displayName").or_else(|| entry.first("cn")).unwrap_or_default().to_owned(),
            ..Subject::default()
        };
        rewritten(entry, subject, attributes)
    });
    changes.collect()
}

/// Structures whose contact or head was purged.
pub(super) fn objects(dialect: &Dialect, structures: &[Entry], gone: &HashSet<Dn>) -> Vec<Change> {
    let changes = structures.iter().filter_map(|entry| {
        let subject = Subject {
            name: dialect.name_of_structure(entry),
            schools: dialect.uai_of(entry).into_iter().collect(),
            ..Subject::default()
        };
        rewritten(entry, subject, without(entry, gone))
    });
    changes.collect()
}

/// Groups of the engine's, and those of others: a member that is gone is nobody's choice.
pub(super) fn groups(dialect: &Dialect, groups: &[Entry], gone: &HashSet<Dn>) -> Vec<Change> {
    let changes = groups.iter().filter_map(|group| {
        let members: BTreeSet<Dn> = group.texts(MEMBER).filter_map(|m| Dn::parse(m).ok()).collect();
        if members.is_disjoint(&gone.iter().cloned().collect()) {
            return None;
        }
        let stay: BTreeSet<Dn> = members.iter().filter(|m| !gone.contains(*m) && !m.is_empty()).cloned().collect();
        let MemberChanges { add, remove } = member_changes(&stay, group, gone);
        // Names only go: whom somebody put there without one keeps it that way.
        let uids = dialect.member_uid_changes(&stay, group, gone).filter(|uids| !uids.old.is_empty());
        let mut attributes: Vec<AttributeChange> =
            uids.map(|uids| AttributeChange { new: Vec::new(), unset: false, ..uids }).into_iter().collect();
        let subject = Subject { name: group.dn.rdn_value(), ..Subject::default() };
        if dialect.is_managed(group) {
            let write = Write::Members { add, remove, kept: Vec::new(), attributes };
            return Some(Change::new(ChangeKind::GroupUpdate, group.dn.clone(), subject, write));
        }
        let value = |dn: &Dn| Value::Text(dn.as_str().to_owned());
        attributes.push(AttributeChange {
            attribute: MEMBER.to_owned(),
            old: remove.iter().map(value).collect(),
            new: add.iter().map(value).collect(),
            unset: false,
        });
        rewritten(group, subject, attributes)
    });
    changes.collect()
}

fn rewritten(entry: &Entry, subject: Subject, attributes: Vec<AttributeChange>) -> Option<Change> {
    if attributes.is_empty() {
        return None;
    }
    let note = Some("liens vers des comptes effacés retirés".to_owned());
    let change = Change::new(ChangeKind::Rewrite, entry.dn.clone(), subject, Write::Modify { attributes });
    Some(Change { note, ..change })
}

/// The values of an entry that name somebody who goes, taken out.
fn without(entry: &Entry, gone: &HashSet<Dn>) -> Vec<AttributeChange> {
    let attributes = entry.attributes.iter().filter(|(name, _)| !is_secret(&name.to_ascii_lowercase()));
    let changes = attributes.filter_map(|(attribute, values)| {
        let old: Vec<Value> =
            values.iter().filter(|v| named(v.as_text()).is_some_and(|dn| gone.contains(&dn))).cloned().collect();
        let change = AttributeChange { attribute: attribute.clone(), old, new: Vec::new(), unset: false };
        (!change.old.is_empty()).then_some(change)
    });
    changes.collect()
}
