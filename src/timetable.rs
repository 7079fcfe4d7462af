//! When a night is begun: the schedule of each source, the hours that are allowed, what is done again.
//!
//! A moment of a schedule is *served* once, also when nobody was there at that moment: the last one that was missed is
//! caught up within the allowed hours, the ones before it are not. What failed is begun anew, some times; what could not
//! begin because another run was under way waits a little. How far the timetable is stands in the store, so that it does
//! not matter when the program that follows it was started, or killed. The time is an argument.

use jiff::{SignedDuration, Timestamp, Zoned};

use crate::config::{Config, Schedule, WriteWindow};
use crate::store::{ScheduleRow, Store, StoreError};

/// A night that failed is begun anew after this time, this often in all.
const AGAIN: SignedDuration = SignedDuration::from_mins(15);
const ATTEMPTS: u32 = 3;
/// A run that found another one under way.
const BUSY: SignedDuration = SignedDuration::from_mins(5);

/// What became of a run, as far as the timetable is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It came to its end, well or with something that only people can mend.
    Over,
    /// Another one was under way.
    Busy,
    /// It failed, or was killed.
    Failed,
    /// It was told to end before its end, because the program that follows the timetable ends: begun anew with it.
    Interrupted,
}

impl Outcome {
    /// Of an exit code; none of a process that was killed.
    #[must_use]
    pub const fn of(code: Option<i32>) -> Self {
        match code {
            Some(6) => Self::Busy,
            None | Some(1) => Self::Failed,
            Some(_) => Self::Over,
        }
    }

    /// Of the exit code of a run that was told to end: only what came to its end nevertheless is over.
    #[must_use]
    pub const fn of_interrupted(code: Option<i32>) -> Self {
        match code {
            Some(0 | 3) => Self::Over,
            _ => Self::Interrupted,
        }
    }
}

/// The schedules of the sources, and the hours of all of them.
#[derive(Debug, Clone)]
pub struct Timetable {
    schedules: Vec<(String, Schedule)>,
    window: Option<WriteWindow>,
}

/// What is to be begun now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The sources, and the moment of each that is served by it.
    pub sources: Vec<(String, Timestamp)>,
}

