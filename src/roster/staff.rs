//! Second pass, staff: the profiles that a person holds in each school, and what of his service is in scope.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use super::draft::StaffDraft;
use super::drafts::leave;
use super::functions::{self, Meaning};
use super::model::{
    Attachment, Function, LeftOut, LeftOutReason, NationalProfile, Person, Profile, Profiles, Role, Staff, StructureId,
};
use super::options::Options;
use super::pupils::lacks_mandatory;
use super::report::{Report, counted};
use super::scope::Place;
use super::structures::{Division, Structures};
use crate::feed::{Category, Code, OwnedValues};

/// Why somebody of the staff gets no account, for the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    /// The record names no structure at all.
    Nowhere,
    /// Only structures out of scope.
    Elsewhere,
    /// In a school of the scope, but without function, class or group there.
    Idle,
}

/// What goes over all the staff.
struct Tally {
    functions_elsewhere: u64,
    unknown_codes: BTreeMap<CompactString, u32>,
    lacking: BTreeMap<(u16, Lack), u32>,
}

/// Settles the staff, in the order of the join keys. Also gives the number of their functions out of scope.
#[expect(clippy::vec_box, reason = "as the roster keeps them")]
pub(super) fn settle(
    drafts: Vec<Box<StaffDraft>>,
    structures: &mut Structures,
    options: &Options,
    report: &mut Report<'_>,
    left_out: &mut Vec<LeftOut>,
) -> (Vec<Box<Person>>, u64) {
    let mut tally = Tally { functions_elsewhere: 0, unknown_codes: BTreeMap::new(), lacking: BTreeMap::new() };
    let mut settled = Vec::with_capacity(drafts.len());
    for draft in drafts {
        if lacks_mandatory(&draft.who, Category::Staff, report) {
            left_out.push(leave(Category::Staff, &draft.who, LeftOutReason::Rejected));
            continue;
        }
        let service = Service::read(&draft, structures, options, report, &mut tally);
        if service.profiles.is_empty() {
            *tally.lacking.entry((draft.who.source, service.lack())).or_default() += 1;
            left_out.push(leave(Category::Staff, &draft.who, LeftOutReason::OutOfScope));
            continue;
        }
        tally.functions_elsewhere += service.elsewhere.len() as u64;
        service.use_classes(structures);
        service.report_head_teacher(&draft, structures, report);
        settled.push(service.into_person(*draft));
    }
    report_tally(&tally, report);
    (settled, tally.functions_elsewhere)
}

/// What of a person's record is in scope.
struct Service {
    administrative: Option<StructureId>,
    /// Profiles per school: the result.
    profiles: BTreeMap<StructureId, Profiles>,
    /// What the functions out of scope mean.
    elsewhere: Vec<Meaning>,
    /// A structure out of scope or unknown is named somewhere.
    named_elsewhere: bool,
    staff: Staff,
}

impl Service {
    /// The scope rule: schools of the functions and of the classes, groups, MEF and subjects taught; when there is
    /// none, the administrative school.
    fn read(
        draft: &StaffDraft,
        structures: &mut Structures,
        options: &Options,
        report: &Report<'_>,
        tally: &mut Tally,
    ) -> Self {
        let mut staff = Staff {
            teaches: draft.present,
            category_disciplines: draft.category_disciplines.clone(),
            ..Staff::default()
        };
        let (mut elsewhere, mut places, mut directs) = (Vec::new(), Vec::new(), Vec::new());
        let mut named = 0;
        for record in std::iter::once(draft).chain(&draft.also) {
            let source = record.who.source;
            let (here, there) = read_functions(record, structures, options, report);
            add(&mut staff.functions, here);
            elsewhere.extend(there);
            let teaching = &record.teaching;
            add(&mut staff.classes, structures.divisions(report, source, Division::Class, &teaching.classes));
            add(&mut staff.groups, structures.divisions(report, source, Division::Group, &teaching.groups));
            directs.extend(read_directions(record, structures, report));
            let mut local = |values: &OwnedValues| structures.local(report, source, values);
            add(&mut staff.mefs, local(&teaching.mefs));
            add(&mut staff.subjects, local(&teaching.subjects));
            add(&mut staff.classes_subjects, local(&teaching.classes_subjects));
            add(&mut staff.groups_subjects, local(&teaching.groups_subjects));
            add(&mut staff.head_teacher_of, local(&teaching.head_teacher_of));
            named += taught(teaching);
            places.extend(record.administrative.as_deref().map(|key| structures.peek(report, source, key)));
        }
        // The first source that attaches the person to a school of the scope, else the first that attaches at all.
        let administrative =
            places.iter().find(|place| matches!(place, Place::In(_))).or_else(|| places.first()).copied();
        let taught_elsewhere = named > taught_here(&staff);
        let mut service = Self {
            administrative: match administrative {
                Some(Place::In(id)) => Some(id),
                _ => None,
            },
            profiles: BTreeMap::new(),
            named_elsewhere: !elsewhere.is_empty()
                || taught_elsewhere
                || matches!(administrative, Some(Place::Out | Place::Unknown)),
            elsewhere,
            staff,
        };
        service.hold_profiles(draft, options, tally);
        for school in directs {
            service.profiles.entry(school).or_default().insert(NationalProfile::Dir);
        }
        service
    }

