//! Second pass, families: which relatives answer for which pupils, and who of them gets an account.
//!
//! A relative has one when a pupil in scope gives him a sufficient standing. Only such links are kept: a contact of
//! one child does not see that child because he answers for another.

use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;

use super::aliases::Aliases;
use super::draft::RelativeDraft;
use super::drafts::{PersonDraft, leave};
use super::households::home;
use super::model::{
    Attachment, JoinKey, LeftOut, LeftOutReason, LinkCodes, NationalProfile, Person, Standing, StructureId,
};
use super::options::Options;
use super::policy::{Grants, Policy, Situation, is_of_care};
use super::pupils::{SettledPupil, lacks_mandatory};
use super::report::{Report, counted};
use super::structures::Structures;
use crate::feed::{Category, Code};

/// A sufficient link of a pupil; the relative is an index among the drafts.
pub(super) struct KeptLink {
    pub(super) relative: u32,
    pub(super) codes: LinkCodes,
    pub(super) standing: Standing,
}

/// The links of all pupils, in their order.
pub(super) struct Family {
    pub(super) links: Vec<Vec<KeptLink>>,
    /// Per pupil, the relatives at whose address he lives.
    pub(super) lives_with: Vec<Vec<u32>>,
    /// Relatives at whose home a pupil lives whose address is protected.
    hidden: Vec<bool>,
    /// Which pupil names which relative, sorted by relative: one list, because most have one or two pupils.
    named: Vec<Named>,
}

struct Named {
    relative: u32,
    pupil: u32,
    /// With a standing that gives an account.
    sufficient: bool,
}

impl Family {
    /// From now on nobody learns where this relative lives.
    fn hide(&mut self, relative: u32) {
        if let Some(hidden) = self.hidden.get_mut(relative as usize) {
            *hidden = true;
        }
    }

    /// The pupils who name each relative, for all `relatives` in their order.
    fn named_by(&self, relatives: usize) -> impl Iterator<Item = &[Named]> {
        let mut rest = self.named.as_slice();
        (0..relatives as u32).map(move |relative| {
            let (own, others) = rest.split_at(rest.partition_point(|named| named.relative <= relative));
            rest = others;
            own
        })
    }
}

