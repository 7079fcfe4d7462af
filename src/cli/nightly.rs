//! The nights that `serve` begins: a process of this very program for each, so that what happens to one is nobody
//! else's, and the messages that wait.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rentree::config::{Config, NotifyConfig};
use rentree::notify;
use rentree::store::{Store, StoreError};
use rentree::timetable::{Due, Outcome, Timetable};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::exit::Failure;
use super::plan::failed;
use super::session::clock;
use super::{Global, LogFormat};

/// How often the timetable and the queue are looked at.
const LOOK: Duration = Duration::from_secs(15);
/// A night that is told to end has this long; the next one takes up where it was.
const LAST_WORDS: Duration = Duration::from_secs(20);

/// Follows the timetable.
pub struct Nightly {
    store: Store,
    timetable: Timetable,
    notify: NotifyConfig,
    program: PathBuf,
    config: PathBuf,
    log: LogFormat,
}

/// A night under way.
struct Running {
    due: Due,
    child: Child,
}

impl Nightly {
    pub fn new(global: &Global, config: &Config, timetable: Timetable, store: &Store) -> Result<Self, Failure> {
        Ok(Self {
            store: store.clone(),
            timetable,
            notify: config.notify.clone(),
            program: std::env::current_exe().map_err(failed)?,
            config: config.path.clone(),
            log: global.log,
        })
    }

    /// Until `stop` says so.
    pub async fn follow(self, mut stop: watch::Receiver<bool>) {
        let mut stop_sending = stop.clone();
        if let Ok(Some(next)) = self.timetable.next(&self.store, &clock()).await {
            tracing::info!(at = %next, "the next night");
        }
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut running: Option<Running> = None;
        loop {
            tokio::select! {
                _ = stop.changed() => break,
                status = end(&mut running) => {
                    if let Some(Running { due, .. }) = running.take() {
                        let code = status.and_then(|status| status.code());
                        self.note_end(&due, code, Outcome::of(code)).await;
                    }
                }
                _ = look.tick() => {
                    if running.is_none() {
                        running = self.begin().await;
                    }
                    tokio::select! {
                        _ = stop_sending.changed() => break,
                        sent = Box::pin(self.send()) => {
                            if let Err(error) = sent {
                                tracing::warn!(%error, "the messages that wait cannot be read");
                            }
                        }
                    }
                }
            }
        }
        if let Some(Running { due, mut child }) = running {
            if let Some(pid) = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()))
                && let Err(error) = kill_process(pid, Signal::TERM)
            {
                tracing::debug!(%error, "the night has just ended");
            }
            let status = tokio::time::timeout(LAST_WORDS, child.wait()).await.ok().and_then(Result::ok);
            tracing::warn!("a night was under way and is told to end; it goes on when this is started again");
            let code = status.and_then(|status| status.code());
            self.note_end(&due, code, Outcome::of_interrupted(code)).await;
        }
    }

    /// Begins what is due.
    async fn begin(&self) -> Option<Running> {
        let due = match self.timetable.take(&self.store, &clock()).await {
            Ok(due) => due?,
            Err(error) => {
                tracing::warn!(%error, "the timetable cannot be followed");
                return None;
            }
        };
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(&self.config);
        match self.log {
            LogFormat::Json => command.args(["--log-format", "json"]),
            LogFormat::Text => command.arg("--json"),
        };
        command.arg("sync");
        for (source, _) in &due.sources {
            command.args(["--source", source]);
        }
        // What it prints names people; the store has it all.
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let sources: Vec<&str> = due.sources.iter().map(|(name, _)| name.as_str()).collect();
        match command.spawn() {
            Ok(child) => {
                tracing::info!(sources = sources.join(", "), "a night begins");
                Some(Running { due, child })
            }
            Err(error) => {
                tracing::error!(%error, "a night cannot begin");
                self.note_end(&due, None, Outcome::Failed).await;
                None
            }
        }
    }

    async fn note_end(&self, due: &Due, code: Option<i32>, outcome: Outcome) {
        tracing::info!(code, "a night ended");
        if let Err(error) = self.timetable.ended(&self.store, due, outcome, &clock()).await {
            tracing::warn!(%error, "the timetable cannot be written");
        }
        if let Ok(Some(next)) = self.timetable.next(&self.store, &clock()).await {
            tracing::info!(at = %next, "the next night");
        }
    }

    async fn send(&self) -> Result<(), StoreError> {
        let now = clock().timestamp();
        if !self.notify.to.is_empty() && !self.store.waiting_notices(Some(now)).await?.is_empty() {
            notify::deliver(&self.store, &self.notify, now).await?;
        }
        Ok(())
    }
}

/// Waits for the end of the night that is under way; for ever when there is none.
async fn end(running: &mut Option<Running>) -> Option<ExitStatus> {
    match running {
        Some(Running { child, .. }) => child.wait().await.ok(),
        None => std::future::pending().await,
    }
}
