//! How far a feed meets what is asked of it: a grid of requirements and recommendations, and how many records of each
//! school meet each of them.
//!
//! Records are looked at while they stream. What stays is counters per school and rule, and some bytes per pupil and
//! relative, because a relative's school is that of the pupils who name him, and they may come later. A record counts
//! once in the total and once in each of its schools. Records that the reader rejected for want of a name or a birth
//! date count too, as not meeting that rule.

mod attach;
mod render;
mod rules;

use std::collections::HashMap;

use compact_str::CompactString;
use serde::Serialize;

use attach::{Families, hash};
pub use render::text;
use rules::{Asked, RULES};
pub use rules::{Level, Rule};

use super::School;
use crate::feed::values::split_composite;
use crate::feed::{Category, Fields, Finding};

/// Structures that are counted apart: more than any academy has. Records of others count in the total only.
const PLACES: usize = 50_000;

/// Schools of one person that are counted; travelling staff name dozens of structures.
const SCHOOLS: usize = 64;

/// Records that meet a rule, of those that it concerns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    pub met: u64,
    pub of: u64,
}

impl Count {
    /// Of a hundred, rounded down so that only all of them are 100; `None` when the rule concerns nobody.
    #[must_use]
    pub fn percent(self) -> Option<u64> {
        (self.met * 100).checked_div(self.of)
    }
}

/// A rule and its count.
#[derive(Debug, Clone, Serialize)]
pub struct Met {
    #[serde(flatten)]
    pub rule: &'static Rule,
    #[serde(flatten)]
    pub count: Count,
}

/// The counts of one school.
#[derive(Debug, Clone, Serialize)]
pub struct SchoolGrid {
    pub uai: CompactString,
    pub name: String,
    /// Rule id → count, in the order of the rules.
    pub rules: Vec<(&'static str, Count)>,
}

/// The grid.
#[derive(Debug, Clone, Serialize)]
pub struct Conformity {
    pub rules: Vec<Met>,
    pub schools: Vec<SchoolGrid>,
}

/// Which rules a record is concerned by and meets: bit n is rule n.
#[derive(Debug, Clone, Copy, Default)]
struct Outcome {
    concerned: u64,
    met: u64,
}

type Counts = [Count; RULES.len()];

/// Looks at the records as they pass.
#[derive(Debug, Default)]
pub(super) struct Grid {
    total: Vec<Count>,
    /// By source and structure key.
    places: HashMap<(usize, CompactString), u32>,
    counts: Vec<Counts>,
    uais: Vec<Option<CompactString>>,
    /// Structures: those without pupils are a reference list and not counted.
    structures: Vec<(u32, Outcome)>,
    families: Families,
}

impl Grid {
    pub(super) fn observe(&mut self, source: usize, category: Category, key: &str, fields: &Fields) {
        let outcome = outcome(category, fields);
        match category {
            Category::Structure => {
                if let Some(place) = self.place(source, key) {
                    let uai = fields.first("ENTStructureUAI").or_else(|| fields.first("ENTEtablissementUAI"));
                    if let Some(slot) = self.uais.get_mut(place as usize) {
                        *slot = uai.map(|uai| uai.to_ascii_uppercase().into());
                    }
                    self.structures.push((place, outcome));
                }
            }
            Category::Pupil => {
                let place = schools_of_pupil(fields).next().and_then(|key| self.place(source, key));
                self.count(place.as_slice(), outcome);
                if let Some(place) = place {
                    self.families.pupil(hash(source, key), place, rules::relatives(fields).map(|id| hash(source, id)));
                }
            }
            Category::Relative => {
                let pupils = rules::pupils(fields).map(|id| hash(source, id));
                self.families.relative(hash(source, key), pupils, (outcome.concerned, outcome.met));
            }
            Category::Staff => {
                let mut places: Vec<u32> =
                    schools_of_staff(fields).take(SCHOOLS).filter_map(|key| self.place(source, key)).collect();
                places.sort_unstable();
                places.dedup();
                self.count(&places, outcome);
            }
            Category::Subject | Category::Mef => {}
        }
    }

    fn place(&mut self, source: usize, key: &str) -> Option<u32> {
        let key = (source, CompactString::from(key));
        if let Some(place) = self.places.get(&key) {
            return Some(*place);
        }
        if self.counts.len() >= PLACES {
            return None;
        }
        let place = u32::try_from(self.counts.len()).ok()?;
        self.counts.push([Count::default(); RULES.len()]);
        self.uais.push(None);
        self.places.insert(key, place);
        Some(place)
    }

