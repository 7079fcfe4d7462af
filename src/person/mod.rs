//! What is held on one person, for whoever has the right to know it (GDPR article 15), and its erasure (article 17).
//!
//! Everything that the store holds by name or key is in one list ([`HOLDINGS`]); beside it what the exports say, what the
//! directory holds, what the trail tells, and which saved plans name the person. Secrets and hashes are never shown. Who
//! asked is on the trail before anything is given.

mod deadlines;
mod erase;
mod holdings;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt as _;
use serde::Serialize;

use crate::audit::{AuditError, Event, EventFilter, Kind, Trail, show};
use crate::directory::{DirectoryError, Dn, is_secret};
use crate::feed::Category;
use crate::plan::file::Reader;
use crate::plan::{Ground, Line};
use crate::roster::JoinKey;
use crate::store::{Called, HeldRow, StoreError};

pub use deadlines::{Deadline, deadlines};
pub use erase::{Erased, Refusal, erase};
pub use holdings::{By, Erase, HOLDINGS, Holding, OTHERS, WITHHELD};
pub use text::{record_of_processing, text};

/// Why what is held cannot be told or erased.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// Everything held on a person.
#[derive(Debug, Serialize)]
pub struct Held {
    /// The person's join keys: more than one where two were proved or said to be one person's.
    pub join_keys: Vec<JoinKey>,
    /// How the trail calls the person.
    pub pseudonyms: Vec<String>,
    /// When what is kept ends, account by account.
    pub deadlines: Vec<Deadline>,
    /// What the exports say, as it was last accepted.
    pub records: Vec<RecordHeld>,
    /// The entries of the directory: attribute and values, without secrets.
    pub entries: Vec<EntryHeld>,
    /// By table of the store: what it is, how long it stays, the rows.
    pub rows: Vec<RowsHeld>,
    /// Saved plans that name the person.
    pub plans: Vec<PathBuf>,
    /// Of the trail, oldest first.
    pub events: Vec<Event>,
}

#[derive(Debug, Serialize)]
pub struct RecordHeld {
    pub source: String,
    pub category: Category,
    pub file: String,
    pub line: u32,
    pub attributes: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Serialize)]
pub struct EntryHeld {
    pub dn: String,
    pub attributes: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Serialize)]
pub struct RowsHeld {
    pub table: &'static str,
    pub what: &'static str,
    pub how_long: &'static str,
    pub rows: Vec<HeldRow>,
}

impl Held {
    /// Whether nothing at all is held.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.entries.is_empty()
            && self.rows.is_empty()
            && self.plans.is_empty()
            && self.events.is_empty()
    }
}

/// Everything held on the person with this join key, and on the others that are known to be the same person. `plans` is
/// the folder of the saved plans.
///
/// # Errors
/// When store, directory or trail cannot be read. A plan that cannot is left out.
pub async fn held(ground: &Ground<'_>, key: &JoinKey, plans: &Path, trail: &Trail) -> Result<Held, PersonError> {
    let called = called(ground, key).await?;
    for key in &called.keys {
        trail.record(Kind::PersonLookedUp, Some(key), serde_json::json!({ "verb": "person show" }))?;
    }
    trail.flush().await?;
    let mut rows = Vec::new();
    for holding in &HOLDINGS {
        let mut found = ground.store.held(holding, &called).await?;
        for row in &mut found {
            row.retain(|column, _| !WITHHELD.contains(&column.as_str()));
            // It speaks of others too.
            if let By::DnWithin(column) = holding.by
                && let Some(value) = row.get_mut(column)
            {
                *value = "(nomme cette personne)".into();
            }
        }
        if !found.is_empty() {
            rows.push(RowsHeld { table: holding.table, what: holding.what, how_long: holding.how_long, rows: found });
        }
    }
    let mut events: Vec<Event> = Vec::new();
    for key in &called.keys {
        let filter = EventFilter { person: Some(key.clone()), ..EventFilter::default() };
        events.extend(show(ground.store, &filter).await?.try_collect::<Vec<_>>().await?);
    }
    events.sort_by_key(|event| event.seq);
    let mut ends = Vec::new();
    for (key, account) in ground.store.accounts_of(&called.keys).await? {
        ends.extend(deadlines(&account, &ground.store.credentials_of(&key).await?, ground.config));
    }
    Ok(Held {
        deadlines: ends,
        pseudonyms: called.keys.iter().map(|key| trail.pseudonym(key)).collect(),
        records: records(ground, &called.keys).await?,
        entries: entries(ground, &called).await?,
        rows,
        plans: naming(plans, &called.keys),
        events,
        join_keys: called.keys,
    })
}

