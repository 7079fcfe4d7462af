//! Households: who is written to together.
//!
//! Adults who answer for a same child and live at one address form a household; a child belongs to the household of
//! the adults with whom he lives. Separated parents are two households, and the child is in one of them only. Nothing
//! is guessed from surnames.

use std::collections::HashMap;

use super::model::{Address, Person, PersonId, Role, Roster};
use crate::feed::values::fold_name;

/// A household, named by the first of its persons in the order of the join keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HouseholdId(pub PersonId);

/// The household of each person of a roster. Staff are alone in theirs: their private lives are not ours.
#[derive(Debug, Clone)]
pub struct Households {
    of: Vec<u32>,
}

impl Households {
    /// `None` for a person who is not in the roster.
    #[must_use]
    pub fn of(&self, person: PersonId) -> Option<HouseholdId> {
        self.of.get(person.0 as usize).map(|first| HouseholdId(PersonId(*first)))
    }

    /// How many households there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.of.iter().zip(0..).filter(|(first, at)| *first == at).count()
    }
}

/// Finds the households. The same roster gives the same ones.
#[must_use]
pub fn households(roster: &Roster) -> Households {
    let mut groups = Groups { parent: (0..roster.persons.len() as u32).collect() };
    // Adults at one address, around each child that they answer for.
    for person in &roster.persons {
        let Role::Pupil(pupil) = &person.role else { continue };
        let mut homes: HashMap<String, PersonId> = HashMap::new();
        for link in &pupil.relatives {
            if let Some(home) = roster.person(link.relative).and_then(home) {
                match homes.get(&home) {
                    Some(first) => groups.join(first.0, link.relative.0),
                    None => drop(homes.insert(home, link.relative)),
                }
            }
        }
    }
    // Then the children, each with one adult: whom he is said to live with, or whose address he has, or the first who
    // answers for him with the best standing.
    for (person, at) in roster.persons.iter().zip(0..) {
        let Role::Pupil(pupil) = &person.role else { continue };
        let own = home(person);
        let with = pupil.lives_with.first().copied().or_else(|| {
            let links = || pupil.relatives.iter();
            let same = |id: PersonId| own.is_some() && roster.person(id).and_then(home) == own;
            links()
                .find(|link| same(link.relative))
                .or_else(|| links().min_by_key(|link| (link.standing, link.relative)))
                .map(|link| link.relative)
        });
        if let Some(adult) = with {
            groups.join(at, adult.0);
        }
    }
    let of = (0..groups.parent.len() as u32).map(|at| groups.first(at)).collect();
    Households { of }
}

/// An address in comparison form, when it is precise enough to mean one home.
pub(super) fn home(person: &Person) -> Option<String> {
    let Address { lines, postal_code, town, .. } = person.contact.address.as_deref()?;
    if lines.is_empty() {
        return None;
    }
    let mut home: String = lines.iter().map(|line| fold_name(line)).collect::<Vec<_>>().join(" ");
    for part in [postal_code, town].into_iter().flatten() {
        home.push('/');
        home.push_str(&fold_name(part));
    }
    Some(home)
}

/// Disjoint sets whose representative is always their smallest member.
struct Groups {
    parent: Vec<u32>,
}

impl Groups {
    fn first(&mut self, mut at: u32) -> u32 {
        while let Some(&up) = self.parent.get(at as usize)
            && up != at
        {
            // Halving the path keeps later walks short.
            let further = self.parent.get(up as usize).copied().unwrap_or(up);
            if let Some(place) = self.parent.get_mut(at as usize) {
                *place = further;
            }
            at = further;
        }
        at
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.first(a), self.first(b));
        if let Some(place) = self.parent.get_mut(a.max(b) as usize) {
            *place = a.min(b);
        }
    }
}
