//! A print run: the piles, their envelopes opened, typeset in the child, written 0600, entered in the ledger.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::select::{Pile, Selection, children_of, piles};
use super::{Batch, Child, FileNames, LettersError, School, Secret, Sheet, Typesetter, address_block, write_private};
use crate::audit::{Actor, AuditError, Kind, Trail};
use crate::config::{Config, Mode};
use crate::credentials::{EnvelopeError, PrintKey, SealedEnvelope};
use crate::image::{self, ImageError};
use crate::naming::Login;
use crate::progress::Progress;
use crate::roster::{JoinKey, Person, Profile, Roster};
use crate::store::{PrintBatch, PrintedSheet, Stage, Store, StoreError};

/// What is asked of a print run.
pub struct Job<'a> {
    pub selection: Selection,
    /// Only people who never got a sheet (of their present credential).
    pub only_new: bool,
    /// Folder of the PDF files.
    pub out: &'a Path,
    pub keys: &'a [PrintKey],
    /// This very program, which answers the hidden typesetting verb.
    pub program: &'a Path,
    /// Text of the project's own template.
    pub template: Option<String>,
    pub today: jiff::civil::Date,
    pub now: jiff::Timestamp,
}

/// What was printed.
#[derive(Debug, Clone, Serialize)]
pub struct Printed {
    pub batch: String,
    pub files: Vec<PrintedFile>,
    /// People of the selection without a sheet, by reason.
    pub without: HashMap<&'static str, u64>,
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
    pub school: String,
    pub profile: Profile,
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
    #[error("letters.login_url is not configured: the sheets would not say where to connect")]
    NoLoginUrl,
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
    let printed_before =
        async { if job.only_new { Ok(store.printed_before().await?) } else { Ok::<_, PrintError>(HashSet::new()) } };
    let (roster, present, printed_before) = tokio::try_join!(
        async { Ok(image::roster(store, config, &[], job.today).await?) },
        async { Ok(store.accounts_at(Stage::Present).await?) },
        printed_before,
    )?;
    let may = |person: &Person| present.contains(&person.key) && !printed_before.contains(&person.key);
    let piles = piles(&roster, &job.selection, &may);
    let total: u64 = piles.iter().map(|p| p.persons.len() as u64).sum();
    progress.begin("letters", Some(total));

    let actor = Actor::current();
    let batch = PrintBatch {
        id: Uuid::now_v7().to_string(),
        at: job.now.as_millisecond(),
        actor: actor.as_str().to_owned(),
        selection: serde_json::to_string(&job.selection).unwrap_or_default(),
        template: job.template.as_deref().map(digest),
    };
    let mut ledger = Ledger { store, trail, batch: &batch, files: Vec::new() };
    let mut press = Press::new(job, piles.len());
    let mut names = FileNames::default();
    let mut without = HashMap::new();
    for (at, pile) in piles.iter().enumerate() {
        let run = PileRun { roster: &roster, config, job, batch: &batch.id };
        let material = run.material(store, pile).await?;
        let (sheets, keys) = run.sheets(pile, &material, trail, &mut without)?;
        progress.advance(pile.persons.len() as u64);
        if sheets.is_empty() {
            continue;
        }
        // Opening is on record, on the disk, before anything is shown.
        trail.flush().await?;
        let Some(letter) = run.batch(pile, sheets) else { continue };
        let path = job.out.join(names.name(&letter));
        if let Some(set) = press.set(Typeset { at, keys, path, letter }).await? {
            ledger.keep(set).await?;
        }
    }
    while let Some(set) = press.next().await? {
        ledger.keep(set).await?;
    }
    press.finish().await;
    trail.flush().await?;
    ledger.files.sort_by_key(|(at, _)| *at);
    Ok(Printed { batch: batch.id.clone(), files: ledger.files.into_iter().map(|(_, file)| file).collect(), without })
}

/// A pile's batch, with where it goes and whose sheets it holds.
struct Typeset {
    at: usize,
    keys: Vec<JoinKey>,
    path: PathBuf,
    letter: Batch,
}

