//! One batch of changes: what is intended, the writes, the outcomes.

use std::collections::HashMap;

use futures_util::{StreamExt as _, stream};

use crate::audit::Trail;
use crate::credentials::{self, Issued, Issuer, NewCredential, Serial};
use crate::directory::{DirectoryError, Entry, Operation, Pace};
use crate::plan::{Change, ChangeKind, Ground, Header, Write};
use crate::roster::JoinKey;
use crate::store::{BatchResult, JournalRow, Outcome};

use super::operations::{carried_out, needs_entry, operations, remaining};
use super::record::note;
use super::{Accounts, Applied, ApplyError, Batch, Left, binds, event_kind};

/// Reads in flight when entries have to be looked at.
const READS: usize = 16;

/// Carries out batches one after the other.
pub(super) struct Executor<'a, 'g> {
    pub ground: &'a Ground<'g>,
    pub header: &'a Header,
    pub accounts: Accounts,
    pub group_members: HashMap<String, Vec<String>>,
    pub pace: Pace,
    pub trail: &'a Trail,
    /// What interrupted runs sealed and may have sent: the same hash goes again.
    pub pending: HashMap<JoinKey, (Serial, String)>,
}

/// A batch with the credentials of its new accounts.
pub(super) struct Ready {
    changes: Vec<(Change, Option<Outcome>)>,
    issued: Vec<Issued>,
    pub skipped: u64,
}

impl Ready {
    pub fn size(&self) -> u64 {
        self.changes.len() as u64 + self.skipped
    }
}

/// Draws, hashes and seals for a batch; runs while the batch before it is written.
pub(super) async fn make_ready(
    ground: &Ground<'_>,
    header: &Header,
    issuer: Option<&Issuer>,
    pending: &HashMap<JoinKey, (Serial, String)>,
    batch: Batch,
) -> Result<Ready, ApplyError> {
    let new: Vec<NewCredential> = batch
        .changes
        .iter()
        .filter(|(change, _)| matches!(change.write, Write::Add { credential: true, .. }) && binds(ground, change))
        .filter_map(|(change, _)| {
            let subject = &change.subject;
            let join_key = subject.join_key.clone().filter(|key| !pending.contains_key(key))?;
            Some(NewCredential {
                join_key,
                uid: subject.uid.clone()?,
                login: subject.login.clone()?,
                profile: subject.profile?,
            })
        })
        .collect();
    let issued = match issuer {
        _ if new.is_empty() => Vec::new(),
        Some(issuer) => issuer.prepare(ground.store, new, header.today).await?,
        // The totals of the header are sealed with the rest: this is no plan of ours.
        None => return Err(ApplyError::Stopped("it issues credentials that its totals do not tell of".into())),
    };
    Ok(Ready { changes: batch.changes, issued, skipped: batch.skipped })
}

/// A change on its way.
struct Doing {
    change: Change,
    /// Sent by an interrupted run, perhaps.
    intended: bool,
    serial: Option<Serial>,
    hash: Option<String>,
    state: State,
}

enum State {
    /// Operations still to send, first one next.
    Sending(std::collections::VecDeque<Operation>),
    Ended(Outcome, Option<String>),
}

impl Executor<'_, '_> {
    pub async fn run(
        &mut self,
        ready: Ready,
        issuer: Option<&Issuer>,
        applied: &mut Applied,
    ) -> Result<(), ApplyError> {
        if ready.changes.is_empty() {
            return Ok(());
        }
        let seqs: Vec<u64> = ready.changes.iter().map(|(change, _)| change.seq).collect();
        self.ground.store.journal_intent(self.header.plan_id, &seqs).await?;
        if let Some(issuer) = issuer
            && !ready.issued.is_empty()
        {
            issuer.save(self.ground.store, &ready.issued).await?;
        }
        let mut doing = self.gather(ready);
        self.look(&mut doing, |d| d.intended || needs_entry(&d.change.write)).await?;
        self.send(&mut doing).await?;
        self.settle(doing, applied).await
    }

    fn gather(&self, ready: Ready) -> Vec<Doing> {
        let mut fresh: HashMap<JoinKey, Issued> =
            ready.issued.into_iter().map(|issued| (issued.label.join_key.clone(), issued)).collect();
        ready
            .changes
            .into_iter()
            .map(|(change, outcome)| {
                let key = change.subject.join_key.as_ref();
                let is_add = matches!(change.write, Write::Add { .. });
                let (serial, hash) = match key.filter(|_| is_add) {
                    Some(key) => match (fresh.remove(key), self.pending.get(key)) {
                        (Some(issued), _) => (Some(issued.label.serial), Some(issued.hash.expose().to_owned())),
                        (None, Some((serial, hash))) => (Some(*serial), Some(hash.clone())),
                        (None, None) => (None, None),
                    },
                    None => (None, None),
                };
                let state = if needs_entry(&change.write) {
                    State::Sending(std::collections::VecDeque::new())
                } else {
                    State::Sending(operations(&self.ground.dialect, &change, hash.as_deref(), None).into())
                };
                Doing { change, intended: outcome == Some(Outcome::Intended), serial, hash, state }
            })
            .collect()
    }

