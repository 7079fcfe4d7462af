//! The command line: one file per verb, parsing, rendering, exit codes. Data goes to standard output, everything else
//! to standard error.

mod activation;
mod after;
mod apply;
mod audit;
mod cases;
mod check;
#[cfg(feature = "letters")]
mod count;
mod credentials;
mod demo;
mod doctor;
mod exit;
mod expired;
mod explain;
mod export;
mod holds;
mod indicators;
mod init;
#[cfg(feature = "letters")]
mod letters;
#[cfg(feature = "letters")]
mod mailing;
mod manual;
mod nightly;
mod notify;
mod output;
#[cfg(feature = "letters")]
mod pack;
mod person;
mod plan;
#[cfg(feature = "letters")]
mod preview;
#[cfg(feature = "letters")]
mod printed;
mod progress;
mod purge;
mod recover;
mod rehearse;
mod renew;
#[cfg(feature = "letters")]
mod reprint;
mod reseal;
mod review;
mod schools;
mod serve;
mod session;
mod shadow;
mod show;
mod simulate;
mod status;
mod store;
mod structures;
mod sync;
mod undo;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Prépare l'ENT d'un établissement pour la rentrée : annuaire, comptes, groupes et fiches d'identifiants.
///
/// Codes de sortie : 0 fait (ou rien à faire) · 1 échec · 2 changements en attente (plan --detailed-exitcode) ·
/// 3 fait, mais quelque chose est retenu · 4 partiel · 5 entrée refusée · 6 une autre exécution tient le verrou ·
/// 7 plan périmé · 64 mauvais usage.
#[derive(Debug, Parser)]
#[command(name = "rentree", version, about, long_about, max_term_width = 110)]
struct Cli {
    /// Configuration file; paths in it are relative to it [default: rentree.toml here, then /etc/rentree/rentree.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One JSON object on standard output, for machines
    #[arg(long, global = true)]
    json: bool,
    /// More on standard error; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// How the log on standard error is written
    #[arg(long, global = true, value_enum, default_value = "text")]
    log_format: LogFormat,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The whole pipeline on the shipped samples and the embedded directory, sheets included
    Demo(demo::Args),
    /// Writes a commented configuration and the print key
    Init(init::Args),
    /// Checks configuration, directory, store and keys, and says how to mend
    Doctor(doctor::Args),
    /// Reads and validates the sources only
    Check(check::Args),
    /// Dry run: computes, prints and saves a plan
    Plan(plan::Args),
    /// Shows a saved plan
    Show(show::Args),
    /// Why somebody has an account, or none: every step from the export to the entry
    Explain(explain::Args),
    /// Notes that a plan was read: the very same changes are folded in later plans
    Review(review::Args),
    /// Carries out exactly that plan
    Apply(apply::Args),
    /// Plans the taking back of what an apply did; `apply` then carries it out
    Undo(undo::Args),
    /// The nightly job: plan, safety, apply, report
    Sync(sync::Args),
    /// Is everything as it should be? One word for a probe, a table for a person
    Status(status::Args),
    /// The store is lost or old: rebuilds what it knew from the directory
    Recover(recover::Args),
    /// What is held: list, show, release, discard
    #[command(subcommand)]
    Holds(holds::Verb),
    /// Beside another program that feeds the directory: what differs, day after day; writes nothing there
    Shadow(shadow::Args),
    /// Where each school stands: not fed, in transition to its new year, open
    Schools(schools::Args),
    /// What a day would bring, on a copy of the register: what each school would lose and gain; writes nothing
    Rehearse(rehearse::Args),
    /// Structures that change: another UAI or SIRET, two that become one
    #[command(subcommand)]
    Structures(structures::Verb),
    /// Identities that a person has to decide: who may be whom, and the answers
    #[command(subcommand)]
    Cases(cases::Verb),
    /// Plans the deletion of the accounts that are past their date; `apply` carries it out
    Purge(purge::Args),
    /// Prints credential sheets
    #[cfg(feature = "letters")]
    Letters(letters::Args),
    /// Prints a sheet again: the same one after a paper jam, another password when the sheet was lost
    #[cfg(feature = "letters")]
    Reprint(reprint::Args),
    /// The sealed credentials
    #[command(subcommand)]
    Credentials(credentials::Verb),
    /// The audit trail
    #[command(subcommand)]
    Audit(audit::Verb),
    /// What is held on one person, and its erasure
    #[command(subcommand)]
    Person(person::Verb),
    /// Takes the directory out in a standard format
    Export(export::Args),
    /// Counts over time, for those who steer: by profile, school, state, printed, activated
    Indicators(indicators::Args),
    /// The register as a whole: from a file to PostgreSQL, or back
    #[command(subcommand)]
    Store(store::Verb),
    /// The messages about the nights: those that wait, sending them, trying the way
    #[command(subcommand)]
    Notify(notify::Verb),
    /// Shows it all in a browser, read-only: runs, holds, schools, people; begins the nights of the timetable
    Serve(serve::Args),
    /// Writes the manual pages of every verb (man), as the Debian package installs them
    Manual(manual::PagesArgs),
    /// Completion of the command line for a shell, on standard output
    Completions(manual::CompletionArgs),
    /// Writes a synthetic academy, for tests, training and load
    Simulate(simulate::Args),
}

