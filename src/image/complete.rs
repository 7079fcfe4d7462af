//! A complete set: read beside the image, then made the image in one transaction.

use std::sync::Arc;
use std::time::Instant;

use compact_str::CompactString;
use futures_util::TryStreamExt as _;
use tokio::sync::mpsc;

use super::delivered::Delivered;
use super::departures::{self, Population};
use super::ledger::Ledger;
use super::reading::read;
use super::{Ground, ImageError, Intake, memo};
use crate::feed::{Category, Code, Completeness, Delivery, DeliveryKind, Finding, Reading};
use crate::store::{Acceptance, DeliveryRow};

/// What the image has to know of a complete set; what is new or changed is in the staging.
pub(super) struct Outcome {
    pub reading: Reading,
    pub completeness: [Completeness; 6],
    pub population: Population,
    pub findings: Vec<Finding>,
    /// Keys of the image that a complete category no longer holds.
    pub missing: Vec<(Category, CompactString)>,
    /// See [`Ledger::digest`].
    pub digest: String,
    pub delivered: Delivered,
}

/// Changes the image of a source to what a complete set says.
pub(super) async fn take(ground: &Ground<'_>, delivery: Delivery, intake: &mut Intake) -> Result<(), ImageError> {
    let Ground { store, source, rules, .. } = ground;
    let started = Instant::now();
    let date = delivery.date;
    let mut findings = delivery.findings.clone();
    store.staging_clear(source.id).await?;
    let total: u64 = delivery.parts.iter().map(|p| p.size).sum();
    ground.progress.begin("feed", Some(total));
    let known = memo::recall(ground, &delivery).await?;
    intake.again = known.is_some();
    let mut outcome = match known {
        Some(outcome) => outcome,
        None => read_beside(ground, delivery).await?,
    };
    let remembered = (!intake.again).then(|| memo::of(&ground.reader, &outcome)).flatten();
    findings.append(&mut outcome.findings);
    let doubtful: Vec<Category> =
        findings.iter().filter(|f| f.code == Code::FirstPartMissing).filter_map(|f| f.category).collect();
    let gone = departures::settle(
        store,
        source.id,
        outcome.missing.clone(),
        &outcome.population,
        &doubtful,
        &rules.limits,
        &mut findings,
    )
    .await?;
    let note = DeliveryRow { kind: DeliveryKind::Complete, date, digest: outcome.reading.digest };
    let version = store
        .accept(Acceptance {
            source: source.id,
            delivered: date.or(source.delivered),
            digest: &outcome.digest,
            gone: &gone,
            delivery: &note,
            accepted_at: ground.now.as_millisecond(),
        })
        .await?;
    if let Some(remembered) = remembered {
        outcome.missing.retain(|key| gone.binary_search(key).is_err());
        memo::keep(ground, version, remembered, &outcome).await?;
    }
    tracing::debug!(source = %source.name, version, gone = gone.len(), again = intake.again, seconds = started.elapsed().as_secs_f64(), "delivery accepted");
    intake.findings.append(&mut findings);
    intake.delivery_date = date;
    intake.digest = outcome.digest;
    intake.version = version;
    intake.reading = outcome.reading;
    intake.completeness = outcome.completeness;
    intake.delivered = outcome.delivered;
    Ok(())
}

/// Streams the files beside the image; what is new or changed goes into the staging.
async fn read_beside(ground: &Ground<'_>, mut delivery: Delivery) -> Result<Outcome, ImageError> {
    let Ground { store, source, threads, .. } = ground;
    let threads = *threads;
    // Told of by the caller.
    delivery.findings.clear();
    let names: Vec<Arc<str>> = delivery.parts.iter().map(|p| Arc::clone(&p.name)).collect();
    let files = store.origin_files(&names).await?;
    let mut ledger = Ledger::new(names);
    let mut known = store.image_digests(source.id);
    while let Some((category, key, digest)) = known.try_next().await? {
        ledger.know(category, key, digest);
    }
    drop(known);
    let (sender, mut receiver) = mpsc::channel(4);
    let reading = {
        let (reader, progress) = (Arc::clone(&ground.reader), Arc::clone(ground.progress));
        let name = source.name.clone();
        tokio::task::spawn_blocking(move || {
            // A receiver that went away means that the store failed: its own error says why.
            let mut keep = |batch| sender.blocking_send(batch).is_ok();
            read(&reader, delivery, ledger, &mut keep, threads, &name, &*progress)
        })
    };
    while let Some(batch) = receiver.recv().await {
        store.stage(source.id, batch, &files).await?;
    }
    let mut read = reading.await.map_err(|e| ground.stopped(&e))??;
    store.unstage(source.id, &read.ledger.conflicts()).await?;
    read.findings.append(&mut read.ledger.take_findings());
    Ok(Outcome {
        missing: read.ledger.gone(read.completeness),
        digest: read.ledger.digest(),
        delivered: read.ledger.into_delivered(),
        reading: read.reading,
        completeness: read.completeness,
        population: read.population,
        findings: read.findings,
    })
}
