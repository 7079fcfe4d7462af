//! A batch of writes: read what it touches, carry it out in memory, write what changed, all in one transaction.

use std::collections::{HashMap, HashSet};

use super::{NAME, explain, modify, path, text};
use crate::directory::{DirectoryError, Dn, Entry, Operation};
use crate::store::entries::{EntryRow, EntryWriter};
use crate::store::{Store, StoreError};

/// Operations at a time: bounds what is in memory of a large batch.
const CHUNK: usize = 2_000;

/// LDAP result code of deleting an entry that has others below it.
const NOT_ALLOWED_ON_NON_LEAF: u32 = 66;
/// unwillingToPerform: what a rename that would move an entry is answered.
const AFFECTS_OTHER_PARENT: u32 = 53;

type Outcome = Result<(), DirectoryError>;

pub(super) async fn execute(store: &Store, suffix: &Dn, operations: &[Operation]) -> Vec<Outcome> {
    let all = |error: DirectoryError| operations.iter().map(|_| Err(error.clone())).collect();
    let (outcomes, writer) = match carry_out(store, suffix, operations).await {
        Ok(done) => done,
        // Nothing was committed, so nothing of it happened.
        Err(error) => {
            return all(DirectoryError::Unreachable { server: NAME.into(), reason: explain(&error) });
        }
    };
    match writer.commit().await {
        Ok(()) => outcomes,
        Err(error) => operations
            .iter()
            .map(|op| Err(DirectoryError::Unknown { dn: op.dn().to_string(), reason: explain(&error) }))
            .collect(),
    }
}

async fn carry_out(
    store: &Store,
    suffix: &Dn,
    operations: &[Operation],
) -> Result<(Vec<Outcome>, EntryWriter), StoreError> {
    let mut writer = store.write_entries().await?;
    let mut outcomes = Vec::with_capacity(operations.len());
    for operations in operations.chunks(CHUNK) {
        let mut batch = Batch::load(&mut writer, suffix, operations).await?;
        outcomes.extend(operations.iter().map(|operation| batch.carry_out(operation)));
        batch.store(&mut writer).await?;
    }
    Ok((outcomes, writer))
}

/// What a chunk of operations touches.
struct Batch<'a> {
    suffix: &'a Dn,
    /// Entries and parents of entries by path, as they are now; `None` once deleted.
    entries: HashMap<String, Option<EntryRow>>,
    /// How many entries lie below those to delete or rename.
    below: HashMap<String, u64>,
    changed: HashSet<String>,
}

impl<'a> Batch<'a> {
    async fn load(writer: &mut EntryWriter, suffix: &'a Dn, operations: &[Operation]) -> Result<Self, StoreError> {
        let mut wanted = HashSet::with_capacity(operations.len() + 8);
        let mut deleted = Vec::new();
        for operation in operations {
            let own = path(operation.dn());
            match operation.parts().0 {
                Operation::Add(_) => drop(parent(&own).map(|p| wanted.insert(p.to_owned()))),
                Operation::Delete(_) => deleted.push(own.clone()),
                Operation::Rename { to, .. } => {
                    deleted.push(own.clone());
                    wanted.insert(path(to));
                }
                Operation::Modify { .. } | Operation::OnlyIf { .. } => {}
            }
            wanted.insert(own);
        }
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let entries = writer.load(&wanted).await?.into_iter().map(|(path, row)| (path, Some(row))).collect();
        let deleted: Vec<&str> = deleted.iter().map(String::as_str).collect();
        let below = if deleted.is_empty() { HashMap::new() } else { writer.count_below(&deleted).await? };
        Ok(Self { suffix, entries, below, changed: HashSet::new() })
    }

    fn get(&self, path: &str) -> Option<&EntryRow> {
        self.entries.get(path).and_then(Option::as_ref)
    }

