//! Envelopes sealed anew: for a school that has a key of its own from now on, without the key of somebody who went.
//!
//! Sealing needs public keys only; what is sealed already has to be opened first, with the project's private key. Each
//! secret is in this process alone, for as long as it takes, and that it was opened is on the trail before its envelope is
//! replaced. What copies and backups of the store hold is still sealed as it was: whoever has one of those and an old key
//! opens it, until another password takes its place.

use serde::Serialize;

use super::addressed::{Addressees, SealedFor};
use super::envelope::{EnvelopeError, seal};
use super::key::{KeyError, PrintKey, parse_recipient};
use super::state::SealedEnvelope;
use crate::audit::{AuditError, Kind, Trail};
use crate::config::LettersConfig;
use crate::feed::values::Uai;
use crate::progress::Progress;
use crate::roster::JoinKey;
use crate::store::{AccountRow, Store, StoreError};

/// Envelopes that are opened and replaced at once.
const CHUNK: usize = 200;

#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("the envelope of {person} cannot be sealed anew")]
    Envelope { person: JoinKey, source: EnvelopeError },
    #[error("this key opens none of the envelopes: give the project's")]
    WrongKey,
    #[error("the work on the envelopes was interrupted")]
    Interrupted,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Resealed {
    pub resealed: u64,
    /// Those that were sealed for the right keys already: they are not opened.
    pub right: u64,
    /// Those that the key does not open: sealed for a key that is lost, or for somebody else.
    pub unopened: u64,
}

/// Seals the live envelopes anew that are not for whom the configuration names, of a school or of all. Whoever holds the
/// run lock calls it.
///
/// # Errors
/// When the key opens none of them, when one does not belong to its row, when store or trail fail. What was replaced
/// before stays so.
pub async fn reseal(
    store: &Store,
    letters: &LettersConfig,
    school: Option<&Uai>,
    key: &PrintKey,
    trail: &Trail,
    progress: &dyn Progress,
) -> Result<Resealed, ResealError> {
    let mut accounts: Vec<AccountRow> = store.accounts().await?.into_values().collect();
    accounts.retain(|account| school.is_none_or(|uai| account.schools.iter().any(|s| s == uai.as_str())));
    accounts.sort_by(|a, b| a.join_key.cmp(&b.join_key));
    progress.begin("credentials", Some(accounts.len() as u64));
    let mut addressees = Addressees::new(letters);
    let mut done = Resealed::default();
    for chunk in accounts.chunks(CHUNK) {
        let keys: Vec<JoinKey> = chunk.iter().map(|account| account.join_key.clone()).collect();
        let mut work = Vec::new();
        for envelope in store.live_envelopes(&keys).await? {
            let account = chunk.binary_search_by(|account| account.join_key.cmp(&envelope.holder)).ok();
            let Some(account) = account.and_then(|at| chunk.get(at)) else { continue };
            let schools = || account.schools.iter().map(compact_str::CompactString::as_str);
            if envelope.sealed_for == Some(addressees.of(schools())?) {
                done.right += 1;
                continue;
            }
            work.push((envelope, letters.recipients_of(schools())));
        }
        let key = key.clone();
        let sealed = tokio::task::spawn_blocking(move || work.into_iter().map(|(e, to)| anew(e, &to, &key)).collect())
            .await
            .map_err(|_| ResealError::Interrupted)?;
        let sealed: Result<Vec<Option<Anew>>, ResealError> = sealed;
        let mut replacing = Vec::new();
        for one in sealed? {
            let Some(Anew { envelope, sealed, recipients, sealed_for }) = one else {
                done.unopened += 1;
                continue;
            };
            let said = serde_json::json!({ "serial": envelope.label.serial.to_string(), "recipients": recipients });
            trail.record(Kind::EnvelopesResealed, Some(&envelope.holder), said)?;
            replacing.push((envelope, sealed, sealed_for));
        }
        trail.flush().await?;
        done.resealed += store.replace_sealed(&replacing).await?;
        progress.advance(chunk.len() as u64);
    }
    if done.resealed == 0 && done.unopened > 0 {
        return Err(ResealError::WrongKey);
    }
    store.durable().await?;
    Ok(done)
}

/// An envelope as it was, and as it is to be.
struct Anew {
    envelope: SealedEnvelope,
    sealed: Vec<u8>,
    /// For how many keys.
    recipients: usize,
    sealed_for: SealedFor,
}

/// Seals one anew; `None` when the key does not open it.
fn anew(envelope: SealedEnvelope, recipients: &[String], key: &PrintKey) -> Result<Option<Anew>, ResealError> {
    let failed = |source| ResealError::Envelope { person: envelope.holder.clone(), source };
    let content = match envelope.open(std::slice::from_ref(key)) {
        Ok(content) => content,
        Err(EnvelopeError::WrongKey) => return Ok(None),
        Err(source) => return Err(failed(source)),
    };
    let recipients = recipients.iter().map(|recipient| parse_recipient(recipient)).collect::<Result<Vec<_>, _>>()?;
    let sealed = seal(&recipients, &content).map_err(failed)?;
    let sealed_for = SealedFor::of(&recipients);
    Ok(Some(Anew { envelope, sealed, recipients: recipients.len(), sealed_for }))
}
