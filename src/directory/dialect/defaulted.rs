//! Counting the mandatory values that a feed did not deliver: one finding per attribute, not one per person.

use std::collections::BTreeMap;

use super::Dialect;
use super::attributes::AttributeId;
use super::shape::Kind;
use super::wanted::Wanted;
use crate::feed::{Code, Finding, Tool};

/// How often each default was used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DefaultedValues {
    counts: BTreeMap<(Kind, AttributeId), u32>,
}

impl DefaultedValues {
    pub fn note(&mut self, wanted: &Wanted) {
        for &attribute in &wanted.defaulted {
            *self.counts.entry((wanted.kind, attribute)).or_default() += 1;
        }
    }

    /// Adds the counts of another thread.
    pub fn merge(&mut self, other: &Self) {
        for (&key, &count) in &other.counts {
            *self.counts.entry(key).or_default() += count;
        }
    }

    /// One finding per kind of member and attribute.
    #[must_use]
    pub fn findings(&self, dialect: &Dialect) -> Vec<Finding> {
        let finding = |(&(kind, attribute), &count): (&(Kind, AttributeId), &u32)| {
            let default = dialect
                .shape(kind)
                .items()
                .find(|i| i.attribute == attribute)
                .and_then(|i| i.default.as_deref())
                .unwrap_or_default();
            let name = dialect.attributes.name(attribute);
            let (who, tool) = who(kind, count > 1);
            let message = format!("{name} n'est pas livré pour {count} {who} : « {default} » est écrit à la place.");
            let mut finding = Finding::new(Code::DefaultedValue, message);
            finding.tool = Some(tool);
            finding.count = count;
            finding
        };
        self.counts.iter().map(finding).collect()
    }
}

const fn who(kind: Kind, several: bool) -> (&'static str, Tool) {
    match (kind, several) {
        (Kind::Pupil, false) => ("élève", Tool::Siecle),
        (Kind::Pupil, true) => ("élèves", Tool::Siecle),
        (Kind::Relative, false) => ("responsable", Tool::Siecle),
        (Kind::Relative, true) => ("responsables", Tool::Siecle),
        (Kind::Staff, false) => ("personnel", Tool::StsWeb),
        (Kind::Staff, true) => ("personnels", Tool::StsWeb),
        (Kind::School, false) => ("établissement", Tool::Academy),
        (Kind::School, true) => ("établissements", Tool::Academy),
        (Kind::Service, false) => ("service", Tool::Academy),
        (Kind::Service, true) => ("services", Tool::Academy),
        (_, false) => ("groupe", Tool::Ent),
        (_, true) => ("groupes", Tool::Ent),
    }
}
