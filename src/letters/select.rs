//! On which pile everybody's sheet lies: a plain function of the roster. Who gets one is said by `eligible`.

use std::cmp::Reverse;
use std::collections::HashMap;

use compact_str::CompactString;

use crate::config::Order;
use crate::feed::values::Uai;
use crate::roster::{
    HouseholdId, Households, JoinKey, Person, PersonId, Profile, Roster, StructureId, households, places,
};

/// Which sheets are asked for; conditions add up.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Selection {
    pub school: Option<Uai>,
    /// As delivered; compared without case.
    pub class: Option<String>,
    pub profile: Option<Profile>,
    /// A join key.
    pub person: Option<JoinKey>,
    /// Whoever lives with that person too.
    pub household: bool,
}

/// Whom a selection by person leaves: everybody when it names nobody.
enum Named<'s> {
    Everybody,
    One(&'s JoinKey),
    Household(Households, Option<HouseholdId>),
}

impl<'s> Named<'s> {
    fn by(roster: &Roster, selection: &'s Selection) -> Self {
        match &selection.person {
            None => Self::Everybody,
            Some(key) if !selection.household => Self::One(key),
            Some(key) => {
                let households = households(roster);
                let at = roster.persons.binary_search_by(|person| person.key.cmp(key)).ok();
                let home = at.and_then(|at| households.of(PersonId(at as u32)));
                Self::Household(households, home)
            }
        }
    }

    fn holds(&self, id: PersonId, person: &Person) -> bool {
        match self {
            Self::Everybody => true,
            Self::One(key) => **key == person.key,
            Self::Household(households, home) => home.is_some() && households.of(id) == *home,
        }
    }
}

/// People whose sheets go into one file, in the order in which they are handed out or posted.
#[derive(Debug, Clone)]
pub struct Pile {
    pub school: StructureId,
    pub of: PileOf,
    /// Each with his class there.
    pub people: Vec<(PersonId, Option<CompactString>)>,
}

/// What the people of a pile have in common beside their school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PileOf {
    /// A profile, and a class where there is one.
    Class(Profile, Option<CompactString>),
    /// Whole households, in files of some size, numbered from 1.
    Households(usize),
    /// Everybody.
    School,
}

impl PileOf {
    #[must_use]
    pub const fn profile(&self) -> Option<Profile> {
        match self {
            Self::Class(profile, _) => Some(*profile),
            Self::Households(_) | Self::School => None,
        }
    }

    #[must_use]
    pub const fn class(&self) -> Option<&CompactString> {
        match self {
            Self::Class(_, class) => class.as_ref(),
            Self::Households(_) | Self::School => None,
        }
    }
}

/// Sheets in a file of households: a stack that fits the tray of a printer, and a file that a viewer opens at once.
const HOUSEHOLD_SHEETS: usize = 200;

/// One sheet before it is on a pile.
struct Placed {
    school: StructureId,
    profile: Profile,
    class: Option<CompactString>,
    person: PersonId,
}

/// The piles of a selection: by school, then profile, then class; inside by name. By household, the families of a school
/// come together instead, adults before children; staff stay as they are.
///
/// A pupil's sheet lies with his class in each school where he has one; a relative's is there once per school, with the
/// class of the youngest child there; a teacher's with his administrative school, or his first.
#[must_use]
pub fn piles(roster: &Roster, selection: &Selection, order: Order) -> Vec<Pile> {
    let mut sheets: Vec<Placed> = Vec::new();
    let named = Named::by(roster, selection);
    for (at, person) in roster.persons.iter().enumerate() {
        let id = PersonId(at as u32);
        if !named.holds(id, person) || selection.profile.is_some_and(|profile| profile != person.profile) {
            continue;
        }
        for (school, class) in places(roster, id) {
            let in_school =
                selection.school.as_ref().is_none_or(|uai| roster.structure(school).is_some_and(|s| s.uai == *uai));
            let in_class = selection.class.as_deref().is_none_or(|wanted| {
                class.as_deref().is_some_and(|class| class.to_lowercase() == wanted.to_lowercase())
            });
            if in_school && in_class {
                sheets.push(Placed { school, profile: person.profile, class, person: id });
            }
        }
    }
    match order {
        Order::Class => by_class(roster, sheets),
        Order::School => by_school(by_class(roster, sheets)),
        Order::Household => {
            let of_family = |sheet: &Placed| matches!(sheet.profile, Profile::Pupil | Profile::Relative);
            let (families, staff): (Vec<Placed>, Vec<Placed>) = sheets.into_iter().partition(of_family);
            let mut piles = by_household(roster, families);
            piles.extend(by_class(roster, staff));
            piles.sort_by_key(|pile| pile.school);
            piles
        }
    }
}

