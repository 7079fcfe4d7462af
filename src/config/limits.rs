//! `[limits]`, `[lifecycle]`, `[year]`: when to hold, how long to wait, when a school year turns.

use serde::Deserialize;

use crate::roster::Profile;

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
            delta_gap_days: 0,
        }
    }
}

impl LimitsConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, value) in [
            ("suspend_percent", self.suspend_percent),
            ("create_percent", self.create_percent),
            ("collapse_percent", self.collapse_percent),
        ] {
            if !value.is_finite() || value < 0.0 {
                return Err(format!("limits.{name} is {value}: a percentage, 0 or more"));
            }
        }
        Ok(())
    }
}

/// Days between the stages of a departure.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LifecycleConfig {
    /// Absent but usable, in days.
    pub pupil_grace: u16,
    pub relative_grace: u16,
    pub teacher_grace: u16,
    pub staff_grace: u16,
    /// From the first day of absence to purge due, in days; at most three months.
    pub purge_after: u16,
}

impl Default for LifecycleConfig {
    fn default() -> Self {
        Self { pupil_grace: 30, relative_grace: 30, teacher_grace: 30, staff_grace: 30, purge_after: 90 }
    }
}

impl LifecycleConfig {
    #[must_use]
    pub const fn grace(&self, profile: Profile) -> u16 {
        match profile {
            Profile::Pupil => self.pupil_grace,
            Profile::Relative => self.relative_grace,
            Profile::Teacher => self.teacher_grace,
            Profile::Staff => self.staff_grace,
        }
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

    fn parse(&self) -> Option<(i8, i8)> {
        let (month, day) = self.closes.split_once('-')?;
        let (month, day) = (month.parse().ok()?, day.parse().ok()?);
        jiff::civil::Date::new(2024, month, day).ok().map(|_| (month, day))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        self.parse()
            .map(drop)
            .ok_or_else(|| format!("year.closes is {:?}: month and day, such as \"07-05\"", self.closes))
    }
}
