//! The count before printing: who gets a sheet, who does not and why, by school, profile and class. Opens nothing, and
//! needs no key.

use std::collections::{BTreeMap, HashMap, HashSet};

use compact_str::CompactString;
use serde::Serialize;

use super::eligible::{Reason, Verdict};
use super::inquiry::{Inquiry, Judged, Population};
use super::run::PrintError;
use super::select::{Pile, Selection};
use crate::config::Config;
use crate::credentials::Addressees;
use crate::roster::{JoinKey, LeftOutReason, Profile, Role, Roster};
use crate::store::{AccountRow, PrintedAt, Stage, Store};

/// What would be printed, and what not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    pub rows: Vec<CountRow>,
    /// People who get a sheet, and whose envelope is sealed for other keys than the configuration names for them now: a
    /// school's key may not open it, and that of the school that they left does.
    pub to_reseal: u64,
}

/// One class of one school and profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CountRow {
    /// UAI.
    pub school: String,
    pub profile: Option<Profile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Sheets with a password.
    pub secret: u64,
    /// Sheets of a federated profile.
    pub federated: u64,
    pub reminder: u64,
    /// By [`Reason::name`].
    pub without: BTreeMap<&'static str, u64>,
    /// Those without a sheet, and those who have one from another school; by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<CountedPerson>,
}

/// Somebody who gets none, or got one elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CountedPerson {
    pub name: String,
    pub join_key: JoinKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Reason>,
    /// The school (UAI) that printed the present credential last, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<(String, jiff::Timestamp)>,
}

impl CountRow {
    #[must_use]
    pub fn sheets(&self) -> u64 {
        self.secret + self.federated + self.reminder
    }

    fn add(&mut self, name: String, join_key: &JoinKey, verdict: Verdict, elsewhere: Option<&PrintedAt>) {
        let mut why = None;
        match verdict {
            Verdict::Secret => self.secret += 1,
            Verdict::Federated => self.federated += 1,
            Verdict::Reminder => self.reminder += 1,
            Verdict::None(reason) => {
                *self.without.entry(reason.name()).or_default() += 1;
                why = Some(reason);
            }
        }
        let elsewhere = elsewhere.map(|sheet| (sheet.school.clone(), sheet.at));
        if why.is_some() || elsewhere.is_some() {
            self.people.push(CountedPerson { name, join_key: join_key.clone(), why, elsewhere });
        }
    }
}

/// School, profile, class.
type Place = (String, Profile, Option<String>);

/// Counts what [`print`](super::print) would print, and adds those whom no pile has: accounts on their way out, adults
/// without authority.
///
/// # Errors
/// When the store fails, or nobody is in the school or class that is asked for.
pub async fn count(store: &Store, config: &Config, inquiry: &Inquiry) -> Result<Count, PrintError> {
    let population = Population::read(store, config, inquiry).await?;
    let roster = &population.roster;
    let mut rows: BTreeMap<Place, CountRow> = BTreeMap::new();
    let mut addressees = Addressees::new(&config.letters);
    let mut to_reseal = HashSet::new();
    for pile in population.piles() {
        let judged = population.judge(&pile).await?;
        to_reseal.extend(astray(&population, &pile, &judged, &mut addressees).await?);
        let Some(uai) = roster.structure(pile.school).map(|structure| structure.uai.to_string()) else { continue };
        for ((id, class), verdict) in pile.people.iter().zip(&judged.verdicts) {
            let Some(person) = roster.person(*id) else { continue };
            let place = (uai.clone(), person.profile, class.clone().map(String::from));
            let elsewhere = judged.facts.elsewhere(&person.key, &uai);
            rows.entry(place).or_default().add(person.name.listed(), &person.key, *verdict, elsewhere);
        }
    }
    for (place, name, key, reason) in others(&population).await? {
        rows.entry(place).or_default().add(name, &key, Verdict::None(reason), None);
    }
    let rows = rows.into_iter().map(|((school, profile, class), row)| CountRow {
        school,
        profile: Some(profile),
        class,
        ..row
    });
    Ok(Count { rows: rows.collect(), to_reseal: to_reseal.len() as u64 })
}

