//! One batch of changes: what is intended, the writes, the outcomes.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use crate::audit::{Kind, Note, Trail};
use crate::credentials::{self, Issued, Issuer, Serial};
use crate::directory::{AttributeChange, DirectoryError, Dn, Entry, Operation, Pace, Value};
use crate::plan::{Change, ChangeKind, Ground, Header, PlanId, Write};
use crate::roster::JoinKey;
use crate::store::{BatchResult, JournalRow, Outcome, Stage};

use super::must_change;
use super::operations::{ENTRY_CSN, FirstHash, needs_entry, operations};
use super::password::{event, judge, renewed};
use super::ready::Ready;
use super::record::note;
use super::seen::{Seen, seen};
use super::undo::{before, deleted};
use super::values::{Said, values};
use super::{Accounts, Applied, ApplyError, Left, Stop, Stopped, event_kind};

/// Reads in flight when entries have to be looked at.
const READS: usize = 16;
/// How many times a change is sent anew after a look at its entry: when the connection broke, or when somebody else
/// changed what the change does not touch.
const LOOKS: u8 = 3;

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
    /// The server knows of passwords that must be changed.
    pub marks: bool,
}

/// A change on its way.
struct Doing {
    change: Change,
    /// Sent before, perhaps: by an interrupted run, or over a connection that broke.
    intended: bool,
    /// How often its entry was looked at because of what the directory answered.
    looks: u8,
    serial: Option<Serial>,
    hash: Option<String>,
    /// A group that is to be deleted, as it was read.
    found: Option<Entry>,
    state: State,
}

/// What the trail is told of a change.
#[derive(Serialize)]
struct Told<'t> {
    plan: PlanId,
    seq: u64,
    kind: ChangeKind,
    outcome: Outcome,
    reason: Option<&'t str>,
    attributes: BTreeMap<&'t str, Said>,
}

