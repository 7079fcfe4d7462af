//! The directory as a witness against an old store: an account of ours that the register does not know, under a uid
//! beyond the last one that it gave.

use std::collections::HashMap;

use crate::config::Config;
use crate::directory::dialect::{Dialect, TakenNames};
use crate::directory::{Dn, Entry};
use crate::naming::numbered;
use crate::roster::JoinKey;

/// The store is older than the directory.
#[derive(Debug, thiserror::Error)]
#[error(
    "the store is an old copy: {dn} ({key}) has a uid beyond the last one that the register gave ({series}: {last}), and the \
     register does not know it. Names would be given twice. Bring back the newest copy, or let `rentree recover` rebuild it \
     from the directory (`rentree recover --dry-run` shows what that does)"
)]
pub struct OldStore {
    pub dn: Dn,
    pub key: JoinKey,
    pub series: String,
    pub last: u64,
}

/// Looks at every account while names are asked for.
pub(in crate::plan) struct Witness {
    prefixes: Vec<String>,
    counters: HashMap<String, u64>,
}

impl Witness {
    pub fn new(config: &Config, counters: &[(String, u64)]) -> Self {
        let prefixes = config.sources.iter().map(|source| source.prefix().to_owned()).collect();
        Self { prefixes, counters: counters.iter().cloned().collect() }
    }

    /// Nothing when the entry is known, is another program's, or has a name that this register can have given.
    pub fn check(
        &self,
        entry: &Entry,
        dialect: &Dialect,
        names: &TakenNames,
        known: impl Fn(&JoinKey) -> bool,
    ) -> Result<(), OldStore> {
        let Some((series, number)) = names.uid.as_ref().and_then(|uid| numbered(uid.as_str())) else { return Ok(()) };
        let Some(last) = self.counters.get(series).copied().filter(|last| number > *last) else { return Ok(()) };
        let mut keys = dialect.join_keys(entry).map(JoinKey::from_text).peekable();
        let Some(key) = keys.peek().cloned() else { return Ok(()) };
        if keys.any(|key| known(&key) || !is_of(&self.prefixes, &key)) {
            return Ok(());
        }
        Err(OldStore { dn: entry.dn.clone(), key, series: series.to_owned(), last })
    }
}

/// Whether a join key is of one of these sources.
pub(super) fn is_of(prefixes: &[String], key: &JoinKey) -> bool {
    key.as_str().split_once('$').is_some_and(|(prefix, _)| prefixes.iter().any(|known| known == prefix))
}