    fn hold_profiles(&mut self, draft: &StaffDraft, options: &Options, tally: &mut Tally) {
        let places: BTreeSet<StructureId> = service_places(&self.staff).collect();
        let teacher = draft.present || draft.corps || !places.is_empty();
        for function in &self.staff.functions {
            let meaning = functions::meaning(&function.code, options);
            if meaning == Meaning::Unknown {
                *tally.unknown_codes.entry(function.code.clone()).or_default() += 1;
            }
            if let Some(profile) = functions::profile(meaning, draft.present, teacher) {
                self.profiles.entry(function.structure).or_default().insert(profile);
            }
        }
        // Classes without a function there: the function is missing from the export, or names another school.
        for place in places {
            self.profiles.entry(place).or_insert_with(|| NationalProfile::Ens.into());
        }
        if let (true, Some(school)) = (self.profiles.is_empty(), self.administrative) {
            let mut held: Profiles = self
                .elsewhere
                .iter()
                .filter_map(|meaning| functions::profile(*meaning, draft.present, teacher))
                .map(abroad)
                .collect();
            if held.is_empty() && teacher {
                held.insert(NationalProfile::Ens);
            }
            if !held.is_empty() {
                self.profiles.insert(school, held);
            }
        }
    }

    fn lack(&self) -> Lack {
        if self.administrative.is_some() || !self.staff.functions.is_empty() {
            Lack::Idle
        } else if self.named_elsewhere {
            Lack::Elsewhere
        } else {
            Lack::Nowhere
        }
    }

    fn use_classes(&self, structures: &mut Structures) {
        let staff = &self.staff;
        for (id, class) in staff.classes.iter().chain(&staff.head_teacher_of) {
            structures.use_class(*id, class);
        }
        for (id, value) in &staff.classes_subjects {
            structures.use_class(*id, &first_field(value));
        }
        for (id, group) in &staff.groups {
            structures.use_group(*id, group);
        }
        for (id, value) in &staff.groups_subjects {
            structures.use_group(*id, &first_field(value));
        }
    }

    /// Says when somebody is head teacher of a class in which he teaches nothing, neither whole nor in a group.
    fn report_head_teacher(&self, draft: &StaffDraft, structures: &Structures, report: &mut Report<'_>) {
        let staff = &self.staff;
        for (id, class) in &staff.head_teacher_of {
            let teaches_class = staff.classes.iter().any(|(s, c)| s == id && c == class)
                || staff.classes_subjects.iter().any(|(s, v)| s == id && first_field(v) == *class);
            let groups = staff.groups.iter().map(|(s, g)| (s, g.clone()));
            let mut groups = groups.chain(staff.groups_subjects.iter().map(|(s, v)| (s, first_field(v))));
            let teaches_part =
                groups.any(|(s, group)| s == id && structures.classes_of_group(*s, &group).contains(class));
            if !teaches_class && !teaches_part {
                let message = format!("professeur principal de {class}, où il n'a aucun enseignement");
                let mut finding = report.about(Code::HeadTeacherElsewhere, Category::Staff, &*draft.who, message);
                finding.school = structures.uai(*id);
                report.add(finding.who(draft.who.name.listed()));
            }
        }
    }

    fn into_person(self, draft: StaffDraft) -> Box<Person> {
        let of_teachers =
            |profiles: &Profiles| profiles.contains(NationalProfile::Ens) || profiles.contains(NationalProfile::Doc);
        let teacher = draft.present || self.profiles.values().any(of_teachers);
        let mut person = draft.who;
        person.profile = if teacher { Profile::Teacher } else { Profile::Staff };
        person.schools =
            self.profiles.into_iter().map(|(structure, profiles)| Attachment { structure, profiles }).collect();
        person.administrative = self.administrative;
        person.role = Role::Staff(Box::new(self.staff));
        person
    }
}

