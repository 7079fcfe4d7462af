//! The difference as a whole: everything compared, held or not, counted. A plain function of what was read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use compact_str::CompactString;
use jiff::civil::Date;

use crate::config::Config;
use crate::directory::dialect::{Context, DefaultedValues, Dialect, PutByEngine};
use crate::directory::{Dn, Entry};
use crate::feed::values::Uai;
use crate::feed::{Category, Code, Completeness, Finding};
use crate::image::Intake;
use crate::naming::{Login, Uid};
use crate::roster::{JoinKey, Person, PersonId, Role, Roster, StructureId};
use crate::store::{AccountRow, Stage};

use super::begun::Begun;
use super::gate::{Gate, Judgement};
use super::groups::{GroupDiff, WantedMembers};
use super::holds::Holds;
use super::limits::Tallies;
use super::persons::PersonDiff;
use super::population::{Population, continuity, count_accounts};
use super::recognise::Recognised;
use super::structures::structure_changes;
use super::totals::{Class, count};
use super::year::{Continuity, Years};
use super::{Change, ChangeKind, HoldReason, Totals};

/// Everything that the comparison needs, shared between threads.
pub(super) struct Matter {
    pub roster: Roster,
    /// By person.
    pub names: Vec<(Uid, Login)>,
    pub accounts: HashMap<JoinKey, AccountRow>,
    pub withdrawn: HashSet<JoinKey>,
    pub(super) recognised: Recognised,
    /// Structures that are in the directory, by their join key, under the name that they have there.
    pub structures: HashMap<StructureId, Dn>,
    /// Groups of the directory that are not the engine's.
    pub foreign_groups: HashSet<Dn>,
    /// Normalised DNs that the engine put in its groups, by cn.
    pub put_by_engine: PutByEngine,
    pub dialect: Arc<Dialect>,
    pub config: Config,
    pub today: Date,
    /// What the server's schema has to say.
    pub gate: Gate,
    /// Whom the plan before this one was to create when its application broke off: they were counted then.
    pub begun: Begun,
}

impl Matter {
    /// Runs `work` with a comparison over this matter.
    pub fn with_diff<T>(&self, work: impl FnOnce(&PersonDiff<'_>) -> T) -> T {
        let names = |id: PersonId| self.names.get(id.0 as usize).map(|(uid, login)| (uid, login));
        let mut context = Context::new(&self.dialect, &self.roster, &names, self.today, &self.structures)
            .with_people_at(&self.recognised.elsewhere);
        context.join_groups(&self.dialect, &self.foreign_groups);
        work(&PersonDiff {
            roster: &self.roster,
            dialect: &self.dialect,
            context: &context,
            names: &self.names,
            accounts: &self.accounts,
            withdrawn: &self.withdrawn,
            recognised: &self.recognised,
            put_by_engine: &self.put_by_engine,
            today: self.today,
            lifecycle: &self.config.lifecycle,
            year: &self.config.year,
        })
    }
}

/// What was read beside the people: whole branches that fit in memory, and what the store knows.
pub(super) struct Beside<'a> {
    pub intakes: &'a [Intake],
    pub structures: &'a [Entry],
    pub groups: &'a [Entry],
    pub years: &'a Years,
    pub accept_foreign: bool,
    /// What the schema says of changes to people's entries.
    pub judged: &'a [(PersonId, Judgement)],
}

/// A plan before it is written: creations by person, because their contents are computed while writing.
pub(super) struct Draft {
    pub structures: Vec<Change>,
    pub persons: Vec<Change>,
    pub creates: Vec<PersonId>,
    pub groups: Vec<Change>,
    pub held: Vec<(String, Change)>,
    pub held_creates: Vec<(String, PersonId)>,
    pub holds: Holds,
    pub totals: Totals,
    pub findings: Vec<Finding>,
    pub years: BTreeMap<CompactString, i16>,
}

pub(super) fn draft(matter: &Matter, population: &Population, beside: &Beside<'_>) -> Draft {
    matter.with_diff(|diff| draft_with(matter, diff, population, beside))
}

