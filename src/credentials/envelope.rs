//! Envelopes: a password sealed with the account that it is for, so that only a holder of the print key can read it and
//! no row can pass it off as another's.
//!
//! One small age file each, so that one can be destroyed without touching the others. Its text is a line of JSON padded
//! with spaces to a multiple of [`PADDED`] bytes (the size tells nothing of the password; `age --decrypt` shows it
//! readably). It names its account: whoever swaps two rows gets a refusal instead of a sheet with somebody else's
//! password.
//!
//! A secret made ahead of the rush names nobody. It carries a random binding key instead, and the row a tag: the HMAC,
//! under that key, of the account and of the sealed bytes. The tag is made when the account becomes known, by the one
//! process that knew the key; opening recomputes it. Nobody who only has the store and the public key can make one.
//!
//! What this does not stop: somebody who can write to the store can put in an envelope of his own making (sealing needs
//! only the public key). Its password does not match the directory's hash, so it opens nothing.

use std::borrow::Cow;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::key::{PrintKey, Recipient};
use super::mac::{hex, keyed_digest, same, unhex};
use super::secret::Secret;
use crate::naming::{Login, Uid};
use crate::roster::JoinKey;

/// The sealed text's length is a multiple of this many bytes: one, for every name of ordinary length.
pub const PADDED: usize = 256;
/// Version of the sealed text.
const VERSION: u8 = 1;

/// Names one issue of a credential, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Serial(Uuid);

impl Serial {
    /// A new one, in the order of time.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Serial {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Whose credential, which issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub uid: Uid,
    pub login: Login,
    pub join_key: JoinKey,
    pub serial: Serial,
    pub issued: Date,
}

/// What an envelope holds.
#[derive(Debug)]
pub struct Content {
    pub label: Label,
    pub secret: Secret,
}

/// Ties a sealed text that names nobody to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding(pub [u8; 32]);

/// Key of the tags of one sealed text that names nobody.
pub(super) type BindingKey = Zeroizing<[u8; 32]>;

#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    #[error("no recipient is configured to seal envelopes for")]
    NoRecipient,
    #[error("the envelope could not be sealed")]
    Seal(#[source] std::io::Error),
    #[error("none of the given keys opens the envelope")]
    WrongKey,
    #[error("the envelope is damaged or was tampered with")]
    Damaged,
    #[error("the envelope is of version {0}, which this program does not know")]
    Version(u8),
    #[error("the envelope in the row of serial {serial} belongs to another account or issue ({field} differs)")]
    Mismatch { serial: Serial, field: &'static str },
}

/// The sealed text. Without an account for a secret made ahead.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text<'a> {
    v: u8,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    account: Option<Account<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bind: Option<&'a str>,
    secret: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Account<'a> {
    #[serde(borrow)]
    uid: Cow<'a, str>,
    #[serde(borrow)]
    login: Cow<'a, str>,
    #[serde(borrow)]
    key: Cow<'a, str>,
    serial: Serial,
    issued: Date,
}

/// Seals a credential for everyone in `recipients`.
///
/// # Errors
/// Without recipients.
pub fn seal(recipients: &[Recipient], content: &Content) -> Result<Vec<u8>, EnvelopeError> {
    let label = &content.label;
    let account = Account {
        uid: label.uid.as_str().into(),
        login: label.login.as_str().into(),
        key: label.join_key.as_str().into(),
        serial: label.serial,
        issued: label.issued,
    };
    seal_text(recipients, &Text { v: VERSION, account: Some(account), bind: None, secret: content.secret.expose() })
}

/// Seals a secret that is for nobody yet, with the key of its future binding.
pub(super) fn seal_ahead(
    recipients: &[Recipient],
    secret: &Secret,
    bind: &BindingKey,
) -> Result<Vec<u8>, EnvelopeError> {
    let bind = Zeroizing::new(hex(bind.as_slice()));
    seal_text(recipients, &Text { v: VERSION, account: None, bind: Some(&bind), secret: secret.expose() })
}

/// The tag that ties `sealed` to the account.
pub(super) fn bind(key: &BindingKey, label: &Label, sealed: &[u8]) -> Binding {
    let digest = Sha256::digest(sealed);
    let (serial, issued) = (label.serial.to_string(), label.issued.to_string());
    let parts: [&[u8]; 7] = [
        b"rentree envelope binding 1",
        label.uid.as_str().as_bytes(),
        label.login.as_str().as_bytes(),
        label.join_key.as_str().as_bytes(),
        serial.as_bytes(),
        issued.as_bytes(),
        &digest,
    ];
    Binding(keyed_digest(key, &parts))
}

