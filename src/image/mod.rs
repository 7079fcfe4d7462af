//! The image of a source: its last accepted records, kept in the store.
//!
//! A delivery is read beside the image, never into it: changed records are staged, and one transaction changes the
//! image when the delivery is accepted. What was not delivered leaves the image only when its category was complete,
//! so that a missing, empty, malformed or holed category makes nobody depart. The roster is computed from images.

mod check;
mod choice;
mod complete;
mod delivered;
mod delta;
mod departures;
mod ledger;
mod load;
mod memo;
mod merge;
mod reader;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;

pub use check::{Checked, Observer, check};
use choice::{History, Refusal, choose};
pub use delivered::{Delivered, Fate, Repeats};
pub use load::{roster, sources};
pub use memo::remembered;
pub use reader::Reader;
use reader::earlier_links;

use crate::config::{LimitsConfig, SourceConfig};
use crate::feed::{self, Category, Code, Completeness, Delivery, FeedError, Finding, Reading};
use crate::progress::Progress;
use crate::store::{SourceRow, Store, StoreError};
use crate::wording;

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
    /// The complete set had been read before, over the same image: it was recognised, not parsed.
    pub again: bool,
    pub completeness: [Completeness; 6],
    /// What became of each delivered key while reading.
    pub delivered: Delivered,
    pub findings: Vec<Finding>,
}

impl Intake {
    /// Before anything is read: the image as it is.
    fn before(index: u16, source: &SourceRow) -> Self {
        Self {
            source: index,
            id: source.id,
            delivery_date: source.delivered,
            digest: source.digest.clone().unwrap_or_default(),
            version: source.version,
            reading: Reading::default(),
            again: false,
            completeness: [Completeness::Partial; 6],
            delivered: Delivered::default(),
            findings: Vec::new(),
        }
    }
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
    #[error(
        "source {source_name}: the only new delta is of {found}, older than what was already applied ({accepted}); \
         ask for a complete set, and remove the late delta"
    )]
    OutOfOrder { source_name: String, found: Date, accepted: Date },
    #[error(
        "source {source_name}: the files say that they are of degree {found}, the configuration says {expected}; \
         correct the kind or the path of the source"
    )]
    Degree { source_name: String, found: String, expected: &'static str },
    #[error("reading source {source_name} stopped: {reason}")]
    Stopped { source_name: String, reason: String },
}

/// What taking in has to know beside the source.
#[derive(Debug, Clone, Default)]
pub struct IntakeRules {
    /// UAI of the schools that wait for their complete set of the new year: no difference concerns them.
    pub waiting: HashSet<CompactString>,
    pub limits: LimitsConfig,
}

/// Finds what is new of a source and changes its image accordingly: the newest complete set when it is not older than
/// the image, then each difference in the order of the dates, each in a transaction of its own. What was taken in
/// before is left aside.
///
/// # Errors
/// When there is nothing readable, when all that is new is older than the image, or when the store fails; the image is
/// then what the last accepted delivery made of it.
pub async fn take_in(
    store: &Store,
    index: u16,
    config: &SourceConfig,
    threads: usize,
    now: Timestamp,
    rules: &IntakeRules,
    progress: &Arc<dyn Progress>,
) -> Result<Intake, ImageError> {
    let source = store.source(&config.name, config.prefix(), config.kind.name()).await?;
    let history = History::new(&source, &store.deliveries(source.id).await?);
    let reader = Arc::new(Reader::of(config, earlier_links(store, source.id, config).await?)?);
    let (path, gap) = (config.path.clone(), rules.limits.delta_gap_days);
    let (known, name, surveyor) = (history.clone(), config.name.clone(), Arc::clone(&reader));
    let mut choice = blocking(&config.name, move || {
        let offer = surveyor.survey()?;
        choose(offer, &known, gap, &|delivery| feed::fingerprint(delivery, &mut |_| {}))
            .map_err(|refusal| refused(name, &path, refusal))
    })
    .await??;

    let mut intake = Intake::before(index, &source);
    intake.findings = std::mem::take(&mut choice.findings);
    let next_year = choice.complete.as_ref().is_some_and(|set| history.is_newer(set)) && !rules.waiting.is_empty();
    let ground = Ground { store, source, reader, rules, threads, now, progress };
    if let Some(delivery) = choice.complete {
        complete::take(&ground, delivery, &mut intake).await?;
    }
    if next_year {
        // Whether the schools have gone up is known once the complete set is planned and applied.
        intake.findings.extend(choice.deltas.iter().map(postponed));
    } else {
        take_deltas(&ground, choice.deltas, &mut intake).await?;
    }
    let name: Arc<str> = config.name.as_str().into();
    let findings = std::mem::take(&mut intake.findings).into_iter();
    intake.findings = findings.map(|finding| finding.of_source(&name, config.kind.degree())).collect();
    sort(&mut intake.findings);
    Ok(intake)
}

