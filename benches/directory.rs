//! How fast a directory is written and read: `cargo bench --no-default-features --bench directory [-- <n>]`.
//!
//! Without more, the embedded directory in a temporary folder. With `LDAP_CONFIG=<file>` (a `[directory]` table without
//! its header), that server too: its `ou=people` must exist, and what is added there is deleted at the end.

use std::time::Instant;

use futures_util::TryStreamExt as _;
use rentree::directory::embedded::Embedded;
use rentree::directory::ldap::Ldap;
use rentree::directory::{Directory, Dn, Modification, Operation, Pace, Search, ensure_branches};
use rentree::store::Store;

mod support;

use support::{BATCH, Failure, SUFFIX, class, people, person, processor_seconds};

fn main() -> Result<(), Failure> {
    let n = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(100_000);
    tokio::runtime::Runtime::new()?.block_on(async {
        let folder = tempfile::tempdir()?;
        let store = Store::open(&format!("sqlite:{}/bench.db", folder.path().display())).await?;
        let suffix = Dn::parse(SUFFIX)?;
        let embedded = Embedded::new(store, suffix.clone());
        embedded.ensure_suffix().await?;
        ensure_branches(&embedded, &suffix, &[people()?]).await?;
        measure("embedded", &embedded, n).await?;
        if let Some(file) = std::env::var_os("LDAP_CONFIG") {
            let config = toml::from_str(&std::fs::read_to_string(file)?)?;
            measure("ldap", &Ldap::connect(&config).await?, n).await?;
        }
        Ok(())
    })
}

async fn measure(name: &str, directory: &dyn Directory, n: usize) -> Result<(), Failure> {
    let pace = Pace::unlimited();
    let batches = || (0..n).step_by(BATCH).map(|from| from..n.min(from + BATCH));
    let start = Start::now();
    for batch in batches() {
        let batch = batch.map(|i| person(i).map(Operation::Add)).collect::<Result<Vec<_>, _>>()?;
        directory.execute(&batch, &pace).await.into_iter().collect::<Result<(), _>>()?;
    }
    report(name, "add", n, &start);
    for (what, attributes) in
        [("read all", vec![]), ("read 3 attributes", vec!["uid", "ENTPersonLogin", "ENTPersonJointure"])]
    {
        let attributes = attributes.into_iter().map(str::to_owned).collect();
        let start = Start::now();
        let search = Search { base: people()?, filter: "(objectClass=ENTPerson)".into(), attributes };
        let mut entries = directory.search(search).await?;
        let mut count = 0;
        while entries.try_next().await?.is_some() {
            count += 1;
        }
        report(name, what, count, &start);
    }
    let start = Start::now();
    for batch in batches() {
        let batch = batch.map(moved_up).collect::<Result<Vec<_>, _>>()?;
        directory.execute(&batch, &pace).await.into_iter().collect::<Result<(), _>>()?;
    }
    report(name, "modify", n, &start);
    let start = Start::now();
    for batch in batches() {
        let batch = batch.map(|i| person(i).map(|e| Operation::Delete(e.dn))).collect::<Result<Vec<_>, _>>()?;
        directory.execute(&batch, &pace).await.into_iter().collect::<Result<(), _>>()?;
    }
    report(name, "delete", n, &start);
    Ok(())
}

fn moved_up(i: usize) -> Result<Operation, Failure> {
    let modification =
        Modification { attribute: "ENTEleveClasses".into(), delete: vec![class("6A")], add: vec![class("5A")] };
    Ok(Operation::Modify { dn: person(i)?.dn, modifications: vec![modification] })
}

/// Wall clock and processor time: the second is what tells on a machine that others use.
struct Start(Instant, f64);

impl Start {
    fn now() -> Self {
        Self(Instant::now(), processor_seconds())
    }
}

#[allow(clippy::print_stdout)]
fn report(name: &str, what: &str, n: usize, start: &Start) {
    let (seconds, processor) = (start.0.elapsed().as_secs_f64(), processor_seconds() - start.1);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|l| l.starts_with("VmHWM")).and_then(|l| l.split_whitespace().nth(1)).unwrap_or("?");
    println!(
        "{name:9} {what:18} {n:7} in {seconds:6.2} s = {:7.0}/s (processor {processor:5.2} s, peak {peak} kB)",
        n as f64 / seconds
    );
}
