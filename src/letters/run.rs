//! A print run: the piles, their envelopes opened, typeset in the child, written 0600, entered in the ledger.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
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
    let roster = image::roster(store, config, &[]).await?;
    let accounts = store.accounts().await?;
    let logins: HashMap<JoinKey, Login> =
        store.names().await?.into_iter().map(|row| (row.join_key, row.login)).collect();
    let printed_before: HashSet<JoinKey> = if job.only_new { store.printed_before().await? } else { HashSet::new() };
    let may = |person: &Person| {
        accounts.get(&person.key).is_some_and(|a| a.stage == Stage::Present) && !printed_before.contains(&person.key)
    };
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
    let mut typesetter = Typesetter::new(job.program);
    if let Some(template) = &job.template {
        typesetter = typesetter.with_template(template);
    }
    let mut names = FileNames::default();
    let mut printed = Printed { batch: batch.id.clone(), files: Vec::new(), without: HashMap::new() };
    for pile in &piles {
        let run = PileRun { roster: &roster, logins: &logins, config, job, batch: &batch.id };
        let envelopes = run.envelopes(store, pile).await?;
        let (sheets, keys) = run.sheets(pile, &envelopes, trail, &mut printed.without)?;
        progress.advance(pile.persons.len() as u64);
        if sheets.is_empty() {
            continue;
        }
        // Opening is on record, on the disk, before anything is shown.
        trail.flush().await?;
        let Some(letter) = run.batch(pile, sheets) else { continue };
        let pdf = typesetter.typeset(&letter).await?;
        let path = job.out.join(names.name(&letter));
        write_private(&path, &pdf)?;
        let school = letter.school.uai.clone();
        let sheets: Vec<PrintedSheet> = letter
            .sheets
            .iter()
            .zip(keys)
            .map(|(sheet, join_key)| PrintedSheet {
                serial: sheet.serial.clone(),
                join_key,
                profile: pile.profile,
                school: school.clone(),
                class: letter.class.clone(),
                file: path.display().to_string(),
            })
            .collect();
        store.note_printed(&batch, &sheets).await?;
        for sheet in &sheets {
            trail.record(
                Kind::Printed,
                Some(&sheet.join_key),
                serde_json::json!({ "batch": batch.id, "serial": sheet.serial, "school": sheet.school,
                    "class": sheet.class, "file": sheet.file }),
            )?;
        }
        printed.files.push(PrintedFile {
            path,
            school,
            profile: pile.profile,
            class: letter.class.clone(),
            sheets: sheets.len() as u64,
        });
    }
    typesetter.finish().await;
    trail.flush().await?;
    Ok(printed)
}

/// One pile on its way to paper.
struct PileRun<'a> {
    roster: &'a Roster,
    logins: &'a HashMap<JoinKey, Login>,
    config: &'a Config,
    job: &'a Job<'a>,
    batch: &'a str,
}

impl PileRun<'_> {
    async fn envelopes(&self, store: &Store, pile: &Pile) -> Result<HashMap<JoinKey, SealedEnvelope>, PrintError> {
        let keys: Vec<JoinKey> =
            pile.persons.iter().filter_map(|id| self.roster.person(*id)).map(|p| p.key.clone()).collect();
        let envelopes = store.live_envelopes(&keys).await?;
        Ok(envelopes.into_iter().map(|e| (e.label.join_key.clone(), e)).collect())
    }

    /// Opens and lays out the data of a pile. People without an envelope are counted, with the reason.
    fn sheets(
        &self,
        pile: &Pile,
        envelopes: &HashMap<JoinKey, SealedEnvelope>,
        trail: &Trail,
        without: &mut HashMap<&'static str, u64>,
    ) -> Result<(Vec<Sheet>, Vec<JoinKey>), PrintError> {
        let mode = self.config.credentials.of(pile.profile).mode;
        let (mut sheets, mut keys) = (Vec::new(), Vec::new());
        for &id in &pile.persons {
            let Some(person) = self.roster.person(id) else { continue };
            let (serial, login, secret) = match (mode, envelopes.get(&person.key)) {
                (Mode::Bind, Some(envelope)) => {
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
                (Mode::Bind, None) => {
                    *without.entry("no_envelope").or_default() += 1;
                    continue;
                }
                (Mode::Federated, _) => {
                    let Some(login) = self.logins.get(&person.key) else { continue };
                    (Uuid::now_v7().to_string(), login.as_str().to_owned(), None)
                }
            };
            let children = children_of(self.roster, id)
                .into_iter()
                .filter(|(_, school, _)| *school == pile.school)
                .map(|(child, _, class)| Child { name: child.name.display(), class: class.map(Into::into) })
                .collect();
            let name = person.name.display();
            let addressed = person.civility.map_or_else(|| name.clone(), |c| format!("{} {name}", c.written()));
            sheets.push(Sheet {
                serial,
                profile: person.profile,
                civility: person.civility,
                address: person.contact.address.as_ref().map(|a| address_block(&addressed, a)).unwrap_or_default(),
                name,
                login,
                mode,
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
