//! A batch before it is sent: its changes with the credentials of its new accounts.

use std::collections::HashMap;

use crate::credentials::{Issued, Issuer, NewCredential, Serial};
use crate::plan::{Change, ChangeKind, Ground, Header, Write};
use crate::roster::JoinKey;
use crate::store::Outcome;

use super::{ApplyError, Batch};

/// A batch with the credentials of its new accounts.
pub(super) struct Ready {
    pub changes: Vec<(Change, Option<Outcome>)>,
    pub issued: Vec<Issued>,
    pub skipped: u64,
}

impl Ready {
    pub fn size(&self) -> u64 {
        self.changes.len() as u64 + self.skipped
    }
}

/// Draws, hashes and seals for a batch; runs while the batch before it is written.
pub(super) async fn make_ready(
    ground: &Ground<'_>,
    header: &Header,
    issuer: Option<&Issuer>,
    pending: &HashMap<JoinKey, (Serial, String)>,
    batch: Batch,
) -> Result<Ready, ApplyError> {
    let new: Vec<NewCredential> = batch
        .changes
        .iter()
        .filter(|(change, _)| is_given(change) && binds(ground, change))
        .filter_map(|(change, _)| {
            let subject = &change.subject;
            let join_key = subject.join_key.clone().filter(|key| !pending.contains_key(key))?;
            Some(NewCredential {
                join_key,
                uid: subject.uid.clone()?,
                login: subject.login.clone()?,
                profile: subject.profile?,
                schools: subject.schools.clone(),
                // Nobody is ever to know the password behind the hash.
                closed: change.kind == ChangeKind::Revoke,
                course: subject.level.clone(),
            })
        })
        .collect();
    let issued = match issuer {
        _ if new.is_empty() => Vec::new(),
        Some(issuer) => issuer.prepare(ground.store, new, header.today).await?,
        // The totals of the header are sealed with the rest: this is no plan of ours.
        None => return Err(ApplyError::Stopped("it issues credentials that its totals do not tell of".into())),
    };
    Ok(Ready { changes: batch.changes, issued, skipped: batch.skipped })
}

/// Whether a hash is written with the change.
const fn is_given(change: &Change) -> bool {
    matches!(change.write, Write::Add { credential: true, .. } | Write::Password { .. })
}

/// Whether a creation gets a password of ours.
fn binds(ground: &Ground<'_>, change: &Change) -> bool {
    change.subject.profile.is_some_and(|p| ground.config.credentials.of(p).mode.issues())
}
