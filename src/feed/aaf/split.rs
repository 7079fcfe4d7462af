//! Cuts the stream of a part into pieces of whole requests, so that they can be parsed anywhere, by anyone, alone.
//!
//! The cut is made on bytes, between one `<addRequest` (`modifyRequest`, `deleteRequest`) and the next, with comments,
//! CDATA, processing instructions and the DOCTYPE told apart. A request that is not closed, too large, or malformed is
//! therefore alone with its fault: reading goes on at the next one. Memory is one piece, whatever the file.

mod lexer;

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::encoding::{Charset, sniff};
use crate::feed::Limits;
use lexer::{Lexer, State};

/// Bytes read at once. Large enough that handing over a piece costs nothing, small enough to stay in a cache.
const STEP: usize = 128 << 10;

/// Where the bytes of parts come from: [`Source::open`] goes to a part, reading gives its bytes.
pub(super) trait Source: Read {
    fn open(&mut self, part: usize) -> io::Result<()>;
}

/// Consecutive whole requests of a part.
pub(super) struct Piece {
    /// Index of the part in the delivery.
    pub part: usize,
    /// Line of the first byte, from 1.
    pub line: u32,
    pub bytes: Vec<u8>,
    /// Where each request starts in `bytes`; what stands before the first is the head of the file.
    pub starts: Vec<usize>,
    pub charset: Charset,
    /// Whether this is the first piece of the part, the one with the head.
    pub first: bool,
    /// What there is to say instead of, or beside, the requests.
    pub events: Vec<Event>,
    /// Set on the last piece of the part.
    pub end: Option<End>,
}

/// What the splitter noticed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A request beyond the limit starts at this line and was skipped.
    TooLarge { line: u32 },
    /// What stands before the first request is beyond the limit.
    EndlessHead,
    /// The declaration names an encoding that nobody knows.
    UnknownLabel(String),
}

/// The end of a part.
pub(super) struct End {
    /// SHA-256 of the bytes that were read.
    pub digest: [u8; 32],
    /// Why reading stopped before the end of the file.
    pub stopped: Option<Stop>,
    /// Whether the last bytes are there to be looked at (they are not when a request beyond the limit took them).
    pub complete: bool,
}

#[derive(Debug)]
pub(super) enum Stop {
    Io(io::Error),
    Encoding(String),
    /// Declarations inside the DOCTYPE.
    Subset,
}

/// The delivery unpacks to more than its limit.
#[derive(Debug)]
pub(super) struct TooMuch;

/// Cuts the parts of a delivery, one after the other.
pub(super) struct Splitter<S> {
    source: S,
    /// Parts still to be read, the next one last.
    parts: Vec<usize>,
    current: Option<Current>,
    limits: Limits,
    /// Bytes of all parts so far.
    total: u64,
    /// Where one step is read.
    step: Box<[u8]>,
}

#[expect(clippy::struct_excessive_bools, reason = "four independent facts")]
struct Current {
    part: usize,
    line: u32,
    buffer: Vec<u8>,
    starts: Vec<usize>,
    lexer: Lexer,
    /// Up to where the buffer was looked at.
    scanned: usize,
    charset: Charset,
    /// Whether nothing was read yet.
    fresh: bool,
    /// Whether the next piece has the head.
    first: bool,
    /// Inside a request that is too large: bytes are dropped up to the next one.
    skipping: bool,
    ended: bool,
    stopped: Option<Stop>,
    events: Vec<Event>,
    digest: Sha256,
}

impl<S: Source> Splitter<S> {
    pub(super) fn new(source: S, mut parts: Vec<usize>, limits: Limits) -> Self {
        parts.reverse();
        Self { source, parts, current: None, limits, total: 0, step: vec![0; STEP].into() }
    }

    /// The next piece; `spare` is memory to use for what follows it.
    pub(super) fn next(&mut self, spare: Vec<u8>) -> Result<Option<Piece>, TooMuch> {
        let mut current = match self.current.take() {
            Some(current) => current,
            None => match self.parts.pop() {
                Some(part) => self.open(part),
                None => return Ok(None),
            },
        };
        loop {
            self.fill(&mut current)?;
            current.scan();
            if current.skipping && !current.resume() {
                continue;
            }
            if current.ended {
                return Ok(Some(current.last()));
            }
            if let Some(cut) = current.starts.last().copied().filter(|&cut| cut > 0) {
                let piece = current.cut(cut, spare);
                self.current = Some(current);
                return Ok(Some(piece));
            }
            if current.buffer.len() > self.limits.record {
                let event = match (current.first, current.starts.is_empty()) {
                    (true, true) => Event::EndlessHead,
                    _ => Event::TooLarge { line: current.line },
                };
                current.events.push(event);
                current.starts.clear();
                current.skipping = true;
            }
        }
    }

