//! A plan from beginning to end: sources into images, images into the roster, names, the directory, the difference,
//! the file. The rules are elsewhere; here is the order of things, and all input and output.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use compact_str::CompactString;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use jiff::civil::Date;
use rayon::prelude::*;
use tokio::sync::mpsc;

use crate::audit::{Kind, Note, Trail};
use crate::config::Config;
use crate::directory::dialect::Dialect;
use crate::directory::{Directory, DirectoryError, Dn, Entry, Hours, Search, survey};
use crate::feed::values::Uai;
use crate::feed::{Category, Finding};
use crate::image::{ImageError, Intake, IntakeRules, take_in};
use crate::naming::RulesError;
use crate::plan::file::PlanFileError;
use crate::progress::Progress;
use crate::roster::{JoinKey, LeftOutReason, PersonId, SourceInfo, present_uai};
use crate::store::{Store, StoreError, SuccessorRow};

use super::draft::{Beside, Matter, draft};
use super::gate::{Gate, Judgement, SchemaGap};
use super::names::{Named, name_everybody, rekey};
use super::population::Population;
use super::saved::{Contents, Saved, save};
use super::structures::structures_there;
use super::write::write;
use super::year::{Years, school_year};
use super::{Header, Hold, Seal, count_by_severity};

/// What a run stands on.
pub struct Ground<'a> {
    pub config: &'a Config,
    pub dialect: Arc<Dialect>,
    pub store: &'a Store,
    pub directory: &'a dyn Directory,
    pub now: Timestamp,
    pub today: Date,
    pub threads: usize,
    pub progress: Arc<dyn Progress>,
    /// When the directory may be written; at any time when absent.
    pub hours: Option<Hours>,
}

#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Entries that nobody knows are left alone instead of holding the plan.
    pub accept_foreign: bool,
    /// Where the plan goes; `plans/<id>.plan` beside the store otherwise.
    pub out: Option<PathBuf>,
}

/// A saved plan and what it was made from.
#[derive(Debug)]
pub struct Prepared {
    pub header: Header,
    pub holds: Vec<Hold>,
    pub seal: Seal,
    pub path: PathBuf,
    pub findings: Vec<Finding>,
    /// Seconds per stage.
    pub seconds: BTreeMap<&'static str, f64>,
}

