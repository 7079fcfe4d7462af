//! A plan put in its place: what its header says of the run, its file, and the note of it in the store and the trail.
//!
//! The same for every kind of plan. What it holds, and in which order its lines are written, is its maker's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use compact_str::CompactString;
use serde_json::json;
use uuid::Uuid;

use crate::audit::{Kind, Trail};

use super::file::PlanFileError;
use super::prepare::{Ground, PlanError, blocking};
use super::year::SchoolYear;
use super::{
    ClosedHolds, FORMAT_VERSION, Header, PlanId, ReleasedHold, Renewal, Seal, SourceState, StructureChange, Totals,
    Undoes,
};

/// What the header says of the plan itself.
#[derive(Default)]
pub(crate) struct Contents {
    pub totals: Totals,
    pub schools: BTreeMap<CompactString, String>,
    pub years: BTreeMap<CompactString, SchoolYear>,
    pub structures: Vec<StructureChange>,
    pub released: Vec<ReleasedHold>,
    pub closed: ClosedHolds,
    /// Holds that somebody is asked about.
    pub holds: u64,
    pub undoes: Option<Undoes>,
    /// The accounts that are past their date, and nothing else.
    pub purge: bool,
    /// First passwords, and nothing else.
    pub credentials: Option<Renewal>,
}

/// A plan that has its name, on disk and in the store.
pub(crate) struct Saved {
    pub header: Header,
    pub seal: Seal,
    pub path: PathBuf,
}

/// Has the file written at `out`, or at `plans/<id>.plan` beside the store, and notes that it was.
///
/// # Errors
/// When the file cannot be written, when the store or the trail fails.
pub(crate) async fn save(
    ground: &Ground<'_>,
    contents: Contents,
    out: Option<&Path>,
    write: impl FnOnce(&Header, &Path) -> Result<Seal, PlanFileError> + Send + 'static,
    trail: &Trail,
) -> Result<Saved, PlanError> {
    let asked = contents.holds;
    let header = header(ground, contents).await?;
    let path = match out {
        Some(path) => path.to_owned(),
        None => ground.store.private_folder("plans")?.join(format!("{}.plan", header.plan_id)),
    };
    let saved = blocking(move || {
        let seal = write(&header, &path)?;
        Ok::<_, PlanFileError>(Saved { header, seal, path })
    })
    .await??;
    note(ground, &saved, asked, trail).await?;
    Ok(saved)
}

/// Of which run, from which deliveries, under which configuration, for which directory.
async fn header(ground: &Ground<'_>, contents: Contents) -> Result<Header, PlanError> {
    let plan_id = PlanId(Uuid::now_v7());
    let mut sources = Vec::new();
    for source in &ground.config.sources {
        let row = ground.store.source(&source.name, source.prefix(), source.kind.name()).await?;
        sources.push(SourceState {
            name: row.name,
            version: row.version,
            delivered: row.delivered,
            digest: row.digest,
        });
    }
    Ok(Header {
        format_version: FORMAT_VERSION,
        plan_id,
        created: ground.now,
        today: ground.today,
        program: concat!("rentree ", env!("CARGO_PKG_VERSION")).to_owned(),
        sources,
        config_digest: ground.config.digest.clone(),
        directory: format!("{} {}", ground.directory.describe(), ground.config.directory.suffix),
        totals: contents.totals,
        schools: contents.schools,
        years: contents.years,
        structures: contents.structures,
        released: contents.released,
        closed: contents.closed,
        undoes: contents.undoes,
        purge: contents.purge,
        credentials: contents.credentials,
    })
}

/// In the store, where `apply` finds it by its number, and in the trail.
async fn note(ground: &Ground<'_>, saved: &Saved, asked: u64, trail: &Trail) -> Result<(), PlanError> {
    let Saved { header, seal, path } = saved;
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let (place, at) = (absolute.display().to_string(), ground.now.as_millisecond());
    ground.store.save_plan(header.plan_id, &place, &seal.digest, at).await?;
    let mut said = json!({
        "plan": header.plan_id, "digest": seal.digest, "totals": header.totals, "holds": asked,
    });
    if let (Some(said), false) = (said.as_object_mut(), header.structures.is_empty()) {
        said.insert("structures".to_owned(), json!(header.structures));
    }
    if let (Some(said), Some(undoes)) = (said.as_object_mut(), &header.undoes) {
        said.insert("undoes".to_owned(), json!(undoes.plan));
    }
    if let (Some(said), Some(renewal)) = (said.as_object_mut(), &header.credentials) {
        said.insert("credentials".to_owned(), json!(renewal));
    }
    trail.record(Kind::PlanSaved, None, said)?;
    Ok(())
}
