//! Which structures are in scope, and where every delivered one leads.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::draft::PupilDraft;
use super::model::{JoinKey, StructureId};
use super::options::Options;
use super::report::{Report, counted};
use super::structure_draft::StructureDraft;
use crate::feed::values::Uai;
use crate::feed::{Category, Code, Finding, Severity};

/// Where a structure's key leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    In(StructureId),
    /// Delivered, out of scope.
    Out,
    /// Not delivered.
    Unknown,
}

/// The outcome.
pub(super) struct Scope {
    /// In scope, sorted by UAI: the index of each is its [`StructureId`].
    pub(super) kept: Vec<(Uai, StructureDraft)>,
    /// Every delivered structure.
    pub(super) places: HashMap<JoinKey, Place>,
}

/// The configured schools, or every structure to which a pupil is attached or in which he has a class.
///
/// A UAI is one school: of several structures that carry it, the one of the first source is kept, then the one that
/// declares most classes, then the one with the smallest join key. The others lead to it, so that nobody loses his
/// school, and fill what it lacks when they are another source's. One that was merged into another (see
/// [`Successor`](super::Successor)) comes last whatever it declares.
pub(super) fn settle(
    mut drafts: Vec<StructureDraft>,
    pupils: &[Box<PupilDraft>],
    options: &Options,
    report: &mut Report<'_>,
) -> Scope {
    drafts.sort_by(|a, b| a.key.cmp(&b.key));
    let populated = populated(pupils, report);
    let has_pupils = |draft: &StructureDraft| populated.contains(&draft.key);
    report_without_uai(&drafts, &has_pupils, report);

    let mut schools: BTreeMap<Uai, Vec<StructureDraft>> = BTreeMap::new();
    let mut places: HashMap<JoinKey, Place> = HashMap::with_capacity(drafts.len());
    for draft in drafts {
        places.insert(draft.key.clone(), Place::Out);
        if let Some(uai) = draft.uai.clone() {
            schools.entry(uai).or_default().push(draft);
        }
    }
    report_not_delivered(options, &schools, report);
    let wanted = |uai: &Uai, drafts: &[StructureDraft]| {
        if options.absent.contains(uai) {
            false
        } else if options.schools.is_empty() {
            drafts.iter().any(has_pupils)
        } else {
            options.schools.contains(uai)
        }
    };
    let mut kept = Vec::new();
    for (uai, mut drafts) in schools.into_iter().filter(|(uai, drafts)| wanted(uai, drafts)) {
        drafts.sort_by_key(|d| (d.joined, d.source, std::cmp::Reverse(d.classes.len())));
        for draft in &drafts {
            places.insert(draft.key.clone(), Place::In(StructureId(kept.len() as u32)));
        }
        report_duplicates(&uai, &drafts, report);
        let mut drafts = drafts.into_iter();
        if let Some(mut first) = drafts.next() {
            for other in drafts {
                first.fill(other);
            }
            kept.push((uai, first));
        }
    }
    Scope { kept, places }
}

/// The keys of structures in which pupils are.
fn populated(pupils: &[Box<PupilDraft>], report: &Report<'_>) -> HashSet<JoinKey> {
    let mut raw: HashSet<(u16, &str)> = HashSet::new();
    for pupil in pupils.iter().flat_map(|pupil| std::iter::once(&**pupil).chain(&pupil.also)) {
        let source = pupil.who.source;
        raw.extend(pupil.administrative.as_deref().map(|key| (source, key)));
        raw.extend(pupil.classes.iter().filter_map(|v| v.split_once('$')).map(|(key, _)| (source, key.trim())));
    }
    raw.into_iter().map(|(source, key)| JoinKey::new(report.prefix(source), key)).collect()
}

fn report_without_uai(
    drafts: &[StructureDraft],
    has_pupils: &impl Fn(&StructureDraft) -> bool,
    report: &mut Report<'_>,
) {
    let mut empty: BTreeMap<u16, u32> = BTreeMap::new();
    for draft in drafts.iter().filter(|d| d.uai.is_none()) {
        if has_pupils(draft) {
            let message = "structure sans UAI valide : ses élèves et personnels n'ont pas de compte par elle";
            let finding = report.about(Code::StructureWithoutUai, Category::Structure, draft, message);
            report.add(finding.who(draft.name.as_str()));
        } else {
            *empty.entry(draft.source).or_default() += 1;
        }
    }
    for (source, count) in empty {
        let message = counted(
            count as usize,
            "structure sans UAI et sans élève, hors périmètre",
            "structures sans UAI et sans élève, hors périmètre",
        );
        let mut finding = report.about_source(Code::StructureWithoutUai, source, count, message);
        // Nobody is concerned: reference rows such as zones and services.
        finding.severity = Severity::Information;
        report.sum(finding);
    }
}

fn report_not_delivered(options: &Options, delivered: &BTreeMap<Uai, Vec<StructureDraft>>, report: &mut Report<'_>) {
    for uai in options.schools.iter().filter(|uai| !delivered.contains_key(*uai)) {
        let message =
            format!("l'établissement {uai} est dans le périmètre et n'est pas dans la livraison : rien n'y change");
        let mut finding = Finding::new(Code::StructureNotDelivered, message);
        finding.category = Some(Category::Structure);
        finding.school = Some(uai.as_str().into());
        report.sum(finding);
    }
}

fn report_duplicates(uai: &Uai, drafts: &[StructureDraft], report: &mut Report<'_>) {
    let [first, others @ ..] = drafts else { return };
    // One that was merged into it carries its UAI by decision.
    for other in others.iter().filter(|other| other.source == first.source && !other.joined) {
        let message = format!(
            "l'UAI {uai} est portée par les structures {} et {} : la première est retenue, les personnes de l'autre lui sont rattachées",
            first.key, other.key
        );
        let mut finding = report.about(Code::DuplicateUai, Category::Structure, other, message);
        finding.school = Some(uai.as_str().into());
        report.sum(finding.who(other.name.as_str()));
    }
}
