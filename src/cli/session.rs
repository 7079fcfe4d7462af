//! What nearly every verb stands on: configuration, store, directory, dialect, the day.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, Zoned};
use rentree::audit::{Actor, Checkpoint, Head, Kind, Trail, signing_key};
use rentree::config::Config;
use rentree::credentials;
use rentree::directory::dialect::Dialect;
use rentree::directory::{Directory, Dn, Hours, ensure_branches};
use rentree::plan::expiry::expire;
use rentree::plan::recover::mark;
use rentree::plan::{Ground, PlanId, RunId, Verdict};
use rentree::progress::Progress;
use rentree::store::{RunLock, Store};

use super::Global;
use super::exit::Failure;
use super::plan::failed;
use super::progress::watcher;

/// An open installation.
pub struct Session {
    pub config: Box<Config>,
    pub store: Store,
    pub directory: Box<dyn Directory>,
    pub dialect: Arc<Dialect>,
    pub now: Timestamp,
    pub today: Date,
    pub progress: Arc<dyn Progress>,
    pub run: RunId,
    /// When the directory may be written: `directory.write_window`, unless `--now` was given.
    pub hours: Option<Hours>,
}

/// An installation without its directory: what printing and the trail need, also on a machine that cannot reach it.
#[cfg_attr(not(feature = "letters"), expect(dead_code, reason = "the rest is for printing"))]
pub struct StoreSession {
    pub config: Box<Config>,
    pub store: Store,
    pub now: Timestamp,
    pub today: Date,
    pub progress: Arc<dyn Progress>,
    pub run: RunId,
}

impl StoreSession {
    pub async fn open(global: &Global) -> Result<Self, Failure> {
        let config = Config::load(&global.config)?;
        let store = Store::of(&config.store).await?;
        let now = clock();
        Ok(Self {
            config: Box::new(config.on(now.date())),
            store,
            now: now.timestamp(),
            today: now.date(),
            progress: watcher(global),
            run: RunId(uuid::Uuid::now_v7()),
        })
    }

    #[cfg(feature = "letters")]
    pub async fn trail(&self) -> Result<Trail, Failure> {
        open_trail(&self.store, self.run).await
    }
}

pub async fn open_trail(store: &Store, run: RunId) -> Result<Trail, Failure> {
    Trail::open(store, run, &Actor::current()).await.map_err(failed)
}

impl Session {
    /// Opens everything, and writes nothing to the directory.
    pub async fn open(global: &Global, today: Option<Date>) -> Result<Self, Failure> {
        let config = Config::load(&global.config)?;
        Self::with(config, watcher(global), today).await
    }

    pub async fn with(config: Config, progress: Arc<dyn Progress>, today: Option<Date>) -> Result<Self, Failure> {
        let mut dialect = Dialect::load(&config.directory).map_err(failed)?;
        let store = Store::of(&config.store).await?;
        let directory = open_directory(&config, &store).await?;
        if let Some(schema) = directory.schema().await.map_err(failed)? {
            dialect.follow(&schema);
        }
        let now = clock();
        let hours = config.directory.write_window.map(|window| Hours { window, clock });
        let today = today.unwrap_or_else(|| now.date());
        Ok(Self {
            config: Box::new(config.on(today)),
            store,
            directory,
            dialect: Arc::new(dialect),
            now: now.timestamp(),
            today,
            progress,
            run: RunId(uuid::Uuid::now_v7()),
            hours,
        })
    }

