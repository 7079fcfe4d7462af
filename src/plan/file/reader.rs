//! Streams a plan file and checks it on the way.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::writer::hexadecimal;
use super::{GZIP_HEADER, LineRef, MAX_LINE, PlanFileError, Stage};
use crate::plan::{Change, FORMAT_VERSION, Header, Line, Seal};

/// Reads everything and checks everything; gives what the plan is bound to and its seal.
pub fn verify(path: impl AsRef<Path>) -> Result<(Header, Seal), PlanFileError> {
    let mut reader = Reader::open(path)?;
    for line in reader.by_ref() {
        line?;
    }
    reader.finish()
}

/// A plan file being read: the header, then an iterator over holds, changes and the seal.
///
/// The seal comes out only after it was found right and nothing follows it: whoever has seen [`Line::Seal`] has seen
/// a whole plan. After an error the iterator ends. A caller that acts on lines as they come calls [`verify`] first.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    lines: BufReader<GzDecoder<BufReader<File>>>,
    header: Header,
    seal: Option<Seal>,
    digest: Sha256,
    stage: Stage,
    /// Lines read so far.
    at: u64,
    changes: u64,
    holds: u64,
    last: u64,
    failed: bool,
    buffer: Vec<u8>,
}

/// What every version of the format has: enough to say that another version wrote it.
#[derive(Deserialize)]
struct Version {
    line: String,
    format_version: u64,
}

impl Reader {
    /// Opens the file and reads its header.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, PlanFileError> {
        let path = path.as_ref().to_owned();
        let file = open_packed(&path)?;
        let mut lines = BufReader::with_capacity(1 << 16, GzDecoder::new(BufReader::with_capacity(1 << 16, file)));
        let mut buffer = Vec::new();
        read_line(&mut lines, &mut buffer, &path, 0)?;
        let header = parse_header(&buffer, &path)?;
        let digest = Sha256::new_with_prefix(&buffer);
        Ok(Self {
            path,
            lines,
            header,
            seal: None,
            digest,
            stage: Stage::Holds,
            at: 1,
            changes: 0,
            holds: 0,
            last: 0,
            failed: false,
            buffer,
        })
    }

    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The seal, once the iterator has given it.
    #[must_use]
    pub const fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    /// The header and the seal, after the iterator gave its last line.
    pub fn finish(self) -> Result<(Header, Seal), PlanFileError> {
        let seal = self.seal.ok_or(PlanFileError::Truncated { path: self.path, line: self.at })?;
        Ok((self.header, seal))
    }

    fn read(&mut self) -> Result<Line, PlanFileError> {
        read_line(&mut self.lines, &mut self.buffer, &self.path, self.at)?;
        self.at += 1;
        let line = parse_line(&self.buffer).map_err(|e| self.malformed(&e))?;
        let seen = match &line {
            Line::Header(header) => LineRef::Header(header),
            Line::Hold(hold) => LineRef::Hold(hold),
            Line::Held { hold, also, change } => LineRef::Held { hold, also, change },
            Line::Change(change) => LineRef::Change(change),
            Line::Seal(seal) => LineRef::Seal(seal),
        };
        self.stage = self.stage.after(&seen).map_err(|(found, expected)| PlanFileError::Order {
            path: self.path.clone(),
            line: self.at,
            found,
            expected,
        })?;
        match &line {
            Line::Seal(seal) => {
                self.check_seal(seal)?;
                self.check_end()?;
                self.seal = Some(seal.clone());
            }
            Line::Change(change) => {
                self.check_sequence(change)?;
                self.changes += 1;
                self.digest.update(&self.buffer);
            }
            Line::Held { .. } => self.digest.update(&self.buffer),
            Line::Hold(_) | Line::Header(_) => {
                self.holds += 1;
                self.digest.update(&self.buffer);
            }
        }
        Ok(line)
    }

    fn check_sequence(&mut self, change: &Change) -> Result<(), PlanFileError> {
        if change.seq <= self.last || (self.last == 0 && change.seq != 1) {
            let (path, line, after) = (self.path.clone(), self.at, self.last);
            return Err(PlanFileError::Sequence { path, line, found: change.seq, after });
        }
        self.last = change.seq;
        Ok(())
    }

    fn check_seal(&self, seal: &Seal) -> Result<(), PlanFileError> {
        let counts = [("changes", self.changes, seal.changes), ("holds", self.holds, seal.holds)];
        for (what, counted, sealed) in counts {
            if counted != sealed {
                return Err(PlanFileError::Counts { path: self.path.clone(), what, counted, sealed });
            }
        }
        // The digest cannot cover its own line, so that line must be exactly what the writer writes.
        let written = serde_json::to_vec(&LineRef::Seal(seal)).map_err(|e| self.malformed(&e))?;
        let exact = self.buffer.strip_suffix(b"\n") == Some(written.as_slice());
        if !exact || seal.digest != hexadecimal(&self.digest.clone().finalize()) {
            return Err(PlanFileError::Altered { path: self.path.clone() });
        }
        Ok(())
    }

    /// Nothing may follow the seal, neither in the packed lines nor behind them in the file.
    fn check_end(&mut self) -> Result<(), PlanFileError> {
        let ended = self.lines.fill_buf().map(<[u8]>::is_empty).map_err(|e| unpacking(e, &self.path, self.at))?;
        let file = self.lines.get_mut().get_mut();
        let over = file
            .fill_buf()
            .map(<[u8]>::is_empty)
            .map_err(|source| PlanFileError::Read { path: self.path.clone(), source })?;
        if ended && over { Ok(()) } else { Err(PlanFileError::Appended { path: self.path.clone() }) }
    }

    fn malformed(&self, error: &serde_json::Error) -> PlanFileError {
        PlanFileError::Malformed { path: self.path.clone(), line: self.at, reason: describe(error) }
    }
}

