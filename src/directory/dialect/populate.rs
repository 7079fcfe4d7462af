//! Who belongs to which group: one pass over the roster for all families together.

use std::collections::{BTreeMap, HashMap};

use super::Context;
use super::family::{GroupRule, Ready, Slot};
use crate::roster::{NationalProfile, Person, PersonId, Profiles, Pupil, Role, Roster, Staff, StructureId};

/// What `{level}` is for a class none of whose pupils says.
pub(super) const NO_LEVEL: &str = "SANS NIVEAU";

/// One group of a structure. The order is that in which groups take their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell<'r> {
    pub family: u8,
    /// Of a profile, since those are not in the order of their mnemonics.
    place: u8,
    pub level: &'r str,
    /// Empty where the family has one group in the structure.
    pub code: &'r str,
}

/// The groups of one structure with their members, sorted.
pub(super) type Cells<'r> = BTreeMap<Cell<'r>, Vec<PersonId>>;

/// By structure.
pub(super) fn populate<'r>(families: &[Ready], context: &Context<'r>) -> Vec<Cells<'r>> {
    let roster = context.roster;
    let mut all = Populate {
        families: (0..).zip(families).collect(),
        roster,
        levels: if families.iter().any(|f| f.names(Slot::Level)) { levels(roster) } else { HashMap::new() },
        cells: Vec::new(),
    };
    all.cells.resize_with(roster.structures.len(), BTreeMap::new);
    all.declared();
    for (id, person) in (0..).map(PersonId).zip(&roster.persons) {
        all.person(id, person);
    }
    all.cells
}

