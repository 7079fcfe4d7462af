//! Whether a plan that was written as LDIF is in the directory by now.
//!
//! What is found is taken into the register as if an apply had done it: accounts, members of groups, envelopes, journal,
//! trail. What is not stays exported: its envelopes stay pending, so that no sheet of it can be printed, and the next
//! plan creates it again under the same names, with the same password. A loader that stopped half-way is both.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::audit::{Kind, Trail};
use crate::credentials;
use crate::directory::dialect::{Kind as EntryKind, Source};
use crate::directory::{Dn, Search};
use crate::plan::file::verify;
use crate::plan::{Change, ChangeKind, Ground, Header};
use crate::roster::JoinKey;
use crate::store::{BatchResult, ExportedPlan, JournalRow, Outcome, PlanState};

use super::operations::FirstHash;
use super::record::note;
use super::{Accounts, ApplyError, Scope, closed, pending_schemes, probe, read_batches};

/// Changes whose outcome is noted in one transaction.
const BATCH: usize = 2_048;
const USER_PASSWORD: &str = "userPassword";

/// What became of an export.
#[derive(Debug, Clone, Serialize)]
pub struct Loaded {
    /// The LDIF.
    pub file: String,
    pub exported: Timestamp,
    /// Entries that were found, by this run or an earlier one.
    pub found: u64,
    /// Not in the directory.
    pub missing: u64,
    /// Credentials that can be printed from now on.
    pub credentials: u64,
    /// Withdrawn: the directory holds another password.
    pub withdrawn: u64,
}

/// Asks the directory for the entries of the plan that was exported last, and takes in those that are there. `None` when
/// there is no such plan.
///
/// # Errors
/// When store or directory fail, or when the server turns out not to check the form of passwords that the file holds:
/// then nobody is taken in.
pub async fn loaded(ground: &Ground<'_>, trail: &Trail) -> Result<Option<Loaded>, ApplyError> {
    let Some(export) = ground.store.exported_plan().await? else { return Ok(None) };
    let path = Path::new(&export.plan.file).to_owned();
    if !path.exists() {
        // Without the plan nobody can say what was in the file. Accounts that are there are taken over by their join
        // keys; what was sealed for them goes, because nothing proves it.
        ground.progress.note(&format!("le plan {} n'est plus là : son export est clos", path.display()));
        ground.store.set_plan_state(plan_id(&export)?, PlanState::Applied).await?;
        return Ok(None);
    }
    let verifying = path.clone();
    let (header, seal) = tokio::task::spawn_blocking(move || verify(&verifying))
        .await
        .map_err(|e| ApplyError::Stopped(e.to_string()))??;
    if seal.digest != export.plan.digest {
        return Err(ApplyError::Stale(vec![format!("{} is not the plan that was exported", path.display())]));
    }
    let journal = ground.store.journal(header.plan_id).await?;
    let there = There::read(ground).await?;
    let before = journal.values().filter(|outcome| **outcome == Outcome::Done).count() as u64;
    let mut loaded = Loaded {
        file: export.file.clone(),
        exported: export.at,
        found: before,
        missing: 0,
        credentials: 0,
        withdrawn: 0,
    };
    if there.is_empty() {
        loaded.missing = seal.changes - before.min(seal.changes);
        return Ok(Some(loaded));
    }
    if !export.proved && header.totals.credentials > 0 {
        // Proving writes a probe: not outside of the hours of writing.
        if let Some(stopped) = closed(ground) {
            ground.progress.note(&stopped.text);
            return Ok(None);
        }
        prove(ground).await?;
    }
    let mut taking = Taking {
        ground,
        header: &header,
        there,
        accounts: ground.store.accounts().await?,
        groups: ground.store.group_members().await?,
        trail,
    };
    let mut batches = read_batches(&path, journal, Scope::All, BATCH);
    while let Some(batch) = batches.recv().await {
        let changes = batch?.changes.into_iter().map(|(change, _)| change).collect();
        taking.take_in(changes, &mut loaded).await?;
    }
    if loaded.missing == 0 {
        let years: Vec<_> = header.years.iter().map(|(uai, year)| (uai.clone(), *year)).collect();
        ground.store.set_school_years(&years, header.today).await?;
        ground.store.set_plan_state(header.plan_id, PlanState::Applied).await?;
    }
    Ok(Some(loaded))
}

fn plan_id(export: &ExportedPlan) -> Result<crate::plan::PlanId, ApplyError> {
    let id = export.plan.id.parse().map(crate::plan::PlanId);
    id.map_err(|_| ApplyError::Stopped(format!("the number of the plan {:?} is no UUID", export.plan.id)))
}

/// The proof that could not be had when the branch was not there yet.
async fn prove(ground: &Ground<'_>) -> Result<(), ApplyError> {
    let config = ground.config;
    for scheme in pending_schemes(ground).await? {
        probe::prove(ground.directory, &ground.dialect, &config.credentials, &[scheme]).await?;
    }
    Ok(())
}

/// Sixteen bytes for a name, or for a password: a million of them fit.
type Mark = [u8; 16];

