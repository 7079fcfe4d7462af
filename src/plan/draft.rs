//! The difference as a whole: everything compared, held or not, counted. A plain function of what was read.

mod doubts;
mod groups;
mod measure;
mod split;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use compact_str::CompactString;
use jiff::civil::Date;

use crate::config::{Axis, Config};
use crate::directory::dialect::{Context, Dialect, PutByEngine};
use crate::directory::{Dn, Entry};
use crate::feed::Finding;
use crate::feed::values::Uai;
use crate::image::Intake;
use crate::naming::{Login, Uid};
use crate::roster::{JoinKey, Person, PersonId, Role, Roster, StructureId};
use crate::store::{AccountRow, DecisionRow};

use super::begun::Begun;
use super::decisions::{Outcomes, judge};
use super::gate::{Gate, Judgement};
use super::holds::{HoldId, Holds};
use super::limits::Tallies;
use super::persons::PersonDiff;
use super::population::{Population, continuity, count_accounts};
use super::recognise::Recognised;
use super::structures::structure_changes;
use super::totals::{Class, count};
use super::year::Years;
use super::{Change, ChangeKind, ObjectTotals, Totals};

use doubts::{hold_clashes, hold_doubts, hold_premature, hold_what_is_doubtful, hold_without_class};
use groups::members;
use measure::{count_identities, kept};
pub(super) use split::without;
use split::{Part, split, split_person};

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
    /// What was decided about holds and stands.
    pub decisions: &'a [DecisionRow],
    /// Until when departures of a school and profile were let through, by the id of the hold.
    pub carried_out: &'a HashMap<CompactString, Date>,
}

/// A plan before it is written: creations by person, because their contents are computed while writing.
pub(super) struct Draft {
    pub structures: Vec<Change>,
    pub persons: Vec<Change>,
    pub creates: Vec<PersonId>,
    pub groups: Vec<Change>,
    /// With every hold that keeps it back, at least one.
    pub held: Vec<(Vec<HoldId>, Change)>,
    pub held_creates: Vec<(Vec<HoldId>, PersonId)>,
    pub holds: Holds,
    /// What decisions came to.
    pub outcomes: Outcomes,
    pub totals: Totals,
    pub findings: Vec<Finding>,
    pub years: BTreeMap<CompactString, i16>,
    /// Accounts that are held back before they are created: nothing may name them.
    pub not_yet: HashSet<Dn>,
}

/// Changes, and what would keep each back if nothing was released.
#[derive(Default)]
pub(super) struct Withheld {
    changes: Vec<(PersonId, Change, Vec<HoldId>)>,
    departures: Vec<(Change, Vec<HoldId>)>,
    creates: Vec<(PersonId, Vec<HoldId>)>,
    structures: Vec<(Change, Vec<HoldId>)>,
    /// As they would be if nothing was held.
    groups: Vec<(Change, Vec<HoldId>)>,
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
    count_identities(matter, population, &mut tallies);
    let leaving = population.leaving(diff, beside, &mut tallies);
    totals.departures = leaving.totals;
    totals.drift.left = population.left;

    // Groups as if nothing was held: what the limits measure, and what is shown of those that are.
    let mut keep = leaving.keep_members;
    keep.extend(population.clashes.iter().map(|(_, dn, _)| dn.clone()));
    // A pupil without class today keeps his place in the class that he had.
    for (at, person) in roster.persons.iter().enumerate() {
        if matches!(&person.role, Role::Pupil(pupil) if pupil.classes.is_empty()) {
            keep.extend(population.dn(diff, PersonId(at as u32)));
        }
    }
    let ground = groups::Ground { matter, diff, population, beside, keep: &keep };
    let mut free_totals = ObjectTotals::default();
    let free = ground.compare(&split::Waiting::default(), &mut free_totals, &mut findings);
    ground.tally(&free, &mut tallies);

    let mut holds = Holds::default();
    let continuity = continuity(roster, &matter.accounts);
    hold_premature(roster, beside.years, &continuity, &mut holds);
    hold_what_is_doubtful(matter, population, beside, &tallies, &mut holds);
    hold_clashes(diff, population, &mut holds, &mut findings);
    hold_doubts(roster, &matter.recognised, &mut holds);
    let mut defaulted = population.defaulted.clone();
    hold_without_class(diff, &creates, &mut holds, &mut defaulted);
    let sources = crate::image::sources(&matter.config);
    matter.gate.persons(diff, &creates, beside.judged, &sources, &mut holds, &mut findings);

