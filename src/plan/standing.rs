//! Decisions between the store and a plan: which stand when it is computed, and what became of them and of the holds of
//! the run before once it is.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;
use jiff::civil::Date;
use serde_json::json;

use crate::audit::{Kind, Trail};
use crate::roster::JoinKey;
use crate::store::{DecisionRow, PlanState};

use super::draft::Draft;
use super::prepare::{Ground, PlanError};
use super::{ClosedHolds, DecisionEnd, Ruling};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// The decisions that a plan is computed with.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    pub decisions: Vec<DecisionRow>,
    /// By hold: the day until which its releases were carried out.
    pub carried_out: HashMap<CompactString, Date>,
    /// Holds whose release was carried out since the last plan.
    done: HashSet<CompactString>,
}

impl Standing {
    /// Reads the open decisions. Those that are too old, and releases whose plan was applied, end here.
    pub async fn read(ground: &Ground<'_>, trail: &Trail) -> Result<Self, PlanError> {
        let (store, now) = (ground.store, ground.now);
        let mut standing = Self::default();
        for row in store.open_decisions().await? {
            let used = match &row.used_by {
                Some(plan) => store.plan(plan).await?,
                None => None,
            };
            let applied = used.is_some_and(|plan| plan.state != PlanState::Ready);
            let age = now.as_millisecond() - row.at.as_millisecond();
            let end = if row.ruling == Ruling::Released && applied {
                standing.done.insert(row.hold.clone());
                DecisionEnd::CarriedOut
            } else if age > i64::from(ground.config.limits.decision_days) * DAY {
                DecisionEnd::Expired
            } else {
                standing.decisions.push(row);
                continue;
            };
            store.end_decision(row.id, end, now).await?;
            tell(trail, &row.hold, end)?;
        }
        standing.carried_out = store.carried_out().await?;
        Ok(standing)
    }

    /// Notes in store and trail what the draft made of the decisions, and which holds of the last run are no more.
    pub async fn settle(
        &self,
        ground: &Ground<'_>,
        draft: &mut Draft,
        trail: &Trail,
    ) -> Result<ClosedHolds, PlanError> {
        let (store, now) = (ground.store, ground.now);
        for (id, hold, end) in &draft.outcomes.ended {
            store.end_decision(*id, *end, now).await?;
            // That the hold is no more is told below.
            if *end != DecisionEnd::Superseded {
                tell(trail, hold, *end)?;
            }
        }
        // A released hold is still one of this plan's until it is carried out.
        let mut ids = draft.holds.ids();
        ids.extend(draft.outcomes.released.iter().map(|(_, released)| released.id.as_str()));
        let news = store.note_holds(&ids, now.as_millisecond()).await?;
        for id in &news.new {
            draft.holds.mark_new(id);
        }
        draft.totals.held_new = draft.holds.new_ones();
        let mut closed = ClosedHolds::default();
        for hold in &news.gone {
            if self.done.contains(hold.as_str()) {
                closed.carried_out += 1;
            } else {
                closed.superseded += 1;
                tell(trail, hold, DecisionEnd::Superseded)?;
            }
        }
        Ok(closed)
    }
}

/// Under the person's key where the hold is a person's, so that it is erased with what else is said of him.
fn tell(trail: &Trail, hold: &str, how: DecisionEnd) -> Result<(), PlanError> {
    let key = hold.split_once(':').map(|(_, of)| of).filter(|of| of.contains('$'));
    let key = key.map(JoinKey::from_text);
    trail.record(Kind::HoldClosed, key.as_ref(), json!({ "hold": hold, "how": how }))?;
    Ok(())
}
