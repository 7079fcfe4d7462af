//! A sink that keeps everything, for the tests of the readers.

use super::{Finding, Record, Sink};

/// Everything that a reading gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) records: Vec<Record>,
    pub(super) findings: Vec<Finding>,
    pub(super) progress: u64,
}

impl Sink for Kept {
    fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn progress(&mut self, bytes: u64) {
        self.progress += bytes;
    }
}
