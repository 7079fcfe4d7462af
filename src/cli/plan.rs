//! `rentree plan`: the dry run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rentree::plan::render::{self, Summary};
use rentree::plan::{Header, Options, PlanError, Prepared, Verdict, known_sources, prepare};

use rentree::store::Store;

use super::exit::Failure;
use super::session::{Session, tell_head};
use super::{Global, output};

/// Which holds count in the verdict and its exit code. Those that were set aside never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ExitHeld {
    /// Any hold
    Any,
    /// Only holds that the last run did not have
    New,
}

impl ExitHeld {
    pub fn counts(self, prepared: &Prepared) -> bool {
        prepared.held().any(|hold| self == Self::Any || hold.new)
    }
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct Args {
    /// Where to save the plan (otherwise beside the store)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also writes a self-contained report for a browser: one file (.html), or a folder with a page per school
    #[arg(long, value_name = "FILE|DIR")]
    html: Option<PathBuf>,
    /// Looks only into the folders of these sources; of the others the last accepted delivery counts
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Join keys only: no name, no birth date, no value
    #[arg(long)]
    redact: bool,
    /// Everybody and every value, instead of the first ones and a count
    #[arg(long)]
    full: bool,
    /// Exit code 2 when changes are pending
    #[arg(long)]
    detailed_exitcode: bool,
    /// Which holds give exit code 3
    #[arg(long, value_enum, default_value = "any")]
    exit_held: ExitHeld,
    /// Accepts that the directory holds people whom nobody here knows; they stay as they are
    #[arg(long)]
    accept_foreign: bool,
    /// Computes stages and ages for this day (yyyy-mm-dd), for rehearsals
    #[arg(long, hide = true)]
    today: Option<jiff::civil::Date>,
}

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let session = Session::open(global, args.today).await?;
    known_sources(&session.config, &args.source).map_err(failure)?;
    let _lock = session.lock_sources("plan", &args.source).await?;
    let trail = session.begin("plan").await?;
    let options = Options { accept_foreign: args.accept_foreign, only: args.source, out: args.out };
    let prepared = match super::apply::check_loaded(&session, &trail).await {
        Ok(()) => Box::pin(prepare(&session.ground(), &options, &trail)).await.map_err(|e| (refusal(&e), failure(e))),
        Err(failure) => Err((failure.verdict, failure)),
    };
    let verdict = match &prepared {
        Ok(prepared) => verdict(prepared, args.exit_held.counts(prepared)),
        Err((verdict, _)) => *verdict,
    };
    let head = session.finish(trail, verdict).await;
    // What failed first is the cause.
    let prepared = prepared.map_err(|(_, failure)| failure)?;
    let head = head?;
    let seen = Arc::new(session.store.reviewed().await?);
    let options = render::Options { redact: args.redact, seen, ..render_options(args.full) };
    if let Some(html) = &args.html {
        page(&session.store, &prepared.path, &prepared.header, &options, html).await?;
    }
    if global.json {
        let mut summary = summary(&session, &prepared, verdict);
        if args.redact {
            summary.holds.iter_mut().for_each(render::redact_hold);
        }
        output::json(&summary)?;
    } else {
        show(&prepared.path, &options)?;
        if args.redact {
            let n = prepared.findings.len() as u64;
            let n = rentree::wording::count(n, "signalement, non montré", "signalements, non montrés");
            session.progress.note(&format!("{n} (--redact)"));
        } else {
            super::check::print_findings(&prepared)?;
        }
        session.progress.note(&format!("plan : {}", prepared.path.display()));
        tell_head(&*session.progress, head);
    }
    Ok(verdict.exit_code(args.detailed_exitcode))
}

/// The worst that a plan announces; `held` when a hold of it counts.
pub fn verdict(prepared: &Prepared, held: bool) -> Verdict {
    if held {
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
pub fn show(path: &Path, options: &render::Options) -> Result<(), Failure> {
    let options = render::Options { colour: super::colour(), ..options.clone() };
    render::text(path, &options, &mut std::io::stdout().lock()).map_err(failed)
}

/// Writes a plan as pages for a browser, and notes those that lie in our own folder: they go with the plan.
pub async fn page(
    store: &Store,
    path: &Path,
    header: &Header,
    options: &render::Options,
    to: &Path,
) -> Result<(), Failure> {
    let written = render::html(path, options, to).map_err(failed)?;
    let folder = std::path::absolute(store.folder()).map_err(failed)?;
    for report in written {
        let report = std::path::absolute(report).map_err(failed)?;
        if report.starts_with(&folder) {
            store.note_report(&header.plan_id.to_string(), &report.to_string_lossy()).await?;
        }
    }
    Ok(())
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
        | PlanError::OldStore(_)
        | PlanError::Replica { .. } => Verdict::Refused,
        _ => Verdict::Failed,
    }
}

pub fn failure(error: PlanError) -> Failure {
    match error {
        PlanError::Image(error) => error.into(),
        PlanError::Store(error) => error.into(),
        misuse @ (PlanError::UnknownSource { .. }
        | PlanError::UnknownSchool { .. }
        | PlanError::UnknownClass { .. }
        | PlanError::TooMany { .. }) => Failure::usage(misuse.to_string()),
        refused @ (PlanError::Schema(_) | PlanError::OldStore(_) | PlanError::Replica { .. }) => {
            Failure::new(Verdict::Refused, refused)
        }
        other => failed(other),
    }
}