/// Some typesetters side by side, a pile each. Dropped, it stops those at work.
struct Press {
    idle: Vec<Typesetter>,
    at_work: JoinSet<(Typesetter, Typeset, Result<Vec<u8>, LettersError>)>,
}

/// A typesetter uses several cores for parts of its work only; many of them would only take memory.
const TYPESETTERS: usize = 4;

impl Press {
    fn new(job: &Job<'_>, piles: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let side_by_side = cores.min(piles).clamp(1, TYPESETTERS);
        let typesetter = || {
            let typesetter = Typesetter::new(job.program).with_threads(cores / side_by_side);
            match &job.template {
                Some(template) => typesetter.with_template(template),
                None => typesetter,
            }
        };
        Self { idle: (0..side_by_side).map(|_| typesetter()).collect(), at_work: JoinSet::new() }
    }

    /// Begins with a pile; gives back one that was done when there was no typesetter free.
    async fn set(&mut self, work: Typeset) -> Result<Option<(Typeset, Vec<u8>)>, PrintError> {
        let done = if self.idle.is_empty() { self.next().await? } else { None };
        if let Some(mut typesetter) = self.idle.pop() {
            self.at_work.spawn(async move {
                let pdf = typesetter.typeset(&work.letter).await;
                (typesetter, work, pdf)
            });
        }
        Ok(done)
    }

    /// Waits for the next pile that is done; `None` when none is at work.
    async fn next(&mut self) -> Result<Option<(Typeset, Vec<u8>)>, PrintError> {
        let Some(done) = self.at_work.join_next().await else { return Ok(None) };
        let (typesetter, work, pdf) = done.map_err(|e| PrintError::Stopped(e.to_string()))?;
        self.idle.push(typesetter);
        Ok(Some((work, pdf?)))
    }

    async fn finish(self) {
        for typesetter in self.idle {
            typesetter.finish().await;
        }
    }
}

/// What was set goes to its file, into the print register and onto the trail.
struct Ledger<'a> {
    store: &'a Store,
    trail: &'a Trail,
    batch: &'a PrintBatch,
    files: Vec<(usize, PrintedFile)>,
}

impl Ledger<'_> {
    async fn keep(&mut self, (Typeset { at, keys, path, letter }, pdf): (Typeset, Vec<u8>)) -> Result<(), PrintError> {
        write_private(&path, &pdf)?;
        let sheets: Vec<PrintedSheet> = letter
            .sheets
            .iter()
            .zip(keys)
            .map(|(sheet, join_key)| PrintedSheet {
                serial: sheet.serial.clone(),
                join_key,
                profile: letter.profile,
                school: letter.school.uai.clone(),
                class: letter.class.clone(),
                file: path.display().to_string(),
            })
            .collect();
        self.store.note_printed(self.batch, &sheets).await?;
        for sheet in &sheets {
            self.trail.record(
                Kind::Printed,
                Some(&sheet.join_key),
                serde_json::json!({ "batch": self.batch.id, "serial": sheet.serial, "school": sheet.school,
                    "class": sheet.class, "file": sheet.file }),
            )?;
        }
        self.files.push((
            at,
            PrintedFile {
                path,
                school: letter.school.uai.clone(),
                profile: letter.profile,
                class: letter.class.clone(),
                sheets: sheets.len() as u64,
            },
        ));
        Ok(())
    }
}

/// What the store gives for a pile.
struct Material {
    envelopes: HashMap<JoinKey, SealedEnvelope>,
    /// For sheets without a secret, which say the login all the same.
    logins: HashMap<JoinKey, Login>,
}

/// One pile on its way to paper.
struct PileRun<'a> {
    roster: &'a Roster,
    config: &'a Config,
    job: &'a Job<'a>,
    batch: &'a str,
}

