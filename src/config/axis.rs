//! The limits of one axis as the configuration writes them, and as they apply.
//!
//! Every key may be left out: what a profile does not say is the axis', what the axis does not say is the default.

use serde::Deserialize;

use crate::roster::Profile;

/// What a plan may do too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Axis {
    Create,
    Update,
    Suspend,
    Purge,
    Members,
    Groups,
}

/// How much of one thing a plan may do before somebody has to look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Of those there are, in percent.
    pub percent: f64,
    /// Whatever the share; no such limit when absent.
    pub count: Option<u32>,
    /// Where there are fewer, the share is not looked at.
    pub minimum: u32,
    /// So many are never held, whatever the share.
    pub tolerated: u32,
}

/// What was gone beyond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Beyond {
    /// This many percent.
    Percent(f64),
    Count(u32),
}

impl Limit {
    pub(super) const fn new(percent: f64, minimum: u32, tolerated: u32) -> Self {
        Self { percent, count: None, minimum, tolerated }
    }

    /// Whether `n` of `of` go beyond, and beyond what.
    #[must_use]
    pub fn beyond(&self, n: u32, of: u32) -> Option<Beyond> {
        if n == 0 || n <= self.tolerated {
            return None;
        }
        if let Some(count) = self.count.filter(|&count| n > count) {
            return Some(Beyond::Count(count));
        }
        let share = f64::from(n) * 100.0 / f64::from(of.max(1));
        (of >= self.minimum && share > self.percent).then_some(Beyond::Percent(self.percent))
    }
}

/// Keys of a limit, as far as they are given.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PartialLimit {
    percent: Option<f64>,
    count: Option<u32>,
    minimum: Option<u32>,
    tolerated: Option<u32>,
}

impl PartialLimit {
    const fn over(self, below: Limit) -> Limit {
        /// `Option::unwrap_or`, which is not const for values that might have to be dropped.
        const fn or(value: Option<u32>, below: u32) -> u32 {
            match value {
                Some(value) => value,
                None => below,
            }
        }
        Limit {
            percent: match self.percent {
                Some(percent) => percent,
                None => below.percent,
            },
            count: match self.count {
                Some(count) => Some(count),
                None => below.count,
            },
            minimum: or(self.minimum, below.minimum),
            tolerated: or(self.tolerated, below.tolerated),
        }
    }

    pub(super) fn check(&self, name: &str) -> Result<(), String> {
        match self.percent {
            Some(percent) if !percent.is_finite() || percent < 0.0 => {
                Err(format!("limits.{name}.percent is {percent}: a percentage, 0 or more"))
            }
            _ => Ok(()),
        }
    }
}

/// An axis that counts people: `[limits.suspend]`, and `[limits.suspend.teacher]` for one profile.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeopleAxis {
    percent: Option<f64>,
    count: Option<u32>,
    minimum: Option<u32>,
    tolerated: Option<u32>,
    pupil: PartialLimit,
    relative: PartialLimit,
    teacher: PartialLimit,
    staff: PartialLimit,
}

impl PeopleAxis {
    const fn all(&self) -> PartialLimit {
        PartialLimit { percent: self.percent, count: self.count, minimum: self.minimum, tolerated: self.tolerated }
    }

    const fn own(&self, profile: Profile) -> PartialLimit {
        match profile {
            Profile::Pupil => self.pupil,
            Profile::Relative => self.relative,
            Profile::Teacher => self.teacher,
            Profile::Staff => self.staff,
        }
    }

    /// What applies to a profile, whose default is `default`.
    #[must_use]
    pub const fn of(&self, profile: Profile, default: Limit) -> Limit {
        self.own(profile).over(self.all().over(default))
    }

    pub(super) fn check(&self, name: &str) -> Result<(), String> {
        self.all().check(name)?;
        for profile in Profile::ALL {
            self.own(profile).check(&format!("{name}.{profile}"))?;
        }
        Ok(())
    }
}

/// The axis of groups: `[limits.groups]`, and `[limits.groups.classes]` for those of classes.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GroupAxis {
    percent: Option<f64>,
    count: Option<u32>,
    minimum: Option<u32>,
    tolerated: Option<u32>,
    classes: PartialLimit,
}

impl GroupAxis {
    const fn all(&self) -> PartialLimit {
        PartialLimit { percent: self.percent, count: self.count, minimum: self.minimum, tolerated: self.tolerated }
    }

    #[must_use]
    pub const fn groups(&self, default: Limit) -> Limit {
        self.all().over(default)
    }

    #[must_use]
    pub const fn classes(&self, default: Limit) -> Limit {
        self.classes.over(self.all().over(default))
    }

    pub(super) fn check(&self, name: &str) -> Result<(), String> {
        self.all().check(name)?;
        self.classes.check(&format!("{name}.classes"))
    }
}

/// `[limits.global]`: the whole plan, all schools together. `suspend = { percent = 5.0 }`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GlobalLimits {
    pub create: PartialLimit,
    pub update: PartialLimit,
    pub suspend: PartialLimit,
    pub purge: PartialLimit,
    pub members: PartialLimit,
    pub groups: PartialLimit,
}

impl GlobalLimits {
    pub(super) const fn limit(given: PartialLimit, default: Limit) -> Limit {
        given.over(default)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for (name, limit) in [
            ("create", self.create),
            ("update", self.update),
            ("suspend", self.suspend),
            ("purge", self.purge),
            ("members", self.members),
            ("groups", self.groups),
        ] {
            limit.check(&format!("global.{name}"))?;
        }
        Ok(())
    }
}
