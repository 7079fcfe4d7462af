//! `[limits]`, `[lifecycle]`, `[year]`: when to hold, how long to wait, when a school year turns.

use jiff::civil::Date;
use serde::Deserialize;

use super::axis::{Axis, GlobalLimits, GroupAxis, Limit, PartialLimit, PeopleAxis};
use crate::roster::Profile;

/// Beyond these, a school is held; beyond `global`, everything of an axis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Accounts created, of one profile in one school; an empty school is never held.
    pub create: PeopleAxis,
    /// Accounts whose name, birth date or INE changes.
    pub update: PeopleAxis,
    /// Departures begun that nothing explains.
    pub suspend: PeopleAxis,
    /// Accounts purged.
    pub purge: PeopleAxis,
    /// People taken out of managed groups of a school who neither left nor moved.
    pub members: PartialLimit,
    /// Classes and groups of a school that disappear while their members stay.
    pub groups: GroupAxis,
    /// The same over all schools, without those that are held by themselves.
    pub global: GlobalLimits,
    /// A release of more changes than this counts once a second person has given it as well.
    pub second_person_above: Option<u64>,
    /// Days after which a release that was not carried out, or a discard, is forgotten.
    pub decision_days: u16,
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
            create: PeopleAxis::default(),
            update: PeopleAxis::default(),
            suspend: PeopleAxis::default(),
            purge: PeopleAxis::default(),
            members: PartialLimit::default(),
            groups: GroupAxis::default(),
            global: GlobalLimits::default(),
            second_person_above: None,
            decision_days: 90,
            collapse_percent: 70.0,
            collapse_minimum: 20,
            delta_gap_days: 0,
        }
    }
}

impl LimitsConfig {
    /// Creations of a profile in a school that has accounts: up to fifty are an ordinary September.
    #[must_use]
    pub const fn create(&self, profile: Profile) -> Limit {
        self.create.of(profile, Limit::new(50.0, 1, 50))
    }

    /// Identities that change: a marriage here, a mistake mended there, never a fifth of a school.
    #[must_use]
    pub const fn update(&self, profile: Profile) -> Limit {
        self.update.of(profile, Limit::new(20.0, 20, 10))
    }

    /// Departures that nothing explains. Of staff a quarter changes with the year, on short contracts most of all.
    #[must_use]
    pub const fn suspend(&self, profile: Profile) -> Limit {
        self.suspend.of(
            profile,
            match profile {
                Profile::Pupil | Profile::Relative => Limit::new(10.0, 20, 0),
                Profile::Teacher | Profile::Staff => Limit::new(25.0, 20, 0),
            },
        )
    }

    /// Purges: what left in summer goes on one autumn day, a third of a lycée.
    #[must_use]
    pub const fn purge(&self, profile: Profile) -> Limit {
        self.purge.of(profile, Limit::new(50.0, 20, 30))
    }

    #[must_use]
    pub const fn members(&self) -> Limit {
        GlobalLimits::limit(self.members, Limit::new(50.0, 50, 30))
    }

    #[must_use]
    pub const fn classes(&self) -> Limit {
        self.groups.classes(Limit::new(50.0, 3, 2))
    }

    /// Teaching groups come and go with the timetable: only their collapse tells of a mistake.
    #[must_use]
    pub const fn groups(&self) -> Limit {
        self.groups.groups(Limit::new(80.0, 5, 5))
    }

