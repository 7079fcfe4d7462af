//! How many passwords the server verifies in a second: what the morning of the first lesson will ask of it.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use rentree::apply::probe::{Probe, prove};
use rentree::config::Config;
use rentree::credentials::Scheme;
use rentree::directory::dialect::Dialect;
use rentree::directory::{Directory, DirectoryError};
use rentree::plan::Verdict;
use rentree::store::{RunLock, Store};

use super::super::exit::Failure;
use super::super::plan::failed;
use super::super::session::open_directory;
use super::super::{Global, output};

/// Connections that ask at once: a portal has about as many.
const CONNECTIONS: usize = 8;

pub async fn run(global: &Global, config: &Config, duration: Duration) -> Result<u8, Failure> {
    let store = Store::of(&config.store).await?;
    let _lock = RunLock::take(&store, "doctor --bind-rate").await?;
    let dialect = Dialect::load(&config.directory).map_err(failed)?;
    let directory = open_directory(config, &store).await?;
    let refused = |error| Failure::new(Verdict::Refused, error);
    let allowed = Scheme::allowed(config.directory.password_scheme);
    let proof = prove(&*directory, &dialect, &config.credentials, &allowed).await.map_err(refused)?;
    let mut askers: Vec<Box<dyn Directory>> = Vec::new();
    for _ in 0..CONNECTIONS {
        askers.push(open_directory(config, &store).await?);
    }
    let added = Probe::add(&*directory, &dialect, &config.credentials, proof.scheme).await.map_err(refused)?;
    let probe = added.map_err(|refusal| Failure::failed(refusal.to_string()))?;
    let measured = measure(&probe, &askers, duration).await;
    // Also when the measure failed.
    probe.remove().await.map_err(refused)?;
    let (binds, seconds) = measured.map_err(failed)?;
    let rate = binds as f64 / seconds;
    if global.json {
        output::json(&serde_json::json!({
            "scheme": proof.scheme, "binds": binds, "seconds": seconds, "per_second": rate,
        }))?;
    } else {
        let mut text = String::new();
        for (scheme, why) in &proof.refused {
            text.push_str(&format!("{scheme} : non retenu ({why}).\n"));
        }
        text.push_str(&format!(
            "Ce serveur vérifie {rate:.0} mots de passe par seconde ({}, {CONNECTIONS} connexions, {binds} en \
             {seconds:.1} s) : 10 000 connexions prennent {:.0} s.\n",
            proof.scheme.prefix(),
            10_000.0 / rate.max(0.001)
        ));
        output::text(&text)?;
    }
    Ok(0)
}

/// How many binds succeeded, and in how many seconds.
async fn measure(
    probe: &Probe<'_>,
    askers: &[Box<dyn Directory>],
    duration: Duration,
) -> Result<(u64, f64), DirectoryError> {
    let started = Instant::now();
    // Each asks over a connection of its own: one alone would wait for each answer.
    let each = askers.iter().map(|directory| async move {
        let mut binds = 0;
        while started.elapsed() < duration {
            if !probe.binds_over(&**directory).await? {
                return Err(DirectoryError::Refused {
                    server: directory.describe(),
                    identity: probe.dn.to_string(),
                    reason: "the probe does not open any more".to_owned(),
                });
            }
            binds += 1;
        }
        Ok::<u64, DirectoryError>(binds)
    });
    let binds = try_join_all(each).await?.into_iter().sum();
    Ok((binds, started.elapsed().as_secs_f64()))
}
