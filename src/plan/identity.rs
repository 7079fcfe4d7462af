//! Who is who, for one plan: what is known and decided, accounts that become somebody else's record's, and the cases
//! that a person has to decide. The judgement itself is in [`crate::identity`].

use std::collections::{BTreeMap, HashMap, HashSet};

use compact_str::CompactString;

use crate::audit::{Kind, Trail};
use crate::directory::Dn;
use crate::identity::{Answer, Candidate, Case, Class, Judgement, Party, Portrait, Question, meetings, name_cases};
use crate::naming::Register;
use crate::roster::{JoinKey, Person, PersonId, Role, Roster};
use crate::store::{AccountRow, LinkRow, MergedRow, NameRow, Stage};

use super::merge::{Merging, Undecided, ask_about};
use super::names::{self, Named, name_everybody};
use super::prepare::{Ground, PlanError};
use super::recognise::{Asked, Claim, Decisions, Recognised, class_of_person, schools_of};
use super::relations::{KnownRoles, relate};

/// What is known before the directory is asked.
pub(super) struct Known {
    pub decisions: Decisions,
    links: HashSet<(JoinKey, JoinKey)>,
    /// Accounts that were merged into others, by normalised DN.
    pub merged: HashMap<String, MergedRow>,
    pub roles: KnownRoles,
}

impl Known {
    pub async fn load(ground: &Ground<'_>) -> Result<Self, PlanError> {
        let decisions = ground.store.decisions().await?.into_iter();
        let links = ground.store.identity_links().await?.into_iter();
        let merged = ground.store.merged_accounts().await?.into_iter();
        Ok(Self {
            decisions: decisions.map(|d| ((d.join_key, d.other), d.answer)).collect(),
            links: links.map(|link| (link.a, link.b)).collect(),
            merged: merged.map(|row| (row.dn.clone(), row)).collect(),
            roles: KnownRoles::load(ground).await?,
        })
    }

    pub fn is_merged(&self, dn: &Dn) -> bool {
        !self.merged.is_empty() && self.merged.contains_key(dn.normalised())
    }

    pub fn told(&self, a: &JoinKey, b: &JoinKey) -> Option<Answer> {
        let there = self.decisions.get(&(a.clone(), b.as_str().to_owned()));
        there.or_else(|| self.decisions.get(&(b.clone(), a.as_str().to_owned()))).copied()
    }
}

/// Names for everybody, accounts of the directory and of other records for whoever has none, and the questions that are
/// left. Roster and register follow what a proof joined.
pub(super) async fn identify(
    ground: &Ground<'_>,
    (roster, accounts): (&mut Roster, &mut HashMap<JoinKey, AccountRow>),
    rows: Vec<NameRow>,
    (known, undecided): (&Known, &Undecided),
    directory: names::Asked,
    trail: &Trail,
) -> Result<Named, PlanError> {
    let mut named = name_everybody(ground, roster, accounts, rows, known, directory, trail).await?;
    let recognised = &mut named.recognised;
    follow(roster, accounts, recognised);
    lookalikes(ground, roster, accounts, known, recognised);
    ask_about(roster, accounts, undecided, recognised);
    relate(ground, roster, accounts, known, recognised);
    recognised.merging = Merging::new(ground, roster, accounts, &named.names, known);
    Ok(named)
}

/// Keeps what the records of this night proved, so that one of them may go, and makes room: a name that was reserved
/// for somebody whose account is there under another key of his is given up before the account takes the present one.
pub(super) async fn make_room(
    ground: &Ground<'_>,
    roster: &Roster,
    accounts: &HashMap<JoinKey, AccountRow>,
    reserved: &mut Vec<NameRow>,
    known: &Known,
) -> Result<(), PlanError> {
    let mut new = Vec::new();
    let mut freed: HashSet<JoinKey> = HashSet::new();
    for (former, present) in roster.aliases.of_persons() {
        let (a, b) = if former <= present { (former, present) } else { (present, former) };
        if !known.links.contains(&(a.clone(), b.clone())) {
            new.push(LinkRow { a: a.clone(), b: b.clone(), decided: false });
        }
        if accounts.contains_key(former) && !accounts.contains_key(present) {
            freed.insert(present.clone());
        }
    }
    let now = ground.now.as_millisecond();
    ground.store.add_identity_links(&new, now).await?;
    let given_up: Vec<JoinKey> =
        reserved.iter().filter(|row| freed.contains(&row.join_key)).map(|row| row.join_key.clone()).collect();
    if !given_up.is_empty() {
        ground.store.retire_names(&given_up, now).await?;
        reserved.retain(|row| !freed.contains(&row.join_key));
    }
    Ok(())
}

