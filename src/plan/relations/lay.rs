//! What each account of a linked group says: one of them is the principal one, the others point to it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::directory::Dn;
use crate::directory::dialect::LinkedTo;
use crate::roster::{JoinKey, Profile};
use crate::store::{AccountRow, Stage};

/// What each account says, from the pairs that are linked and have both an account. The first of a group in the order
/// that `rank` gives is the principal one; whoever is said to be somebody else than that one is not linked to it.
pub(super) fn lay<R: Ord>(
    edges: &[(JoinKey, JoinKey)],
    accounts: &HashMap<JoinKey, AccountRow>,
    rank: impl Fn(&JoinKey, Profile) -> R,
    apart: impl Fn(&JoinKey, &JoinKey) -> bool,
) -> HashMap<String, LinkedTo> {
    let mut due: HashMap<String, LinkedTo> = HashMap::new();
    let live = |key: &JoinKey| accounts.get(key).filter(|account| account.stage != Stage::Purged);
    let edges: Vec<(&JoinKey, &JoinKey)> =
        edges.iter().map(|(a, b)| (a, b)).filter(|(a, b)| live(a).is_some() && live(b).is_some()).collect();
    for group in groups(&edges) {
        let mut members: Vec<(&JoinKey, &AccountRow)> =
            group.into_iter().filter_map(|key| Some((key, live(key)?))).collect();
        members.sort_by_cached_key(|(key, account)| rank(key, account.profile));
        let Some(((first, principal), rest)) = members.split_first() else { continue };
        let Ok(top) = Dn::parse(&principal.dn) else { continue };
        for (_, account) in rest.iter().filter(|(key, _)| !apart(first, key)) {
            let Ok(dn) = Dn::parse(&account.dn) else {
                tracing::warn!("an account without a DN cannot be linked");
                continue;
            };
            due.entry(dn.normalised().to_owned()).or_default().principal = Some(top.clone());
            due.entry(top.normalised().to_owned()).or_default().secondaries.push(dn);
        }
    }
    due
}

/// Everybody who is linked, over whatever others.
fn groups<'k>(edges: &[(&'k JoinKey, &'k JoinKey)]) -> Vec<BTreeSet<&'k JoinKey>> {
    let mut beside: BTreeMap<&JoinKey, Vec<&JoinKey>> = BTreeMap::new();
    for (a, b) in edges {
        beside.entry(a).or_default().push(b);
        beside.entry(b).or_default().push(a);
    }
    let (mut seen, mut groups) = (HashSet::new(), Vec::new());
    for start in beside.keys() {
        let (mut group, mut next) = (BTreeSet::new(), vec![*start]);
        while let Some(key) = next.pop() {
            if seen.insert(key) {
                group.insert(key);
                next.extend(beside.get(key).into_iter().flatten());
            }
        }
        if !group.is_empty() {
            groups.push(group);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn key(name: &str) -> JoinKey {
        JoinKey::new("A", name)
    }

    fn accounts(all: &[(&str, Profile, Stage)]) -> HashMap<JoinKey, AccountRow> {
        let account = |(name, profile, stage): &(&str, Profile, Stage)| AccountRow {
            join_key: key(name),
            dn: format!("uid={name},ou=people"),
            profile: *profile,
            stage: *stage,
            since: date(2026, 9, 1),
            schools: Vec::new(),
            class: None,
            level: None,
            expected: false,
            adopted: false,
            written: None,
            left: None,
            former_class: None,
        };
        all.iter().map(|row| (key(row.0), account(row))).collect()
    }

    /// Who points to whom, and who is pointed to.
    fn laid(edges: &[(&str, &str)], accounts: &HashMap<JoinKey, AccountRow>, apart: &[(&str, &str)]) -> Vec<String> {
        let edges: Vec<_> = edges.iter().map(|(a, b)| (key(a), key(b))).collect();
        let apart = |a: &JoinKey, b: &JoinKey| apart.iter().any(|(x, y)| (key(x), key(y)) == (a.clone(), b.clone()));
        let rank = |key: &JoinKey, profile: Profile| (profile == Profile::Relative, key.clone());
        let due = lay(&edges, accounts, rank, apart);
        let name = |dn: &str| dn.split(['=', ',']).nth(1).unwrap_or_default().to_owned();
        let mut told: Vec<String> = due
            .iter()
            .map(|(holder, to)| {
                let secondaries: Vec<String> = to.secondaries.iter().map(|dn| name(dn.as_str())).collect();
                let principal = to.principal.as_ref().map(|dn| name(dn.as_str())).unwrap_or_default();
                format!("{}>{principal}<{}", name(holder), secondaries.join("+"))
            })
            .collect();
        told.sort();
        told
    }

    #[test]
    fn one_is_the_principal_of_all() {
        use Profile::{Relative, Staff, Teacher};
        let here = accounts(&[
            ("p", Relative, Stage::Present),
            ("q", Relative, Stage::Absent),
            ("t", Teacher, Stage::Suspended),
            ("s", Staff, Stage::Purged),
        ]);
        assert_eq!(laid(&[("p", "t")], &here, &[]), ["p>t<", "t><p"]);
        // A chain of answers is no chain of links.
        assert_eq!(laid(&[("q", "p"), ("p", "t")], &here, &[]), ["p>t<", "q>t<", "t><p+q"]);
        // Nobody is linked to an account that is not there, nor to somebody whom he is said not to be.
        assert!(laid(&[("p", "s"), ("p", "nobody")], &here, &[]).is_empty());
        assert_eq!(laid(&[("q", "p"), ("p", "t")], &here, &[("t", "q")]), ["p>t<", "t><p"]);
    }
}
