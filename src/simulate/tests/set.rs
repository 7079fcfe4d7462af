//! Reads a written set back with quick-xml alone, strictly: what the tests look at.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::simulate::{Options, Summary, write};

/// One request as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// `addRequest`, `modifyRequest`, `deleteRequest`.
    pub request: String,
    pub category: String,
    pub key: String,
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Names in the order of the file.
    pub order: Vec<String>,
}

impl Item {
    pub(super) fn values(&self, name: &str) -> &[String] {
        self.attributes.get(name).unwrap_or_else(|| panic!("{name} is not listed in {}", self.key))
    }

    pub(super) fn first(&self, name: &str) -> &str {
        self.values(name).first().map_or("", String::as_str)
    }
}

/// A set as read back: items by category token and key.
pub(super) type Set = BTreeMap<(String, String), Item>;

pub(super) fn options(schools: u32, pupils: u32, seed: u64, out: &Path) -> Options {
    Options {
        schools,
        pupils,
        seed,
        year: 2026,
        day: 0,
        delta: false,
        bascule: false,
        bascule_night: None,
        out: out.to_owned(),
    }
}

/// Writes and reads back.
pub(super) fn written(options: &Options) -> (Summary, Set) {
    let summary = write(options, &|_| {}).unwrap();
    let mut set = Set::new();
    for file in &summary.files {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        for item in read(&std::fs::read_to_string(file).unwrap()) {
            let twice = set.insert((item.category.clone(), item.key.clone()), item);
            assert!(twice.is_none(), "{twice:?} is there twice");
        }
    }
    assert_eq!(set.len() as u64, summary.records.iter().sum::<u64>());
    (summary, set)
}

pub(super) fn of<'s>(set: &'s Set, category: &'s str) -> impl Iterator<Item = &'s Item> {
    set.values().filter(move |item| item.category == category)
}

/// Parses one file; panics on anything that is not well formed or not in the grammar.
pub(super) fn read(text: &str) -> Vec<Item> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut items: Vec<Item> = Vec::new();
    let (mut attribute, mut value) = (String::new(), String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => break,
            Event::Start(tag) => {
                let name = tag.name().as_ref().to_owned();
                if let Some(named) = tag.try_get_attribute("name").unwrap() {
                    attribute = named.value.into_owned();
                }
                if let Some(operation) = tag.try_get_attribute("operation").unwrap() {
                    assert_eq!(operation.value, "replace");
                }
                if name.ends_with("Request") {
                    items.push(Item {
                        request: name.clone(),
                        category: String::new(),
                        key: String::new(),
                        attributes: BTreeMap::new(),
                        order: Vec::new(),
                    });
                }
                if matches!(name.as_str(), "attr" | "modification") && path.last().unwrap() != "operationalAttributes" {
                    let item = items.last_mut().unwrap();
                    assert!(item.attributes.insert(attribute.clone(), Vec::new()).is_none(), "{attribute} twice");
                    item.order.push(attribute.clone());
                }
                value.clear();
                path.push(name);
            }
            Event::Empty(tag) => assert_eq!(tag.name().as_ref(), "value"),
            Event::Text(piece) => value.push_str(&piece),
            Event::GeneralRef(entity) => value.push_str(match entity.as_ref() {
                "amp" => "&",
                "lt" => "<",
                "gt" => ">",
                "apos" => "'",
                "quot" => "\"",
                other => panic!("entity {other}"),
            }),
            Event::End(_) => {
                let closed = path.pop().unwrap();
                let inside: Vec<&str> = path.iter().map(String::as_str).collect();
                match (closed.as_str(), inside.last().copied(), inside.get(2).copied()) {
                    ("value", Some("attr"), Some("operationalAttributes")) => {
                        items.last_mut().unwrap().category = std::mem::take(&mut value);
                    }
                    ("value", Some("attr" | "modification"), _) => {
                        let values = items.last_mut().unwrap().attributes.get_mut(&attribute).unwrap();
                        values.push(std::mem::take(&mut value));
                    }
                    ("id", _, _) => items.last_mut().unwrap().key = std::mem::take(&mut value),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    assert!(path.is_empty(), "the file ends inside {path:?}");
    items
}
