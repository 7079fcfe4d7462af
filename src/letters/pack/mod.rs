//! Print packs: what a school prints on its own machine, with its own key, without access to store or directory.
//!
//! A pack is one age file for the keys of one school. In it lie the sheets as data, without a password, and beside each
//! its sealed envelope with what ties it to its account: making a pack opens nothing, and needs no private key. Printing
//! opens each envelope in memory, as at home. A signing key made for this one pack signs the receipts, whose public half
//! stays in the store: what comes back was made by who could open the pack.

mod make;
mod print;
mod receipt;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::Batch;
use super::sheet::Secret;
use crate::credentials::{Binding, EnvelopeError, Label, PrintKey, SealedEnvelope, decrypt, open};
use crate::naming::{Login, Uid};
use crate::roster::JoinKey;

pub use make::{Made, make};
pub use print::{PackJob, PackPrinted, print_pack};
pub use receipt::{Entered, ReceiptError, enter, give_up};

/// Before the JSON, inside the age file.
const MAGIC: &[u8] = b"RENTREE-PACK 1\n";
/// Greater files are none: a school of 5,000 takes some 10 MB.
const LARGEST: u64 = 256 << 20;

/// Everything that a school needs to print.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pack {
    pub id: String,
    /// UAI.
    pub school: String,
    pub made: Date,
    /// The private half of the key that signs receipts.
    pub signing_key: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The project's own fonts, base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fonts: Vec<String>,
    pub piles: Vec<PackedPile>,
}

/// One PDF file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackedPile {
    pub file: String,
    /// Without passwords.
    pub letter: Batch,
    /// As its sheets: none for a sheet without a secret.
    pub envelopes: Vec<Option<Packed>>,
}

/// A sealed envelope, with the row that it belongs to.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Packed {
    uid: String,
    login: String,
    key: String,
    serial: String,
    issued: Date,
    sealed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    binding: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error("cannot read the pack {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} is no pack: it is larger than {} MB", LARGEST >> 20)]
    TooLarge { path: PathBuf },
    #[error("this key does not open the pack {path}: it was made for the key of another school, or for an earlier one")]
    WrongKey { path: PathBuf },
    #[error("{path} is no print pack, or it was damaged on its way; ask for it again")]
    Damaged { path: PathBuf },
    #[error("the pack {path} was made by a later version of this program")]
    Version { path: PathBuf },
    #[error("the passwords of this pack are over since {day}; ask for new ones")]
    Expired { day: Date },
    #[error("no sheet is in this pack; ask for it again")]
    Empty,
    #[error("the envelope of {login} was not sealed for this sheet, or not for this key")]
    Envelope { login: String, source: EnvelopeError },
    #[error(transparent)]
    Letters(#[from] super::LettersError),
    #[error("typesetting stopped: {0}")]
    Stopped(String),
    #[error("cannot use the fonts of the pack")]
    Fonts(#[source] std::io::Error),
}

/// A pack that was opened, with the digest of its file.
pub struct OpenedPack {
    pub(super) pack: Pack,
    pub(super) digest: String,
}

impl fmt::Debug for OpenedPack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenedPack({})", self.pack.id)
    }
}

impl OpenedPack {
    /// Reads a pack and opens it with a school's key.
    ///
    /// # Errors
    /// When the file cannot be read, is no pack, or is for another key.
    pub fn read(path: &Path, key: &PrintKey) -> Result<Self, PackError> {
        let path_buf = || path.to_owned();
        let read = |source| PackError::Read { path: path_buf(), source };
        let file = std::fs::File::open(path).map_err(read)?;
        if file.metadata().map_err(read)?.len() > LARGEST {
            return Err(PackError::TooLarge { path: path_buf() });
        }
        let mut bytes = Vec::new();
        file.take(LARGEST).read_to_end(&mut bytes).map_err(read)?;
        Self::from_bytes(&bytes, key).map_err(|flaw| match flaw {
            Flaw::WrongKey => PackError::WrongKey { path: path_buf() },
            Flaw::Damaged => PackError::Damaged { path: path_buf() },
            Flaw::Version => PackError::Version { path: path_buf() },
        })
    }

    pub(super) fn from_bytes(bytes: &[u8], key: &PrintKey) -> Result<Self, Flaw> {
        let plain = decrypt(std::slice::from_ref(key), bytes).map_err(|e| match e {
            EnvelopeError::WrongKey => Flaw::WrongKey,
            _ => Flaw::Damaged,
        })?;
        Ok(Self { pack: Pack::parse(&plain)?, digest: digest(bytes) })
    }

    #[must_use]
    pub fn school(&self) -> &str {
        &self.pack.school
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.pack.id
    }
}

/// What is wrong with the bytes of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    WrongKey,
    Damaged,
    Version,
}

impl Pack {
    /// What was sealed.
    fn parse(plain: &[u8]) -> Result<Self, Flaw> {
        let Some(text) = plain.strip_prefix(MAGIC) else {
            return Err(if plain.starts_with(b"RENTREE-PACK ") { Flaw::Version } else { Flaw::Damaged });
        };
        // The parser's error may quote what it read: it goes no further.
        let pack: Self = serde_json::from_slice(text).map_err(|_| Flaw::Damaged)?;
        if pack.piles.iter().any(|pile| pile.envelopes.len() != pile.letter.sheets.len()) {
            return Err(Flaw::Damaged);
        }
        Ok(pack)
    }

    /// The bytes that are sealed.
    fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let mut bytes = Zeroizing::new(MAGIC.to_vec());
        serde_json::to_writer(&mut *bytes, self)?;
        Ok(bytes)
    }
}

impl Packed {
    fn of(envelope: &SealedEnvelope) -> Self {
        let label = &envelope.label;
        Self {
            uid: label.uid.as_str().to_owned(),
            login: label.login.as_str().to_owned(),
            key: label.join_key.as_str().to_owned(),
            serial: label.serial.to_string(),
            issued: label.issued,
            sealed: STANDARD.encode(&envelope.sealed),
            binding: envelope.binding.map(|binding| STANDARD.encode(binding.0)),
        }
    }

    /// The password, when the envelope belongs to this row and the row to the sheet.
    fn secret(&self, login: &str, serial: &str, key: &PrintKey) -> Result<Secret, EnvelopeError> {
        let damaged = || EnvelopeError::Damaged;
        let binding = match &self.binding {
            None => None,
            Some(text) => {
                let bytes = STANDARD.decode(text).map_err(|_| damaged())?;
                Some(Binding(bytes.try_into().map_err(|_| damaged())?))
            }
        };
        let label = Label {
            uid: Uid::new(&self.uid),
            login: Login::new(&self.login),
            join_key: JoinKey::from_text(&self.key),
            serial: self.serial.parse().map_err(|_| damaged())?,
            issued: self.issued,
        };
        if self.login != login || self.serial != serial {
            return Err(EnvelopeError::Mismatch { serial: label.serial, field: "sheet" });
        }
        let sealed = STANDARD.decode(&self.sealed).map_err(|_| damaged())?;
        let content = open(std::slice::from_ref(key), &label, &sealed, binding.as_ref())?;
        Ok(Secret::new(content.secret.expose().to_owned()))
    }
}

/// What the fuzz target calls, and what the tests replay over its corpus: bytes taken for what is inside a pack, and for a
/// receipt. Says whether they were one.
#[must_use]
pub fn fuzz(bytes: &[u8]) -> (bool, bool) {
    let receipt = std::str::from_utf8(bytes).ok().and_then(receipt::Said::read).is_some();
    (Pack::parse(bytes).is_ok(), receipt)
}

pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
