//! A directory as it can be compared with another one: without what is drawn at random or depends on the night.

use std::collections::{BTreeMap, BTreeSet};

use super::judge::Sight;

/// What is drawn for a person, or sealed.
const DRAWN: [&str; 5] = ["uid", "ENTPersonLogin", "ENTPersonAlias", "ENTPersonGARIdentifiant", "userPassword"];

/// Each value of each entry as a line; people are named by their first join key.
pub fn of(sight: &Sight) -> BTreeSet<String> {
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    for entry in sight.entries.values() {
        if let (Some(key), Some(uid)) = (entry.texts("ENTPersonJointure").min(), entry.first("uid")) {
            keys.insert(format!("uid={uid},"), format!("key={key},"));
        }
    }
    // A value may name somebody anywhere in it (`4$uid=F260001,ou=people,…`).
    let by_key = |text: &str| match text.find("uid=") {
        Some(from) => {
            let to = text[from..].find(',').map_or(text.len(), |comma| from + comma + 1);
            let key = keys.get(&text[from..to]).map_or(&text[from..to], String::as_str);
            format!("{}{key}{}", &text[..from], &text[to..])
        }
        None => text.to_owned(),
    };
    let mut lines = BTreeSet::new();
    for entry in sight.entries.values() {
        let name = by_key(entry.dn.as_str());
        lines.insert(name.clone());
        for (attribute, values) in &entry.attributes {
            if !DRAWN.iter().any(|drawn| attribute.eq_ignore_ascii_case(drawn)) {
                let values = values.iter().filter_map(rentree::directory::Value::as_text);
                lines.extend(values.map(|value| format!("{name}  {attribute}: {}", by_key(value))));
            }
        }
    }
    for (key, row) in &sight.accounts {
        lines.insert(format!("{key} is {}", row.stage.name()));
    }
    lines
}
