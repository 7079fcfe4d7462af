//! Verifying the trail: every event is hashed anew and compared, one pass, in constant memory (but for the numbers of
//! erased payloads).

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::AuditError;
use super::chain::{Head, Link, genesis};
use super::kind::Kind;
use crate::credentials::mac::same;
use crate::store::Store;

/// Problems that are listed one by one; the rest are counted.
const MOST_PROBLEMS: usize = 100;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Events in the chain.
    pub events: u64,
    /// Events whose payload was erased, as a later event says.
    pub erased: u64,
    /// The last event.
    pub head: Head,
    /// The first hundred, by event.
    pub problems: Vec<Problem>,
    /// How many there are in all.
    pub problem_count: u64,
}

impl Verdict {
    #[must_use]
    pub const fn is_intact(&self) -> bool {
        self.problem_count == 0
    }
}

/// Something wrong with the chain at an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub seq: u64,
    pub what: Tampering,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tampering {
    /// The event's fields do not give its hash.
    Changed,
    /// Events are missing before this one; the number is the first missing.
    Missing { from: u64 },
    /// The event does not follow the one before: removed, inserted or reordered here, or the one before was rewritten.
    Unchained,
    /// The payload is not the one that the event was recorded with.
    PayloadChanged,
    /// The payload is gone and no event says that it was erased.
    PayloadMissing,
    /// A payload without an event.
    PayloadAlone,
    /// The chain does not end where the store says: events at its end were removed or added.
    End,
    /// The chain does not contain the head that was noted down earlier.
    NotedHead,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        match self.what {
            Tampering::Changed => write!(f, "event {seq} was changed"),
            Tampering::Missing { from } => write!(f, "events {from} to {} are missing", seq.saturating_sub(1)),
            Tampering::Unchained => write!(f, "event {seq} does not follow the event before it"),
            Tampering::PayloadChanged => write!(f, "the payload of event {seq} was changed"),
            Tampering::PayloadMissing => write!(f, "the payload of event {seq} was removed without an erasure"),
            Tampering::PayloadAlone => write!(f, "a payload stands at {seq}, where there is no event"),
            Tampering::End => write!(f, "the chain ends after event {seq}, which is not where it ended"),
            Tampering::NotedHead => write!(f, "event {seq} is not the one whose hash was noted down"),
        }
    }
}

/// Verifies the whole trail. `noted` are heads that were printed by earlier runs: without one, somebody who rewrites
/// every event from some point on, and the head with them, goes unnoticed.
///
/// # Errors
/// When the store cannot be read.
pub async fn verify(store: &Store, noted: &[Head]) -> Result<Verdict, AuditError> {
    let mut pass = Pass::new(noted);
    // The start of the chain depends on the salt, which is read first in the same transaction; a chain that begins
    // elsewhere shows at its first event.
    let mut first_prev = None;
    let (state, alone) = store
        .each_event(MOST_PROBLEMS, |link| {
            if first_prev.is_none() {
                first_prev = Some((link.seq, link.prev.clone()));
            }
            pass.see(&link);
        })
        .await?;
    let start = state.as_ref().map(|state| genesis(&state.salt));
    match (&state, first_prev) {
        (Some(_), Some((seq, prev))) => {
            if start.is_none_or(|start| !same(&start.hash, &prev)) {
                pass.problem(seq, Tampering::Unchained);
            }
        }
        (None, Some((seq, _))) => pass.problem(seq, Tampering::Unchained),
        (_, None) => {}
    }
    for seq in alone {
        pass.problem(seq, Tampering::PayloadAlone);
    }
    let last = pass.last.or(start).unwrap_or(Head { seq: 0, hash: [0; 32] });
    if state.is_some_and(|state| state.head != last) {
        pass.problem(last.seq, Tampering::End);
    }
    Ok(pass.verdict(last))
}

/// What is remembered from one event to the next.
struct Pass {
    events: u64,
    last: Option<Head>,
    /// Events without a payload that no erasure explains yet.
    bare: Bare,
    erased: u64,
    noted: Vec<Head>,
    problems: Vec<Problem>,
    problem_count: u64,
}

