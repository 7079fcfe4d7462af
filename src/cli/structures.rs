//! `rentree structures`: a structure goes on under another name, or joins another one. The plan alone: `apply` writes.

use std::path::PathBuf;

use rentree::audit::Kind;
use rentree::plan::render::{self, Summary};
use rentree::plan::{How, Prepared, Succession, SuccessionError, Verdict, succeed};

use super::exit::Failure;
use super::plan::{failed, failure, refusal, render_options, show};
use super::session::Session;
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
    let _lock = session.lock(name)?;
    let trail = session.trail().await?;
    session.store.run_started(session.run, name, None, session.now.as_millisecond()).await?;
    trail
        .record(Kind::RunStarted, None, serde_json::json!({ "verb": name, "former": former, "present": present }))
        .map_err(failed)?;
    let asked = Succession { former, present, how, out: report.out };
    let outcome = succeed(&session.ground(), &asked, &trail).await;
    let verdict = match &outcome {
        Ok(prepared) if prepared.seal.changes > 0 => Verdict::Changes,
        Ok(_) => Verdict::Unchanged,
        Err(SuccessionError::Plan(error)) => refusal(error),
        Err(_) => Verdict::Refused,
    };
    let head = session.finish(trail, verdict).await?;
    let prepared = outcome.map_err(|error| match error {
        SuccessionError::Plan(error) => failure(error),
        error if error.is_usage() => Failure::usage(error.to_string()),
        error => Failure::new(Verdict::Refused, error),
    })?;
    if let Some(html) = &report.html {
        render::html(&prepared.path, &render_options(report.full), html).map_err(failed)?;
    }
    if global.json {
        output::json(&summary(&session, &prepared, verdict))?;
    } else {
        show(&prepared.path, report.full)?;
        session.progress.note(&format!("plan : {}", prepared.path.display()));
        session.progress.note(&format!("piste d'audit : {head}"));
    }
    Ok(verdict.exit_code(false))
}

fn summary(session: &Session, prepared: &Prepared, verdict: Verdict) -> Summary {
    let seconds = prepared.seconds.iter();
    seconds.fold(Summary::of_plan(&prepared.header, session.run, verdict), |summary, (stage, seconds)| {
        summary.with_stage(stage, std::time::Duration::from_secs_f64(*seconds))
    })
}
