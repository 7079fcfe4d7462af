//! Where chance comes from: one numbered ChaCha stream per entity.
//!
//! Part of the format of a synthetic academy ([`super::FORMAT`]): the generator is ChaCha with 12 rounds as
//! `rand_chacha` has it (64-bit counter, 64-bit stream number), its 32-byte key is [`KEY`] followed by the seed in
//! little-endian order, its stream number is the kind of the entity in the eight high bits and its index in the
//! others. Numbers are taken from `next_u32` by multiplication only: no distribution of a library and no floating
//! point stands between the stream and the files, so that the same options give the same bytes on any machine.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// The first 24 bytes of the generator's key; a new format takes new ones.
const KEY: &[u8; 24] = b"rentree simulate 1 ChaCh";

/// What a stream is for. The numbers are part of the format.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    School = 1,
    Family = 2,
    Staff = 3,
    Night = 4,
    /// What happens to one pupil in the summer after a year.
    PupilSummer = 5,
    /// What happens to one member of the staff in the summer after a year.
    StaffSummer = 6,
    /// The night on which a school goes over to the next year.
    SchoolSummer = 7,
}

/// The draws of one entity.
pub(super) struct Draw(ChaCha12Rng);

impl Draw {
    pub(super) fn new(seed: u64, stream: Stream, index: usize) -> Self {
        let mut key = [0; 32];
        let (head, tail) = key.split_at_mut(KEY.len());
        head.copy_from_slice(KEY);
        tail.copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha12Rng::from_seed(key);
        generator.set_stream(((stream as u64) << 56) | index as u64);
        Self(generator)
    }

    /// A number below `n`; 0 when `n` is 0.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(n)) >> 32) as u32
    }

    /// An index into something of `len` items.
    pub(super) fn index(&mut self, len: usize) -> usize {
        self.below(u32::try_from(len).unwrap_or(u32::MAX)) as usize
    }

    /// An index that prefers the first items, as names do: a few are borne by many.
    pub(super) fn leaning_index(&mut self, len: usize) -> usize {
        let (a, b) = (u64::from(self.0.next_u32()), u64::from(self.0.next_u32()));
        ((((a * b) >> 32) * len as u64) >> 32) as usize
    }

    /// Both bounds included.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True `permille` times in a thousand.
    pub(super) fn permille(&mut self, permille: u32) -> bool {
        self.below(1_000) < permille
    }

    /// The index of one of `weights`, in their proportion; the last when all are zero.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let total: u32 = weights.clone().sum();
        let mut left = self.below(total);
        let mut last = 0;
        for (at, weight) in weights.enumerate() {
            if left < weight {
                return at;
            }
            left -= weight;
            last = at;
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_fixed_for_ever() {
        // These words are the format: a change of the generator or of its key must fail here.
        let mut draw = Draw::new(42, Stream::Family, 7);
        let words: Vec<u32> = (0..4).map(|_| draw.below(1_000_000)).collect();
        assert_eq!(words, [34_477, 171_068, 995_598, 920_395]);
    }

    #[test]
    fn draws_stay_in_their_bounds_and_streams_differ() {
        let mut draw = Draw::new(1, Stream::Night, 0);
        for n in 1..2_000 {
            assert!(draw.below(n) < n);
            assert!(draw.leaning_index(n as usize) < n as usize);
            assert!((3..=5).contains(&draw.between(3, 5)));
        }
        assert_eq!(draw.below(0), 0);
        assert_eq!(draw.weighted([0, 5, 0].into_iter()), 1);
        let first = |stream, index| Draw::new(1, stream, index).below(u32::MAX);
        assert_ne!(first(Stream::Family, 1), first(Stream::Family, 2));
        assert_ne!(first(Stream::Family, 1), first(Stream::Staff, 1));
    }
}
