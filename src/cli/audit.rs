//! `rentree audit`: the trail.

use std::collections::VecDeque;

use futures_util::TryStreamExt as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rentree::audit::{Event, EventFilter, Head, Kind, show, verify};
use rentree::plan::{RunId, Verdict};
use rentree::roster::JoinKey;

use super::exit::Failure;
use super::plan::failed;
use super::session::StoreSession;
use super::{Global, output};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Lists events, oldest first
    Show {
        /// Only this run
        #[arg(long)]
        run: Option<uuid::Uuid>,
        /// Only this kind of event, such as change_applied or printed
        #[arg(long)]
        kind: Option<String>,
        /// Only since this day (yyyy-mm-dd)
        #[arg(long)]
        since: Option<Date>,
        /// Only about this person (join key)
        #[arg(long, value_name = "KEY")]
        person: Option<String>,
        /// At most this many, the last ones
        #[arg(long, default_value_t = 200)]
        last: usize,
    },
    /// Checks the whole chain
    Verify {
        /// A head that an earlier run printed (<number>:<hash>): proves that nothing before it was rewritten
        #[arg(long, value_name = "HEAD")]
        head: Vec<Head>,
    },
}

pub async fn run(global: &Global, verb: Verb) -> Result<u8, Failure> {
    let session = StoreSession::open(global).await?;
    match verb {
        Verb::Show { run, kind, since, person, last } => {
            let kind = match kind {
                Some(name) => Some(Kind::from_name(&name).ok_or_else(|| {
                    let known: Vec<&str> = Kind::ALL.iter().map(|k| k.name()).collect();
                    Failure::usage(format!("{name:?} is not a kind of event: {}", known.join(", ")))
                })?),
                None => None,
            };
            let since = match since {
                Some(day) => Some(day.to_zoned(TimeZone::system()).map_err(failed)?.timestamp()),
                None => None,
            };
            let person = person.as_deref().map(JoinKey::from_text);
            let filter = EventFilter { run: run.map(RunId), kind, since, person };
            list(global, &session, &filter, last).await
        }
        Verb::Verify { head } => check(global, &session, &head).await,
    }
}

async fn list(global: &Global, session: &StoreSession, filter: &EventFilter, last: usize) -> Result<u8, Failure> {
    let mut events = show(&session.store, filter).await.map_err(failed)?;
    let mut kept: VecDeque<Event> = VecDeque::new();
    let mut passed = 0_u64;
    while let Some(event) = events.try_next().await.map_err(failed)? {
        if kept.len() == last {
            kept.pop_front();
            passed += 1;
        }
        kept.push_back(event);
    }
    if global.json {
        output::json(&kept)?;
        return Ok(0);
    }
    let mut text = String::new();
    if passed > 0 {
        text.push_str(&format!("… {passed} événements plus anciens (--last pour en voir davantage)\n"));
    }
    for event in &kept {
        let at = event.at.to_zoned(TimeZone::system());
        let payload = event.payload.as_ref().map_or_else(|| "(effacé)".to_owned(), ToString::to_string);
        let subject = event.subject.as_deref().map(|s| s.chars().take(12).collect::<String>()).unwrap_or_default();
        text.push_str(&format!(
            "{:>7} {} {:<18} {:<16} {subject:<12} {payload}\n",
            event.seq,
            at.strftime("%Y-%m-%d %H:%M:%S"),
            event.kind,
            event.actor,
        ));
    }
    output::text(&text)?;
    Ok(0)
}

async fn check(global: &Global, session: &StoreSession, heads: &[Head]) -> Result<u8, Failure> {
    let found = verify(&session.store, heads).await.map_err(failed)?;
    if global.json {
        let problems: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
        output::json(&serde_json::json!({
            "intact": found.is_intact(), "events": found.events, "erased": found.erased,
            "head": found.head.to_string(), "problems": problems, "problem_count": found.problem_count,
        }))?;
    } else {
        let mut text = String::new();
        for problem in &found.problems {
            text.push_str(&format!("✗ {problem}\n"));
        }
        text.push_str(&format!(
            "{} : {} événements, {} effacés, tête {}\n",
            if found.is_intact() { "Piste intacte" } else { "PISTE ALTÉRÉE" },
            found.events,
            found.erased,
            found.head
        ));
        output::text(&text)?;
    }
    Ok(if found.is_intact() { 0 } else { Verdict::Failed.exit_code(false) })
}
