//! `rentree simulate`: a synthetic academy.

use std::path::PathBuf;

use rentree::progress::Progress as _;
use rentree::simulate::{Options, write};

use super::exit::Failure;
use super::plan::failed;
use super::progress::watcher;
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write the files
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[arg(long, default_value_t = 10)]
    schools: u32,
    /// Pupils in all
    #[arg(long, default_value_t = 3_000)]
    pupils: u32,
    /// The same seed gives the same academy
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// School year, by the year in which it begins
    #[arg(long, default_value_t = 2026)]
    year: i16,
    /// Nights of ordinary life since the first of September
    #[arg(long, default_value_t = 0)]
    day: u32,
    /// Only what changed since the night before
    #[arg(long)]
    delta: bool,
    /// The same academy a year later, after the transition
    #[arg(long)]
    bascule: bool,
}

pub fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let options = Options {
        schools: args.schools,
        pupils: args.pupils,
        seed: args.seed,
        year: args.year,
        day: args.day,
        delta: args.delta,
        bascule: args.bascule,
        out: args.out.clone(),
    };
    let progress = watcher(global.json);
    progress.begin("simulate", None);
    let summary = write(&options, &|n| progress.advance(n)).map_err(failed)?;
    drop(progress);
    if global.json {
        output::json(&summary)?;
    } else {
        output::text(&format!("{summary}\n"))?;
    }
    Ok(0)
}