/// The functions in scope, and what those elsewhere mean. A value without its five fields is no function.
fn read_functions(
    draft: &StaffDraft,
    structures: &Structures,
    options: &Options,
    report: &Report<'_>,
) -> (Vec<Function>, Vec<Meaning>) {
    let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
    for value in &draft.functions {
        let mut fields = value.split('$').map(str::trim);
        let (Some(key), Some(code), Some(label), Some(discipline_code), Some(discipline_label), None) =
            (fields.next(), fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        match structures.peek(report, draft.who.source, key) {
            Place::In(structure) => here.push(Function {
                structure,
                code: code.into(),
                label: label.into(),
                discipline_code: discipline_code.into(),
                discipline_label: discipline_label.into(),
            }),
            Place::Out | Place::Unknown => elsewhere.push(functions::meaning(code, options)),
        }
    }
    (here, elsewhere)
}

/// The schools in scope that somebody directs (`ENTEnsFonctionDir`): in the first degree the function says a teacher.
fn read_directions(draft: &StaffDraft, structures: &Structures, report: &Report<'_>) -> Vec<StructureId> {
    let place = |key: &str| structures.peek(report, draft.who.source, key.trim());
    let in_scope = |place| match place {
        Place::In(id) => Some(id),
        Place::Out | Place::Unknown => None,
    };
    draft.directs.iter().map(place).filter_map(in_scope).collect()
}

/// What a function held elsewhere is worth in the school of the administrative attachment: the trade stays, the charge
/// of a place (headship, inspection, authority) does not travel.
fn abroad(profile: NationalProfile) -> NationalProfile {
    match profile {
        NationalProfile::Dir | NationalProfile::Aca | NationalProfile::Col => NationalProfile::Eta,
        other => other,
    }
}

/// Adds what is not there yet. One record's values are already without duplicates.
fn add<T: PartialEq>(list: &mut Vec<T>, more: Vec<T>) {
    if list.is_empty() {
        *list = more;
    } else {
        for item in more {
            if !list.contains(&item) {
                list.push(item);
            }
        }
    }
}

fn service_places(staff: &Staff) -> impl Iterator<Item = StructureId> {
    [
        &staff.mefs,
        &staff.subjects,
        &staff.classes,
        &staff.groups,
        &staff.classes_subjects,
        &staff.groups_subjects,
        &staff.head_teacher_of,
    ]
    .into_iter()
    .flatten()
    .map(|(id, _)| *id)
}

fn taught_here(staff: &Staff) -> usize {
    service_places(staff).count()
}

fn taught(teaching: &super::draft::Teaching) -> usize {
    [
        &teaching.mefs,
        &teaching.subjects,
        &teaching.classes,
        &teaching.groups,
        &teaching.classes_subjects,
        &teaching.groups_subjects,
        &teaching.head_teacher_of,
    ]
    .into_iter()
    .map(|values| values.iter().count())
    .sum()
}

/// The class of `class$subject`.
fn first_field(value: &str) -> CompactString {
    value.split_once('$').map_or(value, |(first, _)| first).trim().into()
}

fn report_tally(tally: &Tally, report: &mut Report<'_>) {
    for (code, count) in &tally.unknown_codes {
        let message = format!("fonction inconnue {code} : comptée parmi les personnels administratifs et techniques");
        let mut finding = crate::feed::Finding::new(Code::UnknownFunction, message);
        finding.category = Some(Category::Staff);
        finding.count = *count;
        report.sum(finding);
    }
    for ((source, lack), count) in &tally.lacking {
        let what = counted(*count as usize, "personnel", "personnels");
        let message = match lack {
            Lack::Nowhere => format!("{what} sans aucun établissement dans l'export : pas de compte"),
            Lack::Elsewhere => format!("{what} dont aucun établissement n'est dans le périmètre : pas de compte"),
            Lack::Idle => {
                format!("{what} d'un établissement du périmètre sans fonction ni enseignement : pas de compte")
            }
        };
        let mut finding = report.about_source(Code::AccountWithoutStructure, *source, *count, message);
        finding.category = Some(Category::Staff);
        report.sum(finding);
    }
}
