//! A difference: each of its requests against what the image knows, the outcome in one transaction.
//!
//! Adding puts a record in its place, whatever was there; modifying replaces the attributes that are listed; deleting
//! takes the record out, and its account then departs as any other. The three reference categories are complete lists
//! even in a difference (as exports make them), but no structure leaves on their account. What a request supposes and the
//! image contradicts (an unknown record modified, a known one added) is done all the same and said. A difference that
//! is damaged is refused whole: part of it applied and the rest lost would be worse than a day's delay.
//!
//! Memory: one entry for each key that the difference names; the records of the image are read by batches.

mod merger;
mod tally;
mod waiting;

use std::collections::HashSet;
use std::sync::Arc;

use compact_str::CompactString;
use tokio::sync::mpsc;

use self::merger::Merger;
use self::tally::Tally;
use self::waiting::Waiting;
use super::ledger::Ledger;
use super::reading::agrees;
use super::{Delivered, Ground, ImageError, STAGE_BATCH};
use crate::feed::{self, Category, Code, Delivery, DeliveryKind, Finding, ReadOptions, Reading, Record, Sink};
use crate::progress::Progress;
use crate::store::{Acceptance, DeliveryRow, Store};
use crate::wording;

/// A nomenclature that loses more than this share in one night, in percent, is a list of changes and not a list.
const SHRUNK_PERCENT: usize = 50;

/// What became of a difference.
pub(super) enum Outcome {
    Applied(Box<Applied>),
    /// Nothing of it was done, for the reasons given.
    Refused(Vec<Finding>),
}

pub(super) struct Applied {
    pub reading: Reading,
    pub delivered: Delivered,
    pub findings: Vec<Finding>,
    pub digest: String,
    pub version: i64,
}

/// Reads a difference and applies it to the image of the source.
///
/// # Errors
/// When it goes beyond its limits or the store fails; the image is then what it was.
pub(super) async fn apply(ground: &Ground<'_>, delivery: Delivery) -> Result<Outcome, ImageError> {
    let Ground { store, source, rules, threads, .. } = ground;
    let (store, threads) = (*store, *threads);
    let names: Vec<Arc<str>> = delivery.parts.iter().map(|p| Arc::clone(&p.name)).collect();
    let date = delivery.date;
    let first = names.first().cloned();
    store.staging_clear(source.id).await?;
    let mut merger = Merger {
        store,
        source: source.id,
        files: store.origin_files(&names).await?,
        names: names.clone(),
        waiting: Waiting::load(store, source.id, &rules.waiting).await?,
        gone: Vec::new(),
        fates: Vec::new(),
        tally: Tally::default(),
    };
    ground.progress.begin("feed", Some(delivery.parts.iter().map(|p| p.size).sum()));
    let (sender, mut receiver) = mpsc::channel(4);
    let reader = {
        let progress = Arc::clone(ground.progress);
        tokio::task::spawn_blocking(move || {
            let mut sink = Requests {
                ledger: Ledger::new(names),
                batch: Vec::new(),
                findings: Vec::new(),
                sender,
                progress: &*progress,
            };
            let options = ReadOptions { threads, ..ReadOptions::default() };
            let reading = feed::read(&delivery, &options, &mut sink);
            sink.flush();
            reading.map(|reading| (delivery, reading, sink.ledger, sink.findings))
        })
    };
    while let Some(batch) = receiver.recv().await {
        merger.batch(batch).await?;
    }
    let (mut delivery, reading, mut ledger, read_findings) = reader.await.map_err(|e| ground.stopped(&e))??;
    agrees(ground.reader.degree(), &reading, &source.name)?;
    let mut findings = std::mem::take(&mut delivery.findings);
    findings.extend(read_findings);
    if let Some(why) = damage(&delivery, &findings) {
        store.staging_clear(source.id).await?;
        let dated = date.map(wording::date).unwrap_or_default();
        let message = format!(
            "livraison différentielle du {dated} : {why}, rien n'en est appliqué ; faites-la envoyer de nouveau, ou \
             demandez une livraison complète"
        );
        let mut finding = Finding::new(Code::DeltaRefused, message);
        if let Some(name) = &first {
            finding = finding.at(name, 0);
        }
        findings.push(finding);
        return Ok(Outcome::Refused(findings));
    }
    let Merger { mut gone, fates, mut tally, .. } = merger;
    for (category, key, fate) in fates {
        ledger.settle(category, &key, fate);
    }
    let conflicts = ledger.conflicts();
    store.unstage(source.id, &conflicts).await?;
    let contradicted: HashSet<_> = conflicts.into_iter().collect();
    gone.retain(|key| !contradicted.contains(key));
    for category in [Category::Subject, Category::Mef] {
        if feed::is_whole(&delivery, &reading, category) {
            gone.extend(unlisted(store, source.id, category, &ledger, &mut tally).await?);
        }
    }
    gone.sort();
    let digest = ledger.digest();
    let version = store
        .accept(Acceptance {
            source: source.id,
            delivered: date,
            digest: &digest,
            gone: &gone,
            delivery: &DeliveryRow { kind: DeliveryKind::Delta, date, digest: reading.digest },
            accepted_at: ground.now.as_millisecond(),
        })
        .await?;
    findings.append(&mut ledger.take_findings());
    findings.extend(tally.finish());
    let delivered = ledger.into_delivered();
    Ok(Outcome::Applied(Box::new(Applied { reading, delivered, findings, digest, version })))
}

/// Why a difference cannot be believed, when it cannot.
fn damage(delivery: &Delivery, findings: &[Finding]) -> Option<&'static str> {
    let file = |f: &Finding| matches!(f.code, Code::MalformedFile | Code::UnknownEncoding | Code::InternalSubset);
    if findings.iter().any(file) {
        return Some("un de ses fichiers est tronqué ou illisible");
    }
    let hole = findings.iter().any(|f| f.code == Code::PartGap);
    (hole || delivery.parts.is_empty()).then_some("il en manque des fichiers")
}

/// Keys of a nomenclature that its complete list no longer holds.
async fn unlisted(
    store: &Store,
    source: i64,
    category: Category,
    ledger: &Ledger,
    tally: &mut Tally,
) -> Result<Vec<(Category, CompactString)>, ImageError> {
    let known = store.image_keys(source, category).await?;
    let before = known.len();
    let gone: Vec<_> =
        known.into_iter().filter(|key| !ledger.names(category, key)).map(|key| (category, key)).collect();
    if gone.len() * 100 > before * SHRUNK_PERCENT {
        let message = format!(
            "{category} : {} codes connus sur {before} ne sont plus dans la liste ; ils sont gardés",
            gone.len()
        );
        let mut finding = Finding::new(Code::DeltaReferenceShrunk, message);
        finding.category = Some(category);
        tally.findings.push(finding);
        return Ok(Vec::new());
    }
    Ok(gone)
}

/// Where the reader's requests go: the first of each key, by batches.
struct Requests<'p> {
    ledger: Ledger,
    batch: Vec<Record>,
    findings: Vec<Finding>,
    sender: mpsc::Sender<Vec<Record>>,
    progress: &'p dyn Progress,
}

impl Requests<'_> {
    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            // A receiver that went away means that the store failed: its own error says why.
            drop(self.sender.blocking_send(batch));
        }
    }
}

impl Sink for Requests<'_> {
    fn record(&mut self, record: Record) {
        if self.ledger.request(&record) {
            self.batch.push(record);
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
