//! A source without a store: what `check` reads.

use std::sync::Arc;

use jiff::civil::Date;

use super::ledger::Ledger;
use super::reading::read;
use super::{ImageError, Reader, add, sort};
use crate::config::SourceConfig;
use crate::feed::table::Earlier;
use crate::feed::{Completeness, Delivery, DeliveryKind, Finding, Reading};
use crate::progress::Progress;
use crate::store::StagedRecord;

/// Is given the records of a delivery in batches, with the names of its files.
pub type Observer<'o> = dyn FnMut(&[Arc<str>], Vec<StagedRecord>) + 'o;

/// Reads and validates a source without a store: what `check` does. `observe` is given each record once, in batches,
/// with the names of the files; copies of a record that came before are told of by findings only.
///
/// # Errors
/// When there is nothing readable.
pub fn check(
    config: &SourceConfig,
    threads: usize,
    progress: &dyn Progress,
    observe: &mut Observer<'_>,
) -> Result<Checked, ImageError> {
    let reader = Reader::of(config, Earlier::default())?;
    let mut offer = reader.survey()?;
    let deliveries: Vec<Delivery> = offer.complete.take().into_iter().chain(offer.deltas).collect();
    let mut checked = Checked { findings: offer.findings, ..Checked::default() };
    progress.begin("feed", Some(deliveries.iter().flat_map(|d| &d.parts).map(|p| p.size).sum()));
    for delivery in deliveries {
        let kind = delivery.kind;
        let names: Vec<Arc<str>> = delivery.parts.iter().map(|p| Arc::clone(&p.name)).collect();
        let ledger = Ledger::new(names.clone());
        // A difference says what changes, not who there is.
        let mut keep = |batch| {
            if kind == DeliveryKind::Complete {
                observe(&names, batch);
            }
            true
        };
        let mut outcome = read(&reader, delivery, ledger, &mut keep, threads, &config.name, progress)?;
        checked.findings.append(&mut outcome.findings);
        checked.findings.append(&mut outcome.ledger.take_findings());
        checked.date = outcome.date;
        checked.digest = outcome.ledger.digest();
        add(&mut checked.reading, outcome.reading);
        if kind == DeliveryKind::Complete {
            checked.completeness = outcome.completeness;
        }
    }
    let name: Arc<str> = config.name.as_str().into();
    let findings = checked.findings.into_iter();
    checked.findings = findings.map(|finding| finding.of_source(&name, config.kind.degree())).collect();
    sort(&mut checked.findings);
    Ok(checked)
}

/// What `check` found in one source: its complete set, and the differences after it.
#[derive(Debug)]
pub struct Checked {
    pub date: Option<Date>,
    pub digest: String,
    pub reading: Reading,
    pub completeness: [Completeness; 6],
    pub findings: Vec<Finding>,
}

impl Default for Checked {
    fn default() -> Self {
        Self {
            date: None,
            digest: String::new(),
            reading: Reading::default(),
            completeness: [Completeness::Partial; 6],
            findings: Vec::new(),
        }
    }
}
