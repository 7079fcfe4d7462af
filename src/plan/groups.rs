//! The managed groups: created, brought up to date by difference, deleted when their class is gone.
//!
//! Only members that the engine itself put are ever removed; manual members and manual groups stay. A group keeps the
//! accounts that are absent but still usable.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rayon::prelude::*;

use crate::directory::dialect::{Dialect, MemberChanges, WantedGroup, member_changes};
use crate::directory::{Dn, Entry};
use crate::feed::values::Uai;
use crate::roster::Roster;

use super::{Change, ChangeKind, ObjectTotals, Subject, Write};

/// What is known beside the wanted groups.
pub struct GroupDiff<'a> {
    pub roster: &'a Roster,
    pub dialect: &'a Dialect,
    /// Normalised DNs that the engine put, by cn.
    pub put_by_engine: &'a HashMap<String, Vec<String>>,
    /// Absent accounts, and accounts whose departure is held: their memberships stay.
    pub keep: &'a HashSet<Dn>,
    /// UAI of the schools that this run may delete groups of: those delivered completely.
    pub deletable: &'a HashSet<String>,
    /// The accounts of the roster, when groups of others under our names are taken over.
    pub adopt: Option<&'a HashSet<&'a Dn>>,
}

/// A wanted group with its members' DNs.
pub struct WantedMembers {
    pub group: WantedGroup,
    pub members: BTreeSet<Dn>,
}

impl GroupDiff<'_> {
    /// Compares the wanted groups with the entries of the groups branch.
    pub fn compare(&self, wanted: Vec<WantedMembers>, actual: &[Entry], totals: &mut ObjectTotals) -> Vec<Change> {
        let mut by_dn: BTreeMap<&Dn, &Entry> = actual.iter().map(|e| (&e.dn, e)).collect();
        let pairs: Vec<(WantedMembers, Option<&Entry>)> = wanted
            .into_iter()
            .map(|wanted| {
                let entry = by_dn.remove(&wanted.group.wanted.dn);
                (wanted, entry)
            })
            .collect();
        let compared: Vec<Option<Change>> = pairs
            .into_par_iter()
            .map(|(wanted, entry)| match entry {
                Some(entry) => self.update(wanted, entry),
                None => Some(self.create(wanted)),
            })
            .collect();
        let mut changes = Vec::new();
        for change in compared {
            match change.as_ref().map(|change| change.kind) {
                None => totals.unchanged += 1,
                Some(ChangeKind::GroupCreate) => totals.created += 1,
                Some(_) => totals.updated += 1,
            }
            changes.extend(change);
        }
        for (dn, entry) in by_dn {
            changes.extend(self.superfluous(dn, entry, totals));
        }
        changes
    }

    fn create(&self, WantedMembers { group, members }: WantedMembers) -> Change {
        let entry = self.dialect.group_entry(&group, &members);
        let write = Write::Add { attributes: entry.attributes, credential: false };
        Change::new(ChangeKind::GroupCreate, entry.dn, self.subject(&group), write)
    }

    /// Nothing when the group is as it should be, or somebody's own.
    fn update(&self, WantedMembers { group, members }: WantedMembers, entry: &Entry) -> Option<Change> {
        let managed = self.dialect.is_managed(entry);
        let differences = self.dialect.differences(&group.wanted, entry);
        if !managed && (self.adopt.is_none() || differences.is_err()) {
            // Somebody's own group of that name: left alone, the members too.
            return None;
        }
        let (put, kept) = match self.adopt.filter(|_| !managed) {
            Some(ours) => self.taken_over(entry, ours, &members),
            None => (self.put(&group.cn), Vec::new()),
        };
        let MemberChanges { add, remove } = member_changes(&members, entry, &put);
        // A group has one structural class; another one's entry of that name is left as it is.
        let mut attributes = differences.unwrap_or_default();
        attributes.extend(self.dialect.member_uid_changes(&members, entry, &put));
        if add.is_empty() && remove.is_empty() && attributes.is_empty() {
            return None;
        }
        let write = Write::Members { add, remove, kept, attributes };
        let mut update = Change::new(ChangeKind::GroupUpdate, entry.dn.clone(), self.subject(&group), write);
        update.note = (!managed).then(|| "groupe déjà présent, repris".to_owned());
        Some(update)
    }

    /// Of a group of somebody else's: the members who are people of the exports, and of them those who stay.
    fn taken_over(&self, entry: &Entry, ours: &HashSet<&Dn>, wanted: &BTreeSet<Dn>) -> (HashSet<Dn>, Vec<Dn>) {
        let there = entry.texts("member").filter_map(|m| Dn::parse(m).ok());
        let put: HashSet<Dn> = there.filter(|dn| ours.contains(dn) && !self.keep.contains(dn)).collect();
        let mut kept: Vec<Dn> = put.intersection(&wanted.iter().cloned().collect()).cloned().collect();
        kept.sort();
        (put, kept)
    }

    /// A managed group that nothing wants any more.
    fn superfluous(&self, dn: &Dn, entry: &Entry, totals: &mut ObjectTotals) -> Option<Change> {
        if !self.dialect.is_managed(entry) {
            return None;
        }
        let cn = dn.rdn_value();
        let uai = self.dialect.school_of_group(&cn, self.deletable)?;
        let put = self.put(&cn);
        let members: Vec<Dn> =
            entry.texts("member").filter_map(|m| Dn::parse(m).ok()).filter(|m| !m.is_empty()).collect();
        let (ours, others): (Vec<Dn>, Vec<Dn>) = members.into_iter().partition(|m| put.contains(m));
        let subject =
            Subject { name: cn.clone(), schools: Uai::parse(uai).into_iter().collect(), ..Subject::default() };
        if others.is_empty() {
            totals.deleted += 1;
            return Some(Change::new(ChangeKind::GroupDelete, dn.clone(), subject, Write::Delete));
        }
        if ours.is_empty() {
            return None;
        }
        totals.updated += 1;
        let attributes = self.dialect.member_uid_changes(&BTreeSet::new(), entry, &put).into_iter().collect();
        let write = Write::Members { add: Vec::new(), remove: ours, kept: Vec::new(), attributes };
        Some(Change::new(ChangeKind::GroupUpdate, dn.clone(), subject, write))
    }

    fn put(&self, cn: &str) -> HashSet<Dn> {
        let put = self.put_by_engine.get(cn).into_iter().flatten().filter_map(|m| Dn::parse(m).ok());
        put.filter(|dn| !self.keep.contains(dn)).collect()
    }

    fn subject(&self, group: &WantedGroup) -> Subject {
        let uai = self.roster.structure(group.structure).map(|s| s.uai.clone());
        Subject { name: group.cn.clone(), schools: uai.into_iter().collect(), ..Subject::default() }
    }
}