/// What every verb is given beside its own arguments.
#[derive(Debug, Clone)]
pub struct Global {
    pub config: PathBuf,
    pub json: bool,
    pub log: LogFormat,
}

/// Where the configuration is when nobody says: here, else where the Debian package has it. What `init` writes goes here.
fn configuration(verb: &Verb) -> PathBuf {
    let [here, installed] = ["rentree.toml", "/etc/rentree/rentree.toml"].map(PathBuf::from);
    if !matches!(verb, Verb::Init(_)) && !here.exists() && installed.exists() { installed } else { here }
}

pub fn main() -> ExitCode {
    // The typesetting child is this program too; it is nobody's verb and takes no configuration.
    #[cfg(feature = "letters")]
    if std::env::args_os().nth(1).is_some_and(|verb| verb == rentree::letters::SUBCOMMAND) {
        return rentree::letters::child_main();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors; clap's own code for misuse is 2, ours is 64.
            let code = if error.use_stderr() { exit::USAGE } else { 0 };
            drop(error.print());
            return ExitCode::from(code);
        }
    };
    logging(cli.verbose, cli.log_format, matches!(&cli.verb, Verb::Serve(args) if args.nights));
    let global =
        Global { config: cli.config.unwrap_or_else(|| configuration(&cli.verb)), json: cli.json, log: cli.log_format };
    let log = global.log;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&miette::Report::msg(format!("cannot start: {error}")).into()),
    };
    // On a worker, not on this thread: each answer of a server would otherwise wake it by itself, which costs a third of
    // the reading of a directory.
    let outcome = runtime.block_on(async move { tokio::spawn(run(global, cli.verb)).await });
    match outcome {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(failure)) => exit::report_to(&failure, log),
        // It was said when it happened.
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

async fn run(global: Global, verb: Verb) -> Result<u8, exit::Failure> {
    let global = &global;
    match verb {
        Verb::Demo(args) => Box::pin(demo::run(global, args)).await,
        Verb::Init(args) => init::run(global, &args),
        Verb::Doctor(args) => doctor::run(global, &args).await,
        Verb::Check(args) => check::run(global, &args),
        Verb::Plan(args) => Box::pin(plan::run(global, args)).await,
        Verb::Show(args) => show::run(global, &args).await,
        Verb::Review(args) => review::run(global, &args).await,
        Verb::Apply(args) => Box::pin(apply::run(global, args)).await,
        Verb::Status(args) => status::run(global, &args).await,
        Verb::Manual(args) => manual::pages(&args),
        Verb::Completions(args) => manual::completions(&args),
        Verb::Indicators(args) => Box::pin(indicators::run(global, &args)).await,
        Verb::Sync(args) => Box::pin(sync::run(global, args)).await,
        Verb::Holds(verb) => holds::run(global, verb).await,
        Verb::Shadow(args) => Box::pin(shadow::run(global, args)).await,
        Verb::Explain(args) => explain::run(global, &args).await,
        Verb::Recover(args) => recover::run(global, &args).await,
        Verb::Undo(args) => undo::run(global, args).await,
        #[cfg(feature = "letters")]
        Verb::Letters(args) => letters::run(global, args).await,
        #[cfg(feature = "letters")]
        Verb::Reprint(args) => Box::pin(reprint::run(global, args)).await,
        Verb::Schools(args) => schools::run(global, &args).await,
        Verb::Rehearse(args) => Box::pin(rehearse::run(global, &args)).await,
        Verb::Purge(args) => purge::run(global, args).await,
        Verb::Structures(verb) => structures::run(global, verb).await,
        Verb::Cases(verb) => cases::run(global, verb).await,
        Verb::Credentials(verb) => Box::pin(credentials::run(global, verb)).await,
        Verb::Audit(verb) => audit::run(global, verb).await,
        Verb::Person(verb) => person::run(global, verb).await,
        Verb::Export(args) => export::run(global, args).await,
        Verb::Store(verb) => Box::pin(store::run(global, verb)).await,
        Verb::Notify(verb) => notify::run(global, &verb).await,
        Verb::Serve(args) => serve::run(global, &args).await,
        Verb::Simulate(args) => simulate::run(global, &args),
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For a terminal
    Text,
    /// One object a line, with its time, for a collector
    Json,
}

/// Logs to standard error, without personal data below `-vv`. `RENTREE_LOG` overrides.
fn logging(verbose: u8, format: LogFormat, nights: bool) {
    let default = match verbose {
        // A collector wants to know that a night was, and so does who reads the log of a program that always runs.
        0 if nights || format == LogFormat::Json => "rentree=info",
        0 => "rentree=warn",
        1 => "rentree=info",
        _ => "rentree=debug,info",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("RENTREE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(coloured(&std::io::stderr()))
        .with_writer(std::io::stderr);
    // Fails only where one is there already.
    drop(match format {
        LogFormat::Text if nights => subscriber.try_init(),
        LogFormat::Text => subscriber.without_time().try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    });
}

/// Whether standard output shows colours.
fn colour() -> bool {
    coloured(&std::io::stdout())
}

/// A terminal, and `NO_COLOR` not set.
fn coloured(output: &impl std::io::IsTerminal) -> bool {
    output.is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
