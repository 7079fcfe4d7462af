//! `[lifecycle]`: how long somebody's account stays usable once no export names him, and when it is deleted.

use jiff::Span;
use jiff::civil::Date;
use serde::Deserialize;

use super::YearConfig;
use crate::roster::Profile;

/// Three months: an account is not kept longer than that after the entitlement ended (SDET, annex on the life cycle of
/// accounts).
const THREE_MONTHS: u16 = 92;

/// Days between the stages of a departure, all counted from the first day on which no export names the person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LifecycleConfig {
    /// Absent but usable, in days.
    pub pupil_grace: u16,
    pub relative_grace: u16,
    pub teacher_grace: u16,
    pub staff_grace: u16,
    /// Month and day until which an account of staff that vanished over the summer stays usable whatever its grace:
    /// contracts end on 31 August and their successors are entered in September and October. Empty: no such day.
    pub staff_return: String,
    /// Until purge due; at most three months.
    pub purge_after: u16,
    /// The same for one profile.
    pub pupil_purge_after: Option<u16>,
    pub relative_purge_after: Option<u16>,
    pub teacher_purge_after: Option<u16>,
    pub staff_purge_after: Option<u16>,
    /// For an account that nobody ever took over, if that is sooner; once it is suspended.
    pub never_activated_after: Option<u16>,
}

impl Default for LifecycleConfig {
    fn default() -> Self {
        Self {
            pupil_grace: 30,
            relative_grace: 30,
            teacher_grace: 30,
            staff_grace: 30,
            staff_return: "11-01".to_owned(),
            purge_after: 90,
            pupil_purge_after: None,
            relative_purge_after: None,
            teacher_purge_after: None,
            staff_purge_after: None,
            never_activated_after: None,
        }
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

    /// The first day on which an account may be deleted, when its entitlement ended on `ended`. `never`: nobody ever
    /// took it over.
    #[must_use]
    pub fn purge_from(&self, profile: Profile, ended: Date, never: bool) -> Date {
        let days = self.purge_days(profile);
        let sooner = self.never_activated_after.filter(|_| never).map_or(days, |sooner| sooner.min(days));
        after(ended, sooner)
    }

    /// The first day on which an account of which nothing was heard since `ended` cannot be used any more.
    #[must_use]
    pub fn suspended_from(&self, profile: Profile, ended: Date, year: &YearConfig) -> Date {
        let grace = after(ended, self.grace(profile));
        if !matches!(profile, Profile::Teacher | Profile::Staff) {
            return grace;
        }
        let Some((month, day)) = month_day(&self.staff_return) else { return grace };
        let (closes_month, closes_day) = year.month_day();
        let over_summer =
            (ended.month(), ended.day()) >= (closes_month, closes_day) && (ended.month(), ended.day()) < (month, day);
        match Date::new(ended.year(), month, day) {
            // Not beyond the day on which it would have to be deleted.
            Ok(back) if over_summer => grace.max(back).min(after(ended, self.purge_days(profile)).max(grace)),
            _ => grace,
        }
    }

    fn purge_days(&self, profile: Profile) -> u16 {
        let own = match profile {
            Profile::Pupil => self.pupil_purge_after,
            Profile::Relative => self.relative_purge_after,
            Profile::Teacher => self.teacher_purge_after,
            Profile::Staff => self.staff_purge_after,
        };
        own.unwrap_or(self.purge_after)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for profile in Profile::ALL {
            let (days, grace) = (self.purge_days(profile), self.grace(profile));
            if days > THREE_MONTHS {
                return Err(format!(
                    "lifecycle: {days} days until the purge of a {profile}, and no account is kept longer than three \
                     months ({THREE_MONTHS} days)"
                ));
            }
            if days < grace {
                return Err(format!(
                    "lifecycle: a {profile} would be purged after {days} days and stay usable for {grace}"
                ));
            }
        }
        if !self.staff_return.is_empty() && month_day(&self.staff_return).is_none() {
            return Err(format!(
                "lifecycle.staff_return is {:?}: month and day, such as \"11-01\", or nothing",
                self.staff_return
            ));
        }
        Ok(())
    }
}

fn after(day: Date, days: u16) -> Date {
    day.saturating_add(Span::new().days(days))
}

/// `11-01` as month and day, if there is such a day.
pub(super) fn month_day(text: &str) -> Option<(i8, i8)> {
    let (month, day) = text.split_once('-')?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    Date::new(2024, month, day).ok().map(|_| (month, day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn lifecycle(text: &str) -> LifecycleConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_contract_that_ends_with_august_is_usable_until_november() {
        let (config, year) = (LifecycleConfig::default(), YearConfig::default());
        let from = |profile, ended| config.suspended_from(profile, ended, &year);
        assert_eq!(from(Profile::Teacher, date(2026, 9, 1)), date(2026, 11, 1));
        assert_eq!(from(Profile::Staff, date(2026, 10, 20)), date(2026, 11, 19), "the grace itself is longer");
        assert_eq!(from(Profile::Staff, date(2026, 11, 1)), date(2026, 12, 1));
        assert_eq!(from(Profile::Staff, date(2026, 3, 1)), date(2026, 3, 31));
        assert_eq!(from(Profile::Pupil, date(2026, 9, 1)), date(2026, 10, 1));
        // Not beyond three months.
        assert_eq!(from(Profile::Teacher, date(2026, 7, 6)), date(2026, 10, 4));
        let none = lifecycle("staff_return = \"\"");
        assert_eq!(none.suspended_from(Profile::Teacher, date(2026, 9, 1), &year), date(2026, 10, 1));
    }

    #[test]
    fn a_profile_may_go_sooner_and_what_was_never_used_too() {
        let config = lifecycle("relative_purge_after = 60\nnever_activated_after = 35");
        let ended = date(2026, 9, 1);
        assert_eq!(config.purge_from(Profile::Pupil, ended, false), date(2026, 11, 30));
        assert_eq!(config.purge_from(Profile::Relative, ended, false), date(2026, 10, 31));
        assert_eq!(config.purge_from(Profile::Relative, ended, true), date(2026, 10, 6));
    }

    #[test]
    fn three_months_are_the_most() {
        for (text, says) in [
            ("purge_after = 93", "three months"),
            ("staff_purge_after = 100", "a staff"),
            ("pupil_grace = 91", "stay usable for 91"),
            ("staff_return = \"31 octobre\"", "month and day"),
        ] {
            let why = lifecycle(text).check().unwrap_err();
            assert!(why.contains(says), "{text}: {why}");
        }
        assert_eq!(LifecycleConfig::default().check(), Ok(()));
    }
}
