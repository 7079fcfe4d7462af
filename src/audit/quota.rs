//! How many low-value events are written one by one. The rest are counted, exactly, per kind and key.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::chain::Draft;
use super::kind::Note;
use crate::credentials::mac::hex;

/// Written one by one at once, per kind and key; then one per second.
const BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);
const PER_SECOND: NonZeroU32 = NonZeroU32::MIN;
/// Keys that are told apart: a key may come from a delivery, and a hostile one could hold millions.
const MOST_KEYS: usize = 500;
/// What every further key counts under.
const OTHERS: &str = "(others)";

type Key = (Note, String);

/// Decides, and counts what it turned away.
pub(super) struct Gate {
    limiter: DefaultKeyedRateLimiter<Key>,
    seen: BTreeMap<Key, Turned>,
}

/// What was turned away under one kind and key since the last summary.
#[derive(Debug, Clone, Default)]
struct Turned {
    count: u64,
    first: i64,
    last: i64,
    digest: Sha256,
}

/// The payload of a summary.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Summary {
    pub kind: &'static str,
    pub key: String,
    /// Exactly how many events were not written one by one.
    pub count: u64,
    /// Milliseconds since 1970, UTC.
    pub first: i64,
    pub last: i64,
    /// SHA-256 of what they were, in hexadecimal: of each, in their order, time, pseudonym (or nothing) and payload, each
    /// preceded by its length in eight bytes. Whoever kept them (a log, a report) can prove that they are these.
    pub digest: String,
}

impl Gate {
    pub(super) fn new() -> Self {
        let quota = Quota::per_second(PER_SECOND).allow_burst(BURST);
        Self { limiter: RateLimiter::keyed(quota), seen: BTreeMap::new() }
    }

    /// Whether this one is written by itself; otherwise it is counted.
    pub(super) fn admits(&mut self, note: Note, key: &str, draft: &Draft) -> bool {
        let mut entry = (note, key.to_owned());
        if self.seen.len() >= MOST_KEYS && !self.seen.contains_key(&entry) {
            OTHERS.clone_into(&mut entry.1);
        }
        let admitted = self.limiter.check_key(&entry).is_ok();
        let turned = self.seen.entry(entry).or_default();
        if !admitted {
            if turned.count == 0 {
                turned.first = draft.at;
            }
            turned.count += 1;
            turned.last = draft.at;
            for field in
                [&draft.at.to_be_bytes()[..], draft.subject.as_deref().unwrap_or("").as_bytes(), draft.body.as_bytes()]
            {
                turned.digest.update((field.len() as u64).to_be_bytes());
                turned.digest.update(field);
            }
        }
        admitted
    }

    /// What was turned away since the last call.
    pub(super) fn summaries(&mut self) -> Vec<Summary> {
        let turned = self.seen.iter_mut().filter(|(_, turned)| turned.count > 0);
        turned
            .map(|((note, key), turned)| {
                let Turned { count, first, last, digest } = std::mem::take(turned);
                let digest = hex(&digest.finalize());
                Summary { kind: super::Kind::from(*note).name(), key: key.clone(), count, first, last, digest }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(at: i64) -> Draft {
        let (run, kind, actor) = (String::new(), "finding".to_owned(), String::new());
        Draft { at, run, kind, actor, subject: None, body: format!("{{\"n\":{at}}}") }
    }

    #[test]
    fn counts_are_exact_and_a_noisy_key_leaves_room_for_others() {
        let mut gate = Gate::new();
        let admitted = (0..1_000).filter(|&i| gate.admits(Note::Finding, "A", &at(i))).count() as u64;
        assert!((20..30).contains(&admitted), "{admitted}");
        assert!(gate.admits(Note::Finding, "B", &at(0)) && gate.admits(Note::Retry, "A", &at(0)));
        let summaries = gate.summaries();
        assert_eq!(summaries.len(), 1);
        assert_eq!((summaries[0].key.as_str(), summaries[0].count), ("A", 1_000 - admitted));
        assert_eq!(summaries[0].last, 999);
        assert!(gate.summaries().is_empty(), "told once");
    }

    #[test]
    fn endless_keys_take_bounded_room_and_are_counted_all_the_same() {
        let mut gate = Gate::new();
        let admitted = (0..20_000).filter(|i| gate.admits(Note::Finding, &i.to_string(), &at(0))).count() as u64;
        assert!(gate.seen.len() <= MOST_KEYS + 1);
        assert_eq!(admitted + gate.summaries().iter().map(|s| s.count).sum::<u64>(), 20_000);
    }

    #[test]
    fn a_summary_tells_what_it_stands_for() {
        let digest = |events: &[i64]| {
            let mut gate = Gate::new();
            // The burst is written one by one.
            assert!((0..20).all(|_| gate.admits(Note::Retry, "A", &at(0))));
            assert!(!events.iter().any(|&n| gate.admits(Note::Retry, "A", &at(n))));
            gate.summaries().remove(0).digest
        };
        assert_eq!(digest(&[1, 2]), digest(&[1, 2]));
        assert_ne!(digest(&[1, 2]), digest(&[2, 1]));
        assert_ne!(digest(&[1, 2]), digest(&[1]));
    }
}
