//! The safety net: departures and creations per school and profile, against the limits.
//!
//! A breach holds that school, the others go on. Departures that the year transition explains do not count; a person
//! who only changes school is no departure.

use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;

use crate::config::LimitsConfig;
use crate::roster::Profile;

use super::HoldReason;

/// What would happen to one profile of one school.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Accounts there before this plan, present or absent.
    pub accounts: u32,
    /// Departures that nothing explains: new in this plan, or begun in the last days.
    pub departures: u32,
    /// Of those, the ones that this plan begins. What was let through earlier holds nothing by itself.
    pub new_departures: u32,
    pub creations: u32,
}

/// A school to hold, why, and the figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Breach {
    pub school: CompactString,
    pub profile: Profile,
    pub reason: HoldReason,
    pub tally: Tally,
    pub percent: f64,
    pub limit: f64,
}

/// The figures of a plan by school and profile.
#[derive(Debug, Default)]
pub struct Tallies(HashMap<(CompactString, Profile), Tally>);

impl Tallies {
    pub fn of(&mut self, school: &str, profile: Profile) -> &mut Tally {
        self.0.entry((CompactString::from(school), profile)).or_default()
    }

    /// The breaches, at most one per school and profile, sorted.
    #[must_use]
    pub fn breaches(&self, limits: &LimitsConfig) -> Vec<Breach> {
        let sorted: BTreeMap<_, _> = self.0.iter().collect();
        sorted
            .into_iter()
            .filter_map(|((school, profile), &tally)| {
                let percent = |n: u32| f64::from(n) * 100.0 / f64::from(tally.accounts.max(1));
                let breach = |reason, percent, limit| {
                    Some(Breach { school: school.clone(), profile: *profile, reason, tally, percent, limit })
                };
                let leaving = percent(tally.departures);
                if tally.new_departures > 0
                    && tally.accounts >= limits.suspend_minimum
                    && leaving > limits.suspend_percent
                {
                    return breach(HoldReason::SuspendLimit, leaving, limits.suspend_percent);
                }
                let coming = percent(tally.creations);
                if tally.accounts > 0 && tally.creations > limits.create_minimum && coming > limits.create_percent {
                    return breach(HoldReason::CreateLimit, coming, limits.create_percent);
                }
                None
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(accounts: u32, departures: u32, creations: u32) -> Vec<HoldReason> {
        let mut tallies = Tallies::default();
        *tallies.of("0350001A", Profile::Pupil) = Tally { accounts, departures, new_departures: departures, creations };
        tallies.breaches(&LimitsConfig::default()).into_iter().map(|b| b.reason).collect()
    }

    #[test]
    fn a_tenth_is_the_limit() {
        assert_eq!(breaches(500, 50, 0), []);
        assert_eq!(breaches(500, 51, 0), [HoldReason::SuspendLimit]);
    }

    #[test]
    fn what_was_let_through_earlier_holds_nothing_by_itself() {
        let mut tallies = Tallies::default();
        *tallies.of("0350001A", Profile::Pupil) = Tally { accounts: 100, departures: 30, ..Tally::default() };
        assert_eq!(tallies.breaches(&LimitsConfig::default()), []);
    }

    #[test]
    fn small_populations_are_not_measured_in_percent() {
        assert_eq!(breaches(19, 5, 0), []);
        assert_eq!(breaches(20, 5, 0), [HoldReason::SuspendLimit]);
    }

    #[test]
    fn an_empty_school_may_be_filled() {
        assert_eq!(breaches(0, 0, 900), []);
        assert_eq!(breaches(600, 0, 600), [HoldReason::CreateLimit]);
        assert_eq!(breaches(10, 0, 40), [], "fifty creations are never held");
    }
}