/// Those of a pile who get a sheet and whose envelope is sealed for others than it should be.
async fn astray(
    population: &Population<'_>,
    pile: &Pile,
    judged: &Judged,
    addressees: &mut Addressees<'_>,
) -> Result<Vec<JoinKey>, PrintError> {
    let secret = pile.people.iter().zip(&judged.verdicts).filter(|(_, verdict)| **verdict == Verdict::Secret);
    let keys: Vec<JoinKey> =
        secret.filter_map(|((id, _), _)| population.roster.person(*id)).map(|person| person.key.clone()).collect();
    let mut astray = Vec::new();
    for (key, sealed_for) in population.store.seals_of(&keys).await? {
        let Some(account) = judged.facts.accounts.get(&key) else { continue };
        if addressees.of(account.schools.iter().map(CompactString::as_str))? != sealed_for {
            astray.push(key);
        }
    }
    Ok(astray)
}

/// People of the selection who are on no pile.
async fn others(population: &Population<'_>) -> Result<Vec<(Place, String, JoinKey, Reason)>, PrintError> {
    let (roster, store) = (&population.roster, population.store);
    let selection = &population.inquiry.selection;
    let expected: HashSet<&JoinKey> = roster.persons.iter().map(|person| &person.key).collect();
    let mut found = Vec::new();
    let departing: Vec<AccountRow> =
        store.departing().await?.into_iter().filter(|account| !expected.contains(&account.join_key)).collect();
    let merged: HashSet<JoinKey> = store.merged_accounts().await?.into_iter().map(|row| row.join_key).collect();
    let of_departing: Vec<JoinKey> = departing.iter().map(|account| account.join_key.clone()).collect();
    let logins = store.logins(&of_departing).await?;
    for account in &departing {
        let reason = match account.stage {
            _ if merged.contains(&account.join_key) => Reason::Merged,
            Stage::Absent => Reason::Absent,
            _ => Reason::Suspended,
        };
        // Their records have gone: the login is what is left to tell them by.
        let name =
            logins.get(&account.join_key).map_or_else(|| account.join_key.to_string(), |l| l.as_str().to_owned());
        let class = account.class.clone().filter(|_| account.profile == Profile::Pupil).map(String::from);
        for school in &account.schools {
            let place = (school.to_string(), account.profile, class.clone());
            found.push((place, name.clone(), account.join_key.clone(), reason));
        }
    }
    for left in roster.left_out.iter().filter(|left| left.why == LeftOutReason::NoAuthority) {
        let Some((name, pupils)) = left.relative.as_deref() else { continue };
        for place in places_of(roster, pupils) {
            found.push((place, name.listed(), left.key.clone(), Reason::NoAuthority));
        }
    }
    found.retain(|(place, _, key, _)| is_selected(selection, place, key));
    Ok(found)
}

/// Where somebody without authority would be: once per school, with the first of the children there.
fn places_of(roster: &Roster, pupils: &[JoinKey]) -> Vec<Place> {
    let mut places: HashMap<String, Place> = HashMap::new();
    for key in pupils {
        let Ok(at) = roster.persons.binary_search_by(|person| person.key.cmp(key)) else { continue };
        let Some(Role::Pupil(pupil)) = roster.persons.get(at).map(|person| &person.role) else { continue };
        for (school, class) in &pupil.classes {
            let Some(uai) = roster.structure(*school).map(|structure| structure.uai.to_string()) else { continue };
            let class = roster.class_name(*school, class).to_string();
            places.entry(uai.clone()).or_insert_with(|| (uai, Profile::Relative, Some(class)));
        }
    }
    places.into_values().collect()
}

fn is_selected(selection: &Selection, (school, profile, class): &Place, key: &JoinKey) -> bool {
    selection.person.as_ref().is_none_or(|person| person == key)
        && selection.school.as_ref().is_none_or(|uai| uai.as_str() == school)
        && selection.profile.is_none_or(|wanted| wanted == *profile)
        && selection
            .class
            .as_deref()
            .is_none_or(|wanted| class.as_deref().is_some_and(|class| class.to_lowercase() == wanted.to_lowercase()))
}
