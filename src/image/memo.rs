//! What reading a complete set gave, remembered: the same files over the same image are not parsed again.
//!
//! An export often stays for days, and its findings are told every night. Whether the files are the same is told by
//! their SHA-256, which costs a tenth of reading them. What is remembered holds for one program, one image (a
//! difference in between raises its version) and readers that depend on nothing but the files: those of the AAF.

use std::sync::Arc;
use std::time::SystemTime;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::complete::Outcome;
use super::delivered::{Delivered, hashing};
use super::departures::Population;
use super::{Ground, ImageError, Reader};
use crate::feed::{self, Category, Completeness, Degree, Delivery, Finding, Reading};
use crate::store::{ReadingRow, Store, StoreError};

/// A reading with more findings is made again: telling them takes longer than finding them.
const MOST_FINDINGS: usize = 100_000;

/// The small part of an [`Outcome`], as the store keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Memo {
    reading: Reading,
    completeness: [Completeness; 6],
    population: Population,
    findings: Vec<Finding>,
    digest: String,
    /// Keys of the image that the set does not hold, and that stay all the same.
    missing: Vec<(Category, CompactString)>,
}

/// Under what a memory holds, beside files and image. Another program may judge otherwise: one that was installed anew
/// is told by its file.
fn made_by(degree: Degree) -> String {
    let file = std::env::current_exe().and_then(std::fs::metadata);
    let built = file.and_then(|file| Ok((file.len(), file.modified()?))).ok();
    let built = built.and_then(|(size, at)| Some((size, at.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_nanos())));
    format!("{} {built:?} {degree:?} {:x}", env!("CARGO_PKG_VERSION"), hashing())
}

/// What is worth remembering of a reading, before its findings go their way; `None` where reading again may give
/// something else.
pub(super) fn of(reader: &Reader, outcome: &Outcome) -> Option<Memo> {
    let worth = matches!(reader, Reader::Aaf { .. }) && outcome.findings.len() <= MOST_FINDINGS;
    worth.then(|| Memo {
        reading: outcome.reading.clone(),
        completeness: outcome.completeness,
        population: outcome.population.clone(),
        findings: outcome.findings.clone(),
        digest: outcome.digest.clone(),
        missing: Vec::new(),
    })
}

/// Remembers a reading after which the image has this version; `outcome.missing` is what stayed.
pub(super) async fn keep(ground: &Ground<'_>, version: i64, memo: Memo, outcome: &Outcome) -> Result<(), ImageError> {
    let memo = Memo { missing: outcome.missing.clone(), ..memo };
    let row = ReadingRow {
        version,
        digest: memo.reading.digest,
        made_by: made_by(ground.reader.degree()),
        memo: serde_json::to_string(&memo).map_err(|e| ground.stopped(&e))?,
        delivered: outcome.delivered.packed(),
    };
    Ok(ground.store.keep_reading(ground.source.id, &row).await?)
}

/// What reading this delivery would give, when these very files were read before over the image as it is.
pub(super) async fn recall(ground: &Ground<'_>, delivery: &Delivery) -> Result<Option<Outcome>, ImageError> {
    let (source, made_by) = (&ground.source, made_by(ground.reader.degree()));
    if delivery.date != source.delivered {
        return Ok(None);
    }
    let Some(digest) = ground.store.reading_digest(source.id, source.version, &made_by).await? else {
        return Ok(None);
    };
    let (files, progress) = (delivery.clone(), Arc::clone(ground.progress));
    let found = tokio::task::spawn_blocking(move || feed::fingerprint(&files, &mut |bytes| progress.advance(bytes)));
    if found.await.map_err(|e| ground.stopped(&e))? != digest {
        // They are read now: the bytes that were counted are met again.
        ground.progress.begin("feed", Some(delivery.parts.iter().map(|p| p.size).sum()));
        return Ok(None);
    }
    let Some(row) = ground.store.reading(source.id).await? else { return Ok(None) };
    let names = delivery.parts.iter().map(|p| Arc::clone(&p.name)).collect();
    let memo = serde_json::from_str::<Memo>(&row.memo).ok();
    // A memory that cannot be read is none.
    Ok(memo.zip(Delivered::unpacked(names, &row.delivered)).map(|(memo, delivered)| Outcome {
        reading: memo.reading,
        completeness: memo.completeness,
        population: memo.population,
        findings: memo.findings,
        missing: memo.missing,
        digest: memo.digest,
        delivered,
    }))
}

/// The findings of the last complete set of a source, as far as they are remembered, whatever program read it.
///
/// # Errors
/// When the store fails.
pub async fn remembered(store: &Store, source: i64) -> Result<Vec<Finding>, StoreError> {
    let Some(row) = store.reading(source).await? else { return Ok(Vec::new()) };
    // A memory that cannot be read is none.
    Ok(serde_json::from_str::<Memo>(&row.memo).map(|memo| memo.findings).unwrap_or_default())
}
