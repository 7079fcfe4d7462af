//! Second pass, pupils: schools, class per school, groups, words for codes.

use std::collections::HashMap;
use std::sync::Arc;

use compact_str::CompactString;

use super::draft::{PupilDraft, RawLinks};
use super::drafts::{Drafts, leave};
use super::model::{
    Attachment, JoinKey, LeftOut, LeftOutReason, NationalProfile, Person, Pupil, Role, StructureId, Studies,
};
use super::report::Report;
use super::scope::Place;
use super::structure_draft::Label;
use super::structures::{Division, Structures};
use crate::feed::{Category, Code, Finding, OwnedValues};

/// A pupil who gets an account; what is not yet known is who his relatives are.
pub(super) struct SettledPupil {
    pub(super) person: Box<Person>,
    /// The source whose keys `links` and `lives_with` are: the first that knows a family.
    pub(super) family_source: u16,
    pub(super) links: RawLinks,
    pub(super) lives_with: OwnedValues,
}

impl SettledPupil {
    /// Completes a finding about the pupil: name and class.
    pub(super) fn named(&self, finding: Finding) -> Finding {
        let class = match &self.person.role {
            Role::Pupil(pupil) => pupil.classes.first().map(|(_, class)| class.clone()),
            _ => None,
        };
        finding.who(self.person.name.listed()).in_class(class)
    }

    /// The UAI of the school that can mend his data.
    pub(super) fn uai(&self, structures: &Structures) -> Option<CompactString> {
        let id = self.person.administrative.or_else(|| self.person.schools.first().map(|s| s.structure))?;
        structures.uai(id)
    }

    pub(super) fn pupil_mut(&mut self) -> Option<&mut Pupil> {
        match &mut self.person.role {
            Role::Pupil(pupil) => Some(pupil),
            _ => None,
        }
    }
}

/// Settles every pupil; the order stays that of the join keys.
pub(super) fn settle(
    drafts: &mut Drafts,
    structures: &mut Structures,
    report: &mut Report<'_>,
    left_out: &mut Vec<LeftOut>,
) -> Vec<SettledPupil> {
    let pupils = std::mem::take(&mut drafts.pupils);
    let mut settled = Vec::with_capacity(pupils.len());
    for draft in pupils {
        if lacks_mandatory(&draft.who, Category::Pupil, report) {
            left_out.push(leave(Category::Pupil, &draft.who, LeftOutReason::Rejected));
            continue;
        }
        match settle_one(*draft, structures, report) {
            Ok(mut pupil) => {
                name_codes(&mut pupil, drafts, report);
                settled.push(pupil);
            }
            Err(draft) => left_out.push(leave(Category::Pupil, &draft.who, LeftOutReason::OutOfScope)),
        }
    }
    settled
}

/// Names for everybody, a birth date for pupils: the reader of the feed rejects a record without them, and an image
/// could still hold one that an update emptied.
pub(super) fn lacks_mandatory(who: &Person, category: Category, report: &mut Report<'_>) -> bool {
    let (code, message) = if who.name.surname.is_empty() {
        (Code::MissingSurname, "personne sans nom : pas de compte")
    } else if who.name.first.is_empty() {
        (Code::MissingFirstName, "personne sans prénom : pas de compte")
    } else if category == Category::Pupil && who.birth.is_none() {
        (Code::MissingBirthDate, "élève sans date de naissance : pas de compte")
    } else {
        return false;
    };
    let finding = report.about(code, category, who, message);
    report.add(finding.who(who.name.listed()));
    true
}

