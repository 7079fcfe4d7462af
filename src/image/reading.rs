//! Reading one delivery beside an image: every record through census and ledger, what is new or changed handed on.

use super::departures::Population;
use super::ledger::Ledger;
use super::{ImageError, Reader, STAGE_BATCH};
use crate::feed::{Census, Completeness, Degree, Delivery, DeliveryKind, Finding, ReadOptions, Reading, Record, Sink};
use crate::progress::Progress;
use crate::store::StagedRecord;
use jiff::civil::Date;

/// What reading a delivery beside an image gave.
pub(super) struct ReadOutcome {
    pub date: Option<Date>,
    pub reading: Reading,
    pub completeness: [Completeness; 6],
    pub ledger: Ledger,
    pub population: Population,
    pub findings: Vec<Finding>,
}

/// Streams the delivery through census and ledger; changed records go out by batches.
pub(super) fn read(
    reader: &Reader,
    mut delivery: Delivery,
    ledger: Ledger,
    keep: &mut dyn FnMut(Vec<StagedRecord>) -> bool,
    threads: usize,
    name: &str,
    progress: &dyn Progress,
) -> Result<ReadOutcome, ImageError> {
    let mut findings = std::mem::take(&mut delivery.findings);
    let mut census = reader.census();
    let mut collector = Collector {
        ledger,
        census: &mut census,
        population: Population::default(),
        findings: Vec::new(),
        batch: Vec::new(),
        keep,
        lost: false,
        progress,
    };
    let options = ReadOptions { threads, ..ReadOptions::default() };
    let reading = reader.read(&delivery, &options, &mut collector)?;
    collector.flush();
    let Collector { ledger, population, findings: read_findings, lost, .. } = collector;
    if lost {
        return Err(ImageError::Stopped { source_name: name.to_owned(), reason: "the store could not keep up".into() });
    }
    agrees(reader.degree(), &reading, name)?;
    findings.extend(read_findings);
    let conclusion = reader.conclude(census, &delivery, &reading);
    // A difference lacks what did not change: only a complete set can be incomplete.
    if delivery.kind == DeliveryKind::Complete {
        findings.extend(conclusion.findings);
    }
    let completeness = conclusion.completeness;
    Ok(ReadOutcome { date: delivery.date, reading, completeness, ledger, population, findings })
}

/// Fails when the header of the files names another degree than the configuration: read as the wrong one, a set would
/// empty the image.
pub(super) fn agrees(degree: Degree, reading: &Reading, source_name: &str) -> Result<(), ImageError> {
    let expected = match degree {
        Degree::First => "1D",
        Degree::Second => "2D",
    };
    let said = reading.header.iter().find(|(name, _)| name == "degre").map(|(_, value)| value.trim());
    match said {
        Some(found @ ("1D" | "2D")) if found != expected => {
            Err(ImageError::Degree { source_name: source_name.to_owned(), found: found.to_owned(), expected })
        }
        _ => Ok(()),
    }
}

struct Collector<'a> {
    ledger: Ledger,
    census: &'a mut Census,
    population: Population,
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
        self.population.observe(record.category, &record.fields);
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
