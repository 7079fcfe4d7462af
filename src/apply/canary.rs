//! The schools that go first: their part of a plan is carried out and read back before that of all others.
//!
//! When what was read is not what the plan says (a server that rewrites values, an overlay, rights that let less through
//! than they say), nothing is written anywhere else, and the plan stays open with the reason.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::audit::Trail;
use crate::directory::Entry;
use crate::directory::dialect::Dialect;
use crate::feed::values::Uai;
use crate::plan::file::{PlanFileError, Reader, verify};
use crate::plan::{Change, ChangeKind, Ground, Line, Write};
use crate::store::Outcome;

use super::applied::{Applied, Stop, Stopped};
use super::seen::{Seen, seen};
use super::{ApplyError, Scope, apply, apply_scope, is_of};

/// Reads in flight.
const READS: usize = 16;
/// Differences named in the reason.
const NAMED: usize = 3;

/// Carries out a plan as [`apply`] does; the changes of `rollout.canary` first, and the others only if those are found
/// in the directory as planned.
///
/// # Errors
/// As [`apply`].
pub async fn apply_in_turn(ground: &Ground<'_>, path: &Path, trail: &Trail) -> Result<Applied, ApplyError> {
    let canary: HashSet<Uai> = ground.config.rollout.canary.iter().filter_map(|uai| Uai::parse(uai)).collect();
    let schools = Arc::new(canary);
    let (first, others) = if schools.is_empty() { (Vec::new(), 0) } else { split(path, &schools).await? };
    if first.is_empty() || others == 0 {
        return apply(ground, path, trail).await;
    }
    let mut applied = apply_scope(ground, path, Scope::Schools(Arc::clone(&schools)), trail).await?;
    if applied.stopped.is_some() || applied.unknown > 0 {
        applied.not_done += others;
        return Ok(applied);
    }
    let mut different: Vec<String> =
        applied.failed.iter().map(|left| format!("{} : {}", left.dn, left.reason)).collect();
    different.extend(read_back(ground, path, first).await?);
    if different.is_empty() {
        let mut rest = apply(ground, path, trail).await?;
        rest.already = rest.already.saturating_sub(applied.done);
        applied.absorb(rest);
        return Ok(applied);
    }
    let more = different.len().saturating_sub(NAMED);
    let named = different.get(..NAMED).unwrap_or(&different).join(" ; ");
    let more = if more > 0 { format!(" ; … et {more} autre(s)") } else { String::new() };
    let text = format!("les établissements témoins (rollout.canary) ne sont pas comme prévu : {named}{more}");
    applied.not_done += others;
    applied.stopped = Some(Stopped::new(Stop::Canary, text));
    Ok(applied)
}

/// The changes of these schools, and how many there are of others.
async fn split(path: &Path, schools: &Arc<HashSet<Uai>>) -> Result<(Vec<Change>, u64), ApplyError> {
    let (path, schools) = (path.to_owned(), Arc::clone(schools));
    let work = move || {
        let (mut first, mut others) = (Vec::new(), 0);
        for line in Reader::open(&path)? {
            if let Line::Change(change) = line? {
                if is_of(&change, &schools) { first.push(*change) } else { others += 1 }
            }
        }
        Ok::<_, PlanFileError>((first, others))
    };
    Ok(tokio::task::spawn_blocking(work).await.map_err(|e| ApplyError::Stopped(e.to_string()))??)
}

/// What of these changes is not in the directory as it was carried out, in words without values.
async fn read_back(ground: &Ground<'_>, path: &Path, changes: Vec<Change>) -> Result<Vec<String>, ApplyError> {
    let path = path.to_owned();
    let (header, _) =
        tokio::task::spawn_blocking(move || verify(&path)).await.map_err(|e| ApplyError::Stopped(e.to_string()))??;
    let journal = ground.store.journal(header.plan_id).await?;
    let done = changes.into_iter().filter(|change| journal.get(&change.seq) == Some(&Outcome::Done));
    let lock = ground.dialect.lock_method().attribute();
    let mut found: Vec<(u64, Option<String>)> = stream::iter(done)
        .map(|change| async move {
            let dn = match &change.write {
                Write::Rename { to, .. } => to,
                _ => &change.dn,
            };
            let entry = ground.directory.read_with(dn, &[lock]).await?;
            Ok::<_, ApplyError>((change.seq, difference(&ground.dialect, &change, entry.as_ref())))
        })
        .buffer_unordered(READS)
        .try_collect()
        .await?;
    found.sort();
    Ok(found.into_iter().filter_map(|(_, difference)| difference).collect())
}

/// How an entry differs from what a change that was carried out left; `None` when it does not.
fn difference(dialect: &Dialect, change: &Change, entry: Option<&Entry>) -> Option<String> {
    if let (Write::Add { attributes, .. }, Some(entry), ChangeKind::Create) = (&change.write, entry, change.kind) {
        let lacks = |(name, values): &&(String, Vec<_>)| values.iter().any(|v| !entry.values(name).contains(v));
        return attributes.iter().find(lacks).map(|(name, _)| format!("{} : {name} n'est pas comme écrit", change.dn));
    }
    match seen(dialect, change, entry, true, None) {
        Seen::Done => None,
        Seen::Moved(reason) => Some(format!("{} : {reason}", change.dn)),
        Seen::AsPlanned | Seen::Partly(_) => Some(format!("{} : le changement n'y est pas", change.dn)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixtures::{Plan, add, modify};

    fn dialect() -> Dialect {
        Dialect::load(&toml::from_str("kind = \"embedded\"\nsuffix = \"dc=fr\"\n").unwrap()).unwrap()
    }

    #[test]
    fn what_was_written_is_there_or_is_told() {
        let mut plan = Plan::default();
        let created = plan.person(ChangeKind::Create, 1, None, add(1)).clone();
        let updated = plan.person(ChangeKind::Update, 2, None, modify(&[("sn", &["A"], &["B"])])).clone();
        let of = |change: &Change, attributes: &[(&str, &str)]| {
            let mut entry = Entry::new(change.dn.clone());
            for (name, value) in attributes {
                entry.push(name, [*value]);
            }
            entry
        };
        let dialect = dialect();
        let Write::Add { attributes, .. } = &created.write else { unreachable!() };
        let mut whole = Entry { dn: created.dn.clone(), attributes: attributes.clone() };
        whole.push("userPassword", ["{SSHA}x"]);
        assert_eq!(difference(&dialect, &created, Some(&whole)), None);
        whole.attributes.retain(|(name, _)| name != "cn");
        assert!(difference(&dialect, &created, Some(&whole)).unwrap().contains("cn"));
        assert!(difference(&dialect, &created, None).is_some(), "gone");
        assert_eq!(difference(&dialect, &updated, Some(&of(&updated, &[("sn", "B")]))), None);
        assert!(difference(&dialect, &updated, Some(&of(&updated, &[("sn", "A")]))).is_some());
        assert!(difference(&dialect, &updated, Some(&of(&updated, &[("sn", "b!")]))).is_some());
    }
}
