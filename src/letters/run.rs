//! A print run: the piles, their envelopes opened, typeset in the child, written 0600, entered in the ledger.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::child::small_pages;
use super::eligible::{Reason, Verdict};
use super::inquiry::{Inquiry, Population};
use super::logo::{Logo, LogoError};
use super::pile::PileRun;
use super::select::Pile;
use super::shop::Shop;
use super::texts::{Languages, TextsError};
use super::{Batch, FileNames, LettersError, Notice, TypesetError, Typesetter, Without, write_private};
use crate::audit::{Actor, AuditError, Kind, Trail};
use crate::config::{Config, Layout, LettersConfig};
use crate::credentials::{EnvelopeError, KeyError, PrintKey};
use crate::image::ImageError;
use crate::progress::Progress;
use crate::roster::{JoinKey, Profile};
use crate::store::{PrintBatch, PrintedSheet, Store, StoreError, TooMany};

/// What is asked of a print run.
pub struct Job<'a> {
    pub inquiry: Inquiry,
    /// Why sheets are printed again, when they are.
    pub reason: Option<Reprint>,
    /// How the sheets lie on the paper, where the configuration is not to say so.
    pub layout: Option<Layout>,
    /// Whether each file begins with a page that says what is in it.
    pub cover: bool,
    /// Folder of the PDF files; of a table, its file.
    pub out: &'a Path,
    pub keys: &'a [PrintKey],
    /// This very program, which answers the hidden typesetting verb.
    pub program: &'a Path,
    /// Text of the project's own template.
    pub template: Option<String>,
    /// Only this print shop can read what is written.
    pub shop: Option<&'a Shop>,
    pub now: jiff::Timestamp,
}

impl Job<'_> {
    /// Writes a file of the run, in clear or for the shop.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), PrintError> {
        match self.shop {
            Some(shop) => write_private(path, &shop.seal(bytes).map_err(PrintError::Shop)?)?,
            None => write_private(path, bytes)?,
        }
        Ok(())
    }
}

/// Why sheets are printed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reprint {
    /// The paper was spoilt: the same credentials again, of those who had a sheet of them.
    Jam,
    /// A sheet was lost: another credential took the place of the one on it.
    Lost,
}

impl Reprint {
    /// As the print register keeps it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jam => "jam",
            Self::Lost => "lost",
        }
    }
}

/// What was printed.
#[derive(Debug, Clone, Serialize)]
pub struct Printed {
    pub batch: String,
    pub files: Vec<PrintedFile>,
    /// People of the selection without a sheet, by [`Reason::name`](super::Reason::name).
    pub without: BTreeMap<&'static str, u64>,
    /// Those of whose present credential another school has printed a sheet as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Elsewhere>,
}

/// A sheet that another school printed of the same credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    pub name: String,
    pub join_key: JoinKey,
    /// UAI.
    pub school: String,
    pub at: jiff::Timestamp,
}

