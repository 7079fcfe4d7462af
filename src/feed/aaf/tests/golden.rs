//! Every layout and quirk that exports are known for: a small sample of each under `tests/feeds/aaf`, and what is read
//! and said of it, word for word. The people are invented.

use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::feed::survey;

/// Everything that reading a sample gives, as text.
fn report(folder: &Path) -> String {
    let mut out = String::new();
    let offer = survey(folder, None, &Limits::default()).expect("a sample");
    findings(&mut out, &offer.findings);
    for delivery in offer.complete.iter().chain(&offer.deltas) {
        let date = delivery.date.map_or_else(|| "undated".to_owned(), |d| d.to_string());
        writeln!(out, "\n{:?} {date}", delivery.kind).expect("a string");
        for part in &delivery.parts {
            writeln!(out, "  {}", part.name).expect("a string");
        }
        let mut kept = Kept::default();
        let options = ReadOptions { threads: 1, ..ReadOptions::default() };
        let reading = read(delivery, &options, &mut kept).expect("a reading");
        for (name, value) in &reading.header {
            writeln!(out, "  {name} = {value}").expect("a string");
        }
        for record in &kept.records {
            let origin = format!("{}:{}", record.part, record.line);
            writeln!(out, "\n{:?} {} {} ({origin})", record.request, record.category, record.key).expect("a string");
            for (name, values) in record.fields.iter() {
                writeln!(out, "  {name} = {}", values.collect::<Vec<_>>().join(" | ")).expect("a string");
            }
        }
        out.push('\n');
        findings(&mut out, &delivery.findings);
        findings(&mut out, &kept.findings);
        if delivery.kind == DeliveryKind::Complete {
            let first = reading.header.iter().any(|(name, value)| name == "degre" && value == "1D");
            let mut census = if first { Census::of_first_degree() } else { Census::new() };
            kept.records.iter().for_each(|record| census.observe(record));
            let conclusion = census.conclude(delivery, &reading);
            findings(&mut out, &conclusion.findings);
            for category in Category::ALL {
                writeln!(out, "{category}: {:?}", conclusion.of(category)).expect("a string");
            }
        }
    }
    out
}

fn findings(out: &mut String, findings: &[Finding]) {
    for finding in findings {
        let origin = finding.origin.as_ref().map_or_else(String::new, |o| format!(" [{o}]"));
        let subject = finding.subject.as_ref().map_or_else(String::new, |s| format!(" {s} :"));
        writeln!(out, "{} {}{origin}{subject} {}", finding.severity.name(), finding.code.id(), finding.message)
            .expect("a string");
    }
}

#[test]
fn samples_read_as_they_did() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/feeds/aaf");
    let mut samples: Vec<_> = std::fs::read_dir(&root).expect("samples").map(|e| e.expect("a sample").path()).collect();
    samples.sort();
    assert_eq!(samples.len(), 9);
    for sample in samples {
        let name = sample.file_name().expect("a name").to_string_lossy().into_owned();
        insta::assert_snapshot!(name, report(&sample));
    }
}
