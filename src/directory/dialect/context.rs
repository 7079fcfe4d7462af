//! What writing needs to look up for every member: built once per run.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;
use jiff::civil::Date;

use super::Dialect;
use super::file::StructureReference;
use super::memberships::Memberships;
use super::shape::Kind;
use super::source::Source;
use crate::config::SiretMissing;
use crate::directory::Dn;
use crate::feed::{Category, Code, Finding};
use crate::naming::{Login, Uid};
use crate::roster::{PersonId, Role, Roster, Structure, StructureId};

/// The names given to a person; `None` for one who has no account and gets none in this run. Links towards such a
/// person are not written.
pub type Names<'a> = dyn Fn(PersonId) -> Option<(&'a Uid, &'a Login)> + Sync + 'a;

/// A roster with the names of its members in the directory.
pub struct Context<'a> {
    pub roster: &'a Roster,
    pub today: Date,
    pub(super) names: &'a Names<'a>,
    /// People whose account is elsewhere than where the dialect would create it.
    elsewhere: Option<&'a HashMap<PersonId, Dn>>,
    /// By [`StructureId`]; `None` for one that is left out.
    structures: Vec<Option<StructureName>>,
    pub(super) memberships: Memberships,
    /// By label; empty when the dialect does not ask.
    subject_codes: HashMap<&'a str, &'a str>,
    /// What was noticed about the structures: without SIRET, left out, two with one identifier.
    pub findings: Vec<Finding>,
}

/// How a structure is named, rendered once.
#[derive(Debug)]
pub(super) struct StructureName {
    pub dn: Dn,
    /// The first field of composite values.
    pub reference: Box<str>,
    /// SIRET or what stands for it.
    pub siret: CompactString,
}

impl<'a> Context<'a> {
    /// `existing` gives the DN of the structures that are already in the directory (found by their join key): a
    /// structure whose SIRET appears or changes later keeps the name under which everything points to it.
    #[must_use]
    pub fn new(
        dialect: &Dialect,
        roster: &'a Roster,
        names: &'a Names<'a>,
        today: Date,
        existing: &HashMap<StructureId, Dn>,
    ) -> Self {
        let mut context = Self {
            roster,
            today,
            names,
            elsewhere: None,
            structures: Vec::new(),
            memberships: Memberships::default(),
            subject_codes: HashMap::new(),
            findings: Vec::new(),
        };
        context.name_structures(dialect, existing);
        if dialect.attribute(Kind::Staff, Source::CodedSubjectsTaught).is_some() {
            context.subject_codes = subject_codes(roster);
        }
        context
    }

    /// Accounts whose DN is not the one that the dialect gives: links towards these people name them as they are.
    #[must_use]
    pub const fn with_people_at(mut self, elsewhere: &'a HashMap<PersonId, Dn>) -> Self {
        self.elsewhere = Some(elsewhere);
        self
    }

    pub(super) fn elsewhere(&self, id: PersonId) -> Option<&Dn> {
        self.elsewhere?.get(&id)
    }

