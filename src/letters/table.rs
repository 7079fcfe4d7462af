//! Tables instead of PDF files: one row per sheet for a mail merge, with what is printed on it; address labels, with
//! nothing secret.
//!
//! A table for mail merge is a printing like any other: the same people, the same openings and their limit, the same
//! register and trail. Labels are a list: they open nothing, and are in no register.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use zeroize::Zeroizing;

use super::LettersError;
use super::inquiry::Population;
use super::pile::PileRun;
use super::run::{Job, Ledger, PrintError, Printed, PrintedFile, new_batch, reserve};
use super::select::PileOf;
use super::sheet::{Child, Sheet};
use super::texts::Languages;
use crate::audit::Trail;
use crate::config::{Config, Layout};
use crate::progress::Progress;
use crate::roster::{HouseholdId, JoinKey, PersonId, Profile, StructureId, households};
use crate::spreadsheet::{cell, writer};
use crate::store::{PrintedSheet, Store};

/// Lines of an address under the name that have a column of their own; what is beyond goes into the last.
const LINES: usize = 6;

/// The first cells of a table for mail merge, by which `shred` knows it again, however a spreadsheet has saved it since.
pub(super) const MERGE_BEGINS: &[u8] = b"lot;fiche;UAI;";

const MERGE: [&str; 15 + LINES] = [
    "lot",
    "fiche",
    "UAI",
    "établissement",
    "classe",
    "profil",
    "sorte",
    "civilité",
    "nom",
    "identifiant",
    "mot de passe",
    "adresse de connexion",
    "valable jusqu'au",
    "enfants",
    "destinataire",
    "adresse 1",
    "adresse 2",
    "adresse 3",
    "adresse 4",
    "adresse 5",
    "adresse 6",
];

const LABELS: [&str; 7 + LINES] = [
    "UAI",
    "établissement",
    "classe",
    "profil",
    "destinataire",
    "adresse 1",
    "adresse 2",
    "adresse 3",
    "adresse 4",
    "adresse 5",
    "adresse 6",
    "fiches",
    "personnes",
];

/// One sheet of a table, with its school.
struct Row {
    uai: String,
    school: String,
    key: JoinKey,
    sheet: Sheet,
}

/// Writes the sheets of a run as one table, `job.out`: with a row for each, opened as for printing.
///
/// # Errors
/// As [`print`](super::print); and when a spreadsheet would change a login or a password. Nothing is written then.
pub async fn merge(
    store: &Store,
    config: &Config,
    job: Job<'_>,
    trail: &Trail,
    progress: &dyn Progress,
) -> Result<Printed, PrintError> {
    if config.letters.login_url.is_empty() {
        return Err(PrintError::NoLoginUrl);
    }
    // Whatever lies on paper otherwise, a table has the password.
    let job = &Job { layout: Some(Layout::Letter), ..job };
    let languages = Languages::load(&config.letters)?;
    let population = Population::read(store, config, &job.inquiry).await?;
    let spoken = languages.spoken(&population.roster);
    let piles = population.piles();
    progress.begin("letters", Some(piles.iter().map(|p| p.people.len() as u64).sum()));
    let batch = new_batch(job);
    reserve(&population, job, trail, &piles, &batch).await?;
    let run = PileRun {
        population: &population,
        config,
        languages: &languages,
        spoken: &spoken,
        logo: None,
        job,
        batch: &batch.id,
    };
    let (mut rows, mut without, mut elsewhere) = (Vec::new(), BTreeMap::new(), Vec::new());
    for pile in &piles {
        let material = run.material(store, pile).await?;
        let mut laid = run.sheets(pile, &material, trail)?;
        for (why, people) in &laid.without {
            *without.entry(why.name()).or_default() += people.len() as u64;
        }
        elsewhere.append(&mut laid.elsewhere);
        let (uai, school) = school(&population, pile.school);
        let sheets = laid.keys.into_iter().zip(laid.sheets);
        rows.extend(sheets.map(|(key, sheet)| Row { uai: uai.clone(), school: school.clone(), key, sheet }));
        progress.advance(pile.people.len() as u64);
    }
    // Opening is on record, on the disk, before anything is shown.
    trail.flush().await?;
    let mut printed = Printed { batch: batch.id.clone(), files: Vec::new(), without, elsewhere };
    if rows.is_empty() {
        return Ok(printed);
    }
    for Row { sheet, key, .. } in &rows {
        let exact = |text: &str| cell(text) == text;
        if !exact(&sheet.login) || !sheet.secret.as_ref().is_none_or(|secret| exact(secret.expose())) {
            return Err(PrintError::Formula { person: key.clone() });
        }
    }
    let path = std::path::absolute(job.out).unwrap_or_else(|_| job.out.to_owned());
    let table = in_memory(&path, |out| write_merge(out, &rows, &batch.id, &config.letters.login_url))?;
    job.write(&path, &table)?;
    let sheets: Vec<PrintedSheet> = rows
        .iter()
        .map(|row| PrintedSheet {
            serial: row.sheet.serial.clone(),
            join_key: row.key.clone(),
            profile: row.sheet.profile,
            school: row.uai.clone(),
            class: row.sheet.class.clone(),
            file: path.display().to_string(),
        })
        .collect();
    Ledger { store, trail, batch: &batch, job, files: Vec::new(), aside: 0 }.enter(&sheets).await?;
    trail.flush().await?;
    let first = rows.first().map(|row| row.uai.clone());
    let one_school = first.filter(|uai| rows.iter().all(|row| row.uai == *uai));
    printed.files.push(PrintedFile { path, school: one_school, profile: None, class: None, sheets: rows.len() as u64 });
    Ok(printed)
}

