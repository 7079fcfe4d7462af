//! How fast the directory may be written: a ceiling in writes per second, with a burst, and below it what the server
//! bears at the moment.

mod adapt;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use self::adapt::{Adapt, Rate};
pub use self::adapt::{Slowdown, Trouble};

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
}

impl Pace {
    /// Every write goes at once, as long as the server bears it.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self { ceiling: None, state: Mutex::new(State { began: None, limiter: None, adapt: Adapt::new(None) }) }
    }

    /// `writes_per_second` on average, at most `burst` at once. (governor would allow a whole second's worth at once
    /// if the burst were not set.)
    #[must_use]
    pub fn new(writes_per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let adapt = Adapt::new(Some(writes_per_second));
        let limiter = Some(limiter(writes_per_second, burst));
        Self { ceiling: Some((writes_per_second, burst)), state: Mutex::new(State { began: None, limiter, adapt }) }
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

    /// The server says that it is too busy.
    pub fn busy(&self) {
        self.tell(Adapt::busy);
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