/// A source whose folder is not looked at: its image stays what the last accepted delivery made of it, and its findings
/// are told again. Nobody leaves because of it.
///
/// # Errors
/// When the store fails.
pub async fn leave(store: &Store, index: u16, config: &SourceConfig) -> Result<Intake, ImageError> {
    let source = store.source(&config.name, config.prefix(), config.kind.name()).await?;
    let mut intake = Intake::before(index, &source);
    intake.findings = remembered(store, source.id).await?;
    Ok(intake)
}

/// What taking in a delivery of a source stands on.
struct Ground<'a> {
    store: &'a Store,
    source: SourceRow,
    reader: Arc<Reader>,
    rules: &'a IntakeRules,
    threads: usize,
    now: Timestamp,
    progress: &'a Arc<dyn Progress>,
}

impl Ground<'_> {
    fn stopped(&self, reason: &dyn std::fmt::Display) -> ImageError {
        ImageError::Stopped { source_name: self.source.name.clone(), reason: reason.to_string() }
    }
}

/// Applies differences in their order; after one that is refused, nothing can follow.
async fn take_deltas(ground: &Ground<'_>, deltas: Vec<Delivery>, intake: &mut Intake) -> Result<(), ImageError> {
    let mut deltas = deltas.into_iter();
    for delta in deltas.by_ref() {
        let date = delta.date;
        match delta::apply(ground, delta).await? {
            delta::Outcome::Applied(applied) => {
                tracing::debug!(source = %ground.source.name, version = applied.version, ?date, "difference accepted");
                intake.delivery_date = date;
                intake.digest = applied.digest;
                intake.version = applied.version;
                add(&mut intake.reading, applied.reading);
                intake.delivered.absorb(applied.delivered);
                intake.findings.extend(applied.findings);
            }
            delta::Outcome::Refused(findings) => {
                intake.findings.extend(findings);
                break;
            }
        }
    }
    intake.findings.extend(deltas.map(|delta| postponed(&delta)));
    Ok(())
}

/// What was read of the next delivery of the same run.
fn add(reading: &mut Reading, more: Reading) {
    for (total, count) in reading.read.iter_mut().zip(more.read) {
        *total += count;
    }
    for (total, count) in reading.rejected.iter_mut().zip(more.rejected) {
        *total += count;
    }
    reading.bytes += more.bytes;
    reading.header = more.header;
    reading.digest = more.digest;
    more.broken.into_iter().for_each(|category| reading.breaks(category));
}

fn postponed(delta: &Delivery) -> Finding {
    let date = delta.date.map(wording::date).unwrap_or_default();
    let message =
        format!("livraison différentielle du {date} : remise à la prochaine exécution, après ce qui la précède");
    let finding = Finding::new(Code::DeltaPostponed, message);
    match delta.parts.first() {
        Some(part) => finding.at(&part.name, 0),
        None => finding,
    }
}

fn refused(source_name: String, path: &Path, refusal: Refusal) -> ImageError {
    match refusal {
        Refusal::OnlyDeltas { files } => FeedError::OnlyDeltas { path: path.to_owned(), files }.into(),
        Refusal::Older { found, accepted } => ImageError::Older { source_name, found, accepted },
        Refusal::OutOfOrder { found, accepted } => ImageError::OutOfOrder { source_name, found, accepted },
    }
}

/// By file, line and code: readers run on several threads and promise no order.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| (a.severity, &a.origin, a.code, &a.key).cmp(&(b.severity, &b.origin, b.code, &b.key)));
}

async fn blocking<T: Send + 'static>(source: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ImageError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| ImageError::Stopped { source_name: source.to_owned(), reason: e.to_string() })
}

/// Whether a finding says that a record, or one of its contradictory copies, was left out.
pub(crate) fn is_rejection(finding: &Finding) -> bool {
    finding.severity == feed::Severity::Rejected
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