/// In scope when the administrative school or the school of a class is. Otherwise gives the draft back.
///
/// A later source of the same pupil adds schools that the earlier ones do not name; in a school that they do name, it
/// changes nothing.
fn settle_one(
    mut draft: PupilDraft,
    structures: &mut Structures,
    report: &mut Report<'_>,
) -> Result<SettledPupil, Box<PupilDraft>> {
    let source = draft.who.source;
    let mut attached = |key: &CompactString, source| match structures.find(report, source, key) {
        Place::In(id) => Some(id),
        Place::Out | Place::Unknown => None,
    };
    let mut administrative = draft.administrative.as_ref().and_then(|key| attached(key, source));
    for later in &draft.also {
        let source = later.who.source;
        administrative = administrative.or_else(|| later.administrative.as_ref().and_then(|key| attached(key, source)));
    }
    let mut named = structures.divisions(report, source, Division::Class, &draft.classes);
    let mut groups = structures.divisions(report, source, Division::Group, &draft.groups);
    for later in &draft.also {
        let source = later.who.source;
        add_schools(&mut named, structures.divisions(report, source, Division::Class, &later.classes));
        add_schools(&mut groups, structures.divisions(report, source, Division::Group, &later.groups));
    }
    let mut family_source = source;
    if draft.links.is_empty()
        && let Some(later) = draft.also.iter_mut().find(|later| !later.links.is_empty())
    {
        family_source = later.who.source;
        draft.links = std::mem::take(&mut later.links);
        draft.lives_with = std::mem::take(&mut later.lives_with);
    }
    let mut classes: Vec<(StructureId, CompactString)> = Vec::with_capacity(named.len());
    let mut extra = Vec::new();
    for (id, class) in named {
        match classes.iter().find(|(other, _)| *other == id) {
            Some((_, kept)) => extra.push((id, kept.clone(), class)),
            None => classes.push((id, class)),
        }
    }
    // A school of which only other classes take part is none for him.
    administrative = administrative.filter(|id| structures.takes(*id, &classes));
    let there: Vec<StructureId> =
        classes.iter().map(|(id, _)| *id).filter(|id| !structures.takes(*id, &classes)).collect();
    classes.retain(|(id, _)| !there.contains(id));
    if administrative.is_none() && classes.is_empty() {
        return Err(Box::new(draft));
    }
    groups.retain(|(id, _)| !there.contains(id));
    classes.sort_unstable();
    groups.sort_unstable();
    groups.dedup();
    for (id, class) in &classes {
        structures.use_class(*id, class);
    }
    for (id, group) in &groups {
        structures.use_group(*id, group);
    }
    let mut schools: Vec<StructureId> =
        administrative.into_iter().chain(classes.iter().chain(&groups).map(|(id, _)| *id)).collect();
    schools.sort_unstable();
    schools.dedup();

    let (mut person, mut pupil) = (draft.who, draft.pupil);
    pupil.classes = classes;
    pupil.groups = groups;
    person.schools =
        schools.into_iter().map(|structure| Attachment { structure, profiles: NationalProfile::Elv.into() }).collect();
    person.administrative = administrative;
    person.role = Role::Pupil(pupil);
    let settled = SettledPupil { person, family_source, links: draft.links, lives_with: draft.lives_with };
    for (id, kept, class) in extra {
        let message = format!("divisions {kept} et {class} dans le même établissement : {kept} retenue");
        let mut finding = report.about(Code::SecondClassIgnored, Category::Pupil, &*settled.person, message);
        finding.school = structures.uai(id);
        report.add(settled.named(finding));
    }
    if let Role::Pupil(pupil) = &settled.person.role
        && pupil.classes.is_empty()
    {
        let message = "aucune division dans l'établissement";
        let mut finding = report.about(Code::PupilWithoutClass, Category::Pupil, &*settled.person, message);
        finding.school = settled.uai(structures);
        report.add(settled.named(finding));
    }
    Ok(settled)
}

/// Adds the values of schools that have none yet.
fn add_schools(named: &mut Vec<(StructureId, CompactString)>, later: Vec<(StructureId, CompactString)>) {
    let known: Vec<StructureId> = named.iter().map(|(id, _)| *id).collect();
    named.extend(later.into_iter().filter(|(id, _)| !known.contains(id)));
}

/// Words that the record lacks and the nomenclatures have. Codes and labels of the subjects followed are not parallel
/// lists: the labels delivered are never completed, only replaced when there is none.
fn name_codes(settled: &mut SettledPupil, drafts: &mut Drafts, report: &Report<'_>) {
    let prefix = report.prefix(settled.person.source);
    let Some(pupil) = settled.pupil_mut() else { return };
    let Studies { mef, libelle_mef, niv_formation, filiere, enseignements, code_enseignements } = &*pupil.studies;
    let complete = libelle_mef.is_some() && niv_formation.is_some() && filiere.is_some();
    let mef = mef.as_deref().filter(|_| !complete).and_then(|code| look_up(&drafts.mefs, prefix, code));
    let unnamed = enseignements.is_empty() && !code_enseignements.is_empty();
    if mef.is_none() && !unnamed {
        return;
    }
    let studies = Arc::make_mut(&mut pupil.studies);
    if let Some(mef) = mef {
        studies.libelle_mef.get_or_insert_with(|| mef.words.clone());
        if studies.niv_formation.is_none() {
            studies.niv_formation.clone_from(&mef.level);
        }
        if studies.filiere.is_none() {
            studies.filiere.clone_from(&mef.track);
        }
    }
    if unnamed {
        let words = |code: &CompactString| {
            look_up(&drafts.subjects, prefix, code).map_or_else(|| code.clone(), |subject| subject.words.clone())
        };
        studies.enseignements = studies.code_enseignements.iter().map(words).collect();
    }
    drafts.studies.share(&mut pupil.studies);
}

fn look_up<'l>(labels: &'l HashMap<JoinKey, Label>, prefix: &str, code: &str) -> Option<&'l Label> {
    labels.get(&JoinKey::new(prefix, code))
}