    // What would be kept back, then what decisions let go.
    let actual: HashMap<&Dn, &Entry> = beside.structures.iter().chain(beside.groups).map(|e| (&e.dn, e)).collect();
    let mut withheld = Withheld::default();
    for (id, change) in &population.changes {
        // Whoever belonged to a held school waits too: a link lost there is part of what is doubtful.
        let before = roster.person(*id).and_then(|p| matter.accounts.get(&p.key)).map_or(&[][..], |a| &a.schools);
        withheld.changes.push((*id, change.clone(), holds.of(&change.subject, axis(change.kind), before)));
    }
    for change in leaving.changes {
        let ids = holds.of(&change.subject, axis(change.kind), &[]);
        withheld.departures.push((change, ids));
    }
    for id in creates {
        if let Some(person) = roster.person(id) {
            withheld.creates.push((id, holds.of(&diff.subject(id, person), Some(Axis::Create), &[])));
        }
    }
    with_their_children(roster, &mut withheld.creates);
    for mut change in structure_changes(diff, beside.structures, &mut totals.structures, &mut findings, &mut defaulted)
    {
        let entry = actual.get(&change.dn).copied();
        if let Some(refused) = matter.gate.object(entry, &mut change, &mut holds, &mut totals.structures, &mut findings)
        {
            let ids = with(holds.of(&change.subject, None, &[]), refused);
            withheld.structures.push((change, ids));
        }
    }
    for mut change in free {
        let entry = actual.get(&change.dn).copied();
        if let Some(refused) = matter.gate.object(entry, &mut change, &mut holds, &mut free_totals, &mut findings) {
            let ids = with(holds.of(&change.subject, axis(change.kind), &[]), refused);
            withheld.groups.push((change, ids));
        }
    }
    findings.extend(diff.context.findings.iter().cloned());
    findings.extend(defaulted.findings(&matter.dialect));
    let apart = |change: &Change, ids: &[HoldId], waiting: &split::Waiting| {
        split(change, ids, waiting, members(actual.get(&change.dn).copied()), matter.dialect.member_uids())
    };
    let kept = if beside.decisions.is_empty() {
        HashMap::new()
    } else {
        let waiting = ground.waiting(&withheld, &holds);
        let of_person = |change: &Change, ids: &[HoldId]| split_person(change, ids, &waiting);
        kept(matter, diff, beside.decisions, &withheld, of_person, |change, ids| apart(change, ids, &waiting))
    };
    let outcomes = judge(beside.decisions, &kept, &mut holds);
    let waiting = ground.waiting(&withheld, &holds);

    // People: what is held, what goes on, and into which class each record falls.
    let mut classes = vec![Class::Unchanged; roster.persons.len()];
    let mut set = |id: PersonId, class: Class| {
        if let Some(slot) = classes.get_mut(id.0 as usize) {
            *slot = class;
        }
    };
    let back = |holds: &Holds, ids: &[HoldId]| if holds.all_discarded(ids) { Class::Discarded } else { Class::Held };
    let (mut persons, mut held) = (Vec::new(), Vec::new());
    for (id, ..) in &population.clashes {
        let ids = roster.person(*id).map(|p| holds.of(&diff.subject(*id, p), None, &[])).unwrap_or_default();
        set(*id, back(&holds, &ids));
    }
    for (id, change, ids) in withheld.changes {
        let ids = holds.still(ids);
        let mut class = None;
        for (ids, part) in split_person(&change, &ids, &waiting) {
            if ids.is_empty() {
                class = Some(Class::of(part.kind));
                totals.adopted += u64::from(part.adopts.is_some());
                totals.drift.restored += u64::from(part.drift);
                persons.push(part);
            } else {
                class = class.or_else(|| Some(back(&holds, &ids)));
                keep_back(&mut held, &mut holds, (ids, part));
            }
        }
        set(id, class.unwrap_or(Class::Unchanged));
    }
    for (change, ids) in withheld.departures {
        let ids = holds.still(ids);
        if ids.is_empty() {
            persons.push(change);
        } else {
            keep_back(&mut held, &mut holds, (ids, change));
        }
    }
    let (mut going, mut held_creates) = (Vec::new(), Vec::new());
    for (id, ids) in withheld.creates {
        let Some(person) = roster.person(id) else { continue };
        let ids = holds.still(ids);
        if ids.is_empty() {
            set(id, Class::Created);
            let issues = matter.config.credentials.of(person.profile).mode.issues();
            totals.credentials += u64::from(issues);
            going.push(id);
        } else {
            set(id, back(&holds, &ids));
            holds.count(&ids);
            held_creates.push((ids, id));
        }
    }

