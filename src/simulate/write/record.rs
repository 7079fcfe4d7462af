//! One record as text: requests, attributes, values, and nothing allocated per value.
//!
//! An attribute is written even when it has no value (`<value/>`), as the academies do.

use crate::feed::Category;
use crate::simulate::model::Day;
use crate::simulate::places::{decimal, two_digits};

/// How a record is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulate) enum Request {
    Add,
    Modify,
    Delete,
}

/// A record being written, in a buffer that is used again for the next.
#[derive(Debug)]
pub(super) struct Record {
    text: String,
    request: Request,
}

impl Record {
    pub(super) fn new(request: Request) -> Self {
        Self { text: String::with_capacity(8 * 1_024), request }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Begins a record, forgetting the last.
    pub(super) fn begin(&mut self, category: Category, write_key: impl FnOnce(&mut Value<'_>)) {
        self.text.clear();
        self.text.push_str(match self.request {
            Request::Add => "\n<addRequest>\n",
            Request::Modify => "\n<modifyRequest>\n",
            Request::Delete => "\n<deleteRequest>\n",
        });
        self.text.push_str("<operationalAttributes><attr name=\"");
        self.text.push_str(match category {
            Category::Structure => "categorieStructure",
            Category::Subject => "categorieMatiere",
            Category::Mef => "categorieMef",
            Category::Pupil | Category::Relative | Category::Staff => "categoriePersonne",
        });
        self.text.push_str("\"><value>");
        self.text.push_str(category.operational_value());
        self.text.push_str("</value></attr></operationalAttributes>\n<identifier><id>");
        write_key(&mut Value(&mut self.text));
        self.text.push_str("</id></identifier>\n");
        self.text.push_str(match self.request {
            Request::Add => "<attributes>\n",
            Request::Modify => "<modifications>\n",
            Request::Delete => "",
        });
    }

    pub(super) fn end(&mut self) {
        self.text.push_str(match self.request {
            Request::Add => "</attributes>\n</addRequest>\n",
            Request::Modify => "</modifications>\n</modifyRequest>\n",
            Request::Delete => "</deleteRequest>\n",
        });
    }

    /// An attribute; `fill` writes its values.
    pub(super) fn attribute(&mut self, name: &str, fill: impl FnOnce(&mut Values<'_>)) {
        let (open, middle, close) = match self.request {
            Request::Add => ("<attr name=\"", "\">", "</attr>\n"),
            Request::Modify => ("<modification name=\"", "\" operation=\"replace\">", "</modification>\n"),
            Request::Delete => return,
        };
        self.text.push_str(open);
        self.text.push_str(name);
        self.text.push_str(middle);
        let start = self.text.len();
        fill(&mut Values(&mut self.text));
        if self.text.len() == start {
            self.text.push_str("<value/>");
        }
        self.text.push_str(close);
    }

    /// An attribute with one value, empty when `text` is.
    pub(super) fn one(&mut self, name: &str, text: &str) {
        self.attribute(name, |values| values.value(|value| value.push(text)));
    }

    /// An attribute without value.
    pub(super) fn empty(&mut self, name: &str) {
        self.attribute(name, |_| {});
    }

    /// An attribute that is yes or no.
    pub(super) fn flag(&mut self, name: &str, yes: bool) {
        self.one(name, if yes { "O" } else { "N" });
    }
}

/// The values of one attribute.
pub(super) struct Values<'t>(&'t mut String);

impl Values<'_> {
    /// A value in pieces; none at all when they are empty.
    pub(super) fn value(&mut self, fill: impl FnOnce(&mut Value<'_>)) {
        let start = self.0.len();
        self.0.push_str("<value>");
        let filled = self.0.len();
        fill(&mut Value(self.0));
        if self.0.len() == filled {
            self.0.truncate(start);
        } else {
            self.0.push_str("</value>");
        }
    }
}

/// The text of one value.
pub(super) struct Value<'t>(&'t mut String);

impl Value<'_> {
    /// Adds text, escaped.
    pub(super) fn push(&mut self, text: &str) {
        let special = |b: u8| matches!(b, b'&' | b'<' | b'>' | b'\'' | b'"');
        if !text.bytes().any(special) {
            self.0.push_str(text);
            return;
        }
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '\'' => self.0.push_str("&apos;"),
                '"' => self.0.push_str("&quot;"),
                c => self.0.push(c),
            }
        }
    }

    pub(super) fn number(&mut self, n: u32) {
        self.0.push_str(decimal(n, &mut [0; 10]));
    }

    /// `n` with zeros in front, `width` digits at least.
    pub(super) fn padded(&mut self, n: u32, width: usize) {
        let mut digits = [0; 10];
        let text = decimal(n, &mut digits);
        for _ in text.len()..width {
            self.0.push('0');
        }
        self.0.push_str(text);
    }

    /// `dd/mm/yyyy`.
    pub(super) fn day(&mut self, day: Day) {
        two_digits(u32::from(day.day), |piece| self.0.push_str(piece));
        self.0.push('/');
        two_digits(u32::from(day.month), |piece| self.0.push_str(piece));
        self.0.push('/');
        self.number(u32::from(day.year.unsigned_abs()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(request: Request) -> String {
        let mut record = Record::new(request);
        record.begin(Category::Pupil, |key| key.number(7));
        record.one("sn", "L'HAŸ & <fils>");
        record.empty("mail");
        record.attribute("x", |values| {
            values.value(|v| v.push(""));
            values.value(|v| v.day(Day { year: 2026, month: 9, day: 1 }));
            values.value(|v| v.padded(42, 5));
        });
        record.end();
        record.text().to_owned()
    }

    #[test]
    fn an_add_lists_every_attribute() {
        assert_eq!(
            written(Request::Add),
            "\n<addRequest>\n\
             <operationalAttributes><attr name=\"categoriePersonne\"><value>Eleve</value></attr></operationalAttributes>\n\
             <identifier><id>7</id></identifier>\n\
             <attributes>\n\
             <attr name=\"sn\"><value>L&apos;HAŸ &amp; &lt;fils&gt;</value></attr>\n\
             <attr name=\"mail\"><value/></attr>\n\
             <attr name=\"x\"><value>01/09/2026</value><value>00042</value></attr>\n\
             </attributes>\n\
             </addRequest>\n"
        );
    }

    #[test]
    fn a_modification_replaces_and_a_deletion_has_no_attribute() {
        let modify = written(Request::Modify);
        assert!(modify.contains("<modification name=\"mail\" operation=\"replace\"><value/></modification>"));
        assert!(modify.ends_with("</modifications>\n</modifyRequest>\n"));
        let delete = written(Request::Delete);
        assert!(!delete.contains("sn") && delete.ends_with("</identifier>\n</deleteRequest>\n"), "{delete}");
    }
}
