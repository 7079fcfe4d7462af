//! The groups that a roster asks for: classes, teaching groups, and profiles per structure.

use std::collections::{BTreeMap, HashSet};

use super::context::about;
use super::matching::fold;
use super::shape::Kind;
use super::source::Source;
use super::wanted::{Subject, Wanted, write};
use super::{Context, Dialect};
use crate::directory::{Dn, Entry, Value};
use crate::feed::{Code, Finding};
use crate::roster::{NationalProfile, PersonId, Role, Structure, StructureId};

/// A group that should exist.
#[derive(Debug, Clone)]
pub struct WantedGroup {
    /// Everything but the members.
    pub wanted: Wanted,
    pub cn: String,
    pub structure: StructureId,
    /// [`Kind::ClassGroup`], [`Kind::TeachingGroup`] or [`Kind::ProfileGroup`].
    pub kind: Kind,
    /// The class, teaching group or profile, as the roster has it.
    pub code: String,
    /// Sorted. Those without an account are the caller's to leave out.
    pub members: Vec<PersonId>,
}

/// The groups, structure by structure in the order of the roster, and what was noticed on the way.
#[derive(Debug, Clone, Default)]
pub struct WantedGroups {
    pub groups: Vec<WantedGroup>,
    pub findings: Vec<Finding>,
}

/// Who belongs to what in one structure.
#[derive(Default)]
struct Members<'r> {
    classes: BTreeMap<&'r str, Vec<PersonId>>,
    teaching: BTreeMap<&'r str, Vec<PersonId>>,
    profiles: BTreeMap<NationalProfile, Vec<PersonId>>,
}

impl Dialect {
    /// The groups of every structure that is in the directory: its classes and teaching groups, empty ones included,
    /// and the profiles that somebody holds there. Never a group that spans structures.
    #[must_use]
    pub fn groups(&self, context: &Context<'_>) -> WantedGroups {
        let mut all = WantedGroups::default();
        for ((id, structure), members) in
            (0..).map(StructureId).zip(&context.roster.structures).zip(members_by_structure(context))
        {
            if context.structure(id).is_none() {
                continue;
            }
            let mut namer = Namer::new(structure);
            for (profile, people) in members.profiles {
                let cn = namer.plain(profile.mnemonic());
                let description = format!("{} ({})", profile_label(profile), structure.name);
                self.push_group(&mut all.groups, Kind::ProfileGroup, id, profile.mnemonic(), cn, &description, people);
            }
            for (code, people) in members.classes {
                let cn = namer.distinct(code, "classe", "la division", &mut all.findings);
                let label = structure.classes.iter().find(|c| c.code == code).and_then(|c| c.label.as_deref());
                let description = describe("Classe", code, label, structure);
                self.push_group(&mut all.groups, Kind::ClassGroup, id, code, cn, &description, people);
            }
            for (code, people) in members.teaching {
                let cn = namer.distinct(code, "groupe", "le groupe d'enseignement", &mut all.findings);
                let label = structure.groups.iter().find(|g| g.code == code).and_then(|g| g.label.as_deref());
                let description = describe("Groupe", code, label, structure);
                self.push_group(&mut all.groups, Kind::TeachingGroup, id, code, cn, &description, people);
            }
        }
        all
    }

    /// The entry of a group as it is added, with its first members or the place-holder of an empty group.
    pub fn group_entry<'d>(&self, group: &WantedGroup, members: impl IntoIterator<Item = &'d Dn>) -> Entry {
        let mut entry = self.entry(&group.wanted);
        let mut members: Vec<Value> = members.into_iter().map(|dn| Value::from(dn.as_str())).collect();
        if members.is_empty() {
            members.push(Value::from(""));
        }
        entry.push("member", members);
        entry
    }

    /// Whether a group of the directory is one of the engine's; others are never touched.
    #[must_use]
    pub fn is_managed(&self, group: &Entry) -> bool {
        group.texts(&self.marker.attribute).any(|v| fold(v) == fold(&self.marker.value))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one group, used in three places")]
    fn push_group(
        &self,
        groups: &mut Vec<WantedGroup>,
        kind: Kind,
        structure: StructureId,
        code: &str,
        cn: String,
        description: &str,
        members: Vec<PersonId>,
    ) {
        let dn = self.groups_branch().child(&self.group_rdn, &cn);
        let subject = Subject { kind, dn, role: &|_| false, keep_class: false };
        let written = write(self, self.shape(kind), subject, |source, out| match source {
            Source::GroupName => out.value(&cn),
            Source::GroupDescription => out.value(description),
            Source::Marker => out.value(&self.marker.value),
            _ => {}
        });
        // Every mandatory attribute of a group has a certain source: the dialect was refused otherwise.
        if let Ok(wanted) = written {
            groups.push(WantedGroup { wanted, cn, structure, kind, code: code.to_owned(), members });
        }
    }
}