    fn open(&mut self, part: usize) -> Current {
        let stopped = self.source.open(part).err().map(Stop::Io);
        Current {
            part,
            line: 1,
            buffer: Vec::new(),
            starts: Vec::new(),
            lexer: Lexer::default(),
            scanned: 0,
            charset: Charset::Utf8,
            fresh: true,
            first: true,
            skipping: false,
            ended: stopped.is_some(),
            stopped,
            events: Vec::new(),
            digest: Sha256::new(),
        }
    }

    /// Reads one step more.
    fn fill(&mut self, current: &mut Current) -> Result<(), TooMuch> {
        if current.ended {
            return Ok(());
        }
        let mut read = 0;
        while let Some(room) = self.step.get_mut(read..).filter(|room| !room.is_empty()) {
            match self.source.read(room) {
                Ok(0) => current.ended = true,
                Ok(more) => {
                    read += more;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // What came before the fault is kept.
                Err(error) => {
                    current.stopped = Some(Stop::Io(error));
                    current.ended = true;
                }
            }
            break;
        }
        let step = self.step.get(..read).unwrap_or_default();
        current.digest.update(step);
        current.buffer.extend_from_slice(step);
        self.total += read as u64;
        if self.total > self.limits.unpacked {
            return Err(TooMuch);
        }
        if current.fresh {
            current.sniff();
        }
        Ok(())
    }
}

impl Current {
    fn sniff(&mut self) {
        self.fresh = false;
        match sniff(&self.buffer) {
            Ok(sniffed) => {
                self.charset = sniffed.charset;
                self.buffer.drain(..sniffed.mark);
                self.events.extend(sniffed.unknown.map(Event::UnknownLabel));
            }
            Err(name) => self.stop(Stop::Encoding(name)),
        }
    }

    fn stop(&mut self, why: Stop) {
        self.stopped = Some(why);
        self.ended = true;
        self.buffer.clear();
        self.starts.clear();
        self.scanned = 0;
    }

    fn scan(&mut self) {
        self.scanned = self.lexer.scan(&self.buffer, self.scanned, self.ended, &mut self.starts);
        if self.lexer.state == State::Subset {
            self.stop(Stop::Subset);
        }
    }

    /// Drops what was looked at of a request that is too large; gives true when there is something else to do.
    fn resume(&mut self) -> bool {
        let next = self.starts.first().copied();
        let dropped = next.unwrap_or(self.scanned);
        self.drop_front(dropped);
        self.first = false;
        self.skipping = next.is_none();
        !self.skipping || self.ended
    }

    fn drop_front(&mut self, count: usize) {
        self.line = self.line.saturating_add(lines(self.buffer.get(..count).unwrap_or_default()));
        self.buffer.drain(..count);
        self.scanned -= count;
        for start in &mut self.starts {
            *start -= count;
        }
    }

    /// Gives the requests before `cut`, keeps the rest.
    fn cut(&mut self, cut: usize, mut rest: Vec<u8>) -> Piece {
        rest.clear();
        rest.extend_from_slice(self.buffer.get(cut..).unwrap_or_default());
        let mut bytes = std::mem::replace(&mut self.buffer, rest);
        bytes.truncate(cut);
        let mut starts = std::mem::replace(&mut self.starts, vec![0]);
        starts.pop();
        self.scanned -= cut;
        let line = self.line;
        self.line = line.saturating_add(lines(&bytes));
        self.piece(line, bytes, starts, None)
    }

    /// The last piece: everything that is left.
    fn last(mut self) -> Piece {
        let (bytes, starts) = (std::mem::take(&mut self.buffer), std::mem::take(&mut self.starts));
        let digest = std::mem::take(&mut self.digest).finalize().into();
        let end = End { digest, stopped: self.stopped.take(), complete: !self.skipping };
        self.piece(self.line, bytes, starts, Some(end))
    }

    fn piece(&mut self, line: u32, bytes: Vec<u8>, starts: Vec<usize>, end: Option<End>) -> Piece {
        let first = std::mem::replace(&mut self.first, false);
        let events = std::mem::take(&mut self.events);
        Piece { part: self.part, line, bytes, starts, charset: self.charset, first, events, end }
    }
}

/// Line ends in some bytes.
pub(super) fn lines(bytes: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
