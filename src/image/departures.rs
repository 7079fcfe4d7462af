//! Whom a complete set no longer holds: those who have left, and those whom an export that collapsed has lost.
//!
//! What is missing from a whole category has left. But a school whose pupils are nearly all missing, or that is itself
//! missing while its people are known, is an export gone wrong far more often than a school that emptied overnight:
//! whoever depends on it stays in the image, with a finding, until a delivery or the configuration says otherwise.

use std::collections::{BTreeMap, HashMap, HashSet};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::merge::structure_of;
use super::{ImageError, STAGE_BATCH};
use crate::config::LimitsConfig;
use crate::feed::{Category, Code, Fields, Finding, relatives_of};
use crate::store::Store;
use crate::wording;

/// Pupils whose common disappearance is a school's: below, families may simply have moved.
const SCHOOL: u64 = 5;

/// A category whose first part is numbered 0001 has perhaps lost 0000: it is believed up to this share of departures,
/// in percent.
const FIRST_PART_PERCENT: f64 = 20.0;

/// How many people a delivery holds, by category and structure.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Population(HashMap<CompactString, [u64; 6]>);

impl Population {
    pub fn observe(&mut self, category: Category, fields: &Fields) {
        if category.is_person() {
            let structure = structure_of(fields).unwrap_or_default();
            // Looked up before it is inserted: nearly always it is there.
            let counts = match self.0.get_mut(structure) {
                Some(counts) => counts,
                None => self.0.entry(structure.into()).or_default(),
            };
            if let Some(count) = counts.get_mut(category.index()) {
                *count += 1;
            }
        }
    }

    fn of(&self, structure: &str, category: Category) -> u64 {
        self.0.get(structure).and_then(|counts| counts.get(category.index())).copied().unwrap_or(0)
    }

    fn all(&self, category: Category) -> u64 {
        self.0.values().filter_map(|counts| counts.get(category.index())).sum()
    }
}

/// Somebody who is missing.
struct Missing {
    category: Category,
    key: CompactString,
    structure: CompactString,
    /// Of a pupil.
    relatives: Vec<CompactString>,
}

/// Sorts those who are missing: gives who has left, and adds to `findings` why the others are kept. `doubtful` are the
/// categories that may have lost their first part.
pub(super) async fn settle(
    store: &Store,
    source: i64,
    mut gone: Vec<(Category, CompactString)>,
    delivered: &Population,
    doubtful: &[Category],
    limits: &LimitsConfig,
    findings: &mut Vec<Finding>,
) -> Result<Vec<(Category, CompactString)>, ImageError> {
    if gone.is_empty() || limits.collapse_percent >= 100.0 {
        return Ok(gone);
    }
    for category in Category::PERSONS {
        let missing = gone.iter().filter(|(c, _)| *c == category).count() as u64;
        let (percent, minimum) = if doubtful.contains(&category) {
            (FIRST_PART_PERCENT.min(limits.collapse_percent), 0)
        } else {
            (limits.collapse_percent, limits.collapse_minimum)
        };
        let known = missing + delivered.all(category);
        if collapsed(missing, known, percent, minimum) {
            findings.push(category_collapsed(category, missing, known));
            gone.retain(|(c, _)| *c != category);
        }
    }
    let missing = load(store, source, &gone).await?;
    let mut tallies: BTreeMap<(&str, Category), u64> = BTreeMap::new();
    for person in &missing {
        *tallies.entry((&person.structure, person.category)).or_default() += 1;
    }
    let structures: HashSet<&str> =
        gone.iter().filter(|(c, _)| *c == Category::Structure).map(|(_, key)| key.as_str()).collect();
    // Whole schools first: whoever belongs to one stays with it.
    let mut vanished: BTreeMap<&str, u64> = BTreeMap::new();
    let mut kept: HashSet<(&str, Category)> = HashSet::new();
    for (&(structure, category), &count) in &tallies {
        let here = delivered.of(structure, category);
        if category == Category::Pupil && !structure.is_empty() && here == 0 && count >= SCHOOL {
            vanished.insert(structure, count);
        }
    }
    for &structure in &structures {
        let pupils = delivered.of(structure, Category::Pupil);
        if pupils > 0 || vanished.contains_key(structure) {
            vanished.entry(structure).or_insert(0);
        }
    }
    for (&structure, &pupils) in &vanished {
        kept.extend(Category::PERSONS.map(|category| (structure, category)));
        let lacks_itself = structures.contains(structure);
        findings.push(said(store, source, structure, |name| school_vanished(name, lacks_itself, pupils)).await?);
    }
    for (&(structure, category), &count) in &tallies {
        let known = count + delivered.of(structure, category);
        let beyond = collapsed(count, known, limits.collapse_percent, limits.collapse_minimum);
        if !structure.is_empty() && !vanished.contains_key(structure) && beyond {
            kept.insert((structure, category));
            findings.push(said(store, source, structure, |name| school_collapsed(name, category, count, known)).await?);
        }
    }
    let stays: HashSet<(Category, &str)> = missing
        .iter()
        .filter(|p| kept.contains(&(p.structure.as_str(), p.category)))
        .flat_map(|p| {
            // Who answers for a pupil that stays, stays.
            let relatives = p.relatives.iter().map(|key| (Category::Relative, key.as_str()));
            std::iter::once((p.category, p.key.as_str())).chain(relatives)
        })
        .chain(vanished.keys().map(|structure| (Category::Structure, *structure)))
        .collect();
    Ok(gone.iter().filter(|(category, key)| !stays.contains(&(*category, key.as_str()))).cloned().collect())
}

