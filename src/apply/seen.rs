//! Whether an entry is still what the plan saw, is already what the plan wants, or is neither.
//!
//! Only what the change touches is compared: the values that it takes away must be there, those that it adds must not,
//! and an attribute that had none must have none. What else happens to the entry is not the plan's affair.

use std::collections::HashSet;

use crate::directory::dialect::Dialect;
use crate::directory::{AttributeChange, Dn, Entry, Value};
use crate::plan::{Change, ChangeKind, Write};

use super::operations::{MEMBER, remaining};

/// What an entry, as it was read just now, means for a change.
pub(super) enum Seen {
    /// It is as the change would leave it.
    Done,
    /// It is as the plan saw it.
    AsPlanned,
    /// A part is done (members, one by one); this is the rest.
    Partly(Box<Change>),
    /// It is neither; the reason names attributes, never values.
    Moved(String),
}

/// Judges. `ours` says that the change may have been sent before: a new entry may then be our own. `put` are the
/// members that the engine has put in the group, normalised.
pub(super) fn seen(
    dialect: &Dialect,
    change: &Change,
    actual: Option<&Entry>,
    ours: bool,
    put: Option<&Vec<String>>,
) -> Seen {
    let lock = dialect.lock_method();
    match (&change.write, actual) {
        (Write::Nothing, _) | (Write::Delete | Write::Dissolve { .. }, None) => Seen::Done,
        // A password is judged by a rule of its own (`password`), which knows the hash that was sent.
        (Write::Add { .. }, None) | (Write::Password { .. }, Some(_)) => Seen::AsPlanned,
        (_, None) => Seen::Moved("the entry is gone".to_owned()),
        (Write::Add { attributes, .. }, Some(entry)) if ours => added(dialect, change, attributes, entry),
        (Write::Add { .. }, Some(_)) => Seen::Moved("an entry has taken this name".to_owned()),
        (Write::Delete, Some(entry)) if change.kind == ChangeKind::Purge => purgeable(dialect, change, entry),
        (Write::Delete, Some(entry)) => {
            let others = members(entry).iter().filter(|m| !m.is_empty()).any(|m| {
                // What the engine put may go; a member of somebody's own keeps the group.
                !put.is_some_and(|put| put.iter().any(|p| p == m.normalised()))
            });
            if others {
                Seen::Moved("it has a member that somebody else has put there".into())
            } else {
                Seen::AsPlanned
            }
        }
        // Given to another group: whoever else has joined since is somebody's own choice.
        (Write::Dissolve { members: given }, Some(entry)) => {
            if members(entry).iter().all(|m| m.is_empty() || given.contains(m)) {
                Seen::AsPlanned
            } else {
                Seen::Moved("it has a member that it had not when the plan was made".into())
            }
        }
        // The name comes last of all: nothing of the change is left.
        (Write::Rename { to, .. }, Some(entry)) if entry.dn == *to && entry.dn != change.dn => Seen::Done,
        (Write::Rename { .. }, Some(entry)) => each(change, entry),
        // A server may follow names by itself (OpenLDAP's refint): what it has done is not asked of it again.
        (Write::Modify { attributes }, Some(entry)) if change.kind == ChangeKind::Rewrite => {
            if attributes.iter().all(|a| written(a, entry)) { Seen::Done } else { each(change, entry) }
        }
        (Write::Modify { attributes }, Some(entry)) => unit(attributes, entry, true),
        (Write::Lock { attributes }, Some(entry)) => unit(attributes, entry, lock.lock(entry).is_empty()),
        (Write::Unlock { attributes }, Some(entry)) => unit(attributes, entry, lock.unlock(entry).is_empty()),
        (Write::Members { .. }, Some(entry)) => {
            let rest = remaining(change, entry);
            let Write::Members { add, remove, attributes, .. } = &rest.write else { return Seen::AsPlanned };
            match attributes.iter().find(|a| !as_seen(a, entry)) {
                Some(moved) => Seen::Moved(format!("{} is not what the plan saw", moved.attribute)),
                None if add.is_empty() && remove.is_empty() && attributes.is_empty() => Seen::Done,
                None => Seen::Partly(Box::new(rest)),
            }
        }
    }
}

