//! Archives and files as streams of bytes: nothing is extracted to disk, nothing is whole in memory, and a name inside
//! an archive is only a name.
//!
//! Listing ([`zip_members`], [`tar_members`]) tells the discovery what is inside; [`PartBytes`] then opens one part after
//! the other. A `.tar.gz` is one stream: parts are asked for in the order of their offsets, so that it is unpacked once.

mod bytes;
mod tar;
mod zip;

use std::path::{Path, PathBuf};

use super::{FeedError, Limits, Location};

pub(super) use bytes::PartBytes;
pub(super) use tar::tar_members;
pub(super) use zip::zip_members;

/// A regular file of a container, by its name there.
#[derive(Debug)]
pub(super) struct Member {
    pub name: String,
    /// Announced size, unpacked.
    pub size: u64,
    pub location: Location,
}

/// What a container holds: its files, and the names of what was refused (links, devices).
#[derive(Debug, Default)]
pub(super) struct Members {
    pub files: Vec<Member>,
    pub refused: Vec<String>,
}

impl Members {
    /// Fails when one more entry would be too many.
    fn admit(&self, path: &Path, limits: &Limits) -> Result<(), FeedError> {
        if self.files.len() + self.refused.len() < limits.files {
            return Ok(());
        }
        Err(FeedError::Limit { path: path.into(), reason: format!("more than {} files", limits.files) })
    }
}

/// Which container a file is, by its first bytes: a name can lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Zip,
    TarGz,
    /// One compressed file, by its name: `.xml.gz`.
    Gz,
}

/// Recognises an archive.
pub(super) fn container(path: &Path) -> Result<Option<Container>, FeedError> {
    let mut magic = [0; 4];
    let mut file = open(path).map_err(|source| FeedError::Io { path: path.into(), source })?;
    let read = read_full(&mut file, &mut magic).map_err(|source| FeedError::Io { path: path.into(), source })?;
    Ok(match magic.get(..read).unwrap_or_default() {
        [b'P', b'K', 3 | 5, 4 | 6] => Some(Container::Zip),
        [0x1f, 0x8b, ..] if is_xml_gz(path) => Some(Container::Gz),
        [0x1f, 0x8b, ..] => Some(Container::TarGz),
        _ => None,
    })
}

/// Nothing in its bytes tells a compressed file from a compressed archive.
fn is_xml_gz(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().to_ascii_lowercase().ends_with(".xml.gz"))
}

/// A compressed file as the one member of itself. Its announced size is that of its trailer, modulo 2^32.
pub(super) fn gz_member(path: &Path) -> Result<Members, FeedError> {
    use std::io::{Read as _, Seek as _};
    let io = |source| FeedError::Io { path: path.into(), source };
    let mut file = open(path).map_err(io)?;
    let mut trailer = [0; 4];
    if file.metadata().map_err(io)?.len() >= 18 {
        file.seek(std::io::SeekFrom::End(-4)).map_err(io)?;
        file.read_exact(&mut trailer).map_err(io)?;
    }
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let member = Member { name, size: u32::from_le_bytes(trailer).into(), location: Location::Gz(path.into()) };
    Ok(Members { files: vec![member], refused: Vec::new() })
}

/// Opens a regular file for reading; a named pipe or a device put in its place neither blocks nor is read.
pub(super) fn open(path: &Path) -> std::io::Result<std::fs::File> {
    use rustix::fs::{Mode, OFlags};
    let descriptor = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty())?;
    let file = std::fs::File::from(descriptor);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "not a regular file"))
    }
}

/// Reads until the buffer is full or the input ends.
pub(super) fn read_full(input: &mut impl std::io::Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

fn unreadable(path: &Path, reason: impl std::fmt::Display) -> FeedError {
    FeedError::Archive { path: path.into(), reason: reason.to_string() }
}

/// Whether so many unpacked bytes from a file of `packed` bytes are more than data ever gives.
fn is_bomb(packed: u64, unpacked: u64, limits: &Limits) -> Option<String> {
    if unpacked > limits.unpacked {
        return Some(format!("more than {} bytes unpacked", limits.unpacked));
    }
    let ratio = limits.ratio.saturating_mul(packed.max(1));
    (unpacked > Limits::RATIO_FROM && unpacked > ratio)
        .then(|| format!("it unpacks to more than {} times its size", limits.ratio))
}

fn limit(path: PathBuf, reason: String) -> FeedError {
    FeedError::Limit { path, reason }
}
