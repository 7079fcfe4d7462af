//! The entries that a structure's new identifiers concern, but for groups: its own, other structures', people's.

use futures_util::TryStreamExt as _;

use super::find::Known;
use super::rewrite::Rewriter;
use super::{How, Pair, Succession, lists};
use crate::directory::dialect::{Dialect, Source};
use crate::directory::{AttributeChange, DirectoryError, Dn, Entry, Search, Value};
use crate::feed::values::Uai;
use crate::plan::prepare::Ground;
use crate::plan::{Change, ChangeKind, Subject, Write};
use crate::roster::JoinKey;

/// The entries of the structures themselves: what comes first of all, and what last.
pub(super) fn entries(
    dialect: &Dialect,
    known: &[Known<'_>],
    pair: &Pair,
    asked: &Succession,
    rewriter: &Rewriter,
) -> (Vec<Change>, Vec<Change>) {
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let subject =
        |name: &str| Subject { name: name.to_owned(), schools: vec![pair.present.uai.clone()], ..Subject::default() };
    let entry = |dn: &Dn| known.iter().find(|k| k.dn() == dn).map(|k| k.entry);
    let How::Merge { delete_entry } = asked.how else {
        let Some(there) = entry(if pair.decided { &pair.present.dn } else { &pair.former.dn }) else {
            return (first, last);
        };
        let attributes = rewriter.changes(there, &[]);
        let write = if there.dn == pair.present.dn {
            Write::Modify { attributes }
        } else {
            Write::Rename { to: pair.present.dn.clone(), attributes }
        };
        let is_nothing = matches!(&write, Write::Modify { attributes } if attributes.is_empty());
        match (pair.decided, is_nothing) {
            (true, true) => {}
            (true, false) => first.push(Change::new(ChangeKind::Rewrite, there.dn.clone(), subject(&pair.name), write)),
            (false, _) => {
                first.push(Change::new(ChangeKind::StructureRename, there.dn.clone(), subject(&pair.name), write));
            }
        }
        return (first, last);
    };
    let (former, present) = (entry(&pair.former.dn), entry(&pair.present.dn));
    if let Some(present) = present {
        let mut attributes = rewriter.changes(present, &identity(dialect));
        if let Some(former) = former {
            attributes.extend(lists::joined(dialect, former, present));
        }
        let name = pair.into.as_deref().unwrap_or(&pair.name);
        let write = if attributes.is_empty() { Write::Nothing } else { Write::Modify { attributes } };
        match (pair.decided, &write) {
            (true, Write::Nothing) => {}
            (true, _) => first.push(Change::new(ChangeKind::Rewrite, present.dn.clone(), subject(name), write)),
            (false, _) => first.push(Change::new(ChangeKind::StructureMerge, present.dn.clone(), subject(name), write)),
        }
    }
    if let Some(former) = former {
        let attributes = if delete_entry { Vec::new() } else { emptied(dialect, former, pair) };
        if delete_entry {
            let dn = former.dn.clone();
            last.push(Change::new(ChangeKind::StructureDelete, dn, subject(&pair.name), Write::Delete));
        } else if !attributes.is_empty() {
            let write = Write::Modify { attributes };
            last.push(Change::new(ChangeKind::Rewrite, former.dn.clone(), subject(&pair.name), write));
        }
    }
    (first, last)
}

/// The attributes in which structures have their own identifiers.
fn identity(dialect: &Dialect) -> Vec<&str> {
    let mut names = dialect.of_structure(Source::Uai);
    names.extend(dialect.of_structure(Source::Siret));
    names
}

/// What is taken off the entry of a structure that has joined another one, and says so to whoever finds it.
fn emptied(dialect: &Dialect, entry: &Entry, pair: &Pair) -> Vec<AttributeChange> {
    let mut changes: Vec<AttributeChange> = [Source::Classes, Source::Groups]
        .into_iter()
        .flat_map(|source| dialect.of_structure(source))
        .filter(|name| !entry.values(name).is_empty())
        .map(|name| AttributeChange {
            attribute: name.to_owned(),
            old: entry.values(name).to_vec(),
            new: Vec::new(),
            unset: false,
        })
        .collect();
    let into = pair.into.as_deref().unwrap_or_default();
    let said = Value::from(format!("Rattachée à {into} ({})", pair.present.uai));
    // `description` is an attribute of organizationalUnit (RFC 4519 §3.11), which the classes of the ENT are made from.
    let is_unit = entry.texts("objectClass").any(|class| class.eq_ignore_ascii_case("organizationalUnit"));
    if is_unit && !entry.values("description").contains(&said) {
        changes.push(AttributeChange {
            attribute: "description".to_owned(),
            old: Vec::new(),
            new: vec![said],
            unset: false,
        });
    }
    changes
}

/// Other structures that name it.
pub(super) fn others(dialect: &Dialect, known: &[Known<'_>], pair: &Pair, rewriter: &Rewriter) -> Vec<Change> {
    let own = identity(dialect);
    known
        .iter()
        .filter(|k| *k.dn() != pair.former.dn && *k.dn() != pair.present.dn)
        .filter_map(|k| {
            let attributes = rewriter.changes(k.entry, &own);
            let schools = k.uai.clone().into_iter().collect();
            let subject = Subject { name: k.name.clone(), schools, ..Subject::default() };
            let write = Write::Modify { attributes };
            let changes = !matches!(&write, Write::Modify { attributes } if attributes.is_empty());
            changes.then(|| Change::new(ChangeKind::Rewrite, k.dn().clone(), subject, write))
        })
        .collect()
}

/// People whose values name it, whatever program wrote them. Only those are kept in memory.
pub(super) async fn persons(
    ground: &Ground<'_>,
    rewriter: &Rewriter,
    school: &Uai,
) -> Result<Vec<Change>, DirectoryError> {
    let dialect = &*ground.dialect;
    let search =
        Search { base: dialect.people_branch().clone(), filter: "(objectClass=*)".to_owned(), attributes: Vec::new() };
    let mut entries = ground.directory.search(search).await?;
    let mut changes = Vec::new();
    while let Some(entry) = entries.try_next().await? {
        ground.progress.advance(1);
        let attributes = rewriter.changes(&entry, &[]);
        if attributes.is_empty() {
            continue;
        }
        let names = dialect.names_of(&entry);
        let subject = Subject {
            join_key: dialect.join_keys(&entry).next().map(JoinKey::from_text),
            uid: names.uid,
            login: names.login,
            name: entry.first("displayName").or_else(|| entry.first("cn")).unwrap_or_default().to_owned(),
            schools: vec![school.clone()],
            ..Subject::default()
        };
        changes.push(Change::new(ChangeKind::Rewrite, entry.dn, subject, Write::Modify { attributes }));
    }
    // A server promises no order; the plan of one directory is always the same.
    changes.sort_by(|a, b| a.dn.cmp(&b.dn));
    Ok(changes)
}