/// Links pupils and relatives, both sorted by join key.
pub(super) fn link(
    pupils: &mut [SettledPupil],
    relatives: &[RelativeDraft],
    structures: &Structures,
    options: &Options,
    aliases: &Aliases,
    report: &mut Report<'_>,
) -> Family {
    let index: HashMap<&JoinKey, u32> = relatives.iter().zip(0..).map(|(draft, at)| (draft.key(), at)).collect();
    // A relative whom two sources know stands under the key of one of them.
    let find = |key: JoinKey| index.get(&key).or_else(|| index.get(&aliases.present(key))).copied();
    let mut family = Family {
        links: Vec::with_capacity(pupils.len()),
        lives_with: Vec::with_capacity(pupils.len()),
        hidden: vec![false; relatives.len()],
        named: Vec::with_capacity(relatives.len()),
    };
    let mut protected: BTreeMap<Option<CompactString>, u32> = BTreeMap::new();
    for (pupil, at) in pupils.iter_mut().zip(0..) {
        let prefix = report.prefix(pupil.family_source);
        let raws = std::mem::take(&mut pupil.links).into_links();
        let school = pupil.person.administrative.or_else(|| pupil.person.schools.first().map(|s| s.structure));
        let by_age = options.policy.by_age(pupil.person.birth, school.and_then(|id| structures.known_uai(id)));
        let in_care = raws.iter().any(|raw| is_of_care(&raw.codes));
        let mut kept: Vec<KeptLink> = Vec::with_capacity(raws.len());
        let mut unknown: Vec<CompactString> = Vec::new();
        for raw in raws {
            let relative = find(JoinKey::new(prefix, &raw.relative));
            let by_standing = Policy::by_standing(raw.standing, &options.relatives);
            let sufficient = granted(by_standing.into_iter().chain([by_age])).linked;
            family.named.extend(relative.map(|relative| Named { relative, pupil: at, sufficient }));
            match (raw.standing, relative) {
                (None, _) => {
                    if let Some(own) = pupil.pupil_mut() {
                        own.own_guardian = true;
                    }
                }
                (Some(_), None) if !unknown.contains(&raw.relative) => unknown.push(raw.relative),
                (Some(standing), Some(relative)) if sufficient => {
                    keep(&mut kept, KeptLink { relative, codes: raw.codes, standing });
                }
                (Some(_), _) => {}
            }
        }
        if !unknown.is_empty() {
            report_unknown(pupil, &unknown, structures, report);
        }
        let mut lives_with: Vec<u32> = std::mem::take(&mut pupil.lives_with)
            .iter()
            .filter_map(|key| find(JoinKey::new(prefix, key)))
            .filter(|relative| kept.iter().any(|link| link.relative == *relative))
            .collect();
        // Relatives are in the order of their join keys, so are their indexes.
        lives_with.sort_unstable();
        lives_with.dedup();
        let own = home(&pupil.person);
        let lives_there = |at: u32| {
            let same = || relatives.get(at as usize).and_then(|draft| home(&draft.who)) == own;
            lives_with.contains(&at) || (own.is_some() && same())
        };
        let there: Vec<u32> = kept.iter().map(|link| link.relative).filter(|at| lives_there(*at)).collect();
        let of_adults = there.iter().filter_map(|at| relatives.get(*at as usize)).any(|draft| protects(options, draft));
        let told = of_adults || options.policy.protects(&pupil.person.key, pupil.person.address_shared);
        let situations = [told.then_some(Situation::AddressProtected), in_care.then_some(Situation::InCare)];
        let grants = granted(situations.into_iter().flatten());
        if !grants.address {
            for at in there {
                family.hide(at);
            }
            pupil.person.contact.address = None;
            *protected.entry(pupil.uai(structures)).or_default() += 1;
        }
        if !grants.home {
            lives_with.clear();
        }
        kept.sort_by_key(|link| link.relative);
        family.links.push(kept);
        family.lives_with.push(lives_with);
    }
    for (draft, at) in relatives.iter().zip(0..) {
        if protects(options, draft) {
            family.hide(at);
        }
    }
    report_protected(protected, report);
    family.named.sort_unstable_by_key(|named| (named.relative, named.pupil, !named.sufficient));
    family.named.dedup_by_key(|named| (named.relative, named.pupil));
    report_reciprocity(pupils, relatives, &family, structures, report);
    family
}

/// One link per relative, the best standing: a father who is also listed as a contact is the father.
fn keep(kept: &mut Vec<KeptLink>, link: KeptLink) {
    match kept.iter_mut().find(|k| k.relative == link.relative) {
        Some(before) if before.standing <= link.standing => {}
        Some(before) => *before = link,
        None => kept.push(link),
    }
}

/// The relatives who get an account, with their index among the drafts; the others are left out.
pub(super) fn settle(
    relatives: Vec<RelativeDraft>,
    pupils: &[SettledPupil],
    family: &Family,
    report: &mut Report<'_>,
    left_out: &mut Vec<LeftOut>,
) -> Vec<(u32, Box<Person>)> {
    let mut settled = Vec::with_capacity(relatives.len());
    let named = family.named_by(relatives.len());
    let mut without_pupil: BTreeMap<u16, u32> = BTreeMap::new();
    for ((draft, at), named_by) in relatives.into_iter().zip(0..).zip(named) {
        if lacks_mandatory(&draft.who, Category::Relative, report) {
            left_out.push(leave(Category::Relative, &draft.who, LeftOutReason::Rejected));
            continue;
        }
        let mut schools: Vec<StructureId> = named_by
            .iter()
            .filter(|named| named.sufficient)
            .filter_map(|named| pupils.get(named.pupil as usize))
            .flat_map(|pupil| pupil.person.schools.iter().map(|school| school.structure))
            .collect();
        if schools.is_empty() {
            let why = if named_by.is_empty() { LeftOutReason::NoPupil } else { LeftOutReason::NoAuthority };
            if why == LeftOutReason::NoPupil {
                *without_pupil.entry(draft.who.source).or_default() += 1;
            }
            let mut left = leave(Category::Relative, &draft.who, why);
            if why == LeftOutReason::NoAuthority {
                let pupils = named_by.iter().filter_map(|named| pupils.get(named.pupil as usize));
                let keys = pupils.map(|pupil| pupil.person.key.clone()).collect();
                left.relative = Some(Box::new((draft.who.name.clone(), keys)));
            }
            left_out.push(left);
            continue;
        }
        schools.sort_unstable();
        schools.dedup();
        let mut person = draft.who;
        person.birth = None;
        if family.hidden.get(at as usize) == Some(&true) {
            person.contact.address = None;
        }
        person.schools = schools
            .into_iter()
            .map(|structure| Attachment { structure, profiles: NationalProfile::Tut.into() })
            .collect();
        settled.push((at, person));
    }
    for (source, count) in without_pupil {
        let message = counted(
            count as usize,
            "responsable qu'aucun élève du périmètre ne nomme : pas de compte",
            "responsables qu'aucun élève du périmètre ne nomme : pas de compte",
        );
        let mut finding = report.about_source(Code::RelativeWithoutPupil, source, count, message);
        finding.category = Some(Category::Relative);
        report.sum(finding);
    }
    settled
}

