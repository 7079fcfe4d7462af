//! The store is lost or old: what it knew, rebuilt from the directory.
//!
//! The directory knows every account: join key, uid, login, whether it opens, which groups it is in. The plans that are
//! still in their folder know names that were reserved and never came there. The exports say who is named today. What
//! nobody knows any more: since when somebody is absent, what was printed for whom, the trail of before.
//!
//! Everything is worked out first ([`examine`]) and written to the store afterwards ([`restore`]); the directory is not
//! touched.

mod groups;
pub mod mark;
mod register;
mod witness;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use crate::audit::{Kind, Trail};
use crate::config::Mode;
use crate::credentials::{Ended, Outcome, Serial};
use crate::directory::Value;
use crate::naming::fold;
use crate::roster::JoinKey;
use crate::store::{AccountRow, NameRow, Stage, hash_mark};

use super::prepare::{Ground, PlanError};
use super::reading::structures_and_groups;
use super::sources::take_in_all;

pub use witness::OldStore;
pub(super) use witness::Witness;

/// What was found, and what [`restore`] does with it.
#[derive(Debug, Default, Serialize)]
pub struct Recovery {
    /// Accounts of the directory that are this installation's.
    pub accounts: u64,
    /// Those that the register did not know, and those that it knew otherwise.
    pub accounts_new: u64,
    pub accounts_changed: u64,
    /// By stage, as they will be known.
    pub stages: BTreeMap<&'static str, u64>,
    /// Names to reserve: of accounts, and of people whom an older plan names and who have no account.
    pub names_new: u64,
    pub names_of_plans: u64,
    /// Accounts that have other names than the register says: the directory is right.
    pub names_changed: u64,
    /// Series of uids with the number from which they go on.
    pub counters: BTreeMap<String, u64>,
    /// Groups whose members of ours are known again, and members in them that stay somebody else's.
    pub groups: u64,
    pub members: u64,
    pub members_of_others: u64,
    /// Two accounts of one name, or of one join key: for somebody to settle.
    pub conflicts: Vec<String>,
    /// Envelopes whose password the account no longer has.
    pub dead_envelopes: Vec<JoinKey>,
    /// Envelopes of which nobody can tell: issued before this was noted, or checked elsewhere than in the directory.
    pub untold_envelopes: u64,
    /// Accounts without any sealed credential: their first password cannot be printed (again).
    pub without_envelope: u64,
    /// Accounts that no source names.
    pub unnamed: Vec<JoinKey>,
    /// Accounts that the register knows and the directory does not hold any more.
    pub gone: Vec<JoinKey>,
    #[serde(skip)]
    changes: Changes,
}

/// What is written to the store.
#[derive(Debug, Default)]
struct Changes {
    accounts: Vec<AccountRow>,
    groups: Vec<(String, Option<Vec<String>>)>,
    names: Vec<NameRow>,
    renamed: Vec<NameRow>,
    settled: Vec<(Serial, Outcome)>,
}

impl Recovery {
    /// Whether the register knows it all already.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.accounts_new == 0
            && self.accounts_changed == 0
            && self.names_new == 0
            && self.names_changed == 0
            && self.names_of_plans == 0
            && self.dead_envelopes.is_empty()
            && self.changes.groups.is_empty()
            && self.changes.settled.is_empty()
    }
}

/// Works out what the store should know. The exports are taken into their images, as for a plan; nothing else is
/// written.
///
/// # Errors
/// When a source cannot be used, when store or directory fail.
pub async fn examine(ground: &Ground<'_>, trail: &Trail) -> Result<Recovery, PlanError> {
    let intakes = take_in_all(ground, &[], trail).await?;
    ground.progress.begin("roster", None);
    let roster = crate::image::roster(ground.store, ground.config, &intakes, ground.today).await?;
    ground.progress.begin("directory", None);
    let (structures, groups) = structures_and_groups(ground).await?;
    let mut recovery = Recovery::default();
    let there = register::read(ground, &roster, &structures, &mut recovery).await?;
    register::names(ground, &there, &mut recovery).await?;
    groups::members(ground, &roster, &structures, &groups, &there, &mut recovery).await?;
    envelopes(ground, &there, &mut recovery).await?;
    recovery.unnamed = there
        .values()
        .filter(|account| account.row.stage != Stage::Purged)
        .map(|account| &account.row.join_key)
        .filter(|key| roster.persons.binary_search_by(|person| person.key.cmp(key)).is_err())
        .cloned()
        .collect();
    recovery.unnamed.sort();
    recovery.conflicts.sort();
    Ok(recovery)
}

