//! A plan from beginning to end: sources into images, images into the roster, names, the directory, the difference,
//! the file. The rules are elsewhere; here is the order of things, and all input and output.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::audit::{Kind, Note, Trail};
use crate::config::Config;
use crate::directory::dialect::Dialect;
use crate::directory::{Directory, DirectoryError, Dn, Entry, Hours};
use crate::feed::values::Uai;
use crate::feed::{Category, Finding};
use crate::image::ImageError;
use crate::naming::RulesError;
use crate::plan::file::PlanFileError;
use crate::progress::Progress;
use crate::roster::{JoinKey, LeftOutReason, SourceInfo, present_uai};
use crate::store::{Store, StoreError, SuccessorRow};

use super::draft::{Beside, Matter, draft};
use super::gate::{Gate, SchemaGap};
use super::identity::{Known, identify, make_room, open_cases};
use super::merge::merge_accounts;
use super::names::{Asked, Named, rekey};
use super::population::Population;
use super::reading::{self, People, refuse_replica, structures_and_groups};
use super::recover::OldStore;
use super::relations::keep_proved;
use super::saved::{Contents, Saved, save};
use super::sources::{take_in_all, years};
use super::standing::Standing;
use super::structures::structures_there;
use super::write::write;
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
    /// The sources whose folders are looked at, by name; of the others the last accepted delivery counts. All when empty.
    pub only: Vec<String>,
    /// Where the plan goes; `plans/<id>.plan` beside the store otherwise.
    pub out: Option<PathBuf>,
}

/// A saved plan and what it was made from.
#[derive(Debug)]
pub struct Prepared {
    pub header: Header,
    /// Those that were set aside among them.
    pub holds: Vec<Hold>,
    pub seal: Seal,
    pub path: PathBuf,
    pub findings: Vec<Finding>,
    /// Seconds per stage.
    pub seconds: BTreeMap<&'static str, f64>,
}

impl Prepared {
    /// The holds that somebody is asked about.
    pub fn held(&self) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(|hold| hold.discarded.is_none())
    }
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
    /// See [`super::recover`].
    #[error("{0}")]
    OldStore(#[from] OldStore),
    #[error("nobody has an account in a school {school}")]
    UnknownSchool { school: Uai },
    #[error("nobody is in the class {class:?} of {school}; there are: {}", known.join(", "))]
    UnknownClass { school: Uai, class: String, known: Vec<String> },
    #[error(
        "{accounts} accounts would get another password, more than {most}: narrow it down (--school, --class, --profile), \
         or say --at-most {accounts}"
    )]
    TooMany { accounts: u64, most: u64 },
    #[error("no source is configured: add a [[source]]")]
    NoSource,
    #[error("no source is called {name:?}; there are: {}", known.join(", "))]
    UnknownSource { name: String, known: Vec<String> },
    #[error("computing the plan stopped: {0}")]
    Stopped(String),
}

