//! `rentree review PLAN`: these changes were read. The very same ones are folded in later plans.

use rentree::audit::{Actor, Kind};
use rentree::plan::file::verify;
use rentree::plan::review::digests;
use rentree::wording::count;

use super::exit::Failure;
use super::plan::failed;
use super::session::{StoreSession, close, open_trail};
use super::{Global, output, show};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A plan file, or the number of a saved plan
    plan: String,
    /// Who has read it; the user of this machine otherwise
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    selection: show::Selection,
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let session = StoreSession::open(global).await?;
    let path = super::expired::locate(&session.store, &session.config.retention, session.now, &args.plan).await?;
    let (header, _) = verify(&path).map_err(failed)?;
    let filter = args.selection.filter()?;
    let read = digests(&path, &filter).map_err(failed)?;
    let (plan, at) = (header.plan_id.to_string(), session.now.as_millisecond());
    let by = args.by.clone().unwrap_or_else(|| Actor::current().to_string());
    session.store.note_reviewed(&read, &plan, &by, at).await?;
    let trail = open_trail(&session.store, session.run).await?;
    let said = serde_json::json!({
        "plan": plan, "by": by, "changes": read.len(),
        "school": filter.school, "class": filter.class, "profile": filter.profile, "one_person": filter.person.is_some(),
    });
    trail.record(Kind::PlanReviewed, None, said).map_err(failed)?;
    close(&session.config, &*session.progress, trail).await?;
    if global.json {
        output::json(&serde_json::json!({ "plan": plan, "by": by, "changes": read.len() }))?;
    } else {
        let n = read.len() as u64;
        output::text(&format!(
            "{} lu par {by} : {} à l'identique dans un autre plan, {} repliés sous « déjà vu ».\n",
            count(n, "changement", "changements"),
            if n < 2 { "proposé" } else { "proposés" },
            if n < 2 { "il sera" } else { "ils seront" },
        ))?;
    }
    Ok(0)
}
