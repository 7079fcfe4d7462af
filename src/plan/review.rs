//! What a reviewer has read: changes by a digest, so that the very same change is recognised when it is proposed again.
//!
//! It is about the reading list alone: what was read is folded, never left out, and nothing follows from it for what a
//! plan does. A change is the same when everything that it says and writes is, down to each value before and after; its
//! number, and the line of the export that it comes from, are not part of that.

use std::collections::HashSet;
use std::path::Path;

use serde::Serialize as _;
use sha2::{Digest as _, Sha256};

use super::file::{PlanFileError, Reader};
use super::render::Filter;
use super::{Change, Line};

/// Of one change, 128 bits of its SHA-256.
pub type ChangeDigest = [u8; 16];

/// Changes that were read.
pub type Seen = HashSet<ChangeDigest>;

/// The digest of a change.
///
/// # Errors
/// When the change cannot be written as JSON, which one that was read from a plan can.
pub fn digest(change: &Change) -> Result<ChangeDigest, serde_json::Error> {
    let same = Change { seq: 0, origin: None, written: None, ..change.clone() };
    let mut json = Vec::new();
    same.serialize(&mut serde_json::Serializer::new(&mut json))?;
    let mut hash = Sha256::new_with_prefix(b"rentree reviewed change 1\n");
    hash.update(&json);
    let mut digest = ChangeDigest::default();
    for (to, from) in digest.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    Ok(digest)
}

/// The digests of the changes of a plan that `filter` lets through; the seal was found right when they are given.
///
/// # Errors
/// When the plan is damaged.
pub fn digests(path: &Path, filter: &Filter) -> Result<Vec<ChangeDigest>, PlanFileError> {
    let mut reader = Reader::open(path)?;
    let mut digests = Vec::new();
    // The header is the first line.
    for (at, line) in (2..).zip(reader.by_ref()) {
        if let Line::Change(change) = line?
            && filter.accepts(&change.subject)
        {
            let unreadable = |e: serde_json::Error| PlanFileError::Malformed {
                path: path.to_owned(),
                line: at,
                reason: e.to_string(),
            };
            digests.push(digest(&change).map_err(unreadable)?);
        }
    }
    reader.finish()?;
    Ok(digests)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ChangeKind;
    use crate::plan::fixtures::{Plan, modify, origin};

    #[test]
    fn the_same_change_has_the_same_digest_and_any_other_has_not() {
        let mut plan = Plan::default();
        let write = || modify(&[("mobile", &["0601020304"], &["0605060708"])]);
        plan.person(ChangeKind::Update, 1, Some("6A"), write());
        let first = plan.changes[0].clone();
        let mut again = first.clone();
        (again.seq, again.origin, again.written) = (99, Some(origin(5)), None);
        assert_eq!(digest(&first).unwrap(), digest(&again).unwrap());

        let mut others = vec![first.clone(); 6];
        others[0].write = modify(&[("mobile", &["0601020304"], &["0605060709"])]);
        others[1].write = modify(&[("mobile", &["0601020305"], &["0605060708"])]);
        others[2].kind = ChangeKind::Move;
        others[3].subject.class = Some("6B".into());
        others[4].note = Some("autre chose".to_owned());
        others[5].drift = true;
        let mut digests: Seen = others.iter().map(|c| digest(c).unwrap()).collect();
        digests.insert(digest(&first).unwrap());
        assert_eq!(digests.len(), 7);
    }

    #[test]
    fn a_part_of_a_plan_is_read_by_the_filter_of_its_rendering() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nuit.plan");
        let mut plan = Plan::default();
        for n in 0..5 {
            let class = if n < 2 { "6A" } else { "6B" };
            plan.person(ChangeKind::Update, n, Some(class), modify(&[("mobile", &[], &["06"])]));
        }
        plan.write(&path);
        let of = |filter: &Filter| digests(&path, filter).unwrap().len();
        assert_eq!(of(&Filter::default()), 5);
        assert_eq!(of(&Filter { class: Some("6a".into()), ..Filter::default() }), 2);
    }
}
