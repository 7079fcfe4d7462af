//! Where each school stands: fed or not, in transition to its new year or open, since when.

use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;
use jiff::civil::Date;
use serde::Serialize;

use crate::config::RolloutSchool;
use crate::feed::values::Uai;
use crate::store::{SchoolRow, Stage};

use super::prepare::{Ground, PlanError, config_now};
use super::year::{SchoolYear, school_year};

/// One school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchoolState {
    pub uai: CompactString,
    /// As the exports have it; empty when they do not.
    pub name: String,
    pub state: FeedState,
    /// The school year that it has reached, by the calendar year in which that begins.
    pub year: Option<SchoolYear>,
    /// Since when it is in this state, where that is known.
    pub since: Option<Date>,
    /// The day from which it takes part, when that is still to come.
    pub from: Option<Date>,
    /// Accounts that can be used, of people of this school.
    pub accounts: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedState {
    /// Left out by `[rollout]`.
    Out,
    /// Takes part from a day to come.
    Planned,
    /// In the exports or the configuration, and never carried out.
    NotFed,
    /// The old year has closed, and its complete set of the new year is awaited.
    Transition,
    /// In its present year.
    Open,
}

impl FeedState {
    /// In French.
    #[must_use]
    pub const fn french(self) -> &'static str {
        match self {
            Self::Out => "hors déploiement",
            Self::Planned => "prévu",
            Self::NotFed => "non alimenté",
            Self::Transition => "en bascule",
            Self::Open => "ouvert",
        }
    }
}

/// Every school of the exports, the configuration and the register, sorted by UAI.
///
/// # Errors
/// When the store fails, or `[roster]` is not valid.
pub async fn schools(ground: &Ground<'_>) -> Result<Vec<SchoolState>, PlanError> {
    let config = config_now(ground.config, &ground.store.successor_rows().await?);
    // Those that do not take part are in the exports all the same.
    let mut everywhere = config.clone();
    everywhere.roster.absent = Vec::new();
    let roster = crate::image::roster(ground.store, &everywhere, &[], ground.today).await?;
    let mut known: BTreeMap<CompactString, String> = BTreeMap::new();
    let configured = config.roster.schools.iter().chain(config.rollout.schools.keys());
    known.extend(configured.filter_map(|s| Uai::parse(s)).map(|uai| (uai.as_str().into(), String::new())));
    known.extend(roster.structures.iter().map(|s| (s.uai.as_str().into(), s.name.clone())));
    let rows = ground.store.school_rows().await?;
    for row in &rows {
        known.entry(row.uai.clone()).or_default();
    }
    let rows: HashMap<&str, &SchoolRow> = rows.iter().map(|row| (row.uai.as_str(), row)).collect();
    let mut accounts: HashMap<CompactString, u64> = HashMap::new();
    for account in ground.store.accounts().await?.into_values() {
        if matches!(account.stage, Stage::Present | Stage::Absent) {
            for school in account.schools {
                *accounts.entry(school).or_default() += 1;
            }
        }
    }
    let current = school_year(ground.today, &config.year);
    let closed = config.year.closing(current);
    let state = |(uai, name): (CompactString, String)| {
        let (state, since) =
            judge(&config.rollout.of(&uai), rows.get(uai.as_str()).copied(), ground.today, (current, closed));
        SchoolState {
            year: rows.get(uai.as_str()).map(|row| row.year),
            from: config.rollout.of(&uai).from.filter(|from| *from > ground.today),
            accounts: accounts.get(&uai).copied().unwrap_or_default(),
            uai,
            name,
            state,
            since,
        }
    };
    Ok(known.into_iter().map(state).collect())
}

/// The state of a school and since when. `year` is the present one and the day on which the one before closed.
fn judge(
    rollout: &RolloutSchool,
    row: Option<&SchoolRow>,
    today: Date,
    year: (SchoolYear, Date),
) -> (FeedState, Option<Date>) {
    match row {
        _ if rollout.out => (FeedState::Out, None),
        _ if !rollout.takes_part(today) => (FeedState::Planned, None),
        None => (FeedState::NotFed, None),
        Some(row) if row.year < year.0 => (FeedState::Transition, Some(year.1)),
        Some(row) => (FeedState::Open, row.since),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_school_is_in_one_state() {
        let row = |year| SchoolRow { uai: "0290009C".into(), year, since: Some(date(2025, 9, 3)) };
        let (old, new) = (row(2025), row(2026));
        let today = date(2026, 8, 1);
        let judge = |rollout: &RolloutSchool, row| judge(rollout, row, today, (2026, date(2026, 7, 5)));
        let takes_part = RolloutSchool::default();
        assert_eq!(judge(&takes_part, None), (FeedState::NotFed, None));
        assert_eq!(judge(&takes_part, Some(&old)), (FeedState::Transition, Some(date(2026, 7, 5))));
        assert_eq!(judge(&takes_part, Some(&new)), (FeedState::Open, Some(date(2025, 9, 3))));
        let later = RolloutSchool { from: Some(date(2026, 9, 7)), ..RolloutSchool::default() };
        assert_eq!(judge(&later, None), (FeedState::Planned, None));
        assert_eq!(judge(&RolloutSchool { out: true, ..later }, Some(&new)), (FeedState::Out, None));
    }
}
