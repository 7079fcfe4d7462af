//! Which structure somebody means by a UAI, a SIRET or the value of its name.

use crate::directory::dialect::Dialect;
use crate::directory::{Dn, Entry};
use crate::feed::values::{Uai, siret_digits};

use super::SuccessionError;

/// How many structures an error names.
const NAMED: usize = 5;
/// Characters by which an identifier may differ from the one that was meant.
const SLIPS: usize = 2;

/// A structure of the directory.
#[derive(Debug, Clone)]
pub(super) struct Known<'e> {
    pub entry: &'e Entry,
    pub uai: Option<Uai>,
    pub siret: Option<String>,
    pub name: String,
}

impl<'e> Known<'e> {
    pub fn new(dialect: &Dialect, entry: &'e Entry) -> Self {
        Self {
            entry,
            uai: dialect.uai_of(entry),
            siret: dialect.siret_of(entry),
            name: dialect.name_of_structure(entry),
        }
    }

    pub const fn dn(&self) -> &Dn {
        &self.entry.dn
    }

    fn is(&self, text: &str) -> bool {
        self.uai.as_ref().is_some_and(|uai| uai.as_str().eq_ignore_ascii_case(text))
            || (self.siret.is_some() && self.siret.as_deref() == siret_digits(text).as_deref())
            || self.dn().rdn_value().eq_ignore_ascii_case(text)
    }

    /// How far it is from what was typed: characters that differ; `None` when it is something else altogether.
    fn distance(&self, text: &str) -> Option<usize> {
        let text = text.to_lowercase();
        let identifiers = [self.uai.as_ref().map(|u| u.as_str().to_owned()), self.siret.clone()];
        let slips = |known: &str| {
            let slips = known.chars().zip(text.chars()).filter(|(a, b)| a != b).count();
            let same_length = known.chars().count() == text.chars().count();
            // One that was not typed to its end, or a word of the name.
            let begins = text.len() > SLIPS && known.starts_with(&text);
            (begins || (same_length && slips <= SLIPS)).then_some(slips)
        };
        let known = identifiers.into_iter().flatten().chain([self.dn().rdn_value()]).map(|known| known.to_lowercase());
        let by_name = text.len() > SLIPS && self.name.to_lowercase().contains(&text);
        known.filter_map(|known| slips(&known)).min().or_else(|| by_name.then_some(0))
    }

    /// `0290009C (Collège Jean Moulin)`.
    pub fn in_words(&self) -> String {
        let rdn = self.dn().rdn_value();
        format!("{} ({})", self.uai.as_ref().map_or(rdn.as_str(), Uai::as_str), self.name)
    }
}

/// The one structure that is meant; `None` when there is none.
pub(super) fn find<'k, 'e>(known: &'k [Known<'e>], text: &str) -> Result<Option<&'k Known<'e>>, SuccessionError> {
    let text = text.trim();
    let mut found = known.iter().filter(|k| k.is(text));
    let Some(first) = found.next() else { return Ok(None) };
    // A section often has the SIRET of its school; a UAI or a name is one structure's.
    let others: Vec<&Known<'_>> = found.collect();
    if others.is_empty() {
        return Ok(Some(first));
    }
    let which = std::iter::once(first).chain(others).take(NAMED).map(Known::in_words).collect();
    Err(SuccessionError::Ambiguous { given: text.to_owned(), which })
}

/// What to say when nothing was found.
pub(super) fn unknown(known: &[Known<'_>], text: &str) -> SuccessionError {
    let mut near: Vec<(usize, &Known<'_>)> = known.iter().filter_map(|k| Some((k.distance(text.trim())?, k))).collect();
    // Numbers of one department are all alike: only the nearest are worth naming.
    let nearest = near.iter().map(|(distance, _)| *distance).min();
    near.retain(|(distance, _)| Some(*distance) == nearest);
    let near = near.into_iter().take(NAMED).map(|(_, known)| known.in_words()).collect();
    SuccessionError::Unknown { given: text.trim().to_owned(), near }
}
