//! Progress on standard error: bars on a terminal, plain lines elsewhere.

use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rentree::progress::{Progress, Silent};
use rentree::wording::nameless;

use super::{Global, LogFormat};

/// What the person who watches sees; nothing with `--json`. With a log of objects it goes there.
pub fn watcher(global: &Global) -> Arc<dyn Progress> {
    if global.log == LogFormat::Json {
        return Arc::new(Logged);
    }
    if global.json {
        return Arc::new(Silent);
    }
    Arc::new(Watcher { bar: Mutex::new(None), terminal: std::io::stderr().is_terminal() })
}

/// Events of the log.
struct Logged;

impl Progress for Logged {
    fn begin(&self, stage: &'static str, _total: Option<u64>) {
        tracing::info!(stage, "begins");
    }

    fn advance(&self, _by: u64) {}

    fn note(&self, text: &str) {
        tracing::info!(note = %nameless(text));
    }
}

struct Watcher {
    bar: Mutex<Option<ProgressBar>>,
    terminal: bool,
}

/// What people call a stage.
fn title(stage: &str) -> &str {
    match stage {
        "feed" => "lecture des exports",
        "roster" => "population attendue",
        "naming" => "identifiants",
        "directory" => "lecture de l'annuaire",
        "plan" => "calcul du plan",
        "credentials" => "secrets",
        "apply" => "écriture dans l'annuaire",
        "letters" => "mise en page des fiches",
        other => other,
    }
}

impl Progress for Watcher {
    #[expect(clippy::print_stderr, reason = "progress is shown here")]
    fn begin(&self, stage: &'static str, total: Option<u64>) {
        if !self.terminal {
            eprintln!("· {}", title(stage));
            return;
        }
        let style =
            |template: &str| ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = match total {
            Some(total) => ProgressBar::new(total).with_style(style("{msg:<26} {wide_bar} {percent:>3} % {eta:>5}")),
            None => ProgressBar::new_spinner().with_style(style("{msg:<26} {human_pos} {spinner}")),
        };
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        bar.set_message(title(stage).to_owned());
        let mut current = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(old) = current.replace(bar) {
            old.finish_and_clear();
        }
    }

    fn advance(&self, by: u64) {
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            bar.inc(by);
        }
    }

    #[expect(clippy::print_stderr, reason = "progress is shown here")]
    fn note(&self, text: &str) {
        match &*self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}
