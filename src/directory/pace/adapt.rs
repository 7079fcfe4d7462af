//! When to write slower, and when faster again: plain arithmetic on how long answers took.
//!
//! The first answers say what this server is like; later ones that take several times as long, and long by any
//! measure, or the answer `busy`, halve the pace. After some quiet seconds it goes up again by steps. Half down and a
//! quarter up finds what a server bears without swinging about it.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Serialize;

use crate::wording::number;

/// Answers that one judgement rests on.
const SAMPLE: usize = 64;
/// Fewer do after this long, or a pace of a few writes per second would never be judged.
const SAMPLE_LASTS: Duration = Duration::from_secs(5);
const SMALL_SAMPLE: usize = 8;
/// How many times slower than at first a median answer must be …
const SLOWER: u32 = 4;
/// … and how slow at least: below it nobody who uses the directory notices.
const SLOW: Duration = Duration::from_millis(250);
/// Writes per second below which the pace never goes.
const FLOOR: u32 = 5;
/// What a server is taken to bear that is busy from the first write on, and of which nothing else is known.
const UNKNOWN: u32 = 100;
/// No two cuts within this time: one spell of trouble has many answers.
const BETWEEN_CUTS: Duration = Duration::from_secs(1);
/// Quiet time before each step up.
const BETWEEN_RAISES: Duration = Duration::from_secs(5);

/// What the pace becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rate {
    /// The configured one, or none.
    Ceiling,
    /// Writes per second.
    Only(NonZeroU32),
}

/// Why the pace was reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The server answered `busy` or `unavailable`.
    Busy,
    /// Its answers took long.
    Slow,
}

/// How the pace was reduced, for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Slowdown {
    /// What showed first.
    pub trouble: Trouble,
    /// How many times the pace was reduced.
    pub cuts: u32,
    /// Writes per second just before the first cut.
    pub before: u32,
    /// The lowest pace, in writes per second.
    pub lowest: u32,
    /// Milliseconds that a median answer took at first.
    pub usual_ms: u64,
    /// The same when it was worst.
    pub worst_ms: u64,
    /// Whether the pace is what it was again.
    pub recovered: bool,
}

impl Slowdown {
    /// For people, in French: what showed, and the figures.
    #[must_use]
    pub fn in_words(&self) -> String {
        let trouble = match self.trouble {
            Trouble::Busy => "il se dit occupé".to_owned(),
            Trouble::Slow => {
                format!("réponses en {} ms au lieu de {} ms", number(self.worst_ms), number(self.usual_ms))
            }
        };
        format!(
            "{trouble}, {} écritures/s au plus au lieu de {}",
            number(self.lowest.into()),
            number(self.before.into())
        )
    }
}

/// Times are counted from the first answer.
#[derive(Debug)]
pub(super) struct Adapt {
    ceiling: Option<NonZeroU32>,
    /// The reduced pace.
    rate: Option<NonZeroU32>,
    sample: Vec<Duration>,
    /// When the sample began.
    since: Duration,
    usual: Option<Duration>,
    worst: Duration,
    /// The greatest rate seen, in writes per second: without a ceiling, where the way up ends.
    peak: u32,
    changed: Option<Duration>,
    slowdown: Option<Slowdown>,
}

impl Adapt {
    pub const fn new(ceiling: Option<NonZeroU32>) -> Self {
        Self {
            ceiling,
            rate: None,
            sample: Vec::new(),
            since: Duration::ZERO,
            usual: None,
            worst: Duration::ZERO,
            peak: 0,
            changed: None,
            slowdown: None,
        }
    }

    pub fn answered(&mut self, now: Duration, took: Duration) -> Option<Rate> {
        self.sample.push(took);
        let lasted = now.saturating_sub(self.since);
        let enough = self.sample.len() >= SAMPLE || (self.sample.len() >= SMALL_SAMPLE && lasted >= SAMPLE_LASTS);
        if !enough {
            return None;
        }
        let measured = per_second(self.sample.len(), lasted);
        let median = median(&mut self.sample);
        self.sample.clear();
        self.since = now;
        let Some(usual) = self.usual else {
            self.usual = Some(median);
            self.peak = measured;
            return None;
        };
        if median > (usual * SLOWER).max(SLOW) {
            self.worst = self.worst.max(median);
            return self.cut(now, Trouble::Slow, measured);
        }
        self.peak = self.peak.max(measured);
        self.raise(now)
    }

    pub fn busy(&mut self, now: Duration) -> Option<Rate> {
        let measured = match self.sample.len() {
            // Too few to tell: the greatest rate so far, then the ceiling.
            ..SMALL_SAMPLE if self.peak > 0 => self.peak,
            ..SMALL_SAMPLE => self.ceiling.map_or(UNKNOWN, NonZeroU32::get),
            n => per_second(n, now.saturating_sub(self.since)),
        };
        self.cut(now, Trouble::Busy, measured)
    }

    pub fn slowdown(&self) -> Option<Slowdown> {
        let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        self.slowdown.map(|s| Slowdown {
            usual_ms: millis(self.usual.unwrap_or_default()),
            worst_ms: millis(self.worst),
            recovered: self.rate.is_none(),
            ..s
        })
    }