/// Opens the envelope of a row, and refuses one that does not belong to it.
///
/// # Errors
/// When no key fits, the sealed bytes were altered, or they name (or are bound to) anything else than `row`.
pub fn open(
    keys: &[PrintKey],
    row: &Label,
    sealed: &[u8],
    binding: Option<&Binding>,
) -> Result<Content, EnvelopeError> {
    let plain = decrypt(keys, sealed)?;
    // The error of the parser may quote what it read: it goes no further than here.
    let text: Text<'_> = serde_json::from_slice(&plain).map_err(|_| EnvelopeError::Damaged)?;
    if text.v != VERSION {
        return Err(EnvelopeError::Version(text.v));
    }
    let mismatch = |field| EnvelopeError::Mismatch { serial: row.serial, field };
    match (&text.account, text.bind, binding) {
        (Some(account), None, None) => {
            let fields = [
                ("uid", account.uid == row.uid.as_str()),
                ("login", account.login == row.login.as_str()),
                ("join key", account.key == row.join_key.as_str()),
                ("serial", account.serial == row.serial),
                ("date", account.issued == row.issued),
            ];
            if let Some((field, _)) = fields.into_iter().find(|(_, equal)| !equal) {
                return Err(mismatch(field));
            }
        }
        (None, Some(key), Some(binding)) => {
            let key = unhex(key).ok_or(EnvelopeError::Damaged)?;
            if !same(&bind(&key, row, sealed).0, &binding.0) {
                return Err(mismatch("binding"));
            }
        }
        _ => return Err(mismatch("binding")),
    }
    Ok(Content { label: row.clone(), secret: Secret::new(Zeroizing::new(text.secret.to_owned())) })
}

fn seal_text(recipients: &[Recipient], text: &Text<'_>) -> Result<Vec<u8>, EnvelopeError> {
    let other = |e: serde_json::Error| EnvelopeError::Seal(e.into());
    // Measured first: a buffer that grows leaves copies of the secret in freed memory.
    let mut measure = Measure(0);
    serde_json::to_writer(&mut measure, text).map_err(other)?;
    let length = measure.0.next_multiple_of(PADDED);
    let mut plain = Zeroizing::new(Vec::with_capacity(length));
    serde_json::to_writer(&mut *plain, text).map_err(other)?;
    plain.resize(length, b' ');
    seal_bytes(recipients, &plain)
}

/// An age file of `plain`.
///
/// # Errors
/// Without recipients.
pub fn seal_bytes(recipients: &[Recipient], plain: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    let encryptor = age::Encryptor::with_recipients(recipients.iter().map(|r| r as &dyn age::Recipient))
        .map_err(|_| EnvelopeError::NoRecipient)?;
    let mut sealed = Vec::with_capacity(plain.len() + 256 * (recipients.len() + 1));
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(EnvelopeError::Seal)?;
    writer.write_all(plain).map_err(EnvelopeError::Seal)?;
    writer.finish().map_err(EnvelopeError::Seal)?;
    Ok(sealed)
}

/// What an age file holds. The plaintext is shorter than the file, so the buffer never grows.
pub(crate) fn decrypt(keys: &[PrintKey], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let decryptor = age::Decryptor::new_buffered(sealed).map_err(|_| EnvelopeError::Damaged)?;
    let identities = keys.iter().map(|key| key.identity() as &dyn age::Identity);
    let mut reader = decryptor.decrypt(identities).map_err(|e| match e {
        age::DecryptError::NoMatchingKeys => EnvelopeError::WrongKey,
        _ => EnvelopeError::Damaged,
    })?;
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    reader.read_to_end(&mut plain).map_err(|_| EnvelopeError::Damaged)?;
    Ok(plain)
}

/// Counts what is written.
struct Measure(usize);

impl std::io::Write for Measure {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(n: u32) -> Label {
        Label {
            uid: Uid::new(&format!("pab{n:05}")),
            login: Login::new(&format!("zoé.exemple{n}")),
            join_key: JoinKey::new("AC-TEST", &n.to_string()),
            serial: Serial::fresh(),
            issued: "2026-08-25".parse().unwrap(),
        }
    }

    fn secret(text: &str) -> Secret {
        Secret::new(Zeroizing::new(text.to_owned()))
    }

    fn sealed(key: &PrintKey, label: &Label, text: &str) -> Vec<u8> {
        seal(&[key.recipient()], &Content { label: label.clone(), secret: secret(text) }).unwrap()
    }

