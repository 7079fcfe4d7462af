//! The school year: which schools are in transition, and whose departure it explains.
//!
//! A school is *in transition* from the day on which the old year closes until a set arrives in which its pupils have
//! gone up; then it is open for the new year. While in transition, the departure of a pupil of last year's top level
//! (3e, terminale, the last year of a CAP …) is expected.

use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;
use jiff::Span;
use jiff::civil::Date;

use crate::config::YearConfig;
use crate::store::SchoolRow;
use crate::wording::date;

/// A school year, by the calendar year in which it begins.
pub type SchoolYear = i16;

/// The school year that `today` belongs to: it turns on `closes` (`07-05`), not on 1 September, because from then on
/// schools switch their bases one after the other.
#[must_use]
pub fn school_year(today: Date, closes: &YearConfig) -> SchoolYear {
    let (month, day) = closes.month_day();
    if (today.month(), today.day()) >= (month, day) { today.year() } else { today.year() - 1 }
}

/// Whether a MEF, or the level of a first-degree pupil, is the last of its course, after which leaving the school is
/// normal.
///
/// Collège and lycée by their device (first three digits: 103 3e, 167 3e SEGPA, 202 terminale générale, 212
/// terminale technologique, 214 the same of agricultural schools), the others by the tail, whose first two digits are the duration of the course and the year in it (CAP en 2 ans, second year: `22x`).
#[must_use]
pub fn is_top_level(mef: &str) -> bool {
    if mef == "CM2" {
        return true;
    }
    let (Some(device), Some(tail)) = (mef.get(..3), mef.get(8..11)) else { return false };
    if ["103", "167", "202", "212", "214"].contains(&device) {
        return true;
    }
    if device < "200" {
        return false;
    }
    let mut digits = tail.bytes();
    matches!((digits.next(), digits.next()), (Some(duration @ b'2'..=b'9'), Some(year)) if duration == year)
}

/// How many pupils of a school stayed, and what became of their levels and classes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Continuity {
    pub stayed: u32,
    pub changed_level: u32,
    /// Had a class.
    pub classed: u32,
    /// Of those, have none any more.
    pub unclassed: u32,
    /// Of those, have one of another name, at the same level.
    pub renamed: u32,
}

/// What a set says of a school that no school does in the midst of its year: it was prepared for the next one too early,
/// or the export went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Premature {
    /// Nobody has a class any more.
    WithoutClass,
    /// Everybody has another class.
    Renamed,
    /// Everybody went up.
    WentUp,
}

impl Continuity {
    /// The school has switched to the new year: most of those who stay went up; of fewer than five, all.
    #[must_use]
    pub const fn has_switched(self) -> bool {
        match self.stayed {
            0 => false,
            1..5 => self.changed_level == self.stayed,
            _ => self.changed_level * 2 >= self.stayed,
        }
    }

    /// What looks like a switch that came too early. Of a school that waits for its new year, only that nobody has a
    /// class yet: then the new year is not ready. Small schools are not judged.
    #[must_use]
    pub const fn premature(self, in_transition: bool) -> Option<Premature> {
        const FEW: u32 = 10;
        /// Nine of ten are everybody.
        const fn nearly(n: u32, of: u32) -> bool {
            of >= FEW && n * 10 >= of * 9
        }
        if nearly(self.unclassed, self.classed) {
            return Some(Premature::WithoutClass);
        }
        if in_transition {
            return None;
        }
        if self.stayed >= FEW && self.has_switched() {
            return Some(Premature::WentUp);
        }
        if nearly(self.renamed, self.classed) { Some(Premature::Renamed) } else { None }
    }
}

/// Until when an account can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    pub day: Date,
    /// It is the latest possible day: a school of his waits for its new year.
    pub waits: bool,
}

impl std::fmt::Display for Until {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.waits {
            write!(f, "utilisable jusqu'à la bascule de l'établissement, au plus tard le {}", date(self.day))
        } else {
            write!(f, "utilisable jusqu'au {}", date(self.day))
        }
    }
}

/// The state of each school at the time of a plan.
#[derive(Debug)]
pub struct Years {
    reached: HashMap<CompactString, SchoolRow>,
    pub current: SchoolYear,
    /// The day on which the year before it closed.
    closed: Date,
}

impl Years {
    /// `rows` is what the store knows: the year that each school has reached.
    #[must_use]
    pub fn new(rows: Vec<SchoolRow>, today: Date, closes: &YearConfig) -> Self {
        let current = school_year(today, closes);
        let reached = rows.into_iter().map(|row| (row.uai.clone(), row)).collect();
        Self { reached, current, closed: closes.closing(current) }
    }

    #[must_use]
    pub fn in_transition(&self, uai: &str) -> bool {
        self.reached.get(uai).is_some_and(|row| row.year < self.current)
    }

    /// Every school that waits for its new year.
    pub fn waiting(&self) -> impl Iterator<Item = &CompactString> {
        self.reached.keys().filter(|uai| self.in_transition(uai))
    }

