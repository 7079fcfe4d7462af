//! What follows a night: who is told how it ended, the figures, the heartbeat. Nothing of it changes how the night ended:
//! what cannot be done is in the log.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use rentree::config::{Config, NotifyConfig};
use rentree::metrics;
use rentree::notify::{self, Changes, Ended, Kind, Past, compose};
use rentree::plan::{Hold, Verdict};
use rentree::store::{Store, StoreError};

use super::Global;
use super::exit::Failure;
use super::session::clock;
use super::status::LATE_AFTER_HOURS;

/// The night has ended: nobody waits longer for a server that does not answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// A night, as it is told.
#[derive(Debug, Default)]
pub struct Night {
    pub run: Option<String>,
    pub verdict: Option<Verdict>,
    pub changes: Changes,
    /// Why writing stopped before its end.
    pub stopped: Option<String>,
    pub holds: Vec<Hold>,
    /// Names of the schools, by UAI.
    pub schools: BTreeMap<String, String>,
}

/// Tells everybody who wants to know. A mistake on the command line is nobody's business.
pub async fn tell(global: &Global, night: Night, failure: Option<&Failure>) {
    if failure.is_some_and(|failure| failure.usage) {
        return;
    }
    let Ok(config) = Config::load(&global.config) else { return };
    if config.notify.is_silent() && config.metrics.textfile.is_none() {
        return;
    }
    if tokio::time::timeout(PATIENCE, Box::pin(all(&config, &night, failure))).await.is_err() {
        tracing::warn!("telling how the night ended takes too long; what is left goes with the next");
    }
}

async fn all(config: &Config, night: &Night, failure: Option<&Failure>) {
    let verdict = failure.map(|failure| failure.verdict).or(night.verdict).unwrap_or(Verdict::Failed);
    let ended = Ended {
        run: night.run.clone(),
        at: clock(),
        verdict,
        changes: night.changes,
        holds: night.holds.iter().collect(),
        schools: &night.schools,
        error: failure.map(Failure::in_words).or_else(|| night.stopped.clone()),
    };
    let told = match Store::of(&config.store).await {
        Ok(store) => through(&store, config, &ended).await,
        Err(error) => Err(error),
    };
    if let Err(error) = told {
        tracing::error!(%error, "what there is to tell cannot be queued");
        let notices = compose(&ended, &Past::default(), name(&config.notify));
        notify::tell_now(&config.notify, &notices, ended.at.timestamp()).await;
    }
    let came_to_its_end = matches!(verdict, Verdict::Done | Verdict::Unchanged | Verdict::Changes | Verdict::Held);
    if let (true, Some(address)) = (came_to_its_end, &config.notify.heartbeat)
        && let Err(error) = notify::heartbeat(address, config.notify.ca_file.as_deref()).await
    {
        tracing::warn!(%error, "nobody noticed that the night came to its end");
    }
}

async fn through(store: &Store, config: &Config, ended: &Ended<'_>) -> Result<(), StoreError> {
    let now = ended.at.timestamp();
    if !config.notify.to.is_empty() {
        let notices = compose(ended, &past(store).await?, name(&config.notify));
        notify::queue(store, &config.notify, ended.run.as_deref(), &notices, now).await?;
        notify::deliver(store, &config.notify, now).await?;
    }
    // Last, so that it counts the messages that wait.
    if let Some(path) = &config.metrics.textfile {
        let late_after = SignedDuration::from_hours(i64::from(LATE_AFTER_HOURS));
        let written = metrics::figures(store, now, late_after).await.and_then(|figures| metrics::write(path, &figures));
        if let Err(error) = written {
            tracing::warn!(%error, "the figures are not written");
        }
    }
    Ok(())
}

async fn past(store: &Store) -> Result<Past, StoreError> {
    let (well, held, failed, recovered) = tokio::try_join!(
        store.last_notice(Kind::Well.name()),
        store.last_notice(Kind::Held.name()),
        store.last_notice(Kind::Failed.name()),
        store.last_notice(Kind::Recovered.name())
    )?;
    let (nights, accounts) = store.nights_and_accounts(well).await?;
    Ok(Past { well, held, failed, recovered, nights, accounts })
}

/// What this installation is called.
pub fn name(config: &NotifyConfig) -> &str {
    config.name.as_deref().unwrap_or("Rentrée")
}
