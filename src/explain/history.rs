//! What happened to a person: the trail, with values where the plan files are still there; what the last plan holds.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use serde::Serialize;

use super::{HoldTold, Remark};
use crate::audit::{EventFilter, Kind, show};
use crate::directory::is_secret;
use crate::feed::Code;
use crate::plan::file::Reader;
use crate::plan::{AttributeChange, Change, Line, PlanError, Write};
use crate::roster::JoinKey;
use crate::store::Store;

/// Events told, the last ones.
const MOST: usize = 200;

/// Something that was done, or that failed.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    pub at: Timestamp,
    pub actor: String,
    pub run: String,
    /// As the trail names it.
    pub kind: String,
    /// Of a change: its plan, its number there, what it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// What the plan said beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Values before and after; none when the plan file has gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Values>,
}

/// What happened to one attribute.
#[derive(Debug, Clone, Serialize)]
pub struct Values {
    pub attribute: String,
    pub before: Vec<String>,
    pub after: Vec<String>,
}

/// Events, and the findings that the trail kept.
#[derive(Default)]
pub(super) struct History {
    pub events: Vec<Event>,
    pub findings: Vec<Remark>,
}

pub(super) async fn history(store: &Store, key: &JoinKey) -> Result<History, PlanError> {
    let filter = EventFilter { person: Some(key.clone()), ..EventFilter::default() };
    let mut all = show(store, &filter).await?;
    let mut history = History::default();
    while let Some(event) = all.try_next().await? {
        if event.kind == Kind::PersonLookedUp.name() {
            continue;
        }
        let payload = event.payload.unwrap_or_default();
        let text = |name: &str| payload.get(name).and_then(|v| v.as_str()).map(str::to_owned);
        if event.kind == Kind::Finding.name() {
            history.findings.extend(told(&payload));
            continue;
        }
        history.events.push(Event {
            at: event.at,
            actor: event.actor,
            run: event.run,
            kind: event.kind,
            plan: text("plan"),
            seq: payload.get("seq").and_then(serde_json::Value::as_u64),
            change: text("kind"),
            outcome: text("outcome"),
            note: text("reason"),
            values: Vec::new(),
        });
    }
    let more = history.events.len().saturating_sub(MOST);
    history.events.drain(..more);
    history.findings.dedup_by(|a, b| a.code == b.code && a.message == b.message);
    add_values(store, &mut history.events).await?;
    Ok(history)
}

/// A finding as the trail kept it.
fn told(payload: &serde_json::Value) -> Option<Remark> {
    let code = payload.get("code")?.as_str()?;
    let code = Code::ALL.iter().copied().find(|known| known.id() == code)?;
    let words = code.explanation();
    Some(Remark {
        code: code.id(),
        severity: code.severity().name(),
        title: code.title(),
        message: payload.get("message")?.as_str()?.to_owned(),
        effect: words.effect,
        remedy: words.remedy,
        origin: payload.get("origin").and_then(|origin| serde_json::from_value(origin.clone()).ok()),
    })
}

/// Reads the values of the changes from the plans that are still there.
async fn add_values(store: &Store, events: &mut [Event]) -> Result<(), PlanError> {
    let mut wanted: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for event in events.iter() {
        if let (Some(plan), Some(seq)) = (&event.plan, event.seq) {
            wanted.entry(plan.clone()).or_default().push(seq);
        }
    }
    let mut found: HashMap<(String, u64), Change> = HashMap::new();
    for (plan, seqs) in wanted {
        let Some(row) = store.plan(&plan).await? else { continue };
        let path = PathBuf::from(row.file);
        let read = tokio::task::spawn_blocking(move || changes(&path, &plan, &seqs)).await;
        found.extend(read.map_err(|e| PlanError::Stopped(e.to_string()))?);
    }
    for event in events {
        let Some(change) = event.plan.clone().zip(event.seq).and_then(|at| found.get(&at)) else { continue };
        event.note = event.note.take().or_else(|| change.note.clone());
        event.values = values(change);
    }
    Ok(())
}

/// Some changes of a plan file; none of one that has gone or cannot be read.
fn changes(path: &std::path::Path, plan: &str, seqs: &[u64]) -> Vec<((String, u64), Change)> {
    let Ok(lines) = Reader::open(path) else { return Vec::new() };
    // Another plan may have taken the file's place.
    if lines.header().plan_id.to_string() != plan {
        return Vec::new();
    }
    let last = seqs.iter().copied().max().unwrap_or_default();
    let changes = lines.map_while(Result::ok).filter_map(|line| match line {
        Line::Change(change) => Some(*change),
        _ => None,
    });
    changes
        .take_while(|change| change.seq <= last)
        .filter(|change| seqs.contains(&change.seq))
        .map(|change| ((plan.to_owned(), change.seq), change))
        .collect()
}

fn values(change: &Change) -> Vec<Values> {
    let texts = |values: &[crate::directory::Value]| {
        values.iter().map(|v| v.as_text().unwrap_or("(octets)").to_owned()).collect::<Vec<_>>()
    };
    let differences = |attributes: &[AttributeChange]| {
        let shown = attributes.iter().filter(|a| !is_secret(&a.attribute));
        shown.map(|a| Values { attribute: a.attribute.clone(), before: texts(&a.old), after: texts(&a.new) }).collect()
    };
    match &change.write {
        Write::Add { attributes, .. } => {
            let shown = attributes.iter().filter(|(name, _)| !is_secret(name));
            shown.map(|(n, v)| Values { attribute: n.clone(), before: Vec::new(), after: texts(v) }).collect()
        }
        Write::Modify { attributes } | Write::Lock { attributes } | Write::Unlock { attributes } => {
            differences(attributes)
        }
        _ => Vec::new(),
    }
}

/// What the last plan keeps back of somebody.
pub(super) async fn holds(store: &Store, key: &JoinKey) -> Result<Vec<HoldTold>, PlanError> {
    let Some(row) = store.last_plan().await? else { return Ok(Vec::new()) };
    let (path, key) = (PathBuf::from(row.file), key.clone());
    let read = tokio::task::spawn_blocking(move || {
        let Ok(lines) = Reader::open(&path) else { return Vec::new() };
        let (plan, created) = (lines.header().plan_id.to_string(), lines.header().created);
        let mut messages: HashMap<String, String> = HashMap::new();
        let mut told: Vec<HoldTold> = Vec::new();
        let mut add = |id: String, message: String| {
            if !told.iter().any(|hold| hold.id == id) {
                told.push(HoldTold { plan: plan.clone(), created, id, message });
            }
        };
        for line in lines.map_while(Result::ok) {
            match line {
                Line::Hold(hold) => {
                    if hold.join_key.as_ref() == Some(&key) {
                        add(hold.id.clone(), hold.message.clone());
                    }
                    messages.insert(hold.id, hold.message);
                }
                Line::Held { hold, change, .. } if change.subject.join_key.as_ref() == Some(&key) => {
                    let message = messages.get(&hold).cloned().unwrap_or_default();
                    add(hold, message);
                }
                Line::Change(_) | Line::Seal(_) => break,
                _ => {}
            }
        }
        told
    });
    read.await.map_err(|e| PlanError::Stopped(e.to_string()))
}
