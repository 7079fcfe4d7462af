//! What a plan that was stopped in the midst of its application, or written as LDIF and not loaded, had let through.
//!
//! A first load that stops half-way (the end of the hours of writing, a server that is gone) leaves schools with half of
//! their accounts; the other half would look like twice as many as there may be. They were measured against the limits
//! when the first plan was made, so they are not measured again.

use std::collections::HashSet;
use std::path::PathBuf;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::feed::{Code, Finding};
use crate::roster::JoinKey;
use crate::store::Outcome;

use super::file::Reader;
use super::prepare::{Ground, PlanError};
use super::{ChangeKind, Line, PlanId};

/// What was let through and is still to be done.
#[derive(Debug, Default)]
pub(super) struct Begun {
    /// The people whom the last plan whose application began was to create and did not: none, when it came to its end.
    pub people: HashSet<JoinKey>,
    /// When the plan was written as LDIF and not loaded: the day and the file.
    pub exported: Option<(Date, String)>,
}

impl Begun {
    /// What there is to say of a file that was not loaded, when `again` of its accounts are created by this plan.
    pub fn finding(&self, again: u64) -> Option<Finding> {
        let (day, file) = self.exported.as_ref().filter(|_| again > 0)?;
        let message = format!(
            "{file}, exporté le {day}, n'est pas chargé dans l'annuaire, ou ne l'est qu'en partie : {again} comptes seraient \
             créés de nouveau, sous les mêmes noms et avec les mêmes mots de passe. Chargez ce fichier, puis refaites le \
             plan ; ou appliquez ce plan, et supprimez ce fichier sans le charger."
        );
        Some(Finding::new(Code::ExportNotLoaded, message))
    }

    /// What the plan says beside the creation of one of these people.
    pub fn note(&self, key: &JoinKey) -> Option<String> {
        let (day, _) = self.exported.as_ref().filter(|_| self.people.contains(key))?;
        Some(format!("exporté le {day}, pas chargé"))
    }
}

/// What the last plan whose application began left to do. A plan file that has gone since gives nobody: they are then
/// measured like any others.
pub(super) async fn begun(ground: &Ground<'_>) -> Result<Begun, PlanError> {
    let Some(row) = ground.store.last_begun_plan().await? else { return Ok(Begun::default()) };
    let Ok(id) = row.id.parse().map(PlanId) else { return Ok(Begun::default()) };
    let journal = ground.store.journal(id).await?;
    let exported = ground.store.exported_plan().await?.filter(|exported| exported.plan.id == row.id);
    let exported = exported.map(|e| (e.at.to_zoned(TimeZone::system()).date(), e.file));
    let path = PathBuf::from(row.file);
    let read = tokio::task::spawn_blocking(move || {
        let Ok(lines) = Reader::open(&path) else { return HashSet::new() };
        let changes = lines.map_while(Result::ok).filter_map(|line| match line {
            Line::Change(change) if change.kind == ChangeKind::Create => Some(change),
            _ => None,
        });
        // Those that failed or moved for a reason of their own were counted too.
        changes
            .filter(|change| journal.get(&change.seq) != Some(&Outcome::Done))
            .filter_map(|change| change.subject.join_key)
            .collect()
    });
    let people = read.await.map_err(|e| PlanError::Stopped(e.to_string()))?;
    Ok(Begun { people, exported })
}