    // Structures and groups.
    let mut structures = Vec::new();
    for (change, ids) in withheld.structures {
        let ids = holds.still(ids);
        if ids.is_empty() {
            structures.push(change);
        } else {
            totals.structures.held += 1;
            keep_back(&mut held, &mut holds, (ids, change));
        }
    }
    let mut group_changes = Vec::new();
    let mut group_held = 0;
    let mut blocked = HashSet::new();
    for (change, ids) in &withheld.groups {
        let ids = holds.still(ids.clone());
        for part in apart(change, &ids, &waiting) {
            if !part.0.is_empty() {
                group_held += u64::from(!ids.is_empty());
                keep_back(&mut held, &mut holds, part);
            }
        }
        if !ids.is_empty() {
            blocked.insert(change.dn.clone());
        }
    }
    totals.groups = free_totals;
    if waiting.is_empty() {
        group_changes.extend(withheld.groups.into_iter().map(|(c, _)| c).filter(|c| !blocked.contains(&c.dn)));
    } else {
        // Some people have to wait: the groups without them. What there was to say of values was said above.
        let (mut counted, mut said) = (ObjectTotals::default(), Vec::new());
        for mut change in ground.compare(&waiting, &mut counted, &mut Vec::new()) {
            let entry = actual.get(&change.dn).copied();
            match matter.gate.object(entry, &mut change, &mut holds, &mut counted, &mut said) {
                Some(None) if !blocked.contains(&change.dn) => group_changes.push(change),
                _ => {}
            }
        }
        totals.groups = counted;
    }
    totals.groups.held = group_held;

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
        outcomes,
        totals,
        findings,
        years,
        not_yet: waiting.joining.into_keys().collect(),
    }
}

/// A new relative all of whose children wait, waits with them: he would be there for nobody.
fn with_their_children(roster: &Roster, creates: &mut [(PersonId, Vec<HoldId>)]) {
    let waiting: HashMap<PersonId, Vec<HoldId>> =
        creates.iter().filter(|(_, ids)| !ids.is_empty()).map(|(id, ids)| (*id, ids.clone())).collect();
    if waiting.is_empty() {
        return;
    }
    for (id, ids) in creates {
        let Some(Role::Relative(relative)) = roster.person(*id).map(|person| &person.role) else { continue };
        let children: Vec<_> = relative.pupils.iter().map(|pupil| waiting.get(pupil)).collect();
        if children.is_empty() || children.iter().any(Option::is_none) {
            continue;
        }
        for hold in children.into_iter().flatten().flatten() {
            if !ids.contains(hold) {
                ids.push(hold.clone());
            }
        }
    }
}

fn keep_back(held: &mut Vec<Part>, holds: &mut Holds, part: Part) {
    holds.count(&part.0);
    held.push(part);
}

fn with(mut ids: Vec<HoldId>, more: Option<HoldId>) -> Vec<HoldId> {
    ids.extend(more.filter(|id| !ids.contains(id)));
    ids
}

/// On which axis the whole plan's limits see a change.
const fn axis(kind: ChangeKind) -> Option<Axis> {
    match kind {
        ChangeKind::Create => Some(Axis::Create),
        ChangeKind::Update | ChangeKind::Move => Some(Axis::Update),
        ChangeKind::Absent => Some(Axis::Suspend),
        ChangeKind::GroupDelete => Some(Axis::Groups),
        _ => None,
    }
}

pub(super) fn uais<'r>(roster: &'r Roster, person: &'r Person) -> impl Iterator<Item = &'r Uai> {
    person.schools.iter().filter_map(|a| roster.structure(a.structure)).map(|s| &s.uai)
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
