//! Support of the reader's tests: files written to a folder, what is read of them as one text.

mod cells;
mod damage;
mod layouts;
mod pieces;
mod schools;
mod sheets;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::*;
use crate::feed::kept::Kept;
use crate::feed::report::{Report, ReportOptions};
use crate::feed::values::Uai;
use crate::feed::{Category, Code, Completeness, Delivery, Finding, Limits, ReadOptions, Reading, Record};

/// A delivery that was read.
struct Outcome {
    delivery: Delivery,
    kept: Kept,
    reading: Reading,
    completeness: [Completeness; 6],
}

const UAI: &str = "0350999X";

fn spec(path: &Path, layout: Layout) -> TableSpec {
    let school = School { name: Some("Ecole du Port".into()), ..School::new(Uai::parse(UAI).expect("a UAI")) };
    TableSpec { path: path.into(), layout, school: Some(school), columns: [].into(), charset: None }
}

fn write(root: &Path, files: &[(&str, Vec<u8>)]) {
    for (name, bytes) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, bytes).expect("a file");
    }
}

fn read_spec(spec: &TableSpec, earlier: &Earlier) -> Outcome {
    let mut delivery = discover(spec, &Limits::default()).expect("a delivery");
    let mut kept = Kept { findings: std::mem::take(&mut delivery.findings), ..Kept::default() };
    let reading = read(&delivery, spec, &ReadOptions::default(), earlier, &mut kept).expect("within the limits");
    let conclusion = conclude(&delivery, spec, &reading);
    kept.findings.extend(conclusion.findings);
    Outcome { delivery, kept, reading, completeness: conclusion.completeness }
}

/// Reads files of the school above.
fn read_files(layout: Layout, files: &[(&str, Vec<u8>)]) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), files);
    read_spec(&spec(folder.path(), layout), &Earlier::default())
}

fn latin(text: &str) -> Vec<u8> {
    let (bytes, _, unmappable) = encoding_rs::WINDOWS_1252.encode(text);
    assert!(!unmappable, "{text}");
    bytes.into_owned()
}

fn utf16(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

impl Outcome {
    fn codes(&self) -> Vec<Code> {
        self.kept.findings.iter().map(|finding| finding.code).collect()
    }

    fn finding_of(&self, code: Code) -> &Finding {
        self.kept
            .findings
            .iter()
            .find(|f| f.code == code)
            .unwrap_or_else(|| panic!("no {code:?} in {:#?}", self.kept.findings))
    }

    fn of(&self, category: Category) -> impl Iterator<Item = &Record> {
        self.kept.records.iter().filter(move |record| record.category == category)
    }

    fn value(&self, category: Category, at: usize, name: &str) -> Option<&str> {
        self.of(category).nth(at).and_then(|record| record.fields.first(name))
    }

    fn completeness_of(&self, category: Category) -> Completeness {
        let at = Category::ALL.iter().position(|c| *c == category).expect("a category");
        self.completeness[at]
    }

    /// Records, trust and findings, as one text to look at.
    fn text(&self) -> String {
        let mut out = String::new();
        for record in &self.kept.records {
            let part = &self.delivery.parts[usize::from(record.part)].name;
            writeln!(out, "{} {} ({part}:{})", record.category, record.key, record.line).expect("memory");
            for (name, values) in record.fields.iter() {
                writeln!(out, "  {name}: {}", values.collect::<Vec<_>>().join(" ¦ ")).expect("memory");
            }
        }
        for (category, completeness) in Category::ALL.iter().zip(self.completeness) {
            let at = Category::ALL.iter().position(|c| c == category).expect("a category");
            if self.reading.read[at] > 0 || completeness == Completeness::Partial {
                let (read, rejected) = (self.reading.read[at], self.reading.rejected[at]);
                writeln!(out, "{category}: {read} read, {rejected} rejected, {completeness:?}").expect("memory");
            }
        }
        let mut report = Report::new();
        report.extend(self.kept.findings.iter().cloned());
        let mut text = Vec::new();
        report.text(&ReportOptions { full: true, ..ReportOptions::default() }, &mut text).expect("memory");
        out.push_str(&String::from_utf8(text).expect("utf-8"));
        out
    }
}
