//! One account, and what a server does to it.

use crate::directory::{Dn, Entry, Modification, Value};

/// An account that has nothing but this attribute.
pub fn entry(attribute: &str, values: &[&str]) -> Entry {
    let mut entry = Entry::new(Dn::parse("uid=x,dc=fr").unwrap());
    entry.push(attribute, values.iter().copied());
    entry
}

/// As a server does, but that nothing is refused.
pub fn carry_out(entry: &mut Entry, modifications: Vec<Modification>) {
    for m in modifications {
        let mut values: Vec<Value> = entry.values(&m.attribute).to_vec();
        values.retain(|v| !m.delete.contains(v));
        values.extend(m.add);
        entry.attributes.retain(|(n, _)| *n != m.attribute);
        entry.push(&m.attribute, values);
    }
}
