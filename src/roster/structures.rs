//! The structures in scope: what people call them, their classes and teaching groups.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use compact_str::CompactString;

use super::draft::PupilDraft;
use super::model::{Class, JoinKey, Structure, StructureId, TeachingGroup};
use super::options::Options;
use super::report::{Report, counted};
use super::school_name;
use super::scope::{self, Place, Scope};
use super::structure_draft::StructureDraft;
use crate::feed::values::Uai;
use crate::feed::{Category, Code, Finding, OwnedValues};

/// What a composite value of a person names in a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Division {
    Class,
    Group,
}

/// The structures in scope, and how keys lead to them.
pub(super) struct Structures {
    list: Vec<Structure>,
    places: HashMap<JoinKey, Place>,
    /// Where only some classes are in scope: their codes in lower case.
    only: HashMap<StructureId, BTreeSet<CompactString>>,
    /// Codes known so far, per structure in scope: declared, then those that people's records name.
    classes: Vec<HashSet<CompactString>>,
    groups: Vec<HashSet<CompactString>>,
    /// Named by people only.
    undeclared_classes: Vec<BTreeSet<CompactString>>,
    undeclared_groups: Vec<BTreeSet<CompactString>>,
    /// Labels that people's records give to classes and groups that have only a number.
    labels: HashMap<(Division, StructureId, CompactString), CompactString>,
    /// Keys of structures that no delivery names → how many values named them.
    unknown: BTreeMap<(u16, CompactString), u32>,
}

impl Structures {
    /// Whether a pupil of these classes is in scope in a school.
    pub(super) fn takes(&self, school: StructureId, classes: &[(StructureId, CompactString)]) -> bool {
        self.only.get(&school).is_none_or(|only| {
            classes.iter().any(|(id, class)| *id == school && only.contains(class.to_lowercase().as_str()))
        })
    }

    /// Takes the delivered structures, keys unique; the pupils say which are in scope when nothing is configured.
    pub(super) fn new(
        drafts: Vec<StructureDraft>,
        pupils: &[Box<PupilDraft>],
        options: &Options,
        report: &mut Report<'_>,
    ) -> Self {
        let Scope { kept, places } = scope::settle(drafts, pupils, options, report);
        let mut structures = Self {
            list: Vec::with_capacity(kept.len()),
            places,
            only: HashMap::new(),
            classes: Vec::new(),
            groups: Vec::new(),
            undeclared_classes: vec![BTreeSet::new(); kept.len()],
            undeclared_groups: vec![BTreeSet::new(); kept.len()],
            labels: HashMap::new(),
            unknown: BTreeMap::new(),
        };
        for (uai, draft) in kept {
            if let Some(only) = options.classes.get(&uai) {
                structures.only.insert(StructureId(structures.list.len() as u32), only.clone());
            }
            let structure = structures.finish_draft(uai, draft, report);
            structures.classes.push(structure.classes.iter().map(|c| c.code.clone()).collect());
            structures.groups.push(structure.groups.iter().map(|g| g.code.clone()).collect());
            structures.list.push(structure);
        }
        structures
    }

    fn finish_draft(&self, uai: Uai, draft: StructureDraft, report: &Report<'_>) -> Structure {
        let kind_words = draft.kind.as_deref().map_or_else(|| "Établissement".to_owned(), school_name::title_case);
        let fallback = format!("{kind_words} {uai}");
        let prefix = report.prefix(draft.source);
        let mut attached_to: Vec<_> = draft
            .attached_to
            .iter()
            .filter_map(|key| match self.places.get(&JoinKey::new(prefix, key)) {
                Some(Place::In(id)) => Some(*id),
                _ => None,
            })
            .collect();
        attached_to.sort_unstable();
        attached_to.dedup();
        Structure {
            key: draft.key,
            origin: draft.origin,
            uai,
            siret: draft.siret,
            name: school_name::readable(&draft.name, draft.academy.as_deref(), &fallback),
            name_delivered: draft.name,
            kind: draft.kind,
            ministry: draft.ministry,
            contract: draft.contract,
            academy: draft.academy,
            bassin: draft.bassin,
            street: draft.street,
            post_office_box: draft.post_office_box,
            postal_code: draft.postal_code,
            town: draft.town,
            phone: draft.phone,
            fax: draft.fax,
            mail: draft.mail,
            attached_to,
            classes: divisions(&draft.classes)
                .into_iter()
                .map(|(code, (label, mefs))| Class { code, label, mefs, undeclared: false, numbered: false })
                .collect(),
            groups: divisions(&draft.groups)
                .into_iter()
                .map(|(code, (label, classes))| TeachingGroup {
                    code,
                    label,
                    classes,
                    undeclared: false,
                    numbered: false,
                })
                .collect(),
        }
    }

