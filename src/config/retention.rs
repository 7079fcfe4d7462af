//! `[retention]`: how long what names people is kept in the store and beside it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::audit::Kind;

/// What stands for every kind of event without days of its own.
const DEFAULT: &str = "default";
/// What is said one by one of the thousand.
const LOW_VALUE: [Kind; 3] = [Kind::Finding, Kind::Retry, Kind::ConsoleRefused];

/// In days.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Files of plans and the reports written beside them; also what reviewers have read.
    pub plans: u16,
    /// What the events of the trail say, by kind, and of all others as `default`. That they happened, when and by whom
    /// stays for ever, and the chain with it.
    pub trail: BTreeMap<String, u16>,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { plans: 90, trail: BTreeMap::new() }
    }
}

impl RetentionConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.plans == 0 {
            return Err("retention.plans is 0: a plan lives for a day at least".to_owned());
        }
        for (name, days) in &self.trail {
            match Kind::from_name(name) {
                Some(Kind::PayloadErased) => {
                    return Err(
                        "retention.trail.payload_erased: what was erased is kept for ever, or the trail could \
                                not be verified"
                            .to_owned(),
                    );
                }
                None if name != DEFAULT => return Err(format!("retention.trail.{name}: no such kind of event")),
                _ if *days == 0 => {
                    return Err(format!("retention.trail.{name} is 0: an event says what it does for a day at least"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The moment before which a plan has expired, in milliseconds since 1970.
    #[must_use]
    pub fn plans_before(&self, now: i64) -> i64 {
        before(now, self.plans)
    }

    /// How many days the events of a kind say what they do; none of those that the verification needs. By default three
    /// months for what comes by the thousand, a year for all others: what the CNIL recommends for logs (deliberation
    /// 2021-122).
    #[must_use]
    pub fn trail_days(&self, kind: Kind) -> Option<u16> {
        if kind == Kind::PayloadErased {
            return None;
        }
        let own = self.trail.get(kind.name());
        let usual = if LOW_VALUE.contains(&kind) { 90 } else { self.trail.get(DEFAULT).copied().unwrap_or(365) };
        Some(own.copied().unwrap_or(usual))
    }

    /// The kinds whose events say nothing any more when they happened before a moment (milliseconds since 1970), by that
    /// moment.
    #[must_use]
    pub fn trail_before(&self, now: i64) -> BTreeMap<i64, Vec<Kind>> {
        let mut by_moment: BTreeMap<i64, Vec<Kind>> = BTreeMap::new();
        for kind in Kind::ALL {
            if let Some(days) = self.trail_days(kind) {
                by_moment.entry(before(now, days)).or_default().push(kind);
            }
        }
        by_moment
    }
}

fn before(now: i64, days: u16) -> i64 {
    now.saturating_sub(i64::from(days) * 24 * 3_600 * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(trail: &[(&str, u16)]) -> RetentionConfig {
        let trail = trail.iter().map(|(name, days)| ((*name).to_owned(), *days)).collect();
        RetentionConfig { trail, ..RetentionConfig::default() }
    }

    #[test]
    fn each_kind_has_its_days() {
        let days = |config: &RetentionConfig, kind| config.trail_days(kind);
        let usual = with(&[]);
        assert_eq!((days(&usual, Kind::Finding), days(&usual, Kind::Printed)), (Some(90), Some(365)));
        assert_eq!(days(&usual, Kind::PayloadErased), None);
        let own = with(&[("default", 200), ("printed", 1_000)]);
        assert_eq!((days(&own, Kind::Printed), days(&own, Kind::ChangeApplied)), (Some(1_000), Some(200)));
        assert_eq!(days(&own, Kind::Finding), Some(90));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(with(&[("default", 30), ("finding", 1)]).check().is_ok());
        for (name, days) in [("printd", 30), ("payload_erased", 30), ("printed", 0)] {
            assert!(with(&[(name, days)]).check().is_err(), "{name}");
        }
    }
}
