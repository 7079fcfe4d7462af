//! Synthetic academies: AAF 2D sets of any size, to try, teach and load the pipeline with.
//!
//! [`write`] draws an academy from a seed (schools, divisions, groups, households, staff), lets nights of ordinary
//! life pass over it and writes it as the academies do (`ENT_Complet_<yyyymmdd>_<Category>_<NNNN>.xml`, shaped like
//! version VE2407), as a complete set, as the delta of the last night, or as the complete set of the next September.
//! Everybody in it is invented; towns, postal codes, telephone numbers and mail domains cannot be anyone's.
//!
//! # The same options give the same bytes
//!
//! On any machine, as long as [`FORMAT`] stays. Chance comes from ChaCha12 alone, one numbered stream per school,
//! family, member of the staff, night and summer (`draw.rs` gives the exact layout); numbers are taken from it by
//! integer arithmetic; rows are visited by index. So an academy of day D is the academy of day D−1 and what happened in
//! that night, and the delta of day D applied to the set of day D−1 gives the set of day D.
//!
//! # Place
//!
//! Beside the pipeline, before its first stage: it knows the names of categories from [`crate::feed`] and nothing
//! else of the program, so that what it writes is not read back by the code that made it. Memory grows with the
//! number of persons (some 120 bytes each), never with the files. It leaves out what it does not need to be useful as
//! input: timetables, first degree, values that are wrong on purpose (tests of readers make their own).

mod bascule;
mod children;
mod curriculum;
mod divisions;
mod draw;
mod households;
mod model;
mod nights;
mod places;
mod schools;
mod staff;
mod switches;
#[cfg(test)]
mod tests;
mod words;
mod write;

use std::path::PathBuf;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::feed::Category;
use model::{Academy, Day, Lists, MAX_PUPILS, MAX_SCHOOLS};

/// Version of what a seed means: generator, streams, lists of names, rules of life. Any change that changes the
/// bytes of a set takes the next number (and the sample set of the repository is written anew).
pub const FORMAT: u32 = 1;

/// Last night of a school year that can be lived: 31 August.
pub const LAST_DAY: u32 = 364;

/// The night after 1 September on which the last school of a bascule switches.
pub const LAST_SWITCH: u32 = 9;

/// Which academy, on which day, written where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Structures with pupils, 1 to 9,000; their kinds follow a fixed pattern (collège, lycée, collège, SEGPA, …).
    pub schools: u32,
    /// Pupils on day 0, in all, at least one per school, at most two million.
    pub pupils: u32,
    pub seed: u64,
    /// The school year: that of its September, 1990 to 2090.
    pub year: i16,
    /// Nights lived since 1 September of that year, 0 to [`LAST_DAY`].
    pub day: u32,
    /// Writes the difference between the day before and `day` (at least 1) as a delta set.
    pub delta: bool,
    /// Writes the complete set of the next 1 September instead, after `day` nights of this year.
    pub bascule: bool,
    /// With `bascule`: the set of so many nights after that 1 September, on which only some schools have switched
    /// (each on its own night, the last on [`LAST_SWITCH`]); the others are as they were.
    pub bascule_night: Option<u32>,
    /// The folder; made when missing. It must not hold files of the same set.
    pub out: PathBuf,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records per category, in the order of [`Category::ALL`]; requests of any kind in a delta.
    pub records: [u64; 6],
    /// Persons added, modified and deleted by a delta; zero in a complete set.
    pub added: u64,
    pub modified: u64,
    pub deleted: u64,
    /// In the order in which they were written.
    pub files: Vec<PathBuf>,
    pub bytes: u64,
}

impl Summary {
    /// Records of one category.
    #[must_use]
    pub fn of(&self, category: Category) -> u64 {
        Category::ALL.iter().zip(self.records).find(|(c, _)| **c == category).map_or(0, |(_, count)| count)
    }

    fn count(&mut self, category: Category) {
        if let Some((_, count)) = Category::ALL.iter().zip(&mut self.records).find(|(c, _)| **c == category) {
            *count += 1;
        }
    }
}