fn draft_with(matter: &Matter, diff: &PersonDiff<'_>, population: &Population, beside: &Beside<'_>) -> Draft {
    let roster = &matter.roster;
    let mut totals = Totals::default();
    let mut findings = Vec::new();

    let mut tallies = Tallies::default();
    count_accounts(&matter.accounts, &mut tallies);
    let creates = population.to_create(roster);
    for &id in &creates {
        if let Some(person) = roster.person(id).filter(|person| !matter.begun.people.contains(&person.key)) {
            for uai in uais(roster, person) {
                tallies.of(uai.as_str(), person.profile).creations += 1;
            }
        }
    }
    let again = creates.iter().filter_map(|id| roster.person(*id)).filter(|p| matter.begun.people.contains(&p.key));
    findings.extend(matter.begun.finding(again.count() as u64));
    let leaving = population.leaving(diff, beside.years, &mut tallies);
    totals.departures = leaving.totals;
    totals.drift.left = population.left;

    let mut holds = Holds::default();
    hold_what_is_doubtful(matter, population, beside, &tallies, &mut holds);
    let continuity = continuity(roster, &matter.accounts);
    hold_premature(roster, beside.years, &continuity, &mut holds);
    hold_clashes(diff, population, &mut holds, &mut findings);
    hold_doubts(roster, &matter.recognised, &mut holds);
    let mut defaulted = population.defaulted.clone();
    hold_without_class(diff, &creates, &mut holds, &mut defaulted);
    let sources = crate::image::sources(&matter.config);
    matter.gate.persons(diff, &creates, beside.judged, &sources, &mut holds, &mut findings);

    // People: what is held, what goes on, and into which class each record falls.
    let mut classes = vec![Class::Unchanged; roster.persons.len()];
    let mut set = |id: PersonId, class: Class| {
        if let Some(slot) = classes.get_mut(id.0 as usize) {
            *slot = class;
        }
    };
    let (mut persons, mut held, mut keep) = (Vec::new(), Vec::new(), leaving.keep_members);
    for (id, dn, _) in &population.clashes {
        keep.insert(dn.clone());
        set(*id, Class::Held);
    }
    for (id, change) in &population.changes {
        // Whoever belonged to a held school waits too: a link lost there is part of what is doubtful.
        let before = roster.person(*id).and_then(|p| matter.accounts.get(&p.key));
        let hold = holds.of(&change.subject).or_else(|| before.and_then(|a| holds.of_schools(&a.schools)));
        if let Some(hold) = hold.map(str::to_owned) {
            holds.count(&hold);
            set(*id, Class::Held);
            if matter.dialect.member_of().is_some() {
                // His entry goes on naming the groups that he was in: they keep him as well.
                keep.insert(change.dn.clone());
            }
            held.push((hold, change.clone()));
        } else {
            set(*id, Class::of(change.kind));
            totals.adopted += u64::from(change.adopts.is_some());
            totals.drift.restored += u64::from(change.drift);
            persons.push(change.clone());
        }
    }
    for change in leaving.changes {
        if let Some(hold) = holds.of(&change.subject).map(str::to_owned) {
            holds.count(&hold);
            keep.insert(change.dn.clone());
            held.push((hold, change));
        } else {
            persons.push(change);
        }
    }
    let (mut going, mut held_creates, mut uncreated) = (Vec::new(), Vec::new(), HashSet::new());
    for id in creates {
        let Some(person) = roster.person(id) else { continue };
        if let Some(hold) = holds.of(&diff.subject(id, person)).map(str::to_owned) {
            holds.count(&hold);
            set(id, Class::Held);
            uncreated.insert(id);
            held_creates.push((hold, id));
        } else {
            set(id, Class::Created);
            let issues = matter.config.credentials.of(person.profile).mode.issues();
            totals.credentials += u64::from(issues);
            going.push(id);
        }
    }

    // Structures and groups.
    let mut structures = Vec::new();
    let actual: HashMap<&Dn, &Entry> = beside.structures.iter().chain(beside.groups).map(|e| (&e.dn, e)).collect();
    for mut change in structure_changes(diff, beside.structures, &mut totals.structures, &mut findings, &mut defaulted)
    {
        let entry = actual.get(&change.dn).copied();
        let Some(hold) = matter.gate.object(entry, &mut change, &mut holds, &mut totals.structures, &mut findings)
        else {
            continue;
        };
        match hold {
            Some(hold) => {
                holds.count(&hold);
                totals.structures.held += 1;
                held.push((hold, change));
            }
            None => structures.push(change),
        }
    }
    // A pupil without class today keeps his place in the class that he had.
    for (at, person) in roster.persons.iter().enumerate() {
        if matches!(&person.role, Role::Pupil(pupil) if pupil.classes.is_empty()) {
            keep.extend(population.dn(diff, PersonId(at as u32)));
        }
    }
    let groups = groups(matter, diff, population, beside, &uncreated, &keep, &mut totals, &mut findings);
    findings.extend(diff.context.findings.iter().cloned());
    findings.extend(defaulted.findings(&matter.dialect));
    let mut group_changes = Vec::new();
    for mut change in groups {
        let entry = actual.get(&change.dn).copied();
        let Some(hold) = matter.gate.object(entry, &mut change, &mut holds, &mut totals.groups, &mut findings) else {
            continue;
        };
        match hold {
            Some(hold) => {
                holds.count(&hold);
                totals.groups.held += 1;
                held.push((hold, change));
            }
            None => group_changes.push(change),
        }
    }

    count(matter, beside.intakes, &classes, &mut totals);
    let years = beside.years.to_note(
        continuity
            .iter()
            .filter(|(uai, _)| Uai::parse(uai).is_some_and(|u| !holds.holds_school(&u)))
            .map(|(uai, c)| (uai.as_str(), *c)),
    );
    Draft {
        structures,
        persons,
        creates: going,
        groups: group_changes,
        held,
        held_creates,
        holds,
        totals,
        findings,
        years,
    }
}

