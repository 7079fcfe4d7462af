//! [`PartBytes`]: one part after the other as a stream of unpacked bytes.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use super::zip::ZipMember;
use super::{is_bomb, open};
use crate::feed::{Limits, Location, Part};

/// Opens parts and reads the one that is open. Archives stay open from one part to the next.
#[derive(Default)]
pub(in crate::feed) struct PartBytes {
    zip: Option<(PathBuf, ZipArchive<File>)>,
    tar: Option<TarStream>,
    current: Current,
}

#[derive(Default)]
enum Current {
    #[default]
    Nothing,
    File(File),
    Zip(ZipMember),
    Gz(Box<Compressed>),
    /// Bytes left of the member.
    Tar(u64),
}

impl PartBytes {
    /// Goes to the first byte of a part.
    pub(in crate::feed) fn open(&mut self, part: &Part) -> io::Result<()> {
        self.current = Current::Nothing;
        self.current = match &part.location {
            Location::File(path) => Current::File(open(path)?),
            Location::Zip { archive, index } => {
                if self.zip.as_ref().is_none_or(|(path, _)| path != archive) {
                    self.zip = Some((archive.clone(), ZipArchive::new(open(archive)?).map_err(io::Error::other)?));
                }
                let Some((path, directory)) = &mut self.zip else { return Err(io::Error::other("no archive")) };
                Current::Zip(ZipMember::open(directory, path, *index)?)
            }
            Location::Gz(path) => Current::Gz(Box::new(Compressed::open(path)?)),
            Location::TarGz { archive, offset } => {
                if self.tar.as_ref().is_none_or(|tar| tar.path != *archive || tar.position > *offset) {
                    self.tar = Some(TarStream::open(archive)?);
                }
                if let Some(tar) = &mut self.tar {
                    tar.skip_to(*offset)?;
                }
                Current::Tar(part.size)
            }
        };
        Ok(())
    }
}

impl Read for PartBytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.current {
            Current::Nothing => Ok(0),
            Current::File(file) => file.read(buffer),
            Current::Zip(member) => member.read(buffer),
            Current::Gz(file) => file.read(buffer),
            Current::Tar(left) => {
                let most = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
                let (Some(tar), Some(part)) = (&mut self.tar, buffer.get_mut(..most)) else { return Ok(0) };
                let read = tar.read(part)?;
                if read == 0 && most > 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                *left = left.saturating_sub(read as u64);
                Ok(read)
            }
        }
    }
}

/// The unpacked stream of one compressed file; its checksum is looked at when it ends.
struct Compressed {
    stream: MultiGzDecoder<BufReader<File>>,
    packed: u64,
    unpacked: u64,
}

impl Compressed {
    fn open(path: &std::path::Path) -> io::Result<Self> {
        let file = open(path)?;
        let packed = file.metadata()?.len();
        Ok(Self { stream: MultiGzDecoder::new(BufReader::new(file)), packed, unpacked: 0 })
    }
}

impl Read for Compressed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.unpacked = self.unpacked.saturating_add(read as u64);
        // The listing of an archive has looked at its ratio; nobody has looked at this one's.
        match is_bomb(self.packed, self.unpacked, &Limits::default()) {
            Some(reason) => Err(io::Error::new(io::ErrorKind::InvalidData, reason)),
            None => Ok(read),
        }
    }
}

/// The unpacked stream of a `.tar.gz` and where it stands.
struct TarStream {
    path: PathBuf,
    stream: MultiGzDecoder<BufReader<File>>,
    position: u64,
}

impl TarStream {
    fn open(path: &std::path::Path) -> io::Result<Self> {
        Ok(Self { path: path.into(), stream: MultiGzDecoder::new(BufReader::new(open(path)?)), position: 0 })
    }

    fn skip_to(&mut self, offset: u64) -> io::Result<()> {
        let distance = offset.saturating_sub(self.position);
        let skipped = io::copy(&mut (&mut self.stream).take(distance), &mut io::sink())?;
        self.position += skipped;
        if skipped < distance { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

impl Read for TarStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}
