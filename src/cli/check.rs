//! `rentree check`: reads and validates the sources only.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rentree::check::{self, Checkup, Source, conformity};
use rentree::config::Config;
use rentree::feed::report::{Report, ReportOptions};
use rentree::feed::{Category, Completeness, Finding, Severity};
use rentree::plan::Prepared;
use rentree::wording;

use super::exit::Failure;
use super::progress::watcher;
use super::session::threads;
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Lists every finding instead of the first ones of each code
    #[arg(long)]
    full: bool,
    /// Only this school
    #[arg(long, value_name = "UAI")]
    school: Option<String>,
    /// Writes a page for each school's secretariat, and an index
    #[arg(long, value_name = "DIR")]
    html: Option<PathBuf>,
    /// Writes all findings as a table for a spreadsheet
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// How many records meet each requirement and recommendation on the feed
    #[arg(long)]
    conformity: bool,
}

pub fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let config = Config::load(&global.config)?;
    if config.sources.is_empty() {
        return Err(Failure::usage("no source is configured: add a [[source]]"));
    }
    let progress = watcher(global);
    let checkup = check::check(&config, threads(), &*progress, args.conformity)?;
    drop(progress);
    let verdict = rentree::plan::Verdict::Failed;
    if let Some(folder) = &args.html {
        check::pages(&checkup, folder).map_err(|error| Failure::new(verdict, error))?;
    }
    if let Some(path) = &args.csv {
        check::csv(&checkup, path)
            .map_err(|error| Failure::failed(format!("cannot write {}: {error}", path.display())))?;
    }
    if global.json {
        output::json(&json(&checkup))?;
    } else {
        output::text(&text(&checkup, args))?;
    }
    let blocking = checkup.findings.iter().any(|f| f.severity == Severity::Blocking);
    Ok(if blocking { rentree::plan::Verdict::Held.exit_code(false) } else { 0 })
}

fn json(checkup: &Checkup) -> serde_json::Value {
    let sources: Vec<serde_json::Value> = checkup.sources.iter().map(source_json).collect();
    let mut findings = Report::default();
    findings.extend(checkup.findings.iter().cloned());
    let mut answer = serde_json::json!({
        "format_version": rentree::plan::FORMAT_VERSION,
        "sources": sources,
        "schools": checkup.schools,
        "elsewhere": checkup.elsewhere,
    });
    if let (Some(answer), Ok(serde_json::Value::Object(report))) =
        (answer.as_object_mut(), serde_json::to_value(findings.json()))
    {
        answer.extend(report);
        if let Some(conformity) = &checkup.conformity {
            answer.insert("conformity".to_owned(), serde_json::json!(conformity));
        }
    }
    answer
}

fn source_json(source: &Source) -> serde_json::Value {
    let read = &source.read;
    let count = |counts: &[u64; 6]| -> BTreeMap<&str, u64> {
        Category::ALL.iter().map(|c| c.token()).zip(counts.iter().copied()).collect()
    };
    let incomplete: Vec<&str> = incomplete(source).map(Category::token).collect();
    serde_json::json!({
        "name": source.name,
        "date": read.date,
        "digest": read.digest,
        "header": read.reading.header.iter().cloned().collect::<BTreeMap<String, String>>(),
        "read": count(&read.reading.read),
        "rejected": count(&read.reading.rejected),
        "incomplete": incomplete,
    })
}

fn incomplete(source: &Source) -> impl Iterator<Item = Category> {
    let states = Category::ALL.into_iter().zip(source.read.completeness);
    states.filter(|(_, state)| *state == Completeness::Partial).map(|(category, _)| category)
}

fn text(checkup: &Checkup, args: &Args) -> String {
    let mut text = Vec::new();
    // Writing into memory does not fail.
    for source in &checkup.sources {
        text.extend(source_lines(source).into_bytes());
    }
    text.push(b'\n');
    drop(check::summary(checkup, &mut text));
    let schools = checkup.schools.iter().map(|s| (s.uai.to_string(), s.name.clone())).collect();
    let options = ReportOptions { full: args.full, school: args.school.clone(), schools, ..ReportOptions::default() };
    text.extend(report(&checkup.findings, &options).into_bytes());
    if let Some(grid) = &checkup.conformity {
        text.push(b'\n');
        drop(conformity::text(grid, &mut text));
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn source_lines(source: &Source) -> String {
    let dated = source.read.date.map_or_else(|| "non datée".to_owned(), |day| format!("du {}", wording::date(day)));
    let mut out = format!("Source {} : livraison {dated}\n", source.name);
    let incomplete: Vec<Category> = incomplete(source).collect();
    let reading = &source.read.reading;
    for ((category, read), rejected) in Category::ALL.into_iter().zip(reading.read).zip(reading.rejected) {
        let note = if incomplete.contains(&category) { "   incomplet : aucun départ" } else { "" };
        out.push_str(&format!("  {:<16} {read:>8} lus {rejected:>6} rejetés{note}\n", category.token()));
    }
    out
}

/// The findings for people, by the tool where they are mended.
fn report(findings: &[Finding], options: &ReportOptions) -> String {
    let mut report = Report::default();
    report.extend(findings.iter().cloned());
    let mut text = Vec::new();
    // Writing into memory does not fail.
    drop(report.text(options, &mut text));
    String::from_utf8_lossy(&text).into_owned()
}

/// The findings after a plan; nothing when there are none.
pub fn print_findings(prepared: &Prepared) -> Result<(), Failure> {
    if prepared.findings.is_empty() {
        return Ok(());
    }
    let schools = prepared.header.schools.iter().map(|(uai, name)| (uai.to_string(), name.clone())).collect();
    output::text(&report(&prepared.findings, &ReportOptions { schools, ..ReportOptions::default() }))
}
