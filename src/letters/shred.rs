//! The end of printed files: overwritten, then removed, and noted in the print register.
//!
//! What this cannot promise: a solid-state disk, a journal or a copying file system may keep the old blocks, and nobody
//! here knows of backups, print queues or mails. The command says so.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::table::MERGE_BEGINS;
use crate::audit::{Actor, AuditError, Kind, Trail};
use crate::store::{PrintedPath, Shredded, Store, StoreError};

/// Bytes written at once.
const CHUNK: usize = 64 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum ShredError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error("the destruction of files was interrupted")]
    Interrupted,
}

/// What became of the files.
#[derive(Debug, Default, Serialize)]
pub struct Shredding {
    pub destroyed: Vec<String>,
    /// Removed, moved or replaced by somebody before.
    pub missing: Vec<String>,
    /// Still there, with the reason.
    pub left: Vec<(String, String)>,
}

/// Destroys printed files that the register knows: those of a batch, or all that were printed before a moment.
///
/// # Errors
/// When store or trail fail; what was destroyed before is noted. A file that cannot be destroyed is in `left`.
pub async fn shred(
    store: &Store,
    trail: &Trail,
    files: Vec<PrintedPath>,
    at: Timestamp,
) -> Result<Shredding, ShredError> {
    let mut done = Shredding::default();
    let mut batches: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for file in files {
        let path = file.clone();
        let fate = if file.overwritten {
            Ok(false)
        } else {
            tokio::task::spawn_blocking(move || destroy(Path::new(&path.file)))
                .await
                .map_err(|_| ShredError::Interrupted)?
        };
        let destroyed = match fate {
            Ok(destroyed) => destroyed,
            Err(error) => {
                done.left.push((file.file, error.to_string()));
                continue;
            }
        };
        let end = Shredded { at, actor: Actor::current().as_str().to_owned(), destroyed };
        store.note_shredded(&file, &end).await?;
        let counted = batches.entry(file.batch).or_default();
        if destroyed {
            counted.0 += 1;
            done.destroyed.push(file.file);
        } else {
            counted.1 += 1;
            done.missing.push(file.file);
        }
    }
    for (batch, (destroyed, missing)) in batches {
        let said = serde_json::json!({ "batch": batch, "destroyed": destroyed, "missing": missing });
        trail.record(Kind::SheetsShredded, None, said)?;
    }
    trail.flush().await?;
    Ok(done)
}

/// What a file begins with that a print run left: a PDF, a table, or either for a print shop.
fn is_ours(begins: &[u8]) -> bool {
    let text = begins.strip_prefix("\u{feff}".as_bytes()).unwrap_or(begins);
    begins.starts_with(b"%PDF-") || begins.starts_with(b"age-encryption.org/") || text.starts_with(MERGE_BEGINS)
}

/// Overwrites and removes a file; `false` when it is not there, or is none that we printed. A link is not followed.
///
/// # Errors
/// Also for a table that is one no more: somebody worked on it, and it may hold passwords all the same.
fn destroy(path: &Path) -> io::Result<bool> {
    let there = match std::fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if !there.is_file() {
        return Ok(false);
    }
    let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut file = OpenOptions::new().read(true).write(true).custom_flags(nofollow).open(path)?;
    let mut begins = Vec::new();
    (&mut file).take(32).read_to_end(&mut begins)?;
    if !is_ours(&begins) {
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
            return Err(io::Error::other(
                "ce n'est plus la table qui a été écrite : à lire, puis à supprimer à la main",
            ));
        }
        return Ok(false);
    }
    let mut left = file.metadata()?.size();
    file.seek(SeekFrom::Start(0))?;
    let zeros = vec![0; CHUNK];
    while left > 0 {
        let n = left.min(CHUNK as u64);
        file.write_all(zeros.get(..n as usize).unwrap_or_default())?;
        left -= n;
    }
    file.sync_all()?;
    drop(file);
    std::fs::remove_file(path)?;
    if let Some(folder) = path.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_file_is_overwritten_and_gone_and_nothing_else_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let (sheet, other, link) =
            (folder.path().join("a.pdf"), folder.path().join("b.pdf"), folder.path().join("c.pdf"));
        std::fs::write(&sheet, [b"%PDF-1.7 ".as_slice(), &vec![b'x'; 200_000]].concat()).unwrap();
        // A second name keeps the blocks reachable: what they hold now is what was written over.
        let kept = folder.path().join("kept");
        std::fs::hard_link(&sheet, &kept).unwrap();
        assert!(destroy(&sheet).unwrap());
        assert!(!sheet.exists());
        let bytes = std::fs::read(&kept).unwrap();
        assert!(bytes.len() == 200_009 && bytes.iter().all(|b| *b == 0));

        for (name, begins) in [
            ("t.csv", "\u{feff}lot;fiche;UAI;x\r\n"),
            ("u.csv", "lot;fiche;UAI;x"),
            ("v.age", "age-encryption.org/v1\n"),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, begins).unwrap();
            assert!(destroy(&path).unwrap() && !path.exists(), "{name}");
        }
        let changed = folder.path().join("w.csv");
        std::fs::write(&changed, "nom;mot de passe").unwrap();
        assert!(destroy(&changed).is_err() && changed.exists(), "it is told that it is there");

        std::fs::write(&other, "une lettre").unwrap();
        std::os::unix::fs::symlink(&other, &link).unwrap();
        for path in [&other, &link, &sheet, &folder.path().to_owned()] {
            assert!(!destroy(path).unwrap(), "{}", path.display());
        }
        assert_eq!(std::fs::read(&other).unwrap(), b"une lettre");
        assert!(link.is_symlink());
    }
}