/// The join keys of one person, and the DNs that they are registered under.
async fn called(ground: &Ground<'_>, key: &JoinKey) -> Result<Called, StoreError> {
    let mut keys = vec![key.clone()];
    let links = ground.store.identity_links().await?;
    // Links are few to a person; a chain of them ends when nobody new is found.
    loop {
        let known = keys.len();
        for link in &links {
            for (one, other) in [(&link.a, &link.b), (&link.b, &link.a)] {
                if keys.contains(one) && !keys.contains(other) {
                    keys.push(other.clone());
                }
            }
        }
        if keys.len() == known {
            break;
        }
    }
    let dns = ground.store.dns_of(&keys).await?;
    Ok(Called { keys, dns })
}

async fn records(ground: &Ground<'_>, keys: &[JoinKey]) -> Result<Vec<RecordHeld>, StoreError> {
    let files = ground.store.origin_names().await?;
    let mut found = Vec::new();
    for config in &ground.config.sources {
        let source = ground.store.source(&config.name, config.prefix(), config.kind.name()).await?;
        let own = |key: &JoinKey| {
            key.as_str().strip_prefix(config.prefix()).and_then(|rest| rest.strip_prefix('$')).map(str::to_owned)
        };
        for local in keys.iter().filter_map(own) {
            for category in Category::PERSONS {
                let Some(row) = ground.store.image_row(source.id, category, &local).await? else { continue };
                let mut attributes: BTreeMap<String, Vec<String>> = BTreeMap::new();
                for (name, values) in row.fields.iter() {
                    attributes.entry(name.to_owned()).or_default().extend(values.map(str::to_owned));
                }
                found.push(RecordHeld {
                    source: config.name.clone(),
                    category,
                    file: files.get(&row.file).map_or_else(|| "?".to_owned(), ToString::to_string),
                    line: row.line,
                    attributes,
                });
            }
        }
    }
    Ok(found)
}

async fn entries(ground: &Ground<'_>, called: &Called) -> Result<Vec<EntryHeld>, PersonError> {
    let mut found = Vec::new();
    for dn in &called.dns {
        let Ok(dn) = Dn::parse(dn) else { continue };
        let Some(entry) = ground.directory.read(&dn).await? else { continue };
        let attributes = entry.attributes.iter().filter(|(name, _)| !is_secret(name)).map(|(name, values)| {
            let texts = values.iter().map(|value| match value.as_text() {
                Some(text) => text.to_owned(),
                None => format!("({} octets)", value.as_bytes().len()),
            });
            (name.clone(), texts.collect())
        });
        found.push(EntryHeld { dn: dn.to_string(), attributes: attributes.collect() });
    }
    Ok(found)
}

/// The plan files of a folder with a change about one of these people.
fn naming(folder: &Path, keys: &[JoinKey]) -> Vec<PathBuf> {
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut naming: Vec<PathBuf> = files
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| {
            let Ok(plan) = Reader::open(path) else { return false };
            plan.filter_map(Result::ok).any(|line| {
                let (Line::Change(change) | Line::Held { change, .. }) = &line else { return false };
                change.subject.join_key.as_ref().is_some_and(|key| keys.contains(key))
            })
        })
        .collect();
    naming.sort();
    naming
}
