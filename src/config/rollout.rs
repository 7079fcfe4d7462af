//! `[rollout]`: which schools take part from when, and which go first each night.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};

use crate::feed::values::Uai;

/// Schools that are not (or not yet) fed, and those that show whether a night goes well.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RolloutConfig {
    /// UAI of the schools whose changes `sync` carries out and reads back before those of all others.
    pub canary: Vec<String>,
    /// By UAI.
    pub schools: BTreeMap<String, RolloutSchool>,
}

/// Since when a school takes part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RolloutSchool {
    /// Not before this day.
    #[serde(deserialize_with = "day")]
    pub from: Option<Date>,
    /// Not at all.
    pub out: bool,
    /// Of its pupils only those of these classes, by their codes; all of them when empty.
    pub classes: Vec<String>,
    /// From this day the other classes too.
    #[serde(deserialize_with = "day")]
    pub all_from: Option<Date>,
}

impl RolloutSchool {
    /// Whether the school takes part on this day.
    #[must_use]
    pub fn takes_part(&self, today: Date) -> bool {
        !self.out && self.from.is_none_or(|from| today >= from)
    }
}

impl RolloutConfig {
    /// What is said of a school; whoever is not named takes part.
    #[must_use]
    pub fn of(&self, uai: &str) -> RolloutSchool {
        let named = self.schools.iter().find(|(known, _)| known.trim().eq_ignore_ascii_case(uai));
        named.map(|(_, school)| school.clone()).unwrap_or_default()
    }

    /// UAI of the schools that do not take part on this day.
    #[must_use]
    pub fn absent(&self, today: Date) -> Vec<String> {
        self.schools.iter().filter(|(_, school)| !school.takes_part(today)).map(|(uai, _)| uai.clone()).collect()
    }

    /// By the UAI of schools of which only some classes take part on this day, those classes.
    #[must_use]
    pub fn classes(&self, today: Date) -> BTreeMap<String, Vec<String>> {
        let some =
            |school: &RolloutSchool| !school.classes.is_empty() && school.all_from.is_none_or(|from| today < from);
        let schools = self.schools.iter().filter(|(_, school)| some(school));
        schools.map(|(uai, school)| (uai.clone(), school.classes.clone())).collect()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let named = self.canary.iter().map(|uai| ("rollout.canary", uai));
        for (key, uai) in named.chain(self.schools.keys().map(|uai| ("rollout.schools", uai))) {
            if Uai::parse(uai).is_none() {
                return Err(format!("{key}: {uai:?} is not a UAI"));
            }
        }
        Ok(())
    }
}

/// A day as TOML writes it, or in quotes.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = match toml::Value::deserialize(deserializer)? {
        toml::Value::Datetime(day) => day.to_string(),
        toml::Value::String(text) => text,
        other => return Err(serde::de::Error::custom(format!("{other} is no day: 2026-09-07 is one"))),
    };
    text.parse().map(Some).map_err(|_| serde::de::Error::custom(format!("{text:?} is no day: 2026-09-07 is one")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_school_takes_part_from_its_day() {
        let rollout: RolloutConfig = toml::from_str(
            "canary = [\"0290009C\"]\n[schools.0290009C]\nfrom = 2026-09-07\n[schools.0350001A]\nfrom = \"2026-10-01\"\n\
             [schools.0290010D]\nout = true\n",
        )
        .unwrap();
        assert_eq!(rollout.check(), Ok(()));
        assert_eq!(rollout.absent(date(2026, 9, 6)), ["0290009C", "0290010D", "0350001A"]);
        assert_eq!(rollout.absent(date(2026, 9, 7)), ["0290010D", "0350001A"]);
        assert!(rollout.of("0999999Z").takes_part(date(2026, 1, 1)), "who is not named takes part");
        assert!(!rollout.of("0290010d").takes_part(date(2030, 1, 1)));
    }

    #[test]
    fn some_classes_go_first_and_the_others_from_their_day() {
        let rollout: RolloutConfig =
            toml::from_str("[schools.0290009C]\nclasses = [\"6A\", \"6B\"]\nall_from = 2026-11-02\n").unwrap();
        assert_eq!(rollout.classes(date(2026, 11, 1)), [("0290009C".into(), vec!["6A".into(), "6B".into()])].into());
        assert!(rollout.classes(date(2026, 11, 2)).is_empty());
    }

    #[test]
    fn what_is_no_day_and_no_school_is_refused() {
        let why = toml::from_str::<RolloutConfig>("[schools.0290009C]\nfrom = \"rentree\"").unwrap_err().to_string();
        assert!(why.contains("is no day"), "{why}");
        let rollout: RolloutConfig = toml::from_str("canary = [\"my school\"]").unwrap();
        assert!(rollout.check().unwrap_err().contains("not a UAI"));
    }
}
