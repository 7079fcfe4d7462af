//! `rentree structures`: a structure goes on under another name, or joins another one. The plan alone: `apply` writes.

use std::path::PathBuf;

use rentree::plan::{How, Succession, SuccessionError, Verdict, succeed};

use super::exit::Failure;
use super::plan::{failure, page, refusal, render_options, show, summary};
use super::session::{Session, tell_head};
use super::{Global, output};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Plans another UAI or SIRET for a structure, in its entry and in everything that names it
    Rename {
        /// UAI, SIRET, or the value of its name in the directory
        old: String,
        /// Its UAI or SIRET from now on
        new: String,
        /// Its SIRET from now on, when NEW is its UAI
        #[arg(long, value_name = "SIRET")]
        siret: Option<String>,
        #[command(flatten)]
        report: Report,
    },
    /// Plans that the people and groups of a structure go to another one
    Merge {
        /// UAI, SIRET, or the value of its name in the directory
        old: String,
        /// The structure that it joins
        new: String,
        /// Deletes the entry of OLD; otherwise it stays, empty
        #[arg(long)]
        delete_entry: bool,
        #[command(flatten)]
        report: Report,
    },
}

/// Where the plan is saved and shown.
#[derive(Debug, clap::Args)]
pub struct Report {
    /// Where to save the plan (otherwise beside the store)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also writes a self-contained report for a browser
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Every entry and every value, instead of one line
    #[arg(long)]
    full: bool,
}

pub async fn run(global: &Global, verb: Verb) -> Result<u8, Failure> {
    let (name, former, present, how, report) = match verb {
        Verb::Rename { old, new, siret, report } => ("structures rename", old, new, How::Rename { siret }, report),
        Verb::Merge { old, new, delete_entry, report } => {
            ("structures merge", old, new, How::Merge { delete_entry }, report)
        }
    };
    let session = Session::open(global, None).await?;
    let _lock = session.lock(name).await?;
    let asked = [("former", former.as_str().into()), ("present", present.as_str().into())];
    let trail = session.begin_with(name, None, &asked).await?;
    let asked = Succession { former, present, how, out: report.out };
    let outcome = succeed(&session.ground(), &asked, &trail).await;
    let verdict = match &outcome {
        Ok(prepared) if prepared.seal.changes > 0 => Verdict::Changes,
        Ok(_) => Verdict::Unchanged,
        Err(SuccessionError::Plan(error)) => refusal(error),
        Err(_) => Verdict::Refused,
    };
    let head = session.finish(trail, verdict).await;
    let prepared = outcome.map_err(|error| match error {
        SuccessionError::Plan(error) => failure(error),
        error if error.is_usage() => Failure::usage(error.to_string()),
        error => Failure::new(Verdict::Refused, error),
    })?;
    let head = head?;
    let options = render_options(report.full);
    if let Some(html) = &report.html {
        page(&session.store, &prepared.path, &prepared.header, &options, html).await?;
    }
    if global.json {
        output::json(&summary(&session, &prepared, verdict))?;
    } else {
        show(&prepared.path, &options)?;
        session.progress.note(&format!("plan : {}", prepared.path.display()));
        tell_head(&*session.progress, head);
    }
    Ok(verdict.exit_code(false))
}
