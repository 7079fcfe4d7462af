//! Counts for those who steer the project: accounts by profile, school and state, sheets that were printed, accounts that
//! were taken over, day by day. Nobody is named.

mod chart;
mod page;
mod series;
mod table;

use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;
use jiff::civil::{Date, ISOWeekDate};

use crate::roster::Profile;
use crate::store::{IndicatorRow, SchoolCount, Stage, Store, StoreError};

pub use page::page;
pub use series::{Figures, Series};
pub use table::{csv, text};

/// Every day is kept so long; of what is older, the first day of each week.
const EVERY_DAY: i32 = 62;

/// Accounts that were seen to have been used, by school (`None`: all together) and profile.
pub type Activated = HashMap<(Option<CompactString>, Profile), u64>;

/// The counts of a day: for all schools together, and for each.
///
/// `activated` is `None` when the directory was not asked; of profiles that log in elsewhere it says nothing.
#[must_use]
pub fn rows(day: Date, counts: &[SchoolCount], activated: Option<&Activated>) -> Vec<IndicatorRow> {
    let mut rows: BTreeMap<(Option<CompactString>, Profile), IndicatorRow> = BTreeMap::new();
    for count in counts.iter().filter(|count| count.stage != Stage::Purged) {
        for school in std::iter::once(None).chain(count.schools.iter().cloned().map(Some)) {
            let row = rows.entry((school.clone(), count.profile)).or_insert_with(|| IndicatorRow {
                activated: activated.and_then(|activated| activated.get(&(school.clone(), count.profile)).copied()),
                day,
                school,
                profile: count.profile,
                present: 0,
                absent: 0,
                suspended: 0,
                printed: 0,
            });
            match count.stage {
                Stage::Present => row.present += count.accounts,
                Stage::Absent => row.absent += count.accounts,
                Stage::Suspended | Stage::Purged => row.suspended += count.accounts,
            }
            if matches!(count.stage, Stage::Present | Stage::Absent) {
                row.printed += count.printed;
            }
        }
    }
    rows.into_values().collect()
}

/// Notes a day, in the place of what was noted on it before, and thins out what is old.
///
/// # Errors
/// When the store fails.
pub async fn note(store: &Store, day: Date, activated: Option<&Activated>) -> Result<(), StoreError> {
    store.note_indicators(day, &rows(day, &store.school_counts().await?, activated)).await?;
    let too_many = thinned(&store.indicator_days().await?, day);
    if !too_many.is_empty() {
        store.forget_indicators(&too_many).await?;
    }
    Ok(())
}

/// The days to forget: old ones that are not the first of their week.
fn thinned(days: &[Date], today: Date) -> Vec<Date> {
    let week = |day: Date| {
        let week: ISOWeekDate = day.into();
        (week.year(), week.week())
    };
    let recent = today.saturating_sub(jiff::Span::new().days(EVERY_DAY));
    let mut before = None;
    days.iter()
        .copied()
        .take_while(|day| *day < recent)
        .filter(|day| before.replace(week(*day)) == Some(week(*day)))
        .collect()
}

#[cfg(test)]
mod tests;
