//! Writes a plan file, all or nothing.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::{LineRef, MAX_LINE, PlanFileError, Stage};
use crate::plan::{Change, Header, Hold, Seal};
use crate::private::{private_file, publish};

/// Streams a plan to disk. Refuses lines out of order, so that no file is written which a reader would refuse. Dropped
/// before [`Writer::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    out: GzEncoder<BufWriter<NamedTempFile>>,
    digest: Sha256,
    stage: Stage,
    line: u64,
    changes: u64,
    holds: u64,
    last: u64,
    buffer: Vec<u8>,
}

impl Writer {
    /// Opens a temporary file beside `path` (mode 0600); `path` itself is untouched until the end.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, PlanFileError> {
        let path = path.as_ref().to_owned();
        let file = private_file(&path).map_err(|source| PlanFileError::Write { path: path.clone(), source })?;
        // The header is fixed (see GZIP_HEADER), so the same plan gives the same bytes.
        let out = GzBuilder::new().mtime(0).operating_system(255).write(BufWriter::new(file), Compression::new(4));
        Ok(Self {
            path,
            out,
            digest: Sha256::new(),
            stage: Stage::Start,
            line: 0,
            changes: 0,
            holds: 0,
            last: 0,
            buffer: Vec::new(),
        })
    }

    /// First, once.
    pub fn write_header(&mut self, header: &Header) -> Result<(), PlanFileError> {
        self.write(&LineRef::Header(header))
    }

    /// After the header and before the first change.
    pub fn write_hold(&mut self, hold: &Hold) -> Result<(), PlanFileError> {
        self.write(&LineRef::Hold(hold))?;
        self.holds += 1;
        Ok(())
    }

    /// After the holds and before the first change: what the hold of this number keeps back, and `also` others.
    pub fn write_held(&mut self, hold: &str, also: &[String], change: &Change) -> Result<(), PlanFileError> {
        self.write(&LineRef::Held { hold, also, change })
    }

    /// In the order of application: `seq` is 1 in the first change and rises.
    pub fn write_change(&mut self, change: &Change) -> Result<(), PlanFileError> {
        if change.seq <= self.last || (self.last == 0 && change.seq != 1) {
            let (path, line) = (self.path.clone(), self.line + 1);
            return Err(PlanFileError::Sequence { path, line, found: change.seq, after: self.last });
        }
        self.write(&LineRef::Change(change))?;
        self.last = change.seq;
        self.changes += 1;
        Ok(())
    }

    /// Seals the plan, puts it on disk and gives it its name.
    pub fn finish(mut self) -> Result<Seal, PlanFileError> {
        let seal =
            Seal { digest: hexadecimal(&self.digest.clone().finalize()), changes: self.changes, holds: self.holds };
        self.write(&LineRef::Seal(&seal))?;
        let Self { path, out, .. } = self;
        let done = || -> io::Result<()> {
            let mut buffered = out.finish()?;
            buffered.flush()?;
            let file = buffered.into_inner().map_err(io::IntoInnerError::into_error)?;
            publish(file, &path)
        };
        done().map_err(|source| PlanFileError::Write { path: path.clone(), source })?;
        Ok(seal)
    }

    fn write(&mut self, line: &LineRef<'_>) -> Result<(), PlanFileError> {
        let at = self.line + 1;
        self.stage = self.stage.after(line).map_err(|(found, expected)| PlanFileError::Order {
            path: self.path.clone(),
            line: at,
            found,
            expected,
        })?;
        self.buffer.clear();
        serde_json::to_writer(&mut self.buffer, line)
            .map_err(|e| PlanFileError::Write { path: self.path.clone(), source: e.into() })?;
        self.buffer.push(b'\n');
        if self.buffer.len() > MAX_LINE {
            return Err(PlanFileError::TooLong { path: self.path.clone(), line: at });
        }
        self.digest.update(&self.buffer);
        self.out.write_all(&self.buffer).map_err(|source| PlanFileError::Write { path: self.path.clone(), source })?;
        self.line = at;
        Ok(())
    }
}

pub(in crate::plan) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
