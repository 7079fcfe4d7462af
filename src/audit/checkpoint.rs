//! Checkpoints: where the trail stood at a moment, signed. Kept elsewhere, they prove that nothing before was rewritten,
//! and, by the signature, that nobody has made them up to fit a trail that was.
//!
//! One line each: `rentree-checkpoint-1 <number>:<hash> <time> <public key> <signature>`.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::Timestamp;

use super::chain::Head;
use crate::credentials::{Signature, SigningError, SigningKey, VerifyingKey};

const FORM: &str = "rentree-checkpoint-1";

/// Where the trail stood, by whom it was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    pub head: Head,
    pub at: Timestamp,
    pub key: VerifyingKey,
    signature: Signature,
}

#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{path} already exists; a signing key is never overwritten")]
    Exists { path: PathBuf },
    #[error("others than its owner can read the signing key {path} (mode {mode:03o}); chmod 600 mends it")]
    Readable { path: PathBuf, mode: u32 },
    #[error("{path}, line {line}: not a checkpoint (rentree-checkpoint-1 …)")]
    Form { path: PathBuf, line: usize },
    #[error("{path}, line {line}: the checkpoint of event {seq} was not signed with {key}")]
    Forged { path: PathBuf, line: usize, seq: u64, key: VerifyingKey },
    #[error("{path}: no checkpoint in it")]
    Empty { path: PathBuf },
    #[error("the signing key {path}")]
    Key { path: PathBuf, source: SigningError },
}

impl Checkpoint {
    #[must_use]
    pub fn sign(head: Head, at: Timestamp, key: &SigningKey) -> Self {
        Self { head, at, key: key.public(), signature: key.sign(said(&head, at).as_bytes()) }
    }

    /// Whether `key` signed it.
    #[must_use]
    pub fn is_of(&self, key: &VerifyingKey) -> bool {
        self.key == *key && key.verifies(said(&self.head, self.at).as_bytes(), &self.signature)
    }

    /// Adds it to a file of checkpoints, which is made (0600) when it is not there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&self, path: &Path) -> Result<(), CheckpointError> {
        let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        opened
            .and_then(|mut file| {
                file.write_all(format!("{self}\n").as_bytes())?;
                file.sync_all()
            })
            .map_err(|source| CheckpointError::Write { path: path.to_owned(), source })
    }
}

/// What is signed.
fn said(head: &Head, at: Timestamp) -> String {
    format!("{FORM} {head} {at}")
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", said(&self.head, self.at), self.key, self.signature)
    }
}

impl FromStr for Checkpoint {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let mut words = line.split_ascii_whitespace();
        let mut word = || words.next().ok_or(());
        if word()? != FORM {
            return Err(());
        }
        let head = word()?.parse().map_err(drop)?;
        let at = word()?.parse().map_err(drop)?;
        let key = word()?.parse().map_err(drop)?;
        let signature = word()?.parse().map_err(drop)?;
        if words.next().is_some() {
            return Err(());
        }
        Ok(Self { head, at, key, signature })
    }
}

/// The checkpoints of a file, all of them signed with `key`.
///
/// # Errors
/// When the file cannot be read, holds none, or one that is none or is not of that key.
pub fn checkpoints(path: &Path, key: &VerifyingKey) -> Result<Vec<Checkpoint>, CheckpointError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| CheckpointError::Read { path: path.to_owned(), source })?;
    let mut found = Vec::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let form = |()| CheckpointError::Form { path: path.to_owned(), line };
        let checkpoint = text.parse::<Checkpoint>().map_err(form)?;
        if !checkpoint.is_of(key) {
            let seq = checkpoint.head.seq;
            return Err(CheckpointError::Forged { path: path.to_owned(), line, seq, key: *key });
        }
        found.push(checkpoint);
    }
    if found.is_empty() {
        return Err(CheckpointError::Empty { path: path.to_owned() });
    }
    Ok(found)
}

/// Makes a signing key in a new file (0600) and gives its public half.
///
/// # Errors
/// When the file is there or cannot be written.
pub fn new_signing_key(path: &Path) -> Result<VerifyingKey, CheckpointError> {
    let key = SigningKey::generate().map_err(|source| CheckpointError::Key { path: path.to_owned(), source })?;
    let text = zeroize::Zeroizing::new(format!(
        "# Signs the checkpoints of the trail. Its public half: {}\n{}\n",
        key.public(),
        *key.to_line()
    ));
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    match written {
        Ok(()) => Ok(key.public()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(CheckpointError::Exists { path: path.to_owned() })
        }
        Err(source) => Err(CheckpointError::Write { path: path.to_owned(), source }),
    }
}

/// Reads a signing key that nobody else can read.
///
/// # Errors
/// When it cannot be read, is none, or others can read it.
pub fn signing_key(path: &Path) -> Result<SigningKey, CheckpointError> {
    let fail = |source| CheckpointError::Read { path: path.to_owned(), source };
    let mode = std::fs::metadata(path).map_err(fail)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(CheckpointError::Readable { path: path.to_owned(), mode });
    }
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path).map_err(fail)?);
    SigningKey::parse(&text).map_err(|source| CheckpointError::Key { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn checkpoints_of_one_key_read_back_and_any_change_shows() {
        let folder = tempfile::tempdir().unwrap();
        let (key_file, file) = (folder.path().join("audit.key"), folder.path().join("kept"));
        let public = new_signing_key(&key_file).unwrap();
        assert!(matches!(new_signing_key(&key_file), Err(CheckpointError::Exists { .. })));
        let key = signing_key(&key_file).unwrap();
        let made: Vec<_> =
            (1..4).map(|seq| Checkpoint::sign(Head { seq, hash: [seq as u8; 32] }, at(1_790_000_000), &key)).collect();
        for checkpoint in &made {
            checkpoint.append(&file).unwrap();
        }
        assert_eq!(checkpoints(&file, &public).unwrap(), made);
        let other = SigningKey::generate().unwrap();
        assert!(matches!(checkpoints(&file, &other.public()), Err(CheckpointError::Forged { line: 1, .. })));
        // Whatever character is changed, the line is refused.
        let line = made[0].to_string();
        for (i, c) in line.char_indices() {
            let with = if c == '1' { '2' } else { '1' };
            let changed = format!("{}{with}{}", &line[..i], &line[i + 1..]);
            std::fs::write(&file, &changed).unwrap();
            assert!(checkpoints(&file, &public).is_err(), "{changed}");
        }
        std::fs::write(&file, "").unwrap();
        assert!(matches!(checkpoints(&file, &public), Err(CheckpointError::Empty { .. })));
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.key");
        new_signing_key(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(signing_key(&path), Err(CheckpointError::Readable { mode: 0o640, .. })));
    }
}
