//! Writing the trail.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rand::RngExt as _;
use serde::Serialize;

use super::actor::Actor;
use super::chain::{Draft, Head, Link, genesis, mark, pseudonym};
use super::kind::{Kind, Note};
use super::left::Left;
use super::quota::Gate;
use super::{AuditError, payload};
use crate::config::RetentionConfig;
use crate::plan::RunId;
use crate::roster::JoinKey;
use crate::store::Store;

/// Payloads that one transaction erases because their time is over.
const PRUNED_AT_ONCE: u32 = 5_000;

/// The trail of one run, open for writing. Share it by reference: events are gathered, and written by
/// [`flush`](Trail::flush) in the caller's rhythm, at the latest by [`close`](Trail::close).
///
/// A trail that is dropped with events in it (an error on the way out, a panic) puts them in a file beside the store
/// and says so in the log; the next trail that is opened takes them up. A flush that fails or is abandoned keeps its
/// events: at worst one is written twice, never none.
#[must_use = "a trail that is not closed leaves its events in a file"]
pub struct Trail {
    store: Store,
    run: String,
    actor: String,
    salt: [u8; 32],
    left: Left,
    gathered: Arc<Mutex<Gathered>>,
    // One flush at a time, so that events stay in their order.
    flushing: tokio::sync::Mutex<()>,
}

struct Gathered {
    drafts: Vec<Draft>,
    gate: Gate,
}

impl Trail {
    /// Opens the store's trail, beginning it when there is none, and takes up what an earlier process left behind.
    ///
    /// # Errors
    /// When the store or the file of left events cannot be read.
    pub async fn open(store: &Store, run: RunId, actor: &Actor) -> Result<Self, AuditError> {
        let mut salt = [0; 32];
        rand::rng().fill(&mut salt);
        let state = store.open_trail(&salt, &genesis(&salt)).await?;
        let trail = Self {
            store: store.clone(),
            run: run.to_string(),
            actor: actor.to_string(),
            salt: state.salt,
            left: Left::beside(store),
            gathered: Arc::new(Mutex::new(Gathered { drafts: Vec::new(), gate: Gate::new() })),
            flushing: tokio::sync::Mutex::default(),
        };
        trail.take_up().await?;
        Ok(trail)
    }

    /// Records an event. `subject` is the person that it is about; the payload must not name anybody else, because it
    /// is erased with that person and with no other.
    ///
    /// # Errors
    /// When the payload cannot be written as JSON.
    pub fn record(&self, kind: Kind, subject: Option<&JoinKey>, payload: impl Serialize) -> Result<(), AuditError> {
        let draft = self.draft(now(), kind, subject, &payload)?;
        self.gathered().drafts.push(draft);
        Ok(())
    }

    /// Events for a transaction of the store that writes them together with what they are about: none of them is gathered,
    /// and none is recorded when that fails.
    ///
    /// # Errors
    /// When a payload cannot be written as JSON.
    pub fn events<'k>(
        &self,
        events: impl IntoIterator<Item = (Kind, Option<&'k JoinKey>, serde_json::Value)>,
    ) -> Result<Unchained, AuditError> {
        let at = now();
        let drafts = events.into_iter().map(|(kind, subject, payload)| self.draft(at, kind, subject, &payload));
        Ok(Unchained(drafts.collect::<Result<_, _>>()?))
    }

    /// Records an event of low value: beyond a quota per kind and `key` (a finding's code, an error's name) it is only
    /// counted, and the next flush writes the count.
    ///
    /// # Errors
    /// When the payload cannot be written as JSON.
    pub fn note(
        &self,
        note: Note,
        key: &str,
        subject: Option<&JoinKey>,
        payload: impl Serialize,
    ) -> Result<(), AuditError> {
        let draft = self.draft(now(), note.into(), subject, &payload)?;
        let mut gathered = self.gathered();
        if gathered.gate.admits(note, key, &draft) {
            gathered.drafts.push(draft);
        }
        Ok(())
    }