#[derive(Deserialize)]
struct Erasure {
    /// Of a person.
    #[serde(default)]
    events: Vec<u64>,
    /// Because their time was over: first and last.
    #[serde(default)]
    ranges: Vec<(u64, u64)>,
}

/// Events without a payload, as ranges: first and last. What went because its time was over lies together.
#[derive(Default)]
struct Bare(BTreeMap<u64, u64>);

impl Bare {
    /// `seq` is greater than any before.
    fn push(&mut self, seq: u64) {
        match self.0.last_entry() {
            Some(mut last) if *last.get() + 1 == seq => {
                last.insert(seq);
            }
            _ => {
                self.0.insert(seq, seq);
            }
        }
    }

    /// Takes those of a range out, and gives how many there were.
    fn take(&mut self, first: u64, last: u64) -> u64 {
        let mut taken = 0;
        if first > last {
            return taken;
        }
        // Ranges do not overlap: from the last that begins within, down to the one that reaches into it.
        while let Some((&start, &end)) = self.0.range(..=last).next_back() {
            if end < first {
                break;
            }
            self.0.remove(&start);
            let (from, to) = (start.max(first), end.min(last));
            taken += to - from + 1;
            if to < end {
                self.0.insert(to + 1, end);
            }
            if start < from {
                self.0.insert(start, from - 1);
                break;
            }
        }
        taken
    }

    fn each(&self) -> impl Iterator<Item = u64> {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }
}

impl Pass {
    fn new(noted: &[Head]) -> Self {
        Self {
            events: 0,
            last: None,
            bare: Bare::default(),
            erased: 0,
            // A head of an empty chain promises nothing.
            noted: noted.iter().filter(|head| head.seq > 0).copied().collect(),
            problems: Vec::new(),
            problem_count: 0,
        }
    }

    fn see(&mut self, link: &Link) {
        self.events += 1;
        let seq = link.seq;
        if !same(&link.computed_hash(), &link.hash) {
            self.problem(seq, Tampering::Changed);
        }
        let expected = self.last.map_or(1, |last| last.seq + 1);
        if seq != expected {
            self.problem(seq, Tampering::Missing { from: expected });
        }
        if self.last.is_some_and(|last| !same(&last.hash, &link.prev)) {
            self.problem(seq, Tampering::Unchained);
        }
        match &link.payload {
            Some(payload) if !same(&payload.digest(), &link.payload_digest) => {
                self.problem(seq, Tampering::PayloadChanged);
            }
            Some(payload) if link.kind == Kind::PayloadErased.name() => {
                if let Ok(erasure) = serde_json::from_str::<Erasure>(&payload.body) {
                    let ranges = erasure.events.into_iter().map(|seq| (seq, seq)).chain(erasure.ranges);
                    self.erased += ranges.map(|(first, last)| self.bare.take(first, last)).sum::<u64>();
                }
            }
            Some(_) => {}
            None => {
                self.bare.push(seq);
            }
        }
        let head = link.head();
        let mut broken = false;
        self.noted.retain(|noted| {
            broken |= noted.seq == seq && noted.hash != head.hash;
            noted.seq != seq
        });
        if broken {
            self.problem(seq, Tampering::NotedHead);
        }
        self.last = Some(head);
    }

    fn problem(&mut self, seq: u64, what: Tampering) {
        self.problem_count += 1;
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem { seq, what });
        }
    }

    fn verdict(mut self, head: Head) -> Verdict {
        for seq in std::mem::take(&mut self.bare).each() {
            self.problem(seq, Tampering::PayloadMissing);
        }
        for noted in std::mem::take(&mut self.noted) {
            self.problem(noted.seq, Tampering::NotedHead);
        }
        self.problems.sort_unstable();
        Verdict {
            events: self.events,
            erased: self.erased,
            head,
            problems: self.problems,
            problem_count: self.problem_count,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_intact() { "intact" } else { "TAMPERED WITH" };
        write!(f, "trail {verdict}: {} events, {} erased, head {}", self.events, self.erased, self.head)
    }
}
