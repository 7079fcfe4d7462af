//! `rentree check`: reads and validates the sources only.

use std::collections::BTreeMap;

use rentree::config::Config;
use rentree::feed::report::{Report, ReportOptions};
use rentree::feed::{Category, Completeness, Finding, Severity};
use rentree::image;

use super::exit::Failure;
use super::progress::watcher;
use super::session::threads;
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Lists every finding instead of the first ones of each code
    #[arg(long)]
    full: bool,
}

pub fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let config = Config::load(&global.config)?;
    if config.sources.is_empty() {
        return Err(Failure::usage("no source is configured: add a [[source]]"));
    }
    let progress = watcher(global.json);
    let mut sources = Vec::new();
    let mut findings = Vec::new();
    for source in &config.sources {
        let checked = image::check(source, threads(), &*progress)?;
        let count = |counts: &[u64; 6]| -> BTreeMap<&str, u64> {
            Category::ALL.iter().map(|c| c.token()).zip(counts.iter().copied()).collect()
        };
        let incomplete: Vec<&str> = Category::ALL
            .iter()
            .zip(&checked.completeness)
            .filter(|(_, c)| **c == Completeness::Partial)
            .map(|(c, _)| c.token())
            .collect();
        sources.push(serde_json::json!({
            "name": source.name,
            "date": checked.date,
            "digest": checked.digest,
            "header": checked.reading.header.iter().cloned().collect::<BTreeMap<String, String>>(),
            "read": count(&checked.reading.read),
            "rejected": count(&checked.reading.rejected),
            "incomplete": incomplete,
        }));
        findings.extend(checked.findings);
    }
    drop(progress);
    if global.json {
        output::json(&serde_json::json!({
            "format_version": rentree::plan::FORMAT_VERSION,
            "sources": sources,
            "counts": rentree::plan::count_by_severity(&findings),
            "findings": findings,
        }))?;
    } else {
        let mut text = String::new();
        for source in &sources {
            text.push_str(&source_lines(source));
        }
        text.push_str(&report(&findings, args.full));
        output::text(&text)?;
    }
    let blocking = findings.iter().any(|f| f.severity == Severity::Blocking);
    Ok(if blocking { rentree::plan::Verdict::Held.exit_code(false) } else { 0 })
}

fn source_lines(source: &serde_json::Value) -> String {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("non datée").to_owned();
    let mut out = String::new();
    out.push_str(&format!("Source {} : livraison du {}\n", text(&source["name"]), text(&source["date"])));
    for category in Category::ALL {
        let token = category.token();
        let incomplete =
            source["incomplete"].as_array().is_some_and(|list| list.iter().any(|c| c.as_str() == Some(token)));
        out.push_str(&format!(
            "  {token:<16} {:>8} lus {:>6} rejetés{}\n",
            source["read"][token].as_u64().unwrap_or(0),
            source["rejected"][token].as_u64().unwrap_or(0),
            if incomplete { "   incomplet : aucun départ" } else { "" }
        ));
    }
    out
}

/// The findings for people, by the tool where they are mended.
fn report(findings: &[Finding], full: bool) -> String {
    let mut report = Report::default();
    for finding in findings {
        report.push(finding.clone());
    }
    let mut text = Vec::new();
    let options = ReportOptions { full, ..ReportOptions::default() };
    // Writing into memory does not fail.
    drop(report.text(&options, &mut text));
    String::from_utf8_lossy(&text).into_owned()
}

/// The findings after a plan; nothing when there are none.
pub fn print_findings(findings: &[Finding]) -> Result<(), Failure> {
    if findings.is_empty() { Ok(()) } else { output::text(&report(findings, false)) }
}
