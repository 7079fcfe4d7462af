//! What the values of a row give to say, as findings.

use compact_str::CompactString;

use super::row::Row;
use super::spec::{Layout, TableSpec};
use super::worker::Worker;
use crate::feed::aaf::{Fold, attribute, message};
use crate::feed::values::Uai;
use crate::feed::{Code, Finding, Tool};

/// Where a source of tables is mended.
pub(super) fn tool(spec: &TableSpec) -> Tool {
    match spec.layout {
        Layout::Onde => Tool::Onde,
        Layout::Csv => Tool::Table,
    }
}

impl Worker<'_> {
    /// Says what the row that was just written gave to say.
    pub(super) fn remarks(
        &mut self,
        row: &Row<'_>,
        school: &Uai,
        subject: impl Fn() -> Option<String>,
        key: &CompactString,
    ) {
        let scribe = &self.scribe;
        if scribe.seen.remarks.is_empty() && scribe.losses.is_empty() && scribe.repairs.is_empty() {
            return;
        }
        for remark in std::mem::take(&mut self.scribe.seen.remarks) {
            if remark.fold == Fold::Own {
                let text = message(remark.code, remark.attribute, &remark.detail);
                self.own(remark.code, text, row, school, subject(), key);
            } else {
                self.batch.noise.push((remark, row.line));
            }
        }
        for (code, text) in std::mem::take(&mut self.scribe.losses) {
            self.own(code, text, row, school, subject(), key);
        }
        for (name, before, after) in std::mem::take(&mut self.scribe.repairs) {
            self.batch.tallies.add(Code::RepairedValue, name, row.line, || {
                let called = attribute(name).map_or_else(|| name.to_owned(), crate::feed::aaf::Attribute::called);
                format!(
                    "{called} : valeur abîmée par un tableur rétablie, « {} » → « {after} »",
                    crate::wording::plain(&before)
                )
            });
        }
    }

    pub(super) fn own(
        &mut self,
        code: Code,
        text: String,
        row: &Row<'_>,
        school: &Uai,
        subject: Option<String>,
        key: &CompactString,
    ) {
        let context = self.context;
        let mut finding = Finding::new(code, text).at(&context.name, row.line).about(context.category, key.clone());
        finding.subject = subject;
        self.say(finding, Some(school));
    }
}
