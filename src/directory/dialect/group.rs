//! The groups that a roster asks for, family by family, with their names and entries.

use std::collections::HashSet;

use super::compile::same;
use super::context::about;
use super::family::{Filling, GroupRule, Ready};
use super::matching::fold;
use super::populate::{Cell, Cells, populate};
use super::shape::Kind;
use super::source::Source;
use super::wanted::{Subject, Wanted, write};
use super::{Context, Dialect};
use crate::directory::{Dn, Entry, Value};
use crate::feed::{Code, Finding};
use crate::roster::{NationalProfile, PersonId, Structure, StructureId};

/// A group that should exist.
#[derive(Debug, Clone)]
pub struct WantedGroup {
    /// Everything but the members.
    pub wanted: Wanted,
    pub cn: String,
    pub structure: StructureId,
    pub rule: GroupRule,
    /// The class, teaching group, profile, subject or function, as the roster has it; empty where there is only one.
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

/// A group under its name, before it is an entry.
pub(super) struct Named<'r> {
    pub structure: StructureId,
    pub cell: Cell<'r>,
    pub cn: String,
    pub members: Vec<PersonId>,
}

impl Dialect {
    /// The groups of every structure that is in the directory, as the families of the dialect say. Never a group that
    /// spans structures.
    #[must_use]
    pub fn groups(&self, context: &Context<'_>) -> WantedGroups {
        let mut all = WantedGroups::default();
        let mut findings = Vec::new();
        self.each_group(context, &mut findings, |family, structure, group| {
            let Named { structure: id, cell, cn, members } = group;
            let dn = self.groups_branch().child(&self.group_rdn, &cn);
            let description = describe(family, cell, structure);
            let kind = Kind::Group(cell.family);
            let subject = Subject { kind, dn, role: &|_| false, keep_class: false };
            let written = write(self, self.shape(kind), subject, |source, out| match source {
                Source::GroupName => out.value(&cn),
                Source::GroupDescription => out.value(&description),
                Source::Marker => out.value(&self.marker.value),
                _ => {}
            });
            // Every mandatory attribute of a group has a certain source: the dialect was refused otherwise.
            if let Ok(wanted) = written {
                let code = cell.code.to_owned();
                all.groups.push(WantedGroup { wanted, cn, structure: id, rule: family.rule, code, members });
            }
        });
        all.findings = findings;
        all
    }

    /// Every group with its name, in the order of the roster.
    pub(super) fn each_group<'r>(
        &self,
        context: &Context<'r>,
        findings: &mut Vec<Finding>,
        mut each: impl FnMut(&Ready, &'r Structure, Named<'r>),
    ) {
        let all: Vec<Cells<'r>> = populate(&self.families, context);
        for ((id, structure), cells) in (0..).map(StructureId).zip(&context.roster.structures).zip(all) {
            if context.structure(id).is_none() {
                continue;
            }
            let mut namer = Namer::new(&self.families, structure);
            for (cell, members) in cells {
                let Some(family) = self.families.get(usize::from(cell.family)) else { continue };
                let cn = namer.name(family, cell, findings);
                each(family, structure, Named { structure: id, cell, cn, members });
            }
        }
    }

    /// The entry of a group as it is added, with its first members or the place-holder of an empty group.
    pub fn group_entry<'d>(&self, group: &WantedGroup, members: impl IntoIterator<Item = &'d Dn>) -> Entry {
        let mut entry = self.entry(&group.wanted);
        let members: Vec<&Dn> = members.into_iter().collect();
        if let Some(attribute) = self.member_uids() {
            entry.push(attribute, members.iter().map(|dn| dn.rdn_value()));
        }
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

    /// Whether an entry has the structural class of a family of groups.
    #[must_use]
    pub fn is_of_a_family(&self, group: &Entry) -> bool {
        let class = |kind| &self.shape(kind).structural;
        self.group_kinds().into_iter().any(|kind| group.texts("objectClass").any(|c| same(c.trim(), class(kind))))
    }

    /// Of `schools` (UAI), the one that a managed group belongs to, by its name.
    #[must_use]
    pub fn school_of_group<'s>(&self, cn: &str, schools: &'s HashSet<String>) -> Option<&'s str> {
        let in_front = self.families.iter().all(|f| f.pattern.starts_with_uai());
        let mut words = cn.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
        let found = if in_front { schools.get(words.next()?) } else { words.find_map(|w| schools.get(w)) };
        found.map(String::as_str)
    }
}

