//! Files that only their owner can read, whole or not there at all: plans, reports, lists of people, secrets.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use secrecy::SecretString;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// Bytes: no secret is longer, and the file might be anything.
const LIMIT: u64 = 4_096;

/// A file that only its owner can read (0600), beside the place that it will take so that the rename stays in one file
/// system.
pub fn private_file(path: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".rentree-").suffix(".tmp").tempfile_in(folder(path))
}

/// Puts a finished [`private_file`] on disk under its name; the rename itself is made durable too.
pub fn publish(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    std::fs::File::open(folder(path))?.sync_all()
}

/// A whole [`private_file`] at once.
pub fn write(path: &Path, content: impl FnOnce(&mut NamedTempFile) -> io::Result<()>) -> io::Result<()> {
    let mut file = private_file(path)?;
    content(&mut file)?;
    publish(file, path)
}

/// As [`publish`], and refuses a name that is taken ([`io::ErrorKind::AlreadyExists`]).
pub fn publish_new(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|e| e.error)?;
    std::fs::File::open(folder(path))?.sync_all()
}

/// Makes a folder that only its owner can enter (0700); one that is there keeps its mode.
pub fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A password or another secret: the first line of a file that nobody else can read. The file is judged as it was opened, so that it cannot be changed in between.
pub fn secret_line(path: &Path) -> Result<SecretString, String> {
    let file = File::open(path).map_err(|e| format!("cannot open it ({e})"))?;
    let metadata = file.metadata().map_err(|e| format!("cannot read it ({e})"))?;
    if !metadata.is_file() {
        return Err("not a plain file".into());
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let chmod = format!("chmod 600 {}", path.display());
        return Err(format!("others than its owner have rights on it (mode {mode:03o}); mend it with `{chmod}`"));
    }
    let mut line = Zeroizing::new(Vec::with_capacity(LIMIT as usize + 1));
    BufReader::new(file.take(LIMIT + 1)).read_until(b'\n', &mut line).map_err(|e| format!("cannot read it ({e})"))?;
    if line.len() as u64 > LIMIT {
        return Err(format!("its first line is longer than {LIMIT} bytes"));
    }
    let text = std::str::from_utf8(&line).map_err(|_| "its first line is not UTF-8".to_owned())?;
    let password = text.trim_end_matches(['\n', '\r']);
    if password.is_empty() {
        return Err("its first line is empty".into());
    }
    Ok(SecretString::from(password))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt as _;

    use secrecy::ExposeSecret as _;

    use super::*;

    fn attempt(content: &[u8], mode: u32) -> Result<SecretString, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ldap.pw");
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
        std::io::Write::write_all(&mut file, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        secret_line(&path)
    }

    #[test]
    fn the_first_line_is_the_password() {
        for content in ["s3cret", "s3cret\n", "s3cret\r\nmore\n"] {
            assert_eq!(attempt(content.as_bytes(), 0o600).unwrap().expose_secret(), "s3cret");
        }
        assert_eq!(attempt(b" with spaces \n", 0o400).unwrap().expose_secret(), " with spaces ");
    }

    #[test]
    fn a_file_that_others_read_is_refused_with_its_cure() {
        for mode in [0o644, 0o640, 0o604, 0o620, 0o610] {
            let error = attempt(b"s3cret\n", mode).unwrap_err();
            assert!(error.contains("chmod 600") && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn files_that_hold_no_password() {
        for content in [&b""[..], b"\nsecond", b"\xff\xfe\n", &[b'a'; 10_000]] {
            assert!(attempt(content, 0o600).is_err());
        }
        assert!(secret_line(Path::new("/nonexistent/ldap.pw")).is_err());
        assert!(secret_line(Path::new("/tmp")).is_err());
    }
}
