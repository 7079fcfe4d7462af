//! Two accounts of one adult who has two roles (a parent who teaches): each says which the other is (the SDET schema:
//! `ENTPersonRelation` with `ENTPersRelRapprochPrincipal` and `ENTPersRelRapprochSecondaire`).
//!
//! The attributes are the engine's, value by value: what it has written it takes away again, what another hand wrote
//! stays. The class stays too, which allows attributes and asks for none: another hand may rely on it.

use serde::Deserialize;

use crate::directory::{AttributeChange, Dn, Entry, Schema, Value};

const OBJECT_CLASS: &str = "objectClass";

/// In which terms a directory says that two accounts are of one adult. Absent where its schema has none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// The auxiliary class that both entries need.
    pub class: String,
    /// On the secondary account: the DN of the principal one. One value.
    pub principal: String,
    /// On the principal account: the DN of each secondary one.
    pub secondary: String,
}

/// Whom one account is linked to. A secondary account has a principal one and no secondary ones: there are no chains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkedTo {
    pub principal: Option<Dn>,
    pub secondaries: Vec<Dn>,
}

impl LinkedTo {
    /// Whether no account is linked to this one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.principal.is_none() && self.secondaries.is_empty()
    }
}

impl Relation {
    /// Whether a server can hold it.
    #[must_use]
    pub fn is_known(&self, schema: &Schema) -> bool {
        if schema.class(&self.class).is_none() {
            return false;
        }
        let class = schema.together([self.class.as_str()]);
        [&self.principal, &self.secondary].iter().all(|name| {
            let number = schema.number(name).filter(|number| class.allows(*number));
            number.and_then(|number| schema.numbered(number)).is_some_and(|attribute| attribute.user_modifiable)
        })
    }

    /// The two attributes.
    #[must_use]
    pub fn attributes(&self) -> [&str; 2] {
        [&self.principal, &self.secondary]
    }

    /// Whether an attribute is one of them.
    #[must_use]
    pub fn is_link(&self, attribute: &str) -> bool {
        self.attributes().iter().any(|name| name.eq_ignore_ascii_case(attribute))
    }

    /// What has to be modified so that an entry says what is `due`. `ours` is what the engine has written on it.
    ///
    /// A principal that another hand wrote stays, and is then the only one: the attribute holds one value.
    #[must_use]
    pub fn differences(&self, entry: &Entry, due: &LinkedTo, ours: &LinkedTo) -> Vec<AttributeChange> {
        let mut changes = Vec::new();
        let (due_principal, our_principal) = (due.principal.as_slice(), ours.principal.as_slice());
        for (attribute, due, ours, single) in [
            (&self.principal, due_principal, our_principal, true),
            (&self.secondary, &due.secondaries, &ours.secondaries, false),
        ] {
            let there = entry.values(attribute);
            let dn = |value: &Value| value.as_text().and_then(|text| Dn::parse(text).ok());
            let goes = |value: &&Value| dn(value).is_some_and(|dn| ours.contains(&dn) && !due.contains(&dn));
            let old: Vec<Value> = there.iter().filter(goes).cloned().collect();
            let taken = single && there.len() > old.len();
            let missing = due.iter().filter(|dn_due| !there.iter().any(|value| dn(value).as_ref() == Some(dn_due)));
            let new: Vec<Value> = missing.filter(|_| !taken).map(|dn| dn.as_str().into()).collect();
            if !(old.is_empty() && new.is_empty()) {
                changes.push(AttributeChange { attribute: attribute.clone(), old, new, unset: there.is_empty() });
            }
        }
        let writes = changes.iter().any(|change| !change.new.is_empty());
        if writes && !entry.texts(OBJECT_CLASS).any(|class| class.trim().eq_ignore_ascii_case(&self.class)) {
            let class = AttributeChange {
                attribute: OBJECT_CLASS.to_owned(),
                old: Vec::new(),
                new: vec![self.class.as_str().into()],
                unset: false,
            };
            changes.insert(0, class);
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "uid=A,ou=people";
    const B: &str = "uid=B,ou=people";

    fn relation() -> Relation {
        Relation { class: "R".into(), principal: "P".into(), secondary: "S".into() }
    }

    fn to(principal: Option<&str>, secondaries: &[&str]) -> LinkedTo {
        let dn = |text: &str| Dn::parse(text).unwrap();
        LinkedTo { principal: principal.map(dn), secondaries: secondaries.iter().map(|text| dn(text)).collect() }
    }

    fn entry(values: &[(&str, &str)]) -> Entry {
        let mut entry = Entry::new(Dn::parse("uid=X,ou=people").unwrap());
        for (name, value) in values {
            entry.push(name, [*value]);
        }
        entry
    }

    fn told(entry: &Entry, due: &LinkedTo, ours: &LinkedTo) -> Vec<String> {
        let texts = |values: &[Value]| values.iter().filter_map(Value::as_text).collect::<Vec<_>>().join(",");
        let changes = relation().differences(entry, due, ours);
        changes.iter().map(|c| format!("{}-{}+{}", c.attribute, texts(&c.old), texts(&c.new))).collect()
    }

    #[test]
    fn what_is_due_is_added_once_with_its_class() {
        let bare = entry(&[("objectClass", "ENTPerson")]);
        assert_eq!(told(&bare, &to(Some(A), &[]), &to(None, &[])), ["objectClass-+R", "P-+uid=A,ou=people"]);
        let there = entry(&[("objectClass", "r"), ("S", "UID=a, ou=People")]);
        assert!(told(&there, &to(None, &[A]), &to(None, &[A])).is_empty(), "the same DN, written otherwise");
        assert_eq!(told(&there, &to(None, &[A, B]), &to(None, &[A])), ["S-+uid=B,ou=people"]);
    }

    #[test]
    fn only_ours_is_taken_away() {
        let there = entry(&[("objectClass", "R"), ("S", A), ("S", B), ("P", B)]);
        assert_eq!(told(&there, &to(None, &[]), &to(None, &[A])), ["S-uid=A,ou=people+"]);
        assert!(told(&there, &to(None, &[]), &to(None, &[])).is_empty());
        // Of one principal to another; and one that somebody else wrote is not ours to replace.
        assert_eq!(told(&there, &to(Some(A), &[]), &to(Some(B), &[])), ["P-uid=B,ou=people+uid=A,ou=people"]);
        assert!(told(&there, &to(Some(A), &[]), &to(None, &[])).is_empty());
    }
}
