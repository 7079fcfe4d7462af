//! What an add must be, and what a modify does to an entry's attributes: the checks that every LDAP server makes
//! whatever its schema. The schema itself is not checked here.

use std::collections::HashSet;

use super::matching::Rule;
use crate::directory::{DirectoryError, Dn, Entry, Modification, Value};

/// LDAP result codes (RFC 4511 §4.1.9) that the embedded directory answers with.
const PROTOCOL_ERROR: u32 = 2;
const CONSTRAINT_VIOLATION: u32 = 19;
const ATTRIBUTE_OR_VALUE_EXISTS: u32 = 20;
const INVALID_ATTRIBUTE_SYNTAX: u32 = 21;
const NAMING_VIOLATION: u32 = 64;
const OBJECT_CLASS_VIOLATION: u32 = 65;
const NOT_ALLOWED_ON_RDN: u32 = 67;

type Attributes = Vec<(String, Vec<Value>)>;

fn rejected(dn: &Dn, code: u32, reason: impl Into<String>) -> DirectoryError {
    DirectoryError::Rejected { dn: dn.to_string(), code, reason: reason.into() }
}

/// The attributes of an entry to add: a repeated value is kept once, as sets are; two writings of one value are an
/// error.
pub(super) fn check_add(entry: &Entry) -> Result<Attributes, DirectoryError> {
    let mut attributes = Attributes::with_capacity(entry.attributes.len());
    for (name, values) in &entry.attributes {
        check_name(&entry.dn, name)?;
        if values.is_empty() {
            return Err(rejected(&entry.dn, PROTOCOL_ERROR, format!("{name} has no value")));
        }
        if attributes.iter().any(|(n, _)| n.eq_ignore_ascii_case(name)) {
            return Err(rejected(&entry.dn, ATTRIBUTE_OR_VALUE_EXISTS, format!("{name} is given twice")));
        }
        if values.len() == 1 {
            attributes.push((name.clone(), values.clone()));
            continue;
        }
        let rule = Rule::of(name);
        let mut written = HashSet::with_capacity(values.len());
        let mut keys = HashSet::with_capacity(values.len());
        let mut kept = Vec::with_capacity(values.len());
        for value in values {
            if !written.insert(value) {
                continue;
            }
            if !keys.insert(rule.key(value)) {
                return Err(rejected(&entry.dn, ATTRIBUTE_OR_VALUE_EXISTS, format!("{name} has one value twice")));
            }
            kept.push(value.clone());
        }
        attributes.push((name.clone(), kept));
    }
    if entry.values("objectClass").is_empty() {
        return Err(rejected(&entry.dn, OBJECT_CLASS_VIOLATION, "no objectClass"));
    }
    if !has_own_name(&entry.dn, &attributes) {
        return Err(rejected(&entry.dn, NAMING_VIOLATION, "the value of the name is not among the attributes"));
    }
    Ok(attributes)
}

/// Carries out `modifications` in their order. The attributes are to be thrown away after an error.
pub(super) fn modify(
    dn: &Dn,
    attributes: &mut Attributes,
    modifications: &[Modification],
) -> Result<(), DirectoryError> {
    for Modification { attribute, delete, add } in modifications {
        check_name(dn, attribute)?;
        let rule = Rule::of(attribute);
        let moved = |reason: String| DirectoryError::Moved { dn: dn.to_string(), reason };
        let place = attributes.iter().position(|(n, _)| n.eq_ignore_ascii_case(attribute));
        let (name, mut values) = place.map_or_else(|| (attribute.clone(), Vec::new()), |i| attributes.swap_out(i));
        if !delete.is_empty() {
            let mut gone: HashSet<_> = delete.iter().map(|v| rule.key(v)).collect();
            if gone.len() < delete.len() {
                return Err(rejected(dn, CONSTRAINT_VIOLATION, format!("{attribute}: one value deleted twice")));
            }
            values.retain(|v| !gone.remove(&*rule.key(v)));
            if !gone.is_empty() {
                return Err(moved(format!("{attribute}: {} of the values to delete not there", gone.len())));
            }
        }
        if !add.is_empty() {
            let mut keys: HashSet<_> = values.iter().map(|v| rule.key(v)).collect();
            let before = keys.len();
            keys.extend(add.iter().map(|v| rule.key(v)));
            if keys.len() < before + add.len() {
                return Err(moved(format!("{attribute}: some of the values to add are already there")));
            }
            values.extend(add.iter().cloned());
        }
        match place {
            Some(i) => attributes.swap_in(i, (name, values)),
            None => attributes.push((name, values)),
        }
    }
    attributes.retain(|(_, values)| !values.is_empty());
    if has_own_name(dn, attributes) { Ok(()) } else { Err(rejected(dn, NOT_ALLOWED_ON_RDN, "the value of the name")) }
}

/// What a rename does to an entry's attributes: the values of the old name go, those of the new one come.
pub(super) fn rename(dn: &Dn, to: &Dn, attributes: &mut Attributes) {
    for (kind, value) in dn.rdn_pairs() {
        let (rule, value) = (Rule::of(&kind), Value::from(value));
        let key = rule.key(&value);
        if let Some((_, values)) = attributes.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(&kind)) {
            values.retain(|v| rule.key(v) != key);
        }
    }
    for (kind, value) in to.rdn_pairs() {
        let (rule, value) = (Rule::of(&kind), Value::from(value));
        match attributes.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(&kind)) {
            Some((_, values)) if values.iter().any(|v| rule.key(v) == rule.key(&value)) => {}
            Some((_, values)) => values.push(value),
            None => attributes.push((kind, vec![value])),
        }
    }
    attributes.retain(|(_, values)| !values.is_empty());
}

/// Takes an element out of a vector and puts it back without moving the others.
trait Swap {
    type Item;
    fn swap_out(&mut self, at: usize) -> Self::Item;
    fn swap_in(&mut self, at: usize, item: Self::Item);
}

impl Swap for Attributes {
    type Item = (String, Vec<Value>);

    fn swap_out(&mut self, at: usize) -> Self::Item {
        self.get_mut(at).map(std::mem::take).unwrap_or_default()
    }

    fn swap_in(&mut self, at: usize, item: Self::Item) {
        if let Some(place) = self.get_mut(at) {
            *place = item;
        }
    }
}

/// Attribute descriptions (RFC 4512 §2.5): a colon or a line end in a name would break the lines that they are kept in.
fn check_name(dn: &Dn, name: &str) -> Result<(), DirectoryError> {
    let valid = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b';' | b'.'));
    if valid {
        Ok(())
    } else {
        Err(rejected(dn, INVALID_ATTRIBUTE_SYNTAX, format!("{name:?} is not an attribute name")))
    }
}

fn has_own_name(dn: &Dn, attributes: &Attributes) -> bool {
    let (kind, value) = (dn.rdn_type(), Value::from(dn.rdn_value()));
    let rule = Rule::of(&kind);
    let key = rule.key(&value);
    let values = attributes.iter().find(|(n, _)| n.eq_ignore_ascii_case(&kind)).map_or(&[][..], |(_, v)| v);
    values.iter().any(|v| rule.key(v) == key)
}