pub(super) fn uais<'r>(roster: &'r Roster, person: &'r Person) -> impl Iterator<Item = &'r Uai> {
    person.schools.iter().filter_map(|a| roster.structure(a.structure)).map(|s| &s.uai)
}

/// The directory as a whole, and whole schools.
fn hold_what_is_doubtful(
    matter: &Matter,
    population: &Population,
    beside: &Beside<'_>,
    tallies: &Tallies,
    holds: &mut Holds,
) {
    // Once the engine has accounts there, entries that are not its own are simply others'.
    if population.foreign > 0 && matter.accounts.is_empty() && !beside.accept_foreign {
        let sample: Vec<String> = population.foreign_sample.iter().take(3).map(ToString::to_string).collect();
        holds.unknown_population(population.foreign, &sample);
    }
    let names: HashMap<&str, &str> =
        matter.roster.structures.iter().map(|s| (s.uai.as_str(), s.name.as_str())).collect();
    let configured = &matter.config.roster.schools;
    let mut missing: BTreeMap<Uai, u64> = BTreeMap::new();
    for account in matter.accounts.values().filter(|a| matches!(a.stage, Stage::Present | Stage::Absent)) {
        for uai in account.schools.iter().filter_map(|s| Uai::parse(s)) {
            let absent = matter.config.roster.absent.iter().any(|c| c.eq_ignore_ascii_case(uai.as_str()));
            let removed =
                absent || (!configured.is_empty() && !configured.iter().any(|c| c.eq_ignore_ascii_case(uai.as_str())));
            if !names.contains_key(uai.as_str()) && !removed {
                *missing.entry(uai).or_default() += 1;
            }
        }
    }
    for (uai, accounts) in &missing {
        holds.school_missing(uai, *accounts);
    }
    for breach in tallies.breaches(&matter.config.limits) {
        holds.breach(&breach, names.get(breach.school.as_str()).copied().unwrap_or("établissement"));
    }
}

/// Schools whose set is of another year than theirs.
fn hold_premature(roster: &Roster, years: &Years, continuity: &HashMap<CompactString, Continuity>, holds: &mut Holds) {
    for structure in &roster.structures {
        let Some(continuity) = continuity.get(structure.uai.as_str()) else { continue };
        if let Some(what) = continuity.premature(years.in_transition(structure.uai.as_str())) {
            holds.premature(&structure.uai, &structure.name, what, *continuity);
        }
    }
}

/// Entries that no modify can make right, and join keys held by two entries.
fn hold_clashes(diff: &PersonDiff<'_>, population: &Population, holds: &mut Holds, findings: &mut Vec<Finding>) {
    let roster = diff.roster;
    for (id, dn, reason) in &population.clashes {
        if let Some(person) = roster.person(*id) {
            let message = format!("{} ({dn}) : {reason}", person.name.display());
            let school = uais(roster, person).next();
            holds.person(HoldReason::MissingMandatory, &person.key, &person.origin, school, message);
        }
    }
    let text = |dn: Option<Dn>| dn.map(|dn| dn.to_string()).unwrap_or_default();
    for (id, elsewhere) in &population.doubles {
        if let Some(person) = roster.person(*id) {
            let first = text(population.dn(diff, *id));
            let dn = text(elsewhere.clone().or_else(|| diff.dn(*id)));
            let message = format!(
                "{} : deux entrées portent sa clé de jointure {} ({first} et {dn}) ; aucune n'est modifiée",
                person.name.display(),
                person.key
            );
            let school = uais(roster, person).next();
            holds.person(HoldReason::Ambiguous, &person.key, &person.origin, school, message.clone());
            findings.push(Finding::new(Code::JoinKeyTwice, message).who(person.name.listed()));
        }
    }
}

