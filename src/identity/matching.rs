//! Who may be whom among very many: those who share a key of a rung are compared, and only they.
//!
//! Keys are sorted as numbers; what shares one stands together. A key that a crowd shares (an INE that a tool fills in
//! for everybody, a family mailbox of a school) says nothing about anybody and compares nobody, so that the work stays
//! in proportion to the people, whatever the data are.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rayon::prelude::*;

use super::case::Answer;
use super::evidence::Evidence;
use super::portrait::{Class, Portrait};
use super::rules::{Judgement, Proof, Rules};

/// More than this many under one key are a crowd.
const CROWD: usize = 24;

/// Everybody who shares a key with somebody else: pairs of indexes below `count`, the smaller first, each once, in
/// order. `may_meet` leaves out pairs that are not to be compared, before they cost anything.
#[must_use]
pub fn meetings(
    class: Class,
    count: u32,
    portrait: impl Fn(u32) -> Portrait + Sync,
    may_meet: impl Fn(u32, u32) -> bool,
) -> Vec<(u32, u32)> {
    let mut keys: Vec<(u64, u32)> = (0..count)
        .into_par_iter()
        .flat_map_iter(|at| {
            let portrait = portrait(at);
            hashes(class, &portrait).into_iter().map(move |key| (key, at))
        })
        .collect();
    keys.par_sort_unstable();
    keys.dedup();
    let mut met = Vec::new();
    for group in keys.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1 && group.len() <= CROWD) {
        for (n, (_, one)) in group.iter().enumerate() {
            met.extend(group.iter().skip(n + 1).map(|(_, other)| (*one, *other)).filter(|(a, b)| may_meet(*a, *b)));
        }
    }
    met.par_sort_unstable();
    met.dedup();
    met
}

fn hashes(class: Class, portrait: &Portrait) -> Vec<u64> {
    let of = |proof: &Proof| {
        let proof = *proof;
        portrait.keys(proof).into_iter().map(move |key| {
            let mut hasher = DefaultHasher::new();
            (rung(proof), key).hash(&mut hasher);
            hasher.finish()
        })
    };
    Proof::rungs(class).iter().flat_map(of).collect()
}

/// Two rungs that meet under the same keys are one.
const fn rung(proof: Proof) -> u8 {
    match proof {
        Proof::IneAlone => Proof::Ine as u8,
        other => other as u8,
    }
}

/// The keys of people who wait to be found among others that come one by one: only those who meet somebody are worth
/// keeping. Children are left out, because what stands for a child may be known only at the end: relatives meet by name.
#[derive(Debug, Default)]
pub struct Index {
    keys: HashSet<(Class, u64)>,
}

impl Index {
    pub fn add(&mut self, class: Class, portrait: &Portrait) {
        self.keys.extend(Self::of(class, portrait).into_iter().map(|key| (class, key)));
    }

    /// Whether a portrait could be of one of those who were added.
    #[must_use]
    pub fn meets(&self, class: Class, portrait: &Portrait) -> bool {
        Self::of(class, portrait).into_iter().any(|key| self.keys.contains(&(class, key)))
    }

    fn of(class: Class, portrait: &Portrait) -> Vec<u64> {
        match class {
            Class::Relative => [Some(&portrait.surname), portrait.birth_name.as_ref()]
                .into_iter()
                .flatten()
                .filter(|surname| !surname.is_empty())
                .map(|surname| {
                    let mut hasher = DefaultHasher::new();
                    (surname, &portrait.first).hash(&mut hasher);
                    hasher.finish()
                })
                .collect(),
            _ => hashes(class, portrait),
        }
    }
}

/// A pair that a sufficient proof or a decision makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Linked {
    pub left: u32,
    pub right: u32,
    pub proof: Proof,
}

/// A pair that somebody has to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    pub left: u32,
    pub right: u32,
    pub evidence: Vec<Evidence>,
    /// Somebody looked at it and put it off.
    pub later: bool,
    /// A proof would link them, and others as well.
    pub contested: bool,
}

/// What came of two lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairing {
    pub links: Vec<Linked>,
    pub doubts: Vec<Doubt>,
}

