//! What is asked for, and what the store answers pile by pile: the count before printing and the printing stand on the
//! same answers.

use std::collections::{BTreeSet, HashMap, HashSet};

use tokio::sync::OnceCell;

use super::eligible::{Facts, Reason, Sign, Verdict, Wanted, judge};
use super::fonts;
use super::held::held;
use super::printable::can_be_copied;
use super::run::PrintError;
use super::select::{Pile, Selection, piles};
use crate::config::{Config, Order};
use crate::image;
use crate::roster::{JoinKey, Profile, Role, Roster};
use crate::store::{Store, StoreError};

/// Who is asked about, on which day.
#[derive(Debug, Clone)]
pub struct Inquiry {
    pub selection: Selection,
    pub wanted: Wanted,
    /// What the directory shows of the accounts; empty where it was not asked.
    pub signs: HashMap<JoinKey, Sign>,
    /// How the sheets are ordered, where the configuration is not to say so.
    pub order: Option<Order>,
    /// Only these people.
    pub only: Option<HashSet<JoinKey>>,
    pub today: jiff::civil::Date,
}

impl Inquiry {
    /// About everybody.
    #[must_use]
    pub fn all(today: jiff::civil::Date) -> Self {
        Self {
            selection: Selection::default(),
            wanted: Wanted::default(),
            signs: HashMap::new(),
            order: None,
            only: None,
            today,
        }
    }
}

/// An inquiry with the population that it is about.
pub(super) struct Population<'a> {
    pub store: &'a Store,
    pub config: &'a Config,
    pub inquiry: &'a Inquiry,
    pub roster: Roster,
    held: OnceCell<HashSet<JoinKey>>,
}

/// A pile with the verdict on each of its people.
pub(super) struct Judged {
    pub facts: Facts,
    /// As the pile's people.
    pub verdicts: Vec<Verdict>,
}

impl<'a> Population<'a> {
    /// Reads the population, and refuses a school or a class that nobody is in.
    pub async fn read(store: &'a Store, config: &'a Config, inquiry: &'a Inquiry) -> Result<Self, PrintError> {
        let roster = image::roster(store, config, &[], inquiry.today).await?;
        let selection = &inquiry.selection;
        if let Some(uai) = &selection.school
            && !roster.structures.iter().any(|structure| structure.uai == *uai)
        {
            return Err(PrintError::NoSchool { uai: uai.to_string() });
        }
        if let Some(class) = &selection.class {
            let known = classes(&roster, selection);
            if !known.iter().any(|name| name.to_lowercase() == class.to_lowercase()) {
                return Err(PrintError::NoClass { class: class.clone(), known: known.into_iter().collect() });
            }
        }
        Ok(Self { store, config, inquiry, roster, held: OnceCell::new() })
    }

    pub fn piles(&self) -> Vec<Pile> {
        let order = self.inquiry.order.unwrap_or(self.config.letters.order);
        let mut piles = piles(&self.roster, &self.inquiry.selection, order);
        if let Some(only) = &self.inquiry.only {
            for pile in &mut piles {
                pile.people.retain(|(id, _)| self.roster.person(*id).is_some_and(|person| only.contains(&person.key)));
            }
            piles.retain(|pile| !pile.people.is_empty());
        }
        piles
    }

    pub async fn judge(&self, pile: &Pile) -> Result<Judged, StoreError> {
        let people = || pile.people.iter().filter_map(|(id, _)| self.roster.person(*id));
        let keys: Vec<JoinKey> = people().map(|person| person.key.clone()).collect();
        let facts = Facts::of(self.store, &keys).await?;
        let held = if keys.iter().all(|key| facts.accounts.contains_key(key)) {
            &HashSet::new()
        } else {
            self.held.get_or_try_init(|| held(self.store)).await?
        };
        let uai = self.roster.structure(pile.school).map_or("", |structure| structure.uai.as_str());
        let logins = self.store.logins(&keys).await?;
        // Which characters a project's own faces have is known to the typesetter alone.
        let own_fonts = !self.config.letters.fonts.is_empty();
        let cover = |c| own_fonts || fonts::cover(c);
        let unprintable = |key| logins.get(key).is_some_and(|login| !can_be_copied(login.as_str(), cover));
        let verdicts = people().map(|person| {
            let sign = self.inquiry.signs.get(&person.key).copied().unwrap_or_default();
            let verdict = judge(
                &self.config.credentials,
                person,
                uai,
                &facts,
                (held.contains(&person.key), sign),
                self.inquiry.wanted,
            );
            // One sheet that paper cannot show must not keep the class from being printed.
            match verdict {
                Verdict::None(reason) => Verdict::None(reason),
                _ if unprintable(&person.key) => Verdict::None(Reason::Unprintable),
                verdict => verdict,
            }
        });
        Ok(Judged { verdicts: verdicts.collect(), facts })
    }
}

/// The classes that a selection may name.
fn classes(roster: &Roster, selection: &Selection) -> BTreeSet<String> {
    let in_school = |id| match (&selection.school, roster.structure(id)) {
        (Some(uai), Some(structure)) => structure.uai == *uai,
        (None, _) => true,
        (Some(_), None) => false,
    };
    let pupils = roster.persons.iter().filter(|person| person.profile == Profile::Pupil);
    pupils
        .filter_map(|person| match &person.role {
            Role::Pupil(pupil) => Some(&pupil.classes),
            _ => None,
        })
        .flatten()
        .filter(|(school, _)| in_school(*school))
        .map(|(school, class)| roster.class_name(*school, class).to_string())
        .collect()
}
