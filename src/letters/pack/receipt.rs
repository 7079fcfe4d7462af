//! Receipts: what a school printed from a pack, signed with the pack's own key. Two lines: what is said, as JSON, and the
//! signature of exactly these bytes.

use std::collections::HashSet;
use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::{Actor, AuditError, Kind, Trail};
use crate::credentials::{Signature, SigningKey, VerifyingKey};
use crate::store::{PackedSheet, PrintBatch, PrintedSheet, ReceiptRow, Store, StoreError};

/// Greater files are none: a serial takes forty bytes.
const LARGEST: u64 = 16 << 20;
const FORM: &str = "rentree-receipt-1";

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    pub pack: String,
    /// SHA-256 of the pack's file.
    pub digest: String,
    /// The print run.
    pub run: String,
    pub printed_at: Timestamp,
    pub printed_by: String,
    /// Version of the program.
    pub program: String,
    pub files: Vec<String>,
    pub serials: Vec<String>,
}

/// What became of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entered {
    pub pack: String,
    pub school: String,
    pub run: String,
    pub sheets: u64,
    /// It was entered before: nothing was done.
    pub again: bool,
    /// Join keys of those whose sheet is dead by now: another password took the place of the one on it, or none.
    pub dead: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    #[error("cannot read the receipt")]
    Read(#[source] std::io::Error),
    #[error("this is no receipt of a print pack")]
    Form,
    #[error("no pack {0} was made here")]
    Unknown(String),
    #[error("the receipt of pack {0} was not signed with the key of that pack: it was forged, or altered on its way")]
    Forged(String),
    #[error("the receipt of pack {pack} names {count} sheets that are not in it")]
    Foreign { pack: String, count: usize },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl ReceiptError {
    /// Whether the receipt is at fault, and nothing of ours.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Form | Self::Unknown(_) | Self::Forged(_) | Self::Foreign { .. })
    }
}

impl Said {
    pub fn signed(&self, key: &SigningKey) -> String {
        // Plain data: it always has a JSON form.
        let said = format!("{FORM} {}", serde_json::to_string(self).unwrap_or_default());
        let signature = key.sign(said.as_bytes());
        format!("{said}\n{signature}\n")
    }

    pub fn read(text: &str) -> Option<(Self, &str, Signature)> {
        let (line, rest) = text.split_once('\n')?;
        let said = serde_json::from_str(line.strip_prefix(FORM)?.trim_start()).ok()?;
        Some((said, line, rest.trim().parse().ok()?))
    }
}

/// Verifies a receipt and enters what was printed into the register and the trail. One that was entered before changes
/// nothing.
///
/// # Errors
/// When it is none, was forged, or is about no pack of this store: an event says so, and nothing is entered.
pub async fn enter(store: &Store, path: &Path, trail: &Trail, now: Timestamp) -> Result<Entered, ReceiptError> {
    let outcome = verified(store, path).await;
    if let Err(error) = &outcome
        && error.is_refusal()
    {
        let said = serde_json::json!({ "file": path, "why": error.to_string() });
        trail.record(Kind::ReceiptRefused, None, said)?;
        trail.flush().await?;
    }
    let (said, school, template, packed) = outcome?;
    let serials: HashSet<&str> = said.serials.iter().map(String::as_str).collect();
    let sheets: Vec<&PackedSheet> = packed.iter().filter(|sheet| serials.contains(sheet.serial.as_str())).collect();
    let dead = store.dead_of_pack(&said.pack).await?;
    let mut entered = Entered {
        pack: said.pack.clone(),
        school: school.clone(),
        run: said.run.clone(),
        sheets: sheets.len() as u64,
        again: false,
        dead: sheets.iter().filter(|s| dead.contains(&s.serial)).map(|s| s.join_key.to_string()).collect(),
    };
    // Where the school printed to says nothing of our own disk, and must not be taken for a place on it.
    let named = said.files.first().and_then(|file| Path::new(file).file_name()).map(|name| name.to_string_lossy());
    let file = format!("(paquet de {school}) {}", named.unwrap_or_default());
    let row = ReceiptRow {
        run: said.run.clone(),
        pack: said.pack.clone(),
        printed_at: said.printed_at.as_millisecond(),
        printed_by: said.printed_by.clone(),
        at: now.as_millisecond(),
        actor: Actor::current().as_str().to_owned(),
    };
    let first = !store.has_receipts(&said.pack).await?;
    let batch = PrintBatch {
        id: said.run.clone(),
        // The clock of the school is not ours: the receipt has what it says.
        at: row.at,
        actor: said.printed_by.clone(),
        selection: serde_json::json!({ "pack": said.pack }).to_string(),
        template,
        reason: (!first).then_some("jam"),
    };
    let printed: Vec<PrintedSheet> = sheets
        .iter()
        .map(|sheet| PrintedSheet {
            serial: sheet.serial.clone(),
            join_key: sheet.join_key.clone(),
            profile: sheet.profile,
            school: school.clone(),
            class: sheet.class.clone(),
            file: file.clone(),
        })
        .collect();
    let about = serde_json::json!({ "pack": said.pack, "school": school, "run": said.run, "by": said.printed_by,
        "sheets": printed.len() });
    let sheets = printed.iter().map(|sheet| {
        let about = serde_json::json!({ "batch": said.run, "pack": said.pack, "serial": sheet.serial,
            "school": sheet.school, "class": sheet.class });
        (Kind::Printed, Some(&sheet.join_key), about)
    });
    let events = trail.events(std::iter::once((Kind::ReceiptEntered, None, about)).chain(sheets))?;
    entered.again = !store.enter_receipt(&row, &batch, &printed, events).await?;
    Ok(entered)
}

/// Gives up a pack whose receipt will not come: its sheets may be printed otherwise; `false` when none of this name waits.
///
/// # Errors
/// When the store fails.
pub async fn give_up(store: &Store, pack: &str, trail: &Trail, now: Timestamp) -> Result<bool, AuditError> {
    let said = serde_json::json!({ "pack": pack });
    Ok(store.cancel_pack(pack, now, trail.events([(Kind::PackCancelled, None, said)])?).await?)
}

/// What it says, with the school, the template and the sheets of its pack.
async fn verified(
    store: &Store,
    path: &Path,
) -> Result<(Said, String, Option<String>, Vec<PackedSheet>), ReceiptError> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(ReceiptError::Read)?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(ReceiptError::Read)?;
    if bytes.len() as u64 > LARGEST {
        return Err(ReceiptError::Form);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| ReceiptError::Form)?;
    let (said, line, signature) = Said::read(text).ok_or(ReceiptError::Form)?;
    let unknown = || ReceiptError::Unknown(said.pack.clone());
    let (row, sheets) = store.pack(&said.pack).await?.ok_or_else(unknown)?;
    let forged = || ReceiptError::Forged(said.pack.clone());
    let key: VerifyingKey = row.public_key.parse().map_err(|_| forged())?;
    if !key.verifies(line.as_bytes(), &signature) || row.digest != said.digest {
        return Err(forged());
    }
    let known: HashSet<&str> = sheets.iter().map(|sheet| sheet.serial.as_str()).collect();
    let count = said.serials.iter().filter(|serial| !known.contains(serial.as_str())).count();
    if count > 0 {
        return Err(ReceiptError::Foreign { pack: said.pack, count });
    }
    Ok((said, row.school, row.template, sheets))
}