enum State {
    /// Operations still to send, first one next.
    Sending(VecDeque<Operation>),
    Ended(Outcome, Option<String>),
    /// Never sent: the run stops here.
    Unsent(DirectoryError),
    /// It may have been carried out, and the directory cannot be asked: the journal keeps it as intended, its envelope
    /// stays pending, and the next run asks.
    Open(DirectoryError),
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
        self.keep_links_of_those_who_stay(&mut doing);
        self.look(&mut doing, |d| d.is_open() && (d.intended || needs_entry(&d.change.write))).await;
        self.keep_deleted(&doing).await?;
        self.send(&mut doing).await;
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
                let is_given = matches!(change.write, Write::Add { .. } | Write::Password { .. });
                let (serial, hash) = match key.filter(|_| is_given) {
                    Some(key) => match (fresh.remove(key), self.pending.get(key)) {
                        (Some(issued), _) => (Some(issued.label.serial), Some(issued.hash.expose().to_owned())),
                        (None, Some((serial, hash))) => (Some(*serial), Some(hash.clone())),
                        (None, None) => (None, None),
                    },
                    None => (None, None),
                };
                let state = if needs_entry(&change.write) {
                    State::Sending(VecDeque::new())
                } else {
                    let hash = FirstHash::of(&self.ground.config.credentials, &change, hash.as_deref());
                    State::Sending(self.operations(&change, hash, None))
                };
                Doing {
                    change,
                    intended: outcome == Some(Outcome::Intended),
                    looks: 0,
                    serial,
                    hash,
                    found: None,
                    state,
                }
            })
            .collect()
    }

    /// What is deleted could not be asked for any more: noted before it goes. Of whoever is purged nothing is kept.
    async fn keep_deleted(&self, doing: &[Doing]) -> Result<(), ApplyError> {
        // Of whom a purge deletes, nothing is kept.
        if self.header.purge {
            return Ok(());
        }
        let rows: Vec<_> = doing
            .iter()
            .filter(|d| d.change.kind != ChangeKind::Purge)
            .filter_map(|d| Some((d.change.seq, deleted(d.found.as_ref()?))))
            .collect();
        Ok(self.ground.store.note_before(self.header.plan_id, &rows).await?)
    }

    /// In a purge, what names somebody whose account turned out to be in use again stays as it is. The next purge looks
    /// again.
    fn keep_links_of_those_who_stay(&self, doing: &mut [Doing]) {
        let cleans = |d: &Doing| matches!(d.change.kind, ChangeKind::Rewrite | ChangeKind::GroupUpdate);
        if !self.header.purge || !doing.iter().any(cleans) {
            return;
        }
        let stays = self.accounts.values().filter(|account| account.stage != Stage::Purged);
        let stays: HashSet<Dn> = stays.filter_map(|account| Dn::parse(&account.dn).ok()).collect();
        for d in doing.iter_mut().filter(|d| cleans(d)) {
            if let Some(dn) = taken_away(&d.change).into_iter().find(|dn| stays.contains(dn)) {
                d.state = State::Ended(Outcome::Moved, Some(format!("{dn} was not purged")));
            }
        }
    }

    /// Reads the entries of some changes and decides what is left to send for them.
    async fn look(&self, doing: &mut [Doing], which: impl Fn(&Doing) -> bool) {
        let indices: Vec<usize> = doing.iter().enumerate().filter(|(_, d)| which(d)).map(|(index, _)| index).collect();
        if indices.is_empty() {
            return;
        }
        let operational = [self.ground.dialect.lock_method().attribute(), ENTRY_CSN];
        let reads: Vec<(usize, Result<Option<Entry>, DirectoryError>)> = stream::iter(indices)
            .map(|index| {
                let names = doing.get(index).map(|d| names(&d.change)).unwrap_or_default();
                async move { (index, self.first_of(&names, &operational).await) }
            })
            .buffer_unordered(READS)
            .collect()
            .await;
        for (index, read) in reads {
            let Some(d) = doing.get_mut(index) else { continue };
            if let (Write::Delete, Ok(Some(entry))) = (&d.change.write, &read) {
                d.found = Some(entry.clone());
            }
            d.state = match read {
                Ok(actual) => self.decide(d, actual.as_ref()),
                Err(error) if d.intended => State::Open(error),
                Err(error) if error.ends_batch() => State::Unsent(error),
                Err(error) => State::Ended(Outcome::Failed, Some(error.to_string())),
            };
        }
    }

    /// The entry under the first of these names that is there.
    async fn first_of(&self, names: &[Dn], operational: &[&str]) -> Result<Option<Entry>, DirectoryError> {
        for dn in names {
            if let Some(entry) = self.ground.directory.read_with(dn, operational).await? {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    fn operations(&self, change: &Change, hash: FirstHash<'_>, actual: Option<&Entry>) -> VecDeque<Operation> {
        let mut operations = operations(&self.ground.dialect, change, hash, actual);
        if self.marks {
            must_change::mark(&self.ground.config.credentials, change, &mut operations);
        }
        operations.into()
    }

    /// What is left to send once the entry is known.
    fn decide(&self, d: &Doing, actual: Option<&Entry>) -> State {
        let dialect = &self.ground.dialect;
        let put = self.group_members.get(&d.change.dn.rdn_value());
        let hash = FirstHash::of(&self.ground.config.credentials, &d.change, d.hash.as_deref());
        let send = |change: &Change| State::Sending(self.operations(change, hash, actual));
        let judged = match &d.change.write {
            Write::Password { .. } if d.hash.is_none() => {
                return State::Ended(Outcome::Failed, Some("no password was made for it".to_owned()));
            }
            Write::Password { seen } => {
                let reset = self.header.credentials.as_ref().is_some_and(|renewal| renewal.reset);
                judge(dialect, &d.change, (seen, reset), hash, actual, d.intended)
            }
            _ => seen(dialect, &d.change, actual, d.intended, put),
        };
        match judged {
            Seen::Done => State::Ended(Outcome::Done, None),
            Seen::AsPlanned => send(&d.change),
            Seen::Partly(rest) => send(&rest),
            Seen::Moved(reason) => State::Ended(Outcome::Moved, Some(reason)),
        }
    }

    /// Sends what there is, round by round: one operation per entry at a time.
    async fn send(&self, doing: &mut [Doing]) {
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
                return;
            }
            let results = self.ground.directory.execute(&operations, &self.pace).await;
            self.note_retries(doing, &indices, &operations);
            let mut asked = std::collections::HashSet::new();
            for (index, result) in indices.into_iter().zip(results) {
                let Some(d) = doing.get_mut(index) else { continue };
                if let Err(error) = result
                    && d.answered(error)
                {
                    asked.insert(d.change.seq);
                }
            }
            self.look(doing, |d| asked.contains(&d.change.seq)).await;
        }
    }

    /// What a busy server made wait is on the trail, within its quota.
    fn note_retries(&self, doing: &[Doing], indices: &[usize], sent: &[Operation]) {
        for dn in self.pace.take_busy() {
            let of = indices.iter().zip(sent).find(|(_, operation)| *operation.dn() == dn);
            let Some(change) = of.and_then(|(index, _)| doing.get(*index)).map(|d| &d.change) else { continue };
            let said = serde_json::json!({ "plan": self.header.plan_id, "seq": change.seq, "because": "busy" });
            if let Err(error) = self.trail.note(Note::Retry, "busy", change.subject.join_key.as_ref(), said) {
                tracing::warn!(%error, "a write that was tried again is not on the trail");
            }
        }
    }

    /// Which credentials a plan of them puts others in the place of.
    async fn live_serials(&self, doing: &[Doing]) -> Result<HashMap<JoinKey, String>, ApplyError> {
        if self.header.credentials.is_none() {
            return Ok(HashMap::new());
        }
        let keys: Vec<JoinKey> = doing.iter().filter_map(|d| d.change.subject.join_key.clone()).collect();
        Ok(self.ground.store.live_serials(&keys).await?)
    }

    /// Notes every outcome: journal, accounts, groups, envelopes, trail.
    async fn settle(&mut self, doing: Vec<Doing>, applied: &mut Applied) -> Result<(), ApplyError> {
        let mut result = BatchResult::default();
        let mut replaced = self.live_serials(&doing).await?;
        for d in doing {
            let change = &d.change;
            let (outcome, detail) = match d.state {
                State::Ended(outcome, detail) => (outcome, detail),
                State::Sending(_) => (Outcome::Failed, Some("not sent".to_owned())),
                State::Unsent(error) => {
                    applied.not_done += 1;
                    let detail = Some(format!("not sent: {error}"));
                    applied.stopped.get_or_insert_with(|| Stopped::new(Stop::Server, error.to_string()));
                    result.journal.push(JournalRow { seq: change.seq, outcome: Outcome::Failed, detail });
                    result.envelopes.settled.extend(d.serial.map(|serial| (serial, credentials::Outcome::Dead)));
                    continue;
                }
                State::Open(error) => {
                    applied.unknown += 1;
                    applied.stopped.get_or_insert_with(|| Stopped::new(Stop::Server, error.to_string()));
                    continue;
                }
            };
            match outcome {
                Outcome::Done => {
                    applied.done += 1;
                    let before = before(change, &self.accounts, &self.group_members);
                    result.before.extend(before.map(|before| (change.seq, before)));
                    note(
                        self.ground.now,
                        (self.header, self.ground.dialect.relation()),
                        change,
                        &mut self.accounts,
                        &mut self.group_members,
                        &mut result,
                    );
                    let (key, envelopes) = (&change.subject.join_key, &mut result.envelopes);
                    if (change.revokes && change.undo.is_some()) || change.kind == ChangeKind::Revoke {
                        envelopes.ended.extend(key.clone());
                    }
                    if change.revokes || matches!(change.kind, ChangeKind::Suspend | ChangeKind::Purge) {
                        envelopes.unprinted.extend(key.clone());
                    }
                    if change.kind == ChangeKind::Purge {
                        envelopes.purged.extend(key.clone());
                    }
                    if let (Some(renewal), Some(serial), Some(key)) = (&self.header.credentials, d.serial, key) {
                        let places = (serial, replaced.remove(key));
                        let row = renewed((self.header, renewal), key, places, self.ground.now);
                        let (kind, said) = event(&row);
                        self.trail.record(kind, Some(key), said)?;
                        envelopes.renewals.push(row);
                    }
                }
                _ => {
                    let left = Left {
                        seq: change.seq,
                        kind: change.kind,
                        dn: change.dn.to_string(),
                        reason: detail.clone().unwrap_or_default(),
                    };
                    if outcome == Outcome::Moved { applied.moved.push(left) } else { applied.failed.push(left) }
                }
            }
            if let Some(serial) = d.serial {
                let live = outcome == Outcome::Done;
                applied.credentials += u64::from(live && change.kind != ChangeKind::Revoke);
                let outcome = if live { credentials::Outcome::Live } else { credentials::Outcome::Dead };
                result.envelopes.settled.push((serial, outcome));
            }
            self.trail.record(
                event_kind(outcome),
                change.subject.join_key.as_ref(),
                Told {
                    plan: self.header.plan_id,
                    seq: change.seq,
                    kind: change.kind,
                    outcome,
                    reason: detail.as_deref(),
                    attributes: values(change, self.ground.dialect.people_branch(), &|dn| self.trail.mark(dn)),
                },
            )?;
            result.journal.push(JournalRow { seq: change.seq, outcome, detail });
        }
        // Of what a plan of credentials takes back, the reason was noted above.
        for key in result.envelopes.ended.iter().filter(|_| self.header.credentials.is_none()) {
            self.trail.record(
                Kind::CredentialRevoked,
                Some(key),
                serde_json::json!({ "plan": self.header.plan_id }),
            )?;
        }
        let told = self.trail.take().await?;
        self.ground.store.settle_batch(self.header.plan_id, &result, told.events(), self.ground.now).await?;
        told.arrived();
        Ok(())
    }
}

