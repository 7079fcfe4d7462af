//! The trail: events written and verified in a second: `cargo bench --no-default-features --bench trail [-- <events>
//! [postgres://…]]`.
//!
//! Writes events like those of a change, half of them in transactions as those of `apply`, half in those of what is loaded
//! offline, to a store on this disk, or in an empty database of a PostgreSQL server; then verifies them all. Beside it, in
//! the same run, the bare work: the hashes alone, without a store.
//! Writing is bound by the inserts (two rows an event, by number; whom they are about is indexed by the many), verifying by
//! reading them back and two SHA-256 of each.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Instant;

use rentree::audit::{Actor, Kind, Trail, verify};
use rentree::config::StoreConfig;
use rentree::plan::RunId;
use rentree::roster::JoinKey;
use rentree::store::Store;
use sha2::{Digest as _, Sha256};

/// Events in one transaction.
const BATCHES: [(&str, usize); 2] = [("apply", 256), ("offline", 2_048)];

fn main() -> Result<(), Box<dyn Error>> {
    let events: usize = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let store = match std::env::args().find(|argument| argument.starts_with("postgres://")) {
            Some(url) => {
                Store::of(&StoreConfig { url, folder: Some(folder.path().to_owned()), password_file: None }).await?
            }
            None => Store::of(&StoreConfig::in_file(&folder.path().join("r.db"))).await?,
        };
        let trail = Trail::open(&store, RunId(uuid::Uuid::now_v7()), &Actor::current()).await?;
        let payload = serde_json::json!({
            "plan": uuid::Uuid::nil(), "seq": 12_345, "kind": "update", "outcome": "done", "reason": null,
            "attributes": { "ENTEleveClasses": { "old": ["0290009C$6A"], "new": ["0290009C$5A"] } },
        });
        let portion = events / BATCHES.len();
        let mut written = Vec::new();
        for (at, (name, batch)) in BATCHES.into_iter().enumerate() {
            let start = Instant::now();
            for n in at * portion..(at + 1) * portion {
                trail.record(Kind::ChangeApplied, Some(&JoinKey::new("AC-TEST", &n.to_string())), &payload)?;
                if trail.waiting() >= batch {
                    trail.flush().await?;
                }
            }
            trail.flush().await?;
            store.durable().await?;
            written.push((name, batch, start.elapsed().as_secs_f64()));
        }
        trail.close().await?;
        let events = portion * BATCHES.len();
        let start = Instant::now();
        let verdict = verify(&store, &[]).await?;
        let verified = start.elapsed().as_secs_f64();
        assert!(verdict.is_intact() && verdict.events as usize == events);
        let body = payload.to_string();
        let start = Instant::now();
        let mut last = [0_u8; 32];
        for _ in 0..events {
            let payload: [u8; 32] = Sha256::digest(&body).into();
            last = Sha256::new().chain_update(last).chain_update(payload).chain_update([0; 160]).finalize().into();
        }
        let bare = start.elapsed().as_secs_f64();
        let rate = |seconds: f64| events as f64 / seconds;
        let whole = written.iter().map(|(.., seconds)| seconds).sum();
        println!("{events} events of {} bytes, the last hash {:02x}{:02x}…", body.len(), last[0], last[1]);
        println!("written            {whole:>7.2} s  {:>9.0} a second", rate(whole));
        for (name, batch, seconds) in written {
            println!("  {name:<8} {batch:>5}   {seconds:>7.2} s  {:>9.0} a second", portion as f64 / seconds);
        }
        println!("verified           {verified:>7.2} s  {:>9.0} a second", rate(verified));
        println!("hashes             {bare:>7.2} s  {:>9.0} a second", rate(bare));
        Ok(())
    })
}