/// Surname, first name, and the key of namesakes.
type ByName = (CompactString, CompactString, Option<JoinKey>);

fn by_name(roster: &Roster, id: PersonId) -> ByName {
    roster.person(id).map_or_else(Default::default, |p| {
        (p.name.surname.to_lowercase(), p.name.first.to_lowercase(), Some(p.key.clone()))
    })
}

fn by_class(roster: &Roster, mut sheets: Vec<Placed>) -> Vec<Pile> {
    sheets
        .sort_by_cached_key(|sheet| (sheet.school, sheet.profile, sheet.class.clone(), by_name(roster, sheet.person)));
    let mut piles: Vec<Pile> = Vec::new();
    for Placed { school, profile, class, person } in sheets {
        let of = PileOf::Class(profile, class.clone());
        match piles.last_mut() {
            Some(pile) if pile.school == school && pile.of == of => pile.people.push((person, class)),
            _ => piles.push(Pile { school, of, people: vec![(person, class)] }),
        }
    }
    piles
}

/// The piles of each school as one, in their order.
fn by_school(piles: Vec<Pile>) -> Vec<Pile> {
    let mut schools: Vec<Pile> = Vec::new();
    for pile in piles {
        match schools.last_mut() {
            Some(whole) if whole.school == pile.school => whole.people.extend(pile.people),
            _ => schools.push(Pile { of: PileOf::School, ..pile }),
        }
    }
    schools
}

/// Households by the name of who comes first in them; a file never ends inside one.
fn by_household(roster: &Roster, mut sheets: Vec<Placed>) -> Vec<Pile> {
    let households = households(roster);
    let home = |sheet: &Placed| households.of(sheet.person).unwrap_or(HouseholdId(sheet.person));
    let adult_first = |sheet: &Placed| (Reverse(sheet.profile), by_name(roster, sheet.person));
    let mut first: HashMap<(StructureId, HouseholdId), (Reverse<Profile>, ByName)> = HashMap::new();
    for sheet in &sheets {
        let own = adult_first(sheet);
        let known = first.entry((sheet.school, home(sheet))).or_insert_with(|| own.clone());
        if own < *known {
            *known = own;
        }
    }
    let name_of = |sheet: &Placed| first.get(&(sheet.school, home(sheet))).map(|(_, name)| name.clone());
    sheets.sort_by_cached_key(|sheet| (sheet.school, name_of(sheet), home(sheet), adult_first(sheet)));
    let mut piles: Vec<Pile> = Vec::new();
    for household in sheets.chunk_by(|a, b| a.school == b.school && home(a) == home(b)) {
        let Some(school) = household.first().map(|sheet| sheet.school) else { continue };
        let people = household.iter().map(|sheet| (sheet.person, sheet.class.clone()));
        match piles.last_mut() {
            Some(pile) if pile.school == school && pile.people.len() + household.len() <= HOUSEHOLD_SHEETS => {
                pile.people.extend(people);
            }
            last => {
                let before = match last {
                    Some(Pile { school: of, of: PileOf::Households(number), .. }) if *of == school => *number,
                    _ => 0,
                };
                piles.push(Pile { school, of: PileOf::Households(before + 1), people: people.collect() });
            }
        }
    }
    piles
}