impl Doing {
    /// Whether something is still to be decided or sent.
    const fn is_open(&self) -> bool {
        matches!(self.state, State::Sending(_))
    }

    /// Takes note of an answer other than success; whether the entry has to be looked at before anything else.
    fn answered(&mut self, error: DirectoryError) -> bool {
        let is_unknown = matches!(error, DirectoryError::Unknown { .. });
        self.intended |= is_unknown;
        let again = match &error {
            DirectoryError::Unknown { .. } | DirectoryError::Moved { .. } => true,
            // Perhaps by ourselves: the answer to the first time came too late.
            DirectoryError::AlreadyExists { .. } | DirectoryError::NoSuchEntry { .. } => self.intended,
            _ => false,
        };
        if again && self.looks < LOOKS {
            self.looks += 1;
            return true;
        }
        self.state = match &error {
            DirectoryError::Moved { .. }
            | DirectoryError::AlreadyExists { .. }
            | DirectoryError::NoSuchEntry { .. } => State::Ended(Outcome::Moved, Some(error.to_string())),
            DirectoryError::Unknown { .. } => State::Open(error),
            // What was sent before over a connection that broke may be there by now.
            _ if error.ends_batch() && self.intended => State::Open(error),
            _ if error.ends_batch() => State::Unsent(error),
            _ => State::Ended(Outcome::Failed, Some(error.to_string())),
        };
        false
    }
}

/// Under which names the entry of a change may be: one that is to be renamed may have been.
fn names(change: &Change) -> Vec<Dn> {
    let to = match &change.write {
        Write::Rename { to, .. } => Some(to.clone()),
        _ => None,
    };
    std::iter::once(change.dn.clone()).chain(to).collect()
}

/// Whom a change takes out of an entry, by name.
fn taken_away(change: &Change) -> Vec<Dn> {
    let named = |attributes: &[AttributeChange]| -> Vec<Dn> {
        let values = attributes.iter().flat_map(|a| &a.old).filter_map(Value::as_text);
        values.filter(|text| text.contains('=')).filter_map(|text| Dn::parse(text).ok()).collect()
    };
    match &change.write {
        Write::Members { remove, attributes, .. } => [remove.clone(), named(attributes)].concat(),
        Write::Modify { attributes } => named(attributes),
        _ => Vec::new(),
    }
}