impl Timetable {
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let of = |source: &crate::config::SourceConfig| {
            let schedule = source.schedule.as_ref().or(config.serve.schedule.as_ref())?;
            Some((source.name.clone(), schedule.clone()))
        };
        Self { schedules: config.sources.iter().filter_map(of).collect(), window: config.serve.window }
    }

    /// That of some sources only: others are another machine's. Of all when none is named.
    #[must_use]
    pub fn only(mut self, sources: &[String]) -> Self {
        self.schedules.retain(|(source, _)| sources.is_empty() || sources.contains(source));
        self
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.schedules.is_empty()
    }

    /// When the next night begins: the next moment of any schedule, or what is caught up or done again before it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next(&self, store: &Store, now: &Zoned) -> Result<Option<Zoned>, StoreError> {
        let known = store.schedules().await?;
        let again = |source: &str, schedule: &Schedule| {
            let row = known.get(source)?;
            let moment = schedule.cron().find_previous_occurrence(now, true).ok()?;
            let at =
                row.next.map_or_else(|| now.clone(), |next| next.to_zoned(now.time_zone().clone())).max(now.clone());
            (moment.timestamp() > row.served && self.within(&at)).then_some(at)
        };
        let next = self.schedules.iter().filter_map(|(source, schedule)| {
            again(source, schedule).or_else(|| schedule.cron().find_next_occurrence(now, false).ok())
        });
        Ok(next.min())
    }

    fn within(&self, at: &Zoned) -> bool {
        self.window.is_none_or(|window| window.contains(at.time()))
    }

    /// What is due. A source that is met for the first time has missed nothing.
    async fn due(&self, store: &Store, now: &Zoned) -> Result<Option<Due>, StoreError> {
        let known = store.schedules().await?;
        let (mut due, mut new) = (Vec::new(), Vec::new());
        for (source, schedule) in &self.schedules {
            let Some(row) = known.get(source) else {
                new.push((source.as_str(), ScheduleRow { served: now.timestamp(), attempts: 0, next: None }));
                continue;
            };
            let Ok(moment) = schedule.cron().find_previous_occurrence(now, true) else { continue };
            let moment = moment.timestamp();
            if self.within(now) && moment > row.served && row.next.is_none_or(|next| next <= now.timestamp()) {
                due.push((source.clone(), moment));
            }
        }
        if !new.is_empty() {
            store.set_schedules(&new).await?;
        }
        Ok((!due.is_empty()).then_some(Due { sources: due }))
    }

    /// Takes what is due, so that nobody else begins it: none of it when somebody else has. Should nobody hear of the run
    /// again, it is begun anew in a while.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take(&self, store: &Store, now: &Zoned) -> Result<Option<Due>, StoreError> {
        let Some(Due { sources }) = self.due(store, now).await? else { return Ok(None) };
        let sources = store.claim_schedules(&sources, now.timestamp(), now.timestamp() + AGAIN).await?;
        Ok((!sources.is_empty()).then_some(Due { sources }))
    }

    /// The run that was begun for what was due has ended.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ended(&self, store: &Store, due: &Due, outcome: Outcome, now: &Zoned) -> Result<(), StoreError> {
        let known = store.schedules().await?;
        let rows = due.sources.iter().filter_map(|(source, moment)| {
            let row = known.get(source)?;
            let served = ScheduleRow { served: *moment, attempts: 0, next: None };
            let next = |wait| Some(now.timestamp() + wait);
            let row = match outcome {
                Outcome::Over => served,
                Outcome::Failed if row.attempts >= ATTEMPTS => served,
                Outcome::Failed => ScheduleRow { next: next(AGAIN), ..*row },
                Outcome::Busy => ScheduleRow { attempts: row.attempts.saturating_sub(1), next: next(BUSY), ..*row },
                Outcome::Interrupted => ScheduleRow { attempts: row.attempts.saturating_sub(1), next: None, ..*row },
            };
            Some((source.as_str(), row))
        });
        store.set_schedules(&rows.collect::<Vec<_>>()).await
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;
    use jiff::tz::TimeZone;
    use tempfile::TempDir;

    use super::*;
    use crate::store::testing;

    const BOTH: &str = "[serve]\nschedule = \"30 2 * * *\"\nwindow = \"01:00-05:00\"\n\
        [[source]]\nname = \"A\"\nkind = \"aaf-2d\"\npath = \"a\"\n\
        [[source]]\nname = \"B\"\nkind = \"csv\"\npath = \"b\"\nschedule = \"0 4 * * 1-5\"\n";

    fn timetable(text: &str) -> Timetable {
        let text =
            format!("[store]\nurl = \"sqlite:a.db\"\n[directory]\nkind = \"embedded\"\nsuffix = \"dc=fr\"\n{text}");
        Timetable::new(&Config::parse(&text, std::path::Path::new("/etc/rentree.toml")).unwrap())
    }

    async fn store() -> (TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = testing::open(folder.path()).await;
        (folder, store)
    }

    /// In France, where the clock goes back in the night of 25 October 2026.
    fn at(day: i8, hour: i8, minute: i8) -> Zoned {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        datetime(2026, 10, day, hour, minute, 0, 0).to_zoned(zone).unwrap()
    }

    /// Follows the timetable minute by minute, and notes what is begun. `life` says how a run ends, after how many
    /// minutes; nothing when the program is down at that minute.
    async fn follow(
        timetable: &Timetable,
        store: &Store,
        (from, until): (Zoned, Zoned),
        mut life: impl FnMut(&Zoned) -> Option<(Outcome, i64)>,
    ) -> Vec<(Zoned, String)> {
        let (mut begun, mut now) = (Vec::new(), from);
        let mut running: Option<(Due, Outcome, Zoned)> = None;
        while now < until {
            let up = life(&now);
            if let Some((due, outcome, end)) = running.take() {
                if up.is_none() {
                    // Killed with the program: nobody hears of it.
                } else if now >= end {
                    timetable.ended(store, &due, outcome, &now).await.unwrap();
                } else {
                    running = Some((due, outcome, end));
                }
            }
            if let (Some((outcome, minutes)), None) = (up, &running)
                && let Some(due) = timetable.take(store, &now).await.unwrap()
            {
                assert!(timetable.take(store, &now).await.unwrap().is_none(), "taken twice");
                let names: Vec<&str> = due.sources.iter().map(|(name, _)| name.as_str()).collect();
                begun.push((now.clone(), names.join("+")));
                running = Some((due, outcome, &now + SignedDuration::from_mins(minutes)));
            }
            now = &now + SignedDuration::from_mins(1);
        }
        begun
    }

    fn told(begun: &[(Zoned, String)]) -> Vec<String> {
        begun.iter().map(|(at, sources)| format!("{} {sources}", at.strftime("%d %H:%M"))).collect()
    }

    #[tokio::test]
    async fn a_quiet_week_serves_each_moment_once_also_when_the_clock_changes() {
        let (_folder, store) = store().await;
        let begun =
            follow(&timetable(BOTH), &store, (at(21, 12, 0), at(28, 12, 0)), |_| Some((Outcome::Over, 20))).await;
        // 02:30 is twice on the 25th; it is served at the first, and the second is a moment of its own for cron: the
        // night is begun again, and finds nothing to do.
        let days = told(&begun);
        let of_a: Vec<&str> = days.iter().filter(|d| d.ends_with(" A")).map(|d| &d[..2]).collect();
        assert!(of_a.iter().all(|day| (22..=28).contains(&day.parse::<u32>().unwrap())), "{days:?}");
        let mut once = of_a.clone();
        once.dedup();
        assert_eq!(once.len(), 7, "{days:?}");
        assert!(of_a.len() <= 8, "{days:?}");
        let of_b: Vec<&str> = days.iter().filter(|d| d.ends_with(" B")).map(|d| &d[..8]).collect();
        assert_eq!(of_b, ["22 04:00", "23 04:00", "26 04:00", "27 04:00", "28 04:00"], "not at the week-end");
    }

    #[test]
    fn each_machine_has_its_sources() {
        let names = |only: &[&str]| {
            let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
            let table = timetable(BOTH).only(&only);
            table.schedules.into_iter().map(|(source, _)| source).collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), ["A", "B"]);
        assert_eq!(names(&["B"]), ["B"]);
    }

    #[tokio::test]
    async fn what_was_missed_is_caught_up_once_within_the_hours() {
        let (_folder, store) = store().await;
        // Down from the 22nd at noon to the 26th at seven: four nights are missed, one is caught up, the next night.
        let down = |now: &Zoned| (at(22, 12, 0)..at(26, 7, 0)).contains(now);
        let begun = follow(&timetable(BOTH), &store, (at(21, 12, 0), at(28, 0, 0)), |now| {
            (!down(now)).then_some((Outcome::Over, 10))
        })
        .await;
        assert_eq!(told(&begun), ["22 02:30 A", "22 04:00 B", "27 01:00 A+B", "27 02:30 A", "27 04:00 B"]);
    }

    #[tokio::test]
    async fn what_failed_is_begun_anew_and_what_was_killed_too() {
        let (_folder, store) = store().await;
        let table = timetable(
            "[serve]\nschedule = \"30 2 * * *\"\n[[source]]\nname = \"A\"\nkind = \"aaf-2d\"\npath = \"a\"\n",
        );
        let mut nights = 0;
        let begun = follow(&table, &store, (at(11, 12, 0), at(16, 0, 0)), |now| {
            nights += 1;
            match now.day() {
                12 => Some((Outcome::Failed, 3)),
                // Killed with the program five minutes after it began.
                13 if (now.hour(), now.minute()) == (2, 35) => None,
                14 => Some((if now.hour() < 4 { Outcome::Busy } else { Outcome::Over }, 1)),
                _ => Some((Outcome::Over, 30)),
            }
        })
        .await;
        let told = told(&begun);
        let of = |day: &str| told.iter().filter(|t| t.starts_with(day)).map(|t| &t[3..8]).collect::<Vec<_>>();
        assert_eq!(of("12"), ["02:30", "02:48", "03:06"], "three times, then it waits for the next night");
        assert_eq!(of("13"), ["02:30", "02:45"]);
        assert_eq!(of("14").first(), Some(&"02:30"));
        assert!(of("14").len() > 10 && of("14").last().unwrap().starts_with("04:0"), "{:?}", of("14"));
        assert_eq!(of("15"), ["02:30"]);
    }

    #[tokio::test]
    async fn a_night_that_ended_with_the_program_begins_anew_with_it() {
        let (_folder, store) = store().await;
        let table = timetable(BOTH).only(&["A".to_owned()]);
        assert_eq!(table.take(&store, &at(12, 12, 0)).await.unwrap(), None);
        // Stopped in the night more often than a night may fail.
        for minute in 30..40 {
            let due = table.take(&store, &at(13, 2, minute)).await.unwrap().expect("it begins anew at once");
            table.ended(&store, &due, Outcome::Interrupted, &at(13, 2, minute)).await.unwrap();
        }
        let due = table.take(&store, &at(13, 2, 40)).await.unwrap().unwrap();
        table.ended(&store, &due, Outcome::Over, &at(13, 2, 50)).await.unwrap();
        assert_eq!(table.take(&store, &at(13, 2, 51)).await.unwrap(), None);
        assert_eq!([Some(0), Some(3)].map(Outcome::of_interrupted), [Outcome::Over; 2]);
        assert_eq!([None, Some(1), Some(4)].map(Outcome::of_interrupted), [Outcome::Interrupted; 3]);
    }

    #[tokio::test]
    async fn the_next_night_is_told_with_what_is_done_again() {
        let (_folder, store) = store().await;
        let table = timetable(BOTH);
        let next = async |now: Zoned| table.next(&store, &now).await.unwrap().unwrap().strftime("%d %H:%M").to_string();
        assert_eq!(next(at(12, 12, 0)).await, "13 02:30", "before anything was followed");
        assert_eq!(table.take(&store, &at(12, 12, 0)).await.unwrap(), None);
        let due = table.take(&store, &at(13, 2, 30)).await.unwrap().unwrap();
        table.ended(&store, &due, Outcome::Failed, &at(13, 2, 40)).await.unwrap();
        assert_eq!(next(at(13, 2, 41)).await, "13 02:55", "what failed, again");
        assert_eq!(next(at(13, 3, 30)).await, "13 03:30", "at once");
        // Outside of the hours only what the schedules say: B's four o'clock of the next day is after A's.
        assert_eq!(next(at(13, 12, 0)).await, "14 02:30");
        let due = table.take(&store, &at(14, 2, 30)).await.unwrap().unwrap();
        table.ended(&store, &due, Outcome::Over, &at(14, 2, 40)).await.unwrap();
        assert_eq!(next(at(14, 5, 0)).await, "15 02:30");
    }

    /// A month with a program that goes down at random: no night is missed for good, none outside of the hours.
    #[tokio::test]
    async fn whatever_happens_every_night_is_caught_up() {
        for seed in 0..6_u64 {
            let (_folder, store) = store().await;
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut random = |below: u64| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                i64::try_from(state % below).unwrap()
            };
            let table = timetable(BOTH);
            let mut down_until = at(1, 0, 0);
            let begun = follow(&table, &store, (at(1, 0, 0), at(15, 12, 0)), |now| {
                if *now < down_until {
                    return None;
                }
                if random(200) == 0 {
                    down_until = now + SignedDuration::from_mins(random(90));
                }
                let outcome = match random(4) {
                    0 => Outcome::Failed,
                    1 => Outcome::Busy,
                    _ => Outcome::Over,
                };
                Some((outcome, random(30)))
            })
            .await;
            assert!(begun.iter().all(|(at, _)| (1..5).contains(&at.hour())), "{:?}", told(&begun));
            for day in 2..=14 {
                let tried = begun.iter().any(|(at, sources)| at.day() == day && sources.contains('A'));
                assert!(tried, "seed {seed}: nothing was begun on the {day}: {:?}", told(&begun));
            }
        }
    }
}
