//! `rentree sync`: the nightly job.

use std::path::PathBuf;
use std::time::Duration;

use rentree::apply::{Applied, apply_in_turn, settle};
use rentree::audit::Trail;
use rentree::credentials::astray;
use rentree::notify::Changes;
use rentree::plan::{Options, Prepared, known_sources, prepare};

use super::exit::Failure;
use super::plan::ExitHeld;
use super::session::{Session, tell_head};
use super::{Global, after, output, reseal};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also writes a self-contained report of the plan for a browser: one file (.html), or a folder
    #[arg(long, value_name = "FILE|DIR")]
    html: Option<PathBuf>,
    /// Looks only into the folders of these sources; of the others the last accepted delivery counts
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Which holds give exit code 3
    #[arg(long, value_enum, default_value = "any")]
    exit_held: ExitHeld,
    /// Accepts that the directory holds people whom nobody here knows; they stay as they are
    #[arg(long)]
    accept_foreign: bool,
    /// Writes at any time, whatever directory.write_window says
    #[arg(long)]
    now: bool,
    /// Computes stages and ages for this day (yyyy-mm-dd), for rehearsals
    #[arg(long, hide = true)]
    today: Option<jiff::civil::Date>,
}

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let mut told = after::Night::default();
    let ended = Box::pin(run_told(global, args, &mut told)).await;
    after::tell(global, told, ended.as_ref().err()).await;
    ended
}

async fn run_told(global: &Global, args: Args, told: &mut after::Night) -> Result<u8, Failure> {
    let mut session = Session::open(global, args.today).await?;
    told.run = Some(session.run.to_string());
    if args.now {
        session.hours = None;
    }
    known_sources(&session.config, &args.source).map_err(super::plan::failure)?;
    let _lock = session.lock_sources("sync", &args.source).await?;
    let trail = session.begin("sync").await?;
    let options = Options { accept_foreign: args.accept_foreign, only: args.source, out: None };
    let outcome = Box::pin(night(&session, &options, &trail)).await;
    let verdict = match &outcome {
        Ok(Night { prepared, applied, settled }) => {
            let held = args.exit_held.counts(prepared);
            let mut all = settled.clone().unwrap_or_default();
            all.absorb(applied.clone());
            told.changes = Changes {
                done: all.done,
                failed: (all.failed.len() + all.moved.len()) as u64,
                not_done: all.not_done,
                unknown: all.unknown,
            };
            told.stopped = all.stopped.as_ref().map(|stopped| stopped.text.clone());
            told.holds = prepared.held().cloned().collect();
            told.schools = prepared.header.schools.iter().map(|(uai, name)| (uai.to_string(), name.clone())).collect();
            super::apply::verdict(&all, held)
        }
        Err(failure) => failure.verdict,
    };
    told.verdict = Some(verdict);
    let waiting = astray(&session.store, &session.config.letters).await;
    let head = session.finish(trail, verdict).await;
    // What failed first is the cause: a store that cannot be written fails at the end as well.
    let Night { prepared, applied, settled } = outcome?;
    let head = head?;
    super::indicators::note_night(&session).await;
    // What a key of the configuration is worth is for `doctor` to say: the night is done.
    let to_reseal = waiting.map_or_else(
        |error| {
            tracing::warn!(%error, "nobody can say for whom envelopes should be sealed");
            0
        },
        |astray| astray.to_reseal,
    );
    let seen = std::sync::Arc::new(session.store.reviewed().await?);
    let options = rentree::plan::render::Options { seen, ..super::plan::render_options(false) };
    if let Some(html) = &args.html {
        super::plan::page(&session.store, &prepared.path, &prepared.header, &options, html).await?;
    }
    if global.json {
        let mut summary = super::plan::summary(&session, &prepared, verdict);
        super::apply::tell(&mut summary, &applied, settled.as_ref());
        summary.credentials.to_reseal = to_reseal;
        output::json(&summary.with_stage("apply", Duration::from_secs_f64(applied.seconds)))?;
    } else {
        super::plan::show(&prepared.path, &options)?;
        super::check::print_findings(&prepared)?;
        let mut all = settled.unwrap_or_default();
        all.absorb(applied);
        super::apply::report(&all)?;
        if to_reseal > 0 {
            output::text(&format!("{} : {}.\n", reseal::in_words(to_reseal), reseal::HINT))?;
        }
        tell_head(&*session.progress, head);
    }
    Ok(verdict.exit_code(false))
}

/// What a night did.
pub struct Night {
    pub prepared: Prepared,
    /// Of this night's plan.
    pub applied: Applied,
    /// Of a plan that was interrupted before.
    pub settled: Option<Applied>,
}

/// Settles what was interrupted, plans, applies.
pub async fn night(session: &Session, options: &Options, trail: &Trail) -> Result<Night, Failure> {
    session.begin_writing().await?;
    let ground = session.ground();
    let settled = settle(&ground, trail).await.map_err(super::apply::failure)?;
    if let Some(settled) = &settled {
        session
            .progress
            .note(&format!("exécution interrompue reprise : {} changement(s) vérifiés ou terminés", settled.done));
    }
    super::apply::check_loaded(session, trail).await?;
    let prepared = Box::pin(prepare(&ground, options, trail)).await.map_err(super::plan::failure)?;
    // Whatever stops the interrupted one again would stop this one; it is there to be read.
    let applied = if settled.as_ref().is_some_and(Applied::is_unfinished) {
        Applied::put_off(prepared.seal.changes)
    } else {
        apply_in_turn(&ground, &prepared.path, trail).await.map_err(super::apply::failure)?
    };
    Ok(Night { prepared, applied, settled })
}
