//! `[limits]`, `[lifecycle]`, `[year]`: when to hold, how long to wait, when a school year turns.

use jiff::civil::Date;
use serde::Deserialize;

/// Beyond these, a school is held.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Departures of one profile in one school, in percent of its accounts there.
    pub suspend_percent: f64,
    /// Below this many accounts of the profile in the school, the percentage is not looked at.
    pub suspend_minimum: u32,
    /// Creations of one profile in one school, in percent of its accounts there; an empty school is never held.
    pub create_percent: f64,
    /// Creations up to this many are never held.
    pub create_minimum: u32,
    /// People of one category in one school (or in all) whom a complete set does not hold any more, in percent of those
    /// known there: beyond, the export is not believed and none of them leaves. 100 believes everything.
    pub collapse_percent: f64,
    /// Up to this many missing people, the percentage is not looked at.
    pub collapse_minimum: u32,
    /// Accounts purged at once.
    pub purge: PurgeLimit,
    /// Working days that may pass between two differences before a lost one is suspected.
    pub delta_gap_days: u16,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            suspend_percent: 10.0,
            suspend_minimum: 20,
            create_percent: 50.0,
            create_minimum: 50,
            collapse_percent: 70.0,
            collapse_minimum: 20,
            purge: PurgeLimit::default(),
            delta_gap_days: 0,
        }
    }
}

/// How many accounts of one profile in one school a purge may delete.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PurgeLimit {
    /// Of the accounts of the profile in the school, whatever their stage.
    pub percent: f64,
    /// Whatever the share; no such limit when absent.
    pub count: Option<u32>,
    /// Where there are fewer accounts, the share is not looked at.
    pub minimum: u32,
    /// So many are never held, whatever the share.
    pub tolerated: u32,
}

impl Default for PurgeLimit {
    /// What left in summer goes on one autumn day, a third of a lycée.
    fn default() -> Self {
        Self { percent: 50.0, count: None, minimum: 20, tolerated: 30 }
    }
}

impl PurgeLimit {
    /// Over all schools together: never less than a single school of some size may do, because it may be the only one.
    #[must_use]
    pub const fn of_all(self) -> Self {
        Self { minimum: 200, tolerated: 200, count: None, ..self }
    }

    /// Whether `n` of `of` go beyond.
    #[must_use]
    pub fn is_beyond(&self, n: u32, of: u32) -> bool {
        if n == 0 || n <= self.tolerated {
            return false;
        }
        let share = f64::from(n) * 100.0 / f64::from(of.max(1));
        self.count.is_some_and(|count| n > count) || (of >= self.minimum && share > self.percent)
    }
}

impl LimitsConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, value) in [
            ("suspend_percent", self.suspend_percent),
            ("create_percent", self.create_percent),
            ("collapse_percent", self.collapse_percent),
            ("purge.percent", self.purge.percent),
        ] {
            if !value.is_finite() || value < 0.0 {
                return Err(format!("limits.{name} is {value}: a percentage, 0 or more"));
            }
        }
        Ok(())
    }
}

/// The school year.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct YearConfig {
    /// Month and day (`07-05`) from which schools wait for their complete set of the new year.
    pub closes: String,
}

impl Default for YearConfig {
    fn default() -> Self {
        Self { closes: "07-05".into() }
    }
}

impl YearConfig {
    /// Month and day of the closing; [`YearConfig::check`] made sure that they are some.
    #[must_use]
    pub fn month_day(&self) -> (i8, i8) {
        self.parse().unwrap_or((7, 5))
    }

    /// The day on which schools began to close the year before the one that begins in `year`.
    #[must_use]
    pub fn closing(&self, year: i16) -> Date {
        let (month, day) = self.month_day();
        Date::new(year, month, day).or_else(|_| Date::new(year, 7, 5)).unwrap_or(Date::MIN)
    }

    fn parse(&self) -> Option<(i8, i8)> {
        super::lifecycle::month_day(&self.closes)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        self.parse()
            .map(drop)
            .ok_or_else(|| format!("year.closes is {:?}: month and day, such as \"07-05\"", self.closes))
    }
}
