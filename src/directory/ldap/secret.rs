//! The password of the connection: one line of a file that nobody else can read.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::directory::DirectoryError;

/// Bytes: no password is longer, and the file might be anything.
const LIMIT: u64 = 4_096;

/// Reads the first line of `path`. The file is judged as it was opened, so that it cannot be changed in between.
pub(super) fn read(path: &Path) -> Result<SecretString, DirectoryError> {
    let refused =
        |reason: String| DirectoryError::Configuration(format!("directory.password_file {}: {reason}", path.display()));
    let file = File::open(path).map_err(|e| refused(format!("cannot open it ({e})")))?;
    let metadata = file.metadata().map_err(|e| refused(format!("cannot read it ({e})")))?;
    if !metadata.is_file() {
        return Err(refused("not a plain file".into()));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let chmod = format!("chmod 600 {}", path.display());
        return Err(refused(format!(
            "others than its owner have rights on it (mode {mode:03o}); mend it with `{chmod}`"
        )));
    }
    let mut line = Zeroizing::new(Vec::with_capacity(LIMIT as usize + 1));
    BufReader::new(file.take(LIMIT + 1))
        .read_until(b'\n', &mut line)
        .map_err(|e| refused(format!("cannot read it ({e})")))?;
    if line.len() as u64 > LIMIT {
        return Err(refused(format!("its first line is longer than {LIMIT} bytes")));
    }
    let text = std::str::from_utf8(&line).map_err(|_| refused("its first line is not UTF-8".into()))?;
    let password = text.trim_end_matches(['\n', '\r']);
    if password.is_empty() {
        return Err(refused("its first line is empty".into()));
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
        read(&path).map_err(|e| e.to_string())
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
        assert!(read(Path::new("/nonexistent/ldap.pw")).is_err());
        assert!(read(Path::new("/tmp")).is_err());
    }
}
