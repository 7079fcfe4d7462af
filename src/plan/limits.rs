//! The safety net: what a plan would do, by school and profile, against the limits.
//!
//! A breach holds that school, the others go on. Then the rest is measured over all schools together: a breach there
//! holds what the plan does of that kind. What the year transition explains does not count, nor does whoever only
//! changes school or class; who counts is decided by those who fill the tallies.

use std::collections::{BTreeMap, HashMap, HashSet};

use compact_str::CompactString;

use crate::config::{Axis, Beyond, Limit, LimitsConfig};
use crate::roster::Profile;

use super::HoldReason;
use super::holds::id_of;

/// What would happen to one profile of one school.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Accounts there before this plan, present or absent.
    pub accounts: u32,
    /// Departures that nothing explains: new in this plan, or begun in the last days.
    pub departures: u32,
    /// Of those, the ones that this plan begins. What was let through earlier holds nothing by itself.
    pub new_departures: u32,
    pub creations: u32,
    /// Accounts whose name, birth date or INE becomes another one.
    pub identities: u32,
}

/// What would happen to the groups of one school.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct GroupTally {
    /// Members that the engine put.
    pub members: u32,
    /// Taken out although they neither leave nor move.
    pub taken_out: u32,
    pub classes: u32,
    /// Disappear although their members stay.
    pub classes_gone: u32,
    pub groups: u32,
    pub groups_gone: u32,
}

/// What a breach counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Counted {
    Profile(Profile),
    /// Of all schools.
    Accounts,
    Members,
    Classes,
    Groups,
}

/// What goes beyond a limit, with the figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Breach {
    /// All schools together when absent.
    pub school: Option<CompactString>,
    pub axis: Axis,
    pub counted: Counted,
    pub n: u32,
    pub of: u32,
    pub beyond: Beyond,
}

/// The figures of a plan.
#[derive(Debug, Default)]
pub struct Tallies {
    people: HashMap<(CompactString, Profile), Tally>,
    groups: HashMap<CompactString, GroupTally>,
}

/// One profile of one school in a purge: accounts whose entitlement ended, and how many of them would be purged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgeTally {
    pub school: CompactString,
    pub profile: Profile,
    /// Accounts of any stage before the purge.
    pub accounts: u32,
    pub purged: u32,
}

impl Tallies {
    pub fn of(&mut self, school: &str, profile: Profile) -> &mut Tally {
        self.people.entry((CompactString::from(school), profile)).or_default()
    }

    pub fn of_groups(&mut self, school: &str) -> &mut GroupTally {
        self.groups.entry(CompactString::from(school)).or_default()
    }

    /// The breaches: of schools, sorted, then of the whole plan without these schools.
    #[must_use]
    pub fn breaches(&self, limits: &LimitsConfig) -> Vec<Breach> {
        let mut measure = Measure::default();
        let people: BTreeMap<_, _> = self.people.iter().collect();
        for ((school, profile), tally) in people {
            let counted = Counted::Profile(*profile);
            if tally.new_departures > 0 {
                let limit = limits.suspend(*profile);
                measure.school(school, Axis::Suspend, counted, (tally.departures, tally.accounts), limit);
            }
            // An empty school may be filled.
            if tally.accounts > 0 {
                let limit = limits.create(*profile);
                measure.school(school, Axis::Create, counted, (tally.creations, tally.accounts), limit);
            }
            let limit = limits.update(*profile);
            measure.school(school, Axis::Update, counted, (tally.identities, tally.accounts), limit);
        }
        let groups: BTreeMap<_, _> = self.groups.iter().collect();
        for (school, tally) in groups {
            let (members, classes, groups) = (limits.members(), limits.classes(), limits.groups());
            measure.school(school, Axis::Members, Counted::Members, (tally.taken_out, tally.members), members);
            measure.school(school, Axis::Groups, Counted::Classes, (tally.classes_gone, tally.classes), classes);
            measure.school(school, Axis::Groups, Counted::Groups, (tally.groups_gone, tally.groups), groups);
        }
        measure.all(limits)
    }
}

/// What a purge would take, against the limits: none of a school (or of all) that goes beyond is purged.
#[must_use]
pub fn purge_breaches(purges: &[PurgeTally], limits: &LimitsConfig) -> Vec<Breach> {
    let mut sorted: Vec<&PurgeTally> = purges.iter().collect();
    sorted.sort_by(|a, b| (&a.school, a.profile).cmp(&(&b.school, b.profile)));
    let mut measure = Measure::default();
    for purge in sorted {
        let counted = Counted::Profile(purge.profile);
        measure.school(
            &purge.school,
            Axis::Purge,
            counted,
            (purge.purged, purge.accounts),
            limits.purge(purge.profile),
        );
    }
    measure.all(limits)
}

/// Figures being measured: school by school, then together.
#[derive(Default)]
struct Measure<'a> {
    breaches: Vec<Breach>,
    figures: Vec<(&'a CompactString, Axis, u32, u32)>,
}