struct Populate<'f, 'r> {
    families: Vec<(u8, &'f Ready)>,
    roster: &'r Roster,
    levels: HashMap<(StructureId, &'r str), &'r str>,
    cells: Vec<Cells<'r>>,
}

impl<'r> Populate<'_, 'r> {
    /// Classes and teaching groups have their group even when nobody is in it.
    fn declared(&mut self) {
        let roster = self.roster;
        for (id, structure) in (0..).map(StructureId).zip(&roster.structures) {
            for (number, family) in self.families.clone() {
                match family.rule {
                    GroupRule::ClassPupils | GroupRule::ClassTeachers => {
                        for class in &structure.classes {
                            let level = self.level_for(family, id, &class.code);
                            self.cell(id, number, 0, level, &class.code);
                        }
                    }
                    GroupRule::TeachingGroup => {
                        for group in &structure.groups {
                            self.cell(id, number, 0, "", &group.code);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn person(&mut self, id: PersonId, person: &'r Person) {
        for at in 0..self.families.len() {
            let Some(&(number, family)) = self.families.get(at) else { continue };
            match (family.rule, &person.role) {
                (GroupRule::Profile, _) => {
                    for school in &person.schools {
                        for profile in school.profiles.iter().filter(|p| family.admits(*p)) {
                            self.put(id, school.structure, number, profile as u8, "", profile.mnemonic());
                        }
                    }
                }
                (GroupRule::AnyProfile | GroupRule::Everybody, _) => {
                    for school in person.schools.iter().filter(|s| admits_any(family, s.profiles)) {
                        self.put(id, school.structure, number, 0, "", "");
                    }
                }
                (GroupRule::ClassPupils, Role::Pupil(pupil)) => {
                    for (structure, class) in &pupil.classes {
                        let level = self.level_for(family, *structure, class);
                        self.put(id, *structure, number, 0, level, class);
                    }
                }
                (GroupRule::TeachingGroup, Role::Pupil(pupil)) => {
                    for (structure, group) in &pupil.groups {
                        self.put(id, *structure, number, 0, "", group);
                    }
                }
                (rule, Role::Staff(staff)) => self.staff(id, person, staff, (number, family), rule),
                _ => {}
            }
        }
    }

    fn staff(
        &mut self,
        id: PersonId,
        person: &'r Person,
        staff: &'r Staff,
        (number, family): (u8, &Ready),
        rule: GroupRule,
    ) {
        match rule {
            GroupRule::ClassTeachers => {
                for (structure, class) in classes_of(staff, self.roster) {
                    let level = self.level_for(family, structure, class);
                    self.put(id, structure, number, 0, level, class);
                }
            }
            GroupRule::HeadTeachers => {
                for (structure, _) in &staff.head_teacher_of {
                    self.put(id, *structure, number, 0, "", "");
                }
            }
            GroupRule::LevelHeadTeachers => {
                for (structure, class) in &staff.head_teacher_of {
                    let level = self.level_for(family, *structure, class);
                    self.put(id, *structure, number, 0, level, "");
                }
            }
            GroupRule::SubjectTeachers => {
                for (structure, subject) in staff.subjects.iter().filter(|(_, s)| !s.trim().is_empty()) {
                    self.put(id, *structure, number, 0, "", subject.trim());
                }
            }
            GroupRule::Function => {
                for function in staff.functions.iter().filter(|f| !f.label.trim().is_empty()) {
                    let held = person.schools.iter().find(|s| s.structure == function.structure);
                    if held.is_some_and(|s| admits_any(family, s.profiles)) {
                        self.put(id, function.structure, number, 0, "", function.label.trim());
                    }
                }
            }
            _ => {}
        }
    }

    fn level_for(&self, family: &Ready, structure: StructureId, class: &'r str) -> &'r str {
        if family.names(Slot::Level) { self.levels.get(&(structure, class)).copied().unwrap_or(NO_LEVEL) } else { "" }
    }

    fn put(&mut self, id: PersonId, structure: StructureId, family: u8, place: u8, level: &'r str, code: &'r str) {
        if let Some(members) = self.cell(structure, family, place, level, code)
            // Persons come in order, so that a repetition is the last one.
            && members.last() != Some(&id)
        {
            members.push(id);
        }
    }

    fn cell(
        &mut self,
        structure: StructureId,
        family: u8,
        place: u8,
        level: &'r str,
        code: &'r str,
    ) -> Option<&mut Vec<PersonId>> {
        let cells = self.cells.get_mut(structure.0 as usize)?;
        Some(cells.entry(Cell { family, place, level, code }).or_default())
    }
}

fn admits_any(family: &Ready, profiles: Profiles) -> bool {
    profiles.iter().any(|profile: NationalProfile| family.admits(profile))
}

/// The classes in which somebody teaches, those of his groups included: whoever teaches a group of several divisions
/// teaches all of them.
fn classes_of<'r>(staff: &'r Staff, roster: &'r Roster) -> impl Iterator<Item = (StructureId, &'r str)> {
    let before = |pair: &'r str| pair.rsplit_once('$').map_or(pair, |(name, _)| name);
    let plain = staff.classes.iter().map(|(s, class)| (*s, class.as_str()));
    let with_subject = staff.classes_subjects.iter().map(move |(s, pair)| (*s, before(pair)));
    let groups = staff.groups.iter().map(|(s, group)| (*s, group.as_str()));
    let groups = groups.chain(staff.groups_subjects.iter().map(move |(s, pair)| (*s, before(pair))));
    let of_groups = groups.flat_map(move |(s, code)| {
        let group = roster.structure(s).and_then(|structure| structure.groups.iter().find(|g| g.code == code));
        group.into_iter().flat_map(|g| &g.classes).map(move |class| (s, class.as_str()))
    });
    plain.chain(with_subject).chain(of_groups)
}

/// The level of each class: that of most of its pupils, the first in alphabetical order among equals.
fn levels(roster: &Roster) -> HashMap<(StructureId, &str), &str> {
    let mut counts: HashMap<(StructureId, &str), BTreeMap<&str, u32>> = HashMap::new();
    for person in &roster.persons {
        let Role::Pupil(pupil) = &person.role else { continue };
        let Some(level) = level_of(pupil) else { continue };
        for (structure, class) in &pupil.classes {
            *counts.entry((*structure, class)).or_default().entry(level).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .filter_map(|(class, levels)| {
            let (level, _) = levels.into_iter().rev().max_by_key(|(_, n)| *n)?;
            Some((class, level))
        })
        .collect()
}

fn level_of(pupil: &Pupil) -> Option<&str> {
    pupil.studies.niv_formation.as_deref().map(str::trim).filter(|level| !level.is_empty())
}
