//! What a `.zip` holds, from its central directory, and how one member is read.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::{Member, Members, is_bomb, limit, open, unreadable};
use crate::feed::{FeedError, Limits, Location};

/// Lists the members of a `.zip`.
pub(in crate::feed) fn zip_members(path: &Path, limits: &Limits) -> Result<Members, FeedError> {
    let file = open(path).map_err(|source| FeedError::Io { path: path.into(), source })?;
    let packed = file.metadata().map_err(|source| FeedError::Io { path: path.into(), source })?.len();
    let mut archive = ZipArchive::new(file).map_err(|e| unreadable(path, e))?;
    if archive.len() > limits.files {
        return Err(limit(path.into(), format!("more than {} files", limits.files)));
    }
    let mut members = Members::default();
    let mut unpacked = 0_u64;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|e| unreadable(path, e))?;
        if entry.is_dir() {
            continue;
        }
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if entry.encrypted() {
            return Err(unreadable(path, format!("member {name:?} is encrypted")));
        }
        if !entry.is_file() {
            members.refused.push(name);
            continue;
        }
        unpacked = unpacked.saturating_add(entry.size());
        if let Some(reason) = is_bomb(packed, unpacked, limits) {
            return Err(limit(path.into(), reason));
        }
        let location = Location::Zip { archive: path.into(), index };
        members.files.push(Member { name, size: entry.size(), location });
    }
    Ok(members)
}

/// One member as it unpacks: never more bytes than announced, and the checksum looked at when it ends.
pub(super) struct ZipMember {
    data: Data,
    crc: Crc,
    announced: u64,
    expected_crc: u32,
    ended: bool,
}

enum Data {
    Stored(io::Take<File>),
    Deflated(Box<DeflateDecoder<io::Take<File>>>),
}

impl ZipMember {
    /// Finds a member again and stands at its first byte.
    pub(super) fn open(archive: &mut ZipArchive<File>, path: &Path, index: usize) -> io::Result<Self> {
        let entry = archive.by_index_raw(index).map_err(io::Error::other)?;
        let start = entry.data_start().ok_or_else(|| io::Error::other("no data for this member"))?;
        let (method, packed) = (entry.compression(), entry.compressed_size());
        let (announced, expected_crc) = (entry.size(), entry.crc32());
        drop(entry);
        let mut file = open(path)?;
        file.seek(SeekFrom::Start(start))?;
        let packed = file.take(packed);
        let data = match method {
            CompressionMethod::Stored => Data::Stored(packed),
            CompressionMethod::Deflated => Data::Deflated(Box::new(DeflateDecoder::new(packed))),
            other => return Err(io::Error::other(format!("compression method {other} is not supported"))),
        };
        Ok(Self { data, crc: Crc::new(), announced, expected_crc, ended: false })
    }
}

impl Read for ZipMember {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let read = match &mut self.data {
            Data::Stored(data) => data.read(buffer)?,
            Data::Deflated(data) => data.read(buffer)?,
        };
        self.crc.update(buffer.get(..read).unwrap_or_default());
        let so_far = u64::from(self.crc.amount());
        // The checksum counts modulo 2^32, as the announced size of a plain zip does.
        if read == 0 {
            self.ended = true;
            if so_far != self.announced % (1 << 32) || self.crc.sum() != self.expected_crc {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "size or checksum differ from the announced ones",
                ));
            }
        }
        Ok(read)
    }
}
