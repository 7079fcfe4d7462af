//! `rentree undo PLAN|RUN`: takes back what an apply did. The plan alone: `apply` writes.

use std::path::{Path, PathBuf};

use rentree::apply::{UndoError, Undoing, undo};
use rentree::feed::values::Uai;
use rentree::plan::file::Reader;

use super::apply::failure as apply_failure;
use super::exit::Failure;
use super::plan::{failure, page, refusal, render_options, show, summary, verdict};
use super::session::{Session, tell_head};
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The number of a plan or of a run (as `audit show` and `serve` give them), or a plan file
    of: String,
    /// Only what concerns this school
    #[arg(long, value_name = "UAI")]
    school: Option<String>,
    /// Where to save the plan (otherwise beside the store)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also writes a self-contained report for a browser
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Everybody and every value, instead of the first ones and a count
    #[arg(long)]
    full: bool,
}

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let school = match &args.school {
        Some(text) => Some(Uai::parse(text).ok_or_else(|| Failure::usage(format!("{text:?} is not a UAI")))?),
        None => None,
    };
    let session = Session::open(global, None).await?;
    let _lock = session.lock("undo").await?;
    let of = number(&args.of)?;
    let said = [("of", of.clone().into()), ("school", args.school.clone().into())];
    let trail = session.begin_with("undo", None, &said).await?;
    let asked = Undoing { of, school, out: args.out };
    let outcome = undo(&session.ground(), &asked, &trail).await;
    let verdict = match &outcome {
        Ok(prepared) => verdict(prepared, !prepared.holds.is_empty()),
        Err(UndoError::Plan(error)) => refusal(error),
        Err(_) => rentree::plan::Verdict::Refused,
    };
    let head = session.finish(trail, verdict).await;
    let prepared = outcome.map_err(|error| match error {
        UndoError::Plan(error) => failure(error),
        UndoError::Apply(error) => apply_failure(error),
        error if error.is_usage() => Failure::usage(error.to_string()),
        error => Failure::new(rentree::plan::Verdict::Refused, error),
    })?;
    let head = head?;
    let options = render_options(args.full);
    if let Some(html) = &args.html {
        page(&session.store, &prepared.path, &prepared.header, &options, html).await?;
    }
    if global.json {
        output::json(&summary(&session, &prepared, verdict))?;
    } else {
        show(&prepared.path, &options)?;
        let path = prepared.path.display();
        session.progress.note(&format!("plan : {path} ; rien n'est fait avant « rentree apply {path} »"));
        if prepared.seal.changes > 0 {
            session.progress.note(
                "la prochaine nuit proposera de nouveau ce qui est défait, tant que l'export ou la configuration n'ont pas \
                 changé",
            );
        }
        tell_head(&*session.progress, head);
    }
    Ok(verdict.exit_code(false))
}

/// The number of a plan that is given as a file.
fn number(given: &str) -> Result<String, Failure> {
    let path = Path::new(given);
    if !path.is_file() {
        return Ok(given.to_owned());
    }
    let reader = Reader::open(path).map_err(super::plan::failed)?;
    let header = reader.header();
    Ok(header.undoes.as_ref().map_or(header.plan_id, |undoes| undoes.plan).to_string())
}