/// Accounts of ours that a proof gives to somebody of the roster: names, credentials and the rest of the register follow
/// to the present key. The former key leads to it from now on.
pub(super) async fn arrive(
    ground: &Ground<'_>,
    roster: &Roster,
    claims: &[(PersonId, Claim)],
    register: &mut Register,
    trail: &Trail,
) -> Result<(), PlanError> {
    let (mut moves, mut links, mut reserved) = (HashMap::new(), Vec::new(), Vec::new());
    for (id, claim) in claims {
        let (Some(person), Some(former)) = (roster.person(*id), &claim.former) else { continue };
        if register.get(&person.key).is_some() {
            reserved.push(person.key.clone());
        }
        register.hand_over(former, &person.key);
        moves.insert(former.clone(), person.key.clone());
        links.push(LinkRow {
            a: former.clone(),
            b: person.key.clone(),
            decided: claim.proof == super::Proof::Decision,
        });
        let said = serde_json::json!({ "former_pseudonym": trail.pseudonym(former), "proof": claim.proof.name() });
        trail.record(Kind::JoinKeyChanged, Some(&person.key), said)?;
    }
    if moves.is_empty() {
        return Ok(());
    }
    let now = ground.now.as_millisecond();
    ground.store.retire_names(&reserved, now).await?;
    ground.store.add_identity_links(&links, now).await?;
    ground.store.rekey(&moves).await?;
    Ok(())
}

/// What [`arrive`] wrote, in what this plan has read already.
fn follow(roster: &mut Roster, accounts: &mut HashMap<JoinKey, AccountRow>, recognised: &Recognised) {
    for (id, claim) in &recognised.claims {
        let Some(present) = roster.person(*id).map(|person| person.key.clone()) else { continue };
        let Some(former) = &claim.former else { continue };
        if let Some(mut account) = accounts.remove(former) {
            account.join_key = present.clone();
            accounts.insert(present.clone(), account);
        }
        roster.aliases.lead(former.clone(), present);
    }
}

/// Two records of the roster that may be one person: whoever of them has no account waits.
fn lookalikes(
    ground: &Ground<'_>,
    roster: &Roster,
    accounts: &HashMap<JoinKey, AccountRow>,
    known: &Known,
    recognised: &mut Recognised,
) {
    let rules = ground.config.identity.rules();
    let claimed: HashSet<PersonId> = recognised.claims.iter().map(|(id, _)| *id).collect();
    let has_account = |id: PersonId, person: &Person| {
        claimed.contains(&id) || accounts.get(&person.key).is_some_and(|account| account.stage != Stage::Purged)
    };
    let mut consider = |class: Class, one: (PersonId, &Person), other: (PersonId, &Person)| {
        let told = known.told(&one.1.key, &other.1.key);
        let (judgement, evidence) = rules.compare(class, &portrait_of(roster, one.1), &portrait_of(roster, other.1));
        if matches!(told, Some(Answer::Different | Answer::Same)) || judgement == Judgement::Unrelated {
            return;
        }
        // Within a source two keys are two people, until all that is known of them says otherwise.
        if one.1.source == other.1.source && evidence.iter().any(|e| e.contradicts(class)) {
            return;
        }
        // Asked about: whoever has no account, and of two such the one whose source is heard later.
        let order = |(id, person): &(PersonId, &Person)| (!has_account(*id, person), person.source, *id);
        let (kept, asked) = if order(&one) <= order(&other) { (one, other) } else { (other, one) };
        let contested = matches!(judgement, Judgement::Same(_));
        let party = party(ground, roster, kept.1, accounts.get(&kept.1.key));
        let slot = recognised.asked.entry(asked.0).or_default();
        slot.later |= told.is_some();
        slot.two_accounts = has_account(asked.0, asked.1);
        slot.candidates.push(Candidate::new(class, party, evidence, contested));
    };
    for [newcomer, other] in one_number(roster, &has_account) {
        consider(Class::Pupil, newcomer, other);
    }
    if ground.config.sources.len() < 2 {
        return;
    }
    for class in [Class::Pupil, Class::Relative, Class::Staff] {
        let ids: Vec<PersonId> = (0..roster.persons.len() as u32)
            .map(PersonId)
            .filter(|id| roster.person(*id).is_some_and(|person| class_of_person(person) == class))
            .collect();
        let person = |at: u32| ids.get(at as usize).and_then(|id| Some((*id, roster.person(*id)?)));
        let portrait = |at: u32| person(at).map(|(_, person)| portrait_of(roster, person)).unwrap_or_default();
        let source = |at: u32| person(at).map(|(_, person)| person.source);
        for (a, b) in meetings(class, ids.len() as u32, portrait, |a, b| source(a) != source(b)) {
            if let (Some(one), Some(other)) = (person(a), person(b)) {
                consider(class, one, other);
            }
        }
    }
}