    /// Where the structure with this key of this source is. A key that nothing delivered is counted.
    pub(super) fn find(&mut self, report: &Report<'_>, source: u16, key: &str) -> Place {
        let place = self.peek(report, source, key);
        if place == Place::Unknown {
            *self.unknown.entry((source, key.into())).or_default() += 1;
        }
        place
    }

    /// The same without counting, where a foreign structure is nothing out of the ordinary.
    pub(super) fn peek(&self, report: &Report<'_>, source: u16, key: &str) -> Place {
        self.places.get(&JoinKey::new(report.prefix(source), key)).copied().unwrap_or(Place::Unknown)
    }

    /// The values `struct$rest` whose structure is in scope, in delivered order.
    pub(super) fn local(
        &mut self,
        report: &Report<'_>,
        source: u16,
        values: &OwnedValues,
    ) -> Vec<(StructureId, CompactString)> {
        let mut kept = Vec::with_capacity(values.iter().count());
        for value in values {
            let Some((structure, rest)) = value.split_once('$') else { continue };
            let rest = rest.trim();
            if rest.is_empty() {
                continue;
            }
            if let Place::In(id) = self.find(report, source, structure.trim()) {
                kept.push((id, rest.into()));
            }
        }
        kept
    }

    /// The values `struct$code` or, with a label beside a number, `struct$code$label`: their codes.
    pub(super) fn divisions(
        &mut self,
        report: &Report<'_>,
        source: u16,
        division: Division,
        values: &OwnedValues,
    ) -> Vec<(StructureId, CompactString)> {
        let mut named = self.local(report, source, values);
        for (id, code) in &mut named {
            let Some((number, label)) = code.split_once('$') else { continue };
            let (number, label) = (CompactString::from(number.trim()), CompactString::from(label.trim()));
            *code = number;
            if !label.is_empty() {
                // A label that differs from one record to the next: the smallest, whatever their order.
                let known = self.labels.entry((division, *id, code.clone())).or_insert_with(|| label.clone());
                if label < *known {
                    *known = label;
                }
            }
        }
        named.retain(|(_, code)| !code.is_empty());
        named
    }

    /// A person's record names this class: one that the structure does not declare is made.
    pub(super) fn use_class(&mut self, id: StructureId, code: &CompactString) {
        note(&mut self.classes, &mut self.undeclared_classes, id, code);
    }

    /// The same for a teaching group.
    pub(super) fn use_group(&mut self, id: StructureId, code: &CompactString) {
        note(&mut self.groups, &mut self.undeclared_groups, id, code);
    }

    pub(super) fn get(&self, id: StructureId) -> Option<&Structure> {
        self.list.get(id.0 as usize)
    }

    /// The UAI, as findings carry it.
    pub(super) fn uai(&self, id: StructureId) -> Option<CompactString> {
        self.get(id).map(|s| s.uai.as_str().into())
    }

    pub(super) fn known_uai(&self, id: StructureId) -> Option<&Uai> {
        self.get(id).map(|s| &s.uai)
    }

    /// The classes from which a group's pupils come.
    pub(super) fn classes_of_group(&self, id: StructureId, code: &str) -> &[CompactString] {
        self.get(id)
            .and_then(|s| s.groups.binary_search_by(|g| g.code.as_str().cmp(code)).ok().and_then(|at| s.groups.get(at)))
            .map_or(&[], |g| &g.classes)
    }

