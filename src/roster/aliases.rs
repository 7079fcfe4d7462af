//! Other join keys of people in the roster.
//!
//! An academy that merges or is renamed changes the prefix of all its keys, and a person whom a second source proves to
//! be a first one's may have got an account under the second's key before. Such an account is the same person's: it is
//! recognised, keeps uid, login and password, and takes the present key.

use std::collections::HashMap;

use super::model::JoinKey;
use super::options::SourceInfo;

/// Leads from a join key of before to the present one.
#[derive(Debug, Clone, Default)]
pub struct Aliases {
    merged: HashMap<JoinKey, JoinKey>,
    /// Previous prefix and present one.
    prefixes: Vec<(String, String)>,
}

impl Aliases {
    pub(super) fn new(merged: Vec<(JoinKey, JoinKey)>, sources: &[SourceInfo]) -> Self {
        let prefixes = sources
            .iter()
            .flat_map(|s| s.previous_prefixes.iter().map(|previous| (previous.clone(), s.prefix.clone())))
            .collect();
        Self { merged: merged.into_iter().collect(), prefixes }
    }

    /// Whether every key is the present one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.merged.is_empty() && self.prefixes.is_empty()
    }

    /// The keys that lead to another one because both are of one person, with the one that they lead to.
    pub fn of_persons(&self) -> impl Iterator<Item = (&JoinKey, &JoinKey)> {
        self.merged.iter()
    }

    /// Whether a key leads to another one because both are of one person, and not because a prefix has changed.
    #[must_use]
    pub fn is_of_person(&self, key: &JoinKey) -> bool {
        self.merged.contains_key(key)
    }

    /// From now on `former` leads to `present`.
    pub fn lead(&mut self, former: JoinKey, present: JoinKey) {
        self.merged.insert(former, present);
    }

    /// The present key of whoever has this one.
    #[must_use]
    pub fn present(&self, key: JoinKey) -> JoinKey {
        if self.is_empty() {
            return key;
        }
        let renamed = self.prefixes.iter().find_map(|(previous, present)| {
            let local = key.as_str().strip_prefix(previous.as_str())?.strip_prefix('$')?;
            Some(JoinKey::new(present, local))
        });
        let key = renamed.unwrap_or(key);
        self.merged.get(&key).cloned().unwrap_or(key)
    }
}
