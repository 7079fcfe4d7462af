//! What a change says of itself in the trail: each attribute with the values that went and those that came.
//!
//! An event is erased with the person whom it is about, and with no other: whoever else is named in it (a parent in a
//! pupil's entry, the members of a group) stands there as a mark. Passwords and hashes are left out.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::WITHHELD;
use crate::directory::{AttributeChange, Dn, Value, is_secret};
use crate::plan::{Change, Write};

/// What is said of an attribute: nothing of a secret; else the values that went and came, as texts; octets are given by
/// their number.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Said {
    Withheld(&'static str),
    Values {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        old: Vec<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        new: Vec<String>,
    },
}

/// By attribute. `people` is the branch below which persons are; `mark` gives what stands for one of them.
pub(super) fn values<'c>(change: &'c Change, people: &Dn, mark: &dyn Fn(&str) -> String) -> BTreeMap<&'c str, Said> {
    let text = |value: &Value| match value {
        Value::Octets(octets) => format!("({} octets)", octets.len()),
        Value::Text(text) if names_a_person(text, people) => {
            Dn::parse(text).map_or_else(|_| mark(text), |dn| mark(dn.normalised()))
        }
        Value::Text(text) => text.clone(),
    };
    let mut all: BTreeMap<&str, Said> = BTreeMap::new();
    let mut say = |attribute: &'c str, went: &[Value], came: &[Value]| {
        let nothing = || {
            if is_secret(attribute) {
                Said::Withheld(WITHHELD)
            } else {
                Said::Values { old: Vec::new(), new: Vec::new() }
            }
        };
        if let Said::Values { old, new } = all.entry(attribute).or_insert_with(nothing) {
            old.extend(went.iter().map(text));
            new.extend(came.iter().map(text));
        }
    };
    let differences: &[AttributeChange] = match &change.write {
        Write::Add { attributes, .. } => {
            for (name, values) in attributes {
                say(name, &[], values);
            }
            &[]
        }
        Write::Members { attributes, .. }
        | Write::Modify { attributes }
        | Write::Lock { attributes }
        | Write::Unlock { attributes }
        | Write::Rename { attributes, .. } => attributes,
        Write::Nothing | Write::Delete | Write::Dissolve { .. } | Write::Password { .. } => &[],
    };
    for AttributeChange { attribute, old, new, .. } in differences {
        say(attribute, old, new);
    }
    if let Write::Members { add, remove, .. } = &change.write
        && (!add.is_empty() || !remove.is_empty())
    {
        let marks = |dns: &[Dn]| dns.iter().map(|dn| mark(dn.normalised())).collect();
        all.insert("members", Said::Values { old: marks(remove), new: marks(add) });
    }
    all
}

/// A DN below the branch of people, alone or before the fields of a composite value.
fn names_a_person(text: &str, people: &Dn) -> bool {
    text.contains('=')
        && text.split('$').any(|field| Dn::parse(field).is_ok_and(|dn| dn != *people && dn.is_within(people)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{ChangeKind, Subject};

    fn said(write: Write) -> String {
        let dn = |text| Dn::parse(text).unwrap();
        let change = Change::new(ChangeKind::Update, dn("uid=a,ou=people,dc=fr"), Subject::default(), write);
        serde_json::to_string(&values(&change, &dn("ou=people,dc=fr"), &|_| "●".to_owned())).unwrap()
    }

    fn difference(attribute: &str, old: &[&str], new: &[&str]) -> AttributeChange {
        let values = |texts: &[&str]| texts.iter().map(|text| Value::from(*text)).collect();
        AttributeChange { attribute: attribute.to_owned(), old: values(old), new: values(new), unset: false }
    }

    #[test]
    fn values_are_there_but_for_secrets_and_other_people() {
        let attributes = vec![
            difference("sn", &["Petit"], &["Grand"]),
            difference("userPassword", &["{SSHA}x"], &["{LOCKED}{SSHA}x"]),
            difference("ENTEleveAutoriteParentale", &[], &["uid=m,ou=people,dc=fr", "uid=p, ou=People,dc=fr$1$2"]),
            difference("ENTPersonStructRattach", &["ENTStructureSIREN=1,ou=structures,dc=fr"], &[]),
        ];
        assert_eq!(
            said(Write::Modify { attributes }),
            r#"{"ENTEleveAutoriteParentale":{"new":["●","●"]},"ENTPersonStructRattach":{"old":["ENTStructureSIREN=1,ou=structures,dc=fr"]},"sn":{"old":["Petit"],"new":["Grand"]},"userPassword":"(withheld)"}"#
        );
    }

    #[test]
    fn members_are_marks_and_a_creation_says_what_it_wrote() {
        let dn = |text: &str| Dn::parse(text).unwrap();
        let write = Write::Members {
            add: vec![dn("uid=b,ou=people,dc=fr")],
            remove: vec![dn("uid=c,ou=people,dc=fr"), dn("uid=d,ou=people,dc=fr")],
            kept: Vec::new(),
            attributes: vec![difference("description", &[], &["6A"])],
        };
        assert_eq!(said(write), r#"{"description":{"new":["6A"]},"members":{"old":["●","●"],"new":["●"]}}"#);
        let attributes = vec![("cn".to_owned(), vec![Value::from("Zoé"), Value::Octets(vec![0xff, 0])])];
        assert_eq!(said(Write::Add { attributes, credential: true }), r#"{"cn":{"new":["Zoé","(2 octets)"]}}"#);
    }
}
