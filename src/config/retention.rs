//! `[retention]`: how long what names people is kept beside the store.

use serde::Deserialize;

/// In days.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Files of plans and the reports written beside them; also what reviewers have read.
    pub plans: u16,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { plans: 90 }
    }
}

impl RetentionConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.plans == 0 {
            return Err("retention.plans is 0: a plan lives for a day at least".to_owned());
        }
        Ok(())
    }

    /// The moment before which a plan has expired, in milliseconds since 1970.
    #[must_use]
    pub fn plans_before(&self, now: i64) -> i64 {
        now.saturating_sub(i64::from(self.plans) * 24 * 3_600 * 1_000)
    }
}