#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(transparent)]
    File(#[from] PlanFileError),
    #[error(transparent)]
    Audit(#[from] crate::audit::AuditError),
    #[error(transparent)]
    Naming(#[from] RulesError),
    #[error(transparent)]
    Schema(#[from] SchemaGap),
    #[error(
        "{server} takes no write ({reason}); a plan made from a replica, which lags behind, would undo what is newer: name in \
         directory.url the server that writes, or say directory.replica = false if this one does"
    )]
    Replica { server: String, reason: String },
    #[error("no source is configured: add a [[source]]")]
    NoSource,
    #[error("computing the plan stopped: {0}")]
    Stopped(String),
}

/// Computes and saves a plan.
///
/// # Errors
/// When a source cannot be used, when store or directory fail; nothing was then written to the directory.
pub async fn prepare(ground: &Ground<'_>, options: &Options, trail: &Trail) -> Result<Prepared, PlanError> {
    let mut clock = Stopwatch::default();
    if ground.config.sources.is_empty() {
        return Err(PlanError::NoSource);
    }
    refuse_replica(ground).await?;
    // What the server does not know at all stops here, before hours of reading.
    let also = ground.config.credentials.hash_attribute.as_deref();
    let gate = Gate::new(&ground.dialect, ground.directory.schema().await?, also)?;

    // Sources into images; beside it, what the engine knows already, which no delivery changes.
    let known = async { Ok::<_, PlanError>((ground.store.accounts().await?, ground.store.names().await?)) };
    let (mut intakes, (mut accounts, mut reserved)) = tokio::try_join!(take_in_all(ground, trail), known)?;
    clock.lap("feed");

    // Images into the roster.
    ground.progress.begin("roster", None);
    let mut roster = crate::image::roster(ground.store, ground.config, &intakes).await?;
    clock.lap("roster");

    // Names, for ever.
    ground.progress.begin("naming", None);
    rekey(ground, &roster, &mut accounts, &mut reserved, trail).await?;
    let Named { names, recognised } = name_everybody(ground, &roster, &accounts, reserved, trail).await?;
    clock.lap("naming");

    // The directory against the roster.
    ground.progress.begin("directory", None);
    let withdrawn: HashSet<JoinKey> = roster
        .left_out
        .iter()
        .filter(|l| l.why == LeftOutReason::NoAuthority && accounts.contains_key(&l.key))
        .map(|l| l.key.clone())
        .collect();
    let mut findings: Vec<Finding> = intakes.iter_mut().flat_map(|i| std::mem::take(&mut i.findings)).collect();
    roster.complete(&mut findings, &crate::image::sources(ground.config));
    findings.append(&mut roster.findings);
    let (mut structures, groups) = tokio::try_join!(
        again(ground, || collect(ground, ground.dialect.structures_branch())),
        again(ground, || collect(ground, ground.dialect.groups_branch()))
    )?;
    let successors = ground.store.successor_rows().await?;
    // What was merged into another structure stands for nobody any more, whatever it still holds.
    let merged = successors.iter().filter(|row| row.successor.merged);
    let merged: HashSet<Dn> = merged.filter_map(|row| Dn::parse(&row.former_dn).ok()).collect();
    structures.retain(|entry| !merged.contains(&entry.dn));
    let matter = Arc::new(Matter {
        structures: structures_there(&roster, &ground.dialect, &structures),
        foreign_groups: groups.iter().filter(|g| !is_ours(ground, g)).map(|g| g.dn.clone()).collect(),
        put_by_engine: ground.store.group_members().await?,
        roster,
        names,
        recognised,
        accounts,
        withdrawn,
        dialect: Arc::clone(&ground.dialect),
        config: config_now(ground.config, &successors),
        today: ground.today,
        gate,
        begun: super::begun::begun(ground).await?,
    });
    let (population, judged) = again(ground, || population(ground, &matter)).await?;
    withdraw_unsent(ground, &matter, &population, trail).await?;
    let right = population.right.iter();
    let right: Vec<_> =
        right.filter_map(|(id, written)| Some((matter.roster.person(*id)?.key.clone(), *written))).collect();
    ground.store.note_written(&right).await?;
    clock.lap("directory");

    // The difference, what is held, the file.
    ground.progress.begin("plan", None);
    let years =
        Years { reached: ground.store.school_years().await?, current: school_year(ground.today, &ground.config.year) };
    let mut draft = {
        let matter = Arc::clone(&matter);
        let accept_foreign = options.accept_foreign;
        blocking(move || {
            let beside = Beside {
                intakes: &intakes,
                structures: &structures,
                groups: &groups,
                years: &years,
                accept_foreign,
                judged: &judged,
            };
            draft(&matter, &population, &beside)
        })
        .await?
    };
    findings.append(&mut draft.findings);
    let new = ground.store.note_holds(&draft.holds.ids(), ground.now.as_millisecond()).await?;
    for id in &new {
        draft.holds.mark_new(id);
    }
    draft.totals.held_new = new.len() as u64;
    draft.totals.findings = count_by_severity(&findings);
    let holds = std::mem::take(&mut draft.holds).into_sorted();

    let contents = Contents {
        totals: draft.totals.clone(),
        schools: matter.roster.structures.iter().map(|s| (s.uai.as_str().into(), s.name.clone())).collect(),
        years: draft.years.clone(),
        structures: Vec::new(),
    };
    let (matter, held) = (Arc::clone(&matter), holds.clone());
    let write = move |header: &Header, path: &Path| write(&matter, header, &held, draft, path);
    let Saved { header, seal, path } = save(ground, contents, options.out.as_deref(), write, trail).await?;
    for hold in holds.iter().filter(|h| h.new) {
        trail.record(
            Kind::HoldNew,
            hold.join_key.as_ref(),
            serde_json::json!({
                "hold": hold.id, "message": hold.message, "changes": hold.changes,
            }),
        )?;
    }
    let infos = crate::image::sources(ground.config);
    for finding in &findings {
        // Under the person's key, and without names: what the trail says of somebody is erased with him.
        let nameless = Finding { subject: None, class: None, ..finding.clone() };
        trail.note(Note::Finding, finding.code.id(), join_key(finding, &infos).as_ref(), &nameless)?;
    }
    trail.flush().await?;
    clock.lap("plan");
    Ok(Prepared { header, holds, seal, path, findings, seconds: clock.laps })
}

/// The configuration, its schools under the UAI that they have now.
fn config_now(config: &Config, successors: &[SuccessorRow]) -> Config {
    let mut config = config.clone();
    let successors: Vec<_> = successors.iter().map(|row| row.successor.clone()).collect();
    for school in &mut config.roster.schools {
        if let Some(uai) = Uai::parse(school) {
            *school = present_uai(&successors, &uai).to_string();
        }
    }
    config
}

/// What was sealed for an export that was overtaken, or never came to its end, goes with whoever is not to be created any
/// more: nobody will send those hashes. Those of everybody else are taken up by his creation.
async fn withdraw_unsent(
    ground: &Ground<'_>,
    matter: &Matter,
    population: &Population,
    trail: &Trail,
) -> Result<(), PlanError> {
    let store = ground.store;
    // Nearly always there is nothing; and what an interrupted run may have sent is not this one's to judge.
    if !store.has_pending().await?
        || store.interrupted_plan().await?.is_some()
        || store.exported_plan().await?.is_some()
    {
        return Ok(());
    }
    let creates = population.to_create(&matter.roster);
    let keys: Vec<JoinKey> =
        creates.iter().filter_map(|id| matter.roster.person(*id)).map(|person| person.key.clone()).collect();
    let withdrawn = store.withdraw_pending_except(&keys).await?;
    if withdrawn > 0 {
        trail.record(Kind::CredentialRevoked, None, serde_json::json!({ "never_sent": withdrawn }))?;
    }
    Ok(())
}

/// A replica lags behind the server that is written.
pub(super) async fn refuse_replica(ground: &Ground<'_>) -> Result<(), PlanError> {
    let reason = match ground.config.directory.replica {
        Some(false) => None,
        Some(true) => Some("directory.replica = true".to_owned()),
        None => survey::replica(ground.directory, &ground.dialect).await?,
    };
    match reason {
        Some(reason) => Err(PlanError::Replica { server: ground.directory.describe(), reason }),
        None => Ok(()),
    }
}

/// The join key of the person whom a finding is about.
fn join_key(finding: &Finding, sources: &[SourceInfo]) -> Option<JoinKey> {
    let key = finding.key.as_deref().filter(|_| finding.category.is_some_and(Category::is_person))?;
    let source = sources.iter().find(|source| Some(&source.name) == finding.source.as_ref())?;
    Some(JoinKey::new(&source.prefix, key))
}

/// Takes in the newest delivery of every source, in the order of the configuration.
async fn take_in_all(ground: &Ground<'_>, trail: &Trail) -> Result<Vec<Intake>, PlanError> {
    let mut intakes = Vec::new();
    let years =
        Years { reached: ground.store.school_years().await?, current: school_year(ground.today, &ground.config.year) };
    let mut waiting: HashSet<CompactString> =
        years.reached.keys().filter(|uai| years.in_transition(uai)).cloned().collect();
    // The exports may go on saying what a school was called before.
    for successor in ground.store.successors().await?.iter().rev() {
        if waiting.contains(successor.uai.as_str()) {
            waiting.insert(successor.former_uai.as_str().into());
        }
    }
    let rules = IntakeRules { waiting, limits: ground.config.limits.clone() };
    for (index, source) in ground.config.sources.iter().enumerate() {
        let intake =
            take_in(ground.store, index as u16, source, ground.threads, ground.now, &rules, &ground.progress).await?;
        // Nothing was read when everything offered had been taken in before.
        if intake.reading.bytes > 0 {
            trail.record(
                Kind::DeliveryAccepted,
                None,
                serde_json::json!({
                    "source": source.name, "date": intake.delivery_date, "digest": intake.digest,
                    "version": intake.version, "read": intake.reading.read, "rejected": intake.reading.rejected,
                }),
            )?;
        }
        intakes.push(intake);
    }
    Ok(intakes)
}

/// Whether a group is the engine's, or will be.
fn is_ours(ground: &Ground<'_>, group: &Entry) -> bool {
    ground.dialect.is_managed(group) || (ground.config.directory.adopt_groups && ground.dialect.is_of_a_family(group))
}

/// Entries handed over at once between threads.
const BATCH: usize = 1_024;

/// How many times a branch is read when the connection is lost in the midst of it.
const READS: u32 = 3;

/// Reads a branch, from its beginning again when it broke off: half of it would be taken for the whole, and those of
/// the other half for people without account.
pub(super) async fn again<T, F: Future<Output = Result<T, PlanError>>>(
    ground: &Ground<'_>,
    read: impl Fn() -> F,
) -> Result<T, PlanError> {
    let mut reads = 1;
    loop {
        match read().await {
            Err(PlanError::Directory(error)) if error.is_passing() && reads < READS => {
                reads += 1;
                ground
                    .progress
                    .note(&format!("la lecture de l'annuaire a été interrompue, elle reprend du début ({error})"));
            }
            outcome => return outcome,
        }
    }
}

/// A branch that fits in memory: structures and groups, without the branch itself.
pub(super) async fn collect(ground: &Ground<'_>, base: &Dn) -> Result<Vec<Entry>, PlanError> {
    let search = Search { base: base.clone(), filter: "(objectClass=*)".to_owned(), attributes: Vec::new() };
    let mut entries: Vec<Entry> = ground.directory.search(search).await?.try_collect().await?;
    entries.retain(|entry| entry.dn != *base);
    Ok(entries)
}

/// What the schema says of changes, by person.
type Judged = Vec<(PersonId, Judgement)>;

/// Streams the people branch through the comparison, on all cores.
async fn population(ground: &Ground<'_>, matter: &Arc<Matter>) -> Result<(Population, Judged), PlanError> {
    let (sender, mut receiver) = mpsc::channel::<Vec<Entry>>(4);
    let comparer = {
        let matter = Arc::clone(matter);
        tokio::task::spawn_blocking(move || {
            matter.with_diff(|diff| {
                let (mut population, mut judged) = (Population::new(matter.config.directory.drift), Judged::new());
                while let Some(batch) = receiver.blocking_recv() {
                    let compare = |entry| {
                        let mut seen = diff.compare(entry);
                        let judgement = matter.gate.seen(entry, &mut seen);
                        (seen, judgement)
                    };
                    let seen: Vec<_> = batch.par_iter().map(compare).collect();
                    for (seen, judgement) in seen {
                        judged.extend(judgement);
                        population.absorb(seen);
                    }
                }
                population.sort();
                judged.sort_by_key(|(id, _)| *id);
                (population, judged)
            })
        })
    };
    let dialect = &ground.dialect;
    let search = Search {
        base: dialect.people_branch().clone(),
        filter: dialect.person_filter(),
        attributes: dialect.person_attributes(),
    };
    let mut entries = ground.directory.search(search).await?;
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(entry) = entries.try_next().await? {
        // One that a killed run left: the next that writes credentials removes it.
        if dialect.is_probe(&entry.dn) {
            continue;
        }
        batch.push(entry);
        if batch.len() == BATCH {
            ground.progress.advance(BATCH as u64);
            if sender.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).await.is_err() {
                break;
            }
        }
    }
    drop(sender.send(batch).await);
    drop(sender);
    comparer.await.map_err(|e| PlanError::Stopped(e.to_string()))
}

/// Work for a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PlanError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| PlanError::Stopped(e.to_string()))
}

/// Seconds per stage.
#[derive(Debug)]
struct Stopwatch {
    last: Instant,
    laps: BTreeMap<&'static str, f64>,
}

impl Default for Stopwatch {
    fn default() -> Self {
        Self { last: Instant::now(), laps: BTreeMap::new() }
    }
}

impl Stopwatch {
    fn lap(&mut self, stage: &'static str) {
        let seconds = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        *self.laps.entry(stage).or_default() += seconds;
    }
}