/// Why no academy was written.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    #[error("{name} is {value}: from {low} to {high}")]
    Range { name: &'static str, value: i64, low: i64, high: i64 },
    #[error("a delta and a bascule exclude each other: the bascule is a complete set")]
    DeltaOfBascule,
    #[error("a night of the bascule without a bascule")]
    NightWithoutBascule,
    #[error("{path} is there already: choose an empty folder or remove the earlier set")]
    Exists { path: PathBuf },
    #[error("cannot write {path}")]
    Io { path: PathBuf, source: std::io::Error },
}

/// Writes the set that `options` describe; `progress` is told, every thousand records and at the end, how many have
/// been written.
///
/// # Errors
/// When an option is out of its range, when the folder holds files of the same kind and date, or when it cannot be
/// written to; nothing is left behind then.
pub fn write(options: &Options, progress: &dyn Fn(u64)) -> Result<Summary, SimulateError> {
    check(options)?;
    let lists = Lists::new();
    let mut academy = found(options, &lists);
    // A delta lives its last night on a copy, to tell the two states apart.
    let lived = if options.delta { options.day - 1 } else { options.day };
    for night in 1..=lived {
        pass(&mut academy, &lists, options.year, night);
    }
    if options.delta {
        let before = academy.clone();
        pass(&mut academy, &lists, options.year, options.day);
        return write::delta(&before, &academy, &lists, &options.out, progress);
    }
    if options.bascule {
        let before = options.bascule_night.map(|night| (night, academy.clone()));
        bascule::turn(&mut academy, &lists, options.day);
        if let Some((night, before)) = before {
            academy = switches::partly(&before, academy, night);
            academy.today = date(options.year + 1, night);
        }
    }
    write::complete(&academy, &lists, &options.out, progress)
}

fn check(options: &Options) -> Result<(), SimulateError> {
    let range = |name, value: i64, low: i64, high: i64| {
        if (low..=high).contains(&value) { Ok(()) } else { Err(SimulateError::Range { name, value, low, high }) }
    };
    range("schools", options.schools.into(), 1, MAX_SCHOOLS.into())?;
    range("pupils", options.pupils.into(), options.schools.into(), MAX_PUPILS.into())?;
    range("year", options.year.into(), 1990, 2090)?;
    range("day", options.day.into(), options.delta.into(), LAST_DAY.into())?;
    range("bascule_night", options.bascule_night.unwrap_or(0).into(), 0, LAST_DAY.into())?;
    match (options.delta, options.bascule, options.bascule_night) {
        (true, true, _) => Err(SimulateError::DeltaOfBascule),
        (_, false, Some(_)) => Err(SimulateError::NightWithoutBascule),
        _ => Ok(()),
    }
}

/// The academy on 1 September.
fn found(options: &Options, lists: &Lists) -> Academy {
    let mut academy = Academy {
        seed: options.seed,
        year: options.year,
        today: Day::september(options.year),
        schools: Vec::new(),
        outside: Vec::new(),
        families: Vec::new(),
        pupils: Vec::new(),
        relatives: Vec::new(),
        staff: Vec::new(),
        departed: Vec::new(),
        openings: Vec::new(),
    };
    schools::build(&mut academy, lists, options.schools);
    households::populate(&mut academy, lists, options.pupils);
    divisions::renew(&mut academy);
    staff::employ(&mut academy, lists);
    academy
}

/// One night, and the morning after it.
fn pass(academy: &mut Academy, lists: &Lists, year: i16, night: u32) {
    academy.today = date(year, night);
    nights::live(academy, lists, night);
}

/// The civil day `nights` nights after 1 September.
fn date(year: i16, nights: u32) -> Day {
    let first = Date::new(year, 9, 1).unwrap_or(Date::ZERO);
    let date = first.saturating_add(i64::from(nights).days());
    Day { year: date.year(), month: date.month().unsigned_abs(), day: date.day().unsigned_abs() }
}
