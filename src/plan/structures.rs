//! Structures: created and brought up to date, never deleted.

use std::collections::HashMap;

use crate::directory::dialect::DefaultedValues;
use crate::directory::{Dn, Entry};
use crate::feed::{Code, Finding};
use crate::roster::StructureId;

use super::persons::PersonDiff;
use super::{Change, ChangeKind, ObjectTotals, Subject, Write};

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
        changes.push(Change {
            seq: 0,
            kind,
            dn,
            subject,
            origin: Some(structure.origin.clone()),
            note: None,
            adopts: None,
            revokes: false,
            expected: false,
            write,
        });
    }
    changes
}
