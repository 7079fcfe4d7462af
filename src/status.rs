//! Is everything as it should be? One word for a probe, a table for a person: the last nights, the sources, the accounts.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::roster::Profile;
use crate::store::{LastRun, Stage, Store, StoreError};

/// Runs that are looked at: those of some weeks.
const RUNS: u32 = 200;

/// What a probe is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The last night did what there was to do, and is not too old.
    Ok,
    /// It did, and keeps changes back that wait for a decision.
    Held,
    /// One is under way, or was killed not long ago.
    Running,
    /// No night has ended for too long.
    Late,
    /// The last night failed, was refused, or did a part of its changes.
    Failed,
    /// There was no night yet.
    Never,
}

impl Word {
    pub const ALL: [Self; 6] = [Self::Ok, Self::Held, Self::Running, Self::Late, Self::Failed, Self::Never];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Held => "held",
            Self::Running => "running",
            Self::Late => "late",
            Self::Failed => "failed",
            Self::Never => "never",
        }
    }

    /// 0 when nobody has to do anything, 3 when somebody has to decide, 1 when somebody has to look.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ok | Self::Running => 0,
            Self::Held => 3,
            Self::Late | Self::Failed | Self::Never => 1,
        }
    }
}

/// The word and what it is made of.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    pub word: Word,
    /// The last night (`sync`) that ended, or that is under way.
    pub last: Option<Night>,
    pub sources: Vec<SourceStatus>,
    /// Accounts by profile and stage.
    pub accounts: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// Of the present ones, those with a sheet that counts.
    pub printed: u64,
    /// Messages that have not reached anybody yet.
    pub notices: u64,
}

/// One night.
#[derive(Debug, Clone, Serialize)]
pub struct Night {
    pub run: String,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    /// None while it runs, and for ever when it was killed.
    pub verdict: Option<String>,
    pub holds: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct SourceStatus {
    pub name: String,
    /// The day that its last delivery says.
    pub delivered: Option<Date>,
    pub accepted: Option<Timestamp>,
}

/// Looks. A night that ended longer ago than `late_after` is late.
///
/// # Errors
/// When the store cannot be read.
pub async fn status(store: &Store, now: Timestamp, late_after: SignedDuration) -> Result<Status, StoreError> {
    let (runs, sources, counts, notices) = tokio::try_join!(
        store.last_runs(RUNS),
        store.source_overviews(),
        store.school_counts(),
        store.waiting_notices(None)
    )?;
    let nights: Vec<Night> = runs.into_iter().filter(|run| run.verb == "sync").map(Night::of).collect();
    let mut accounts: BTreeMap<&'static str, BTreeMap<&'static str, u64>> = BTreeMap::new();
    let mut printed = 0;
    for count in &counts {
        *accounts.entry(count.profile.name()).or_default().entry(count.stage.name()).or_default() += count.accounts;
        printed += if count.stage == Stage::Present { count.printed } else { 0 };
    }
    for profile in Profile::ALL {
        accounts.entry(profile.name()).or_default();
    }
    Ok(Status {
        word: judge(&nights, now, late_after),
        last: nights.into_iter().next(),
        sources: sources
            .into_iter()
            .map(|source| SourceStatus { name: source.name, delivered: source.delivered, accepted: source.accepted })
            .collect(),
        accounts,
        printed,
        notices: notices.len() as u64,
    })
}

impl Night {
    fn of(run: LastRun) -> Self {
        Self { run: run.id, started: run.started, ended: run.ended, verdict: run.verdict, holds: run.holds }
    }
}

/// `nights`, the last one first.
fn judge(nights: &[Night], now: Timestamp, late_after: SignedDuration) -> Word {
    let Some(last) = nights.first() else { return Word::Never };
    if now.duration_since(last.started) > late_after {
        return Word::Late;
    }
    match last.verdict.as_deref() {
        None => Word::Running,
        Some("done" | "unchanged" | "changes") => Word::Ok,
        Some("held") => Word::Held,
        Some(_) => Word::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_says_who_has_to_do_something() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let night = |hours: i64, verdict: Option<&str>| Night {
            run: String::new(),
            started: now - SignedDuration::from_hours(hours),
            ended: None,
            verdict: verdict.map(str::to_owned),
            holds: 0,
        };
        let word = |nights: &[Night]| judge(nights, now, SignedDuration::from_hours(36));
        assert_eq!(word(&[]), Word::Never);
        for (verdict, expected) in [
            ("done", Word::Ok),
            ("unchanged", Word::Ok),
            ("held", Word::Held),
            ("partial", Word::Failed),
            ("failed", Word::Failed),
            ("refused", Word::Failed),
            ("locked", Word::Failed),
            ("stale", Word::Failed),
        ] {
            assert_eq!(word(&[night(10, Some(verdict)), night(34, Some("failed"))]), expected, "{verdict}");
        }
        assert_eq!(word(&[night(1, None), night(25, Some("done"))]), Word::Running);
        assert_eq!(word(&[night(37, Some("done"))]), Word::Late);
        assert_eq!(word(&[night(40, None)]), Word::Late, "killed, and nobody came after it");
    }
}
