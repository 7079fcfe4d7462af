//! `[indicators]`: counts over time.

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IndicatorsConfig {
    /// A night asks the directory who has logged in when that was so many days ago; 0: never.
    pub activation_every_days: u16,
}

impl Default for IndicatorsConfig {
    fn default() -> Self {
        Self { activation_every_days: 7 }
    }
}
