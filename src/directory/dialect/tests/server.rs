//! What a server does to entries: keeps them in its own order and writing, and refuses what LDAP refuses.

use super::super::matching::same_folded;
use crate::directory::{AttributeChange, Dn, Entry, Value};

/// A group that somebody else manages.
pub const FOREIGN_GROUP: &str = "esco:Etablissements:X";

/// The entry as it might be read back: attributes and values in another order, names and DNs in another case, spaces
/// in DNs, classes and attributes that somebody else added.
pub fn read_back(entry: &Entry) -> Entry {
    let mut back = Entry::new(Dn::parse(&entry.dn.as_str().to_uppercase().replace(',', ", ")).unwrap());
    for (name, values) in entry.attributes.iter().rev() {
        let mut values: Vec<Value> =
            values.iter().rev().map(|v| v.as_text().map_or(v.clone(), |t| Value::from(rewrite(t)))).collect();
        if name == "objectClass" {
            values.push("labeledURIObject".into());
        }
        let name = if name.len() % 2 == 0 { name.to_lowercase() } else { name.clone() };
        back.attributes.push((name, values));
    }
    back.attributes.retain(|(n, _)| !n.eq_ignore_ascii_case("ESCOPersonEtatCompte"));
    back.push("ESCOPersonEtatCompte", ["VALIDE"]);
    back.push("ESCOPersonValidationCharte", ["20260901120000Z"]);
    back.push("isMemberOf", [FOREIGN_GROUP]);
    back.push("userPassword", ["{SSHA}abc"]);
    back
}

/// DNs in another writing, alone or as the first field.
fn rewrite(text: &str) -> String {
    let (head, rest) = text.split_once('$').map_or((text, None), |(h, r)| (h, Some(r)));
    if !head.contains(",dc=") {
        return text.to_owned();
    }
    let head = head.to_uppercase().replace(',', " , ");
    rest.map_or_else(|| head.clone(), |rest| format!("{head}${rest}"))
}

/// Carries out a modify as a server does: what is removed has to be there, what is added must not be.
pub fn modify(entry: &mut Entry, changes: &[AttributeChange]) {
    for change in changes {
        let mut values = entry.values(&change.attribute).to_vec();
        for old in &change.old {
            let at = values.iter().position(|v| v == old);
            values.remove(at.unwrap_or_else(|| panic!("{} has no {old:?}", change.attribute)));
        }
        for new in &change.new {
            let text = new.as_text().unwrap();
            assert!(!text.trim().is_empty(), "an empty value of {}", change.attribute);
            let twin = values.iter().filter_map(Value::as_text).find(|v| same_folded(v, text));
            assert_eq!(twin, None, "{} has {text:?} already", change.attribute);
            values.push(new.clone());
        }
        entry.attributes.retain(|(n, _)| !n.eq_ignore_ascii_case(&change.attribute));
        entry.push(&change.attribute, values);
    }
}

/// As LDIF, for golden files.
pub fn ldif(entry: &Entry) -> String {
    let mut out = format!("dn: {}\n", entry.dn);
    for (name, values) in &entry.attributes {
        for value in values {
            out.push_str(&format!("{name}: {}\n", value.as_text().unwrap()));
        }
    }
    out
}