/// Only an account that is still the one of the plan, and that nobody can use, is purged.
fn purgeable(dialect: &Dialect, change: &Change, entry: &Entry) -> Seen {
    let is_his =
        change.subject.join_key.as_ref().is_some_and(|key| dialect.join_keys(entry).any(|k| k == key.as_str()));
    if !is_his {
        return Seen::Moved("another entry has this name now".to_owned());
    }
    if !dialect.lock_method().is_locked(entry) {
        return Seen::Moved("the account is in use again".to_owned());
    }
    Seen::AsPlanned
}

/// Each attribute on its own: what is done of them is left aside.
fn each(change: &Change, entry: &Entry) -> Seen {
    let rest = remaining(change, entry);
    let (Write::Modify { attributes } | Write::Rename { attributes, .. }) = &rest.write else { return Seen::AsPlanned };
    match attributes.iter().find(|a| !as_seen(a, entry)) {
        Some(moved) => Seen::Moved(format!("{} is not what the plan saw", moved.attribute)),
        None => Seen::Partly(Box::new(rest)),
    }
}

/// Whether an attribute is as the change would leave it.
pub(super) fn written(change: &AttributeChange, entry: &Entry) -> bool {
    let values = entry.values(&change.attribute);
    change.new.iter().all(|v| values.contains(v)) && !change.old.iter().any(|v| values.contains(v))
}

/// The members of a group.
pub(super) fn members(entry: &Entry) -> HashSet<Dn> {
    entry.texts(MEMBER).filter_map(|m| Dn::parse(m).ok()).collect()
}

/// Whether an attribute is as the plan saw it.
fn as_seen(change: &AttributeChange, entry: &Entry) -> bool {
    let values = entry.values(&change.attribute);
    change.old.iter().all(|v| values.contains(v))
        && !change.new.iter().any(|v| values.contains(v) && !change.old.contains(v))
        && (!change.unset || values.is_empty())
}

/// What goes in one modify is there as a whole or not at all.
fn unit(attributes: &[AttributeChange], entry: &Entry, rest_done: bool) -> Seen {
    if rest_done && attributes.iter().all(|a| written(a, entry)) {
        return Seen::Done;
    }
    let moved: Vec<&str> = attributes.iter().filter(|a| !as_seen(a, entry)).map(|a| a.attribute.as_str()).collect();
    if moved.is_empty() {
        Seen::AsPlanned
    } else {
        Seen::Moved(format!("{} is not what the plan saw", moved.join(", ")))
    }
}

