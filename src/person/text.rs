//! What is held, for a person to read; and the page of the documentation that says what the store may hold at all.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Erase, HOLDINGS, Held, OTHERS};
use crate::wording::{count, moment};

/// Everything held on a person, in French, for a file that is handed over.
#[must_use]
pub fn text(held: &Held, zone: &TimeZone) -> String {
    let mut out = String::new();
    let keys: Vec<&str> = held.join_keys.iter().map(crate::roster::JoinKey::as_str).collect();
    let _ = writeln!(out, "Ce que Rentrée détient sur {}\n", keys.join(", "));
    if held.is_empty() {
        out.push_str("Rien.\n");
        return out;
    }
    if !held.deadlines.is_empty() {
        out.push_str("Échéances\n");
        for deadline in &held.deadlines {
            let _ = writeln!(out, "  - {}", deadline.line());
        }
        out.push('\n');
    }
    for record in &held.records {
        let _ = writeln!(
            out,
            "Ce que dit l'export « {} » ({}, {} ligne {}) — jusqu'à ce qu'un export ne le dise plus",
            record.source, record.category, record.file, record.line
        );
        attributes(&record.attributes, &mut out);
    }
    for entry in &held.entries {
        let _ = writeln!(out, "L'annuaire, {} — jusqu'à la purge du compte", entry.dn);
        attributes(&entry.attributes, &mut out);
    }
    for rows in &held.rows {
        let _ = writeln!(out, "{} (table {}) — {}", capital(rows.what), rows.table, rows.how_long);
        for row in &rows.rows {
            let cells: Vec<String> =
                row.iter().map(|(column, value)| format!("{column} : {}", cell(column, value, zone))).collect();
            let _ = writeln!(out, "  - {}", cells.join(" ; "));
        }
        out.push('\n');
    }
    if !held.plans.is_empty() {
        let _ = writeln!(out, "Plans enregistrés qui nomment la personne — retention.plans");
        for plan in &held.plans {
            let _ = writeln!(out, "  - {}", plan.display());
        }
        out.push('\n');
    }
    let _ = writeln!(
        out,
        "La piste d'audit, sous le pseudonyme {} — {}",
        held.pseudonyms.join(", "),
        count(held.events.len() as u64, "événement", "événements")
    );
    for event in &held.events {
        let payload = event.payload.as_ref().map_or_else(|| "(effacé)".to_owned(), ToString::to_string);
        let _ = writeln!(
            out,
            "  - n° {}, {}, {} par {} : {payload}",
            event.seq,
            moment(event.at, zone),
            event.kind,
            event.actor
        );
    }
    out
}

fn attributes(attributes: &BTreeMap<String, Vec<String>>, out: &mut String) {
    for (name, values) in attributes {
        let _ = writeln!(out, "  {name} : {}", values.join(" | "));
    }
    out.push('\n');
}

/// Moments are kept as milliseconds since 1970.
fn cell(column: &str, value: &Value, zone: &TimeZone) -> String {
    let is_moment = column == "at" || column.ends_with("_at") || column.ends_with("_seen");
    match value {
        Value::Number(n) if is_moment => {
            let at = n.as_i64().and_then(|at| Timestamp::from_millisecond(at).ok());
            at.map_or_else(|| n.to_string(), |at| moment(at, zone))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The part of the documentation that says what the store holds, table by table: made from the same list that `person`
/// goes by.
#[must_use]
pub fn record_of_processing() -> String {
    let mut out = String::from("| ce qui est gardé | table | durée | à l'effacement |\n|---|---|---|---|\n");
    for holding in &HOLDINGS {
        let erased = match holding.erase {
            Erase::Delete => "supprimé",
            Erase::Pseudonym => "reste, sous un pseudonyme",
            Erase::Keep => "reste : parle de plusieurs, ou s'en va de lui-même",
        };
        let _ = writeln!(out, "| {} | `{}` | {} | {erased} |", holding.what, holding.table, holding.how_long);
    }
    out.push_str("\nLes autres tables ne désignent personne, ou sont montrées à part :\n\n");
    for (table, what) in OTHERS {
        let _ = writeln!(out, "- `{table}` : {what}");
    }
    out
}
