//! `[serve]`: when `rentree serve` begins a night by itself.

use std::fmt;
use std::str::FromStr;

use croner::Cron;
use croner::parser::{CronParser, Seconds};
use serde::Deserialize;

use super::WriteWindow;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServeConfig {
    /// Of every source without a `schedule` of its own; none is begun when absent.
    pub schedule: Option<Schedule>,
    /// The hours in which a night may begin.
    pub window: Option<WriteWindow>,
}

/// Moments of local time, as cron writes them: minute, hour, day of the month, month, day of the week.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Schedule(Cron);

impl Schedule {
    #[must_use]
    pub const fn cron(&self) -> &Cron {
        &self.0
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).build();
        let wrong = |e: croner::errors::CronError| {
            format!("{text:?} is no schedule, such as \"30 2 * * *\" (minute, hour, day, month, day of the week): {e}")
        };
        parser.parse(text).map(Self).map_err(wrong)
    }
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}
