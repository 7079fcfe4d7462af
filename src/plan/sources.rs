//! The deliveries of all sources, taken in for a plan.

use std::collections::HashSet;

use compact_str::CompactString;

use crate::audit::{Kind, Trail};
use crate::image::{Intake, IntakeRules, leave, take_in};

use super::prepare::{Ground, PlanError};
use super::year::Years;

/// Takes in the newest delivery of every source, in the order of the configuration. Of those that `only` does not name,
/// when it names any, no folder is looked at.
pub(super) async fn take_in_all(ground: &Ground<'_>, only: &[String], trail: &Trail) -> Result<Vec<Intake>, PlanError> {
    let mut intakes = Vec::new();
    let years = years(ground).await?;
    let mut waiting: HashSet<CompactString> = years.waiting().cloned().collect();
    // The exports may go on saying what a school was called before.
    for successor in ground.store.successors().await?.iter().rev() {
        if waiting.contains(successor.uai.as_str()) {
            waiting.insert(successor.former_uai.as_str().into());
        }
    }
    let rules = IntakeRules { waiting, limits: ground.config.limits.clone() };
    for (index, source) in ground.config.sources.iter().enumerate() {
        if !only.is_empty() && !only.contains(&source.name) {
            intakes.push(leave(ground.store, index as u16, source).await?);
            continue;
        }
        let intake =
            take_in(ground.store, index as u16, source, ground.threads, ground.now, &rules, &ground.progress).await?;
        // Nothing was read when everything offered had been taken in before.
        if intake.reading.bytes > 0 {
            trail.record(
                Kind::DeliveryAccepted,
                None,
                serde_json::json!({
                    "source": source.name, "date": intake.delivery_date, "digest": intake.digest,
                    "version": intake.version, "read": intake.reading.read, "rejected": intake.reading.rejected,
                }),
            )?;
        }
        intakes.push(intake);
    }
    Ok(intakes)
}

/// The school year of each school, and the present one.
pub(super) async fn years(ground: &Ground<'_>) -> Result<Years, PlanError> {
    Ok(Years::new(ground.store.school_rows().await?, ground.today, &ground.config.year))
}