    /// Reads the entries of some changes and decides what is left to send for them.
    async fn look(&self, doing: &mut [Doing], which: impl Fn(&Doing) -> bool) -> Result<(), ApplyError> {
        let indices: Vec<usize> = doing.iter().enumerate().filter(|(_, d)| which(d)).map(|(index, _)| index).collect();
        if indices.is_empty() {
            return Ok(());
        }
        let reads: Vec<(usize, Result<Option<Entry>, DirectoryError>)> = stream::iter(indices)
            .map(|index| {
                let dn = doing.get(index).map(|d| d.change.dn.clone());
                async move {
                    match dn {
                        Some(dn) => (index, self.ground.directory.read(&dn).await),
                        None => (index, Ok(None)),
                    }
                }
            })
            .buffer_unordered(READS)
            .collect()
            .await;
        for (index, read) in reads {
            let Some(d) = doing.get_mut(index) else { continue };
            let actual = match read {
                Ok(actual) => actual,
                Err(error @ DirectoryError::Unreachable { .. }) => return Err(error.into()),
                Err(error) => {
                    d.state = State::Ended(Outcome::Failed, Some(error.to_string()));
                    continue;
                }
            };
            d.state = self.decide(d, actual.as_ref());
        }
        Ok(())
    }

    /// What is left to send once the entry is known.
    fn decide(&self, d: &Doing, actual: Option<&Entry>) -> State {
        let dialect = &self.ground.dialect;
        match carried_out(dialect, &d.change, actual) {
            Ok(true) => State::Ended(Outcome::Done, None),
            Ok(false) => {
                let hash = d.hash.as_deref();
                match actual {
                    // Part of it was written before the interruption.
                    Some(entry) if d.intended => {
                        let rest = remaining(&d.change, entry);
                        State::Sending(operations(dialect, &rest, hash, actual).into())
                    }
                    _ => State::Sending(operations(dialect, &d.change, hash, actual).into()),
                }
            }
            Err(reason) => State::Ended(Outcome::Moved, Some(reason)),
        }
    }

    /// Sends what there is, round by round: one operation per entry at a time.
    async fn send(&mut self, doing: &mut [Doing]) -> Result<(), ApplyError> {
        let mut resent = false;
        loop {
            let mut indices = Vec::new();
            let mut operations = Vec::new();
            for (index, d) in doing.iter_mut().enumerate() {
                let State::Sending(queue) = &mut d.state else { continue };
                match queue.pop_front() {
                    Some(operation) => {
                        indices.push(index);
                        operations.push(operation);
                    }
                    None => d.state = State::Ended(Outcome::Done, None),
                }
            }
            if operations.is_empty() {
                return Ok(());
            }
            let results = self.ground.directory.execute(&operations, &self.pace).await;
            let mut unknown = Vec::new();
            for (index, result) in indices.into_iter().zip(results) {
                let Some(d) = doing.get_mut(index) else { continue };
                match result {
                    Ok(()) => {}
                    Err(DirectoryError::Unknown { .. }) if !resent => unknown.push(index),
                    Err(error) => d.state = ended(&error),
                }
            }
            if !unknown.is_empty() {
                // The connection broke before the answer: ask what happened, send the same again if nothing did.
                resent = true;
                for &index in &unknown {
                    if let Some(d) = doing.get_mut(index) {
                        d.intended = true;
                    }
                }
                let asked: std::collections::HashSet<u64> =
                    unknown.iter().filter_map(|&i| doing.get(i)).map(|d| d.change.seq).collect();
                self.look(doing, |d| asked.contains(&d.change.seq)).await?;
            }
        }
    }

    /// Notes every outcome: journal, accounts, groups, envelopes, trail.
    async fn settle(&mut self, doing: Vec<Doing>, applied: &mut Applied) -> Result<(), ApplyError> {
        let mut result = BatchResult::default();
        let mut envelopes = Vec::new();
        let mut revoked = Vec::new();
        for d in doing {
            let (outcome, detail) = match d.state {
                State::Ended(outcome, detail) => (outcome, detail),
                State::Sending(_) => (Outcome::Failed, Some("not sent".to_owned())),
            };
            let change = &d.change;
            match outcome {
                Outcome::Done => {
                    applied.done += 1;
                    note(self.header, change, &mut self.accounts, &mut self.group_members, &mut result);
                    if change.revokes || change.kind == ChangeKind::Suspend {
                        revoked.extend(change.subject.join_key.clone());
                    }
                }
                _ => {
                    let left =
                        Left { seq: change.seq, dn: change.dn.to_string(), reason: detail.clone().unwrap_or_default() };
                    if outcome == Outcome::Moved { applied.moved.push(left) } else { applied.failed.push(left) }
                }
            }
            if let Some(serial) = d.serial {
                let live = outcome == Outcome::Done;
                applied.credentials += u64::from(live);
                envelopes.push((serial, if live { credentials::Outcome::Live } else { credentials::Outcome::Dead }));
            }
            self.trail.record(
                event_kind(outcome),
                change.subject.join_key.as_ref(),
                serde_json::json!({
                    "plan": self.header.plan_id, "seq": change.seq, "kind": change.kind,
                    "outcome": outcome, "reason": detail, "attributes": attribute_names(change),
                }),
            )?;
            result.journal.push(JournalRow { seq: change.seq, outcome, detail });
        }
        let store = self.ground.store;
        store.settle(&envelopes, self.ground.now).await?;
        store.delete_unprinted(&revoked).await?;
        store.settle_batch(self.header.plan_id, &result).await?;
        self.trail.flush().await?;
        Ok(())
    }
}

/// An answer that ends a change.
fn ended(error: &DirectoryError) -> State {
    let outcome = match error {
        DirectoryError::Moved { .. } | DirectoryError::AlreadyExists { .. } | DirectoryError::NoSuchEntry { .. } => {
            Outcome::Moved
        }
        _ => Outcome::Failed,
    };
    State::Ended(outcome, Some(error.to_string()))
}

/// Names of what was written, for the trail.
fn attribute_names(change: &Change) -> Vec<&str> {
    match &change.write {
        Write::Modify { attributes }
        | Write::Lock { attributes }
        | Write::Unlock { attributes }
        | Write::Members { attributes, .. } => attributes.iter().map(|a| a.attribute.as_str()).collect(),
        _ => Vec::new(),
    }
}