    /// Adds what people's records brought, and says so.
    pub(super) fn finish(mut self, report: &mut Report<'_>) -> Vec<Structure> {
        let brought = self.undeclared_classes.into_iter().zip(self.undeclared_groups);
        let mut labels = self.labels;
        for ((structure, (classes, groups)), at) in self.list.iter_mut().zip(brought).zip(0..) {
            let id = StructureId(at);
            let mut label = |division, code: &CompactString| labels.remove(&(division, id, code.clone()));
            let mut unlabelled = [BTreeSet::new(), BTreeSet::new()];
            let [unlabelled_classes, unlabelled_groups] = &mut unlabelled;
            structure.classes.extend(classes.into_iter().map(|code| {
                let label = label(Division::Class, &code);
                if label.is_none() {
                    unlabelled_classes.insert(code.clone());
                }
                Class { code, numbered: label.is_some(), label, mefs: Vec::new(), undeclared: true }
            }));
            structure.classes.sort_by(|a, b| a.code.cmp(&b.code));
            structure.groups.extend(groups.into_iter().map(|code| {
                let label = label(Division::Group, &code);
                if label.is_none() {
                    unlabelled_groups.insert(code.clone());
                }
                TeachingGroup { code, numbered: label.is_some(), label, classes: Vec::new(), undeclared: true }
            }));
            structure.groups.sort_by(|a, b| a.code.cmp(&b.code));
            // In the first degree no structure declares its classes: those that come with their label are as they
            // should be.
            let words = [("division absente", "divisions absentes"), ("groupe absent", "groupes absents")].into_iter();
            for (codes, (one, many)) in unlabelled.iter().zip(words) {
                if !codes.is_empty() {
                    report.sum(undeclared(structure, codes, one, many));
                }
            }
        }
        for ((source, key), count) in self.unknown {
            let values =
                counted(count as usize, "valeur la nomme et est ignorée", "valeurs la nomment et sont ignorées");
            let mut finding = report.about_source(
                Code::UnknownStructure,
                source,
                count,
                format!("la structure {key} n'est pas dans la livraison : {values}"),
            );
            finding.category = Some(Category::Structure);
            finding.key = Some(key);
            report.add(finding);
        }
        self.list
    }
}

fn note(
    known: &mut [HashSet<CompactString>],
    undeclared: &mut [BTreeSet<CompactString>],
    id: StructureId,
    code: &CompactString,
) {
    let at = id.0 as usize;
    if let (Some(known), Some(undeclared)) = (known.get_mut(at), undeclared.get_mut(at))
        && !known.contains(code)
    {
        known.insert(code.clone());
        undeclared.insert(code.clone());
    }
}

/// `code$label$rest…` by code: one value per division; a code delivered twice keeps its first label and all the rest.
fn divisions(values: &[CompactString]) -> BTreeMap<CompactString, (Option<CompactString>, Vec<CompactString>)> {
    let mut found: BTreeMap<CompactString, (Option<CompactString>, Vec<CompactString>)> = BTreeMap::new();
    for value in values {
        let mut parts = value.split('$').map(str::trim);
        let Some(code) = parts.next().filter(|c| !c.is_empty()) else { continue };
        let (label, rest) = found.entry(code.into()).or_default();
        let given = parts.next().filter(|l| !l.is_empty());
        if label.is_none() {
            *label = given.map(CompactString::from);
        }
        for item in parts.filter(|p| !p.is_empty()) {
            if !rest.iter().any(|r| r == item) {
                rest.push(item.into());
            }
        }
    }
    found
}

/// One finding for all the classes or groups of a structure that people name and it does not declare.
fn undeclared(structure: &Structure, codes: &BTreeSet<CompactString>, one: &str, many: &str) -> Finding {
    const SHOWN: usize = 12;
    let mut named = codes.iter().take(SHOWN).map(CompactString::as_str).collect::<Vec<_>>().join(", ");
    if codes.len() > SHOWN {
        named.push_str(", …");
    }
    let what = counted(codes.len(), one, many);
    let message = format!("{what} de la liste de l'établissement, d'après les élèves et les enseignants : {named}");
    let mut finding = Finding::new(Code::ClassNotDeclared, message)
        .at(&structure.origin.file, structure.origin.line)
        .who(structure.name.as_str());
    finding.category = Some(Category::Structure);
    finding.school = Some(structure.uai.as_str().into());
    finding.count = codes.len() as u32;
    finding
}