impl PileRun<'_> {
    async fn material(&self, store: &Store, pile: &Pile) -> Result<Material, PrintError> {
        let keys: Vec<JoinKey> =
            pile.persons.iter().filter_map(|id| self.roster.person(*id)).map(|p| p.key.clone()).collect();
        let (mut envelopes, mut logins) = (Vec::new(), HashMap::new());
        match self.config.credentials.of(pile.profile).mode {
            Mode::Bind | Mode::Portal => envelopes = store.live_envelopes(&keys).await?,
            Mode::Federated => logins = store.logins(&keys).await?,
        }
        Ok(Material { envelopes: envelopes.into_iter().map(|e| (e.holder.clone(), e)).collect(), logins })
    }

    /// Opens and lays out the data of a pile. People without an envelope are counted, with the reason.
    fn sheets(
        &self,
        pile: &Pile,
        material: &Material,
        trail: &Trail,
        without: &mut HashMap<&'static str, u64>,
    ) -> Result<(Vec<Sheet>, Vec<JoinKey>), PrintError> {
        let mode = self.config.credentials.of(pile.profile).mode;
        let (mut sheets, mut keys) = (Vec::new(), Vec::new());
        for &id in &pile.persons {
            let Some(person) = self.roster.person(id) else { continue };
            let (serial, login, secret) = match (mode, material.envelopes.get(&person.key)) {
                (Mode::Bind | Mode::Portal, Some(envelope)) => {
                    let content = envelope
                        .open(self.job.keys)
                        .map_err(|source| PrintError::Envelope { person: person.key.clone(), source })?;
                    let serial = content.label.serial.to_string();
                    trail.record(
                        Kind::EnvelopeOpened,
                        Some(&person.key),
                        serde_json::json!({ "serial": serial, "batch": self.batch }),
                    )?;
                    let secret = Secret::new(content.secret.expose().to_owned());
                    (serial, content.label.login.as_str().to_owned(), Some(secret))
                }
                (Mode::Bind | Mode::Portal, None) => {
                    *without.entry("no_envelope").or_default() += 1;
                    continue;
                }
                (Mode::Federated, _) => {
                    let Some(login) = material.logins.get(&person.key) else { continue };
                    (Uuid::now_v7().to_string(), login.as_str().to_owned(), None)
                }
            };
            let children = children_of(self.roster, id)
                .into_iter()
                .filter(|(_, school, _)| *school == pile.school)
                .map(|(child, _, class)| Child { name: child.name.display(), class: class.map(Into::into) })
                .collect();
            let name = person.name.display();
            let addressed = person.civility.map_or_else(|| name.clone(), |c| format!("{} {name}", c.as_str()));
            sheets.push(Sheet {
                serial,
                profile: person.profile,
                civility: person.civility,
                address: person.contact.address.as_ref().map(|a| address_block(&addressed, a)).unwrap_or_default(),
                name,
                login,
                // Whoever holds the sheet need not know who checks what is on it.
                mode: if mode.issues() { Mode::Bind } else { mode },
                secret,
                class: pile.class.clone().map(Into::into),
                children,
            });
            keys.push(person.key.clone());
        }
        Ok((sheets, keys))
    }

    fn batch(&self, pile: &Pile, sheets: Vec<Sheet>) -> Option<Batch> {
        let structure = self.roster.structure(pile.school)?;
        let letters = &self.config.letters;
        let town = [structure.postal_code.as_deref(), structure.town.as_deref()];
        let town: Vec<&str> = town.into_iter().flatten().collect();
        let lines = [
            structure.street.clone().map(String::from),
            Some(town.join(" ")),
            structure.phone.clone().map(String::from),
        ]
        .into_iter()
        .flatten()
        .filter(|line| !line.is_empty())
        .collect();
        Some(Batch {
            id: self.batch.to_owned(),
            date: self.job.today,
            ent_name: letters.ent_name.clone().unwrap_or_else(|| "ENT".to_owned()),
            login_url: letters.login_url.clone(),
            help: letters.help.clone(),
            federated_text: letters.federated_text.clone(),
            school: School {
                name: structure.name.clone(),
                uai: structure.uai.as_str().to_owned(),
                lines,
                town: structure.town.clone().map(Into::into),
            },
            profile: pile.profile,
            class: pile.class.clone().map(Into::into),
            sheets,
        })
    }
}

fn digest(template: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(template.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}
