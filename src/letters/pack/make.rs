//! Making a pack: what `letters` would print for a school, without opening anything.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use uuid::Uuid;

use super::{Pack, Packed, PackedPile, digest};
use crate::audit::{Actor, Kind, Trail};
use crate::config::{Config, Layout};
use crate::credentials::{SigningKey, parse_recipient, seal_bytes};
use crate::feed::values::Uai;
use crate::letters::files::{FileNames, write_private};
use crate::letters::inquiry::Population;
use crate::letters::logo::Logo;
use crate::letters::pile::PileRun;
use crate::letters::run::{Job, PrintError, reserve};
use crate::letters::sheet::Secret;
use crate::letters::texts::Languages;
use crate::progress::Progress;
use crate::store::{PackRow, PackedSheet, PrintBatch, Store};

/// A pack that was made.
#[derive(Debug, Clone, Serialize)]
pub struct Made {
    pub pack: String,
    pub file: std::path::PathBuf,
    pub school: String,
    pub sheets: u64,
    /// Of these, with a password.
    pub secrets: u64,
    /// People of the selection without a sheet, by [`Reason::name`](crate::letters::Reason::name).
    pub without: BTreeMap<&'static str, u64>,
}

/// Makes a pack of what `job` asks for, in the school `uai`, at `job.out`.
///
/// # Errors
/// When the school has no key of its own, the store fails, or too many envelopes were asked for within an hour.
pub async fn make(
    store: &Store,
    config: &Config,
    job: &Job<'_>,
    uai: &Uai,
    trail: &Trail,
    progress: &dyn Progress,
) -> Result<Made, PrintError> {
    let letters = &config.letters;
    if letters.login_url.is_empty() {
        return Err(PrintError::NoLoginUrl);
    }
    let no_key = || PrintError::NoSchoolKey { uai: uai.to_string() };
    let own = letters.school(uai.as_str()).map(|school| &school.recipients).filter(|own| !own.is_empty());
    let recipients = own.ok_or_else(no_key)?.iter().map(|text| parse_recipient(text));
    let recipients = recipients.collect::<Result<Vec<_>, _>>().map_err(|_| no_key())?;
    let languages = Languages::load(letters)?;
    let logo = letters.logo.as_deref().map(Logo::read).transpose()?;
    let fonts = letters.fonts.iter().map(|path| Ok(STANDARD.encode(std::fs::read(path)?))).collect::<Result<_, _>>();
    let population = Population::read(store, config, &job.inquiry).await?;
    let spoken = languages.spoken(&population.roster);
    let piles = population.piles();
    progress.begin("letters", Some(piles.iter().map(|pile| pile.people.len() as u64).sum()));
    let id = Uuid::now_v7().to_string();
    let batch = PrintBatch {
        id: id.clone(),
        at: job.now.as_millisecond(),
        actor: Actor::current().as_str().to_owned(),
        selection: serde_json::to_string(&job.inquiry.selection).unwrap_or_default(),
        template: job.template.as_deref().map(|template| digest(template.as_bytes())),
        reason: None,
    };
    // Who has the school's key opens them all: they count as if they were opened here.
    reserve(&population, job, trail, &piles, &batch).await?;
    let run = PileRun {
        population: &population,
        config,
        languages: &languages,
        spoken: &spoken,
        logo: logo.as_ref(),
        job,
        batch: &id,
    };
    let (mut names, mut without) = (FileNames::default(), BTreeMap::new());
    let (mut packed, mut sheets, mut secrets) = (Vec::new(), Vec::new(), 0);
    for pile in &piles {
        // A list has nothing to open: it is printed at home.
        if run.layout(pile) == Layout::List {
            continue;
        }
        let material = run.material(store, pile).await?;
        let laid = run.sealed(pile, &material)?;
        for (why, people) in &laid.without {
            *without.entry(why.name()).or_default() += people.len() as u64;
        }
        progress.advance(pile.people.len() as u64);
        if laid.sheets.is_empty() {
            continue;
        }
        let envelopes: Vec<Option<Packed>> = laid
            .sheets
            .iter()
            .zip(&laid.keys)
            .map(|(sheet, key)| {
                material.envelope(key).filter(|e| e.label.serial.to_string() == sheet.serial).map(Packed::of)
            })
            .collect();
        secrets += envelopes.iter().flatten().count() as u64;
        sheets.extend(laid.sheets.iter().zip(&laid.keys).map(|(sheet, key)| PackedSheet {
            serial: sheet.serial.clone(),
            join_key: key.clone(),
            profile: sheet.profile,
            class: sheet.class.clone(),
        }));
        let Some(letter) = run.batch(pile, laid.sheets, &laid.without) else { continue };
        packed.push(PackedPile { file: names.name(&letter), letter, envelopes });
    }
    let key = SigningKey::generate().map_err(|e| PrintError::Stopped(e.to_string()))?;
    let pack = Pack {
        id: id.clone(),
        school: uai.to_string(),
        made: job.inquiry.today,
        signing_key: Secret::new(key.to_line().to_string()),
        template: job.template.clone(),
        fonts: fonts.map_err(|e: std::io::Error| PrintError::Stopped(format!("letters.fonts: {e}")))?,
        piles: packed,
    };
    let bytes = pack.to_bytes().map_err(|e| PrintError::Stopped(e.to_string()))?;
    let sealed = seal_bytes(&recipients, &bytes).map_err(PrintError::Pack)?;
    let made = Made {
        pack: id.clone(),
        file: job.out.to_owned(),
        school: uai.to_string(),
        sheets: sheets.len() as u64,
        secrets,
        without,
    };
    if sheets.is_empty() {
        return Ok(made);
    }
    // In the store and on the trail before there is a file that could be handed out.
    let row = PackRow {
        id: batch.id,
        school: uai.to_string(),
        at: batch.at,
        actor: batch.actor,
        digest: digest(&sealed),
        public_key: key.public().to_string(),
        selection: batch.selection,
        template: batch.template,
    };
    let said = serde_json::json!({
        "pack": row.id, "school": row.school, "sheets": made.sheets, "secrets": secrets, "digest": row.digest,
    });
    let packed = sheets.iter().map(|sheet| {
        let said = serde_json::json!({ "pack": row.id, "serial": sheet.serial, "school": row.school });
        (Kind::SheetPacked, Some(&sheet.join_key), said)
    });
    let events = trail.events(std::iter::once((Kind::PackMade, None, said)).chain(packed))?;
    store.note_pack(&row, &sheets, events).await?;
    write_private(Path::new(job.out), &sealed)?;
    Ok(made)
}
