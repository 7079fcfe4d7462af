//! The image of a source: its last accepted records, kept in the store.
//!
//! A delivery is read beside the image, never into it: changed records are staged, and one transaction changes the
//! image when the delivery is accepted. What was not delivered leaves the image only when its category was complete,
//! so that a missing, empty, malformed or holed category makes nobody depart. The roster is computed from images.

mod ledger;
mod load;
mod reader;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::mpsc;

use ledger::Ledger;
pub use ledger::{Delivered, Fate};
pub use load::roster;
pub use reader::Reader;
use reader::earlier_links;

use crate::config::SourceConfig;
use crate::feed::table::Earlier;
use crate::feed::{
    self, Category, Census, Code, Completeness, Delivery, FeedError, Finding, ReadOptions, Reading, Record, Sink,
};
use crate::progress::Progress;
use crate::store::{Acceptance, StagedRecord, Store, StoreError};

/// Records staged at once: large enough to make transactions rare, small enough to keep memory flat.
const STAGE_BATCH: usize = 2_000;

/// A delivery that was read, and accepted unless `refused` says otherwise.
#[derive(Debug)]
pub struct Intake {
    /// Index of the source in the configuration.
    pub source: u16,
    /// Its number in the store.
    pub id: i64,
    pub delivery_date: Option<Date>,
    pub digest: String,
    /// Version of the image afterwards.
    pub version: i64,
    pub reading: Reading,
    pub completeness: [Completeness; 6],
    /// What became of each delivered key while reading.
    pub delivered: Delivered,
    pub findings: Vec<Finding>,
}

#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Roster(#[from] crate::roster::OptionsError),
    #[error(
        "source {source_name}: the newest complete set is of {found}, older than the one already accepted ({accepted}); \
         bring the newer set back, or remove the stale one"
    )]
    Older { source_name: String, found: Date, accepted: Date },
    #[error("reading source {source_name} stopped: {reason}")]
    Stopped { source_name: String, reason: String },
}

/// Finds and reads the newest delivery of a source and changes its image accordingly.
///
/// # Errors
/// When there is nothing readable, when the set is older than the image, or when the store fails; the image is then
/// what it was.
pub async fn take_in(
    store: &Store,
    index: u16,
    config: &SourceConfig,
    threads: usize,
    now: Timestamp,
    progress: &Arc<dyn Progress>,
) -> Result<Intake, ImageError> {
    let source = store.source(&config.name, config.prefix(), config.kind.name()).await?;
    let started = Instant::now();
    let reader = Reader::of(config, earlier_links(store, source.id, config).await?)?;
    let (reader, delivery) = blocking(&config.name, move || {
        let delivery = reader.discover();
        (reader, delivery)
    })
    .await?;
    let delivery = delivery?;
    if let (Some(found), Some(accepted)) = (delivery.date, source.delivered)
        && found < accepted
    {
        return Err(ImageError::Older { source_name: config.name.clone(), found, accepted });
    }
    let names: Vec<Arc<str>> = delivery.parts.iter().map(|p| Arc::clone(&p.name)).collect();
    let files = store.origin_files(&names).await?;
    let ledger = Ledger::new(store.image_digests(source.id).await?, names);
    store.staging_clear(source.id).await?;

    let (sender, mut receiver) = mpsc::channel(4);
    let total: u64 = delivery.parts.iter().map(|p| p.size).sum();
    progress.begin("feed", Some(total));
    let reading = {
        let progress = Arc::clone(progress);
        let name = config.name.clone();
        tokio::task::spawn_blocking(move || {
            // A receiver that went away means that the store failed: its own error says why.
            let mut keep = |batch| sender.blocking_send(batch).is_ok();
            read(&reader, delivery, ledger, &mut keep, threads, &name, &*progress)
        })
    };
    while let Some(batch) = receiver.recv().await {
        store.stage(source.id, &batch, &files).await?;
    }
    let mut outcome = reading
        .await
        .map_err(|e| ImageError::Stopped { source_name: config.name.clone(), reason: e.to_string() })??;
    store.unstage(source.id, &outcome.ledger.conflicts()).await?;
    let gone = outcome.ledger.gone(outcome.completeness);
    let digest = outcome.ledger.digest();
    let version = store
        .accept(Acceptance {
            source: source.id,
            delivered: outcome.date.or(source.delivered),
            digest: &digest,
            gone: &gone,
            accepted_at: now.as_millisecond(),
        })
        .await?;
    let name: Arc<str> = config.name.as_str().into();
    outcome.findings.append(&mut outcome.ledger.take_findings());
    for finding in &mut outcome.findings {
        finding.source = Some(Arc::clone(&name));
    }
    sort(&mut outcome.findings);
    tracing::debug!(source = %config.name, version, gone = gone.len(), seconds = started.elapsed().as_secs_f64(), "delivery accepted");
    Ok(Intake {
        source: index,
        id: source.id,
        delivery_date: outcome.date,
        digest,
        version,
        reading: outcome.reading,
        completeness: outcome.completeness,
        delivered: outcome.ledger.into_delivered(),
        findings: outcome.findings,
    })
}

