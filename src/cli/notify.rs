//! `rentree notify`: the messages that are on their way.

use rentree::notify::{self, Kind, Notice, shown};
use rentree::plan::Verdict;
use rentree::wording::{count, moment};
use serde_json::json;

use super::exit::Failure;
use super::session::StoreSession;
use super::{Global, after, output};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// What has not reached anybody yet
    List,
    /// Tries again what is due; `serve` and each night do so by themselves
    Send,
    /// Sends everybody who is configured a message to try the way
    Test,
}

pub async fn run(global: &Global, verb: &Verb) -> Result<u8, Failure> {
    let session = StoreSession::open(global).await?;
    match verb {
        Verb::List => list(global, &session).await,
        Verb::Send => send(global, &session).await,
        Verb::Test => test(global, &session).await,
    }
}

async fn list(global: &Global, session: &StoreSession) -> Result<u8, Failure> {
    let waiting = session.store.waiting_notices(None).await?;
    if global.json {
        let waiting: Vec<_> = waiting
            .iter()
            .map(|notice| {
                json!({
                    "kind": notice.kind, "to": shown(&notice.target), "subject": notice.subject, "made": notice.made,
                    "attempts": notice.attempts, "error": notice.error,
                })
            })
            .collect();
        output::json(&waiting)?;
        return Ok(0);
    }
    let zone = jiff::tz::TimeZone::system();
    let mut text = format!("{}\n", count(waiting.len() as u64, "message en attente", "messages en attente"));
    for notice in &waiting {
        text.push_str(&format!(
            "\n{}\n    à {}, {}",
            notice.subject,
            shown(&notice.target),
            moment(notice.made, &zone)
        ));
        if notice.attempts > 0 {
            text.push_str(&format!(", {}", count(u64::from(notice.attempts), "essai", "essais")));
        }
        if let Some(error) = &notice.error {
            text.push_str(&format!(" : {error}"));
        }
        text.push('\n');
    }
    output::text(&text)?;
    Ok(0)
}

async fn send(global: &Global, session: &StoreSession) -> Result<u8, Failure> {
    let delivered = notify::deliver(&session.store, &session.config.notify, session.now).await?;
    if global.json {
        output::json(&delivered)?;
    } else {
        let mut text = count(delivered.sent, "message envoyé", "messages envoyés");
        if delivered.failed + delivered.given_up > 0 {
            text.push_str(&format!(
                ", {} en échec, {} abandonnés : {}",
                delivered.failed,
                delivered.given_up,
                delivered.error.as_deref().unwrap_or_default()
            ));
        }
        output::text(&format!("{text}\n"))?;
    }
    let failed = delivered.failed + delivered.given_up > 0;
    Ok(if failed { Verdict::Partial.exit_code(false) } else { 0 })
}

async fn test(global: &Global, session: &StoreSession) -> Result<u8, Failure> {
    let config = &session.config.notify;
    if config.to.is_empty() {
        return Err(Failure::usage("nobody is told anything: add a [[notify.to]] to the configuration"));
    }
    let name = after::name(config);
    let notice = Notice {
        kind: Kind::Test,
        subject: format!("[{name}] Essai"),
        text: "Ce message vérifie que les avis de Rentrée vous parviennent. Il n'y a rien à faire.\n".to_owned(),
        facts: json!({ "format_version": 1, "kind": Kind::Test, "installation": name, "at": session.now }),
    };
    notify::queue(&session.store, config, None, &[notice], session.now).await?;
    send(global, session).await
}
