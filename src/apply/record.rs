//! What a carried-out change means for the register: accounts, stages, the groups' own members.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::directory::Dn;
use crate::directory::dialect::Relation;
use crate::plan::{Change, ChangeKind, Header, StructureChange, Write};
use crate::roster::Successor;
use crate::store::{AccountRow, BatchResult, RoleLinkRow, Stage, SuccessorRow};

use super::Accounts;

/// Notes a change that was carried out.
pub(super) fn note(
    now: Timestamp,
    (header, relation): (&Header, Option<&Relation>),
    change: &Change,
    accounts: &mut Accounts,
    group_members: &mut HashMap<String, Vec<String>>,
    result: &mut BatchResult,
) {
    let forgets = change.undo.as_deref().is_some_and(|undo| undo.forgets);
    if let Some(key) = change.subject.join_key.as_ref().filter(|_| forgets) {
        accounts.remove(key);
        result.forgotten.push(key.clone());
    } else if let Some(account) = account(header, change, accounts) {
        accounts.insert(account.join_key.clone(), account.clone());
        result.accounts.push(account);
    }
    if let Some(relation) = relation {
        result.role_links.extend(links(relation, change));
    }
    if matches!(change.kind, ChangeKind::StructureRename | ChangeKind::StructureMerge) {
        result.successors.extend(header.structures.iter().map(|structure| successor(structure, now)));
    }
    if let (ChangeKind::GroupRename, Write::Rename { to, .. }) = (change.kind, &change.write) {
        let (cn, to) = (change.dn.rdn_value(), to.rdn_value());
        let members = group_members.remove(&cn).unwrap_or_default();
        group_members.insert(to.clone(), members.clone());
        result.groups.push((cn, None));
        result.groups.push((to, Some(members)));
    }
    if matches!(change.kind, ChangeKind::GroupCreate | ChangeKind::GroupUpdate | ChangeKind::GroupDelete) {
        let cn = change.dn.rdn_value();
        let members = if forgets { None } else { members(change, group_members.get(&cn)) };
        match &members {
            Some(members) => drop(group_members.insert(cn.clone(), members.clone())),
            None => drop(group_members.remove(&cn)),
        }
        result.groups.push((cn, members));
    }
}

/// The links between accounts of one adult that a change wrote or took away.
fn links(relation: &Relation, change: &Change) -> Vec<(RoleLinkRow, bool)> {
    let mut links = Vec::new();
    for attribute in change.write.attributes().iter().filter(|change| relation.is_link(&change.attribute)) {
        let principal = attribute.attribute.eq_ignore_ascii_case(&relation.principal);
        for (values, written) in [(&attribute.old, false), (&attribute.new, true)] {
            let targets = values.iter().filter_map(|value| Dn::parse(value.as_text()?).ok());
            links.extend(targets.map(|target| {
                let holder = change.dn.normalised().to_owned();
                (RoleLinkRow { holder, target: target.normalised().to_owned(), principal }, written)
            }));
        }
    }
    links
}

/// What later nights have to know of a structure.
fn successor(structure: &StructureChange, now: Timestamp) -> SuccessorRow {
    let StructureChange { former, present, .. } = structure;
    let siret = present.siret.clone().filter(|_| !structure.merge && present.siret != former.siret);
    SuccessorRow {
        successor: Successor {
            former_uai: former.uai.clone(),
            uai: present.uai.clone(),
            former_siret: former.siret.clone().filter(|_| siret.is_some()),
            siret,
            merged: structure.merge,
        },
        former_dn: former.dn.to_string(),
        dn: present.dn.to_string(),
        decided_at: now.as_millisecond(),
    }
}

fn account(header: &Header, change: &Change, accounts: &Accounts) -> Option<AccountRow> {
    // A password is nothing that the register of accounts knows of.
    if matches!(change.kind, ChangeKind::Reissue | ChangeKind::Revoke) {
        return None;
    }
    let join_key = change.subject.join_key.clone()?;
    let profile = change.subject.profile?;
    // What is taken back is as it was, and not as the night would have it.
    if let Some(account) = change.undo.as_deref().and_then(|undo| undo.account.as_deref()) {
        return Some(account.clone());
    }
    let before = accounts.get(&join_key);
    let stage = match change.kind {
        ChangeKind::Absent => Stage::Absent,
        ChangeKind::Suspend => Stage::Suspended,
        ChangeKind::Purge => Stage::Purged,
        _ => Stage::Present,
    };
    // Of somebody who is purged the register keeps the names, which are never given again, and the schools.
    let keeps = stage != Stage::Purged;
    let since = match before {
        Some(before) if before.stage == stage => before.since,
        _ => header.today,
    };
    let leaving = stage != Stage::Present;
    let mut schools: Vec<_> = change.subject.schools.iter().map(|s| s.as_str().into()).collect();
    schools.sort();
    schools.dedup();
    // Who goes up leaves a class of last year behind; so does who repeats, when his school turns.
    let turned = before.is_some_and(|b| {
        change.subject.level.as_ref().is_some_and(|level| b.level.as_ref() != Some(level))
            || b.schools.iter().any(|school| header.years.contains_key(school))
    });
    let former = before.and_then(|b| if turned { b.class.clone() } else { b.former_class.clone() });
    Some(AccountRow {
        former_class: former.filter(|_| keeps),
        dn: change.dn.as_str().to_owned(),
        profile,
        stage,
        since,
        schools,
        // A pupil who has no class for a while keeps the one that he had.
        class: change.subject.class.clone().or_else(|| before.and_then(|b| b.class.clone())).filter(|_| keeps),
        level: change.subject.level.clone().or_else(|| before.and_then(|b| b.level.clone())).filter(|_| keeps),
        expected: leaving && (change.expected || before.is_some_and(|b| b.expected && b.stage != Stage::Present)),
        adopted: change.adopts.is_some() || before.is_some_and(|b| b.adopted),
        written: change.written.or_else(|| before.and_then(|b| b.written)).filter(|_| keeps),
        left: leaving
            .then(|| before.map_or(header.today, |b| if b.stage == Stage::Present { since } else { b.ended(0) })),
        join_key,
    })
}

/// The members that the engine has put in the group after this change, normalised; `None` when it is deleted.
fn members(change: &Change, before: Option<&Vec<String>>) -> Option<Vec<String>> {
    let mut members: BTreeSet<String> = before.into_iter().flatten().cloned().collect();
    match &change.write {
        Write::Delete | Write::Dissolve { .. } => return None,
        Write::Add { attributes, .. } => members.extend(
            attributes
                .iter()
                .filter(|(n, _)| n.eq_ignore_ascii_case("member"))
                .flat_map(|(_, v)| v)
                .filter_map(|v| Dn::parse(v.as_text()?).ok())
                .filter(|dn| !dn.is_empty())
                .map(|dn| dn.normalised().to_owned()),
        ),
        Write::Members { add, remove, kept, .. } => {
            for dn in remove {
                members.remove(dn.normalised());
            }
            members.extend(add.iter().chain(kept).filter(|dn| !dn.is_empty()).map(|dn| dn.normalised().to_owned()));
        }
        _ => {}
    }
    Some(members.into_iter().collect())
}