    /// Half of what was really written, or of the pace, whichever is less.
    fn cut(&mut self, now: Duration, trouble: Trouble, measured: u32) -> Option<Rate> {
        if self.changed.is_some_and(|at| now.saturating_sub(at) < BETWEEN_CUTS) {
            return None;
        }
        let pace = self.rate.or(self.ceiling).map_or(u32::MAX, NonZeroU32::get);
        let before = measured.min(pace).max(FLOOR);
        let rate = NonZeroU32::new((before / 2).max(FLOOR)).unwrap_or(NonZeroU32::MIN);
        let slowdown = self.slowdown.get_or_insert(Slowdown {
            trouble,
            cuts: 0,
            before: self.peak.max(before),
            lowest: u32::MAX,
            usual_ms: 0,
            worst_ms: 0,
            recovered: false,
        });
        slowdown.cuts += 1;
        slowdown.lowest = slowdown.lowest.min(rate.get());
        (self.changed, self.rate) = (Some(now), Some(rate));
        self.sample.clear();
        self.since = now;
        Some(Rate::Only(rate))
    }

    fn raise(&mut self, now: Duration) -> Option<Rate> {
        let rate = self.rate?;
        if self.changed.is_some_and(|at| now.saturating_sub(at) < BETWEEN_RAISES) {
            return None;
        }
        let more = rate.saturating_add((rate.get() / 4).max(1));
        let enough = self.ceiling.map_or(self.peak, NonZeroU32::get);
        self.changed = Some(now);
        if more.get() >= enough {
            self.rate = None;
            return Some(Rate::Ceiling);
        }
        self.rate = Some(more);
        Some(Rate::Only(more))
    }
}

/// Rounded; nothing yet counts as nothing.
fn per_second(answers: usize, lasted: Duration) -> u32 {
    let millis = lasted.as_millis().max(1);
    u32::try_from(answers as u128 * 1_000 / millis).unwrap_or(u32::MAX)
}

fn median(sample: &mut [Duration]) -> Duration {
    let middle = sample.len() / 2;
    if sample.is_empty() { Duration::ZERO } else { *sample.select_nth_unstable(middle).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Answers one after the other, a write every `every`, each of which took `took`; what the pace became.
    fn feed(adapt: &mut Adapt, now: &mut Duration, n: usize, every: Duration, took: Duration) -> Vec<Rate> {
        (0..n)
            .filter_map(|_| {
                *now += every;
                adapt.answered(*now, took)
            })
            .collect()
    }

    fn only(rate: u32) -> Rate {
        Rate::Only(NonZeroU32::new(rate).unwrap())
    }

    #[test]
    fn a_steady_server_is_left_at_full_speed() {
        let (mut adapt, mut now) = (Adapt::new(None), Duration::ZERO);
        assert_eq!(feed(&mut adapt, &mut now, 10_000, ms(1), ms(30)), []);
        // Three times slower, or slow by its nature, is no trouble; a few slow answers are none either.
        assert_eq!(feed(&mut adapt, &mut now, 1_000, ms(3), ms(90)), []);
        for _ in 0..50 {
            assert_eq!(feed(&mut adapt, &mut now, 40, ms(1), ms(30)), []);
            assert_eq!(feed(&mut adapt, &mut now, 24, ms(1), ms(900)), []);
        }
        assert_eq!(adapt.slowdown(), None);
    }

    #[test]
    fn slow_answers_halve_the_pace_and_quiet_ones_raise_it_again() {
        let (mut adapt, mut now) = (Adapt::new(NonZeroU32::new(500)), Duration::ZERO);
        assert_eq!(feed(&mut adapt, &mut now, 640, ms(2), ms(20)), []);
        // 64 answers in 2.56 s are 25 a second.
        assert_eq!(feed(&mut adapt, &mut now, 64, ms(40), ms(600)), [only(12)]);
        assert_eq!(feed(&mut adapt, &mut now, 64, ms(80), ms(400)), [only(6)]);
        let told = adapt.slowdown().unwrap();
        assert_eq!((told.trouble, told.cuts, told.before, told.lowest), (Trouble::Slow, 2, 500, 6));
        assert_eq!((told.usual_ms, told.worst_ms, told.recovered), (20, 600, false));
        let up = feed(&mut adapt, &mut now, 5_000, ms(100), ms(20));
        assert_eq!(up.first(), Some(&only(7)));
        assert_eq!(up.last(), Some(&Rate::Ceiling));
        assert!(up.len() > 15, "slowly: {up:?}");
        assert!(adapt.slowdown().unwrap().recovered);
        assert_eq!(feed(&mut adapt, &mut now, 5_000, ms(2), ms(20)), []);
    }

    #[test]
    fn a_busy_server_is_cut_once_a_spell_and_never_to_nothing() {
        let (mut adapt, mut now) = (Adapt::new(None), Duration::ZERO);
        feed(&mut adapt, &mut now, 640, ms(1), ms(5));
        feed(&mut adapt, &mut now, 32, ms(1), ms(5));
        assert_eq!(adapt.busy(now), Some(only(500)));
        assert_eq!(adapt.busy(now + ms(500)), None);
        for _ in 0..20 {
            now += ms(1_100);
            assert!(adapt.busy(now).is_some());
        }
        let told = adapt.slowdown().unwrap();
        assert_eq!((told.trouble, told.cuts, told.before, told.lowest), (Trouble::Busy, 21, 1_000, FLOOR));
        // Without a ceiling the way up ends at the rate that was seen before.
        let up = feed(&mut adapt, &mut now, 5_000, ms(500), ms(5));
        assert_eq!(up.last(), Some(&Rate::Ceiling));
    }

    /// A server that is busy from its first answer on.
    #[test]
    fn busy_before_anything_else() {
        let mut adapt = Adapt::new(NonZeroU32::new(100));
        assert_eq!(adapt.busy(Duration::ZERO), Some(only(50)));
        let (mut adapt, mut now) = (Adapt::new(None), Duration::ZERO);
        assert!(adapt.busy(now).is_some());
        let up = feed(&mut adapt, &mut now, 200, ms(200), ms(5));
        assert_eq!(up.last(), Some(&Rate::Ceiling));
    }
}