fn members_by_structure<'r>(context: &Context<'r>) -> Vec<Members<'r>> {
    let roster = context.roster;
    let mut all: Vec<Members<'r>> = Vec::new();
    all.resize_with(roster.structures.len(), Members::default);
    for (members, structure) in all.iter_mut().zip(&roster.structures) {
        members.classes.extend(structure.classes.iter().map(|c| (c.code.as_str(), Vec::new())));
        members.teaching.extend(structure.groups.iter().map(|g| (g.code.as_str(), Vec::new())));
    }
    for (id, person) in (0..).map(PersonId).zip(&roster.persons) {
        if let Role::Pupil(pupil) = &person.role {
            for (structure, class) in &pupil.classes {
                if let Some(members) = all.get_mut(structure.0 as usize) {
                    once(members.classes.entry(class).or_default(), id);
                }
            }
            for (structure, group) in &pupil.groups {
                if let Some(members) = all.get_mut(structure.0 as usize) {
                    once(members.teaching.entry(group).or_default(), id);
                }
            }
        }
        for school in &person.schools {
            if let Some(members) = all.get_mut(school.structure.0 as usize) {
                for profile in school.profiles.iter() {
                    once(members.profiles.entry(profile).or_default(), id);
                }
            }
        }
    }
    all
}

/// Persons come in order, so that a repetition is the last one.
fn once(members: &mut Vec<PersonId>, id: PersonId) {
    if members.last() != Some(&id) {
        members.push(id);
    }
}

/// Gives the groups of one structure names that a server takes for different ones.
///
/// Profiles come first and always keep theirs (applications refer to them), whether or not somebody holds them today;
/// then classes, then teaching groups, each in the order of their codes.
struct Namer<'r> {
    structure: &'r Structure,
    taken: HashSet<String>,
}

impl<'r> Namer<'r> {
    fn new(structure: &'r Structure) -> Self {
        let taken = NationalProfile::ALL.iter().map(|p| fold(p.mnemonic())).collect();
        Self { structure, taken }
    }

    fn plain(&self, code: &str) -> String {
        format!("{}_{code}", self.structure.uai)
    }

    /// `suffix` sets the name apart when another group has it already, then a number.
    fn distinct(&mut self, code: &str, suffix: &str, what: &str, findings: &mut Vec<Finding>) -> String {
        if self.taken.insert(fold(code)) {
            return self.plain(code);
        }
        let mut name = format!("{code}_{suffix}");
        let mut number = 2_u32;
        while !self.taken.insert(fold(&name)) {
            name = format!("{code}_{suffix}_{number}");
            number += 1;
        }
        let cn = self.plain(&name);
        let message = format!(
            "Dans {}, {what} « {code} » porte, pour l'annuaire, le même nom qu'un profil, une division ou un autre \
             groupe : son groupe s'appelle {cn}.",
            self.structure.name
        );
        findings.push(about(self.structure, Finding::new(Code::GroupNameClash, message)));
        cn
    }
}

fn describe(what: &str, code: &str, label: Option<&str>, structure: &Structure) -> String {
    match label.map(str::trim).filter(|l| !l.is_empty() && *l != code) {
        Some(label) => format!("{what} {code}, {label} ({})", structure.name),
        None => format!("{what} {code} ({})", structure.name),
    }
}

const fn profile_label(profile: NationalProfile) -> &'static str {
    match profile {
        NationalProfile::Elv => "Élèves",
        NationalProfile::Tut => "Responsables des élèves",
        NationalProfile::Ens => "Enseignants",
        NationalProfile::Dir => "Direction",
        NationalProfile::Evs => "Vie scolaire",
        NationalProfile::Eta => "Personnels administratifs, techniques, sociaux et de santé",
        NationalProfile::Aca => "Services académiques",
        NationalProfile::Doc => "Documentalistes",
        NationalProfile::Col => "Personnels de la collectivité territoriale",
    }
}
