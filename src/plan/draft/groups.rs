//! The groups of a plan: as they would be if nothing was held, which is what limits measure and what is shown, and as
//! they can be while some people have to wait.

use std::collections::{BTreeSet, HashMap, HashSet};

use compact_str::CompactString;
use rayon::prelude::*;

use crate::config::Axis;
use crate::directory::{Dn, Entry};
use crate::feed::{Category, Completeness, Finding};
use crate::plan::groups::{GroupDiff, WantedMembers};
use crate::plan::holds::{HoldId, Holds};
use crate::plan::limits::Tallies;
use crate::plan::persons::PersonDiff;
use crate::plan::population::Population;
use crate::plan::{Change, ChangeKind, ObjectTotals, Write};
use crate::roster::{PersonId, Role};

use super::split::Waiting;
use super::{Beside, Matter, Withheld};

/// Everything that groups are compared with.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a, 'd> {
    pub matter: &'a Matter,
    pub diff: &'a PersonDiff<'d>,
    pub population: &'a Population,
    pub beside: &'a Beside<'a>,
    /// Accounts that keep their groups, whatever is decided: absent, without class today, in a state that no write mends.
    pub keep: &'a HashSet<Dn>,
}

impl Ground<'_, '_> {
    /// The changes of groups while `waiting` have to wait. Findings come the same each time.
    pub fn compare(&self, waiting: &Waiting, totals: &mut ObjectTotals, findings: &mut Vec<Finding>) -> Vec<Change> {
        let Self { matter, diff, population, beside, keep } = *self;
        let roster = &matter.roster;
        let dns: Vec<Option<Dn>> = (0..roster.persons.len() as u32)
            .into_par_iter()
            .map(PersonId)
            .map(|id| match population.dn(diff, id) {
                Some(dn) => Some(dn),
                None => diff.dn(id).filter(|dn| !waiting.joining.contains_key(dn)),
            })
            .collect();
        let wanted = matter.dialect.groups(diff.context);
        findings.extend(wanted.findings);
        let wanted = wanted
            .groups
            .into_par_iter()
            .map(|group| {
                let members: BTreeSet<Dn> =
                    group.members.iter().filter_map(|id| dns.get(id.0 as usize).cloned().flatten()).collect();
                WantedMembers { group, members }
            })
            .collect();
        let whole = |category: Category| {
            beside.intakes.iter().all(|intake| {
                Category::ALL.iter().zip(&intake.completeness).any(|(c, s)| *c == category && *s == Completeness::Whole)
            })
        };
        let complete = whole(Category::Structure) && whole(Category::Pupil) && whole(Category::Staff);
        let deletable = if complete { self.schools() } else { HashSet::new() };
        let ours: HashSet<&Dn> = if matter.config.directory.adopt_groups {
            let there = (0..).map(PersonId).zip(&dns).filter(|(id, _)| population.is_found(*id));
            there.filter_map(|(_, dn)| dn.as_ref()).collect()
        } else {
            HashSet::new()
        };
        let stay: HashSet<Dn>;
        let keep = if waiting.staying.is_empty() {
            keep
        } else {
            stay = keep.iter().chain(waiting.staying.keys()).cloned().collect();
            &stay
        };
        let group_diff = GroupDiff {
            adopt: matter.config.directory.adopt_groups.then_some(&ours),
            roster,
            dialect: &matter.dialect,
            put_by_engine: &matter.put_by_engine,
            keep,
            deletable: &deletable,
        };
        group_diff.compare(wanted, beside.groups, totals)
    }

    fn schools(&self) -> HashSet<String> {
        self.matter.roster.structures.iter().map(|s| s.uai.as_str().to_owned()).collect()
    }

    /// Who has to wait outside of groups, or in them, because his own change is held; everybody who would be taken out,
    /// when the limit of the whole plan is reached.
    pub fn waiting(&self, withheld: &Withheld, holds: &Holds) -> Waiting {
        let mut waiting = Waiting::default();
        let held = |ids: &Vec<HoldId>| Some(holds.still(ids.clone())).filter(|ids| !ids.is_empty());
        for (id, ids) in &withheld.creates {
            if let (Some(ids), Some(dn)) = (held(ids), self.diff.dn(*id)) {
                waiting.joining.insert(dn, ids);
            }
        }
        // His entry goes on naming the groups that he was in: they keep him as well.
        let changes = withheld.changes.iter().filter(|_| self.matter.dialect.member_of().is_some());
        let changes = changes.map(|(_, change, ids)| (change, ids));
        for (change, ids) in changes.chain(withheld.departures.iter().map(|(change, ids)| (change, ids))) {
            if let Some(ids) = held(ids) {
                waiting.staying.insert(change.dn.clone(), ids);
            }
        }
        if let Some(id) = holds.of_axis(Axis::Members) {
            for (change, _) in &withheld.groups {
                if let Write::Members { remove, .. } = &change.write {
                    for member in remove {
                        let ids = waiting.staying.entry(member.clone()).or_default();
                        if !ids.contains(id) {
                            ids.push(id.clone());
                        }
                    }
                }
            }
        }
        waiting
    }