/// An account of the directory.
struct There {
    row: AccountRow,
    uid: Option<crate::naming::Uid>,
    login: Option<crate::naming::Login>,
    /// Marks of its hashes, without the lock.
    hashes: Vec<Vec<u8>>,
}

/// Writes what was worked out to the store.
///
/// # Errors
/// When the store fails. It can be done again.
pub async fn restore(ground: &Ground<'_>, recovery: &mut Recovery, trail: &Trail) -> Result<(), PlanError> {
    let (store, changes) = (ground.store, std::mem::take(&mut recovery.changes));
    let now = ground.now.as_millisecond();
    let folded = |name: &str| fold(name).into();
    let counters: Vec<(String, u64)> = recovery.counters.iter().map(|(series, last)| (series.clone(), *last)).collect();
    // Names first: killed after that, nothing is given twice.
    store.change_names(&changes.renamed, folded, now).await?;
    store.reserve_names(&changes.names, &counters, folded, now).await?;
    store.restore_register(&changes.accounts, &changes.groups).await?;
    store.settle(&changes.settled, ground.now).await?;
    store.end_envelopes(&recovery.dead_envelopes, Ended::Revoked, ground.now).await?;
    for key in &recovery.dead_envelopes {
        trail.record(Kind::CredentialRevoked, Some(key), serde_json::json!({ "dead": true }))?;
    }
    trail.record(Kind::NameReserved, None, serde_json::json!({ "count": changes.names.len(), "recovered": true }))?;
    trail.record(
        Kind::RegisterRecovered,
        None,
        serde_json::json!({
            "accounts": recovery.accounts, "new": recovery.accounts_new, "changed": recovery.accounts_changed,
            "names": recovery.names_new + recovery.names_of_plans, "groups": recovery.groups,
            "dead_envelopes": recovery.dead_envelopes.len(), "unnamed": recovery.unnamed.len(),
            "conflicts": recovery.conflicts.len(), "counters": recovery.counters,
        }),
    )?;
    trail.flush().await?;
    Ok(())
}

/// Which sealed credentials still open their accounts.
async fn envelopes(
    ground: &Ground<'_>,
    there: &HashMap<JoinKey, There>,
    recovery: &mut Recovery,
) -> Result<(), PlanError> {
    let mut sealed: HashSet<JoinKey> = HashSet::new();
    for (key, profile, mark) in ground.store.issued_marks().await? {
        let account = there.get(&key);
        let checked_here = ground.config.credentials.of(profile).mode == Mode::Bind;
        match (account, mark) {
            (None, _) => recovery.dead_envelopes.push(key.clone()),
            // What may not be read proves nothing.
            (Some(account), Some(mark)) if checked_here && !account.hashes.is_empty() => {
                if !account.hashes.contains(&mark) {
                    recovery.dead_envelopes.push(key.clone());
                }
            }
            _ => recovery.untold_envelopes += 1,
        }
        sealed.insert(key);
    }
    for pending in ground.store.pending_envelopes().await? {
        // What an interrupted run may have sent is its settling's to judge.
        if ground.store.interrupted_plan().await?.is_some() || ground.store.exported_plan().await?.is_some() {
            break;
        }
        let key = &pending.label.join_key;
        let mark = hash_mark(pending.hash.expose());
        let lives = there.get(key).is_some_and(|account| account.hashes.contains(&mark));
        recovery.changes.settled.push((pending.label.serial, if lives { Outcome::Live } else { Outcome::Dead }));
        sealed.insert(key.clone());
    }
    recovery.without_envelope = there
        .iter()
        .filter(|(key, account)| {
            !sealed.contains(*key) && ground.config.credentials.of(account.row.profile).mode.issues()
        })
        .count() as u64;
    Ok(())
}

/// Marks of the hashes of an entry, as they were before a lock.
fn hashes(ground: &Ground<'_>, passwords: &[Value]) -> Vec<Vec<u8>> {
    let lock = ground.dialect.lock_method();
    let texts = passwords.iter().filter_map(Value::as_text);
    texts.map(|text| hash_mark(lock.without_lock(text).unwrap_or(text))).collect()
}