/// Gives the groups of one structure names that a server takes for different ones.
///
/// Those of closed rules (profiles, everybody) always keep theirs, because applications refer to them, whether or not
/// somebody is in them today; the others take theirs in the order of the families, then of their codes.
struct Namer<'n> {
    structure: &'n Structure,
    taken: HashSet<String>,
}

impl<'n> Namer<'n> {
    fn new(families: &[Ready], structure: &'n Structure) -> Self {
        let mut taken = HashSet::new();
        for family in families.iter().filter(|f| f.rule.is_closed()) {
            let mut reserve = |code| {
                taken.insert(fold(&family.pattern.render(&Filling { structure, code, level: "" })));
            };
            if family.rule == GroupRule::Profile {
                for profile in NationalProfile::ALL {
                    reserve(profile.mnemonic());
                }
            } else {
                reserve("");
            }
        }
        Self { structure, taken }
    }

    fn name(&mut self, family: &Ready, cell: Cell<'_>, findings: &mut Vec<Finding>) -> String {
        let render =
            |code: &str| family.pattern.render(&Filling { structure: self.structure, code, level: cell.level });
        let plain = render(cell.code);
        if family.rule.is_closed() || self.taken.insert(fold(&plain)) {
            return plain;
        }
        let (suffix, what) = kind_of_code(family.rule);
        // Where the code is the level, it is the level that is set apart.
        let with = |suffix: &str| match cell.code {
            "" => format!("{plain}_{suffix}"),
            code => render(&format!("{code}_{suffix}")),
        };
        let mut cn = with(suffix);
        let mut number = 2_u32;
        while !self.taken.insert(fold(&cn)) {
            cn = with(&format!("{suffix}_{number}"));
            number += 1;
        }
        let code = if cell.code.is_empty() { cell.level } else { cell.code };
        let message = format!(
            "Dans {}, {what} « {code} » porte, pour l'annuaire, le même nom qu'un profil, une division ou un autre \
             groupe : son groupe s'appelle {cn}.",
            self.structure.name
        );
        findings.push(about(self.structure, Finding::new(Code::GroupNameClash, message)));
        cn
    }
}

/// What sets a name apart, and what messages call the code.
const fn kind_of_code(rule: GroupRule) -> (&'static str, &'static str) {
    match rule {
        GroupRule::ClassPupils | GroupRule::ClassTeachers => ("classe", "la division"),
        GroupRule::TeachingGroup => ("groupe", "le groupe d'enseignement"),
        GroupRule::SubjectTeachers => ("matiere", "la matière"),
        GroupRule::Function => ("fonction", "la fonction"),
        GroupRule::LevelHeadTeachers => ("niveau", "le niveau"),
        GroupRule::Profile | GroupRule::AnyProfile | GroupRule::Everybody | GroupRule::HeadTeachers => {
            ("profil", "le profil")
        }
    }
}

fn describe(family: &Ready, cell: Cell<'_>, structure: &Structure) -> String {
    let school = &structure.name;
    let code = cell.code;
    let labelled = |what: &str, label: Option<&str>| match label.map(str::trim).filter(|l| !l.is_empty() && *l != code)
    {
        Some(label) => format!("{what} {code}, {label} ({school})"),
        None => format!("{what} {code} ({school})"),
    };
    let class = || structure.classes.iter().find(|c| c.code == code).and_then(|c| c.label.as_deref());
    match family.rule {
        GroupRule::Profile | GroupRule::AnyProfile => {
            let all = NationalProfile::ALL.into_iter();
            let held = all.filter(|p| if code.is_empty() { family.admits(*p) } else { p.mnemonic() == code });
            format!("{} ({school})", held.map(profile_label).collect::<Vec<_>>().join(", "))
        }
        GroupRule::Everybody => format!("Tous ({school})"),
        GroupRule::ClassPupils => labelled("Classe", class()),
        GroupRule::ClassTeachers => labelled("Enseignants de la classe", class()),
        GroupRule::TeachingGroup => {
            labelled("Groupe", structure.groups.iter().find(|g| g.code == code).and_then(|g| g.label.as_deref()))
        }
        GroupRule::HeadTeachers => format!("Professeurs principaux ({school})"),
        GroupRule::LevelHeadTeachers => format!("Professeurs principaux, {} ({school})", cell.level),
        GroupRule::SubjectTeachers => format!("Enseignants, {code} ({school})"),
        GroupRule::Function => format!("{code} ({school})"),
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
