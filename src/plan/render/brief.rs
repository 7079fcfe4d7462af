//! A long plan on two screens: holds by reason, lines of one shape, one line a school.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::buckets::ORDER;
use super::holds::{HoldFold, HoldFolds};
use super::overview::{Overview, Rank};
use super::survey::School;
use super::words;
use crate::plan::ChangeKind;

/// Lines of each group; what is beyond is counted. Together with the head they are two screens.
const UNUSUAL: usize = 24;
const USUAL: usize = 24;
const SCHOOLS: usize = 24;
const HELD: usize = 12;
/// Names of a line of the unusual.
const NAMES: usize = 3;

/// The lines of a plan by likeness; `bold` paints a title.
pub(super) fn overview(
    out: &mut dyn Write,
    overview: &Overview,
    name: &dyn Fn(&str) -> String,
    bold: &dyn Fn(&str) -> String,
) -> io::Result<()> {
    let lines = overview.lines();
    let (unusual, usual): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.rank != Rank::Usual);
    for (title, lines, limit) in [("À regarder d'abord", unusual, UNUSUAL), ("Par ressemblance", usual, USUAL)] {
        if lines.is_empty() {
            continue;
        }
        writeln!(out, "\n{}", bold(title))?;
        for line in lines.iter().take(limit) {
            let (tally, said) = (line.tally, line.shape.said(line.tally.count));
            let rank = match line.rank {
                Rank::Usual => String::new(),
                rank => format!("[{}] ", rank.title()),
            };
            let names = match line.rank {
                Rank::Usual => String::new(),
                _ => format!(" : {}", tally.names(NAMES)),
            };
            writeln!(out, "  {rank}{said} ; {}{names}", tally.place(name))?;
        }
        let rest = lines.get(limit..).unwrap_or_default();
        let changes: u64 = rest.iter().map(|line| line.tally.count).sum();
        if changes > 0 {
            let cases = words::count(rest.len() as u64, "autre cas", "autres cas");
            writeln!(out, "  … et {cases} : {}", words::count(changes, "changement", "changements"))?;
        }
    }
    match overview.seen_line() {
        Some(seen) => writeln!(out, "\n{seen}"),
        None => Ok(()),
    }
}

/// The kinds that there are in some school, in the order in which they are shown.
pub(super) fn kinds(schools: &[School]) -> Vec<ChangeKind> {
    ORDER.into_iter().filter(|kind| schools.iter().any(|school| school.counts.of(*kind) > 0)).collect()
}

/// One line a school, the unusual first as they come.
pub(super) fn schools(out: &mut dyn Write, schools: &[School], bold: &dyn Fn(&str) -> String) -> io::Result<()> {
    let n = schools.len() as u64;
    writeln!(out, "\n{}", bold(&words::count(n, "établissement", "établissements")))?;
    for school in schools.iter().take(SCHOOLS) {
        let mut parts: Vec<String> = Vec::new();
        let alarms = school.overview.alarms();
        if school.held {
            parts.push("RETENU".to_owned());
        }
        if alarms > 0 {
            parts.push(format!("{} à regarder", words::number(alarms)));
        }
        parts.push(words::count(school.counts.sum(), "changement", "changements"));
        let seen = school.overview.seen();
        if seen > 0 {
            parts.push(format!("{} déjà vus", words::number(seen)));
        }
        parts.extend(school.unchanged.map(|n| words::count(n, "inchangé", "inchangés")));
        let uai = if school.uai.is_empty() { String::new() } else { format!(" ({})", school.uai) };
        writeln!(out, "  {}{uai} : {}", words::plain(&school.name), parts.join(", "))?;
    }
    let rest = schools.get(SCHOOLS..).unwrap_or_default();
    if !rest.is_empty() {
        let changes: u64 = rest.iter().map(|s| s.counts.sum() + s.overview.seen()).sum();
        let alarms: u64 = rest.iter().map(|s| s.overview.alarms()).sum();
        let unchanged: u64 = rest.iter().filter_map(|s| s.unchanged).sum();
        let others = words::count(rest.len() as u64, "autre", "autres");
        let changes = words::count(changes, "changement", "changements");
        let unchanged = words::count(unchanged, "inchangé", "inchangés");
        writeln!(out, "  … et {others} : {changes}, {} à regarder, {unchanged}", words::number(alarms))?;
    }
    Ok(())
}

/// Holds of schools, one line each; those of persons by reason, over all schools.
pub(super) fn holds(out: &mut dyn Write, holds: &HoldFolds, name: &dyn Fn(&str) -> String) -> io::Result<()> {
    let of_schools: Vec<&HoldFold> = holds.iter().filter(|fold| !fold.is_person() && !fold.is_whole_plan()).collect();
    for fold in of_schools.iter().take(HELD) {
        let school = fold.school.as_ref().map(|uai| name(uai.as_str())).unwrap_or_default();
        let new = if fold.new > 0 { ", nouvelle" } else { "" };
        let changes = words::count(fold.changes, "changement retenu", "changements retenus");
        let uai = fold.school.as_ref().map(|uai| format!(" ({uai})")).unwrap_or_default();
        writeln!(out, "!! {}{uai} : {}{new} ({changes})", words::plain(&school), words::hold_reason(fold.reason))?;
    }
    let rest = of_schools.get(HELD..).unwrap_or_default();
    if !rest.is_empty() {
        let changes: u64 = rest.iter().map(|fold| fold.changes).sum();
        let n = words::count(rest.len() as u64, "autre retenue d'établissement", "autres retenues d'établissements");
        writeln!(out, "!! … et {n} ({})", words::count(changes, "changement retenu", "changements retenus"))?;
    }
    let mut persons: BTreeMap<_, (u64, u64, u64, BTreeSet<String>)> = BTreeMap::new();
    for fold in holds.iter().filter(|fold| fold.is_person()) {
        let (n, new, changes, schools) = persons.entry(fold.reason).or_default();
        (*n, *new, *changes) = (*n + fold.holds, *new + fold.new, *changes + fold.changes);
        schools.extend(fold.school.as_ref().map(ToString::to_string));
    }
    for (reason, (n, new, changes, schools)) in persons {
        let places = words::count(schools.len() as u64, "établissement", "établissements");
        let who = words::count(n, "personne", "personnes");
        let new =
            if new > 0 { format!(", dont {}", words::count(new, "nouvelle", "nouvelles")) } else { String::new() };
        let changes = words::count(changes, "changement retenu", "changements retenus");
        writeln!(out, "!! {who}, {}{new} : {places} ({changes})", words::hold_reason(reason))?;
    }
    Ok(())
}
