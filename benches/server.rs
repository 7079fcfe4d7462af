//! A slapd of its own, read and written in turn by OpenLDAP's tools and by ours: `cargo bench --no-default-features
//! --bench server [-- <n> <rounds>]`.
//!
//! Each round: adds on a server that does not wait for its disk (`dbnosync`), with `ldapadd` on four connections and with
//! ours; a full read, with `ldapsearch` and with ours; ten members in and ten out of a group of 20,000, in one modify.
//! Prints medians, the median over the rounds of the ratios, and what of a core our side takes for a thousand writes a
//! second.

#![allow(clippy::print_stdout)]

use std::process::{Command, Stdio};
use std::time::Instant;

use futures_util::TryStreamExt as _;
use rentree::directory::ldap::Ldap;
use rentree::directory::{Directory as _, Dn, Entry, Modification, Operation, Search, Value};

#[allow(dead_code, clippy::unwrap_used)]
#[path = "../tests/it/support/slapd.rs"]
mod slapd;

mod support;

use slapd::{ADMIN_PASSWORD, Slapd};
use support::{Failure, SUFFIX, execute, ldapadd, ldif_file, median, people, person, processor_seconds};

/// Of the large group.
const MEMBERS: usize = 20_000;
const EXCHANGED: usize = 10;

fn main() -> Result<(), Failure> {
    let mut numbers = std::env::args().skip(1).filter_map(|a| a.parse().ok());
    let (n, rounds) = (numbers.next().unwrap_or(10_000), numbers.next().unwrap_or(7));
    // On a worker, as the program does.
    tokio::runtime::Runtime::new()?.block_on(async move { tokio::spawn(measure(n, rounds)).await? })
}

async fn measure(n: usize, rounds: usize) -> Result<(), Failure> {
    let server = Slapd::start();
    let entries = (0..n).map(person).collect::<Result<Vec<_>, _>>()?;
    let chunks = entries.chunks(n.div_ceil(4)).enumerate();
    let quarters = chunks
        .map(|(i, part)| ldif_file(server.path(), &format!("quarter{i}"), part))
        .collect::<Result<Vec<_>, _>>()?;
    let mut config = server.config();
    config.window = 32;
    let ours = Ldap::connect(&config).await?;
    let group = large_group(&ours).await?;
    let mut figures = Figures::default();
    for round in 0..rounds {
        let delete: Vec<_> = entries.iter().map(|e| Operation::Delete(e.dn.clone())).collect();
        let start = Instant::now();
        ldapadd(&server.url(), &Slapd::admin_dn(), &server.password_file(), &quarters)?;
        let theirs = start.elapsed().as_secs_f64();
        execute(&ours, &delete).await?;
        let add: Vec<_> = entries.iter().cloned().map(Operation::Add).collect();
        let (start, processor) = (Instant::now(), processor_seconds());
        execute(&ours, &add).await?;
        let mine = start.elapsed().as_secs_f64();
        figures.adds.push((theirs, mine));
        figures.processor.push((processor_seconds() - processor) / n as f64 * 1_000.0);

        let start = Instant::now();
        ldapsearch(&server)?;
        let theirs = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let read = read(&ours).await?;
        figures.reads.push((theirs, start.elapsed().as_secs_f64()));
        if read != n {
            return Err(format!("{read} of {n} entries were read").into());
        }
        let start = Instant::now();
        execute(&ours, &[exchange(&group, round)]).await?;
        figures.group.push(start.elapsed().as_secs_f64() * 1_000.0);
        execute(&ours, &delete).await?;
    }
    figures.print(n);
    Ok(())
}

/// Of each round; pairs are seconds of theirs and of ours.
#[derive(Default)]
struct Figures {
    adds: Vec<(f64, f64)>,
    reads: Vec<(f64, f64)>,
    /// Seconds of processor for a thousand writes.
    processor: Vec<f64>,
    /// Milliseconds.
    group: Vec<f64>,
}

impl Figures {
    fn print(mut self, n: usize) {
        for (what, pairs) in [("adds, dbnosync", &self.adds), ("full read", &self.reads)] {
            let median_of = |of: fn(&(f64, f64)) -> f64| median(&mut pairs.iter().map(of).collect::<Vec<_>>());
            println!(
                "{what:16} theirs {:7.0}/s, ours {:7.0}/s, ours / theirs {:.2}",
                n as f64 / median_of(|p| p.0),
                n as f64 / median_of(|p| p.1),
                median_of(|p| p.0 / p.1)
            );
        }
        println!("our processor    {:.0} % of a core at 1,000 writes/s", median(&mut self.processor) * 100.0);
        println!(
            "group of {MEMBERS}   {:.1} ms for {EXCHANGED} members in and {EXCHANGED} out, one modify",
            median(&mut self.group)
        );
    }
}

fn member(i: usize) -> Value {
    Value::from(format!("uid=member{i:06},ou=people,{SUFFIX}"))
}

async fn large_group(ours: &Ldap) -> Result<Dn, Failure> {
    let dn = Dn::parse(&format!("cn=large,ou=groups,{SUFFIX}"))?;
    let mut entry = Entry::new(dn.clone());
    entry.push("objectClass", ["groupOfNames"]);
    entry.push("cn", ["large"]);
    entry.push("member", (0..MEMBERS).map(member));
    execute(ours, &[Operation::Add(entry)]).await?;
    Ok(dn)
}

/// The members that came in a round go in the next.
fn exchange(group: &Dn, round: usize) -> Operation {
    let some = |from: usize| (from..from + EXCHANGED).map(member).collect();
    let at = MEMBERS + round * EXCHANGED;
    let modification = Modification { attribute: "member".into(), delete: some(at - EXCHANGED), add: some(at) };
    Operation::Modify { dn: group.clone(), modifications: vec![modification] }
}

async fn read(ours: &Ldap) -> Result<usize, Failure> {
    let search = Search { base: people()?, filter: "(objectClass=ENTPerson)".into(), attributes: Vec::new() };
    let mut entries = ours.search(search).await?;
    let mut count = 0;
    while entries.try_next().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

fn ldapsearch(server: &Slapd) -> Result<(), Failure> {
    let status = Command::new("ldapsearch")
        .args(["-x", "-LLL", "-H", &server.url(), "-D", &Slapd::admin_dn(), "-w", ADMIN_PASSWORD])
        .args(["-b", &format!("ou=people,{SUFFIX}"), "(objectClass=ENTPerson)"])
        .stdout(Stdio::null())
        .status()?;
    if status.success() { Ok(()) } else { Err("ldapsearch failed".into()) }
}
