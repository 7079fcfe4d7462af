//! What was read and found in each school.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use compact_str::CompactString;
use serde::Serialize;

use crate::feed::values::Uai;
use crate::feed::{Finding, Severity};
use crate::roster::{Profile, Roster, SourceInfo};

/// How many findings, per severity in the order of [`Severity::ALL`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    pub blocking: u64,
    pub rejected: u64,
    pub dropped_value: u64,
    pub to_decide: u64,
    pub information: u64,
}

impl Tally {
    pub fn add(&mut self, finding: &Finding) {
        let slot = match finding.severity {
            Severity::Blocking => &mut self.blocking,
            Severity::Rejected => &mut self.rejected,
            Severity::DroppedValue => &mut self.dropped_value,
            Severity::ToDecide => &mut self.to_decide,
            Severity::Information => &mut self.information,
        };
        *slot += u64::from(finding.count);
    }

    /// In the order of [`Severity::ALL`].
    #[must_use]
    pub const fn counts(&self) -> [u64; 5] {
        [self.blocking, self.rejected, self.dropped_value, self.to_decide, self.information]
    }

    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts().iter().sum()
    }
}

/// A school in the summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct School {
    pub uai: CompactString,
    pub name: String,
    /// Persons whose records were read and who are of this school; somebody of two schools counts in both.
    pub pupils: u64,
    pub relatives: u64,
    pub staff: u64,
    pub findings: Tally,
    /// The sources that say something of it.
    #[serde(skip)]
    pub sources: BTreeSet<Arc<str>>,
}

impl School {
    /// Whether a source concerns this school; every source, when nothing is known of any.
    pub(super) fn is_of(&self, source: &str) -> bool {
        self.sources.is_empty() || self.sources.contains(source)
    }
}

/// The schools of the roster and those that only findings name (all of whose pupils were rejected, say), by UAI; and
/// what concerns none of them. With a configured scope, no other school is listed.
pub(super) fn schools(
    roster: &Roster,
    infos: &[SourceInfo],
    scope: &[Uai],
    findings: &[Finding],
) -> (Vec<School>, Tally) {
    let mut schools: BTreeMap<CompactString, School> = BTreeMap::new();
    let new = |uai: &str, name: String| School {
        uai: uai.into(),
        name,
        pupils: 0,
        relatives: 0,
        staff: 0,
        findings: Tally::default(),
        sources: BTreeSet::new(),
    };
    for structure in &roster.structures {
        let uai = structure.uai.as_str();
        schools.insert(uai.into(), new(uai, structure.name.clone()));
    }
    for person in &roster.persons {
        let uais: BTreeSet<_> =
            person.schools.iter().filter_map(|school| roster.structure(school.structure)).map(|s| &s.uai).collect();
        for school in uais {
            if let Some(school) = schools.get_mut(school.as_str()) {
                if let Some(source) = infos.get(usize::from(person.source))
                    && !school.sources.contains(&source.name)
                {
                    school.sources.insert(Arc::clone(&source.name));
                }
                match person.profile {
                    Profile::Pupil => school.pupils += 1,
                    Profile::Relative => school.relatives += 1,
                    Profile::Teacher | Profile::Staff => school.staff += 1,
                }
            }
        }
    }
    let mut elsewhere = Tally::default();
    let in_scope = |uai: &str| scope.is_empty() || scope.iter().any(|wanted| wanted.as_str() == uai);
    for finding in findings {
        let tally = match &finding.school {
            Some(uai) if in_scope(uai) => {
                let school = schools.entry(uai.clone()).or_insert_with(|| new(uai, "Établissement".to_owned()));
                school.sources.extend(finding.source.clone());
                &mut school.findings
            }
            _ => &mut elsewhere,
        };
        tally.add(finding);
    }
    (schools.into_values().collect(), elsewhere)
}