    /// How many events wait to be written: a caller flushes when they are some hundreds.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.gathered().drafts.len()
    }

    /// Writes what was gathered, summaries included, and gives the head of the chain.
    ///
    /// # Errors
    /// When the store fails: the events stay gathered.
    pub async fn flush(&self) -> Result<Head, AuditError> {
        let _one = self.flushing.lock().await;
        self.write_gathered().await
    }

    /// What was gathered, summaries included, for a transaction of the store that writes it together with what it is
    /// about. Nothing else is flushed meanwhile.
    ///
    /// # Errors
    /// When a summary cannot be written as JSON.
    pub(crate) async fn take(&self) -> Result<Taken<'_>, AuditError> {
        let one = self.flushing.lock().await;
        Ok(Taken { under_way: self.under_way()?, _one: one })
    }

    /// Writes what was gathered, waits until it is on the disk, and gives the head of the chain: print it.
    ///
    /// # Errors
    /// When the store fails: the events go to the file beside it.
    pub async fn close(self) -> Result<Head, AuditError> {
        let head = self.flush().await?;
        self.store.durable().await?;
        Ok(head)
    }

    /// Erases what the events about a person say. That they happened, when and by whom stays, and so does the chain; an
    /// event says which were erased. Gives how many.
    ///
    /// # Errors
    /// When the store fails: nothing is erased.
    pub async fn erase(&self, person: &JoinKey) -> Result<u64, AuditError> {
        let _one = self.flushing.lock().await;
        // First what is still on its way: it may be about the same person.
        self.write_gathered().await?;
        let subject = pseudonym(&self.salt, person);
        let at = now();
        let mut draft = self.draft(at, Kind::PayloadErased, None, &())?;
        let (erased, _) = self
            .store
            .erase_payloads(&subject, |head, seqs| {
                draft.body = serde_json::json!({ "events": seqs }).to_string();
                Link::after(head, draft, salt())
            })
            .await?;
        Ok(erased)
    }

    /// Erases what events say whose time is over, by their kind; gives how many. That they happened, when and by whom
    /// stays, and so does the chain; an event for each portion says which were erased.
    ///
    /// # Errors
    /// When the store fails: what was erased until then stays so.
    pub async fn prune(&self, retention: &RetentionConfig, at: Timestamp) -> Result<u64, AuditError> {
        let _one = self.flushing.lock().await;
        let mut pruned = 0;
        for (before, kinds) in retention.trail_before(at.as_millisecond()) {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            loop {
                let mut draft = self.draft(now(), Kind::PayloadErased, None, &())?;
                let found = self
                    .store
                    .prune_payloads(&names, before, PRUNED_AT_ONCE, |head, seqs| {
                        draft.body = serde_json::json!({ "ranges": ranges(seqs), "because": "retention" }).to_string();
                        Link::after(head, draft, salt())
                    })
                    .await?;
                pruned += found;
                if found < u64::from(PRUNED_AT_ONCE) {
                    break;
                }
            }
        }
        Ok(pruned)
    }

    /// How this person appears in the trail.
    #[must_use]
    pub fn pseudonym(&self, person: &JoinKey) -> String {
        pseudonym(&self.salt, person)
    }

    /// What stands for somebody's DN in an event about another: the same for the same, and told by nobody without the
    /// salt.
    #[must_use]
    pub fn mark(&self, dn: &str) -> String {
        mark(&self.salt, dn)
    }

    async fn write_gathered(&self) -> Result<Head, AuditError> {
        let mut under_way = self.under_way()?;
        let head = self.store.append_events(under_way.events()).await?;
        under_way.drafts.clear();
        Ok(head)
    }

    fn under_way(&self) -> Result<UnderWay, AuditError> {
        let mut gathered = self.gathered();
        for summary in gathered.gate.summaries() {
            let draft = self.draft(now(), Kind::Summary, None, &summary)?;
            gathered.drafts.push(draft);
        }
        Ok(UnderWay { drafts: std::mem::take(&mut gathered.drafts), to: Arc::clone(&self.gathered) })
    }

    fn draft(
        &self,
        at: i64,
        kind: Kind,
        subject: Option<&JoinKey>,
        payload: &impl Serialize,
    ) -> Result<Draft, AuditError> {
        let body = payload::body(payload).map_err(|source| AuditError::Payload { kind: kind.name(), source })?;
        Ok(Draft {
            at,
            run: self.run.clone(),
            kind: kind.name().to_owned(),
            actor: self.actor.clone(),
            subject: subject.map(|person| pseudonym(&self.salt, person)),
            body,
        })
    }

    async fn take_up(&self) -> Result<(), AuditError> {
        let Some((drafts, unreadable)) = self.left.read()? else { return Ok(()) };
        let told = serde_json::json!({ "events": drafts.len(), "unreadable_lines": unreadable });
        self.gathered().drafts.extend(drafts);
        self.record(Kind::EventsRecovered, None, told)?;
        self.flush().await?;
        // On the disk in the store before they go from the file.
        self.store.durable().await?;
        self.left.remove()
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Events are dated when they happen, whatever day a run is computed for. Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the one clock of the trail")]
fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

impl Drop for Trail {
    fn drop(&mut self) {
        let (mut drafts, summaries) = {
            let mut gathered = self.gathered();
            (std::mem::take(&mut gathered.drafts), gathered.gate.summaries())
        };
        let at = now();
        drafts.extend(summaries.iter().filter_map(|s| self.draft(at, Kind::Summary, None, s).ok()));
        if !drafts.is_empty() {
            self.left.write(&drafts);
        }
    }
}

/// Events on their way to the store. Unless they arrived, they go back to where they were gathered, before what came
/// meanwhile.
struct UnderWay {
    drafts: Vec<Draft>,
    to: Arc<Mutex<Gathered>>,
}

impl UnderWay {
    fn events(&self) -> Unchained {
        Unchained(self.drafts.clone())
    }
}

/// Events that somebody else's transaction writes: [`arrived`](Taken::arrived) once it is committed.
pub(crate) struct Taken<'t> {
    under_way: UnderWay,
    _one: tokio::sync::MutexGuard<'t, ()>,
}

impl Taken<'_> {
    pub(crate) fn events(&self) -> Unchained {
        self.under_way.events()
    }

    pub(crate) fn arrived(mut self) {
        self.under_way.drafts.clear();
    }
}

/// Events in their order, for the end of the chain, wherever that is when they are written.
#[derive(Debug, Default)]
#[must_use = "they are recorded by a transaction of the store"]
pub struct Unchained(Vec<Draft>);

impl Unchained {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn after(self, head: &Head) -> Vec<Link> {
        let mut head = *head;
        let chained = self.0.into_iter().map(|draft| {
            let link = Link::after(&head, draft, salt());
            head = link.head();
            link
        });
        chained.collect()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if !self.drafts.is_empty() {
            let mut gathered = self.to.lock().unwrap_or_else(PoisonError::into_inner);
            let since = std::mem::replace(&mut gathered.drafts, std::mem::take(&mut self.drafts));
            gathered.drafts.extend(since);
        }
    }
}

/// Ascending numbers as ranges, ends included.
fn ranges(numbers: &[u64]) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == number => *end = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
}

fn salt() -> [u8; 16] {
    let mut salt = [0; 16];
    rand::rng().fill(&mut salt);
    salt
}