    /// The code of a subject that some pupil's record names with this label.
    pub(super) fn subject_code(&self, label: &str) -> Option<&'a str> {
        self.subject_codes.get(label.trim()).copied()
    }

    pub(super) fn structure(&self, id: StructureId) -> Option<&StructureName> {
        self.structures.get(id.0 as usize)?.as_ref()
    }

    fn name_structures(&mut self, dialect: &Dialect, existing: &HashMap<StructureId, Dn>) {
        let mut taken: HashSet<Dn> = existing.values().cloned().collect();
        let roster = self.roster;
        for (id, structure) in (0..).map(StructureId).zip(&roster.structures) {
            let name = if let Some(dn) = existing.get(&id) {
                if structure.siret.is_none() && dialect.writes_siret && dialect.siret_missing == SiretMissing::Uai {
                    self.findings.push(without_siret(structure, "elle n'en a pas dans la livraison"));
                }
                let siret = structure.siret.clone().unwrap_or_else(|| structure.uai.as_str().into());
                Some(StructureName::new(dialect, structure, dn.clone(), siret))
            } else {
                self.new_name(dialect, structure, &mut taken)
            };
            self.structures.push(name);
        }
    }

    /// The name of a structure that is not there yet. A SIRET that another one holds already names nothing: sections
    /// (SEGPA, SEP) are often delivered with that of their main school.
    fn new_name(&mut self, dialect: &Dialect, structure: &Structure, taken: &mut HashSet<Dn>) -> Option<StructureName> {
        let uai = structure.uai.as_str();
        let by_uai = dialect.structure_rdn_source == Source::Uai;
        let mut reason = "elle n'en a pas dans la livraison";
        let siret = structure.siret.clone().or_else(|| (!dialect.writes_siret).then(|| uai.into()));
        if let Some(siret) = siret {
            let dn = dialect.structure_child(if by_uai { uai } else { &siret });
            if taken.insert(dn.clone()) {
                return Some(StructureName::new(dialect, structure, dn, siret));
            }
            reason = "une autre structure porte déjà le sien";
        }
        if dialect.siret_missing == SiretMissing::Skip && dialect.writes_siret {
            let message = format!(
                "La structure {uai} ({}) ne peut être nommée par son SIRET : {reason}. Ni elle ni ce qui s'y rattache \
                 n'est écrit dans l'annuaire.",
                structure.name
            );
            self.findings.push(about(structure, Finding::new(Code::StructureSkipped, message)));
            return None;
        }
        let dn = dialect.structure_child(uai);
        if !taken.insert(dn.clone()) {
            let message = format!(
                "Deux structures porteraient le nom {dn} dans l'annuaire : la seconde ({}) n'y est pas écrite.",
                structure.key
            );
            self.findings.push(about(structure, Finding::new(Code::DuplicateUai, message)));
            return None;
        }
        self.findings.push(without_siret(structure, reason));
        Some(StructureName::new(dialect, structure, dn, uai.into()))
    }
}

impl StructureName {
    fn new(dialect: &Dialect, structure: &Structure, dn: Dn, siret: CompactString) -> Self {
        let reference = match dialect.style.structure_reference {
            StructureReference::Dn => reference(dn.as_str()),
            StructureReference::Uai => structure.uai.as_str().into(),
        };
        Self { dn, reference, siret }
    }
}

/// A DN as the first field of a composite value: there is no escaping of `$` in these, but a DN has its own
/// (RFC 4514 §2.4), so that the first `$` always ends it.
pub(super) fn reference(dn: &str) -> Box<str> {
    dn.replace('$', "\\24").into()
}

/// What each subject's code is, by its label, as the pupils' records say. Where two codes have one label, the smaller.
fn subject_codes(roster: &Roster) -> HashMap<&str, &str> {
    let mut codes: HashMap<&str, &str> = HashMap::new();
    let mut last = None;
    for person in &roster.persons {
        let Role::Pupil(pupil) = &person.role else { continue };
        // Most of a class share one list.
        let studies = std::sync::Arc::as_ptr(&pupil.studies);
        if last.replace(studies) == Some(studies) {
            continue;
        }
        for (code, label) in pupil.studies.coded_subjects() {
            codes.entry(label).and_modify(|known| *known = (*known).min(code)).or_insert(code);
        }
    }
    codes
}

fn without_siret(structure: &Structure, reason: &str) -> Finding {
    let uai = structure.uai.as_str();
    let message =
        format!("La structure {uai} ({}) prend son UAI comme SIRET dans l'annuaire : {reason}.", structure.name);
    about(structure, Finding::new(Code::StructureWithoutSiret, message))
}

pub(super) fn about(structure: &Structure, finding: Finding) -> Finding {
    let key = structure.key.as_str();
    let key = key.split_once('$').map_or(key, |(_, key)| key);
    let mut finding =
        finding.at(&structure.origin.file, structure.origin.line).about(Category::Structure, key).who(&structure.name);
    finding.school = Some(structure.uai.as_str().into());
    finding
}