    /// What applies to all schools together, on one axis: never less than a single school of some size may do, because it
    /// may be the only one.
    #[must_use]
    pub const fn global(&self, axis: Axis) -> Limit {
        let given = &self.global;
        match axis {
            Axis::Create => GlobalLimits::limit(given.create, Limit::new(50.0, 200, 200)),
            Axis::Update => GlobalLimits::limit(given.update, Limit::new(20.0, 200, 100)),
            Axis::Suspend => GlobalLimits::limit(given.suspend, Limit::new(10.0, 200, 50)),
            Axis::Purge => GlobalLimits::limit(given.purge, Limit::new(50.0, 200, 200)),
            Axis::Members => GlobalLimits::limit(given.members, Limit::new(50.0, 500, 200)),
            Axis::Groups => GlobalLimits::limit(given.groups, Limit::new(60.0, 200, 100)),
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let Self { collapse_percent: collapse, .. } = self;
        if !collapse.is_finite() || *collapse < 0.0 {
            return Err(format!("limits.collapse_percent is {collapse}: a percentage, 0 or more"));
        }
        if self.decision_days == 0 {
            return Err("limits.decision_days is 0: a decision has to live until the next plan".to_owned());
        }
        for (name, axis) in
            [("create", self.create), ("update", self.update), ("suspend", self.suspend), ("purge", self.purge)]
        {
            axis.check(name)?;
        }
        self.members.check("members")?;
        self.groups.check("groups")?;
        self.global.check()
    }
}

/// What is said beside the error about a key of an older version, by what is called what now.
pub(super) fn renamed(message: &str) -> Option<&'static str> {
    [
        ("`suspend_percent`", "limits.suspend_percent is now `percent` of [limits.suspend]"),
        ("`suspend_minimum`", "limits.suspend_minimum is now `minimum` of [limits.suspend]"),
        ("`create_percent`", "limits.create_percent is now `percent` of [limits.create]"),
        ("`create_minimum`", "limits.create_minimum is now `tolerated` of [limits.create]"),
    ]
    .into_iter()
    .find_map(|(former, now)| message.starts_with(&format!("unknown field {former}")).then_some(now))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Beyond;

    fn limits(text: &str) -> Result<LimitsConfig, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn a_profile_comes_before_the_axis_and_the_axis_before_the_default() {
        let limits =
            limits("[suspend]\npercent = 5.0\n[suspend.teacher]\ncount = 3\n[groups.classes]\ntolerated = 0\n")
                .unwrap();
        assert_eq!(limits.suspend(Profile::Pupil), Limit::new(5.0, 20, 0));
        assert_eq!(limits.suspend(Profile::Teacher), Limit { count: Some(3), ..Limit::new(5.0, 20, 0) });
        assert_eq!(limits.suspend(Profile::Staff), limits.suspend(Profile::Pupil));
        assert_eq!(limits.create(Profile::Pupil), LimitsConfig::default().create(Profile::Pupil));
        assert_eq!((limits.classes().tolerated, limits.groups().tolerated), (0, 5));
    }

    #[test]
    fn share_number_and_population() {
        let limit = Limit { count: Some(60), ..Limit::new(10.0, 20, 5) };
        assert_eq!(limit.beyond(5, 6), None, "tolerated");
        assert_eq!(limit.beyond(6, 19), None, "too few to measure");
        assert_eq!(limit.beyond(10, 100), None, "the limit itself is within");
        assert_eq!(limit.beyond(11, 100), Some(Beyond::Percent(10.0)));
        assert_eq!(limit.beyond(61, 10_000), Some(Beyond::Count(60)), "whatever the share");
        assert_eq!(Limit::new(0.0, 0, 0).beyond(0, 0), None, "nothing is never too much");
    }

    #[test]
    fn former_keys_are_told_their_new_name() {
        for (former, now) in
            [("suspend_percent", "[limits.suspend]"), ("create_minimum", "`tolerated` of [limits.create]")]
        {
            let text = format!(
                "[store]\nurl = \"sqlite:a.db\"\n[directory]\nkind = \"embedded\"\nsuffix = \"dc=fr\"\n[limits]\n{former} = 3\n"
            );
            let error = crate::config::Config::parse(&text, std::path::Path::new("/r.toml")).unwrap_err().to_string();
            assert!(error.contains(now), "{error}");
        }
        assert_eq!(renamed("unknown field `suspend`"), None);
    }
}