/// People whose account may be in the directory already, and nobody can tell: neither created nor taken over.
fn hold_doubts(roster: &Roster, recognised: &Recognised, holds: &mut Holds) {
    for (id, reason) in &recognised.doubts {
        if let Some(person) = roster.person(*id) {
            let message = format!(
                "{} : {reason} ; ni créé ni repris. Corrigez l'annuaire ou l'export, ou donnez au bon compte la clé de \
                 jointure {}.",
                person.name.display(),
                person.key
            );
            holds.person(HoldReason::Ambiguous, &person.key, &person.origin, uais(roster, person).next(), message);
        }
    }
}

/// New pupils without a class wait; so do their relatives when they have no other pupil here. Whoever cannot be written
/// waits too; of the others, the mandatory values that the feed lacks are counted.
fn hold_without_class(diff: &PersonDiff<'_>, creates: &[PersonId], holds: &mut Holds, defaulted: &mut DefaultedValues) {
    let mut waiting = HashSet::new();
    for &id in creates {
        let Some(person) = diff.roster.person(id) else { continue };
        let school = uais(diff.roster, person).next();
        match &person.role {
            Role::Pupil(pupil) if pupil.classes.is_empty() => {
                waiting.insert(id);
                let message = format!(
                    "{} : sans division ; le compte attend que l'établissement l'affecte dans SIECLE",
                    person.name.display()
                );
                holds.person(HoldReason::NoClass, &person.key, &person.origin, school, message);
            }
            _ => match diff.wanted(id) {
                Ok(wanted) => defaulted.note(&diff.home(person), wanted.defaulted().as_ref()),
                Err(reason) => {
                    let message = format!("{} : {reason}", person.name.display());
                    holds.person(HoldReason::MissingMandatory, &person.key, &person.origin, school, message);
                }
            },
        }
    }
    for &id in creates {
        let Some(person) = diff.roster.person(id) else { continue };
        let Role::Relative(relative) = &person.role else { continue };
        if !relative.pupils.is_empty() && relative.pupils.iter().all(|p| waiting.contains(p)) {
            let message = format!("{} : attend que son enfant ait une division", person.name.display());
            let school = uais(diff.roster, person).next();
            holds.person(HoldReason::NoClass, &person.key, &person.origin, school, message);
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the one place where groups meet all that they depend on")]
fn groups(
    matter: &Matter,
    diff: &PersonDiff<'_>,
    population: &Population,
    beside: &Beside<'_>,
    uncreated: &HashSet<PersonId>,
    keep: &HashSet<Dn>,
    totals: &mut Totals,
    findings: &mut Vec<Finding>,
) -> Vec<Change> {
    let roster = &matter.roster;
    let dns: Vec<Option<Dn>> = (0..roster.persons.len() as u32)
        .map(PersonId)
        .map(|id| if uncreated.contains(&id) { None } else { population.dn(diff, id).or_else(|| diff.dn(id)) })
        .collect();
    let wanted = matter.dialect.groups(diff.context);
    findings.extend(wanted.findings);
    let wanted = wanted
        .groups
        .into_iter()
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
    let deletable =
        if complete { roster.structures.iter().map(|s| s.uai.as_str().to_owned()).collect() } else { HashSet::new() };
    let ours: HashSet<&Dn> = if matter.config.directory.adopt_groups {
        let there = (0..).map(PersonId).zip(&dns).filter(|(id, _)| population.is_found(*id));
        there.filter_map(|(_, dn)| dn.as_ref()).collect()
    } else {
        HashSet::new()
    };
    let group_diff = GroupDiff {
        adopt: matter.config.directory.adopt_groups.then_some(&ours),
        roster,
        dialect: &matter.dialect,
        put_by_engine: &matter.put_by_engine,
        keep,
        deletable: &deletable,
    };
    group_diff.compare(wanted, beside.groups, &mut totals.groups)
}

/// The profile under which a change is counted, and its class.
impl Class {
    pub(super) const fn of(kind: ChangeKind) -> Self {
        match kind {
            ChangeKind::Create => Self::Created,
            ChangeKind::Restore => Self::Restored,
            ChangeKind::Move => Self::Moved,
            ChangeKind::Suspend => Self::Suspended,
            _ => Self::Updated,
        }
    }
}
