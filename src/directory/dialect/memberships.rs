//! Memberships written twice more: on the people (`isMemberOf`) and as plain names on the group (`hasMember`).
//!
//! The rule is that of `member`: a value is taken away only where the engine itself put the person into that group;
//! whatever names another group, or a person added by hand, stays. The engine knows what it put by its register: where
//! a group lost somebody whose own entry could not be written in the same run, the name left on that entry is no longer
//! known as the engine's, and stays until somebody takes it off.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::matching::fold;
use super::shape::Kind;
use super::source::Source;
use super::{Context, Dialect};
use crate::directory::{AttributeChange, Dn, Entry, Value};
use crate::roster::PersonId;

/// Normalised DNs that the engine put in its groups, by cn.
pub type PutByEngine = HashMap<String, Vec<String>>;

/// Who is in which group of the roster.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    names: Vec<String>,
    /// Person and number of the name, sorted.
    pairs: Vec<(PersonId, u32)>,
}

impl Memberships {
    pub(super) fn of(&self, person: PersonId) -> impl Iterator<Item = &str> {
        let start = self.pairs.partition_point(|(id, _)| *id < person);
        let pairs = self.pairs.get(start..).unwrap_or_default();
        let own = pairs.iter().take_while(move |(id, _)| *id == person);
        own.filter_map(|(_, name)| self.names.get(*name as usize)).map(String::as_str)
    }
}

impl Context<'_> {
    /// Works out who is in which group, for a dialect that writes it on the people. `foreign` are groups of the
    /// directory that are not the engine's: nobody is said to be in them.
    pub fn join_groups(&mut self, dialect: &Dialect, foreign: &HashSet<Dn>) {
        if dialect.member_of().is_none() {
            return;
        }
        let mut memberships = Memberships::default();
        // The findings about names are those of `Dialect::groups`.
        dialect.each_group(self, &mut Vec::new(), |_, _, group| {
            if foreign.contains(&dialect.groups_branch().child(&dialect.group_rdn, &group.cn)) {
                return;
            }
            let number = memberships.names.len() as u32;
            memberships.names.push(group.cn);
            memberships.pairs.extend(group.members.into_iter().map(|id| (id, number)));
        });
        memberships.pairs.sort_unstable();
        self.memberships = memberships;
    }
}

impl Dialect {
    /// The attribute of people that names their groups, when one does.
    #[must_use]
    pub fn member_of(&self) -> Option<&str> {
        [Kind::Pupil, Kind::Relative, Kind::Staff].into_iter().find_map(|kind| self.attribute(kind, Source::MemberOf))
    }

    /// The attribute of groups that names their members, beside `member`, when one does.
    #[must_use]
    pub fn member_uids(&self) -> Option<&str> {
        self.attribute(Kind::Group(0), Source::MemberUids)
    }

    /// What takes somebody's groups off his entry, as far as the engine put him there.
    #[must_use]
    pub fn leave_groups(&self, entry: &Entry, put: &PutByEngine) -> Vec<AttributeChange> {
        let Some(attribute) = self.member_of() else { return Vec::new() };
        let old: Vec<Value> = entry.values(attribute).iter().filter(|v| is_put(v, &entry.dn, put)).cloned().collect();
        if old.is_empty() {
            return Vec::new();
        }
        vec![AttributeChange { attribute: attribute.to_owned(), old, new: Vec::new(), unset: false }]
    }

    /// How the plain names of a group's members have to change, beside [`member_changes`](super::member_changes) with
    /// the same arguments.
    #[must_use]
    pub fn member_uid_changes(
        &self,
        wanted: &BTreeSet<Dn>,
        actual: &Entry,
        put_by_engine: &HashSet<Dn>,
    ) -> Option<AttributeChange> {
        let attribute = self.member_uids()?;
        let names = |dns: &mut dyn Iterator<Item = &Dn>| -> HashSet<String> {
            dns.filter(|dn| !dn.is_empty()).map(|dn| fold(&dn.rdn_value())).collect()
        };
        let (due, put) = (names(&mut wanted.iter()), names(&mut put_by_engine.iter()));
        let there: HashSet<String> = actual.texts(attribute).map(fold).collect();
        let gone = |v: &&Value| v.as_text().is_some_and(|t| put.contains(&fold(t)) && !due.contains(&fold(t)));
        let old: Vec<Value> = actual.values(attribute).iter().filter(gone).cloned().collect();
        let missing = wanted.iter().filter(|dn| !dn.is_empty()).map(Dn::rdn_value);
        let new: Vec<Value> = missing.filter(|name| !there.contains(&fold(name))).map(Value::from).collect();
        let unset = actual.values(attribute).is_empty();
        let changes = !(old.is_empty() && new.is_empty());
        changes.then(|| AttributeChange { attribute: attribute.to_owned(), old, new, unset })
    }
}

/// Whether the engine put the person into the group that a value names.
pub(super) fn is_put(value: &Value, person: &Dn, put: &PutByEngine) -> bool {
    let members = value.as_text().and_then(|cn| put.get(cn.trim()));
    members.is_some_and(|members| members.iter().any(|dn| dn == person.normalised()))
}
