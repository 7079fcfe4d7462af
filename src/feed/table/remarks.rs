//! What the values of a row give to say, as findings.

use compact_str::CompactString;

use super::reader::{Context, Run};
use super::row::Row;
use crate::feed::aaf::{Fold, attribute, message};
use crate::feed::{Code, Finding};

impl Run<'_> {
    /// Says what the row that was just written gave to say.
    pub(super) fn remarks(
        &mut self,
        row: &Row,
        context: &Context,
        school: usize,
        subject: impl Fn() -> Option<String>,
        key: &CompactString,
    ) {
        if self.quiet() {
            return;
        }
        let scribe = &self.scribe;
        if scribe.seen.remarks.is_empty() && scribe.losses.is_empty() && scribe.repairs.is_empty() {
            return;
        }
        for remark in std::mem::take(&mut self.scribe.seen.remarks) {
            if remark.fold == Fold::Own {
                let text = message(remark.code, remark.attribute, &remark.detail);
                self.own(remark.code, text, row, context, school, subject(), key);
            } else {
                self.noise.entry(context.category).or_default().add(remark, context.part, row.line);
            }
        }
        for (code, text) in std::mem::take(&mut self.scribe.losses) {
            self.own(code, text, row, context, school, subject(), key);
        }
        for (name, before, after) in std::mem::take(&mut self.scribe.repairs) {
            self.tallies.add(Code::RepairedValue, name, row.line, || {
                let called = attribute(name).map_or_else(|| name.to_owned(), crate::feed::aaf::Attribute::called);
                format!(
                    "{called} : valeur abîmée par un tableur rétablie, « {} » → « {after} »",
                    crate::wording::plain(&before)
                )
            });
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one finding with all that it carries")]
    pub(super) fn own(
        &mut self,
        code: Code,
        text: String,
        row: &Row,
        context: &Context,
        school: usize,
        subject: Option<String>,
        key: &CompactString,
    ) {
        let mut finding = Finding::new(code, text).at(&context.name, row.line).about(context.category, key.clone());
        finding.subject = subject;
        self.say(finding, Some(school));
    }
}