/// Finds those of the left list (records without an account) in the right one (accounts). Nobody is linked twice, on
/// either side: where a proof would, all of them are in doubt. `told` says what was decided about a pair.
#[must_use]
pub fn pair_up(
    class: Class,
    rules: &Rules,
    left: &[Portrait],
    right: &[Portrait],
    told: impl Fn(u32, u32) -> Option<Answer> + Sync,
) -> Pairing {
    let split = left.len() as u32;
    let shared = if class == Class::Staff { shared_mails(left) } else { HashSet::new() };
    let portrait = |at: u32| {
        let portrait = left.get(at as usize).or_else(|| right.get((at - split) as usize)).cloned().unwrap_or_default();
        Portrait { mails: portrait.mails.iter().filter(|mail| !shared.contains(*mail)).cloned().collect(), ..portrait }
    };
    let met = meetings(class, split + right.len() as u32, portrait, |a, b| a < split && b >= split);
    let judged: Vec<Judged> = met
        .into_par_iter()
        .map(|(a, b)| {
            let (judgement, evidence) = rules.compare(class, &portrait(a), &portrait(b));
            Judged { left: a, right: b - split, judgement, evidence, told: told(a, b - split) }
        })
        .collect();
    settle(judged)
}

/// Mailboxes that several people have: those of schools and services.
fn shared_mails(people: &[Portrait]) -> HashSet<compact_str::CompactString> {
    let mut seen: HashMap<&compact_str::CompactString, u32> = HashMap::new();
    for mail in people.iter().flat_map(|portrait| &portrait.mails) {
        *seen.entry(mail).or_default() += 1;
    }
    seen.into_iter().filter(|(_, n)| *n > 1).map(|(mail, _)| mail.clone()).collect()
}

/// A pair that was compared.
struct Judged {
    left: u32,
    right: u32,
    judgement: Judgement,
    evidence: Vec<Evidence>,
    told: Option<Answer>,
}

fn settle(judged: Vec<Judged>) -> Pairing {
    let mut pairing = Pairing::default();
    let (mut lefts, mut rights) = (HashMap::<u32, u32>::new(), HashMap::<u32, u32>::new());
    let (mut same, mut doubts) = (Vec::new(), Vec::new());
    let mut decided = (HashSet::new(), HashSet::new());
    for Judged { left, right, judgement, evidence, told } in judged {
        match (told, judgement) {
            (Some(Answer::Different), _) | (None, Judgement::Unrelated) => {}
            (Some(Answer::Same), _) => {
                // A second decision about one of the two contradicts the first: the first in the order stands.
                if !decided.0.contains(&left) && !decided.1.contains(&right) {
                    decided.0.insert(left);
                    decided.1.insert(right);
                    pairing.links.push(Linked { left, right, proof: Proof::Decision });
                }
            }
            (None, Judgement::Same(proof)) => {
                *lefts.entry(left).or_default() += 1;
                *rights.entry(right).or_default() += 1;
                same.push((Linked { left, right, proof }, evidence));
            }
            (later, _) => doubts.push(Doubt { left, right, evidence, later: later.is_some(), contested: false }),
        }
    }
    for (linked, evidence) in same {
        if decided.0.contains(&linked.left) || decided.1.contains(&linked.right) {
            continue;
        }
        let Linked { left, right, .. } = linked;
        if lefts.get(&left) == Some(&1) && rights.get(&right) == Some(&1) {
            pairing.links.push(linked);
        } else {
            doubts.push(Doubt { left, right, evidence, later: false, contested: true });
        }
    }
    pairing.links.sort_unstable();
    let taken: (HashSet<u32>, HashSet<u32>) =
        (pairing.links.iter().map(|l| l.left).collect(), pairing.links.iter().map(|l| l.right).collect());
    doubts.retain(|doubt| !taken.0.contains(&doubt.left) && !taken.1.contains(&doubt.right));
    doubts.sort_by_key(|doubt| (doubt.left, doubt.right));
    pairing.doubts = doubts;
    pairing
}
