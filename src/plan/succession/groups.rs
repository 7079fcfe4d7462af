//! The groups of a structure that goes on under another name: those of the engine follow it, the others stay.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::directory::dialect::{Dialect, Kind, SchoolInNames, Source};
use crate::directory::{AttributeChange, Dn, Entry, Value};
use crate::feed::values::Uai;
use crate::plan::{Change, ChangeKind, Subject, Write};

use super::rewrite::Rewriter;

const MEMBER: &str = "member";

/// What becomes of groups.
#[derive(Debug, Default)]
pub(super) struct Fates<'e> {
    /// To their new names, which are free.
    renamed: BTreeMap<&'e Dn, Dn>,
    /// Into groups that are there.
    merged: BTreeMap<&'e Dn, &'e Entry>,
    /// Names of groups that keep theirs.
    pub kept: Vec<String>,
    /// The school in descriptions, former and present, where that differs.
    described: Option<(String, String)>,
}

/// Decides which group goes where, and tells the rewriter.
pub(super) fn decide<'e>(
    dialect: &Dialect,
    groups: &'e [Entry],
    former: &Uai,
    present: &Uai,
    merge: bool,
    rewriter: &mut Rewriter,
) -> Fates<'e> {
    let mut fates = Fates::default();
    if former == present {
        return fates;
    }
    let by_dn: HashMap<&Dn, &Entry> = groups.iter().map(|g| (&g.dn, g)).collect();
    let from = dialect.school_in_names(former, groups.iter());
    let to = if merge {
        dialect.school_in_names(present, groups.iter())
    } else {
        SchoolInNames { uai: present.clone(), school: from.school.clone() }
    };
    if merge {
        let said = |uai: &Uai| {
            let own: HashSet<String> = [uai.as_str().to_owned()].into();
            let mut managed = groups.iter().filter(|g| dialect.is_managed(g));
            managed
                .find_map(|g| dialect.school_of_group(&g.dn.rdn_value(), &own).and(school_of(description(dialect, g)?)))
        };
        fates.described = said(former).zip(said(present)).filter(|(a, b)| a != b).map(|(a, b)| (a.into(), b.into()));
    }
    let mut taken: HashSet<Dn> = HashSet::new();
    for group in groups {
        let cn = group.dn.rdn_value();
        let Some(other) = dialect.group_renamed(&cn, &from, &to).filter(|other| *other != cn) else { continue };
        if !dialect.is_managed(group) {
            fates.kept.push(cn);
            continue;
        }
        let dn = dialect.group_dn(&other);
        match by_dn.get(&dn) {
            Some(there) if !dialect.is_managed(there) => {
                fates.kept.push(cn);
                continue;
            }
            Some(there) => drop(fates.merged.insert(&group.dn, there)),
            None if taken.insert(dn.clone()) => drop(fates.renamed.insert(&group.dn, dn.clone())),
            None => {
                fates.kept.push(cn);
                continue;
            }
        }
        rewriter.name(&group.dn, &dn);
        rewriter.group(cn, dn.rdn_value());
    }
    fates
}

/// The changes: renamed and rewritten groups, then those that are emptied and go. `put` are the members that the engine
/// has put in its groups.
pub(super) fn changes(
    dialect: &Dialect,
    groups: &[Entry],
    fates: &Fates<'_>,
    rewriter: &Rewriter,
    put: &HashMap<String, Vec<String>>,
    school: &Uai,
) -> (Vec<Change>, Vec<Change>) {
    let mut into: HashMap<&Dn, Vec<&Entry>> = HashMap::new();
    for group in groups {
        if let Some(target) = fates.merged.get(&group.dn) {
            into.entry(&target.dn).or_default().push(group);
        }
    }
    let (mut written, mut emptied) = (Vec::new(), Vec::new());
    for group in groups {
        let subject = || Subject { name: group.dn.rdn_value(), schools: vec![school.clone()], ..Subject::default() };
        if fates.merged.contains_key(&group.dn) {
            let write = Write::Dissolve { members: members(group).collect() };
            emptied.push(Change::new(ChangeKind::GroupDelete, group.dn.clone(), subject(), write));
            continue;
        }
        let mut attributes = rewriter.changes(group, &[]);
        if let Some(to) = fates.renamed.get(&group.dn) {
            attributes.extend(fates.describe(dialect, group));
            let write = Write::Rename { to: to.clone(), attributes };
            written.push(Change::new(ChangeKind::GroupRename, group.dn.clone(), subject(), write));
        } else if let Some(sources) = into.get(&group.dn) {
            let Gained { members: add, empty, by_hand } = gained(dialect, group, sources, put);
            attributes.extend(by_hand);
            if !(add.is_empty() && attributes.is_empty()) {
                let write = Write::Members { add, remove: empty.into_iter().collect(), kept: Vec::new(), attributes };
                written.push(Change::new(ChangeKind::GroupUpdate, group.dn.clone(), subject(), write));
            }
        } else if !attributes.is_empty() {
            written.push(Change::new(ChangeKind::Rewrite, group.dn.clone(), subject(), Write::Modify { attributes }));
        }
    }
    (written, emptied)
}