    /// Counts a record in the total and in its schools.
    fn count(&mut self, places: &[u32], outcome: Outcome) {
        self.total.resize(RULES.len(), Count::default());
        add(&mut self.total, outcome);
        for place in places {
            if let Some(counts) = self.counts.get_mut(*place as usize) {
                add(counts, outcome);
            }
        }
    }

    /// The grid of the schools listed; `findings` say which records were rejected.
    pub(super) fn finish(mut self, schools: &[School], findings: &[Finding]) -> Conformity {
        self.total.resize(RULES.len(), Count::default());
        let attached = bit_of("relative-pupil");
        for (places, (concerned, mut met)) in std::mem::take(&mut self.families).settle() {
            if !places.is_empty() {
                met |= attached;
            }
            self.count(&places, Outcome { concerned: concerned | attached, met });
        }
        for (place, outcome) in std::mem::take(&mut self.structures) {
            if self.counts.get(place as usize).is_some_and(has_pupils) {
                self.count(&[place], outcome);
            }
        }
        let mut by_uai: HashMap<CompactString, Counts> = HashMap::new();
        for (uai, counts) in self.uais.iter().zip(&self.counts) {
            let Some(uai) = uai else { continue };
            let known = by_uai.entry(uai.clone()).or_insert([Count::default(); RULES.len()]);
            for (known, count) in known.iter_mut().zip(counts) {
                known.met += count.met;
                known.of += count.of;
            }
        }
        for finding in findings {
            let rejected = |rule: &Rule| Some(rule.about) == finding.category && rule.rejection == Some(finding.code);
            let Some(at) = RULES.iter().position(rejected) else { continue };
            let of_school = finding.school.as_ref().and_then(|uai| by_uai.get_mut(uai)).map(|counts| &mut counts[..]);
            for counts in [Some(&mut self.total[..]), of_school].into_iter().flatten() {
                if let Some(count) = counts.get_mut(at) {
                    count.of += u64::from(finding.count);
                }
            }
        }
        let grid = |school: &School| SchoolGrid {
            uai: school.uai.clone(),
            name: school.name.clone(),
            rules: by_uai
                .get(&school.uai)
                .into_iter()
                .flat_map(|counts| RULES.iter().map(|rule| rule.id).zip(counts.iter().copied()))
                .collect(),
        };
        Conformity {
            rules: RULES.iter().zip(self.total).map(|(rule, count)| Met { rule, count }).collect(),
            schools: schools.iter().map(grid).collect(),
        }
    }
}

/// Whether a pupil was counted there.
fn has_pupils(counts: &Counts) -> bool {
    RULES.iter().zip(counts).any(|(rule, count)| rule.about == Category::Pupil && count.of > 0)
}

fn outcome(category: Category, fields: &Fields) -> Outcome {
    let mut outcome = Outcome::default();
    for (at, rule) in RULES.iter().enumerate().filter(|(_, rule)| rule.about == category) {
        let Asked::OfRecord(test) = rule.asked else { continue };
        if let Some(met) = test(fields) {
            outcome.concerned |= 1 << at;
            outcome.met |= u64::from(met) << at;
        }
    }
    outcome
}

fn bit_of(id: &str) -> u64 {
    RULES.iter().position(|rule| rule.id == id).map_or(0, |at| 1 << at)
}

fn add(counts: &mut [Count], outcome: Outcome) {
    for (at, count) in counts.iter_mut().enumerate() {
        count.of += outcome.concerned >> at & 1;
        count.met += outcome.met >> at & 1;
    }
}

/// The administrative school, else those of the classes.
fn schools_of_pupil(fields: &Fields) -> impl Iterator<Item = &str> {
    fields
        .values("ENTPersonStructRattach")
        .chain(structures(fields, "ENTEleveClasses"))
        .chain(structures(fields, "ENTPersonClasses"))
}

/// The schools of the functions, else the administrative one.
fn schools_of_staff(fields: &Fields) -> impl Iterator<Item = &str> {
    let mut functions = structures(fields, "ENTPersonFonctions").peekable();
    let rest = functions.peek().is_none().then(|| fields.values("ENTPersonStructRattach"));
    functions.chain(rest.into_iter().flatten())
}

/// The first field of the values of an attribute.
fn structures<'f>(fields: &'f Fields, name: &'f str) -> impl Iterator<Item = &'f str> {
    let first = |value: &'f str| split_composite(value).next().map(str::trim).filter(|key| !key.is_empty());
    fields.values(name).filter_map(first)
}