    #[test]
    fn an_envelope_opens_with_any_of_its_keys_and_no_other() {
        let (one, two, other) = (PrintKey::generate(), PrintKey::generate(), PrintKey::generate());
        let row = label(1);
        let content = Content { label: row.clone(), secret: secret("bamo-tiku") };
        let sealed = seal(&[one.recipient(), two.recipient()], &content).unwrap();
        for key in [&one, &two] {
            let opened = open(std::slice::from_ref(key), &row, &sealed, None).unwrap();
            assert_eq!((opened.secret.expose(), &opened.label), ("bamo-tiku", &row));
        }
        assert!(matches!(open(&[other], &row, &sealed, None), Err(EnvelopeError::WrongKey)));
        assert!(matches!(open(&[], &row, &sealed, None), Err(EnvelopeError::WrongKey)));
        assert!(matches!(seal(&[], &content), Err(EnvelopeError::NoRecipient)));
    }

    #[test]
    fn the_size_does_not_tell_the_password() {
        let key = PrintKey::generate();
        // The files themselves vary by a random stanza that age adds to each.
        for text in ["a", "bamo-tiku-fera-sodu7", &"x".repeat(60)] {
            let plain = decrypt(std::slice::from_ref(&key), &sealed(&key, &label(1), text)).unwrap();
            assert_eq!(plain.len(), PADDED, "{text}");
        }
        // A name of any length is sealed all the same.
        let mut long = label(1);
        long.login = Login::new(&"é\"".repeat(5_000));
        let bytes = sealed(&key, &long, "bamo");
        assert_eq!(open(&[key], &long, &bytes, None).unwrap().secret.expose(), "bamo");
    }

    #[test]
    fn swapped_rows_are_refused() {
        let key = PrintKey::generate();
        let (a, b) = (label(1), label(2));
        let bytes = sealed(&key, &a, "bamo");
        assert!(matches!(
            open(std::slice::from_ref(&key), &b, &bytes, None),
            Err(EnvelopeError::Mismatch { field: "uid", .. })
        ));
        for field in ["uid", "login", "join key", "serial", "date"] {
            let mut row = a.clone();
            match field {
                "uid" => row.uid = b.uid.clone(),
                "login" => row.login = b.login.clone(),
                "join key" => row.join_key = b.join_key.clone(),
                "serial" => row.serial = b.serial,
                _ => row.issued = "2026-08-26".parse().unwrap(),
            }
            let refused = open(std::slice::from_ref(&key), &row, &bytes, None).unwrap_err();
            assert!(matches!(refused, EnvelopeError::Mismatch { field: f, .. } if f == field), "{refused:?}");
        }
    }

    #[test]
    fn every_altered_byte_is_noticed() {
        let key = PrintKey::generate();
        let row = label(1);
        let bytes = sealed(&key, &row, "bamo");
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert!(open(std::slice::from_ref(&key), &row, &altered, None).is_err(), "byte {at}");
        }
        for end in [0, 1, 50, bytes.len() - 1] {
            assert!(open(std::slice::from_ref(&key), &row, &bytes[..end], None).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_secret_made_ahead_opens_only_through_the_row_that_it_was_bound_to() {
        let key = PrintKey::generate();
        let keys = std::slice::from_ref(&key);
        let (a, b) = (label(1), label(2));
        let made = |text: &str, bind_key: u8| {
            let bind_key = Zeroizing::new([bind_key; 32]);
            (seal_ahead(&[key.recipient()], &secret(text), &bind_key).unwrap(), bind_key)
        };
        let ((sealed_a, key_a), (sealed_b, key_b)) = (made("bamo", 1), made("tiku", 2));
        let (tag_a, tag_b) = (bind(&key_a, &a, &sealed_a), bind(&key_b, &b, &sealed_b));
        assert_eq!(open(keys, &a, &sealed_a, Some(&tag_a)).unwrap().secret.expose(), "bamo");
        let refused = [
            open(keys, &b, &sealed_a, Some(&tag_a)),
            open(keys, &a, &sealed_b, Some(&tag_b)),
            open(keys, &a, &sealed_b, Some(&tag_a)),
            open(keys, &a, &sealed_a, None),
            open(keys, &a, &sealed(&key, &a, "x"), Some(&tag_a)),
        ];
        for (i, result) in refused.into_iter().enumerate() {
            assert!(matches!(result, Err(EnvelopeError::Mismatch { .. })), "{i}");
        }
    }

    #[test]
    fn a_foreign_text_is_refused_without_being_quoted() {
        let key = PrintKey::generate();
        for text in ["", "bamo", r#"{"v":1,"secret":"bamo"}"#, r#"{"v":2,"secret":"bamo"}"#, r#"{"v":1,"secret":7}"#] {
            let bytes = seal_bytes(&[key.recipient()], text.as_bytes()).unwrap();
            let told = open(std::slice::from_ref(&key), &label(1), &bytes, None).unwrap_err();
            assert!(!format!("{told} {told:?}").contains("bamo"), "{text}");
        }
    }
}