fn protects(options: &Options, draft: &RelativeDraft) -> bool {
    options.policy.protects(draft.key(), draft.who.address_shared)
}

/// What all of these situations grant.
fn granted(situations: impl Iterator<Item = Situation>) -> Grants {
    situations.map(Situation::grants).fold(Situation::Minor.grants(), Grants::and)
}

fn report_protected(counts: BTreeMap<Option<CompactString>, u32>, report: &mut Report<'_>) {
    for (school, count) in counts {
        let message = counted(
            count as usize,
            "élève dont l'adresse est protégée : ni dans l'annuaire, ni sur les fiches",
            "élèves dont l'adresse est protégée : ni dans l'annuaire, ni sur les fiches",
        );
        let mut finding = crate::feed::Finding::new(Code::AddressProtected, message);
        finding.school = school;
        finding.count = count;
        report.sum(finding);
    }
}

fn report_unknown(pupil: &SettledPupil, unknown: &[CompactString], structures: &Structures, report: &mut Report<'_>) {
    let message = match unknown {
        [one] => format!("responsable {one} absent de la livraison : lien en attente"),
        many => format!("responsables {} absents de la livraison : liens en attente", many.join(", ")),
    };
    let mut finding = report.about(Code::UnknownRelative, Category::Pupil, &*pupil.person, message);
    finding.school = pupil.uai(structures);
    report.add(pupil.named(finding));
}

/// Counts the links that only one of the two records gives, per school. Only sets that deliver the relative's side
/// (`ENTAuxPersRelEleveEleve`) can be compared.
fn report_reciprocity(
    pupils: &[SettledPupil],
    relatives: &[RelativeDraft],
    family: &Family,
    structures: &Structures,
    report: &mut Report<'_>,
) {
    let mut counts: BTreeMap<Option<CompactString>, u32> = BTreeMap::new();
    let mut count = |pupil: &SettledPupil| *counts.entry(pupil.uai(structures)).or_default() += 1;
    for (draft, named_by) in relatives.iter().zip(family.named_by(relatives.len())) {
        let Some(listed) = &draft.pupils else { continue };
        let prefix = report.prefix(draft.who.source);
        let listed: Vec<JoinKey> = listed.iter().map(|key| JoinKey::new(prefix, key)).collect();
        let naming: Vec<&SettledPupil> = named_by.iter().filter_map(|named| pupils.get(named.pupil as usize)).collect();
        naming.iter().filter(|pupil| !listed.contains(&pupil.person.key)).for_each(|pupil| count(pupil));
        listed
            .iter()
            .filter(|key| !naming.iter().any(|pupil| pupil.person.key == **key))
            .filter_map(|key| pupils.binary_search_by(|p| p.person.key.cmp(key)).ok().and_then(|at| pupils.get(at)))
            .for_each(&mut count);
    }
    for (school, count) in counts {
        let message = counted(
            count as usize,
            "lien élève-responsable donné d'un seul côté : celui de l'élève fait foi",
            "liens élève-responsable donnés d'un seul côté : celui de l'élève fait foi",
        );
        let mut finding = crate::feed::Finding::new(Code::ReciprocityMismatch, message);
        finding.school = school;
        finding.count = count;
        report.sum(finding);
    }
}
