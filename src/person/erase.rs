//! Erasing what is held on somebody who has left: looked at first, carried out afterwards.
//!
//! Whoever the exports still name, or who still has an entry in the directory, would be back the next night: he is taken
//! out there first (the school's tool, then `purge`).

use serde::Serialize;

use super::{Held, PersonError};
use crate::audit::{Kind, Trail};
use crate::plan::Ground;
use crate::store::Called;

/// Why somebody cannot be erased yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The exports of this source still name the person.
    Delivered { source: String },
    /// The directory still has this entry.
    InDirectory { dn: String },
}

/// What was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Rows by table of the store.
    pub rows: Vec<(&'static str, u64)>,
    /// Events of the trail whose payload is gone; that they happened stays, and so does the chain.
    pub events: u64,
}

impl Held {
    /// What stands in the way of erasing the person.
    #[must_use]
    pub fn refusals(&self) -> Vec<Refusal> {
        let delivered = self.records.iter().map(|record| Refusal::Delivered { source: record.source.clone() });
        let there = self.entries.iter().map(|entry| Refusal::InDirectory { dn: entry.dn.clone() });
        delivered.chain(there).collect()
    }
}

/// Erases what is held on a person, whom [`Held::refusals`] does not keep. Names stay reserved, for nobody: under the
/// pseudonym of the trail. Plan files go by themselves (`retention.plans`).
///
/// # Errors
/// When the store fails: then what was not yet erased is when it is asked for again.
pub async fn erase(ground: &Ground<'_>, held: &Held, reason: &str, trail: &Trail) -> Result<Erased, PersonError> {
    // First of all, and about nobody: the reason stays when all else has gone.
    trail.record(Kind::PersonErased, None, serde_json::json!({ "reason": reason, "pseudonyms": held.pseudonyms }))?;
    let mut erased = Erased::default();
    for (key, pseudonym) in held.join_keys.iter().zip(&held.pseudonyms) {
        let keys = vec![key.clone()];
        let dns = ground.store.dns_of(&keys).await?;
        let called = Called { keys, dns };
        // Under a source's name nobody can have.
        for (table, rows) in ground.store.erase_person(&called, &format!("erased${pseudonym}")).await? {
            match erased.rows.iter_mut().find(|(known, _)| *known == table) {
                Some((_, sum)) => *sum += rows,
                None => erased.rows.push((table, rows)),
            }
        }
        erased.events += trail.erase(key).await?;
    }
    Ok(erased)
}
