//! The members of a group, by difference.

use std::collections::{BTreeSet, HashSet};

use crate::directory::{Dn, Entry};

/// What is done to the members of a group. An empty DN stands for the place-holder of `groupOfNames`, which has to
/// have a `member` at all times: an empty group keeps one with an empty DN.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberChanges {
    pub add: Vec<Dn>,
    /// Written as the directory has them.
    pub remove: Vec<Dn>,
}

impl MemberChanges {
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}

/// How the members of `actual` have to change so that every wanted one is in it.
///
/// Only those that the engine itself put there are ever removed: whoever was added by hand stays, and so does a member
/// that this program cannot even read. DNs compare normalised. The place-holder goes when the first real member comes
/// and comes back when the last one goes.
#[must_use]
#[expect(clippy::implicit_hasher, reason = "the register keeps them in a plain set")]
pub fn member_changes(wanted: &BTreeSet<Dn>, actual: &Entry, put_by_engine: &HashSet<Dn>) -> MemberChanges {
    let mut there: HashSet<Dn> = HashSet::new();
    let mut remove = Vec::new();
    let mut place_holder = None;
    let mut staying = 0_usize;
    for value in actual.values("member") {
        let Some(dn) = value.as_text().and_then(|t| Dn::parse(t).ok()) else {
            staying += 1;
            continue;
        };
        if dn.is_empty() {
            place_holder = Some(dn);
        } else if there.insert(dn.clone()) {
            if !wanted.contains(&dn) && put_by_engine.contains(&dn) {
                remove.push(dn);
            } else {
                staying += 1;
            }
        }
    }
    let mut add: Vec<Dn> = wanted.iter().filter(|dn| !dn.is_empty() && !there.contains(dn)).cloned().collect();
    let will_be_empty = staying == 0 && add.is_empty();
    match place_holder {
        Some(dn) if !will_be_empty => remove.push(dn),
        None if will_be_empty => add.extend(Dn::parse("").ok()),
        _ => {}
    }
    remove.sort();
    MemberChanges { add, remove }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap()
    }

    fn group(members: &[&str]) -> Entry {
        let mut entry = Entry::new(dn("cn=g,ou=groups,dc=fr"));
        entry.push("member", members.iter().copied());
        entry
    }

    fn changes(wanted: &[&str], members: &[&str], put: &[&str]) -> (Vec<String>, Vec<String>) {
        let wanted = wanted.iter().map(|d| dn(d)).collect();
        let put = put.iter().map(|d| dn(d)).collect();
        let c = member_changes(&wanted, &group(members), &put);
        let texts = |v: Vec<Dn>| v.into_iter().map(String::from).collect();
        (texts(c.add), texts(c.remove))
    }

    const A: &str = "uid=a,dc=fr";
    const B: &str = "uid=b,dc=fr";
    const M: &str = "uid=manual,dc=fr";

    #[test]
    fn members_come_and_go_and_manual_ones_stay() {
        let none: (Vec<String>, Vec<String>) = (vec![], vec![]);
        assert_eq!(changes(&[A], &["UID=A, dc=FR"], &[A]), none);
        assert_eq!(changes(&[A], &[A, M], &[A]), none);
        assert_eq!(changes(&[A, B], &[A, M], &[A]), (vec![B.into()], vec![]));
        assert_eq!(changes(&[A], &[A, "UID=B,dc=fr", M], &[A, B]), (vec![], vec!["UID=B,dc=fr".into()]));
        // Somebody added by hand who then arrives by the feed, and leaves: the hand that put him was not ours.
        assert_eq!(changes(&[], &[M], &[]), none);
    }

    #[test]
    fn an_empty_group_keeps_a_member_without_name() {
        let none: (Vec<String>, Vec<String>) = (vec![], vec![]);
        assert_eq!(changes(&[], &[""], &[]), none);
        assert_eq!(changes(&[A], &[""], &[]), (vec![A.into()], vec![String::new()]));
        assert_eq!(changes(&[], &[A], &[A]), (vec![String::new()], vec![A.into()]));
        assert_eq!(changes(&[], &[], &[]), (vec![String::new()], vec![]));
        assert_eq!(changes(&[], &["", M], &[]), (vec![], vec![String::new()]));
        assert_eq!(changes(&[], &[A, "not a name"], &[A]), (vec![], vec![A.into()]));
    }

    proptest! {
        #[test]
        fn after_the_changes_nothing_is_left_to_do(
            wanted in prop::collection::btree_set("[a-e]", 0..5),
            there in prop::collection::btree_set("[A-H]?", 0..6),
            put in prop::collection::btree_set("[a-h]", 0..8),
        ) {
            let name = |n: &String| if n.is_empty() { dn("") } else { dn(&format!("uid={n},dc=fr")) };
            let wanted: BTreeSet<Dn> = wanted.iter().map(name).collect();
            let mut put: HashSet<Dn> = put.iter().map(name).collect();
            let there: Vec<Dn> = there.iter().map(name).collect();
            let mut entry = Entry::new(dn("cn=g,dc=fr"));
            entry.push("member", there.iter().map(Dn::as_str));
            let c = member_changes(&wanted, &entry, &put);
            let mut after: Vec<Dn> = there.iter().filter(|d| !c.remove.contains(d)).cloned().collect();
            for d in &c.add {
                prop_assert!(!after.contains(d));
            }
            after.extend(c.add.iter().cloned());
            prop_assert!(!after.is_empty());
            prop_assert!(wanted.iter().all(|w| after.contains(w)));
            prop_assert!(there.iter().all(|d| d.is_empty() || put.contains(d) || after.contains(d)));
            prop_assert_eq!(after.iter().any(Dn::is_empty), after.len() == 1 && after[0].is_empty());
            put.extend(wanted.iter().cloned());
            let mut entry = Entry::new(dn("cn=g,dc=fr"));
            entry.push("member", after.iter().map(Dn::as_str));
            prop_assert!(member_changes(&wanted, &entry, &put).is_empty());
        }
    }
}
