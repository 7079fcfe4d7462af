//! Sorts the rows of a plan by school and kind within bounded memory.
//!
//! Rows gather in memory; when they outgrow [`IN_MEMORY`] they go to one unnamed temporary file (nobody can open it,
//! it ends with the process) as a chunk per bucket. Reading a bucket back takes its chunks in order, then what is still
//! in memory, so rows keep the order of the plan.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use compact_str::CompactString;

use super::row::Row;
use crate::plan::ChangeKind;

/// Bytes of rows kept in memory: a plan of some 50,000 changes never touches the disk.
const IN_MEMORY: usize = 16 << 20;

/// The order of kinds within a school: the unusual and dangerous first, the long and plain last.
pub(super) const ORDER: [ChangeKind; 19] = [
    ChangeKind::StructureRename,
    ChangeKind::StructureMerge,
    ChangeKind::StructureDelete,
    ChangeKind::Purge,
    ChangeKind::Revoke,
    ChangeKind::Reissue,
    ChangeKind::Suspend,
    ChangeKind::Absent,
    ChangeKind::Move,
    ChangeKind::Restore,
    ChangeKind::StructureUpdate,
    ChangeKind::Update,
    ChangeKind::Rewrite,
    ChangeKind::StructureCreate,
    ChangeKind::Create,
    ChangeKind::GroupDelete,
    ChangeKind::GroupRename,
    ChangeKind::GroupUpdate,
    ChangeKind::GroupCreate,
];

/// A school (empty for what belongs to none) and a kind.
pub(super) type Key = (CompactString, ChangeKind);

#[derive(Debug)]
pub(super) struct Buckets {
    by_key: BTreeMap<Key, Bucket>,
    buffered: usize,
    limit: usize,
    spill: Option<File>,
}

#[derive(Debug, Default)]
struct Bucket {
    count: u64,
    /// Offset and length in the spill file.
    chunks: Vec<(u64, usize)>,
    /// Rows as JSON, one per line.
    tail: Vec<u8>,
}

impl Buckets {
    pub fn new() -> Self {
        Self::with_limit(IN_MEMORY)
    }

    pub fn with_limit(limit: usize) -> Self {
        Self { by_key: BTreeMap::new(), buffered: 0, limit, spill: None }
    }

    pub fn push(&mut self, school: &str, row: &Row) -> io::Result<()> {
        let bucket = self.by_key.entry((school.into(), row.kind)).or_default();
        let before = bucket.tail.len();
        serde_json::to_writer(&mut bucket.tail, row)?;
        bucket.tail.push(b'\n');
        bucket.count += 1;
        self.buffered += bucket.tail.len() - before;
        if self.buffered > self.limit {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let file = match &mut self.spill {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        let mut end = file.seek(SeekFrom::End(0))?;
        for bucket in self.by_key.values_mut().filter(|b| !b.tail.is_empty()) {
            file.write_all(&bucket.tail)?;
            bucket.chunks.push((end, bucket.tail.len()));
            end += bucket.tail.len() as u64;
            bucket.tail = Vec::new();
        }
        self.buffered = 0;
        Ok(())
    }

    /// Bytes of rows in memory.
    #[cfg(test)]
    pub fn in_memory(&self) -> usize {
        self.by_key.values().map(|b| b.tail.len()).sum()
    }

    /// Bytes of rows in the temporary file.
    #[cfg(test)]
    pub fn on_disk(&self) -> usize {
        self.by_key.values().flat_map(|b| &b.chunks).map(|(_, length)| length).sum()
    }

    /// How many rows one bucket holds.
    pub fn count(&self, school: &str, kind: ChangeKind) -> u64 {
        self.by_key.get(&(school.into(), kind)).map_or(0, |bucket| bucket.count)
    }

    /// The rows of a bucket, in the order of the plan; one chunk at a time is in memory.
    pub fn rows(&mut self, school: &str, kind: ChangeKind) -> Rows<'_> {
        let bucket = self.by_key.get(&(school.into(), kind));
        Rows {
            chunks: bucket.map(|b| b.chunks.iter().copied().collect()).unwrap_or_default(),
            spill: self.spill.as_mut(),
            tail: bucket.map_or(&[], |b| &b.tail),
            chunk: Vec::new(),
            at: 0,
        }
    }
}

pub(super) struct Rows<'a> {
    chunks: VecDeque<(u64, usize)>,
    spill: Option<&'a mut File>,
    tail: &'a [u8],
    /// The chunk being read, and how far.
    chunk: Vec<u8>,
    at: usize,
}

impl Iterator for Rows<'_> {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.chunk.get(self.at..).unwrap_or_default();
            if let Some(end) = rest.iter().position(|&b| b == b'\n') {
                self.at += end + 1;
                return Some(serde_json::from_slice(rest.get(..end)?).map_err(io::Error::from));
            }
            let (offset, length) = match (self.chunks.pop_front(), &self.spill) {
                (Some(chunk), Some(_)) => chunk,
                _ if self.tail.is_empty() => return None,
                _ => {
                    self.chunk = std::mem::take(&mut self.tail).to_vec();
                    self.at = 0;
                    continue;
                }
            };
            self.at = 0;
            self.chunk.resize(length, 0);
            let read = self.spill.as_mut().map_or(Ok(()), |file| {
                file.seek(SeekFrom::Start(offset))?;
                file.read_exact(&mut self.chunk)
            });
            if let Err(error) = read {
                self.chunks.clear();
                self.chunk.clear();
                self.tail = &[];
                return Some(Err(error));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: String, kind: ChangeKind) -> Row {
        Row {
            kind,
            name,
            profile: None,
            class: None,
            login: None,
            origin: None,
            note: Some("ligne\nsuivante".to_owned()),
            adopts: false,
            drift: false,
            expected: false,
            revokes: false,
            seen: false,
            details: Vec::new(),
            added: 0,
            removed: 0,
        }
    }

    #[test]
    fn rows_keep_their_bucket_and_order_on_disk_and_in_memory() {
        for limit in [0, 1_000, usize::MAX] {
            let mut buckets = Buckets::with_limit(limit);
            for i in 0..100_u32 {
                let kind = if i % 2 == 0 { ChangeKind::Create } else { ChangeKind::Update };
                buckets.push(if i % 3 == 0 { "0290009C" } else { "" }, &row(i.to_string(), kind)).unwrap();
            }
            assert_eq!(buckets.on_disk() > 0, limit < 2_000);
            assert!(buckets.in_memory() <= limit);
            let names: Vec<u32> =
                buckets.rows("0290009C", ChangeKind::Update).map(|r| r.unwrap().name.parse().unwrap()).collect();
            assert_eq!(names, (0..100).filter(|i| i % 3 == 0 && i % 2 == 1).collect::<Vec<_>>());
            assert_eq!(buckets.rows("0290009C", ChangeKind::Move).count(), 0);
            let of = |school| ORDER.iter().map(|kind| buckets.count(school, *kind)).sum::<u64>();
            assert_eq!((of("0290009C"), of("")), (34, 66));
        }
    }
}
