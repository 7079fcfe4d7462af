//! The AAF (*annuaire académique fédérateur*): XML sets of structures, subjects, MEF, pupils, relatives and staff.
//!
//! [`read`] takes a [`Delivery`] and yields records and findings. On the way of the data: the parts are cut into pieces
//! of whole requests (`split`, on bytes), pieces are parsed and judged by as many threads as wished (`piece`), and
//! what they give is handed to the [`Sink`] in the order of the files, whatever the number of threads. Memory is a few
//! pieces; it does not grow with the files. The room validates values and rejects what cannot be a record; who a record
//! is, and what becomes of it, is the roster's business.
//!
//! A record that cannot be read, or has no key, makes its category *broken*: nobody can tell who is missing from it.

mod check;
mod encoding;
mod first_degree;
mod head;
mod judge;
mod noise;
mod piece;
mod remark;
mod request;
mod split;
mod text;
mod vocabulary;

// The reader of tables checks and reports values with the same words.
pub(super) use check::Seen;
pub(super) use noise::Noise;
pub(super) use remark::{Fold, Remark, message};
pub(super) use text::clean;
pub(super) use vocabulary::{Attribute, attribute};

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use compact_str::CompactString;
use sha2::{Digest as _, Sha256};

use super::archive::PartBytes;
use super::{Category, Delivery, FeedError, Limits, Location, Part, Reading, Sink};
use piece::{Batch, Worker};
use split::{Piece, Source, Splitter, TooMuch};

/// Whether this is the name of an attribute that the AAF is known to carry.
#[must_use]
pub fn is_attribute(name: &str) -> bool {
    vocabulary::is_known(name)
}

/// How to read a delivery.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Threads that parse. With one, everything happens on the calling thread; with more, the calling thread only
    /// receives.
    pub threads: usize,
    pub limits: Limits,
}

impl Default for ReadOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads, limits: Limits::default() }
    }
}

/// Different header comments that are kept.
const HEADERS: usize = 64;

/// Structures whose UAI is remembered to name the school of a finding: more than any academy has.
const STRUCTURES: usize = 200_000;

/// Reads every part of a delivery. Blocking: call it on a thread made for that.
///
/// Fails only when the delivery goes beyond its limits; what was yielded before is then to be thrown away. Everything
/// else that is wrong is a finding, and the categories that it makes unsure are in [`Reading::broken`].
pub fn read(delivery: &Delivery, options: &ReadOptions, sink: &mut dyn Sink) -> Result<Reading, FeedError> {
    let source = Parts { parts: &delivery.parts, bytes: PartBytes::default() };
    read_from(source, delivery, options, sink).map_err(|TooMuch| {
        let reason = format!("more than {} bytes unpacked", options.limits.unpacked);
        FeedError::Limit { path: container(delivery), reason }
    })
}

/// The digest that reading this delivery would give ([`Reading::digest`]), from its bytes alone; `progress` is told of
/// their number. Blocking.
#[must_use]
pub fn fingerprint(delivery: &Delivery, progress: &mut dyn FnMut(u64)) -> [u8; 32] {
    let mut bytes = PartBytes::default();
    let mut buffer = vec![0; 128 << 10];
    let digests: Vec<_> = order(&delivery.parts)
        .into_iter()
        .filter_map(|at| {
            let part = delivery.parts.get(at)?;
            let mut digest = Sha256::new();
            // What cannot be read to its end gives the digest of what could be, as reading does.
            if bytes.open(part).is_ok() {
                while let Ok(read @ 1..) = super::archive::read_full(&mut bytes, &mut buffer) {
                    digest.update(buffer.get(..read).unwrap_or_default());
                    progress(read as u64);
                }
            }
            Some((at, digest.finalize().into()))
        })
        .collect();
    delivery.digest(&digests)
}

/// Reads parts from any source of bytes.
fn read_from<S: Source + Send>(
    source: S,
    delivery: &Delivery,
    options: &ReadOptions,
    sink: &mut dyn Sink,
) -> Result<Reading, TooMuch> {
    let splitter = Splitter::new(source, order(&delivery.parts), options.limits.clone());
    let mut collector = Collector::new(delivery, sink);
    if options.threads <= 1 {
        alone(splitter, &mut collector, &options.limits)?;
    } else {
        together(splitter, &mut collector, options)?;
    }
    Ok(collector.finish())
}

/// Structures first, so that findings on persons can name their school; then the order of the files, or of the bytes
/// where going back means unpacking an archive again.
fn order(parts: &[Part]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_cached_key(|&at| {
        let part = parts.get(at);
        let in_archive = part.and_then(|part| match &part.location {
            Location::TarGz { archive, offset } => Some((archive, *offset)),
            Location::File(_) | Location::Zip { .. } | Location::Gz(_) => None,
        });
        (part.is_some_and(|part| part.category != Category::Structure), in_archive, at)
    });
    order
}

fn container(delivery: &Delivery) -> std::path::PathBuf {
    match delivery.parts.first().map(|part| &part.location) {
        Some(Location::File(path) | Location::Gz(path)) => path.clone(),
        Some(Location::Zip { archive, .. } | Location::TarGz { archive, .. }) => archive.clone(),
        None => std::path::PathBuf::new(),
    }
}

/// The parts of a delivery as a source.
struct Parts<'d> {
    parts: &'d [Part],
    bytes: PartBytes,
}

