//! What was noted, arranged for those who read it.

use std::collections::BTreeMap;

use compact_str::CompactString;
use jiff::civil::Date;
use serde::Serialize;

use crate::roster::Profile;
use crate::store::IndicatorRow;

/// Counts of one day.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Figures {
    pub present: u64,
    pub absent: u64,
    pub suspended: u64,
    /// Of those who can log in, those with a sheet that counts.
    pub printed: u64,
    /// Of those who can log in, those who did; `None` when nobody asked the directory.
    pub activated: Option<u64>,
}

impl Figures {
    /// Who can log in.
    #[must_use]
    pub const fn usable(&self) -> u64 {
        self.present + self.absent
    }

    fn add(&mut self, other: &Self) {
        self.present += other.present;
        self.absent += other.absent;
        self.suspended += other.suspended;
        self.printed += other.printed;
        self.activated = match (self.activated, other.activated) {
            (Some(a), Some(b)) => Some(a + b),
            (known, None) | (None, known) => known,
        };
    }
}

/// The counts of a scope (a school, or all of them) by profile, day by day.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Series {
    pub days: BTreeMap<Date, BTreeMap<Profile, Figures>>,
}

impl Series {
    /// Arranges what was noted by scope; `None` is all schools together.
    #[must_use]
    pub fn by_scope(rows: Vec<IndicatorRow>) -> BTreeMap<Option<CompactString>, Self> {
        let mut scopes: BTreeMap<Option<CompactString>, Self> = BTreeMap::new();
        for row in rows {
            let figures = Figures {
                present: row.present,
                absent: row.absent,
                suspended: row.suspended,
                printed: row.printed,
                activated: row.activated,
            };
            scopes.entry(row.school).or_default().days.entry(row.day).or_default().insert(row.profile, figures);
        }
        scopes
    }

    /// The last day.
    #[must_use]
    pub fn last(&self) -> Option<(Date, &BTreeMap<Profile, Figures>)> {
        self.days.last_key_value().map(|(day, figures)| (*day, figures))
    }

    /// All profiles, or one, day by day.
    #[must_use]
    pub fn over_time(&self, of: Option<Profile>) -> Vec<(Date, Figures)> {
        self.days.iter().map(|(day, profiles)| (*day, sum(profiles, of, |_| true))).collect()
    }

    /// The last day on which the directory was asked: how many had logged in, and of how many who could.
    #[must_use]
    pub fn last_activation(&self, of: Option<Profile>) -> Option<Activation> {
        self.days.iter().rev().find_map(|(day, profiles)| {
            // Who logs in elsewhere is in neither number.
            let known = sum(profiles, of, |figures| figures.activated.is_some());
            known.activated.map(|activated| Activation { day: *day, activated, usable: known.usable() })
        })
    }
}

/// How many had logged in, and of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activation {
    pub day: Date,
    pub activated: u64,
    pub usable: u64,
}

fn sum(profiles: &BTreeMap<Profile, Figures>, of: Option<Profile>, counts: impl Fn(&Figures) -> bool) -> Figures {
    let mut sum = Figures::default();
    for (_, figures) in profiles.iter().filter(|(profile, f)| of.is_none_or(|of| **profile == of) && counts(f)) {
        sum.add(figures);
    }
    sum
}