/// Reads and validates a source without a store: what `check` does.
///
/// # Errors
/// When there is nothing readable.
pub fn check(config: &SourceConfig, threads: usize, progress: &dyn Progress) -> Result<Checked, ImageError> {
    let reader = Reader::of(config, Earlier::default())?;
    let delivery = reader.discover()?;
    let names = delivery.parts.iter().map(|p| Arc::clone(&p.name)).collect();
    progress.begin("feed", Some(delivery.parts.iter().map(|p| p.size).sum()));
    // The records themselves are not needed here beyond their validation.
    let outcome =
        read(&reader, delivery, Ledger::new(HashMap::new(), names), &mut |_| true, threads, &config.name, progress);
    let mut outcome = outcome?;
    outcome.findings.append(&mut outcome.ledger.take_findings());
    let name: Arc<str> = config.name.as_str().into();
    for finding in &mut outcome.findings {
        finding.source = Some(Arc::clone(&name));
    }
    sort(&mut outcome.findings);
    Ok(Checked {
        date: outcome.date,
        digest: outcome.ledger.digest(),
        reading: outcome.reading,
        completeness: outcome.completeness,
        findings: outcome.findings,
    })
}

/// What `check` found in one source.
#[derive(Debug)]
pub struct Checked {
    pub date: Option<Date>,
    pub digest: String,
    pub reading: Reading,
    pub completeness: [Completeness; 6],
    pub findings: Vec<Finding>,
}

/// By file, line and code: readers run on several threads and promise no order.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| (a.severity, &a.origin, a.code, &a.key).cmp(&(b.severity, &b.origin, b.code, &b.key)));
}

struct ReadOutcome {
    date: Option<Date>,
    reading: Reading,
    completeness: [Completeness; 6],
    ledger: Ledger,
    findings: Vec<Finding>,
}

/// Streams the delivery through census and ledger; changed records go out by batches.
fn read(
    reader: &Reader,
    mut delivery: Delivery,
    ledger: Ledger,
    keep: &mut dyn FnMut(Vec<StagedRecord>) -> bool,
    threads: usize,
    name: &str,
    progress: &dyn Progress,
) -> Result<ReadOutcome, ImageError> {
    let mut findings = std::mem::take(&mut delivery.findings);
    let mut census = Census::new();
    let mut collector =
        Collector { ledger, census: &mut census, findings: Vec::new(), batch: Vec::new(), keep, lost: false, progress };
    let options = ReadOptions { threads, ..ReadOptions::default() };
    let reading = reader.read(&delivery, &options, &mut collector)?;
    collector.flush();
    let Collector { ledger, findings: read_findings, lost, .. } = collector;
    if lost {
        return Err(ImageError::Stopped { source_name: name.to_owned(), reason: "the store could not keep up".into() });
    }
    findings.extend(read_findings);
    let conclusion = reader.conclude(census, &delivery, &reading);
    findings.extend(conclusion.findings);
    Ok(ReadOutcome { date: delivery.date, reading, completeness: conclusion.completeness, ledger, findings })
}

struct Collector<'a> {
    ledger: Ledger,
    census: &'a mut Census,
    findings: Vec<Finding>,
    batch: Vec<StagedRecord>,
    /// Takes what is new or changed; `false` when it cannot.
    keep: &'a mut dyn FnMut(Vec<StagedRecord>) -> bool,
    lost: bool,
    progress: &'a dyn Progress,
}

impl Collector<'_> {
    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() && !self.lost && !(self.keep)(batch) {
            self.lost = true;
        }
    }
}

impl Sink for Collector<'_> {
    fn record(&mut self, record: Record) {
        self.census.observe(&record);
        if let Some(staged) = self.ledger.record(record) {
            self.batch.push(staged);
            if self.batch.len() >= STAGE_BATCH {
                self.flush();
            }
        }
    }

    fn finding(&mut self, finding: Finding) {
        self.ledger.finding(&finding);
        self.findings.push(finding);
    }

    fn progress(&mut self, bytes: u64) {
        self.progress.advance(bytes);
    }
}

async fn blocking<T: Send + 'static>(source: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ImageError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| ImageError::Stopped { source_name: source.to_owned(), reason: e.to_string() })
}

/// Whether a finding says that a record was left out: its key counts as delivered, and an existing account is frozen.
pub(crate) fn rejects(finding: &Finding) -> Option<(Category, &CompactString)> {
    match (finding.severity, finding.category, &finding.key) {
        (feed::Severity::Rejected, Some(category), Some(key)) if finding.code != Code::DuplicateConflict => {
            Some((category, key))
        }
        _ => None,
    }
}