/// What labels were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Labels {
    /// None when nobody gets a sheet.
    pub file: Option<PathBuf>,
    pub labels: u64,
    /// Sheets that they are for: more than labels where a household has one.
    pub sheets: u64,
    /// Labels with a name and nothing else.
    pub without_address: u64,
}

/// One label.
struct Label {
    uai: String,
    school: String,
    class: Option<String>,
    /// Of all whom it is for, when it is one.
    profile: Option<Profile>,
    addressees: Vec<String>,
    /// Under the name.
    lines: Vec<String>,
    people: Vec<String>,
}

/// Writes an address label for each sheet, or by household for each address in a household, into `job.out`. Needs no key.
///
/// # Errors
/// When the store fails, nobody is in the school or class, or the file cannot be written.
pub async fn labels(store: &Store, config: &Config, job: &Job<'_>) -> Result<Labels, PrintError> {
    let languages = Languages::load(&config.letters)?;
    let population = Population::read(store, config, &job.inquiry).await?;
    let spoken = languages.spoken(&population.roster);
    let homes = households(&population.roster);
    let run =
        PileRun { population: &population, config, languages: &languages, spoken: &spoken, logo: None, job, batch: "" };
    let mut labels: Vec<Label> = Vec::new();
    for pile in population.piles() {
        let material = run.material(store, &pile).await?;
        let (uai, school) = school(&population, pile.school);
        let together = matches!(pile.of, PileOf::Households(_));
        let home = |id: PersonId| homes.of(id).unwrap_or(HouseholdId(id));
        let addressees = run.addressees(&pile, &material);
        for family in addressees.chunk_by(|(a, _), (b, _)| together && home(*a) == home(*b)) {
            labels.extend(of_family(family.iter().map(|(_, sheet)| sheet), &uai, &school));
        }
    }
    let mut done = Labels {
        file: None,
        labels: labels.len() as u64,
        sheets: labels.iter().map(|label| label.people.len() as u64).sum(),
        without_address: labels.iter().filter(|label| label.lines.is_empty()).count() as u64,
    };
    if !labels.is_empty() {
        let path = std::path::absolute(job.out).unwrap_or_else(|_| job.out.to_owned());
        job.write(&path, &in_memory(&path, |out| write_labels(out, &labels))?)?;
        done.file = Some(path);
    }
    Ok(done)
}

/// The labels of people who get their sheets together: one for each address; who has none goes with the first.
fn of_family<'s>(sheets: impl Iterator<Item = &'s Sheet>, uai: &str, school: &str) -> Vec<Label> {
    let mut labels: Vec<Label> = Vec::new();
    for sheet in sheets {
        let lines = sheet.address.get(1..).unwrap_or_default();
        let name = sheet.civility.map_or_else(|| sheet.name.clone(), |c| format!("{} {}", c.as_str(), sheet.name));
        let same = labels.iter_mut().find(|label| lines.is_empty() || label.lines == lines);
        if let Some(label) = same {
            // Children are in the envelope of the adults; they are named on it where there is no adult.
            if sheet.profile == Profile::Relative || label.profile == Some(Profile::Pupil) {
                label.addressees.push(name);
            }
            label.profile = label.profile.filter(|profile| *profile == sheet.profile);
            label.class = label.class.take().filter(|class| sheet.class.as_ref() == Some(class));
            label.people.push(sheet.name.clone());
        } else {
            labels.push(Label {
                uai: uai.to_owned(),
                school: school.to_owned(),
                class: sheet.class.clone(),
                profile: Some(sheet.profile),
                addressees: vec![name],
                lines: lines.to_vec(),
                people: vec![sheet.name.clone()],
            });
        }
    }
    labels
}

