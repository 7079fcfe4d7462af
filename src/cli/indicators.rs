//! `rentree indicators`: counts over time, for those who steer the project.

use std::collections::BTreeMap;
use std::path::PathBuf;

use compact_str::CompactString;
use jiff::civil::Date;
use rentree::indicators::{self, Activated, Series};
use rentree::plan::schools;

use super::activation;
use super::exit::Failure;
use super::session::Session;
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// One school only
    #[arg(long, value_name = "UAI")]
    school: Option<CompactString>,
    /// From this day on (yyyy-mm-dd); a year by default
    #[arg(long, value_name = "DATE")]
    since: Option<Date>,
    /// Shows what the nights have noted, without counting anew
    #[arg(long)]
    noted: bool,
    /// Writes a page with charts that needs nothing beside it
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Writes every count, for a spreadsheet
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let session = Session::open(global, None).await?;
    if !args.noted {
        let activated = count_activated(&session).await?;
        indicators::note(&session.store, session.today, Some(&activated)).await?;
    }
    let since = args.since.unwrap_or_else(|| session.today.saturating_sub(jiff::Span::new().years(1)));
    let mut rows = session.store.indicators(since).await?;
    if let Some(school) = &args.school {
        rows.retain(|row| row.school.as_ref() == Some(school));
        if rows.is_empty() {
            return Err(Failure::usage(format!("nothing is noted of school {school} since {since}")));
        }
    }
    let names: BTreeMap<CompactString, String> = schools(&session.ground())
        .await
        .map_err(super::plan::failure)?
        .into_iter()
        .map(|school| (school.uai, school.name))
        .collect();
    if let Some(path) = &args.csv {
        indicators::csv(&rows, &names, path).map_err(|error| cannot_write(path, &error))?;
    }
    if global.json {
        output::json(&rows)?;
    }
    let mut scopes = Series::by_scope(rows);
    let scope = scopes.remove(&args.school).unwrap_or_default();
    let title = match &args.school {
        Some(uai) => names.get(uai).map_or_else(|| uai.to_string(), |name| format!("{name} ({uai})")),
        None => super::after::name(&session.config.notify).to_owned(),
    };
    if let Some(path) = &args.html {
        let schools = scopes.into_iter().filter_map(|(uai, series)| uai.map(|uai| (uai, series))).collect();
        indicators::page(&title, &scope, &schools, &names, path).map_err(|error| cannot_write(path, &error))?;
    }
    if !global.json {
        output::text(&indicators::text(&title, &scope))?;
    }
    Ok(0)
}

/// After a night: the counts of the day. Whoever does not get them only misses a point of a chart.
pub async fn note_night(session: &Session) {
    let every = session.config.indicators.activation_every_days;
    let noted = async {
        let asked = session.store.activation_noted().await?;
        let due = asked.is_none_or(|day| day.saturating_add(jiff::Span::new().days(every)) <= session.today);
        let activated = if every > 0 && due { Some(count_activated(session).await?) } else { None };
        indicators::note(&session.store, session.today, activated.as_ref()).await?;
        Ok::<_, Failure>(())
    };
    if let Err(failure) = noted.await {
        tracing::warn!(error = %failure.in_words(), "the counts of the day are not noted");
    }
}

/// Asks the directory which accounts were used, of the profiles that get a password here.
async fn count_activated(session: &Session) -> Result<Activated, Failure> {
    let mut counts = Activated::new();
    activation::each(session, |account, is, _| {
        if !session.config.credentials.of(account.profile).mode.issues() {
            return;
        }
        let used = u64::from(is == rentree::credentials::activation::Activation::Activated);
        for school in std::iter::once(None).chain(account.schools.iter().cloned().map(Some)) {
            *counts.entry((school, account.profile)).or_default() += used;
        }
    })
    .await?;
    Ok(counts)
}

fn cannot_write(path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot write {}: {error}", path.display()))
}
