//! Files that only their owner can read, whole or not there at all: plans, reports, lists of people.

use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

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

/// The same, and refuses a name that is taken ([`io::ErrorKind::AlreadyExists`]).
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
