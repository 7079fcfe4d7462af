//! Which adults of two roles may be one: told, proved, or asked.

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;

use crate::config::{AdultRole, IdentityConfig};
use crate::directory::Dn;
use crate::identity::{Answer, Candidate, Class, Evidence, Index, Judgement, Party, Portrait, Proof, meetings};
use crate::plan::identity::{party, portrait_of};
use crate::plan::merge::source_of;
use crate::plan::prepare::Ground;
use crate::plan::recognise::{Asked, class_of};
use crate::roster::{JoinKey, Person, PersonId, Profile, Role, Roster};
use crate::store::{AccountRow, AnswerRow};

/// One night's search among the adults of a roster.
pub(super) struct Search<'a, 'g> {
    pub(super) ground: &'a Ground<'g>,
    pub(super) roster: &'a Roster,
    pub(super) accounts: &'a HashMap<JoinKey, AccountRow>,
    /// By two join keys in their order.
    pub(super) answers: BTreeMap<(JoinKey, JoinKey), Answer>,
}

impl Search<'_, '_> {
    pub(super) fn told(&self, a: &JoinKey, b: &JoinKey) -> Option<Answer> {
        if self.answers.is_empty() {
            return None;
        }
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        self.answers.get(&(a.clone(), b.clone())).copied()
    }

    fn config(&self) -> &IdentityConfig {
        &self.ground.config.identity
    }

    /// The pairs that are linked, and what of it a proof of this night said. What is asked, and what was answered and
    /// can be taken back, goes to `asked`.
    pub(super) fn edges(&self, asked: &mut BTreeMap<PersonId, Asked>) -> (Vec<(JoinKey, JoinKey)>, Vec<AnswerRow>) {
        let rules = self.config().rules();
        let mut edges: Vec<(JoinKey, JoinKey)> = Vec::new();
        let mut proved: Vec<(PersonId, PersonId, Proof, Vec<Evidence>)> = Vec::new();
        let mut answers = Vec::new();
        let mut met = HashSet::new();
        for (one, other) in self.meetings() {
            let (Some(a), Some(b)) = (self.roster.person(one), self.roster.person(other)) else { continue };
            let (judgement, evidence) =
                rules.compare(Class::Adult, &portrait_of(self.roster, a), &portrait_of(self.roster, b));
            let told = self.told(&a.key, &b.key);
            match (told, judgement) {
                (Some(Answer::Same | Answer::Different), _) => {
                    met.insert((a.key.clone().min(b.key.clone()), a.key.clone().max(b.key.clone())));
                    self.ask((one, other), evidence, told, false, asked);
                }
                (None, Judgement::Same(proof)) => proved.push((one, other, proof, evidence)),
                (_, Judgement::Unrelated) => {}
                _ if self.config().adult_asked.iter().any(|proof| proof.holds(&evidence)) => {
                    self.ask((one, other), evidence, told, false, asked);
                }
                _ => {}
            }
        }
        // Nobody is linked to two of whom each is proved: then all of them are in doubt.
        let mut times: HashMap<PersonId, u32> = HashMap::new();
        for (one, other, ..) in &proved {
            *times.entry(*one).or_default() += 1;
            *times.entry(*other).or_default() += 1;
        }
        for (one, other, proof, evidence) in proved {
            let contested = [one, other].iter().any(|id| times.get(id).is_some_and(|n| *n > 1));
            let linked = (!contested).then_some(Answer::Same);
            if let (Some(_), Some(a), Some(b)) = (linked, self.roster.person(one), self.roster.person(other)) {
                edges.push((a.key.clone(), b.key.clone()));
                answers.push(self.answer(&a.key, &b.key, proof));
            }
            self.ask((one, other), evidence, linked, contested, asked);
        }
        for ((a, b), answer) in &self.answers {
            if *answer == Answer::Same {
                edges.push((a.clone(), b.clone()));
            }
            if *answer != Answer::Later && !met.contains(&(a.clone(), b.clone())) {
                self.keep_answer((a, b), *answer, asked);
            }
        }
        (edges, answers)
    }

    /// What a proof says holds as what a person says: also when one of the two is delivered no more.
    fn answer(&self, a: &JoinKey, b: &JoinKey, proof: Proof) -> AnswerRow {
        AnswerRow {
            join_key: a.clone(),
            other: b.as_str().to_owned(),
            answer: Answer::Same,
            decided_by: "rentree".to_owned(),
            why: proof.name().to_owned(),
            decided_at: self.ground.now.as_millisecond(),
        }
    }

