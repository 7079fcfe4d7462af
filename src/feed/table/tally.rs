//! [`Tallies`]: what is said once with a count, because it comes back on many rows.

use std::collections::BTreeMap;

use crate::feed::Code;

/// Different things counted for one file; the others of a code become one. Input must not choose our memory.
const KINDS: usize = 256;

/// Counts by code and by what is said.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    kinds: BTreeMap<Code, BTreeMap<String, Tally>>,
    len: usize,
}

/// How often, and where first.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) count: u32,
    pub(super) line: u32,
    /// What was met first.
    pub(super) example: String,
    /// How many kinds were met before it.
    rank: usize,
}

impl Tallies {
    /// Counts one more of `kind`; `example` is asked for the first only.
    pub(super) fn add(&mut self, code: Code, kind: &str, line: u32, example: impl FnOnce() -> String) {
        let rank = self.len;
        let kinds = self.kinds.entry(code).or_default();
        match kinds.get_mut(kind) {
            Some(tally) => tally.count = tally.count.saturating_add(1),
            None => {
                kinds.insert(kind.to_owned(), Tally { count: 1, line, example: example(), rank });
                self.len += 1;
            }
        }
    }

    /// Takes in what the rows after these counted, as if it had been counted here: a piece has few kinds, a file must
    /// not have many.
    pub(super) fn merge(&mut self, later: Self) {
        let mut all: Vec<_> = later.take().collect();
        all.sort_by_key(|(_, tally)| tally.rank);
        for ((code, mut kind), mut tally) in all {
            let kinds = self.kinds.entry(code).or_default();
            if self.len >= KINDS && !kinds.contains_key(&kind) {
                "…".clone_into(&mut kind);
            }
            if let Some(known) = kinds.get_mut(&kind) {
                known.count = known.count.saturating_add(tally.count);
            } else {
                tally.rank = self.len;
                self.len += 1;
                kinds.insert(kind, tally);
            }
        }
    }

    /// All, by code, then by what they are.
    pub(super) fn take(self) -> impl Iterator<Item = ((Code, String), Tally)> {
        let of = |(code, kinds): (Code, BTreeMap<String, Tally>)| {
            kinds.into_iter().map(move |(kind, tally)| ((code, kind), tally))
        };
        self.kinds.into_iter().flat_map(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_bounded() {
        let mut tallies = Tallies::default();
        for piece in 0..100 {
            let mut later = Tallies::default();
            for n in piece * 100..(piece + 1) * 100 {
                later.add(Code::ColumnIgnored, &n.to_string(), n, || format!("first {n}"));
            }
            tallies.merge(later);
        }
        let all: Vec<_> = tallies.take().collect();
        assert_eq!(all.iter().map(|(_, tally)| tally.count).sum::<u32>(), 10_000);
        assert_eq!(all.len(), KINDS + 1);
    }

    #[test]
    fn what_was_met_first_is_the_example() {
        let mut tallies = Tallies::default();
        for lines in [[5, 4], [7, 6]] {
            let mut later = Tallies::default();
            for line in lines {
                later.add(Code::ColumnIgnored, "x", line, || line.to_string());
            }
            tallies.merge(later);
        }
        let all: Vec<_> = tallies.take().map(|(_, tally)| (tally.count, tally.line, tally.example)).collect();
        assert_eq!(all, [(4, 5, "5".to_owned())]);
    }
}
