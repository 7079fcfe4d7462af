//! `rentree explain WHO`: from the line of an export to the entry, or why there is none.

use rentree::explain::{explain, text};
use rentree::plan::Verdict;

use super::exit::Failure;
use super::plan::failure;
use super::session::{Session, close};
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A uid, login, join key, DN, FILE:LINE of a source, or a name ("Prénom Nom")
    who: String,
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let session = Session::open(global, None).await?;
    // Like the pages of the console: no run of its own, no lock, but on the trail before anything is shown.
    let trail = session.trail().await?;
    let explained = explain(&session.ground(), &args.who, &trail).await;
    let closed = close(&session.config, &*session.progress, trail).await;
    let explained = explained.map_err(failure)?;
    closed?;
    let known = explained.person.is_some() || !explained.candidates.is_empty() || !explained.findings.is_empty();
    if global.json {
        output::json(&explained)?;
    } else {
        output::text(&text(&explained, &jiff::tz::TimeZone::system()))?;
    }
    Ok(if known { 0 } else { Verdict::Failed.exit_code(false) })
}