    /// The day on which an account of these schools cannot be used any more, of which nothing was heard since `ended`.
    /// `day` is what its delay says, `most` the latest that the law allows.
    ///
    /// Between the close of a year and the first set of the next, exports say little: those days do not count.
    #[must_use]
    pub fn suspended_from(&self, schools: &[CompactString], ended: Date, day: Date, most: Date) -> Until {
        if day <= self.closed {
            return Until { day, waits: false };
        }
        if schools.iter().any(|school| self.in_transition(school)) {
            return Until { day: most.max(day), waits: true };
        }
        let began = ended.max(self.closed);
        let switched = schools.iter().filter_map(|school| self.reached.get(school)?.since).max();
        let paused = switched.filter(|since| *since > began).map_or(0, |since| (since - began).get_days());
        let later = day.saturating_add(Span::new().days(paused));
        Until { day: later.min(most).max(day), waits: false }
    }

    /// The years to note once the plan is applied: schools seen for the first time, and those that have switched.
    #[must_use]
    pub fn to_note<'a>(
        &self,
        schools: impl IntoIterator<Item = (&'a str, Continuity)>,
    ) -> BTreeMap<CompactString, SchoolYear> {
        schools
            .into_iter()
            .filter(|(uai, continuity)| match self.reached.get(*uai) {
                None => true,
                Some(row) => row.year < self.current && continuity.has_switched(),
            })
            .map(|(uai, _)| (CompactString::from(uai), self.current))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_year_turns_on_the_closing_day() {
        let closes = YearConfig::default();
        let year = |text: &str| school_year(text.parse().unwrap(), &closes);
        assert_eq!(year("2026-07-04"), 2025);
        assert_eq!(year("2026-07-05"), 2026);
        assert_eq!(year("2027-01-15"), 2026);
    }

    #[test]
    fn top_levels() {
        for mef in [
            "21421004110",
            "10310019110",
            "20211010110",
            "21231011110",
            "16710002110",
            "24133610222",
            "24733610333",
            "CM2",
        ] {
            assert!(is_top_level(mef), "{mef}");
        }
        for mef in [
            "10010012110",
            "20010015110",
            "20111010110",
            "21321004110",
            "24133610210",
            "24733610321",
            "",
            "x",
            "CM1",
            "1031001911",
        ] {
            assert!(!is_top_level(mef), "{mef}");
        }
    }

    #[test]
    fn a_switch_that_comes_too_early_is_told_from_ordinary_life() {
        let year = Continuity { stayed: 100, classed: 100, ..Continuity::default() };
        for (continuity, outside, waiting) in [
            (year, None, None),
            (Continuity { unclassed: 95, ..year }, Some(Premature::WithoutClass), Some(Premature::WithoutClass)),
            (Continuity { unclassed: 50, ..year }, None, None),
            (Continuity { renamed: 95, ..year }, Some(Premature::Renamed), None),
            (Continuity { renamed: 30, ..year }, None, None),
            (Continuity { changed_level: 80, ..year }, Some(Premature::WentUp), None),
            (Continuity { stayed: 9, classed: 9, unclassed: 9, renamed: 9, changed_level: 9 }, None, None),
        ] {
            assert_eq!((continuity.premature(false), continuity.premature(true)), (outside, waiting), "{continuity:?}");
        }
    }

    #[test]
    fn a_school_switches_when_most_pupils_go_up() {
        let row = SchoolRow { uai: "0350001A".into(), year: 2025, since: None };
        let years = Years::new(vec![row], date(2026, 8, 1), &YearConfig::default());
        assert!(years.in_transition("0350001A"));
        assert!(!years.in_transition("0350002B"), "a school never fed waits for nothing");
        let up = Continuity { stayed: 400, changed_level: 380, ..Continuity::default() };
        let still = Continuity { stayed: 400, changed_level: 3, ..Continuity::default() };
        assert!(years.to_note([("0350001A", still)]).is_empty());
        assert_eq!(years.to_note([("0350001A", up), ("0350002B", still)]).len(), 2);
    }

    /// While a school waits nobody of it is suspended before the law says so; afterwards the delay goes on.
    #[test]
    fn the_days_of_the_transition_do_not_count() {
        let row = |uai: &str, year, since| SchoolRow { uai: uai.into(), year, since: Some(since) };
        let until = |rows: Vec<SchoolRow>, today, ended: Date| {
            let years = Years::new(rows, today, &YearConfig::default());
            let delay = |days: i32| ended.saturating_add(Span::new().days(days));
            years.suspended_from(&["0350001A".into()], ended, delay(30), delay(90))
        };
        let waits = || vec![row("0350001A", 2026, date(2026, 9, 1))];
        let switched = || vec![row("0350001A", 2027, date(2027, 8, 28))];
        let day = |day| Until { day, waits: false };
        let summer = date(2027, 8, 20);
        assert_eq!(until(waits(), summer, date(2027, 7, 10)), Until { day: date(2027, 10, 8), waits: true });
        assert_eq!(until(waits(), summer, date(2027, 3, 1)), day(date(2027, 3, 31)), "long before");
        let autumn = date(2027, 9, 3);
        // Five days of the delay in June, the others from the switch on.
        assert_eq!(until(switched(), autumn, date(2027, 6, 30)), day(date(2027, 9, 22)));
        assert_eq!(until(switched(), autumn, date(2027, 8, 20)), day(date(2027, 9, 27)));
        assert_eq!(until(switched(), autumn, date(2027, 7, 10)), day(date(2027, 9, 27)));
        assert_eq!(until(switched(), autumn, date(2027, 9, 2)), day(date(2027, 10, 2)), "after the switch");
        assert_eq!(until(Vec::new(), autumn, date(2027, 8, 20)), day(date(2027, 9, 19)), "a school never fed");
    }
}