impl<'a> Measure<'a> {
    fn school(&mut self, school: &'a CompactString, axis: Axis, counted: Counted, (n, of): (u32, u32), limit: Limit) {
        self.figures.push((school, axis, n, of));
        if let Some(beyond) = limit.beyond(n, of) {
            self.breaches.push(Breach { school: Some(school.clone()), axis, counted, n, of, beyond });
        }
    }

    fn all(self, limits: &LimitsConfig) -> Vec<Breach> {
        let Self { mut breaches, figures } = self;
        let held: HashSet<CompactString> = breaches.iter().filter_map(|b| b.school.clone()).collect();
        let mut sums: BTreeMap<Axis, (u32, u32)> = BTreeMap::new();
        for (_, axis, n, of) in figures.into_iter().filter(|(school, ..)| !held.contains(*school)) {
            let sum = sums.entry(axis).or_default();
            *sum = (sum.0.saturating_add(n), sum.1.saturating_add(of));
        }
        for (axis, (n, of)) in sums {
            if let Some(beyond) = limits.global(axis).beyond(n, of) {
                let counted = match axis {
                    Axis::Members => Counted::Members,
                    Axis::Groups => Counted::Groups,
                    _ => Counted::Accounts,
                };
                breaches.push(Breach { school: None, axis, counted, n, of, beyond });
            }
        }
        breaches
    }
}

impl Breach {
    #[must_use]
    pub const fn reason(&self) -> HoldReason {
        match self.axis {
            Axis::Create => HoldReason::CreateLimit,
            Axis::Update => HoldReason::UpdateLimit,
            Axis::Suspend => HoldReason::SuspendLimit,
            Axis::Purge => HoldReason::PurgeLimit,
            Axis::Members => HoldReason::MembersLimit,
            Axis::Groups => HoldReason::GroupsLimit,
        }
    }

    /// The id of the hold: the same from night to night.
    #[must_use]
    pub fn id(&self) -> String {
        let reason = id_of(self.reason());
        let Some(school) = &self.school else { return format!("{reason}:global") };
        match self.counted {
            Counted::Profile(profile) => format!("{reason}:{school}:{profile}"),
            Counted::Accounts | Counted::Members => format!("{reason}:{school}"),
            Counted::Classes => format!("{reason}:{school}:classes"),
            Counted::Groups => format!("{reason}:{school}:groups"),
        }
    }

    /// Of a school's profile: which.
    #[must_use]
    pub const fn profile(&self) -> Option<Profile> {
        match self.counted {
            Counted::Profile(profile) => Some(profile),
            Counted::Accounts | Counted::Members | Counted::Classes | Counted::Groups => None,
        }
    }

    /// French: where, what, how many of how many, the limit, what to do.
    #[must_use]
    pub fn message(&self, school_name: &str, id: &str) -> String {
        let what = match (self.counted, self.axis) {
            (Counted::Profile(Profile::Pupil), _) => "élèves",
            (Counted::Profile(Profile::Relative), _) => "responsables",
            (Counted::Profile(Profile::Teacher), _) => "enseignants",
            (Counted::Profile(Profile::Staff), _) => "personnels",
            (Counted::Accounts, _) => "comptes",
            (Counted::Members, _) => "appartenances à des groupes",
            (Counted::Classes, _) => "classes",
            (Counted::Groups, _) => "classes et groupes",
        };
        let verb = match self.axis {
            Axis::Create => "seraient créés",
            Axis::Update => "changeraient d'identité (nom, naissance, INE)",
            Axis::Suspend | Axis::Groups => "disparaîtraient",
            Axis::Purge => "seraient effacés",
            Axis::Members => "seraient retirées sans départ ni changement de classe",
        };
        let share = f64::from(self.n) * 100.0 / f64::from(self.of.max(1));
        let figures = match (self.axis, self.beyond) {
            // What comes is no part of what there is.
            (Axis::Create, Beyond::Percent(limit)) => {
                format!("{} {what} {verb} pour {} comptes ({share:.0} %, limite {limit:.0} %)", self.n, self.of)
            }
            (_, Beyond::Percent(limit)) => {
                format!("{} {what} sur {} {verb} ({share:.0} %, limite {limit:.0} %)", self.n, self.of)
            }
            (_, Beyond::Count(limit)) => format!("{} {what} sur {} {verb} (limite {limit})", self.n, self.of),
        };
        let (place, held) = match &self.school {
            Some(uai) => (format!("{school_name} ({uai})"), "L'établissement est retenu ; vérifiez l'export avec lui."),
            None => ("Tous les établissements".to_owned(), "Tout ce qui est de cette nature est retenu."),
        };
        if self.axis == Axis::Purge {
            let by_school = if self.school.is_none() { "procédez par établissement (--school), ou " } else { "" };
            return format!(
                "{place} : {figures}. Rien n'y est effacé ; si c'est voulu, {by_school}relevez [limits.purge] le temps \
                 d'une exécution."
            );
        }
        format!(
            "{place} : {figures}. {held} « rentree holds show {id} » montre les changements ; release les laisse se faire, \
             discard les écarte."
        )
    }
}

#[cfg(test)]
mod tests;
