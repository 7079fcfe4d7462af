//! Printing a pack in the school: no store, no directory, no configuration.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

use super::receipt::Said;
use super::{OpenedPack, PackError, PackedPile};
use crate::audit::Actor;
use crate::credentials::{PrintKey, SigningKey};
use crate::letters::run::PrintedFile;
use crate::letters::sheet::Batch;
use crate::letters::{LettersError, Typesetter, write_private};
use crate::progress::Progress;

/// What is asked of a print run in the school.
#[derive(Debug)]
pub struct PackJob<'a> {
    pub key: &'a PrintKey,
    /// Folder of the PDF files and the receipt.
    pub out: &'a Path,
    /// This very program, which answers the hidden typesetting verb.
    pub program: &'a Path,
    pub now: Timestamp,
    pub today: Date,
}

/// What was printed.
#[derive(Debug, Serialize)]
pub struct PackPrinted {
    pub pack: String,
    pub school: String,
    pub files: Vec<PrintedFile>,
    /// Sheets left out because their password is over.
    pub over: u64,
    /// To be sent back.
    pub receipt: PathBuf,
}

/// Prints a pack, and writes the receipt.
///
/// # Errors
/// When every password in it is over, an envelope does not belong to its sheet, or typesetting fails: files written
/// before stay, without a receipt.
pub async fn print_pack(
    opened: OpenedPack,
    job: &PackJob<'_>,
    progress: &dyn Progress,
) -> Result<PackPrinted, PackError> {
    let OpenedPack { pack, digest } = opened;
    // Fonts are no secret, and the child reads files.
    let folder = tempfile::Builder::new().prefix("rentree-").tempdir().map_err(PackError::Fonts)?;
    let mut fonts = Vec::new();
    for (n, font) in pack.fonts.iter().enumerate() {
        let bytes = STANDARD.decode(font).map_err(|e| PackError::Fonts(std::io::Error::other(e)))?;
        let path = folder.path().join(format!("{n}.ttf"));
        std::fs::File::create(&path).and_then(|mut file| file.write_all(&bytes)).map_err(PackError::Fonts)?;
        fonts.push(path);
    }
    let mut typesetter = Typesetter::new(job.program).with_fonts(&fonts);
    if let Some(template) = &pack.template {
        typesetter = typesetter.with_template(template);
    }
    progress.begin("letters", Some(pack.piles.iter().map(|pile| pile.letter.sheets.len() as u64).sum()));
    let (mut files, mut serials, mut over, mut last) = (Vec::new(), Vec::new(), 0, None);
    // Every envelope is opened and checked before the first file is written: one that does not belong leaves no sheets
    // that no receipt tells of.
    let mut letters = Vec::new();
    for pile in pack.piles {
        let before = pile.letter.sheets.len() as u64;
        let (name, letter, ended) = filled(pile, job)?;
        last = last.max(ended);
        over += before - letter.sheets.len() as u64;
        if !letter.sheets.is_empty() {
            letters.push((name, letter));
        }
    }
    if letters.is_empty() {
        return Err(last.map_or(PackError::Empty, |day| PackError::Expired { day }));
    }
    for (name, letter) in letters {
        progress.advance(letter.sheets.len() as u64);
        let path = job.out.join(&name);
        let pdf = typesetter.typeset(&letter).await?;
        write_private(&path, &pdf)?;
        serials.extend(letter.sheets.iter().map(|sheet| sheet.serial.clone()));
        files.push(PrintedFile {
            path,
            school: Some(letter.school.uai.clone()),
            profile: letter.profile,
            class: letter.class.clone(),
            sheets: letter.sheets.len() as u64,
        });
    }
    typesetter.finish().await;
    let said = Said {
        pack: pack.id.clone(),
        digest,
        run: Uuid::now_v7().to_string(),
        printed_at: job.now,
        printed_by: Actor::current().as_str().to_owned(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        files: files.iter().map(|file| file.path.display().to_string()).collect(),
        serials,
    };
    let key = SigningKey::parse(pack.signing_key.expose()).map_err(|e| PackError::Stopped(e.to_string()))?;
    let short: String = said.run.chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
    let receipt = job.out.join(format!("recu_{}_{short}.txt", pack.school));
    write_private(&receipt, said.signed(&key).as_bytes())?;
    Ok(PackPrinted { pack: pack.id, school: pack.school, files, over, receipt })
}

/// The pile with its passwords, without the sheets whose password is over; the last day of those.
fn filled(pile: PackedPile, job: &PackJob<'_>) -> Result<(String, Batch, Option<Date>), PackError> {
    let PackedPile { file, mut letter, envelopes } = pile;
    let mut last = None;
    let mut sheets = Vec::with_capacity(letter.sheets.len());
    for (mut sheet, envelope) in std::mem::take(&mut letter.sheets).into_iter().zip(envelopes) {
        if let Some(day) = sheet.expires.filter(|day| *day < job.today) {
            last = last.max(Some(day));
            continue;
        }
        if let Some(envelope) = envelope {
            let secret = envelope.secret(&sheet.login, &sheet.serial, job.key);
            sheet.secret = Some(secret.map_err(|source| PackError::Envelope { login: sheet.login.clone(), source })?);
        }
        sheets.push(sheet);
    }
    letter.sheets = sheets;
    if let Some(cover) = &mut letter.cover {
        cover.sheets = letter.sheets.len();
    }
    // The name comes from the pack: it stays in the folder.
    let plain = Path::new(&file).file_name().is_some_and(|name| name == file.as_str());
    if !plain || file.starts_with('.') {
        let path = PathBuf::from(&file);
        return Err(PackError::Letters(LettersError::Write {
            path,
            source: std::io::Error::from(std::io::ErrorKind::InvalidFilename),
        }));
    }
    Ok((file, letter, last))
}