/// Whether all of these sources are configured.
///
/// # Errors
/// [`PlanError::UnknownSource`].
pub fn known_sources(config: &Config, names: &[String]) -> Result<(), PlanError> {
    let known: Vec<String> = config.sources.iter().map(|source| source.name.clone()).collect();
    match names.iter().find(|name| !known.contains(name)) {
        Some(name) => Err(PlanError::UnknownSource { name: name.clone(), known }),
        None => Ok(()),
    }
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
    known_sources(ground.config, &options.only)?;
    refuse_replica(ground).await?;
    // What the server does not know at all stops here, before hours of reading.
    let also = ground.config.credentials.hash_attribute.as_deref();
    let gate = Gate::new(&ground.dialect, ground.directory.schema().await?, also)?;

    // Sources into images; beside it, what the engine knows already, which no delivery changes.
    let known = async { Ok::<_, PlanError>((ground.store.accounts().await?, ground.store.names().await?)) };
    let (mut intakes, (mut accounts, mut reserved)) =
        tokio::try_join!(take_in_all(ground, &options.only, trail), known)?;
    clock.lap("feed");

    // Images into the roster.
    ground.progress.begin("roster", None);
    let mut roster = crate::image::roster(ground.store, ground.config, &intakes, ground.today).await?;
    clock.lap("roster");

    // Names, for ever.
    ground.progress.begin("naming", None);
    let mut known = Known::load(ground).await?;
    let undecided = merge_accounts(ground, &roster, &mut accounts, &mut reserved, &mut known, trail).await?;
    make_room(ground, &roster, &accounts, &mut reserved, &known).await?;
    rekey(ground, &roster, &mut accounts, &mut reserved, trail).await?;
    let known = Arc::new(known);
    let mut asked = Asked::for_newcomers(&roster, &accounts);
    let people = (&mut roster, &mut accounts);
    let Named { names, recognised, mut drawn } =
        identify(ground, people, reserved, (&known, &undecided), asked, trail).await?;
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
    let (mut structures, groups) = structures_and_groups(ground).await?;
    let successors = ground.store.successor_rows().await?;
    // What was merged into another structure stands for nobody any more, whatever it still holds.
    let merged = successors.iter().filter(|row| row.successor.merged);
    let merged: HashSet<Dn> = merged.filter_map(|row| Dn::parse(&row.former_dn).ok()).collect();
    structures.retain(|entry| !merged.contains(&entry.dn));
    let mut matter = Matter {
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
    };
    let People { population, judged, asked } = loop {
        let shared = Arc::new(matter);
        let read = reading::people(ground, &shared, &known, asked).await?;
        matter = Arc::into_inner(shared).ok_or_else(|| PlanError::Stopped("the comparison goes on".into()))?;
        if let Some(read) = read {
            break read;
        }
        // Somebody whom the register does not know may be there already, or his name is: asked properly now.
        asked = Asked::Directory;
        let rows = ground.store.names().await?;
        let people = (&mut matter.roster, &mut matter.accounts);
        let named = identify(ground, people, rows, (&known, &undecided), asked, trail).await?;
        (matter.names, matter.recognised, drawn) = (named.names, named.recognised, named.drawn);
    };
    drawn.reserve(ground, trail).await?;
    matter.recognised.ask_also(asked);
    findings.append(&mut matter.recognised.findings);
    keep_proved(ground, &matter.recognised.proved_roles, trail).await?;
    open_cases(ground, &matter.roster, &matter.accounts, &mut matter.recognised).await?;
    let matter = Arc::new(matter);
    withdraw_unsent(ground, &matter, &population, trail).await?;
    let right = population.right.iter();
    let right: Vec<_> =
        right.filter_map(|(id, written)| Some((matter.roster.person(*id)?.key.clone(), *written))).collect();
    ground.store.note_written(&right).await?;
    clock.lap("directory");

    // The difference, what is held, the file.
    ground.progress.begin("plan", None);
    let years = years(ground).await?;
    let decided = Standing::read(ground, trail).await?;
    let mut draft = {
        let matter = Arc::clone(&matter);
        let accept_foreign = options.accept_foreign;
        let Standing { decisions, carried_out, .. } = decided.clone();
        blocking(move || {
            let beside = Beside {
                intakes: &intakes,
                structures: &structures,
                groups: &groups,
                years: &years,
                accept_foreign,
                judged: &judged,
                decisions: &decisions,
                carried_out: &carried_out,
            };
            draft(&matter, &population, &beside)
        })
        .await?
    };
    findings.append(&mut draft.findings);
    let closed = decided.settle(ground, &mut draft, trail).await?;
    draft.totals.findings = count_by_severity(&findings);
    let holds = std::mem::take(&mut draft.holds).into_sorted();

    let contents = Contents {
        totals: draft.totals.clone(),
        schools: matter.roster.structures.iter().map(|s| (s.uai.as_str().into(), s.name.clone())).collect(),
        years: draft.years.clone(),
        structures: Vec::new(),
        released: draft.outcomes.released.iter().map(|(_, released)| released.clone()).collect(),
        closed,
        holds: holds.iter().filter(|hold| hold.discarded.is_none()).count() as u64,
        undoes: None,
        purge: false,
        credentials: None,
    };
    let used: Vec<i64> = draft.outcomes.released.iter().map(|(id, _)| *id).collect();
    let held = holds.clone();
    let write = move |header: &Header, path: &Path| write(&matter, header, &held, draft, path);
    let Saved { header, seal, path } = save(ground, contents, options.out.as_deref(), write, trail).await?;
    for id in used {
        ground.store.decision_used(id, header.plan_id, ground.today).await?;
    }
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
pub(super) fn config_now(config: &Config, successors: &[SuccessorRow]) -> Config {
    let mut config = config.clone();
    let successors: Vec<_> = successors.iter().map(|row| row.successor.clone()).collect();
    for school in config.roster.schools.iter_mut().chain(&mut config.roster.absent) {
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

/// The join key of the person whom a finding is about.
fn join_key(finding: &Finding, sources: &[SourceInfo]) -> Option<JoinKey> {
    let key = finding.key.as_deref().filter(|_| finding.category.is_some_and(Category::is_person))?;
    let source = sources.iter().find(|source| Some(&source.name) == finding.source.as_ref())?;
    Some(JoinKey::new(&source.prefix, key))
}

/// Whether a group is the engine's, or will be.
fn is_ours(ground: &Ground<'_>, group: &Entry) -> bool {
    ground.dialect.is_managed(group) || (ground.config.directory.adopt_groups && ground.dialect.is_of_a_family(group))
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
