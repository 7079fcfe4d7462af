//! Collects findings, so that one cause met a thousand times does not hide the others.
//!
//! The first of a kind in a school are told one by one ([`Options::listed`](super::Options)), the rest as one finding with their number: the sum
//! of the counts is always the number of cases.

use std::collections::BTreeMap;

use compact_str::CompactString;

use super::draft::Head;
use super::options::SourceInfo;
use crate::feed::{Category, Code, Finding, Tool};

pub(super) struct Report<'s> {
    sources: &'s [SourceInfo],
    /// Cases told one by one, per code and school.
    listed: u32,
    findings: Vec<Finding>,
    /// Per code, school and tool.
    seen: BTreeMap<(Code, Option<CompactString>, Option<Tool>), Seen>,
}

#[derive(Default)]
struct Seen {
    /// Findings told one by one.
    listed: u32,
    /// Cases beyond them.
    more: u32,
}

impl<'s> Report<'s> {
    pub(super) fn new(sources: &'s [SourceInfo], listed: u32) -> Self {
        Self { sources, listed, findings: Vec::new(), seen: BTreeMap::new() }
    }

    pub(super) const fn has_several_sources(&self) -> bool {
        self.sources.len() > 1
    }

    /// What stands before `$` in the join keys of a source.
    pub(super) fn prefix(&self, source: u16) -> &'s str {
        self.sources.get(usize::from(source)).map_or("", |s| s.prefix.as_str())
    }

    /// A finding about one record, with its origin and key; not yet added.
    pub(super) fn about<'r>(
        &self,
        code: Code,
        category: Category,
        record: impl Into<Head<'r>>,
        message: impl Into<String>,
    ) -> Finding {
        let head = record.into();
        let key = head.key.as_str();
        let local = key.strip_prefix(self.prefix(head.source)).and_then(|k| k.strip_prefix('$')).unwrap_or(key);
        let finding = Finding::new(code, message).at(&head.origin.file, head.origin.line).about(category, local);
        self.of(head.source, finding)
    }

    /// A finding about a source as a whole; not yet added.
    pub(super) fn about_source(&self, code: Code, source: u16, count: u32, message: impl Into<String>) -> Finding {
        let mut finding = Finding::new(code, message);
        finding.count = count;
        self.of(source, finding)
    }

    fn of(&self, source: u16, finding: Finding) -> Finding {
        match self.sources.get(usize::from(source)) {
            Some(info) => finding.of_source(&info.name, info.degree),
            None => finding,
        }
    }

    /// Adds a finding that already stands for all of its kind.
    pub(super) fn sum(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Adds one of possibly many.
    pub(super) fn add(&mut self, finding: Finding) {
        let seen = self.seen.entry((finding.code, finding.school.clone(), finding.tool)).or_default();
        if seen.listed < self.listed {
            seen.listed += 1;
            self.findings.push(finding);
        } else {
            seen.more = seen.more.saturating_add(finding.count);
        }
    }

    pub(super) fn finish(mut self) -> Vec<Finding> {
        for ((code, school, tool), Seen { more, .. }) in self.seen {
            if more > 0 {
                let others = counted(more as usize, "autre cas", "autres cas");
                let mut finding = Finding::new(code, format!("{} : {others}", code.title()));
                finding.school = school;
                finding.tool = tool;
                finding.count = more;
                self.findings.push(finding);
            }
        }
        self.findings
    }
}

/// `n division` or `n divisions`.
pub(super) fn counted(n: usize, one: &str, many: &str) -> String {
    crate::wording::count(n as u64, one, many)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::{Degree, Origin};
    use crate::roster::JoinKey;

    #[test]
    fn counts_always_add_up() {
        let mut report = Report::new(&[], 20);
        for n in 0..57 {
            let mut finding = Finding::new(Code::PupilWithoutClass, format!("élève {n}"));
            finding.school = Some(if n % 2 == 0 { "A" } else { "B" }.into());
            finding.count = 3;
            report.add(finding);
        }
        let findings = report.finish();
        assert_eq!(findings.len(), 42);
        assert_eq!(findings.iter().map(|f| f.count).sum::<u32>(), 3 * 57);
        assert_eq!(findings[40].message, "élève sans division : 27 autres cas");
    }

    #[test]
    fn a_primary_school_mends_in_its_own_tools() {
        let source = |name: &str, degree| SourceInfo {
            name: name.into(),
            prefix: name.into(),
            previous_prefixes: Vec::new(),
            degree,
        };
        let sources = [source("2D", Degree::Second), source("1D", Degree::First)];
        let mut report = Report::new(&sources, 1);
        let (key, origin) = (JoinKey::new("1D", "5"), Origin { file: "a.csv".into(), line: 2 });
        for source in [0, 1, 1] {
            let head = Head { key: &key, source, origin: &origin };
            report.add(report.about(Code::PupilWithoutClass, Category::Pupil, head, "sans division"));
        }
        let tools: Vec<_> = report.finish().iter().map(|finding| finding.tool).collect();
        assert_eq!(tools, [Some(Tool::Siecle), Some(Tool::Onde), Some(Tool::Onde)]);
    }
}
