//! [`Tallies`]: what is said once with a count, because it comes back on many rows.

use std::collections::BTreeMap;

use crate::feed::Code;

/// Different things counted for one file; the others of a code become one. Input must not choose our memory.
const KINDS: usize = 256;

/// Counts by code and by what is said.
#[derive(Debug, Default)]
pub(super) struct Tallies(BTreeMap<(Code, String), Tally>);

/// How often, and where first.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub(super) count: u32,
    pub(super) line: u32,
    /// What was met first.
    pub(super) example: String,
}

impl Tallies {
    /// Counts one more of `kind`; `example` is asked for the first only.
    pub(super) fn add(&mut self, code: Code, kind: &str, line: u32, example: impl FnOnce() -> String) {
        let mut key = (code, kind.to_owned());
        if self.0.len() >= KINDS && !self.0.contains_key(&key) {
            "…".clone_into(&mut key.1);
        }
        let tally = self.0.entry(key).or_insert_with(|| Tally { count: 0, line, example: example() });
        tally.count = tally.count.saturating_add(1);
    }

    /// All, by code, then by what they are; nothing is left.
    pub(super) fn take(&mut self) -> impl Iterator<Item = ((Code, String), Tally)> + use<> {
        std::mem::take(&mut self.0).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_bounded() {
        let mut tallies = Tallies::default();
        for n in 0..10_000 {
            tallies.add(Code::ColumnIgnored, &n.to_string(), n, || format!("first {n}"));
        }
        let all: Vec<_> = tallies.take().collect();
        assert_eq!(all.iter().map(|(_, tally)| tally.count).sum::<u32>(), 10_000);
        assert_eq!(all.len(), KINDS + 1);
        assert_eq!(tallies.take().count(), 0);
    }
}
