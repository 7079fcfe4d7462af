//! `rentree simulate`: a synthetic academy.

use std::path::PathBuf;

use rentree::feed::Category;
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
    /// With --bascule, so many nights after that 1 September: each school switches on its own night, 0 to 9, and the
    /// others are still as they were
    #[arg(long, requires = "bascule", value_name = "NIGHT")]
    bascule_night: Option<u32>,
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
        bascule_night: args.bascule_night,
        out: args.out.clone(),
    };
    let progress = watcher(global);
    progress.begin("simulate", None);
    let summary = write(&options, &|n| progress.advance(n)).map_err(failed)?;
    drop(progress);
    if global.json {
        let records: std::collections::BTreeMap<&str, u64> =
            Category::ALL.iter().map(|c| c.token()).zip(summary.records).collect();
        output::json(&serde_json::json!({
            "records": records, "added": summary.added, "modified": summary.modified,
            "deleted": summary.deleted, "files": summary.files, "bytes": summary.bytes,
        }))?;
    } else {
        let mut text = String::new();
        for (category, count) in Category::ALL.iter().zip(summary.records) {
            text.push_str(&format!("{:<16} {count:>9}\n", category.token()));
        }
        if args.delta {
            text.push_str(&format!(
                "ajouts {}, modifications {}, suppressions {}\n",
                summary.added, summary.modified, summary.deleted
            ));
        }
        text.push_str(&format!(
            "{}, {:.1} Mo, dans {}\n",
            rentree::wording::count(summary.files.len() as u64, "fichier", "fichiers"),
            summary.bytes as f64 / 1e6,
            args.out.display()
        ));
        output::text(&text)?;
    }
    Ok(0)
}
