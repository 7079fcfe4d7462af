//! The print key: the one thing that opens envelopes, and the one thing that never lies near them.
//!
//! An age X25519 identity. Its public half, the recipient, stands in the configuration; the private half goes to a file
//! that whoever prints keeps elsewhere, under a passphrase by default. Both forms of the file are those of the `age`
//! tool, so that envelopes can be opened without this program.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use age::x25519;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// Characters of a passphrase, at least: length is what slows down somebody who found the file.
pub const LEAST_PASSPHRASE: usize = 12;
/// Work factor of the passphrase, the `age` tool's own: 2¹⁸ scrypt rounds, 256 MiB and about a second.
const WORK_FACTOR: u8 = 18;
/// Four times that is the most that a key file may ask of us.
const MOST_WORK_FACTOR: u8 = 20;
/// A key file has a few hundred bytes.
const LARGEST_FILE: u64 = 64 * 1024;
const AGE_MAGIC: &[u8] = b"age-encryption.org/";

/// The private key. Wiped when dropped, masked in debug output.
#[derive(Clone)]
pub struct PrintKey(x25519::Identity);

/// The public key, as `[letters] recipients` lists it (`age1…`).
pub type Recipient = x25519::Recipient;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key file {path} may not lie in {folder}: whoever copies the store must not get the key with it")]
    Forbidden { path: PathBuf, folder: PathBuf },
    #[error("{path} already exists; a key file is never overwritten")]
    Exists { path: PathBuf },
    #[error("cannot write the key file {path}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("cannot read the key file {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("others than its owner can read the key file {path} (mode {mode:03o}); chmod 600 mends it")]
    Readable { path: PathBuf, mode: u32 },
    #[error("{path} is not an age key file")]
    Form { path: PathBuf },
    #[error("the passphrase does not open the key file {path}")]
    Passphrase { path: PathBuf },
    #[error("the passphrase has {characters} characters; it needs at least {LEAST_PASSPHRASE}")]
    ShortPassphrase { characters: usize },
    #[error("no passphrase was given")]
    NoPassphrase(#[source] std::io::Error),
    #[error("{text:?} is not a public age key (age1…)")]
    Recipient { text: String },
}

impl PrintKey {
    /// A new key, from the operating system's generator.
    #[must_use]
    pub fn generate() -> Self {
        Self(x25519::Identity::generate())
    }

    /// The public half.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        self.0.to_public()
    }

    pub(super) const fn identity(&self) -> &x25519::Identity {
        &self.0
    }

    /// Writes the key to a new file (0600), under `passphrase` when there is one. `forbidden` are the folders of the
    /// configuration and of the store.
    ///
    /// # Errors
    /// When the file exists, lies in or below a forbidden folder, cannot be written, or the passphrase is too short.
    pub fn write(&self, path: &Path, passphrase: Option<&SecretString>, forbidden: &[&Path]) -> Result<(), KeyError> {
        self.write_with_work(path, passphrase, forbidden, WORK_FACTOR)
    }

    fn write_with_work(
        &self,
        path: &Path,
        passphrase: Option<&SecretString>,
        forbidden: &[&Path],
        work: u8,
    ) -> Result<(), KeyError> {
        if let Some(passphrase) = passphrase {
            check_passphrase(passphrase)?;
        }
        refuse_folders(path, forbidden)?;
        let text = self.file_text();
        let bytes = match passphrase {
            Some(passphrase) => encrypt(&text, passphrase, work)
                .map_err(|e| KeyError::Write { path: path.to_owned(), source: std::io::Error::other(e) })?,
            None => text.as_bytes().to_vec(),
        };
        create(path, &Zeroizing::new(bytes))
    }

    /// What `age-keygen` writes.
    fn file_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(256));
        text.push_str(&format!("# public key: {}\n", self.recipient()));
        text.push_str(self.0.to_string().expose_secret());
        text.push('\n');
        text
    }

    fn from_file_text(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let key = lines.next()?.parse().ok()?;
        lines.next().is_none().then_some(Self(key))
    }
}