/// An entry of the name that we may have added.
fn added(dialect: &Dialect, change: &Change, attributes: &[(String, Vec<Value>)], entry: &Entry) -> Seen {
    if let Some(key) = &change.subject.join_key {
        return if dialect.join_keys(entry).any(|k| k == key.as_str()) {
            Seen::Done
        } else {
            Seen::Moved(format!("another entry has taken this name (not {key})"))
        };
    }
    let is_ours = attributes
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case(MEMBER))
        .all(|(name, values)| values.iter().all(|v| entry.values(name).contains(v)));
    if !is_ours {
        return Seen::Moved("another entry has taken this name".to_owned());
    }
    let rest = remaining(change, entry);
    match &rest.write {
        Write::Members { add, .. } if add.is_empty() => Seen::Done,
        _ => Seen::Partly(Box::new(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::operations::{FirstHash, needs_entry, operations};
    use crate::directory::{Condition, Operation};
    use crate::plan::{ChangeKind, Subject};

    fn dialect() -> Dialect {
        let config = toml::from_str("kind = \"embedded\"\nsuffix = \"dc=fr\"\n").unwrap();
        Dialect::load(&config).unwrap()
    }

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap()
    }

    fn change(write: Write) -> Change {
        Change { seq: 1, ..Change::new(ChangeKind::Update, dn("uid=a,ou=people,dc=fr"), Subject::default(), write) }
    }

    fn entry(attributes: &[(&str, &[&str])]) -> Entry {
        let mut entry = Entry::new(dn("uid=a,ou=people,dc=fr"));
        for (name, values) in attributes {
            entry.push(name, values.iter().copied());
        }
        entry
    }

    fn attribute(name: &str, old: &[&str], new: &[&str], unset: bool) -> AttributeChange {
        let values = |texts: &[&str]| texts.iter().map(|t| Value::from(*t)).collect();
        AttributeChange { attribute: name.into(), old: values(old), new: values(new), unset }
    }

    fn word(change: &Change, actual: Option<&Entry>, ours: bool, put: &[&str]) -> &'static str {
        let put: Vec<String> = put.iter().map(ToString::to_string).collect();
        match seen(&dialect(), change, actual, ours, Some(&put)) {
            Seen::Done => "done",
            Seen::AsPlanned => "as planned",
            Seen::Partly(_) => "partly",
            Seen::Moved(_) => "moved",
        }
    }

    #[test]
    fn a_modify_is_done_or_as_planned_or_neither() {
        let attributes = vec![attribute("sn", &["Old"], &["New"], false), attribute("mail", &[], &["a@b.fr"], true)];
        let change = change(Write::Modify { attributes });
        for (there, expected) in [
            (&[("sn", &["Old"][..])][..], "as planned"),
            (&[("sn", &["Old"]), ("description", &["by hand"])], "as planned"),
            (&[("sn", &["Old", "Beside"])], "as planned"),
            (&[("sn", &["New"]), ("mail", &["a@b.fr"])], "done"),
            (&[("sn", &["Other"])], "moved"),
            (&[("sn", &["New"])], "moved"),
            (&[("sn", &["Old"]), ("mail", &["own@b.fr"])], "moved"),
            (&[("sn", &["Old", "New"])], "moved"),
            (&[], "moved"),
        ] {
            assert_eq!(word(&change, Some(&entry(there)), true, &[]), expected, "{there:?}");
        }
        assert_eq!(word(&change, None, true, &[]), "moved");
    }

    #[test]
    fn members_are_each_on_their_own() {
        let write = Write::Members {
            add: vec![dn("uid=new,dc=fr")],
            remove: vec![dn("uid=old,dc=fr")],
            kept: Vec::new(),
            attributes: vec![attribute("description", &["x"], &["y"], false)],
        };
        let change = change(write);
        let group = |description: &str, members: &[&str]| {
            word(&change, Some(&entry(&[("description", &[description]), ("member", members)])), false, &[])
        };
        assert_eq!(group("x", &["uid=old,dc=fr", "uid=hand,dc=fr"]), "partly");
        assert_eq!(group("y", &["UID=New,dc=fr"]), "done");
        // Somebody has put one in already: that is no reason to leave the other.
        assert_eq!(group("x", &["uid=new,dc=fr", "uid=old,dc=fr"]), "partly");
        assert_eq!(group("z", &["uid=old,dc=fr"]), "moved");
    }

    #[test]
    fn a_group_with_somebody_elses_member_is_not_deleted() {
        let change = change(Write::Delete);
        let group = |members: &[&str]| word(&change, Some(&entry(&[("member", members)])), false, &["uid=a,dc=fr"]);
        assert_eq!(group(&["uid=A,dc=fr"]), "as planned");
        assert_eq!(group(&[""]), "as planned");
        assert_eq!(group(&["uid=a,dc=fr", "uid=hand,dc=fr"]), "moved");
        assert_eq!(word(&change, None, false, &[]), "done");
    }

    #[test]
    fn a_name_that_was_taken_is_ours_only_if_we_may_have_sent_it() {
        let attributes = vec![("o".to_owned(), vec!["École".into()])];
        let change = change(Write::Add { attributes, credential: false });
        assert_eq!(word(&change, None, true, &[]), "as planned");
        assert_eq!(word(&change, Some(&entry(&[("o", &["École"])])), true, &[]), "done");
        assert_eq!(word(&change, Some(&entry(&[("o", &["Autre"])])), true, &[]), "moved");
        assert_eq!(word(&change, Some(&entry(&[("o", &["École"])])), false, &[]), "moved");
    }

    #[test]
    fn a_rename_is_done_under_the_new_name_and_after_its_attributes() {
        let to = dn("uid=b,ou=people,dc=fr");
        let attributes = vec![attribute("sn", &["Old"], &["New"], false)];
        let change = change(Write::Rename { to: to.clone(), attributes });
        assert_eq!(word(&change, Some(&entry(&[("sn", &["Old"])])), true, &[]), "partly");
        assert_eq!(word(&change, Some(&entry(&[("sn", &["New"])])), true, &[]), "partly");
        assert_eq!(word(&change, Some(&entry(&[("sn", &["Other"])])), true, &[]), "moved");
        assert_eq!(word(&change, None, true, &[]), "moved");
        let renamed = Entry { dn: to.clone(), ..entry(&[("sn", &["New"])]) };
        assert_eq!(word(&change, Some(&renamed), true, &[]), "done");
        // What is left when the attributes are there: the name alone.
        let Seen::Partly(rest) = seen(&dialect(), &change, Some(&entry(&[("sn", &["New"])])), true, None) else {
            panic!("the name is left")
        };
        let rename = Operation::Rename { dn: change.dn.clone(), to };
        assert_eq!(operations(&dialect(), &rest, FirstHash::None, None), std::slice::from_ref(&rename));
        let all = operations(&dialect(), &change, FirstHash::None, None);
        assert!(matches!(&all[..], [Operation::Modify { .. }, last] if *last == rename), "{all:?}");
    }

    #[test]
    fn what_a_server_has_rewritten_by_itself_is_not_asked_of_it() {
        let attributes =
            vec![attribute("seeAlso", &["cn=a"], &["cn=b"], false), attribute("ou", &["a$1"], &["b$1"], false)];
        let mut change = change(Write::Modify { attributes });
        change.kind = ChangeKind::Rewrite;
        let half = entry(&[("seeAlso", &["cn=b"]), ("ou", &["a$1"])]);
        let Seen::Partly(rest) = seen(&dialect(), &change, Some(&half), false, None) else { panic!("half is left") };
        let Write::Modify { attributes } = &rest.write else { panic!("a modify") };
        assert_eq!(attributes.iter().map(|a| a.attribute.as_str()).collect::<Vec<_>>(), ["ou"]);
        let done = entry(&[("seeAlso", &["cn=b"]), ("ou", &["b$1"])]);
        assert_eq!(word(&change, Some(&done), false, &[]), "done");
        assert_eq!(word(&change, Some(&entry(&[("seeAlso", &["cn=c"])])), false, &[]), "moved");
    }

    #[test]
    fn a_group_is_dissolved_while_it_has_no_other_members() {
        let change = change(Write::Dissolve { members: vec![dn("uid=a,dc=fr")] });
        let group = |members: &[&str]| word(&change, Some(&entry(&[("member", members)])), false, &[]);
        assert_eq!(group(&["UID=a,dc=fr"]), "as planned");
        assert_eq!(group(&[""]), "as planned");
        assert_eq!(group(&["uid=a,dc=fr", "uid=new,dc=fr"]), "moved");
        assert_eq!(word(&change, None, false, &[]), "done");
    }

    #[test]
    fn what_was_empty_must_still_be_and_locks_rest_on_the_entry_read() {
        let dialect = dialect();
        let conditions = |change: &Change, actual: Option<&Entry>| -> Vec<Condition> {
            let mut operations = operations(&dialect, change, FirstHash::None, actual);
            let operation = operations.pop().unwrap();
            assert!(operations.is_empty(), "one write");
            if let Operation::OnlyIf { conditions, .. } = operation { conditions } else { Vec::new() }
        };
        let attributes = vec![attribute("sn", &["Old"], &["New"], false), attribute("mail", &[], &["a@b.fr"], true)];
        let modify = change(Write::Modify { attributes });
        assert_eq!(conditions(&modify, None), [Condition::Unset("mail".into())]);

        let lock = change(Write::Lock { attributes: vec![] });
        assert!(needs_entry(&lock.write) && needs_entry(&Write::Delete) && !needs_entry(&modify.write));
        let csn = Condition::Holds("entryCSN".into(), "20260901#1".into());
        let with_csn = entry(&[("userPassword", &["{SSHA}x"]), ("entryCSN", &["20260901#1"])]);
        assert_eq!(conditions(&lock, Some(&with_csn)).first(), Some(&csn));
        assert_eq!(conditions(&change(Write::Delete), Some(&with_csn)), [csn]);
        // Without that number: a value that is named is enough, and where there is none, there must be none.
        assert_eq!(conditions(&lock, Some(&entry(&[("userPassword", &["{SSHA}x"])]))), []);
        assert_eq!(conditions(&lock, Some(&entry(&[]))), [Condition::Unset("userPassword".into())]);

        let few = |n: usize| (0..n).map(|i| dn(&format!("uid=f{i},dc=fr"))).collect::<Vec<_>>();
        let attributes = vec![attribute("description", &[], &["y"], true)];
        let group = change(Write::Members { add: few(10), remove: few(10), kept: Vec::new(), attributes });
        assert_eq!(conditions(&group, None), [Condition::Unset("description".into())]);
    }
}