impl Printed {
    #[must_use]
    pub fn sheets(&self) -> u64 {
        self.files.iter().map(|f| f.sheets).sum()
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct PrintedFile {
    pub path: PathBuf,
    /// UAI; none of a table that holds several schools.
    pub school: Option<String>,
    /// None for households, and for a table.
    pub profile: Option<Profile>,
    pub class: Option<String>,
    pub sheets: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    #[error(transparent)]
    Letters(#[from] LettersError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error("the envelope of {person} cannot be opened")]
    Envelope { person: JoinKey, source: EnvelopeError },
    #[error("typesetting stopped: {0}")]
    Stopped(String),
    #[error("{actor} was let open {} envelopes within the last hour; {asked} more are beyond {most}", .full.opened)]
    TooManyOpened { actor: String, asked: u64, most: u64, full: TooMany },
    #[error("letters.login_url is not configured: the sheets would not say where to connect")]
    NoLoginUrl,
    #[error(transparent)]
    Texts(#[from] TextsError),
    #[error(transparent)]
    Logo(#[from] LogoError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("the files cannot be encrypted for the print shop")]
    Shop(#[source] EnvelopeError),
    #[error("a spreadsheet would take the login or the password of {person} for a formula")]
    Formula { person: JoinKey },
    #[error(
        "{uai} has no key of its own: letters.schools.{uai}.recipients (`rentree init` makes one), then `credentials reseal`"
    )]
    NoSchoolKey { uai: String },
    #[error("the pack cannot be sealed")]
    Pack(#[source] EnvelopeError),
    #[error("no school of the exports has the UAI {uai}")]
    NoSchool { uai: String },
    #[error("nobody is in the class {class:?}; there are: {}", known.join(", "))]
    NoClass { class: String, known: Vec<String> },
}

/// Prints.
///
/// # Errors
/// When the configuration lacks the login address, a key does not fit, the template or the typesetter fails. Files
/// written before the error stay, and are in the ledger.
pub async fn print(
    store: &Store,
    config: &Config,
    job: &Job<'_>,
    trail: &Trail,
    progress: &dyn Progress,
) -> Result<Printed, PrintError> {
    if config.letters.login_url.is_empty() {
        return Err(PrintError::NoLoginUrl);
    }
    super::check_fonts(&config.letters.fonts)?;
    small_pages();
    let languages = Languages::load(&config.letters)?;
    let logo = config.letters.logo.as_deref().map(Logo::read).transpose()?;
    let population = Population::read(store, config, &job.inquiry).await?;
    let spoken = languages.spoken(&population.roster);
    let piles = population.piles();
    let total: u64 = piles.iter().map(|p| p.people.len() as u64).sum();
    progress.begin("letters", Some(total));

    let batch = new_batch(job);
    // A sheet printed again must not take the place of the file that holds its whole class.
    let out = if job.reason.is_some() { job.out.join(&batch.id) } else { job.out.to_owned() };
    let out = std::path::absolute(&out).unwrap_or(out);
    reserve(&population, job, trail, &piles, &batch).await?;
    let mut ledger = Ledger { store, trail, batch: &batch, job, files: Vec::new(), aside: 0 };
    let mut press = Press::new(job, &config.letters.fonts);
    let mut names = FileNames::default();
    let (mut without, mut elsewhere) = (BTreeMap::new(), Vec::new());
    for (at, pile) in piles.iter().enumerate() {
        let run = PileRun {
            population: &population,
            config,
            languages: &languages,
            spoken: &spoken,
            logo: logo.as_ref(),
            job,
            batch: &batch.id,
        };
        let material = run.material(store, pile).await?;
        let mut laid = run.sheets(pile, &material, trail)?;
        for (why, people) in &laid.without {
            *without.entry(why.name()).or_default() += people.len() as u64;
        }
        elsewhere.append(&mut laid.elsewhere);
        progress.advance(pile.people.len() as u64);
        if laid.sheets.is_empty() {
            continue;
        }
        // Opening is on record, on the disk, before anything is shown.
        trail.flush().await?;
        let Some(letter) = run.batch(pile, laid.sheets, &laid.without) else { continue };
        let name = names.name(&letter);
        let path = out.join(job.shop.map_or_else(|| name.clone(), |_| format!("{name}.age")));
        if let Some(set) = press.set(Typeset { at, keys: laid.keys, path, letter, aside: 0 }).await? {
            ledger.keep(set).await?;
        }
    }
    while let Some(set) = press.next().await? {
        ledger.keep(set).await?;
    }
    press.finish().await;
    trail.flush().await?;
    if ledger.aside > 0 {
        *without.entry(Reason::Unprintable.name()).or_default() += ledger.aside;
    }
    ledger.files.sort_by_key(|(at, _)| *at);
    let files = ledger.files.into_iter().map(|(_, file)| file).collect();
    Ok(Printed { batch: batch.id.clone(), files, without, elsewhere })
}

/// A print run for the register, before anything is in it.
pub(super) fn new_batch(job: &Job<'_>) -> PrintBatch {
    PrintBatch {
        id: Uuid::now_v7().to_string(),
        at: job.now.as_millisecond(),
        actor: Actor::current().as_str().to_owned(),
        selection: serde_json::to_string(&job.inquiry.selection).unwrap_or_default(),
        template: job.template.as_deref().map(digest),
        reason: job.reason.map(Reprint::name),
    }
}

/// Has the openings of the whole run counted before the first one; none is opened when they are too many.
pub(super) async fn reserve(
    population: &Population<'_>,
    job: &Job<'_>,
    trail: &Trail,
    piles: &[Pile],
    batch: &PrintBatch,
) -> Result<(), PrintError> {
    let letters = &population.config.letters;
    let Some(most) = letters.most_openings() else { return Ok(()) };
    let mut asked = 0;
    for pile in piles.iter().filter(|pile| layout(job, letters, pile) != Layout::List) {
        // Of an adult with two sheets it is opened twice.
        let verdicts = population.judge(pile).await?.verdicts;
        asked += verdicts.into_iter().filter(|verdict| *verdict == Verdict::Secret).count() as u64;
    }
    if asked == 0 {
        return Ok(());
    }
    let actor = batch.actor.as_str();
    if let Err(full) = population.store.reserve_openings(actor, &batch.id, asked, most, job.now).await? {
        let said = serde_json::json!({
            "asked": asked, "opened": full.opened, "most": most, "again": full.again.map(|at| at.to_string()),
        });
        trail.record(Kind::OpeningsRefused, None, said)?;
        trail.flush().await?;
        return Err(PrintError::TooManyOpened { actor: actor.to_owned(), asked, most, full });
    }
    Ok(())
}

/// How the sheets of a pile lie on the paper.
pub(super) fn layout(job: &Job<'_>, letters: &LettersConfig, pile: &Pile) -> Layout {
    job.layout.unwrap_or_else(|| pile.of.profile().map_or(letters.layout, |profile| letters.layout(profile)))
}

/// A pile's batch, with where it goes and whose sheets it holds.
struct Typeset {
    at: usize,
    keys: Vec<JoinKey>,
    path: PathBuf,
    letter: Batch,
    /// Sheets that cannot be printed.
    aside: u64,
}

impl Typeset {
    /// Takes the refused sheets out, and says so on the cover.
    fn set_aside(&mut self, notices: &[Notice]) {
        let refused: HashSet<&str> =
            notices.iter().filter(|n| n.is_refusal()).filter_map(|n| n.serial.as_deref()).collect();
        let (sheets, keys) = (std::mem::take(&mut self.letter.sheets), std::mem::take(&mut self.keys));
        let mut names = Vec::new();
        for (sheet, key) in sheets.into_iter().zip(keys) {
            if refused.contains(sheet.serial.as_str()) {
                names.push(sheet.name);
            } else {
                self.letter.sheets.push(sheet);
                self.keys.push(key);
            }
        }
        self.aside = names.len() as u64;
        if let Some(cover) = &mut self.letter.cover {
            cover.sheets = self.letter.sheets.len();
            let why = Reason::Unprintable.in_french().to_owned();
            cover.without.push(Without { count: names.len(), why, names });
        }
    }
}

/// The typesetter at work on one pile while the next one's envelopes are opened. Dropped, it stops. It has all cores: one
/// for each would print a sixth faster, and take half as much memory again.
struct Press {
    idle: Option<Typesetter>,
    at_work: JoinSet<(Typesetter, Typeset, Result<Vec<u8>, LettersError>)>,
}

impl Press {
    fn new(job: &Job<'_>, fonts: &[PathBuf]) -> Self {
        let typesetter = Typesetter::new(job.program).with_fonts(fonts);
        let typesetter = match &job.template {
            Some(template) => typesetter.with_template(template),
            None => typesetter,
        };
        Self { idle: Some(typesetter), at_work: JoinSet::new() }
    }

    /// Begins with a pile; gives back the one before, when there is one.
    async fn set(&mut self, work: Typeset) -> Result<Option<(Typeset, Vec<u8>)>, PrintError> {
        let done = if self.idle.is_none() { self.next().await? } else { None };
        if let Some(mut typesetter) = self.idle.take() {
            self.at_work.spawn(async move {
                let mut work = work;
                let mut pdf = typesetter.typeset(&work.letter).await;
                // What only the typesetter knows (a project's own faces): one sheet must not keep the class from being
                // printed.
                if let Err(LettersError::Typeset(TypesetError::Unprintable { notices })) = &pdf {
                    work.set_aside(notices);
                    if !work.letter.sheets.is_empty() {
                        pdf = typesetter.typeset(&work.letter).await;
                    }
                }
                (typesetter, work, pdf)
            });
        }
        Ok(done)
    }

    /// Waits for the next pile that is done; `None` when none is at work.
    async fn next(&mut self) -> Result<Option<(Typeset, Vec<u8>)>, PrintError> {
        let Some(done) = self.at_work.join_next().await else { return Ok(None) };
        let (typesetter, work, pdf) = done.map_err(|e| PrintError::Stopped(e.to_string()))?;
        self.idle = Some(typesetter);
        // Nobody of the pile is left: there is no file.
        let pdf = if work.letter.sheets.is_empty() { Vec::new() } else { pdf? };
        Ok(Some((work, pdf)))
    }

    async fn finish(self) {
        if let Some(typesetter) = self.idle {
            typesetter.finish().await;
        }
    }
}

/// What was set goes to its file, into the print register and onto the trail.
pub(super) struct Ledger<'a> {
    pub store: &'a Store,
    pub trail: &'a Trail,
    pub batch: &'a PrintBatch,
    pub job: &'a Job<'a>,
    pub files: Vec<(usize, PrintedFile)>,
    /// Sheets that could not be printed.
    pub aside: u64,
}

impl Ledger<'_> {
    async fn keep(
        &mut self,
        (Typeset { at, keys, path, letter, aside }, pdf): (Typeset, Vec<u8>),
    ) -> Result<(), PrintError> {
        self.aside += aside;
        if letter.sheets.is_empty() {
            return Ok(());
        }
        self.job.write(&path, &pdf)?;
        if letter.layout == Layout::List {
            self.file(at, path, &letter);
            return Ok(());
        }
        let sheets: Vec<PrintedSheet> = letter
            .sheets
            .iter()
            .zip(keys)
            .map(|(sheet, join_key)| PrintedSheet {
                serial: sheet.serial.clone(),
                join_key,
                profile: sheet.profile,
                school: letter.school.uai.clone(),
                class: sheet.class.clone(),
                file: path.display().to_string(),
            })
            .collect();
        self.enter(&sheets).await?;
        self.file(at, path, &letter);
        Ok(())
    }

    /// Enters sheets whose file is on the disk.
    pub async fn enter(&self, sheets: &[PrintedSheet]) -> Result<(), PrintError> {
        let events = sheets.iter().map(|sheet| {
            let mut said = serde_json::json!({ "batch": self.batch.id, "serial": sheet.serial, "school": sheet.school,
                "class": sheet.class, "file": sheet.file });
            if let (Some(shop), Some(said)) = (self.job.shop, said.as_object_mut()) {
                said.insert("shop".to_owned(), shop.name().into());
            }
            (Kind::Printed, Some(&sheet.join_key), said)
        });
        self.store.note_printed(self.batch, sheets, self.trail.events(events)?).await?;
        Ok(())
    }

    fn file(&mut self, at: usize, path: PathBuf, letter: &Batch) {
        let file = PrintedFile {
            path,
            school: Some(letter.school.uai.clone()),
            profile: letter.profile,
            class: letter.class.clone(),
            sheets: letter.sheets.len() as u64,
        };
        self.files.push((at, file));
    }
}

fn digest(template: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(template.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}
