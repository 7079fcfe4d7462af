//! What a difference says of itself, short enough to be read.

use std::collections::BTreeMap;

use compact_str::CompactString;

use crate::feed::{Code, Finding, Severity};
use crate::wording;

/// Findings of one kind that are told one by one; the others are counted.
const LISTED: u32 = 50;

/// Findings folded beyond what anybody reads.
#[derive(Default)]
pub(super) struct Tally {
    pub findings: Vec<Finding>,
    seen: BTreeMap<Code, u32>,
    waiting: BTreeMap<CompactString, u32>,
}

impl Tally {
    pub(super) fn add(&mut self, finding: Finding) {
        let seen = self.seen.entry(finding.code).or_default();
        *seen += 1;
        // Each rejected record is somebody to mend.
        if *seen <= LISTED || finding.severity == Severity::Rejected {
            self.findings.push(finding);
        }
    }

    pub(super) fn waits(&mut self, school: CompactString) {
        *self.waiting.entry(school).or_default() += 1;
    }

    pub(super) fn finish(mut self) -> Vec<Finding> {
        for (code, seen) in self.seen {
            let more = seen.saturating_sub(LISTED);
            if more > 0 && code.severity() != Severity::Rejected {
                let mut finding = Finding::new(code, format!("{} : {more} autres cas", code.title()));
                finding.count = more;
                self.findings.push(finding);
            }
        }
        for (school, count) in self.waiting {
            let message = format!(
                "{school} attend sa livraison complète de la nouvelle année : {} refusée{}",
                wording::count(count.into(), "différence", "différences"),
                if count > 1 { "s" } else { "" }
            );
            let mut finding = Finding::new(Code::DeltaSchoolWaits, message);
            finding.school = Some(school);
            finding.count = count;
            self.findings.push(finding);
        }
        self.findings
    }
}
