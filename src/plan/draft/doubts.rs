//! What a plan has to hold before anything is compared with a limit that is a person's own: doubts about the directory, a
//! school, a record.

use std::collections::{BTreeMap, HashMap, HashSet};

use compact_str::CompactString;

use crate::directory::Dn;
use crate::directory::dialect::DefaultedValues;
use crate::feed::values::Uai;
use crate::feed::{Code, Finding};
use crate::plan::HoldReason;
use crate::plan::holds::Holds;
use crate::plan::limits::Tallies;
use crate::plan::persons::PersonDiff;
use crate::plan::population::Population;
use crate::plan::recognise::Recognised;
use crate::plan::year::{Continuity, Years};
use crate::roster::{PersonId, Role, Roster};
use crate::store::Stage;

use super::{Beside, Matter, uais};

/// The directory as a whole, and whole schools.
pub(super) fn hold_what_is_doubtful(
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
        let name = breach.school.as_deref().and_then(|school| names.get(school)).copied();
        holds.breach(&breach, name.unwrap_or("établissement"));
    }
}

/// Schools whose set is of another year than theirs.
pub(super) fn hold_premature(
    roster: &Roster,
    years: &Years,
    continuity: &HashMap<CompactString, Continuity>,
    holds: &mut Holds,
) {
    for structure in &roster.structures {
        let Some(continuity) = continuity.get(structure.uai.as_str()) else { continue };
        if let Some(what) = continuity.premature(years.in_transition(structure.uai.as_str())) {
            holds.premature(&structure.uai, &structure.name, what, *continuity);
        }
    }
}

/// Entries that no modify can make right, and join keys held by two entries.
pub(super) fn hold_clashes(
    diff: &PersonDiff<'_>,
    population: &Population,
    holds: &mut Holds,
    findings: &mut Vec<Finding>,
) {
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
pub(super) fn hold_doubts(roster: &Roster, recognised: &Recognised, holds: &mut Holds) {
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
pub(super) fn hold_without_class(
    diff: &PersonDiff<'_>,
    creates: &[PersonId],
    holds: &mut Holds,
    defaulted: &mut DefaultedValues,
) {
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