    /// Adults of two roles who share something that could prove them to be one.
    fn meetings(&self) -> Vec<(PersonId, PersonId)> {
        if self.config().adult.is_empty() && self.config().adult_asked.is_empty() {
            return Vec::new();
        }
        // Every proof asks for the names: of the many parents, only namesakes of staff are looked at closer.
        let mut names = Index::default();
        for person in self.roster.persons.iter().filter(|person| matches!(person.role, Role::Staff(_))) {
            names.add(Class::Relative, &Portrait::named(&person.name));
        }
        let is_adult = |person: &Person| match person.role {
            Role::Staff(_) => true,
            Role::Relative(_) => names.meets(Class::Relative, &Portrait::named(&person.name)),
            Role::Pupil(_) => false,
        };
        let adults: Vec<PersonId> = (0..self.roster.persons.len() as u32)
            .into_par_iter()
            .map(PersonId)
            .filter(|id| self.roster.person(*id).is_some_and(is_adult))
            .collect();
        let person = |at: u32| adults.get(at as usize).and_then(|id| self.roster.person(*id));
        let portrait = |at: u32| person(at).map(|person| portrait_of(self.roster, person)).unwrap_or_default();
        let may_meet = |a: u32, b: u32| match (person(a), person(b)) {
            // Two members of staff of two sources are asked about as one person with one account.
            (Some(a), Some(b)) => a.profile != b.profile && (is_relative(a) || is_relative(b) || a.source == b.source),
            _ => false,
        };
        let met = meetings(Class::Adult, adults.len() as u32, portrait, may_meet);
        met.into_iter().filter_map(|(a, b)| Some((*adults.get(a as usize)?, *adults.get(b as usize)?))).collect()
    }

    /// A candidate of the secondary account's person.
    fn ask(
        &self,
        (one, other): (PersonId, PersonId),
        evidence: Vec<Evidence>,
        told: Option<Answer>,
        contested: bool,
        asked: &mut BTreeMap<PersonId, Asked>,
    ) {
        let (Some(a), Some(b)) = (self.roster.person(one), self.roster.person(other)) else { return };
        let first = self.order(&a.key, a.profile) <= self.order(&b.key, b.profile);
        let (principal, secondary) = if first { (a, other) } else { (b, one) };
        let who = party(self.ground, self.roster, principal, self.accounts.get(&principal.key));
        let mut candidate = Candidate::new(Class::Adult, who, evidence, contested);
        candidate.decided = told.filter(|answer| *answer != Answer::Later);
        let slot = asked.entry(secondary).or_default();
        slot.later |= told == Some(Answer::Later);
        slot.candidates.push(candidate);
    }

    /// Keeps an answer about two of whom one at least is in the roster, so that it can be taken back.
    fn keep_answer(&self, (a, b): (&JoinKey, &JoinKey), answer: Answer, asked: &mut BTreeMap<PersonId, Asked>) {
        let find = |key: &JoinKey| {
            let at = self.roster.persons.binary_search_by(|person| person.key.cmp(key)).ok()?;
            Some((PersonId(u32::try_from(at).ok()?), self.roster.persons.get(at)?))
        };
        match (find(a), find(b)) {
            (Some((one, first)), Some((other, second))) => {
                let portraits = (portrait_of(self.roster, first), portrait_of(self.roster, second));
                let evidence = self.config().rules().compare(Class::Adult, &portraits.0, &portraits.1).1;
                self.ask((one, other), evidence, Some(answer), false, asked);
            }
            (Some((id, _)), None) => self.keep_half(id, b, answer, asked),
            (None, Some((id, _))) => self.keep_half(id, a, answer, asked),
            (None, None) => {}
        }
    }

    fn keep_half(&self, id: PersonId, gone: &JoinKey, answer: Answer, asked: &mut BTreeMap<PersonId, Asked>) {
        let Some(account) = self.accounts.get(gone) else { return };
        let who = Party {
            key: Some(gone.clone()),
            dn: Some(account.dn.clone()),
            name: Dn::parse(&account.dn).map(|dn| dn.rdn_value()).unwrap_or_default(),
            schools: account.schools.clone(),
            found: "compte que plus aucun export ne nomme".to_owned(),
            ..Party::default()
        };
        let mut candidate = Candidate::new(class_of(account.profile), who, Vec::new(), true);
        candidate.decided = Some(answer);
        asked.entry(id).or_default().candidates.push(candidate);
    }

    /// The first is the principal one: by its role, then by its source.
    pub(super) fn order(&self, key: &JoinKey, profile: Profile) -> (bool, u8, usize, JoinKey) {
        let first = match self.config().adult_principal {
            AdultRole::Relative => profile == Profile::Relative,
            AdultRole::Staff => profile != Profile::Relative,
        };
        (!first, u8::from(profile == Profile::Staff), source_of(self.ground, key), key.clone())
    }
}

fn is_relative(person: &Person) -> bool {
    matches!(person.role, Role::Relative(_))
}
