//! Reading the trail.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use serde::Serialize;

use super::AuditError;
use super::chain::{Head, Link, pseudonym};
use super::kind::Kind;
use crate::feed::values::Uai;
use crate::plan::RunId;
use crate::roster::JoinKey;
use crate::store::Store;

/// Which events; every condition given must hold.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub run: Option<RunId>,
    pub kind: Option<Kind>,
    /// How the actor's name begins.
    pub actor: Option<String>,
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Events about this person.
    pub person: Option<JoinKey>,
    /// Events that name this school, or are about somebody who has an account there.
    pub school: Option<Uai>,
}

/// An event as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    pub seq: u64,
    pub at: Timestamp,
    pub run: String,
    pub kind: String,
    pub actor: String,
    /// Pseudonym of the person concerned.
    pub subject: Option<String>,
    /// `None` once erased.
    pub payload: Option<serde_json::Value>,
}

/// The events that `filter` lets through, oldest first, as they are read from the store.
///
/// # Errors
/// When the store cannot be read; an item of the stream is an error when its row cannot.
pub async fn show<'s>(
    store: &'s Store,
    filter: &EventFilter,
) -> Result<BoxStream<'s, Result<Event, AuditError>>, AuditError> {
    let Some(state) = store.trail_state().await? else { return Ok(futures_util::stream::empty().boxed()) };
    let of_person = filter.person.as_ref().map(|person| pseudonym(&state.salt, person));
    let of_school = match &filter.school {
        None => Vec::new(),
        Some(uai) => {
            let accounts = store.accounts().await?;
            let there = accounts.values().filter(|account| account.schools.iter().any(|school| school == uai.as_str()));
            there.map(|account| pseudonym(&state.salt, &account.join_key)).collect()
        }
    };
    let links = store.events(filter, of_person, &of_school);
    Ok(links.map(|link| link.map(event).map_err(AuditError::from)).boxed())
}

/// The last event of the trail; `None` when nothing was ever recorded.
///
/// # Errors
/// When the store cannot be read.
pub async fn head(store: &Store) -> Result<Option<Head>, AuditError> {
    Ok(store.trail_state().await?.map(|state| state.head).filter(|head| head.seq > 0))
}

fn event(link: Link) -> Event {
    // A time or a payload that nobody can have written is shown as it can be; `verify` says that it was changed.
    let payload = link.payload.map(|payload| serde_json::from_str(&payload.body).unwrap_or(payload.body.into()));
    Event {
        seq: link.seq,
        at: Timestamp::from_millisecond(link.at).unwrap_or_default(),
        run: link.run,
        kind: link.kind,
        actor: link.actor,
        subject: link.subject,
        payload,
    }
}