    pub fn ground(&self) -> Ground<'_> {
        Ground {
            config: &self.config,
            dialect: Arc::clone(&self.dialect),
            store: &self.store,
            directory: &*self.directory,
            now: self.now,
            today: self.today,
            threads: threads(),
            progress: Arc::clone(&self.progress),
            hours: self.hours,
        }
    }

    /// Whether this installation feeds its directory at all.
    pub fn may_write(&self) -> Result<(), Failure> {
        if self.config.directory.shadow {
            return Err(Failure::usage(
                "directory.shadow is set: another program feeds this directory, and nothing is written there. \
                 `rentree shadow` says what differs; take `shadow` out of the configuration on the day of the change"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Before anything is written to the directory: whether that is allowed, and the base branches when they are
    /// missing.
    pub async fn begin_writing(&self) -> Result<(), Failure> {
        self.may_write()?;
        let suffix = Dn::parse(&self.config.directory.suffix).map_err(failed)?;
        let dialect = &self.dialect;
        let branches =
            [dialect.people_branch().clone(), dialect.structures_branch().clone(), dialect.groups_branch().clone()];
        ensure_branches(&*self.directory, &suffix, &branches).await.map_err(failed)?;
        Ok(())
    }

    /// The one run on this store.
    pub async fn lock(&self, verb: &str) -> Result<RunLock, Failure> {
        Ok(RunLock::take(&self.store, verb).await?)
    }

    /// The one run on this store that reads these sources, or all of them. A run of some waits for its turn while others
    /// are at work that leave them alone; a run of all waits for nobody.
    pub async fn lock_sources(&self, verb: &str, only: &[String]) -> Result<RunLock, Failure> {
        if only.is_empty() {
            let all: Vec<String> = self.config.sources.iter().map(|source| source.name.clone()).collect();
            return Ok(RunLock::take_with(&self.store, verb, &all, None).await?);
        }
        let waiting = |holder: &str| {
            self.progress.note(&format!(
                "une autre exécution est en cours ({holder}) ; celle de {} attend son tour",
                only.join(", ")
            ));
        };
        Ok(RunLock::take_with(&self.store, verb, only, Some(&waiting)).await?)
    }

    /// Begins a run: its row in the store, its trail, and the first event of that.
    pub async fn begin(&self, verb: &str) -> Result<Trail, Failure> {
        self.begin_with(verb, None, &[]).await
    }

    /// The same for a run that is given a plan, or of which the trail says what was asked for.
    pub async fn begin_with(
        &self,
        verb: &str,
        plan: Option<PlanId>,
        asked: &[(&str, serde_json::Value)],
    ) -> Result<Trail, Failure> {
        // Before anything is given or written: a store that was brought back from an old copy does not know what it gave.
        if verb != "recover" {
            mark::check(&self.store).await.map_err(|e| Failure::new(Verdict::Refused, e))?;
        }
        let trail = self.trail().await?;
        if verb != "recover" {
            mark::raise(&self.store).await.map_err(failed)?;
        }
        tracing::info!(run = %self.run.0, verb, "run started");
        self.store.run_started(self.run, verb, plan, self.now.as_millisecond()).await?;
        let mut said: serde_json::Map<_, _> =
            asked.iter().map(|(what, value)| ((*what).to_owned(), value.clone())).collect();
        said.insert("verb".to_owned(), verb.into());
        if let Some(plan) = plan {
            said.insert("plan".to_owned(), serde_json::json!(plan));
        }
        trail.record(Kind::RunStarted, None, said).map_err(failed)?;
        expire(&self.store, &self.config.retention, self.now, &trail).await.map_err(failed)?;
        Box::pin(trail.prune(&self.config.retention, self.now)).await.map_err(failed)?;
        let day = (self.today, self.now);
        credentials::expire(&self.store, &self.config.credentials, day, &trail).await.map_err(failed)?;
        Ok(trail)
    }

    /// Ends a run: the trail is closed, its head given, the write-ahead log emptied so that what was deleted does not
    /// linger there and the next run reads from the database alone.
    pub async fn finish(&self, trail: Trail, verdict: Verdict) -> Result<Head, Failure> {
        self.finish_recovery(trail, verdict, true).await
    }

    /// The same; `current` says that the store knows what it has to, and may be marked so.
    pub async fn finish_recovery(&self, trail: Trail, verdict: Verdict, current: bool) -> Result<Head, Failure> {
        trail.record(Kind::RunFinished, None, serde_json::json!({ "verdict": verdict })).map_err(failed)?;
        let head = close(&self.config, &*self.progress, trail).await?;
        if current {
            mark::raise(&self.store).await.map_err(failed)?;
        }
        tracing::info!(run = %self.run.0, verdict = verdict.word(), "run finished");
        self.store.run_finished(self.run, verdict.word(), clock().timestamp().as_millisecond()).await?;
        if !self.store.empty_log().await? {
            tracing::info!("a reader kept the write-ahead log from being emptied");
        }
        Ok(head)
    }

    pub async fn trail(&self) -> Result<Trail, Failure> {
        open_trail(&self.store, self.run).await
    }

    /// The same without its directory.
    #[cfg(feature = "letters")]
    pub fn store_session(&self) -> StoreSession {
        StoreSession {
            config: self.config.clone(),
            store: self.store.clone(),
            now: self.now,
            today: self.today,
            progress: Arc::clone(&self.progress),
            run: self.run,
        }
    }
}

pub async fn open_directory(config: &Config, store: &Store) -> Result<Box<dyn Directory>, Failure> {
    rentree::directory::open(&config.directory, store).await.map_err(failed)
}

/// Closes a trail and signs where it stands, where that is configured. A checkpoint that cannot be kept is said; what was
/// done stays done.
pub async fn close(config: &Config, progress: &dyn Progress, trail: Trail) -> Result<Head, Failure> {
    let head = trail.close().await.map_err(failed)?;
    if let (Some(key), Some(file)) = (&config.audit.signing_key, &config.audit.checkpoints) {
        let kept = signing_key(key).and_then(|key| Checkpoint::sign(head, clock().timestamp(), &key).append(file));
        if let Err(error) = kept {
            tracing::error!(%error, "no checkpoint of the trail was kept");
            progress.note(&format!("point de contrôle NON conservé : {error}"));
        }
    }
    Ok(head)
}

/// Says where the trail stands: whoever keeps that can prove later that nothing before it was rewritten.
pub fn tell_head(progress: &dyn Progress, head: Head) {
    progress.note(&format!("piste d'audit : {head}"));
}

/// Threads for reading: one a core.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Refuses to overwrite what is there.
pub fn must_be_new(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::failed(format!("{} already exists; move it away first", path.display())));
    }
    Ok(())
}

/// The only clock of the program but the trail's.
#[expect(clippy::disallowed_methods, reason = "everything else takes the time as an argument")]
pub fn clock() -> Zoned {
    Zoned::now()
}
