//! Chance that a seed repeats, on any machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Numbers drawn from one stream of one seed.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Each step of a history has its own stream, so that leaving a step out does not change the others.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self(random)
    }

    /// From 0 to `bound`, which is left out.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64() % bound
    }

    pub fn pick<'t, T>(&mut self, among: &'t [T]) -> &'t T {
        let at = self.below(among.len() as u64) as usize;
        &among[at]
    }
}
