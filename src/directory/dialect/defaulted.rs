//! Counting the mandatory values that a feed did not deliver: one finding per attribute, not one per person.

use std::collections::BTreeMap;

use compact_str::CompactString;

use super::Dialect;
use super::attributes::AttributeId;
use super::shape::Kind;
use super::wanted::Wanted;
use crate::feed::{Code, Finding, Tool};
use crate::wording::number;

/// The defaults that one entry took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaulted {
    kind: Kind,
    attributes: Vec<AttributeId>,
}

impl Wanted {
    /// Its mandatory values that the feed did not deliver; `None` when it has them all.
    #[must_use]
    pub fn defaulted(&self) -> Option<Defaulted> {
        (!self.defaulted.is_empty()).then(|| Defaulted { kind: self.kind, attributes: self.defaulted.clone() })
    }
}

/// How often each default was used, by school.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DefaultedValues {
    /// By UAI; empty for what is of no school.
    counts: BTreeMap<(CompactString, Kind, AttributeId), u32>,
}

impl DefaultedValues {
    /// Counts the defaults of an entry under its school.
    pub fn note(&mut self, school: &str, defaulted: Option<&Defaulted>) {
        let Some(Defaulted { kind, attributes }) = defaulted else { return };
        for &attribute in attributes {
            *self.counts.entry((school.into(), *kind, attribute)).or_default() += 1;
        }
    }

    /// Adds the counts of another thread.
    pub fn merge(&mut self, other: &Self) {
        for (key, count) in &other.counts {
            *self.counts.entry(key.clone()).or_default() += count;
        }
    }

    /// One finding per school, kind of member and attribute.
    #[must_use]
    pub fn findings(&self, dialect: &Dialect) -> Vec<Finding> {
        let finding = |((school, kind, attribute), &count): (&(CompactString, Kind, AttributeId), &u32)| {
            let (kind, attribute) = (*kind, *attribute);
            let default = dialect
                .shape(kind)
                .items()
                .find(|i| i.attribute == attribute)
                .and_then(|i| i.default.as_deref())
                .unwrap_or_default();
            let name = dialect.attributes.name(attribute);
            let (who, tool) = who(kind, count > 1);
            let n = number(count.into());
            let message = format!("{name} n'est pas livré pour {n} {who} : « {default} » est écrit à la place.");
            let mut finding = Finding::new(Code::DefaultedValue, message);
            finding.tool = Some(tool);
            finding.school = (!school.is_empty()).then(|| school.clone());
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