fn collapsed(missing: u64, known: u64, percent: f64, minimum: u32) -> bool {
    missing > u64::from(minimum) && missing as f64 * 100.0 > known as f64 * percent
}

/// What the image says of the people who are missing.
async fn load(store: &Store, source: i64, gone: &[(Category, CompactString)]) -> Result<Vec<Missing>, ImageError> {
    let mut missing = Vec::new();
    for category in Category::PERSONS {
        let keys: Vec<&str> = gone.iter().filter(|(c, _)| *c == category).map(|(_, key)| key.as_str()).collect();
        for chunk in keys.chunks(STAGE_BATCH) {
            for (key, record) in store.image_records(source, category, chunk).await? {
                let relatives = match category {
                    Category::Pupil => relatives_of(&record.fields).map(CompactString::from).collect(),
                    _ => Vec::new(),
                };
                let structure = structure_of(&record.fields).unwrap_or_default().into();
                missing.push(Missing { category, key, structure, relatives });
            }
        }
    }
    Ok(missing)
}

/// A finding about a school, with its name in words and its UAI.
async fn said(
    store: &Store,
    source: i64,
    structure: &str,
    finding: impl FnOnce(&str) -> Finding,
) -> Result<Finding, ImageError> {
    let known = store.image_records(source, Category::Structure, &[structure]).await?;
    let fields = known.get(structure).map(|record| &record.fields);
    let uai = fields.and_then(|f| f.first("ENTStructureUAI"));
    let name = fields.and_then(|f| f.first("ENTStructureNomCourant")).map(|name| name.replace('$', " "));
    let words = match (&name, uai) {
        (Some(name), Some(uai)) => format!("{name} ({uai})"),
        (Some(name), None) => name.clone(),
        _ => format!("structure {structure}"),
    };
    let mut finding = finding(&words);
    finding.school = uai.map(CompactString::from);
    if finding.category.is_none() {
        finding.category = Some(Category::Structure);
        finding.key = Some(structure.into());
    }
    finding.subject = Some(words);
    Ok(finding)
}

const RELEASE: &str = "Si c'est voulu, mettez limits.collapse_percent à 100 le temps d'une exécution.";

fn category_collapsed(category: Category, missing: u64, known: u64) -> Finding {
    let message = format!(
        "{category} : {} personnes connues sur {} ne sont plus livrées ; aucune ne part, des fichiers ont dû se perdre. \
         {RELEASE}",
        wording::number(missing),
        wording::number(known)
    );
    let mut finding = Finding::new(Code::CategoryCollapsed, message);
    finding.category = Some(category);
    finding.count = u32::try_from(missing).unwrap_or(u32::MAX);
    finding
}

fn school_vanished(name: &str, lacks_itself: bool, pupils: u64) -> Finding {
    let what = match (lacks_itself, pupils) {
        (true, 0) => "n'est plus livré, alors que ses élèves le sont".to_owned(),
        (true, n) => format!("n'est plus livré, ni aucun de ses {} élèves", wording::number(n)),
        (false, n) => format!("aucun de ses {} élèves n'est plus livré", wording::number(n)),
    };
    let message = format!("{name} : {what} ; personne n'y part. {RELEASE}");
    let mut finding = Finding::new(Code::SchoolVanished, message);
    finding.count = u32::try_from(pupils.max(1)).unwrap_or(u32::MAX);
    finding
}

fn school_collapsed(name: &str, category: Category, missing: u64, known: u64) -> Finding {
    let message = format!(
        "{name} : {} personnes de {category} sur {} ne sont plus livrées ; aucune n'y part. {RELEASE}",
        wording::number(missing),
        wording::number(known)
    );
    let mut finding = Finding::new(Code::SchoolCollapsed, message);
    finding.category = Some(category);
    finding.count = u32::try_from(missing).unwrap_or(u32::MAX);
    finding
}
