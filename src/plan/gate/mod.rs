//! The plan against the server's schema: what the server would refuse is not sent.
//!
//! Three questions, from the cheapest: whether the server knows the classes and attributes that the dialect writes at
//! all (once per run, and no plan when it does not); whether an entry would be accepted as a whole (the change is held
//! when not); whether a single optional value would (it alone is left out, and told). Accounts without a change are not
//! looked at. Without a schema (the embedded directory, a server that hides it) everything passes.

mod gap;
mod judge;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use compact_str::CompactString;
use rayon::prelude::*;

use crate::directory::dialect::{Dialect, Kind, Source};
use crate::directory::schema::AttributeNumber;
use crate::directory::{Entry, Schema};
use crate::feed::{Category, Code, Finding};
use crate::roster::{Person, PersonId, Role, SourceInfo};

pub use gap::SchemaGap;
pub(super) use judge::{Judgement, Objection};

use super::holds::{HoldId, Holds};
use super::persons::{PersonDiff, Seen};
use super::{Change, ChangeKind, ObjectTotals, Write};

/// A schema made ready for one dialect.
#[derive(Debug, Default)]
pub(super) struct Gate {
    schema: Option<Arc<Schema>>,
    /// What is drawn when an account is created, and so is in no plan.
    drawn: Vec<AttributeNumber>,
    /// Attributes whose absence from an entry that was read means that it has none.
    read: Vec<AttributeNumber>,
}

impl Gate {
    /// `also` is an attribute that creations write beside those of the dialect.
    ///
    /// # Errors
    /// When the server lacks what the dialect writes.
    pub fn new(dialect: &Dialect, schema: Option<Arc<Schema>>, also: Option<&str>) -> Result<Self, SchemaGap> {
        let Some(schema) = schema else { return Ok(Self::default()) };
        SchemaGap::of(dialect, &schema)?;
        let numbers = |names: &[&str]| names.iter().filter_map(|name| schema.number(name)).collect();
        let drawn: Vec<&str> = dialect.drawn_at_creation().iter().map(|(name, _)| name.as_str()).chain(also).collect();
        // The password is never read.
        let secret = dialect.attribute(Kind::Staff, Source::Credential);
        let mut read = dialect.vocabulary(&dialect.kinds()).attributes;
        read.retain(|name| Some(*name) != secret && *name != dialect.lock_method().attribute());
        Ok(Self { drawn: numbers(&drawn), read: numbers(&read), schema: Some(schema) })
    }

    /// Judges what the comparison of an entry found to be written, and takes out the values that would be refused.
    pub fn seen(&self, entry: &Entry, seen: &mut Seen) -> Option<(PersonId, Judgement)> {
        let schema = self.schema.as_deref()?;
        let Seen::Person { id, change: slot, .. } = seen else { return None };
        let change = slot.as_mut()?;
        let judgement = judge::modified(schema, &self.read, entry, change);
        // A move or a return is noted all the same.
        if change.kind == ChangeKind::Update && change.adopts.is_none() && is_nothing(&change.write) {
            *slot = None;
        }
        (!judgement.is_empty()).then_some((*id, judgement))
    }

    /// Takes out of a creation the values that would be refused.
    pub fn trim(&self, change: &mut Change) {
        if let Some(schema) = self.schema.as_deref() {
            judge::trim(schema, change);
        }
    }

