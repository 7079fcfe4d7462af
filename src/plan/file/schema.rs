//! `schemas/plan.schema.json` says what the writer writes: every line of a sample is checked against it, strictly.

use serde_json::{Value, json};

use crate::plan::fixtures::{self, Plan, add, attributes, members, modify};
use crate::plan::{Change, ChangeKind, HoldReason, Write};

const SCHEMA: &str = include_str!("../../../schemas/plan.schema.json");

/// Checks `value` against the part of JSON Schema that the plan's uses. Stricter than the standard: an object may hold
/// no property that the schema does not describe, so that a field added to the types and forgotten there is found.
fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{at}: {why}: {value}"));
    if let Some(path) = schema["$ref"].as_str() {
        let target = root.pointer(path.trim_start_matches('#')).ok_or(format!("{path} leads nowhere"))?;
        return check(root, target, value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let answers: Vec<_> = choices.iter().map(|choice| check(root, choice, value, at)).collect();
        return match answers.iter().filter(|a| a.is_ok()).count() {
            1 => Ok(()),
            0 => Err(answers.into_iter().filter_map(Result::err).collect::<Vec<_>>().join("\n  or ")),
            _ => wrong("several choices fit"),
        };
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return wrong("is not the constant");
    }
    if schema["enum"].as_array().is_some_and(|list| !list.contains(value)) {
        return wrong("is not in the list");
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types = &schema["type"];
    if !types.is_null() && types != kind && !types.as_array().is_some_and(|list| list.contains(&json!(kind))) {
        return wrong(&format!("is not of type {types}"));
    }
    for required in schema["required"].as_array().into_iter().flatten() {
        if value.get(required.as_str().unwrap()).is_none() {
            return wrong(&format!("has no {required}"));
        }
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        let described = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
        match described {
            Some(described) if described.is_object() => check(root, described, inner, &format!("{at}/{name}"))?,
            _ => return wrong(&format!("{name} is not described")),
        }
    }
    for (i, inner) in value.as_array().into_iter().flatten().enumerate() {
        let described = schema["prefixItems"].get(i).or_else(|| schema.get("items"));
        check(root, described.ok_or(format!("{at}/{i} is not described"))?, inner, &format!("{at}/{i}"))?;
    }
    Ok(())
}

fn line(tag: &str, value: impl serde::Serialize) -> Value {
    let mut value = serde_json::to_value(value).unwrap();
    value["line"] = json!(tag);
    value
}

fn changes() -> Vec<Change> {
    let mut plan = Plan::default();
    let some = || attributes(&[("cn", &["a"], &["b"]), ("sn", &[], &["x"])]);
    for (i, kind) in ChangeKind::ALL.into_iter().enumerate() {
        plan.person(kind, i, Some("6A"), Write::Nothing);
    }
    let full = plan.person(ChangeKind::Create, 20, Some("6A"), add(20));
    full.note = Some("note".to_owned());
    full.adopts = Some(crate::plan::Proof::Ine);
    full.subject.level = Some("10010012110".into());
    let octets = vec![("jpegPhoto".to_owned(), vec![crate::directory::Value::Octets(vec![0xff, 0])])];
    plan.object(ChangeKind::GroupCreate, "g", Write::Add { attributes: octets, credential: false });
    plan.person(ChangeKind::Update, 21, None, modify(&[("cn", &["a"], &["b"])]));
    plan.person(ChangeKind::Suspend, 22, None, Write::Lock { attributes: some() });
    plan.person(ChangeKind::Restore, 23, None, Write::Unlock { attributes: some() });
    plan.person(ChangeKind::Purge, 24, None, Write::Delete);
    plan.person(ChangeKind::Reissue, 25, Some("6A"), Write::Password { seen: vec!["0".repeat(32)] });
    plan.object(ChangeKind::GroupUpdate, "g", members(2, 1));
    plan.object(ChangeKind::GroupDelete, "g", Write::Delete);
    let to = crate::directory::Dn::parse("cn=h,ou=groups,dc=fr").unwrap();
    plan.object(ChangeKind::GroupRename, "g", Write::Rename { to: to.clone(), attributes: some() });
    plan.object(ChangeKind::GroupDelete, "g", Write::Dissolve { members: vec![to] });
    plan.person(ChangeKind::Restore, 9, Some("4B"), Write::Nothing).undo = Some(Box::new(undo()));
    plan.changes
}

/// A change that takes another one back, with everything that it may say.
fn undo() -> crate::plan::Undo {
    let digest = Some(crate::directory::dialect::OwnedDigest([7; 16]));
    let account = crate::store::AccountRow {
        join_key: crate::roster::JoinKey::new("AC-RENNES", "9"),
        dn: "uid=f00009,ou=people,dc=esco-centre,dc=fr".to_owned(),
        profile: crate::roster::Profile::Pupil,
        stage: crate::store::Stage::Absent,
        since: jiff::civil::date(2026, 9, 2),
        schools: vec![fixtures::MOULIN.into()],
        class: Some("4B".into()),
        level: None,
        expected: true,
        adopted: false,
        written: digest,
        left: Some(jiff::civil::date(2026, 9, 2)),
        former_class: Some("5A".into()),
    };
    crate::plan::Undo {
        seq: 12,
        stage: Some(crate::store::Stage::Suspended),
        left: digest,
        entry: digest,
        account: Some(Box::new(account)),
        forgets: true,
    }
}

#[test]
fn the_schema_describes_every_line() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let ok = |value: &Value| check(&schema, &schema, value, "").unwrap();
    ok(&line("header", fixtures::header()));
    let renamed = fixtures::structure_change();
    let merged = crate::plan::StructureChange {
        merge: true,
        into: Some("Lycée".to_owned()),
        kept: vec!["0290009C_Chorale".to_owned()],
        deleted: true,
        ..renamed.clone()
    };
    ok(&line("header", crate::plan::Header { structures: vec![renamed, merged], ..fixtures::header() }));
    let undoes = crate::plan::Undoes {
        plan: fixtures::header().plan_id,
        created: fixtures::header().created,
        years: [(fixtures::MOULIN.into(), Some(2025)), (fixtures::WEIL.into(), None)].into(),
    };
    ok(&line("header", crate::plan::Header { undoes: Some(undoes), ..fixtures::header() }));
    ok(&line("header", crate::plan::Header { purge: true, ..fixtures::header() }));
    let decided = crate::plan::Decided {
        by: vec!["zoe@pc".to_owned()],
        at: "2026-09-02T01:12:00Z".parse().unwrap(),
        why: "fermeture".to_owned(),
    };
    for reason in HoldReason::ALL {
        ok(&line("hold", crate::plan::Hold { reason, ..fixtures::hold_of_pupil(1) }));
        let (remark, discarded) = (Some("Levée…".to_owned()), Some(decided.clone()));
        ok(&line("hold", crate::plan::Hold { reason, remark, discarded, ..fixtures::hold_of_school() }));
    }
    let released = crate::plan::ReleasedHold {
        id: "create-limit:0290009C:pupil".to_owned(),
        reason: HoldReason::CreateLimit,
        school: Some(fixtures::uai(fixtures::MOULIN)),
        changes: 12,
        decided,
    };
    let closed = crate::plan::ClosedHolds { carried_out: 1, superseded: 2 };
    ok(&line("header", crate::plan::Header { released: vec![released], closed, ..fixtures::header() }));
    let renewal = crate::plan::Renewal {
        action: crate::plan::Renew::Revoke,
        reason: "carton de fiches volé".to_owned(),
        reset: true,
    };
    ok(&line("header", crate::plan::Header { credentials: Some(renewal), ..fixtures::header() }));
    for also in [vec![], vec!["x".to_owned()]] {
        ok(&json!({ "line": "held", "hold": "y", "change": changes().remove(0) }));
        ok(&serde_json::to_value(crate::plan::Line::Held {
            hold: "y".to_owned(),
            also,
            change: Box::new(changes().remove(0)),
        })
        .unwrap());
    }
    for change in changes() {
        ok(&line("change", change));
    }
    ok(&line("seal", crate::plan::Seal { digest: "0".repeat(64), changes: 1, holds: 0 }));
}

#[test]
fn the_schema_refuses_other_things() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let header = line("header", fixtures::header());
    let change = line("change", changes().remove(0));
    let with = |value: &Value, pointer: &str, new: Value| {
        let mut value = value.clone();
        *value.pointer_mut(pointer).unwrap() = new;
        value
    };
    for wrong in [
        json!({}),
        json!({"line": "hold"}),
        with(&header, "/format_version", json!(1)),
        with(&header, "/totals/accounts/held", json!("3")),
        with(&change, "/kind", json!("vanish")),
        with(&change, "/write", json!({"modify": {}})),
        with(&change, "/write", json!({"add": {"attributes": []}, "delete": null})),
    ] {
        assert!(check(&schema, &schema, &wrong, "").is_err(), "{wrong}");
    }
}