fn mark(parts: &[&[u8]]) -> Mark {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
        digest.update([0]);
    }
    let mut mark = Mark::default();
    mark.copy_from_slice(digest.finalize().split_at(16).0);
    mark
}

/// What the directory holds.
struct There {
    /// Name and join key, with the passwords as far as they may be read.
    people: HashMap<Mark, Vec<Mark>>,
    /// Structures by their names, and the engine's groups.
    others: HashSet<Mark>,
}

impl There {
    async fn read(ground: &Ground<'_>) -> Result<Self, ApplyError> {
        let dialect = &ground.dialect;
        let mut there = Self { people: HashMap::new(), others: HashSet::new() };
        let search = |base: &Dn, filter: String, attributes: Vec<String>| {
            ground.directory.search(Search { base: base.clone(), filter, attributes })
        };
        let key = dialect.attribute(EntryKind::Pupil, Source::JoinKey).unwrap_or_default().to_owned();
        let mut people =
            search(dialect.people_branch(), dialect.person_filter(), vec![key, USER_PASSWORD.into()]).await?;
        while let Some(entry) = people.try_next().await? {
            let passwords: Vec<Mark> = entry.values(USER_PASSWORD).iter().map(|v| mark(&[v.as_bytes()])).collect();
            for key in dialect.join_keys(&entry) {
                let name = mark(&[entry.dn.normalised().as_bytes(), key.as_bytes()]);
                there.people.insert(name, passwords.clone());
            }
        }
        drop(people);
        let everything = || "(objectClass=*)".to_owned();
        let mut structures = search(dialect.structures_branch(), everything(), vec!["objectClass".to_owned()]).await?;
        while let Some(entry) = structures.try_next().await? {
            there.others.insert(mark(&[entry.dn.normalised().as_bytes()]));
        }
        drop(structures);
        let mut groups = search(dialect.groups_branch(), everything(), Vec::new()).await?;
        while let Some(entry) = groups.try_next().await? {
            if dialect.is_managed(&entry) {
                there.others.insert(mark(&[entry.dn.normalised().as_bytes()]));
            }
        }
        Ok(there)
    }

    fn is_empty(&self) -> bool {
        self.people.is_empty() && self.others.is_empty()
    }

    /// The passwords of the entry that a creation made; `None` when it is not there.
    fn passwords(&self, change: &Change) -> Option<&[Mark]> {
        let dn = change.dn.normalised().as_bytes();
        match (&change.subject.join_key, change.kind) {
            (Some(key), ChangeKind::Create) => {
                self.people.get(&mark(&[dn, key.as_str().as_bytes()])).map(Vec::as_slice)
            }
            _ => self.others.contains(&mark(&[dn])).then_some(&[]),
        }
    }
}

/// Takes in what was found, batch by batch.
struct Taking<'a, 'g> {
    ground: &'a Ground<'g>,
    header: &'a Header,
    there: There,
    accounts: Accounts,
    groups: HashMap<String, Vec<String>>,
    trail: &'a Trail,
}

impl Taking<'_, '_> {
    async fn take_in(&mut self, changes: Vec<Change>, loaded: &mut Loaded) -> Result<(), ApplyError> {
        let keys: Vec<JoinKey> = changes.iter().filter_map(|change| change.subject.join_key.clone()).collect();
        let pending = self.ground.store.pending_of(&keys).await?;
        let mut result = BatchResult::default();
        for change in &changes {
            let Some(passwords) = self.there.passwords(change) else {
                loaded.missing += 1;
                continue;
            };
            loaded.found += 1;
            let about = (self.header, self.ground.dialect.relation());
            note(self.ground.now, about, change, &mut self.accounts, &mut self.groups, &mut result);
            if let Some((serial, hash)) = change.subject.join_key.as_ref().and_then(|key| pending.get(key)) {
                let first = FirstHash::of(&self.ground.config.credentials, change, Some(hash));
                let written = self.ground.dialect.lock_method().first_password(first.for_bind());
                // Passwords that may not be read prove nothing against it, and what a portal checks is not there.
                let live = passwords.is_empty()
                    || first.for_bind().is_none()
                    || written.is_some_and(|written| passwords.contains(&mark(&[written.as_bytes()])));
                loaded.credentials += u64::from(live);
                loaded.withdrawn += u64::from(!live);
                let outcome = if live { credentials::Outcome::Live } else { credentials::Outcome::Dead };
                result.envelopes.settled.push((*serial, outcome));
            }
            self.trail.record(
                Kind::ChangeApplied,
                change.subject.join_key.as_ref(),
                serde_json::json!({
                    "plan": self.header.plan_id, "seq": change.seq, "kind": change.kind, "outcome": Outcome::Done,
                    "loaded": true,
                }),
            )?;
            result.journal.push(JournalRow { seq: change.seq, outcome: Outcome::Done, detail: None });
        }
        let told = self.trail.take().await?;
        self.ground.store.settle_batch(self.header.plan_id, &result, told.events(), self.ground.now).await?;
        told.arrived();
        Ok(())
    }
}
