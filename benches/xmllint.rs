//! AAF read and validated, against `xmllint --stream --noout` on the same files, in turn: `cargo bench
//! --no-default-features --bench xmllint [-- <pupils> <rounds>]`.
//!
//! Everything in the set is read, decoded, checked and made into records, which are then dropped; `xmllint` only checks
//! that it is well formed. What bounds both is the processor: the files are in memory after the first round, which is
//! not counted. Prints the median of each, and the median over the rounds of our speed divided by that of `xmllint`.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use rentree::feed::{Limits, ReadOptions, discover, read};
use rentree::simulate;

mod support;

use support::{Failure, Nowhere};

fn main() -> Result<(), Failure> {
    let mut numbers = std::env::args().skip(1).filter_map(|a| a.parse().ok());
    let (pupils, rounds) = (numbers.next().unwrap_or(20_000), numbers.next().unwrap_or(7));
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("feed");
    let options = simulate::Options {
        schools: pupils / 360 + 1,
        pupils,
        seed: 1,
        year: 2026,
        day: 0,
        delta: false,
        bascule: false,
        out: out.clone(),
    };
    simulate::write(&options, &|_| {})?;
    let files: Vec<PathBuf> =
        std::fs::read_dir(&out)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    let bytes: u64 = files.iter().map(|file| file.metadata().map_or(0, |m| m.len())).sum();

    let mut seconds: [Vec<f64>; 3] = Default::default();
    let mut ratios: [Vec<f64>; 2] = Default::default();
    for round in 0..=rounds {
        let mut times = [0.0; 3];
        for (variant, time) in times.iter_mut().enumerate() {
            let start = Instant::now();
            if variant == 0 {
                let status = Command::new("xmllint")
                    .args(["--stream", "--noout"])
                    .args(&files)
                    .stderr(Stdio::null())
                    .status()?;
                // Exit code 0 but for the DTD, which nobody has.
                black_box(status);
            } else {
                let delivery = discover(&out, &Limits::default())?;
                let options = ReadOptions { threads: variant, ..ReadOptions::default() };
                black_box(read(&delivery, &options, &mut Nowhere)?);
            }
            *time = start.elapsed().as_secs_f64();
        }
        if round > 0 {
            seconds.iter_mut().zip(times).for_each(|(all, time)| all.push(time));
            ratios.iter_mut().zip(times.iter().skip(1)).for_each(|(all, time)| all.push(times[0] / time));
        }
    }
    let megabytes = bytes as f64 / 1e6;
    for (name, seconds) in ["xmllint", "ours, one thread", "ours, two threads"].iter().zip(&mut seconds) {
        let median = median(seconds);
        println!("{name:18} {median:6.2} s = {:5.0} MB/s of {megabytes:.0} MB", megabytes / median);
    }
    for (name, ratios) in ["one thread", "two threads"].iter().zip(&mut ratios) {
        println!("ours, {name}, against xmllint: {:.2} x its speed", median(ratios));
    }
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
