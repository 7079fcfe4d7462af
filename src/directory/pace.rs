//! How fast the directory may be written: a ceiling in writes per second, with a burst, and below it what the server
//! bears at the moment.

mod adapt;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use self::adapt::{Adapt, Rate};
pub use self::adapt::{Slowdown, Trouble};
use super::Dn;

/// Paces writes: never above the ceiling, and slower while the server shows that it suffers. The back end tells how
/// long each answer took.
#[derive(Debug)]
pub struct Pace {
    /// Writes per second, and how many at once.
    ceiling: Option<(NonZeroU32, NonZeroU32)>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    began: Option<Instant>,
    limiter: Option<Arc<DefaultDirectRateLimiter>>,
    adapt: Adapt,
    busy: Vec<Dn>,
}

impl Pace {
    /// Every write goes at once, as long as the server bears it.
    #[must_use]
    pub const fn unlimited() -> Self {
        let state = State { began: None, limiter: None, adapt: Adapt::new(None), busy: Vec::new() };
        Self { ceiling: None, state: Mutex::new(state) }
    }

    /// `writes_per_second` on average, at most `burst` at once. (governor would allow a whole second's worth at once
    /// if the burst were not set.)
    #[must_use]
    pub fn new(writes_per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let adapt = Adapt::new(Some(writes_per_second));
        let limiter = Some(limiter(writes_per_second, burst));
        let state = State { began: None, limiter, adapt, busy: Vec::new() };
        Self { ceiling: Some((writes_per_second, burst)), state: Mutex::new(state) }
    }

    /// Waits until one more write may start.
    pub async fn ready(&self) {
        let limiter = self.state.lock().unwrap_or_else(PoisonError::into_inner).limiter.clone();
        if let Some(limiter) = limiter {
            limiter.until_ready().await;
        }
    }

    /// A write was answered, well or badly, after so long.
    pub fn answered(&self, took: Duration) {
        self.tell(|adapt, now| adapt.answered(now, took));
    }

    /// The server says that it is too busy to write this entry, which is tried again.
    pub fn busy(&self, dn: &Dn) {
        self.tell(Adapt::busy);
        self.state.lock().unwrap_or_else(PoisonError::into_inner).busy.push(dn.clone());
    }

    /// The entries whose writes had to wait for a busy server since the last call, as often as they had to.
    #[must_use]
    pub fn take_busy(&self) -> Vec<Dn> {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).busy)
    }

    /// What slowed the writes, if anything did.
    #[must_use]
    pub fn slowdown(&self) -> Option<Slowdown> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).adapt.slowdown()
    }

    fn tell(&self, what: impl FnOnce(&mut Adapt, Duration) -> Option<Rate>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = state.began.get_or_insert_with(Instant::now).elapsed();
        match what(&mut state.adapt, now) {
            None => {}
            Some(Rate::Ceiling) => state.limiter = self.ceiling.map(|(rate, burst)| limiter(rate, burst)),
            Some(Rate::Only(rate)) => {
                state.limiter = Some(limiter(rate, NonZeroU32::new(rate.get() / 10).unwrap_or(NonZeroU32::MIN)));
            }
        }
    }
}

fn limiter(rate: NonZeroU32, burst: NonZeroU32) -> Arc<DefaultDirectRateLimiter> {
    Arc::new(RateLimiter::direct(Quota::per_second(rate).allow_burst(burst)))
}
