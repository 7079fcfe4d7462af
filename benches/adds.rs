//! Durable LDAP adds against `ldapadd`, in turn, on one slapd of its own: `cargo bench --no-default-features --bench
//! adds [-- <n> <rounds>]`.
//!
//! Each round adds the same entries with `ldapadd` on one connection, on four and on sixteen (a share each), and with
//! ours on one connection at two widths; what was added is deleted before the next. The server writes to the disk
//! before it answers, as in production, and so the disk is what bounds all of them: more in flight lets the server put
//! more of them into one write. Prints each one's median rate, and the median over the rounds of our rate divided by
//! the best of the `ldapadd`s of the same round.

#![allow(clippy::print_stdout)]

use std::time::Instant;

use rentree::directory::Operation;
use rentree::directory::ldap::Ldap;

#[allow(dead_code, clippy::unwrap_used)]
#[path = "../tests/it/support/slapd.rs"]
mod slapd;

mod support;

use slapd::{Options, Slapd};
use support::{Failure, SUFFIX, execute, ldapadd, ldif_file, median, person};

fn main() -> Result<(), Failure> {
    let mut numbers = std::env::args().skip(1).filter_map(|a| a.parse().ok());
    let (n, rounds) = (numbers.next().unwrap_or(2_000), numbers.next().unwrap_or(7));
    let server = Slapd::with(&Options { durable: true, ..Options::default() });
    let entries = (0..n).map(person).collect::<Result<Vec<_>, _>>()?;
    let whole = vec![ldif_file(server.path(), "all", &entries)?];
    let shares = |count: usize| {
        let chunks = entries.chunks(n.div_ceil(count)).enumerate();
        chunks.map(|(i, share)| ldif_file(server.path(), &format!("{count}-{i}"), share)).collect::<Result<Vec<_>, _>>()
    };
    let (quarters, sixteenths) = (shares(4)?, shares(16)?);
    let theirs = |files: &[String]| ldapadd(&server.url(), &Slapd::admin_dn(), &server.password_file(), files);
    let adds = || entries.iter().cloned().map(Operation::Add).collect::<Vec<_>>();
    let delete: Vec<_> = entries.iter().map(|e| Operation::Delete(e.dn.clone())).collect();
    tokio::runtime::Runtime::new()?.block_on(async {
        let ours = |window| {
            let mut config = server.config();
            config.window = window;
            async move { Ldap::connect(&config).await }
        };
        let (narrow, wide) = (ours(16).await?, ours(32).await?);
        let mut rates: [Vec<f64>; 5] = Default::default();
        let mut ratios: [Vec<f64>; 2] = Default::default();
        for _ in 0..rounds {
            let mut round = [0.0; 5];
            for (variant, rate) in round.iter_mut().enumerate() {
                let start = Instant::now();
                match variant {
                    0 => theirs(&whole)?,
                    1 => theirs(&quarters)?,
                    2 => theirs(&sixteenths)?,
                    3 => execute(&narrow, &adds()).await?,
                    _ => execute(&wide, &adds()).await?,
                }
                *rate = n as f64 / start.elapsed().as_secs_f64();
                execute(&wide, &delete).await?;
            }
            let best = round[0].max(round[1]).max(round[2]);
            ratios[0].push(round[3] / best);
            ratios[1].push(round[4] / best);
            rates.iter_mut().zip(round).for_each(|(all, rate)| all.push(rate));
        }
        let names = [
            "ldapadd, 1 connection",
            "ldapadd, 4 connections",
            "ldapadd, 16 connections",
            "ours, window 16",
            "ours, window 32",
        ];
        for (name, rates) in names.iter().zip(&mut rates) {
            let median = median(rates);
            let (least, most) = (rates.first().copied().unwrap_or(0.0), rates.last().copied().unwrap_or(0.0));
            println!("{name:24} {median:6.0} adds/s (from {least:.0} to {most:.0})");
        }
        for (name, ratios) in ["16", "32"].iter().zip(&mut ratios) {
            println!("ours ({name}) / best ldapadd of its round: {:.2}", median(ratios));
        }
        Ok(())
    })
}