impl Iterator for Reader {
    type Item = Result<Line, PlanFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.stage == Stage::Sealed {
            return None;
        }
        let line = self.read();
        self.failed = line.is_err();
        Some(line)
    }
}

/// Opens the file when it starts as the writer's do.
fn open_packed(path: &Path) -> Result<File, PlanFileError> {
    let failed = |source| PlanFileError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut start = Vec::with_capacity(GZIP_HEADER.len());
    file.by_ref().take(GZIP_HEADER.len() as u64).read_to_end(&mut start).map_err(failed)?;
    if !start.starts_with(&[0x1f, 0x8b]) {
        return Err(PlanFileError::NotAPlan { path: path.to_owned() });
    }
    if start != GZIP_HEADER {
        let path = path.to_owned();
        let cut = GZIP_HEADER.starts_with(&start);
        return Err(if cut { PlanFileError::Truncated { path, line: 0 } } else { PlanFileError::Repacked { path } });
    }
    file.rewind().map_err(failed)?;
    Ok(file)
}

/// Reads one line with its newline into `buffer`; `before` lines were read already.
fn read_line(
    lines: &mut BufReader<GzDecoder<BufReader<File>>>,
    buffer: &mut Vec<u8>,
    path: &Path,
    before: u64,
) -> Result<(), PlanFileError> {
    buffer.clear();
    lines.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', buffer).map_err(|e| unpacking(e, path, before))?;
    if buffer.len() > MAX_LINE {
        return Err(PlanFileError::TooLong { path: path.to_owned(), line: before + 1 });
    }
    if buffer.last() != Some(&b'\n') {
        return Err(PlanFileError::Truncated { path: path.to_owned(), line: before });
    }
    Ok(())
}

fn unpacking(error: io::Error, path: &Path, line: u64) -> PlanFileError {
    let path = path.to_owned();
    match error.kind() {
        ErrorKind::UnexpectedEof => PlanFileError::Truncated { path, line },
        ErrorKind::InvalidData | ErrorKind::InvalidInput => {
            PlanFileError::Damaged { path, line, reason: error.to_string() }
        }
        _ => PlanFileError::Read { path, source: error },
    }
}

fn parse_header(bytes: &[u8], path: &Path) -> Result<Header, PlanFileError> {
    let malformed =
        |e: serde_json::Error| PlanFileError::Malformed { path: path.to_owned(), line: 1, reason: describe(&e) };
    // The version is read on its own first: a newer header need not have the shape that is known here.
    let version: Version =
        serde_json::from_slice(bytes).map_err(|_| PlanFileError::NotAPlan { path: path.to_owned() })?;
    if version.line != "header" {
        return Err(PlanFileError::NotAPlan { path: path.to_owned() });
    }
    if version.format_version != u64::from(FORMAT_VERSION) {
        return Err(PlanFileError::Format { path: path.to_owned(), found: version.format_version });
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

/// As the derived `Line` does, several times faster on the writer's own lines: serde buffers a tagged value whole
/// before it reads it, and the tag comes first here.
fn parse_line(bytes: &[u8]) -> Result<Line, serde_json::Error> {
    fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
    if bytes.starts_with(br#"{"line":"change","#) {
        return Ok(Line::Change(read(bytes)?));
    }
    read(bytes)
}

/// Where and what kind, without the value: plans hold personal data, errors end in logs.
fn describe(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Io => "unreadable",
        serde_json::error::Category::Syntax => "not JSON",
        serde_json::error::Category::Data => "an unknown shape",
        serde_json::error::Category::Eof => "ends too early",
    };
    format!("{what}, column {}", error.column())
}