/// Pupils without an account whose INE another pupil of the same source has: as when a pupil comes back under another key
/// in a delivery whose category nobody can trust, so that the former record stays.
fn one_number<'r>(
    roster: &'r Roster,
    has_account: &dyn Fn(PersonId, &Person) -> bool,
) -> Vec<[(PersonId, &'r Person); 2]> {
    fn number(person: &Person) -> Option<&str> {
        match &person.role {
            Role::Pupil(pupil) => pupil.ine.as_deref(),
            _ => None,
        }
    }
    let people = || (0..).map(PersonId).zip(roster.persons.iter().map(|person| &**person));
    let mut newcomers: HashMap<(u16, &str), Vec<(PersonId, &Person)>> = HashMap::new();
    for (id, person) in people() {
        if let Some(ine) = number(person).filter(|_| !has_account(id, person)) {
            newcomers.entry((person.source, ine)).or_default().push((id, person));
        }
    }
    let mut pairs = Vec::new();
    if newcomers.is_empty() {
        return pairs;
    }
    for (id, person) in people() {
        let Some(ine) = number(person) else { continue };
        let alike = newcomers.get(&(person.source, ine)).into_iter().flatten();
        // Of two newcomers each is met once.
        let newcomer = !has_account(id, person);
        let others = alike.filter(|(other, _)| if newcomer { *other > id } else { *other != id });
        pairs.extend(others.map(|other| [*other, (id, person)]));
    }
    pairs
}

pub(super) fn portrait_of(roster: &Roster, person: &Person) -> Portrait {
    let children = match &person.role {
        Role::Relative(relative) => {
            relative.pupils.iter().filter_map(|id| roster.person(*id)).map(|p| p.key.as_str().into()).collect()
        }
        _ => Vec::new(),
    };
    Portrait::of(person, schools_of(roster, person), children)
}

/// Somebody of the roster as people know him.
pub(super) fn party(ground: &Ground<'_>, roster: &Roster, person: &Person, account: Option<&AccountRow>) -> Party {
    let class = match &person.role {
        Role::Pupil(pupil) => pupil.classes.first().map(|(school, code)| roster.class_name(*school, code)),
        _ => None,
    };
    let source = ground.config.sources.get(usize::from(person.source)).map_or("?", |source| source.name.as_str());
    let has = if account.is_some() { "a un compte" } else { "sans compte" };
    Party {
        key: Some(person.key.clone()),
        dn: account.map(|account| account.dn.clone()),
        name: person.name.display(),
        birth: person.birth,
        schools: schools_of(roster, person),
        school_names: BTreeMap::new(),
        class,
        found: format!("livré par {source} ({}), {has}", person.origin),
    }
}

/// Gives the cases their names and says on the holds what they are. Keeps them in the store.
pub(super) async fn open_cases(
    ground: &Ground<'_>,
    roster: &Roster,
    accounts: &HashMap<JoinKey, AccountRow>,
    recognised: &mut Recognised,
) -> Result<(), PlanError> {
    let of = |question| move |(id, asked): (PersonId, Asked)| (question, id, asked);
    let asked = std::mem::take(&mut recognised.asked).into_iter().map(of(Question::OneAccount));
    let roles = std::mem::take(&mut recognised.roles).into_iter().map(of(Question::TwoRoles));
    let asked: Vec<(Question, &Person, PersonId, Asked)> = asked
        .chain(roles)
        .filter_map(|(question, id, asked)| Some((question, roster.person(id)?, id, asked)))
        .collect();
    let names = name_cases(asked.iter().map(|(question, person, ..)| (*question, &person.key)));
    let schools: BTreeMap<&str, &str> = roster.structures.iter().map(|s| (s.uai.as_str(), s.name.as_str())).collect();
    let mut cases = Vec::with_capacity(asked.len());
    for ((question, person, id, asked), case_id) in asked.into_iter().zip(names) {
        let mut candidates = asked.candidates;
        candidates.sort_by(|a, b| (b.score, a.who.token()).cmp(&(a.score, b.who.token())));
        let mut case = Case {
            id: case_id,
            question,
            person: party(ground, roster, person, accounts.get(&person.key)),
            candidates,
            later: asked.later,
            two_accounts: asked.two_accounts,
        };
        for party in std::iter::once(&mut case.person).chain(case.candidates.iter_mut().map(|c| &mut c.who)) {
            let named = |uai: &CompactString| Some((uai.clone(), (*schools.get(uai.as_str())?).to_owned()));
            party.school_names = party.schools.iter().filter_map(named).collect();
        }
        if question == Question::OneAccount && !case.two_accounts {
            let accounts = case.candidates.iter().filter_map(|candidate| Dn::parse(candidate.who.dn.as_deref()?).ok());
            recognised.contested.extend(accounts.map(|dn| dn.normalised().to_owned()));
            recognised.doubts.entry(id).or_insert_with(|| summary(&case));
        }
        cases.push(case);
    }
    ground.store.save_cases(&cases, ground.now.as_millisecond()).await?;
    Ok(())
}

/// A case in one line, for the hold.
fn summary(case: &Case) -> String {
    let one = |candidate: &Candidate| {
        let evidence: Vec<&str> = candidate.evidence.iter().map(|e| e.text.as_str()).collect();
        let who = candidate.who.dn.clone().or_else(|| candidate.who.token()).unwrap_or_default();
        format!("{} ({who}) : {}", candidate.who.name, evidence.join(", "))
    };
    let candidates: Vec<String> = case.candidates.iter().take(3).map(one).collect();
    format!("peut-être {} ; cas {} à décider (rentree cases show {})", candidates.join(" ; ou "), case.id, case.id)
}
