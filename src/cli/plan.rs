//! `rentree plan`: the dry run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rentree::plan::render::{self, Summary};
use rentree::plan::{Options, PlanError, Prepared, Verdict, prepare};

use super::exit::Failure;
use super::session::{Session, tell_head};
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to save the plan (otherwise beside the store)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also writes a self-contained report for a browser
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Everybody and every value, instead of the first ones and a count
    #[arg(long)]
    full: bool,
    /// Exit code 2 when changes are pending
    #[arg(long)]
    detailed_exitcode: bool,
    /// Accepts that the directory holds people whom nobody here knows; they stay as they are
    #[arg(long)]
    accept_foreign: bool,
    /// Computes stages and ages for this day (yyyy-mm-dd), for rehearsals
    #[arg(long, hide = true)]
    today: Option<jiff::civil::Date>,
}

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let session = Session::open(global, args.today).await?;
    let _lock = session.lock("plan")?;
    let trail = session.begin("plan").await?;
    let options = Options { accept_foreign: args.accept_foreign, out: args.out };
    let prepared = match super::apply::check_loaded(&session, &trail).await {
        Ok(()) => prepare(&session.ground(), &options, &trail).await.map_err(|e| (refusal(&e), failure(e))),
        Err(failure) => Err((failure.verdict, failure)),
    };
    let verdict = match &prepared {
        Ok(prepared) => verdict(prepared),
        Err((verdict, _)) => *verdict,
    };
    let head = session.finish(trail, verdict).await?;
    let prepared = prepared.map_err(|(_, failure)| failure)?;
    if let Some(html) = &args.html {
        page(&prepared, false, html)?;
    }
    if global.json {
        output::json(&summary(&session, &prepared, verdict))?;
    } else {
        show(&prepared.path, args.full)?;
        super::check::print_findings(&prepared)?;
        session.progress.note(&format!("plan : {}", prepared.path.display()));
        tell_head(&*session.progress, &head);
    }
    Ok(verdict.exit_code(args.detailed_exitcode))
}

/// The worst that a plan announces.
pub fn verdict(prepared: &Prepared) -> Verdict {
    if !prepared.holds.is_empty() {
        Verdict::Held
    } else if prepared.seal.changes > 0 {
        Verdict::Changes
    } else {
        Verdict::Unchanged
    }
}

pub fn summary(session: &Session, prepared: &Prepared, verdict: Verdict) -> Summary {
    let mut summary = Summary::of_plan(&prepared.header, session.run, verdict).with_holds(prepared.holds.clone());
    for (stage, seconds) in &prepared.seconds {
        summary = summary.with_stage(stage, Duration::from_secs_f64(*seconds));
    }
    summary
}

/// Prints a plan for people.
pub fn show(path: &Path, full: bool) -> Result<(), Failure> {
    let mut options = render_options(full);
    options.colour = super::colour();
    render::text(path, &options, &mut std::io::stdout().lock()).map_err(failed)
}

/// Writes a plan as a page for a browser.
pub fn page(prepared: &Prepared, full: bool, to: &Path) -> Result<(), Failure> {
    render::html(&prepared.path, &render_options(full), to).map_err(failed)
}

pub fn render_options(full: bool) -> render::Options {
    render::Options { full, zone: jiff::tz::TimeZone::system(), ..render::Options::default() }
}

pub fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::new(Verdict::Failed, error)
}

pub fn refusal(error: &PlanError) -> Verdict {
    match error {
        PlanError::Image(
            rentree::image::ImageError::Feed(_)
            | rentree::image::ImageError::Older { .. }
            | rentree::image::ImageError::OutOfOrder { .. }
            | rentree::image::ImageError::Degree { .. },
        )
        | PlanError::Schema(_)
        | PlanError::Replica { .. } => Verdict::Refused,
        _ => Verdict::Failed,
    }
}

pub fn failure(error: PlanError) -> Failure {
    match error {
        PlanError::Image(error) => error.into(),
        PlanError::Store(error) => error.into(),
        unknown @ PlanError::UnknownSchool { .. } => Failure::usage(unknown.to_string()),
        refused @ (PlanError::Schema(_) | PlanError::Replica { .. }) => Failure::new(Verdict::Refused, refused),
        other => failed(other),
    }
}