impl Fates<'_> {
    /// The school's name at the end of the description of a group that another school has now.
    fn describe(&self, dialect: &Dialect, group: &Entry) -> Option<AttributeChange> {
        let (former, present) = self.described.as_ref()?;
        let attribute = dialect.attribute(Kind::Group(0), Source::GroupDescription)?;
        let old = description(dialect, group)?;
        let new = format!("{}({present})", old.strip_suffix(&format!("({former})"))?);
        Some(AttributeChange {
            attribute: attribute.into(),
            old: vec![old.into()],
            new: vec![new.into()],
            unset: false,
        })
    }
}

/// What a group gets from those that are merged into it.
struct Gained {
    /// Members whom the engine had put there, and puts here.
    members: Vec<Dn>,
    /// The place-holder of an empty group, which goes.
    empty: Option<Dn>,
    /// Members whom somebody had put there by hand, and the plain names of all: the engine does not own them here either.
    by_hand: Vec<AttributeChange>,
}

fn gained(dialect: &Dialect, target: &Entry, sources: &[&Entry], put: &HashMap<String, Vec<String>>) -> Gained {
    let mut there: HashSet<Dn> = members(target).collect();
    let (mut engine, mut by_hand) = (Vec::new(), Vec::new());
    for source in sources {
        let own: HashSet<&str> = put.get(&source.dn.rdn_value()).into_iter().flatten().map(String::as_str).collect();
        for member in members(source).filter(|m| there.insert(m.clone())) {
            if own.contains(member.normalised()) { engine.push(member) } else { by_hand.push(member) }
        }
    }
    let placeholder = target.texts(MEMBER).any(|m| m.trim().is_empty());
    let gains = !(engine.is_empty() && by_hand.is_empty());
    let empty = Dn::parse("").ok().filter(|_| placeholder && gains);
    let added = |attribute: &str, new: Vec<Value>| {
        (!new.is_empty()).then(|| AttributeChange {
            attribute: attribute.to_owned(),
            old: Vec::new(),
            new,
            unset: false,
        })
    };
    let mut attributes: Vec<AttributeChange> = Vec::new();
    attributes.extend(added(MEMBER, by_hand.iter().map(|dn| dn.as_str().into()).collect()));
    if let Some(attribute) = dialect.member_uids() {
        let mut there: HashSet<&str> = target.texts(attribute).collect();
        let names = sources.iter().flat_map(|s| s.texts(attribute)).filter(|name| there.insert(name));
        attributes.extend(added(attribute, names.map(Value::from).collect()));
    }
    Gained { members: engine, empty, by_hand: attributes }
}

fn members(group: &Entry) -> impl Iterator<Item = Dn> {
    group.texts(MEMBER).filter_map(|m| Dn::parse(m).ok()).filter(|m| !m.is_empty())
}

fn description<'e>(dialect: &Dialect, group: &'e Entry) -> Option<&'e str> {
    group.first(dialect.attribute(Kind::Group(0), Source::GroupDescription)?)
}

/// `Collège Jean Moulin` of `Classe 5A (Collège Jean Moulin)`. A name may have parentheses of its own.
fn school_of(description: &str) -> Option<&str> {
    let inner = description.strip_suffix(')')?;
    let mut depth = 0_u32;
    for (at, c) in inner.char_indices().rev() {
        match c {
            ')' => depth += 1,
            '(' if depth == 0 => return inner.get(at + 1..),
            '(' => depth -= 1,
            _ => {}
        }
    }
    None
}
