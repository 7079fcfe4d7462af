//! `rentree shadow`: beside the program that feeds the directory today, read-only, for weeks: what would differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use compact_str::CompactString;
use jiff::ToSpan as _;
use jiff::civil::Date;
use rentree::plan::{Divergence, Options, divergences, prepare};
use rentree::store::DivergenceRow;
use rentree::wording;
use serde::Serialize;

use super::exit::Failure;
use super::plan::{failed, failure, page, refusal, render_options};
use super::session::Session;
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only what was noted before; reads neither exports nor directory
    #[arg(long)]
    history: bool,
    /// How many days of it
    #[arg(long, default_value_t = 21, value_name = "N")]
    days: u16,
    /// Also the details of today, for a browser
    #[arg(long, value_name = "FILE", conflicts_with = "history")]
    html: Option<PathBuf>,
    /// Every count of those days as CSV, for a spreadsheet
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Computes stages and ages for this day (yyyy-mm-dd), for rehearsals
    #[arg(long, hide = true)]
    today: Option<Date>,
}

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let session = Session::open(global, args.today).await?;
    let today = session.today;
    let mut names = BTreeMap::new();
    if !args.history {
        names = Box::pin(look(&session, args.html.as_deref())).await?;
    }
    let from = today.saturating_sub(i64::from(args.days.max(1) - 1).days());
    let days = session.store.shadow_days(from).await?;
    let rows = session.store.divergences(from).await?;
    if args.csv {
        output::text(&csv(&rows))?;
    } else if global.json {
        output::json(&Report { days: &days, divergences: rows.iter().map(Tally::from).collect() })?;
    } else {
        output::text(&table(&days, &rows, &names))?;
    }
    Ok(0)
}

/// Compares, and notes what differs today; gives the names of the schools. The directory is not written.
async fn look(session: &Session, html: Option<&std::path::Path>) -> Result<BTreeMap<CompactString, String>, Failure> {
    let _lock = session.lock_sources("shadow", &[]).await?;
    let trail = session.begin("shadow").await?;
    // Nothing is written: that most people there are unknown here is what this is for.
    let options = Options { accept_foreign: true, ..Options::default() };
    let prepared = Box::pin(prepare(&session.ground(), &options, &trail)).await;
    let verdict = match &prepared {
        Ok(prepared) => super::plan::verdict(prepared, prepared.held().next().is_some()),
        Err(error) => refusal(error),
    };
    let head = session.finish(trail, verdict).await;
    let prepared = prepared.map_err(failure)?;
    head?;
    let counted = divergences(&prepared.path).map_err(failed)?;
    let rows: Vec<DivergenceRow> = counted
        .into_iter()
        .map(|((school, kind), count)| DivergenceRow { day: session.today, school, kind: kind.token(), count })
        .collect();
    session.store.note_divergences(session.today, &rows).await?;
    if let Some(html) = html {
        page(&session.store, &prepared.path, &prepared.header, &render_options(false), html).await?;
    }
    Ok(prepared.header.schools)
}

#[derive(Serialize)]
struct Report<'a> {
    /// The days that were looked at: one without counts had no difference.
    days: &'a [Date],
    divergences: Vec<Tally<'a>>,
}

#[derive(Serialize)]
struct Tally<'a> {
    day: Date,
    school: &'a str,
    kind: &'a str,
    count: u64,
}

impl<'a> From<&'a DivergenceRow> for Tally<'a> {
    fn from(row: &'a DivergenceRow) -> Self {
        Self { day: row.day, school: &row.school, kind: &row.kind, count: row.count }
    }
}

/// Days side by side: as many as fit on a page.
const COLUMNS: usize = 7;

/// School by school, kind by kind, the last days side by side.
fn table(days: &[Date], rows: &[DivergenceRow], names: &BTreeMap<CompactString, String>) -> String {
    let shown = days.get(days.len().saturating_sub(COLUMNS)..).unwrap_or(days);
    let Some(last) = shown.last() else {
        return "Aucun jour n'a été observé : lancez rentree shadow.\n".to_owned();
    };
    let mut counts: BTreeMap<(&str, Divergence), BTreeMap<Date, u64>> = BTreeMap::new();
    for row in rows.iter().filter(|row| shown.contains(&row.day)) {
        if let Some(kind) = Divergence::parse(&row.kind) {
            counts.entry((&row.school, kind)).or_default().insert(row.day, row.count);
        }
    }
    let mut text = format!("{:<44}", "");
    for day in shown {
        let _ = write!(text, " {:>7}", day.strftime("%d/%m").to_string());
    }
    text.push('\n');
    let schools: BTreeSet<&str> = counts.keys().map(|(school, _)| *school).collect();
    for school in schools {
        let title = match (school, names.get(school)) {
            ("", _) => "Hors établissement".to_owned(),
            (uai, Some(name)) => format!("{name} ({uai})"),
            (uai, None) => uai.to_owned(),
        };
        let _ = writeln!(text, "\n{title}");
        for ((_, kind), by_day) in counts.iter().filter(|((s, _), _)| *s == school) {
            let _ = write!(text, "  {:<42}", kind.to_string());
            for day in shown {
                let count = by_day.get(day).copied().unwrap_or_default();
                let count = if count == 0 { "·".to_owned() } else { wording::number(count) };
                let _ = write!(text, " {count:>7}");
            }
            text.push('\n');
        }
    }
    let of_last: u64 = counts
        .iter()
        .filter(|((_, kind), _)| !matches!(kind, Divergence::Attribute(_)))
        .filter_map(|(_, by_day)| by_day.get(last))
        .sum();
    let _ = match of_last {
        0 => writeln!(text, "\nLe {} : aucune divergence. Rien n'a été écrit dans l'annuaire.", wording::date(*last)),
        n => writeln!(
            text,
            "\nLe {} : {} divergence(s). Rien n'a été écrit dans l'annuaire.",
            wording::date(*last),
            wording::number(n)
        ),
    };
    text
}

/// Tokens, days and numbers: nothing that needs quotes.
fn csv(rows: &[DivergenceRow]) -> String {
    let mut text = "jour;uai;nature;nombre\n".to_owned();
    for row in rows {
        let _ = writeln!(text, "{};{};{};{}", row.day, row.school, row.kind, row.count);
    }
    text
}
