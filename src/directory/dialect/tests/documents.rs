//! What is written about dialects from the types themselves: the schema for editors (`schemas/dialect.schema.json`) and
//! the tables of `docs/dialects.md`. Neither can lag behind.

use std::borrow::Cow;
use std::fmt::Write as _;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::super::file::File;
use super::super::source::Scope;
use super::super::{GroupRule, PRESETS, Slot, Source};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/dialect.schema.json");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/dialects.md");

/// Set to rewrite the files instead of comparing with them.
const UPDATE: &str = "RENTREE_UPDATE_DOCS";

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let all = Source::ALL.iter().map(|s| json!({ "const": s.name(), "description": s.meaning() }));
        json_schema!({ "oneOf": all.collect::<Vec<_>>() })
    }
}

impl JsonSchema for GroupRule {
    fn schema_name() -> Cow<'static, str> {
        "GroupRule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let all = GroupRule::ALL.iter().map(|r| json!({ "const": r.name(), "description": r.meaning() }));
        json_schema!({ "oneOf": all.collect::<Vec<_>>() })
    }
}

fn schema() -> serde_json::Value {
    schemars::schema_for!(File).to_value()
}

fn up_to_date(path: &str, expected: &str) {
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(path, expected).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == expected, "{path} is out of date: run this test once with {UPDATE}=1");
}

#[test]
fn the_schema_for_editors_is_up_to_date() {
    up_to_date(SCHEMA, &format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap()));
}

/// The schema says of every preset what the parser says: each key is known to it, and each value is one it allows.
#[test]
fn the_schema_allows_the_presets_and_no_unknown_key() {
    let schema = schema();
    for preset in PRESETS {
        let value: serde_json::Value = toml::from_str(preset.text).unwrap();
        let refused = refusals(&schema, &schema, &value, preset.name);
        assert!(refused.is_empty(), "{refused:#?}");
    }
    for (from, to) in [
        ("[marker]", "[marker]\ncolour = \"red\""),
        ("cn = \"cn\"", "cn = \"full_name\""),
        ("rule = \"profile\"", "rule = \"wish\""),
        ("method = \"prefix\"", "method = \"wish\""),
        ("profiles = \"mnemonic\"", "profiles = \"words\""),
        ("value = \"rentree\"", ""),
    ] {
        assert!(PRESETS[0].text.contains(from), "{from}");
        let value: serde_json::Value = toml::from_str(&PRESETS[0].text.replacen(from, to, 1)).unwrap();
        assert!(!refusals(&schema, &schema, &value, "").is_empty(), "{from} -> {to} is allowed");
    }
}

/// What a JSON schema refuses of a value, for the few words that ours uses.
fn refusals(root: &serde_json::Value, schema: &serde_json::Value, value: &serde_json::Value, at: &str) -> Vec<String> {
    let mut refused = Vec::new();
    let words = schema.as_object().unwrap();
    for (word, rule) in words {
        match word.as_str() {
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                refused.extend(refusals(root, target, value, at));
            }
            "type" => {
                let is = match value {
                    serde_json::Value::Object(_) => "object",
                    serde_json::Value::Array(_) => "array",
                    serde_json::Value::String(_) => "string",
                    serde_json::Value::Bool(_) => "boolean",
                    _ => "another",
                };
                if rule != is && !rule.as_array().is_some_and(|a| a.contains(&json!(is))) {
                    refused.push(format!("{at} is {is}, not {rule}"));
                }
            }
            "const" if rule != value => refused.push(format!("{at} is {value}, not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => refused.push(format!("{at} is {value}: {rule}")),
            "oneOf" | "anyOf" => {
                let fits = rule.as_array().unwrap().iter().filter(|s| refusals(root, s, value, at).is_empty()).count();
                if fits == 0 || (word == "oneOf" && fits > 1) {
                    refused.push(format!("{at} is {value}: {fits} of {rule} fit"));
                }
            }
            "properties" => {
                for (key, inner) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(key) {
                        refused.extend(refusals(root, inner, value, &format!("{at}.{key}")));
                    }
                }
            }
            "required" => {
                let missing = rule.as_array().unwrap().iter().filter(|k| value.get(k.as_str().unwrap()).is_none());
                refused.extend(missing.map(|k| format!("{at} has no {k}")));
            }
            "additionalProperties" => {
                let known = words.get("properties").and_then(|p| p.as_object());
                for (key, value) in value.as_object().into_iter().flatten() {
                    if known.is_some_and(|p| p.contains_key(key)) {
                        continue;
                    }
                    if rule == &json!(false) {
                        refused.push(format!("{at}.{key} is unknown"));
                    } else if rule.is_object() {
                        refused.extend(refusals(root, rule, value, &format!("{at}.{key}")));
                    }
                }
            }
            "items" => {
                for (i, value) in value.as_array().into_iter().flatten().enumerate() {
                    refused.extend(refusals(root, rule, value, &format!("{at}[{i}]")));
                }
            }
            "const" | "enum" | "$schema" | "title" | "description" | "default" | "$defs" => {}
            other => panic!("the schema says {other:?}, which this test does not know"),
        }
    }
    refused
}

#[test]
fn the_tables_of_the_documentation_are_up_to_date() {
    let mut page = std::fs::read_to_string(PAGE).unwrap();
    for (name, table) in [("sources", sources()), ("rules", rules()), ("slots", slots())] {
        let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        let (before, rest) = page.split_once(&start).unwrap_or_else(|| panic!("no {start}"));
        let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end}"));
        page = format!("{before}{start}\n{table}\n{end}{after}");
    }
    up_to_date(PAGE, &page);
    for preset in PRESETS {
        assert!(page.contains(&format!("## `{}`", preset.name)), "no chapter about {}", preset.name);
    }
}

fn sources() -> String {
    let mut table = String::from("| source | pour | donne |\n|---|---|---|\n");
    for source in Source::ALL {
        let people = [Scope::Pupil, Scope::Relative, Scope::Staff];
        let mut whom: Vec<&str> = Vec::new();
        if people.iter().all(|s| source.is_for(*s)) {
            whom.push("personnes");
        } else {
            whom.extend(people.iter().filter(|s| source.is_for(**s)).map(|s| french(*s)));
        }
        whom.extend([Scope::Structure, Scope::Group].iter().filter(|s| source.is_for(**s)).map(|s| french(*s)));
        let _ = writeln!(table, "| `{}` | {} | {} |", source.name(), whom.join(", "), cell(source.meaning()));
    }
    table
}

const fn french(scope: Scope) -> &'static str {
    match scope {
        Scope::Pupil => "élèves",
        Scope::Relative => "responsables",
        Scope::Staff => "personnels",
        Scope::Structure => "structures",
        Scope::Group => "groupes",
    }
}

fn rules() -> String {
    let mut table = String::from("| règle | membres | dans le motif |\n|---|---|---|\n");
    for rule in GroupRule::ALL {
        let slots = rule.slots().iter().map(|s| format!("`{}`", s.name())).collect::<Vec<_>>().join(", ");
        let _ = writeln!(table, "| `{}` | {} | {slots} |", rule.name(), cell(rule.meaning()));
    }
    table
}

fn slots() -> String {
    let mut table = String::from("| dans le motif | devient |\n|---|---|\n");
    for slot in Slot::ALL {
        let _ = writeln!(table, "| `{}` | {} |", slot.name(), cell(slot.meaning()));
    }
    table
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