/// UAI and name.
fn school(population: &Population<'_>, school: StructureId) -> (String, String) {
    let structure = population.roster.structure(school);
    structure.map_or_else(Default::default, |s| (s.uai.as_str().to_owned(), s.name.clone()))
}

/// A table as bytes that are wiped afterwards. Measured first: a buffer that grows leaves copies of itself behind.
fn in_memory(
    path: &Path,
    write: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<Zeroizing<Vec<u8>>, LettersError> {
    let failed = |source| LettersError::Write { path: path.to_owned(), source };
    let mut length = Length(0);
    write(&mut length).map_err(failed)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
    write(&mut *bytes).map_err(failed)?;
    Ok(bytes)
}

/// Counts what is written.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_merge(out: &mut dyn Write, rows: &[Row], batch: &str, url: &str) -> io::Result<()> {
    let mut table = writer(out)?;
    table.write_record(MERGE)?;
    for Row { uai, school, sheet, .. } in rows {
        let children: Vec<String> = sheet.children.iter().map(named).collect();
        let sort = match (&sheet.secret, sheet.reminder) {
            (Some(_), _) => "mot de passe",
            (None, true) => "rappel",
            (None, false) => "connexion fédérée",
        };
        let until = sheet.expires.map(|day| day.strftime("%d/%m/%Y").to_string());
        let civility = sheet.civility.map_or("", |civility| civility.as_str());
        let cells = [
            batch,
            &sheet.serial,
            uai,
            school,
            sheet.class.as_deref().unwrap_or_default(),
            french(sheet.profile),
            sort,
            civility,
            &sheet.name,
            &sheet.login,
            sheet.secret.as_ref().map_or("", |secret| secret.expose()),
            url,
            until.as_deref().unwrap_or_default(),
            &children.join(", "),
            sheet.address.first().unwrap_or(&sheet.name),
        ];
        let address = lines(sheet.address.get(1..).unwrap_or_default());
        let cells = cells.into_iter().chain(address.iter().map(String::as_str));
        table.write_record(cells.map(|text| cell(text).into_owned()))?;
    }
    table.flush()
}

fn write_labels(out: &mut dyn Write, labels: &[Label]) -> io::Result<()> {
    let mut table = writer(out)?;
    table.write_record(LABELS)?;
    for label in labels {
        let address = lines(&label.lines);
        let (addressees, people) = (label.addressees.join(" et "), label.people.join(", "));
        let sheets = label.people.len().to_string();
        let cells = [
            label.uai.as_str(),
            &label.school,
            label.class.as_deref().unwrap_or_default(),
            label.profile.map_or("foyer", french),
            &addressees,
        ];
        let cells = cells.into_iter().chain(address.iter().map(String::as_str)).chain([sheets.as_str(), &people]);
        table.write_record(cells.map(|text| cell(text).into_owned()))?;
    }
    table.flush()
}

/// The lines of an address in their columns.
fn lines(block: &[String]) -> [String; LINES] {
    let mut columns: [String; LINES] = Default::default();
    for (at, line) in block.iter().enumerate() {
        if let Some(column) = columns.get_mut(at.min(LINES - 1)) {
            if !column.is_empty() {
                column.push_str(", ");
            }
            column.push_str(line);
        }
    }
    columns
}

/// `Zoé ARNAUD (6A)`, `Malo ARNAUD (Lycée Brizeux, 2nde 3)`.
fn named(child: &Child) -> String {
    let place: Vec<&str> = [child.school.as_deref(), child.class.as_deref()].into_iter().flatten().collect();
    if place.is_empty() { child.name.clone() } else { format!("{} ({})", child.name, place.join(", ")) }
}

const fn french(profile: Profile) -> &'static str {
    match profile {
        Profile::Pupil => "élève",
        Profile::Relative => "responsable",
        Profile::Teacher => "enseignant",
        Profile::Staff => "personnel",
    }
}