    /// Counts what would become of the groups of schools whose year does not turn.
    pub fn tally(&self, free: &[Change], tallies: &mut Tallies) {
        let Self { matter, beside, .. } = *self;
        let schools = self.schools();
        let classes = self.register_classes();
        let put = |cn: &str| matter.put_by_engine.get(cn).map_or(&[][..], Vec::as_slice);
        let is_class = |school: &str, cn: &str| {
            classes.get(school).is_some_and(|names| names.iter().any(|name| ends_with_word(cn, name)))
        };
        for entry in beside.groups.iter().filter(|entry| matter.dialect.is_managed(entry)) {
            let cn = entry.dn.rdn_value();
            let Some(school) = matter.dialect.school_of_group(&cn, &schools) else { continue };
            let tally = tallies.of_groups(school);
            tally.members += put(&cn).len() as u32;
            if is_class(school, &cn) { tally.classes += 1 } else { tally.groups += 1 }
        }
        let Some(people) = self.settled(free) else { return };
        let moves = self.population.changes.iter().filter(|(_, change)| change.kind == ChangeKind::Move);
        let moving: HashSet<&str> = moves.map(|(_, change)| change.dn.normalised()).collect();
        for change in free {
            let Some(school) = change.subject.schools.first().map(crate::feed::values::Uai::as_str) else { continue };
            if beside.years.in_transition(school) {
                continue;
            }
            let tally = tallies.of_groups(school);
            match &change.write {
                Write::Members { remove, .. } => {
                    let settled =
                        |member: &&Dn| people.contains(member.normalised()) && !moving.contains(member.normalised());
                    let out = remove.iter().filter(settled);
                    tally.taken_out += out.count() as u32;
                }
                Write::Delete => {
                    let cn = change.dn.rdn_value();
                    let members = put(&cn);
                    // Its members are still there, of the same level as before: it is another name, or a mistake.
                    let stay = members.iter().filter(|member| people.contains(member.as_str())).count();
                    if stay * 2 > members.len() && stay > 0 {
                        if is_class(school, &cn) { tally.classes_gone += 1 } else { tally.groups_gone += 1 }
                    }
                }
                _ => {}
            }
        }
    }

    /// The classes that pupils of each school have in the register.
    fn register_classes(&self) -> HashMap<CompactString, HashSet<&str>> {
        let mut classes: HashMap<CompactString, HashSet<&str>> = HashMap::new();
        for account in self.matter.accounts.values() {
            if let (Some(class), Some(school)) = (&account.class, account.schools.first()) {
                classes.entry(school.clone()).or_default().insert(class);
            }
        }
        classes
    }

    /// The people, by normalised DN, whose year does not turn: of the same level as in the register, with a class if
    /// they are pupils, and in the same schools. `None` when no group loses anybody.
    fn settled(&self, free: &[Change]) -> Option<HashSet<String>> {
        let loses = |change: &Change| match &change.write {
            Write::Members { remove, .. } => !remove.is_empty(),
            Write::Delete => change.kind == ChangeKind::GroupDelete,
            _ => false,
        };
        if !free.iter().any(loses) {
            return None;
        }
        let Self { matter, population, diff, .. } = *self;
        let people = (0..matter.roster.persons.len() as u32).map(PersonId).filter_map(|id| {
            let (dn, person) = (population.dn(diff, id)?, matter.roster.person(id)?);
            let account = matter.accounts.get(&person.key)?;
            let same = match &person.role {
                Role::Pupil(pupil) => account.class.is_some() && account.level.as_ref() == pupil.course(),
                Role::Relative(_) | Role::Staff(_) => true,
            };
            same.then(|| dn.normalised().to_owned())
        });
        Some(people.collect())
    }
}

/// Whether a name ends with this word, which nothing is run together with.
fn ends_with_word(name: &str, word: &str) -> bool {
    !word.is_empty() && name.strip_suffix(word).is_some_and(|before| before.ends_with(|c: char| !c.is_alphanumeric()))
}

/// The members that an entry names.
pub(super) fn members(entry: Option<&Entry>) -> impl Iterator<Item = Dn> {
    entry.into_iter().flat_map(|entry| entry.texts("member")).filter_map(|member| Dn::parse(member).ok())
}
