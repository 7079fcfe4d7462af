//! The queue's way to people.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::mail::Mailer;
use super::{Notice, shown, web};
use crate::config::{NotifyConfig, NotifyTo};
use crate::store::{NoticeRow, Store, StoreError};

/// Between two attempts: five minutes at first, twice as long each time, six hours at most.
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(5);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(6);
/// What has not arrived by then says nothing to anybody any more.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);
/// What has reached people is forgotten.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What came of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Delivered {
    pub sent: u64,
    /// They are tried again later.
    pub failed: u64,
    pub given_up: u64,
    /// To whom the last one that failed was going, and why.
    pub error: Option<String>,
}

/// Sends what is due, each once. A server that cannot be reached is asked once for all its messages.
///
/// # Errors
/// When the store fails. What cannot be sent is no error: it stays in the queue.
pub async fn deliver(store: &Store, config: &NotifyConfig, now: Timestamp) -> Result<Delivered, StoreError> {
    let mut delivered = Delivered::default();
    let mut channels = Channels::new(config);
    for notice in store.waiting_notices(Some(now)).await? {
        if store.claim_notice(notice.id, now, now + wait(notice.attempts)).await? {
            let sent = channels.send(&notice).await;
            settle(store, &notice, sent, now, &mut delivered).await?;
        }
    }
    store.forget_notices(now - KEPT).await?;
    Ok(delivered)
}

/// Sends at once what cannot be queued, because the store is not there. What does not arrive is lost.
pub async fn tell_now(config: &NotifyConfig, notices: &[Notice], now: Timestamp) -> Delivered {
    let mut delivered = Delivered::default();
    let mut channels = Channels::new(config);
    let mut told: Vec<(&Notice, &NotifyTo)> = Vec::new();
    for notice in notices {
        told.extend(notice.told(config).map(|to| (notice, to)));
    }
    for (notice, to) in told {
        let row = NoticeRow {
            id: 0,
            made: now,
            kind: notice.kind.name().to_owned(),
            target: to.target(),
            subject: notice.subject.clone(),
            body: notice.text.clone(),
            facts: notice.facts.to_string(),
            attempts: 0,
            error: None,
        };
        match channels.send(&row).await {
            Ok(()) => delivered.sent += 1,
            Err(reason) => {
                tracing::warn!(%reason, kind = row.kind, "a message was not delivered, and cannot be queued");
                delivered.given_up += 1;
                delivered.error = Some(format!("{} : {reason}", shown(&row.target)));
            }
        }
    }
    delivered
}

/// The ways to people, of one pass.
struct Channels<'a> {
    config: &'a NotifyConfig,
    mailer: Option<Mailer>,
    /// Why no more mail is tried.
    mail_is_down: Option<String>,
}

impl<'a> Channels<'a> {
    const fn new(config: &'a NotifyConfig) -> Self {
        Self { config, mailer: None, mail_is_down: None }
    }

    async fn send(&mut self, notice: &NoticeRow) -> Result<(), String> {
        let gone = || "nobody is told there any more".to_owned();
        let to = self.config.to.iter().find(|to| to.target() == notice.target).ok_or_else(gone)?;
        if let Some(address) = &to.mail {
            return self.mail(address, notice).await;
        }
        let address = to.webhook.as_ref().ok_or_else(gone)?;
        let (secret, authority) = (to.secret_file.as_deref(), self.config.ca_file.as_deref());
        web::post(address, secret, authority, &notice.facts).await.map_err(|e| e.to_string())
    }

    async fn mail(&mut self, address: &str, notice: &NoticeRow) -> Result<(), String> {
        if let Some(reason) = &self.mail_is_down {
            return Err(reason.clone());
        }
        let sent = match &self.mailer {
            Some(mailer) => mailer.send(address, notice).await,
            None => match Mailer::new(self.config) {
                Ok(mailer) => self.mailer.insert(mailer).send(address, notice).await,
                Err(error) => Err(error),
            },
        };
        sent.map_err(|error| {
            let reason = error.in_words();
            if error.is_the_servers() {
                // The others would wait as long for the same answer.
                self.mail_is_down = Some(reason.clone());
            }
            reason
        })
    }
}

async fn settle(
    store: &Store,
    notice: &NoticeRow,
    sent: Result<(), String>,
    now: Timestamp,
    delivered: &mut Delivered,
) -> Result<(), StoreError> {
    let Err(reason) = sent else {
        delivered.sent += 1;
        return store.notice_sent(notice.id, now).await;
    };
    let given_up = now.duration_since(notice.made) >= GIVEN_UP_AFTER;
    let to = shown(&notice.target);
    tracing::warn!(%reason, given_up, kind = notice.kind, "a message was not delivered");
    if given_up {
        delivered.given_up += 1;
    } else {
        delivered.failed += 1;
    }
    delivered.error = Some(format!("{to} : {reason}"));
    store.notice_failed(notice.id, &reason, given_up.then_some(now)).await
}

fn wait(attempts: u32) -> SignedDuration {
    FIRST_WAIT.saturating_mul(1 << attempts.min(10)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_grow_rarer() {
        let minutes: Vec<i64> = (0..10).map(|n| wait(n).as_mins()).collect();
        assert_eq!(minutes, [5, 10, 20, 40, 80, 160, 320, 360, 360, 360]);
    }
}
