//! `rentree purge`: the plan that deletes the accounts past their date. The plan alone: `apply` writes.

use std::path::PathBuf;

use rentree::feed::values::Uai;
use rentree::plan::{Purge, Purging, Spared, Verdict, purge};
use rentree::wording::{count, plain};

use super::exit::Failure;
use super::plan::{failure, page, refusal, render_options, show, summary};
use super::session::{Session, tell_head};
use super::{Global, output};

/// How many of those who are past their date and stay are named.
const NAMED: usize = 40;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only accounts of this school
    #[arg(long, value_name = "UAI")]
    school: Option<String>,
    /// Where to save the plan (otherwise beside the store)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also writes a self-contained report for a browser
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Every entry and every value, instead of one line
    #[arg(long)]
    full: bool,
    /// Computes ages for this day (yyyy-mm-dd), for rehearsals
    #[arg(long, hide = true)]
    today: Option<jiff::civil::Date>,
}

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let school = match args.school.as_deref() {
        None => None,
        Some(given) => match Uai::parse(given) {
            Some(uai) => Some(uai),
            None => return Err(Failure::usage(format!("{given:?} is no UAI"))),
        },
    };
    let session = Session::open(global, args.today).await?;
    let _lock = session.lock("purge").await?;
    let asked: Vec<_> = school.iter().map(|uai| ("school", serde_json::json!(uai))).collect();
    let trail = session.begin_with("purge", None, &asked).await?;
    let outcome = purge(&session.ground(), &Purge { school, out: args.out }, &trail).await;
    let verdict = match &outcome {
        Ok(purging) if !purging.prepared.holds.is_empty() => Verdict::Held,
        Ok(purging) if purging.prepared.seal.changes > 0 => Verdict::Changes,
        Ok(_) => Verdict::Unchanged,
        Err(error) => refusal(error),
    };
    let head = session.finish(trail, verdict).await;
    let Purging { prepared, spared } = outcome.map_err(failure)?;
    let head = head?;
    let options = render_options(args.full);
    if let Some(html) = &args.html {
        page(&session.store, &prepared.path, &prepared.header, &options, html).await?;
    }
    if global.json {
        let summary = summary(&session, &prepared, verdict).with_holds(prepared.holds.clone());
        let mut said = serde_json::to_value(summary).map_err(super::plan::failed)?;
        if let Some(said) = said.as_object_mut() {
            said.insert("plan".to_owned(), serde_json::json!(prepared.path));
            said.insert("spared".to_owned(), serde_json::json!(spared));
        }
        output::json(&said)?;
    } else {
        show(&prepared.path, &options)?;
        output::text(&in_words(&spared))?;
        session.progress.note(&format!("plan : {}", prepared.path.display()));
        tell_head(&*session.progress, head);
    }
    Ok(verdict.exit_code(false))
}

fn in_words(spared: &[Spared]) -> String {
    if spared.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "Laissés de côté : {}.\n",
        count(spared.len() as u64, "compte échu mais vivant", "comptes échus mais vivants")
    );
    for one in spared.iter().take(NAMED) {
        text.push_str(&format!("  {} ({}) : {}\n", plain(&one.name), one.schools.join(", "), one.why.french()));
    }
    if let Some(more) = spared.len().checked_sub(NAMED).filter(|more| *more > 0) {
        text.push_str(&format!("  … et {}\n", count(more as u64, "autre", "autres")));
    }
    text
}
