//! Who is told how a night ended: by mail or webhook, once it is certain, and until it has reached them.
//!
//! [`compose`] says what there is to tell: failures to the operator, what waits for a decision to the administrator with
//! the counts in the subject, and once a week, in a line, that all is well. It is queued in the store, and [`deliver`]
//! takes it from there, now and again later: a mail server that is down loses nothing and delays nobody. Messages name
//! schools, never people.

mod compose;
mod deliver;
mod mail;
mod web;

use jiff::Timestamp;
use serde::Serialize;

pub use compose::{Changes, Ended, Past, compose};
pub use deliver::{Delivered, deliver, tell_now};
pub use mail::MailError;
pub use web::{WebError, heartbeat};

use crate::config::{Audience, NotifyConfig, NotifyTo};
use crate::store::{NewNotice, Store, StoreError};

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Well,
    Held,
    Failed,
    /// It works again, after a failure.
    Recovered,
    Test,
}

impl Kind {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Recovered => "recovered",
            Self::Test => "test",
        }
    }

    /// Who is told; everybody for a test.
    #[must_use]
    pub const fn audience(self) -> Option<Audience> {
        match self {
            Self::Well => Some(Audience::Well),
            Self::Held => Some(Audience::Held),
            Self::Failed | Self::Recovered => Some(Audience::Failed),
            Self::Test => None,
        }
    }
}

/// A message, for whomever it concerns.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    pub kind: Kind,
    pub subject: String,
    pub text: String,
    pub facts: serde_json::Value,
}

impl Notice {
    /// Who is told.
    fn told<'c>(&self, config: &'c NotifyConfig) -> impl Iterator<Item = &'c NotifyTo> + use<'c> {
        let audience = self.kind.audience();
        config.to.iter().filter(move |to| audience.is_none_or(|of| to.audience.contains(&of)))
    }
}

/// Puts messages into the queue, one for each target that is told about such things. Gives how many.
///
/// # Errors
/// When the store fails.
pub async fn queue(
    store: &Store,
    config: &NotifyConfig,
    run: Option<&str>,
    notices: &[Notice],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut rows = Vec::new();
    for notice in notices {
        rows.extend(notice.told(config).map(|to| NewNotice {
            run: run.map(str::to_owned),
            kind: notice.kind.name(),
            target: to.target(),
            subject: &notice.subject,
            body: &notice.text,
            facts: notice.facts.to_string(),
        }));
    }
    if !rows.is_empty() {
        store.queue_notices(&rows, now).await?;
    }
    Ok(rows.len() as u64)
}

/// How a target is shown: an address, or the host of a webhook, whose path may be secret.
#[must_use]
pub fn shown(target: &str) -> String {
    match target.split_once(':') {
        Some(("webhook", url)) => {
            url.parse::<crate::config::WebAddress>().map_or_else(|_| "webhook".to_owned(), |w| w.to_string())
        }
        Some((_, address)) => address.to_owned(),
        None => target.to_owned(),
    }
}