    /// Holds the persons whose entry would be refused, and tells of the values that are left out.
    pub fn persons(
        &self,
        diff: &PersonDiff<'_>,
        creates: &[PersonId],
        seen: &[(PersonId, Judgement)],
        sources: &[SourceInfo],
        holds: &mut Holds,
        findings: &mut Vec<Finding>,
    ) {
        let Some(schema) = self.schema.as_deref() else { return };
        let created: Vec<(PersonId, Judgement)> = creates
            .par_iter()
            .filter_map(|&id| {
                let wanted = diff.wanted(id).ok()?;
                let classes = diff.dialect.wanted_classes(&wanted);
                let judgement = judge::added(schema, &self.drawn, &classes, diff.dialect.wanted_pairs(&wanted));
                (!judgement.is_empty()).then_some((id, judgement))
            })
            .collect();
        for (id, judgement) in seen.iter().chain(&created) {
            let Some(person) = diff.roster.person(*id) else { continue };
            let home = diff.home(person);
            if !judgement.refused.is_empty() {
                let school = person.schools.first().and_then(|s| diff.roster.structure(s.structure)).map(|s| &s.uai);
                let message = held(&person.name.display(), &judgement.refused);
                holds.person(super::HoldReason::Schema, &person.key, &person.origin, school, message);
            }
            findings.extend(judgement.dropped.iter().map(|objection| dropped(person, &home, sources, objection)));
        }
    }

    /// Judges the change of a structure or group, and takes out the values that would be refused. Gives the hold of the
    /// schema that keeps it back, if one does, or `None` when nothing is left of the change.
    #[expect(clippy::option_option, reason = "no change, a change, a change that is held")]
    pub fn object(
        &self,
        entry: Option<&Entry>,
        change: &mut Change,
        holds: &mut Holds,
        totals: &mut ObjectTotals,
        findings: &mut Vec<Finding>,
    ) -> Option<Option<HoldId>> {
        let Some(schema) = self.schema.as_deref() else { return Some(None) };
        let judgement = match (&change.write, entry) {
            (Write::Add { attributes, .. }, _) => {
                let judgement = judge::entry(schema, attributes);
                judge::trim(schema, change);
                judgement
            }
            (_, Some(entry)) => judge::modified(schema, &self.read, entry, change),
            (_, None) => Judgement::default(),
        };
        for objection in &judgement.dropped {
            let message = format!("{} : {objection}. Elle n'est pas écrite.", change.subject.name);
            let mut finding = Finding::new(Code::SchemaValueDropped, message).who(change.subject.name.as_str());
            finding.school = change.subject.schools.first().map(|uai| uai.as_str().into());
            finding.origin.clone_from(&change.origin);
            findings.push(finding);
        }
        if !judgement.refused.is_empty() {
            let message = held(&change.subject.name, &judgement.refused);
            return Some(Some(holds.refused(change, message)));
        }
        if !judgement.dropped.is_empty() && is_nothing(&change.write) {
            totals.updated = totals.updated.saturating_sub(1);
            totals.unchanged += 1;
            return None;
        }
        Some(None)
    }
}

fn is_nothing(write: &Write) -> bool {
    match write {
        Write::Modify { attributes } => attributes.is_empty(),
        Write::Members { add, remove, attributes, .. } => add.is_empty() && remove.is_empty() && attributes.is_empty(),
        _ => false,
    }
}

fn held(name: &str, refused: &[Objection]) -> String {
    let why: Vec<String> = refused.iter().map(ToString::to_string).collect();
    format!(
        "{name} : l'annuaire refuserait la fiche ; {}. Rien n'est écrit pour elle : corrigez la valeur à sa source, ou \
         le schéma ou le dialecte avec l'équipe de l'annuaire.",
        why.join(" ; ")
    )
}

fn dropped(person: &Person, home: &CompactString, sources: &[SourceInfo], objection: &Objection) -> Finding {
    let category = match person.role {
        Role::Pupil(_) => Category::Pupil,
        Role::Relative(_) => Category::Relative,
        Role::Staff(_) => Category::Staff,
    };
    let key = person.key.as_str().split_once('$').map_or(person.key.as_str(), |(_, key)| key);
    let mut finding = Finding::new(Code::SchemaValueDropped, format!("{objection}. Elle n'est pas écrite."))
        .at(&person.origin.file, person.origin.line)
        .about(category, key)
        .who(person.name.listed());
    if let Some(source) = sources.get(usize::from(person.source)) {
        finding = finding.of_source(&source.name, source.degree);
    }
    finding.school = (!home.is_empty()).then(|| home.clone());
    finding
}