impl fmt::Debug for PrintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrintKey(of {})", self.recipient())
    }
}

/// Reads a key file. `passphrase` is asked only when the file needs one.
///
/// # Errors
/// When others than the owner can read the file, when it is no key file, or when the passphrase is wrong.
pub fn read_key(path: &Path, passphrase: impl FnOnce() -> std::io::Result<SecretString>) -> Result<PrintKey, KeyError> {
    let read = |source| KeyError::Read { path: path.to_owned(), source };
    let form = || KeyError::Form { path: path.to_owned() };
    let file = File::open(path).map_err(read)?;
    // Asked of the opened file, not of the name, which could point elsewhere by now.
    let metadata = file.metadata().map_err(read)?;
    if !metadata.is_file() {
        return Err(form());
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(KeyError::Readable { path: path.to_owned(), mode: metadata.mode() & 0o777 });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    file.take(LARGEST_FILE).read_to_end(&mut bytes).map_err(read)?;
    if !bytes.starts_with(AGE_MAGIC) {
        return PrintKey::from_file_text(&bytes).ok_or_else(form);
    }
    let mut unlock = age::scrypt::Identity::new(passphrase().map_err(KeyError::NoPassphrase)?);
    unlock.set_max_work_factor(MOST_WORK_FACTOR);
    let text = age::decrypt(&unlock, &bytes).map(Zeroizing::new).map_err(|e| match e {
        age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => {
            KeyError::Passphrase { path: path.to_owned() }
        }
        _ => form(),
    })?;
    PrintKey::from_file_text(&text).ok_or_else(form)
}

/// Reads a public key as the configuration has it.
///
/// # Errors
/// When it is none.
pub fn parse_recipient(text: &str) -> Result<Recipient, KeyError> {
    // A private key pasted in the wrong place must not come back in a message.
    let shown = if text.to_ascii_uppercase().contains("SECRET") { "(a private key)" } else { text };
    text.trim().parse().map_err(|_| KeyError::Recipient { text: shown.to_owned() })
}

/// # Errors
/// When the passphrase is shorter than [`LEAST_PASSPHRASE`] characters.
pub fn check_passphrase(passphrase: &SecretString) -> Result<(), KeyError> {
    let characters = passphrase.expose_secret().chars().count();
    if characters < LEAST_PASSPHRASE { Err(KeyError::ShortPassphrase { characters }) } else { Ok(()) }
}

fn encrypt(text: &str, passphrase: &SecretString, work: u8) -> Result<Vec<u8>, age::EncryptError> {
    let mut recipient = age::scrypt::Recipient::new(passphrase.clone());
    recipient.set_work_factor(work);
    age::encrypt(&recipient, text.as_bytes())
}

/// Refuses a path in or below one of the folders, links followed.
fn refuse_folders(path: &Path, forbidden: &[&Path]) -> Result<(), KeyError> {
    let write = |source| KeyError::Write { path: path.to_owned(), source };
    let absolute = std::path::absolute(path).map_err(write)?;
    let parent = absolute.parent().unwrap_or_else(|| Path::new("/"));
    let parent = parent.canonicalize().map_err(write)?;
    for folder in forbidden {
        // A folder that does not exist yet holds nothing: its name alone is compared.
        let real = folder.canonicalize().or_else(|_| std::path::absolute(folder)).map_err(write)?;
        if parent.starts_with(&real) {
            return Err(KeyError::Forbidden { path: path.to_owned(), folder: (*folder).to_owned() });
        }
    }
    Ok(())
}

/// Creates a file that only its owner can read, whole or not at all.
pub(super) fn create(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|source| {
        if source.kind() == std::io::ErrorKind::AlreadyExists {
            KeyError::Exists { path: path.to_owned() }
        } else {
            KeyError::Write { path: path.to_owned(), source }
        }
    })?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|source| {
        // Half a key is of no use to anybody; that it was not written is said by the error.
        drop(std::fs::remove_file(path));
        KeyError::Write { path: path.to_owned(), source }
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Tests need no protection from guessing.
    const QUICK: u8 = 4;

    fn phrase(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    fn never() -> std::io::Result<SecretString> {
        panic!("a plain key file needs no passphrase")
    }

    #[test]
    fn a_key_comes_back_with_and_without_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let key = PrintKey::generate();
        let plain = folder.path().join("plain.key");
        key.write(&plain, None, &[]).unwrap();
        assert_eq!(read_key(&plain, never).unwrap().recipient(), key.recipient());
        assert_eq!(plain.metadata().unwrap().mode() & 0o777, 0o600);

        let sealed = folder.path().join("sealed.key");
        let good = phrase("une phrase assez longue");
        key.write_with_work(&sealed, Some(&good), &[], QUICK).unwrap();
        assert!(!std::fs::read(&sealed).unwrap().windows(14).any(|w| w == b"AGE-SECRET-KEY"));
        assert_eq!(read_key(&sealed, || Ok(good)).unwrap().recipient(), key.recipient());
        let wrong = read_key(&sealed, || Ok(phrase("une autre phrase longue")));
        assert!(matches!(wrong, Err(KeyError::Passphrase { .. })), "{wrong:?}");
        let none = read_key(&sealed, || Err(std::io::ErrorKind::UnexpectedEof.into()));
        assert!(matches!(none, Err(KeyError::NoPassphrase(_))));
    }

    #[test]
    fn a_key_file_never_lands_near_the_store_nor_over_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let below = store.join("keys");
        std::fs::create_dir_all(&below).unwrap();
        let link = folder.path().join("elsewhere");
        std::os::unix::fs::symlink(&below, &link).unwrap();
        let key = PrintKey::generate();
        for path in [store.join("a.key"), below.join("b.key"), link.join("c.key"), store.join("keys/../d.key")] {
            let refused = key.write(&path, None, &[&store]);
            assert!(matches!(refused, Err(KeyError::Forbidden { .. })), "{path:?}: {refused:?}");
            assert!(!path.exists());
        }
        // A sibling whose name begins alike is another folder.
        let sibling = folder.path().join("store-keys");
        std::fs::create_dir(&sibling).unwrap();
        let path = sibling.join("e.key");
        key.write(&path, None, &[&store]).unwrap();
        assert!(matches!(key.write(&path, None, &[&store]), Err(KeyError::Exists { .. })));
    }

    #[test]
    fn a_short_passphrase_is_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        let refused = PrintKey::generate().write(&path, Some(&phrase("onze carac.")), &[]);
        assert_eq!(refused.unwrap_err().to_string(), "the passphrase has 11 characters; it needs at least 12");
        assert!(!path.exists());
        check_passphrase(&phrase("é".repeat(12).as_str())).unwrap();
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        PrintKey::generate().write(&path, None, &[]).unwrap();
        for mode in [0o640, 0o604, 0o660] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(read_key(&path, never), Err(KeyError::Readable { .. })), "{mode:o}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        read_key(&path, never).unwrap();
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let secret = PrintKey::generate().0.to_string();
        let twice = format!("{0}\n{0}\n", secret.expose_secret());
        let garbage: [&[u8]; 5] =
            [b"", b"age-encryption.org/v1\n-> x", b"\xff\xfe", b"AGE-SECRET-KEY-1", twice.as_bytes()];
        for (i, bytes) in garbage.iter().enumerate() {
            let path = folder.path().join(i.to_string());
            create(&path, bytes).unwrap();
            let refused = read_key(&path, || Ok(phrase("x"))).unwrap_err();
            assert!(matches!(refused, KeyError::Form { .. }), "{i}: {refused:?}");
        }
        assert!(matches!(read_key(folder.path(), never), Err(KeyError::Readable { .. } | KeyError::Form { .. })));
        let told = parse_recipient(secret.expose_secret()).unwrap_err().to_string();
        assert!(!told.contains("AGE-SECRET"), "{told}");
        assert!(parse_recipient("age1nothing").is_err());
        assert!(!format!("{:?}", PrintKey::generate()).contains("SECRET"));
    }
}