impl Source for Parts<'_> {
    fn open(&mut self, part: usize) -> io::Result<()> {
        let part = self.parts.get(part).ok_or(io::ErrorKind::NotFound)?;
        self.bytes.open(part)
    }
}

impl io::Read for Parts<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buffer)
    }
}

/// Everything on the calling thread.
fn alone(mut splitter: Splitter<impl Source>, collector: &mut Collector<'_>, limits: &Limits) -> Result<(), TooMuch> {
    let mut worker = Worker::new(collector.delivery, limits);
    let mut spare = Vec::new();
    while let Some(piece) = splitter.next(std::mem::take(&mut spare))? {
        collector.take(worker.work(&piece));
        spare = piece.bytes;
    }
    Ok(())
}

/// What the threads take their work from: the splitter, and where to promise the outcome of each piece, in order.
struct Desk<S> {
    splitter: Splitter<S>,
    /// Gone when there is no piece left.
    promises: Option<SyncSender<Receiver<Batch>>>,
    too_much: bool,
}

impl<S: Source> Desk<S> {
    /// The next piece and where its batch goes.
    fn next(&mut self, spare: Vec<u8>) -> Option<(Piece, SyncSender<Batch>)> {
        let promises = self.promises.as_ref()?;
        let piece = match self.splitter.next(spare) {
            Ok(piece) => piece,
            Err(TooMuch) => {
                self.too_much = true;
                None
            }
        };
        let (give, promise) = sync_channel(1);
        // Sending waits while too many batches are promised and not taken: memory stays bounded.
        match piece {
            Some(piece) if promises.send(promise).is_ok() => Some((piece, give)),
            _ => {
                self.promises = None;
                None
            }
        }
    }
}

/// Several threads cut and parse, each taking the next piece when it has done with one; the calling thread takes the
/// batches in the order of the pieces.
fn together<S: Source + Send>(
    splitter: Splitter<S>,
    collector: &mut Collector<'_>,
    options: &ReadOptions,
) -> Result<(), TooMuch> {
    let (promises, outcomes) = sync_channel(2 * options.threads);
    let desk = Mutex::new(Desk { splitter, promises: Some(promises), too_much: false });
    let delivery = collector.delivery;
    std::thread::scope(|scope| {
        for _ in 0..options.threads {
            scope.spawn(|| {
                let mut worker = Worker::new(delivery, &options.limits);
                let mut spare = Vec::new();
                loop {
                    let next = desk.lock().unwrap_or_else(PoisonError::into_inner).next(std::mem::take(&mut spare));
                    let Some((piece, give)) = next else { return };
                    if give.send(worker.work(&piece)).is_err() {
                        return;
                    }
                    spare = piece.bytes;
                }
            });
        }
        // A thread that dies breaks its promise; the scope then passes its panic on.
        for batch in outcomes {
            match batch.recv() {
                Ok(batch) => collector.take(batch),
                Err(_) => break,
            }
        }
    });
    let desk = desk.into_inner().unwrap_or_else(PoisonError::into_inner);
    if desk.too_much { Err(TooMuch) } else { Ok(()) }
}

/// Takes batches in order, keeps the totals, and passes the rest on.
struct Collector<'s> {
    delivery: &'s Delivery,
    sink: &'s mut dyn Sink,
    reading: Reading,
    noise: HashMap<Category, Noise>,
    /// UAI of structures by key.
    structures: HashMap<CompactString, CompactString>,
    digests: Vec<(usize, [u8; 32])>,
}

impl<'s> Collector<'s> {
    fn new(delivery: &'s Delivery, sink: &'s mut dyn Sink) -> Self {
        Self {
            delivery,
            sink,
            reading: Reading::default(),
            noise: HashMap::new(),
            structures: HashMap::new(),
            digests: Vec::new(),
        }
    }

    fn take(&mut self, batch: Batch) {
        let Some(part) = self.delivery.parts.get(batch.part) else { return };
        self.reading.count(part.category, batch.read, batch.rejected);
        self.reading.bytes += batch.bytes;
        if batch.broken {
            self.reading.breaks(part.category);
        }
        for (name, value) in batch.header {
            let header = &mut self.reading.header;
            if let Some((_, known)) = header.iter_mut().find(|(known, _)| *known == name) {
                *known = value;
            } else if header.len() < HEADERS {
                header.push((name, value));
            }
        }
        for (key, uai) in batch.structures {
            if self.structures.len() < STRUCTURES {
                self.structures.insert(key, uai);
            }
        }
        self.noise.entry(part.category).or_default().merge(batch.noise);
        self.digests.extend(batch.digest.map(|digest| (batch.part, digest)));
        for pending in batch.findings {
            let mut finding = pending.finding;
            finding.school = pending.structure.and_then(|key| self.structures.get(&key).cloned());
            self.sink.finding(finding);
        }
        for record in batch.records {
            self.sink.record(record);
        }
        self.sink.progress(batch.bytes);
    }

    fn finish(mut self) -> Reading {
        for category in Category::ALL {
            let noise = self.noise.remove(&category).unwrap_or_default();
            for finding in noise.findings(category, self.delivery) {
                self.sink.finding(finding);
            }
        }
        self.reading.digest = self.delivery.digest(&self.digests);
        self.reading
    }
}

#[cfg(test)]
mod tests;
