//! How a run ends: exit codes, and errors as people read them.

use std::process::ExitCode;

use rentree::config::ConfigError;
use rentree::feed::FeedError;
use rentree::image::ImageError;
use rentree::plan::Verdict;
use rentree::store::StoreError;
use rentree::wording::nameless;

use super::LogFormat;

/// Misuse of the command line.
pub const USAGE: u8 = 64;

/// An error with the exit code that it means.
#[derive(Debug)]
pub struct Failure {
    pub report: miette::Report,
    pub verdict: Verdict,
    pub usage: bool,
}

impl Failure {
    pub fn new(verdict: Verdict, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { report: chain(error), verdict, usage: false }
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self { report: miette::Report::msg(message.into()), verdict: Verdict::Failed, usage: false }
    }

    /// The error and its causes, on one line.
    pub fn in_words(&self) -> String {
        let causes: Vec<String> = self.report.chain().map(ToString::to_string).collect();
        causes.join(": ")
    }

    /// The command line asks for something that makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { report: miette::Report::msg(message.into()), verdict: Verdict::Failed, usage: true }
    }
}

fn chain(error: impl std::error::Error + Send + Sync + 'static) -> miette::Report {
    miette::Report::from_err(error)
}

impl From<miette::Report> for Failure {
    fn from(report: miette::Report) -> Self {
        Self { report, verdict: Verdict::Failed, usage: false }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { report: miette::Report::new(error), verdict: Verdict::Failed, usage: true }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let verdict = if matches!(error, StoreError::Locked { .. }) { Verdict::Locked } else { Verdict::Failed };
        Self::new(verdict, error)
    }
}

impl From<FeedError> for Failure {
    fn from(error: FeedError) -> Self {
        Self::new(Verdict::Refused, error)
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Feed(error) => error.into(),
            ImageError::Store(error) => error.into(),
            roster @ ImageError::Roster(_) => Self { usage: true, ..Self::new(Verdict::Failed, roster) },
            refused @ (ImageError::Older { .. } | ImageError::OutOfOrder { .. } | ImageError::Degree { .. }) => {
                Self::new(Verdict::Refused, refused)
            }
            stopped @ ImageError::Stopped { .. } => Self::new(Verdict::Failed, stopped),
        }
    }
}

/// Tells an error where the log goes, and gives its exit code.
pub fn report_to(failure: &Failure, log: LogFormat) -> ExitCode {
    if log == LogFormat::Text {
        return report(failure);
    }
    let code = code(failure);
    tracing::error!(verdict = failure.verdict.word(), code, error = %nameless(&failure.in_words()), "failed");
    ExitCode::from(code)
}

fn code(failure: &Failure) -> u8 {
    if failure.usage { USAGE } else { failure.verdict.exit_code(false) }
}

/// Prints an error and gives its exit code.
#[expect(clippy::print_stderr, reason = "this is the edge where errors are shown")]
pub fn report(failure: &Failure) -> ExitCode {
    eprintln!("{:?}", failure.report);
    ExitCode::from(code(failure))
}
