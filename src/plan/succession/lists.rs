//! The classes and teaching groups that a structure declares, once another one has joined it.

use std::collections::BTreeMap;

use crate::directory::dialect::{Dialect, Source};
use crate::directory::{AttributeChange, Entry, Value};

/// What a structure's lists lack of those of the one that joins it: whole classes and groups; of those that both have,
/// a label and the items behind it.
pub(super) fn joined(dialect: &Dialect, former: &Entry, present: &Entry) -> Vec<AttributeChange> {
    let sources = [Source::Classes, Source::Groups].into_iter();
    sources.flat_map(|source| dialect.of_structure(source)).filter_map(|name| one(name, former, present)).collect()
}

fn one(attribute: &str, former: &Entry, present: &Entry) -> Option<AttributeChange> {
    let own: BTreeMap<&str, &str> = present.texts(attribute).map(|value| (code(value), value)).collect();
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for value in former.texts(attribute) {
        match own.get(code(value)) {
            None => new.push(Value::from(value)),
            Some(there) => {
                let both = both(there, value);
                if both != **there {
                    old.push(Value::from(*there));
                    new.push(Value::from(both));
                }
            }
        }
    }
    let changes = !new.is_empty();
    changes.then(|| AttributeChange { attribute: attribute.to_owned(), old, new, unset: false })
}

/// `code$label$item…`
fn code(value: &str) -> &str {
    value.split('$').next().unwrap_or_default().trim()
}

fn both(own: &str, other: &str) -> String {
    let mut parts: Vec<&str> = own.split('$').collect();
    for (at, part) in other.split('$').enumerate().skip(1) {
        if at > 1 && parts.iter().skip(2).any(|known| *known == part) {
            continue;
        }
        match parts.get_mut(1).filter(|_| at == 1) {
            Some(label) if label.trim().is_empty() => *label = part,
            Some(_) => {}
            None => parts.push(part),
        }
    }
    parts.join("$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_declare_is_declared_once() {
        for (own, other, expected) in [
            ("5A$CINQUIEME A$1$2", "5A$5EME A$2$3", "5A$CINQUIEME A$1$2$3"),
            ("5A$", "5A$CINQUIEME", "5A$CINQUIEME"),
            ("5A", "5A$CINQUIEME$1", "5A$CINQUIEME$1"),
            ("5A$CINQUIEME", "5A", "5A$CINQUIEME"),
        ] {
            assert_eq!(both(own, other), expected);
        }
    }
}
