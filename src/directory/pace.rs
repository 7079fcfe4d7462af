//! How fast the directory may be written: a ceiling in writes per second, with a burst.

use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Paces writes. Without a rate every write goes at once.
#[derive(Debug)]
pub struct Pace {
    limiter: Option<DefaultDirectRateLimiter>,
}

impl Pace {
    #[must_use]
    pub const fn unlimited() -> Self {
        Self { limiter: None }
    }

    /// `writes_per_second` on average, at most `burst` at once. (governor would allow a whole second's worth at once
    /// if the burst were not set.)
    #[must_use]
    pub fn new(writes_per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        Self { limiter: Some(RateLimiter::direct(Quota::per_second(writes_per_second).allow_burst(burst))) }
    }

    /// Waits until one more write may start.
    pub async fn ready(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.until_ready().await;
        }
    }
}
