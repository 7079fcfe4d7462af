//! What has to be noted of the time before a change, so that it can be taken back: what its plan does not say.

use std::collections::HashMap;

use crate::apply::operations::ENTRY_CSN;
use crate::apply::{Accounts, ApplyError};
use crate::directory::{Entry, is_secret};
use crate::plan::{Change, ChangeKind, Ground, Header};
use crate::store::Before;

/// What the register knows before a change; `None` where the change says it all.
pub(in crate::apply) fn before(
    change: &Change,
    accounts: &Accounts,
    groups: &HashMap<String, Vec<String>>,
) -> Option<Before> {
    match (&change.subject.join_key, change.kind) {
        // Whoever is created is suspended, whatever was before; of whoever is purged nothing is kept.
        (
            Some(_),
            ChangeKind::Create | ChangeKind::Rewrite | ChangeKind::Purge | ChangeKind::Reissue | ChangeKind::Revoke,
        ) => None,
        (Some(key), _) => {
            let account = accounts.get(key).cloned();
            Some(Before { unknown: account.is_none(), account, ..Before::default() })
        }
        (None, ChangeKind::GroupUpdate) if !groups.contains_key(&change.dn.rdn_value()) => {
            Some(Before { unknown: true, ..Before::default() })
        }
        _ => None,
    }
}

/// What a group that is deleted held.
pub(in crate::apply) fn deleted(entry: &Entry) -> Before {
    let keep = |name: &str| !is_secret(name) && !name.eq_ignore_ascii_case(ENTRY_CSN);
    let attributes = entry.attributes.iter().filter(|(name, values)| keep(name) && !values.is_empty());
    Before { entry: attributes.cloned().collect(), ..Before::default() }
}

/// The school years that the schools of a plan have reached, before it moves them on.
///
/// # Errors
/// When the store fails.
pub(in crate::apply) async fn note_years(ground: &Ground<'_>, header: &Header) -> Result<(), ApplyError> {
    let moved: Vec<_> = match &header.undoes {
        Some(undoes) => undoes.years.keys().collect(),
        None => header.years.keys().collect(),
    };
    if moved.is_empty() {
        return Ok(());
    }
    let reached = ground.store.school_years().await?;
    let years = moved.into_iter().map(|uai| (uai.clone(), reached.get(uai).copied())).collect();
    Ok(ground.store.note_before(header.plan_id, &[(0, Before { years, ..Before::default() })]).await?)
}
