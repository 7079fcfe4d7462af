//! What a `.tar.gz` holds: the whole stream is unpacked once to know, and its checksum is looked at on the way.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::read::MultiGzDecoder;

use super::{Member, Members, is_bomb, limit, open, unreadable};
use crate::feed::{FeedError, Limits, Location};

/// Bytes that the headers of one member may take (long names and extensions are kept in memory by the reader of tar).
const HEADERS: u64 = 256 << 10;

/// Lists the members of a `.tar.gz`. A truncated or damaged archive is refused as a whole: nobody can tell what the lost
/// end held.
pub(in crate::feed) fn tar_members(path: &Path, limits: &Limits) -> Result<Members, FeedError> {
    let io_error = |source| FeedError::Io { path: path.into(), source };
    let file = open(path).map_err(io_error)?;
    let packed = file.metadata().map_err(io_error)?.len();
    let allowance = Rc::new(Cell::new(HEADERS));
    let stream = Rationed { inner: MultiGzDecoder::new(BufReader::new(file)), allowance: Rc::clone(&allowance) };
    let mut archive = tar::Archive::new(stream);
    let mut members = Members::default();
    let mut unpacked = 0_u64;
    let mut scratch = vec![0; 64 << 10];
    for entry in archive.entries().map_err(|e| unreadable(path, e))? {
        let mut entry = entry.map_err(|e| unreadable(path, e))?;
        members.admit(path, limits)?;
        let kind = entry.header().entry_type();
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let (size, offset) = (entry.size(), entry.raw_file_position());
        // The data is read here, so that the next header finds nothing of it to skip.
        loop {
            allowance.set(scratch.len() as u64 + 1024);
            let read = entry.read(&mut scratch).map_err(|e| unreadable(path, e))?;
            unpacked += read as u64;
            if let Some(reason) = is_bomb(packed, unpacked, limits) {
                return Err(limit(path.into(), reason));
            }
            if read == 0 {
                break;
            }
        }
        allowance.set(HEADERS);
        if kind.is_dir() || kind.is_pax_global_extensions() {
            continue;
        }
        if kind.is_file() || kind.is_contiguous() {
            let location = Location::TarGz { archive: path.into(), offset };
            members.files.push(Member { name, size, location });
        } else {
            members.refused.push(name);
        }
    }
    // What follows the last member is padding; reading it proves that the archive is whole.
    let mut stream = archive.into_inner();
    loop {
        allowance.set(scratch.len() as u64);
        let read = stream.read(&mut scratch).map_err(|e| unreadable(path, e))?;
        unpacked += read as u64;
        if let Some(reason) = is_bomb(packed, unpacked, limits) {
            return Err(limit(path.into(), reason));
        }
        if read == 0 {
            return Ok(members);
        }
    }
}

/// A stream that gives at most its allowance: what the reader of tar takes for headers is bounded, whatever they claim.
struct Rationed<R> {
    inner: R,
    allowance: Rc<Cell<u64>>,
}

impl<R: Read> Read for Rationed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let left = usize::try_from(self.allowance.get()).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let Some(part) = buffer.get_mut(..most).filter(|part| !part.is_empty()) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "oversized headers in the archive"));
        };
        let read = self.inner.read(part)?;
        self.allowance.set(self.allowance.get().saturating_sub(read as u64));
        Ok(read)
    }
}