    /// A failed operation leaves no trace: what it changed is put back only at its end.
    fn carry_out(&mut self, operation: &Operation) -> Outcome {
        let dn = operation.dn();
        let own = path(dn);
        let missing = |dn: &Dn| DirectoryError::NoSuchEntry { dn: dn.to_string() };
        let (operation, conditions) = operation.parts();
        if !conditions.is_empty() {
            let row = self.get(&own).ok_or_else(|| missing(dn))?;
            let attributes = text::decode(&row.attributes, |_| true).map_err(|e| super::damaged(&own, &e))?;
            let entry = Entry { dn: dn.clone(), attributes };
            if let Some(reason) = conditions.iter().find_map(|c| c.check(&entry).err()) {
                return Err(DirectoryError::Moved { dn: dn.to_string(), reason });
            }
        }
        let after = match operation {
            Operation::Add(entry) => {
                let attributes = modify::check_add(entry)?;
                if self.get(&own).is_some() {
                    return Err(DirectoryError::AlreadyExists { dn: dn.to_string() });
                }
                let has_parent = parent(&own).is_some_and(|p| self.get(p).is_some());
                if !dn.is_within(self.suffix) || (dn != self.suffix && !has_parent) {
                    return Err(missing(&dn.parent().unwrap_or_else(|| dn.clone())));
                }
                Some(text::encode(&attributes))
            }
            Operation::Modify { modifications, .. } => {
                let row = self.get(&own).ok_or_else(|| missing(dn))?;
                let mut attributes = text::decode(&row.attributes, |_| true).map_err(|e| super::damaged(&own, &e))?;
                modify::modify(dn, &mut attributes, modifications)?;
                Some(text::encode(&attributes))
            }
            Operation::Delete(_) => {
                self.get(&own).ok_or_else(|| missing(dn))?;
                self.check_leaf(dn, &own)?;
                None
            }
            Operation::Rename { to, .. } => return self.rename(dn, to),
            // `parts` has taken all of these off.
            Operation::OnlyIf { .. } => return Ok(()),
        };
        match operation {
            Operation::Add(_) => self.count(&own, 1),
            Operation::Delete(_) => self.count(&own, -1),
            Operation::Modify { .. } | Operation::Rename { .. } | Operation::OnlyIf { .. } => {}
        }
        let written = self.get(&own).map_or_else(|| dn.to_string(), |row| row.dn.clone());
        let row = after.map(|attributes| EntryRow { path: own.clone(), dn: written, attributes });
        self.entries.insert(own.clone(), row);
        self.changed.insert(own);
        Ok(())
    }

    fn check_leaf(&self, dn: &Dn, path: &str) -> Outcome {
        if self.below.get(path).is_some_and(|n| *n > 0) {
            let reason = "it has entries below it".to_owned();
            return Err(DirectoryError::Rejected { dn: dn.to_string(), code: NOT_ALLOWED_ON_NON_LEAF, reason });
        }
        Ok(())
    }

    /// Gives an entry another name below its parent. A name that differs in writing only is written anew.
    fn rename(&mut self, dn: &Dn, to: &Dn) -> Outcome {
        let (own, new) = (path(dn), path(to));
        let row = self.get(&own).ok_or_else(|| DirectoryError::NoSuchEntry { dn: dn.to_string() })?;
        if parent(&own) != parent(&new) {
            let reason = format!("{to} is not below the same parent");
            return Err(DirectoryError::Rejected { dn: dn.to_string(), code: AFFECTS_OTHER_PARENT, reason });
        }
        let mut attributes = text::decode(&row.attributes, |_| true).map_err(|e| super::damaged(&own, &e))?;
        if own != new && self.get(&new).is_some() {
            return Err(DirectoryError::AlreadyExists { dn: to.to_string() });
        }
        self.check_leaf(dn, &own)?;
        modify::rename(dn, to, &mut attributes);
        let row = EntryRow { path: new.clone(), dn: to.to_string(), attributes: text::encode(&attributes) };
        self.entries.insert(own.clone(), None);
        self.entries.insert(new.clone(), Some(row));
        self.changed.extend([own, new]);
        Ok(())
    }

    /// Adds to the count of what lies below each ancestor that is to be deleted in this chunk.
    fn count(&mut self, path: &str, by: i64) {
        let mut at = parent(path);
        while let Some(ancestor) = at {
            if by > 0 {
                *self.below.entry(ancestor.to_owned()).or_default() += by.unsigned_abs();
            } else if let Some(n) = self.below.get_mut(ancestor) {
                *n = n.saturating_sub(by.unsigned_abs());
            }
            at = parent(ancestor);
        }
    }

    async fn store(self, writer: &mut EntryWriter) -> Result<(), StoreError> {
        let mut entries = self.entries;
        let (mut put, mut removed) = (Vec::new(), Vec::new());
        for path in self.changed {
            match entries.remove(&path).flatten() {
                Some(row) => put.push(row),
                None => removed.push(path),
            }
        }
        // In the order of the index, which fills its pages best.
        put.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        writer.put(&put).await?;
        if !removed.is_empty() {
            writer.remove(&removed.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        }
        Ok(())
    }
}

/// The path of the entry above: up to the last comma that separates (one after an odd run of backslashes belongs to a
/// value).
fn parent(path: &str) -> Option<&str> {
    let mut end = path.len();
    while let Some(comma) = path.get(..end).and_then(|head| head.rfind(',')) {
        let head = path.get(..comma)?;
        if (head.len() - head.trim_end_matches('\\').len()).is_multiple_of(2) {
            return Some(head);
        }
        end = comma;
    }
    None
}
