//! A plan from beginning to end: sources into images, images into the roster, names, the directory, the difference,
//! the file. The rules are elsewhere; here is the order of things, and all input and output.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use jiff::civil::Date;
use rayon::prelude::*;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::audit::{Kind, Note, Trail};
use crate::config::Config;
use crate::directory::dialect::Dialect;
use crate::directory::{Directory, DirectoryError, Dn, Entry, Search};
use crate::feed::{Category, Finding};
use crate::image::{ImageError, Intake, IntakeRules, take_in};
use crate::naming::{AdoptError, Login, Names, Register, Rules, RulesError, Uid, fold};
use crate::plan::file::PlanFileError;
use crate::progress::Progress;
use crate::roster::{JoinKey, LeftOutReason, Roster, SourceInfo, StructureId};
use crate::store::{AccountRow, NameRow, Store, StoreError};

use super::draft::{Beside, Matter, draft};
use super::population::Population;
use super::write::write;
use super::year::{Years, school_year};
use super::{FORMAT_VERSION, Header, Hold, PlanId, Seal, SourceState, count_by_severity};

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
    Adopt(#[from] AdoptError),
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
    let names = name_everybody(ground, &roster, reserved, trail).await?;
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
    let structures = collect(ground, ground.dialect.structures_branch()).await?;
    let matter = Arc::new(Matter {
        structures: structures_by_key(&roster, &ground.dialect, &structures),
        roster,
        names,
        accounts,
        withdrawn,
        dialect: Arc::clone(&ground.dialect),
        config: ground.config.clone(),
        today: ground.today,
    });
    let (population, groups) =
        tokio::try_join!(population(ground, &matter), collect(ground, ground.dialect.groups_branch()))?;
    clock.lap("directory");

    // The difference, what is held, the file.
    ground.progress.begin("plan", None);
    let years =
        Years { reached: ground.store.school_years().await?, current: school_year(ground.today, &ground.config.year) };
    let put_by_engine = ground.store.group_members().await?;
    let mut draft = {
        let matter = Arc::clone(&matter);
        let accept_foreign = options.accept_foreign;
        blocking(move || {
            let beside = Beside {
                intakes: &intakes,
                structures: &structures,
                groups: &groups,
                put_by_engine: &put_by_engine,
                years: &years,
                accept_foreign,
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

    let plan_id = PlanId(Uuid::now_v7());
    let mut sources = Vec::new();
    for source in &ground.config.sources {
        let row = ground.store.source(&source.name, source.prefix(), source.kind.name()).await?;
        sources.push(SourceState {
            name: row.name,
            version: row.version,
            delivered: row.delivered,
            digest: row.digest,
        });
    }
    let header = Header {
        format_version: FORMAT_VERSION,
        plan_id,
        created: ground.now,
        today: ground.today,
        program: concat!("rentree ", env!("CARGO_PKG_VERSION")).to_owned(),
        sources,
        config_digest: ground.config.digest.clone(),
        directory: format!("{} {}", ground.directory.describe(), ground.config.directory.suffix),
        totals: draft.totals.clone(),
        schools: matter.roster.structures.iter().map(|s| (s.uai.as_str().into(), s.name.clone())).collect(),
        years: draft.years.clone(),
    };
    let path = match &options.out {
        Some(path) => path.clone(),
        None => {
            let folder = ground.store.private_folder("plans")?;
            folder.join(format!("{plan_id}.plan"))
        }
    };
    let seal = {
        let (matter, header, holds, path) = (Arc::clone(&matter), header.clone(), holds.clone(), path.clone());
        blocking(move || write(&matter, &header, &holds, draft, &path)).await??
    };
    let absolute = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
    ground.store.save_plan(plan_id, &absolute.display().to_string(), &seal.digest, ground.now.as_millisecond()).await?;
    trail.record(
        Kind::PlanSaved,
        None,
        serde_json::json!({
            "plan": plan_id, "digest": seal.digest, "totals": header.totals, "holds": seal.holds,
        }),
    )?;
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
    let waiting = years.reached.keys().filter(|uai| years.in_transition(uai)).cloned().collect();
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

/// Entries handed over at once between threads.
const BATCH: usize = 1_024;

/// Gives what the engine knows under a former join key to the present one: a name is for a person, not for a key.
/// Where the present key is known too, both stay: whose is whose is not for a program to say.
async fn rekey(
    ground: &Ground<'_>,
    roster: &Roster,
    accounts: &mut HashMap<JoinKey, AccountRow>,
    reserved: &mut [NameRow],
    trail: &Trail,
) -> Result<(), PlanError> {
    if roster.aliases.is_empty() {
        return Ok(());
    }
    let taken: HashSet<&str> = reserved.iter().map(|row| row.join_key.as_str()).collect();
    let moves: HashMap<JoinKey, JoinKey> = reserved
        .iter()
        .map(|row| (row.join_key.clone(), roster.aliases.present(row.join_key.clone())))
        .filter(|(former, present)| former != present && !taken.contains(present.as_str()))
        .collect();
    if moves.is_empty() {
        return Ok(());
    }
    ground.store.rekey(&moves).await?;
    for row in reserved {
        if let Some(present) = moves.get(&row.join_key) {
            row.join_key = present.clone();
        }
    }
    for (former, present) in &moves {
        if let Some(mut account) = accounts.remove(former) {
            account.join_key = present.clone();
            accounts.insert(present.clone(), account);
        }
        let former = trail.pseudonym(former);
        trail.record(Kind::JoinKeyChanged, Some(present), serde_json::json!({ "former_pseudonym": former }))?;
    }
    Ok(())
}

/// Gives everybody in the roster a uid and a login. The directory is asked which names are taken there only when
/// somebody is new to the register; new names are reserved before anything is shown, so that dry run and real run
/// agree. `rows` is the register as it was.
async fn name_everybody(
    ground: &Ground<'_>,
    roster: &Roster,
    rows: Vec<NameRow>,
    trail: &Trail,
) -> Result<Vec<(Uid, Login)>, PlanError> {
    // Nearly every night everybody is known: nothing to draw, nothing to ask.
    let known: HashMap<&str, &NameRow> = rows.iter().map(|row| (row.join_key.as_str(), row)).collect();
    let all: Option<Vec<(Uid, Login)>> = roster
        .persons
        .iter()
        .map(|person| known.get(person.key.as_str()).map(|row| (row.uid.clone(), row.login.clone())))
        .collect();
    drop(known);
    if let Some(all) = all {
        return Ok(all);
    }
    let counters = ground.store.uid_counters().await?;
    let names = rows.into_iter().map(|r| (r.join_key, Names { uid: r.uid, login: r.login }));
    let mut register = Register::new(Rules::from_config(&ground.config.naming)?, names, counters);
    take_names_of_directory(ground, roster, &mut register).await?;
    let year = school_year(ground.today, &ground.config.year);
    let names: Vec<(Uid, Login)> = roster
        .persons
        .iter()
        .map(|person| {
            let names = register.assign(&person.key, &person.name, year);
            (names.uid.clone(), names.login.clone())
        })
        .collect();
    let new: Vec<NameRow> = register
        .new_names()
        .map(|(join_key, names)| NameRow {
            join_key: join_key.clone(),
            uid: names.uid.clone(),
            login: names.login.clone(),
        })
        .collect();
    if !new.is_empty() {
        let counters: Vec<(String, u64)> = register.counters().map(|(s, n)| (s.to_owned(), n)).collect();
        let folded = |name: &str| fold(name).into();
        ground.store.reserve_names(&new, &counters, folded, ground.now.as_millisecond()).await?;
        trail.record(Kind::NameReserved, None, serde_json::json!({ "count": new.len() }))?;
    }
    Ok(names)
}

/// Adopts the names of accounts with a known join key, and marks every other name as taken.
async fn take_names_of_directory(
    ground: &Ground<'_>,
    roster: &Roster,
    register: &mut Register,
) -> Result<(), PlanError> {
    let dialect = &ground.dialect;
    let mut entries = ground
        .directory
        .search(Search {
            base: dialect.people_branch().clone(),
            filter: dialect.person_filter(),
            attributes: dialect.name_attributes(),
        })
        .await?;
    while let Some(entry) = entries.try_next().await? {
        let taken = dialect.names_of(&entry);
        let key = dialect
            .join_keys(&entry)
            .map(|key| roster.aliases.present(JoinKey::from_text(key)))
            .find(|key| roster.persons.binary_search_by(|p| p.key.cmp(key)).is_ok());
        if let (Some(key), Some(uid), Some(login)) = (key, &taken.uid, &taken.login)
            && register.get(&key).is_none()
        {
            match register.adopt(&key, uid.clone(), login.clone()) {
                Ok(()) => continue,
                Err(error) => tracing::warn!(dn = %entry.dn, %error, "an account cannot keep its names"),
            }
        }
        register.take(taken.uid.iter().map(Uid::as_str));
        register.take(taken.login.iter().map(Login::as_str));
        register.take(taken.aliases.iter().map(String::as_str));
        ground.progress.advance(1);
    }
    Ok(())
}

/// The structures that are in the directory already, found by their join keys: they keep the name that they have.
fn structures_by_key(roster: &Roster, dialect: &Dialect, entries: &[Entry]) -> HashMap<StructureId, Dn> {
    let present = |key| roster.aliases.present(JoinKey::from_text(key));
    let by_key: HashMap<JoinKey, &Dn> =
        entries.iter().flat_map(|entry| dialect.join_keys(entry).map(move |key| (present(key), &entry.dn))).collect();
    roster
        .structures
        .iter()
        .zip(0..)
        .filter_map(|(s, at)| Some((StructureId(at), (*by_key.get(&s.key)?).clone())))
        .collect()
}

/// A branch that fits in memory: structures and groups, without the branch itself.
async fn collect(ground: &Ground<'_>, base: &Dn) -> Result<Vec<Entry>, PlanError> {
    let search = Search { base: base.clone(), filter: "(objectClass=*)".to_owned(), attributes: Vec::new() };
    let mut entries: Vec<Entry> = ground.directory.search(search).await?.try_collect().await?;
    entries.retain(|entry| entry.dn != *base);
    Ok(entries)
}

/// Streams the people branch through the comparison, on all cores.
async fn population(ground: &Ground<'_>, matter: &Arc<Matter>) -> Result<Population, PlanError> {
    let (sender, mut receiver) = mpsc::channel::<Vec<Entry>>(4);
    let comparer = {
        let matter = Arc::clone(matter);
        tokio::task::spawn_blocking(move || {
            matter.with_diff(|diff| {
                let mut population = Population::default();
                while let Some(batch) = receiver.blocking_recv() {
                    let seen: Vec<_> = batch.par_iter().map(|entry| diff.compare(entry)).collect();
                    for seen in seen {
                        population.absorb(seen);
                    }
                }
                population.sort();
                population
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
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PlanError> {
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
