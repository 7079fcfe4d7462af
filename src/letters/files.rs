//! The files of a print run: how they are called, and how a clear password reaches a disk.

use std::collections::HashMap;
use std::fs::{DirBuilder, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization as _;

use super::error::LettersError;
use super::sheet::Batch;
use crate::config::Layout;
use crate::roster::Profile;

/// Longest class part of a name, in characters: whole names stay far below the 255 bytes of every file system.
const CLASS_LIMIT: usize = 60;

/// Names for the files of one print run, distinct even where a file system does not tell capitals from small letters.
#[derive(Debug, Default)]
pub struct FileNames {
    /// Folded stem to what it stands for.
    given: HashMap<String, StandsFor>,
}

/// School, class, profile or households, part.
type StandsFor = (String, Option<String>, &'static str, Option<usize>);

impl FileNames {
    /// `<UAI>_<class>_<profile>.pdf`, without the class where there is none, `<UAI>_households_<part>.pdf` for
    /// families, `<UAI>_all.pdf` for a whole school. What a file name cannot hold becomes `-`; a name already given to another class gets `~2`, `~3`, … in
    /// the order of asking.
    pub fn name(&mut self, batch: &Batch) -> String {
        let whole = if batch.part.is_some() { "households" } else { "all" };
        let profile = batch.profile.map_or(whole, Profile::name);
        let what = (batch.school.uai.clone(), batch.class.clone(), profile, batch.part);
        let mut parts = vec![safe(&batch.school.uai)];
        parts.extend(batch.class.as_deref().map(safe));
        parts.push(profile.to_owned());
        parts.extend(batch.part.map(|part| format!("{part:02}")));
        if batch.layout == Layout::List {
            parts.push("list".to_owned());
        }
        let stem = parts.join("_");
        let mut n = 1_usize;
        loop {
            let name = if n == 1 { stem.clone() } else { format!("{stem}~{n}") };
            let owner = self.given.entry(name.to_lowercase()).or_insert_with(|| what.clone());
            if *owner == what {
                return format!("{name}.pdf");
            }
            n += 1;
        }
    }
}

/// Letters, digits, `-`, `.` and blanks inside stay (composed); everything else is `-`. Never empty, never hidden,
/// never a reserved name on its own.
fn safe(text: &str) -> String {
    let kept: String = text
        .trim()
        .nfc()
        .map(|c| if c.is_alphanumeric() || matches!(c, '-' | '.' | ' ') { c } else { '-' })
        .take(CLASS_LIMIT)
        .collect();
    let kept = kept.trim_matches(['.', ' ']);
    if kept.is_empty() { "-".to_owned() } else { kept.to_owned() }
}

/// Writes a file that only its owner can read (0600), whole or not at all: a temporary file in the same folder, synced,
/// then renamed over `path`. Missing folders are made for their owner only (0700); folders that exist keep their mode.
///
/// # Errors
/// [`LettersError::Write`] with the path.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), LettersError> {
    write(path, bytes).map_err(|source| LettersError::Write { path: path.to_owned(), source })
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    // Made with 0600 from its first moment, and removed again if anything fails.
    let mut file = tempfile::Builder::new()
        .prefix(".rentree-")
        .suffix(".part")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(&folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The rename lasts once the folder is on the disk as well.
    std::fs::File::open(&folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letters::fixtures;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn files_and_folders_are_their_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out/0350001A/fiche.pdf");
        write_private(&path, b"one").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else stays behind");
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        std::fs::create_dir(&taken).unwrap();
        assert!(matches!(write_private(&taken, b"x"), Err(LettersError::Write { path, .. }) if path == taken));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn names_are_safe_and_distinct() {
        let mut names = FileNames::default();
        let mut name = |class: Option<&str>| {
            let mut batch = fixtures::batch(1);
            batch.class = class.map(Into::into);
            names.name(&batch)
        };
        assert_eq!(name(Some("3A")), "0350001A_3A_pupil.pdf");
        assert_eq!(name(Some("3A/1")), "0350001A_3A-1_pupil.pdf");
        assert_eq!(name(Some("3A 1")), "0350001A_3A 1_pupil.pdf");
        assert_eq!(name(Some("3A-1")), "0350001A_3A-1_pupil~2.pdf");
        assert_eq!(name(Some("3a/1")), "0350001A_3a-1_pupil~3.pdf");
        assert_eq!(name(Some("3A/1")), "0350001A_3A-1_pupil.pdf", "the same class keeps its name");
        assert_eq!(name(Some("../../etc")), "0350001A_-..-etc_pupil.pdf");
        assert_eq!(name(Some("..")), "0350001A_-_pupil.pdf");
        assert_eq!(name(None), "0350001A_pupil.pdf");
        assert!(name(Some(&"é".repeat(300))).len() < 200);
    }
}
