//! Structures: created and brought up to date, never deleted.

use std::collections::HashMap;

use crate::directory::dialect::{DefaultedValues, Dialect, Kind, Source};
use crate::directory::{Dn, Entry};
use crate::feed::values::Uai;
use crate::feed::{Code, Finding};
use crate::roster::{JoinKey, Roster, Structure, StructureId};

use super::persons::PersonDiff;
use super::{Change, ChangeKind, ObjectTotals, Subject, Write};

/// The structures that are in the directory already, found by their join keys, else by a UAI that one entry alone has:
/// they keep the name that they have.
pub(super) fn structures_there(roster: &Roster, dialect: &Dialect, entries: &[Entry]) -> HashMap<StructureId, Dn> {
    let present = |key| roster.aliases.present(JoinKey::from_text(key));
    let by_key: HashMap<JoinKey, &Dn> =
        entries.iter().flat_map(|entry| dialect.join_keys(entry).map(move |key| (present(key), &entry.dn))).collect();
    let mut by_uai: HashMap<Uai, Option<&Dn>> = HashMap::new();
    let uai = dialect.attribute(Kind::School, Source::Uai).unwrap_or_default();
    for (uai, entry) in entries.iter().flat_map(|e| e.texts(uai).filter_map(Uai::parse).map(move |uai| (uai, e))) {
        by_uai.entry(uai).and_modify(|dn| *dn = None).or_insert(Some(&entry.dn));
    }
    let there = |s: &Structure| by_key.get(&s.key).copied().or_else(|| by_uai.get(&s.uai).copied().flatten());
    (0..).map(StructureId).zip(&roster.structures).filter_map(|(id, s)| Some((id, there(s)?.clone()))).collect()
}

pub(super) fn structure_changes(
    diff: &PersonDiff<'_>,
    actual: &[Entry],
    totals: &mut ObjectTotals,
    findings: &mut Vec<Finding>,
    defaulted: &mut DefaultedValues,
) -> Vec<Change> {
    let by_dn: HashMap<&Dn, &Entry> = actual.iter().map(|e| (&e.dn, e)).collect();
    let mut changes = Vec::new();
    for (at, structure) in diff.roster.structures.iter().enumerate() {
        let Some(wanted) = diff.dialect.structure_entry(diff.context, StructureId(at as u32)) else {
            findings.push(
                Finding::new(Code::StructureSkipped, format!("{} n'a pas de SIRET : non écrite", structure.name))
                    .who(&structure.name),
            );
            continue;
        };
        defaulted.note(structure.uai.as_str(), wanted.defaulted().as_ref());
        let subject = Subject {
            join_key: Some(structure.key.clone()),
            name: structure.name.clone(),
            schools: vec![structure.uai.clone()],
            ..Subject::default()
        };
        let (kind, dn, write) = match by_dn.get(&wanted.dn) {
            None => {
                totals.created += 1;
                let dn = wanted.dn.clone();
                (
                    ChangeKind::StructureCreate,
                    dn,
                    Write::Add { attributes: diff.dialect.entry(&wanted).attributes, credential: false },
                )
            }
            Some(entry) => match diff.dialect.differences(&wanted, entry) {
                Ok(attributes) if attributes.is_empty() => {
                    totals.unchanged += 1;
                    continue;
                }
                Ok(attributes) => {
                    totals.updated += 1;
                    (ChangeKind::StructureUpdate, entry.dn.clone(), Write::Modify { attributes })
                }
                Err(clash) => {
                    totals.unchanged += 1;
                    findings.push(
                        Finding::new(Code::StructureSkipped, format!("{} : {clash}", structure.name))
                            .who(&structure.name),
                    );
                    continue;
                }
            },
        };
        changes.push(Change { origin: Some(structure.origin.clone()), ..Change::new(kind, dn, subject, write) });
    }
    changes
}
