//! AAF read and validated, and read into an image, against `xmllint --stream --noout` on the same files, in turn: `cargo
//! bench --no-default-features --bench xmllint [-- <pupils> <rounds>]`.
//!
//! Everything in the set is read, decoded, checked and made into records, which are then dropped, or written to the
//! image of a new store, or compared with the image that holds them already; `xmllint` only checks that it is well
//! formed. Each is a process of its own, held to one core or two by `taskset`. What bounds them is the processor: the
//! files are in memory after the first round, which is not counted. Prints the median of each, and the median over the
//! rounds of our speed divided by that of `xmllint`.

#![allow(clippy::print_stdout)]

use std::ffi::OsStr;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use rentree::config::Config;
use rentree::feed::{Limits, ReadOptions, discover, read};
use rentree::image::{self, IntakeRules};
use rentree::progress::{Progress, Silent};
use rentree::simulate;
use rentree::store::Store;

mod support;

use support::{Failure, Nowhere, median};

/// What is timed: its name, the mode of this program, the number of cores.
const TIMED: [(&str, &str, &str); 7] = [
    ("xmllint", "", "1"),
    ("read, one core", "read", "1"),
    ("read, two cores", "read", "2"),
    ("into a new image, one core", "image", "1"),
    ("into a new image, two cores", "image", "2"),
    ("the same again, one core", "again", "1"),
    ("the same again, two cores", "again", "2"),
];

const CONFIGURATION: &str = r#"
[store]
url = "sqlite:rentree.db"

[[source]]
name = "AC-TEST"
kind = "aaf-2d"
path = "feed"

[directory]
kind = "embedded"
suffix = "dc=example,dc=org"
"#;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next().unwrap_or_default();
    if matches!(first.as_str(), "read" | "image" | "again") {
        let threads = arguments.next().unwrap_or_default().parse()?;
        return work(&first, threads, Path::new(&arguments.next().unwrap_or_default()));
    }
    let mut numbers = std::iter::once(first).chain(arguments).filter_map(|a| a.parse().ok());
    let (pupils, rounds) = (numbers.next().unwrap_or(20_000), numbers.next().unwrap_or(7));
    compare(pupils, rounds as usize)
}

/// What a child process does in `home`, where the set is in `feed`.
fn work(mode: &str, threads: usize, home: &Path) -> Result<(), Failure> {
    if mode == "read" {
        let delivery = discover(&home.join("feed"), &Limits::default())?;
        let options = ReadOptions { threads, ..ReadOptions::default() };
        black_box(read(&delivery, &options, &mut Nowhere)?);
        return Ok(());
    }
    let config = Config::load(&home.join("rentree.toml"))?;
    let progress: Arc<dyn Progress> = Arc::new(Silent);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(&format!("sqlite:{}", home.join("rentree.db").display())).await?;
        let source = config.sources.first().ok_or("no source")?;
        let rules = IntakeRules::default();
        black_box(image::take_in(&store, 0, source, threads, Timestamp::UNIX_EPOCH, &rules, &progress).await?);
        Ok(())
    })
}

fn compare(pupils: u32, rounds: usize) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let home = folder.path();
    let out = home.join("feed");
    let options = simulate::Options {
        schools: pupils / 360 + 1,
        pupils,
        seed: 1,
        year: 2026,
        day: 0,
        delta: false,
        bascule: false,
        bascule_night: None,
        out: out.clone(),
    };
    simulate::write(&options, &|_| {})?;
    std::fs::write(home.join("rentree.toml"), CONFIGURATION)?;
    let files: Vec<PathBuf> =
        std::fs::read_dir(&out)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    let bytes: u64 = files.iter().map(|file| file.metadata().map_or(0, |m| m.len())).sum();
    let ourselves = std::env::current_exe()?;

    let mut seconds: [Vec<f64>; TIMED.len()] = Default::default();
    for round in 0..=rounds {
        for ((_, mode, cores), seconds) in TIMED.iter().zip(&mut seconds) {
            let mut command = Command::new("taskset");
            command.args(["-c", if *cores == "1" { "0" } else { "0,1" }]).stderr(Stdio::null());
            if mode.is_empty() {
                // Exit code 0 but for the DTD, which nobody has.
                command.args(["xmllint", "--stream", "--noout"]).args(&files);
            } else {
                command.args([ourselves.as_os_str(), OsStr::new(mode), OsStr::new(cores), home.as_os_str()]);
            }
            if *mode == "image" {
                for file in ["rentree.db", "rentree.db-wal", "rentree.db-shm"] {
                    let _absent = std::fs::remove_file(home.join(file));
                }
            }
            let start = Instant::now();
            let status = command.status()?;
            if !mode.is_empty() && !status.success() {
                return Err(format!("{mode} on {cores} core(s) failed").into());
            }
            if round > 0 {
                seconds.push(start.elapsed().as_secs_f64());
            }
        }
    }
    let megabytes = bytes as f64 / 1e6;
    let peer = seconds.first().cloned().unwrap_or_default();
    for ((name, ..), mut seconds) in TIMED.iter().zip(seconds) {
        let mut ratios: Vec<f64> = peer.iter().zip(&seconds).map(|(peer, ours)| peer / ours).collect();
        let (took, ratio) = (median(&mut seconds), median(&mut ratios));
        println!("{name:28} {took:6.2} s = {:5.0} MB/s of {megabytes:.0} MB, {ratio:.2} x xmllint", megabytes / took);
    }
    Ok(())
}
