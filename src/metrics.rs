//! Figures for Prometheus: how the last night went, what waits, how many accounts there are. Counts alone, of no person.
//!
//! Everything is read from the store when it is asked for, so that the figures of the console (`/metrics`) and those of a
//! file for node_exporter's textfile collector are the same.

use std::fmt;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::private;
use crate::status::{Word, status};
use crate::store::{Store, StoreError};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAccounts {
    profile: &'static str,
    stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSource {
    source: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfWord {
    word: &'static str,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the figures cannot be written")]
    Format(#[from] fmt::Error),
    #[error("cannot write {path}")]
    Write { path: std::path::PathBuf, source: std::io::Error },
}

/// All figures, in the text format of Prometheus.
///
/// # Errors
/// When the store cannot be read.
pub async fn figures(store: &Store, now: Timestamp, late_after: SignedDuration) -> Result<String, MetricsError> {
    let status = status(store, now, late_after).await?;
    let trail = store.trail_state().await?;
    let mut registry = Registry::with_prefix("rentree");

    let word = Family::<OfWord, Gauge>::default();
    for known in Word::ALL {
        word.get_or_create(&OfWord { word: known.name() }).set(i64::from(known == status.word));
    }
    registry.register("status", "1 for the present state, as `rentree status --word` says it", word);

    let gauge = |value: i64| {
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        gauge
    };
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    if let Some(night) = &status.last {
        let begun = gauge(night.started.as_second());
        registry.register("night_started_timestamp_seconds", "When the last night began", begun);
        if let Some(ended) = night.ended {
            let seconds = gauge(ended.duration_since(night.started).as_secs());
            registry.register("night_ended_timestamp_seconds", "When the last night ended", gauge(ended.as_second()));
            registry.register("night_duration_seconds", "How long the last night took", seconds);
        }
        registry.register(
            "night_holds",
            "What the last night keeps back until somebody decides",
            gauge(number(night.holds)),
        );
    }
    let (delivered, accepted) = (Family::<OfSource, Gauge>::default(), Family::<OfSource, Gauge>::default());
    for source in &status.sources {
        let labels = OfSource { source: source.name.clone() };
        let midnight = source.delivered.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
        if let Some(midnight) = midnight {
            delivered.get_or_create(&labels).set(midnight.timestamp().as_second());
        }
        if let Some(at) = source.accepted {
            accepted.get_or_create(&labels).set(at.as_second());
        }
    }
    registry.register(
        "source_delivered_timestamp_seconds",
        "The day that the last delivery of a source says",
        delivered,
    );
    registry.register("source_accepted_timestamp_seconds", "When the last delivery of a source was accepted", accepted);

    let accounts = Family::<OfAccounts, Gauge>::default();
    for (profile, stages) in &status.accounts {
        for (stage, count) in stages {
            accounts.get_or_create(&OfAccounts { profile, stage }).set(number(*count));
        }
    }
    registry.register("accounts", "Accounts by profile and stage", accounts);
    registry.register("accounts_printed", "Present accounts with a sheet that counts", gauge(number(status.printed)));
    registry.register("notices_waiting", "Messages that have not reached anybody yet", gauge(number(status.notices)));
    let events = trail.map_or(0, |trail| trail.head.seq);
    registry.register("trail_events", "Events of the audit trail", gauge(number(events)));

    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// Puts the figures into a file for node_exporter, whole or not at all, readable by everybody.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, figures: &str) -> Result<(), MetricsError> {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    let written = private::write(path, |file| {
        file.write_all(figures.as_bytes())?;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
    });
    written.map_err(|source| MetricsError::Write { path: path.to_owned(), source })
}
