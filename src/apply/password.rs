//! A first password that takes another's place, or that nobody gets: what its entry says before it is written, the one
//! modify that writes it, and what is noted of it.
//!
//! The values that are there are named in the modify, and it rests on the entry as it was read: whoever sets a password
//! in between makes the server refuse. A plan holds marks of the values that it saw; where they are others now, somebody
//! has made the account his own, and it is left out.

use serde_json::json;

use crate::audit::{Actor, Kind};
use crate::credentials::{Scheme, Serial, marks};
use crate::directory::dialect::{Dialect, LockMethod};
use crate::directory::{Condition, Entry, Modification, Operation, Value};
use crate::plan::{Change, Header, Renew, Renewal};
use crate::roster::JoinKey;
use crate::store::RenewalRow;

use super::operations::{FirstHash, unchanged};
use super::seen::Seen;

const USER_PASSWORD: &str = "userPassword";

/// Judges the entry of a change. `ours` says that the hash may have been sent before; `reset` that it does not matter
/// whether the account was activated, as long as nothing has happened since the plan.
pub(super) fn judge(
    dialect: &Dialect,
    change: &Change,
    (at_plan, reset): (&[String], bool),
    hash: FirstHash<'_>,
    entry: Option<&Entry>,
    ours: bool,
) -> Seen {
    let moved = |why: &str| Seen::Moved(why.to_owned());
    let Some(entry) = entry else { return moved("the entry is gone") };
    let lock = dialect.lock_method();
    let is_his =
        change.subject.join_key.as_ref().is_some_and(|key| dialect.join_keys(entry).any(|k| k == key.as_str()));
    if !is_his {
        return moved("another entry has this name now");
    }
    if ours && is_written(lock, hash, entry) {
        return Seen::Done;
    }
    if lock.is_locked(entry) {
        return moved("the account is suspended");
    }
    if lock.activated(entry) == Some(true) && !reset {
        return moved("its user has activated the account");
    }
    if marks(watched(hash).flat_map(|attribute| entry.values(attribute)).map(Value::as_bytes)) != at_plan {
        return moved("the password is another one than when the plan was made");
    }
    Seen::AsPlanned
}

/// The attributes whose values the plan has seen.
fn watched(hash: FirstHash<'_>) -> impl Iterator<Item = &str> {
    let portal = match hash {
        FirstHash::Portal(_, attribute) => attribute,
        FirstHash::None | FirstHash::Directory(_) => None,
    };
    std::iter::once(USER_PASSWORD).chain(portal)
}

/// Whether the entry holds what is to be written, and nothing beside it.
fn is_written(lock: &LockMethod, hash: FirstHash<'_>, entry: &Entry) -> bool {
    let only = |attribute: &str, wanted: &str| matches!(entry.values(attribute), [one] if one.as_text().and_then(|t| lock.without_lock(t)) == Some(wanted));
    match hash {
        FirstHash::Directory(hash) => only(USER_PASSWORD, hash),
        FirstHash::Portal(hash, Some(attribute)) => only(attribute, Scheme::without_prefix(hash)),
        FirstHash::Portal(_, None) | FirstHash::None => false,
    }
}

/// The modify; none where the directory does not hold the hash.
pub(super) fn operations(
    dialect: &Dialect,
    change: &Change,
    hash: FirstHash<'_>,
    actual: Option<&Entry>,
) -> Vec<Operation> {
    let (Some(entry), Some((attribute, value))) = (actual, value(dialect.lock_method(), hash, actual)) else {
        return Vec::new();
    };
    let old = entry.values(attribute);
    let modification =
        Modification { attribute: attribute.to_owned(), delete: old.to_vec(), add: vec![Value::from(value.as_str())] };
    let modify = Operation::Modify { dn: change.dn.clone(), modifications: vec![modification] };
    // Whoever may not read the password sees none: it must not get a second one.
    let none_seen = old.is_empty().then(|| Condition::Unset(attribute.to_owned()));
    vec![modify.only_if(unchanged(entry).into_iter().chain(none_seen).collect())]
}

fn value<'h>(lock: &LockMethod, hash: FirstHash<'h>, actual: Option<&Entry>) -> Option<(&'h str, String)> {
    match hash {
        // An account that its portal has not opened yet gets it behind the portal's prefix, as when it was created.
        FirstHash::Directory(hash) if actual.and_then(|entry| lock.activated(entry)) == Some(true) => {
            Some((USER_PASSWORD, hash.to_owned()))
        }
        FirstHash::Directory(hash) => Some((USER_PASSWORD, lock.first_password(Some(hash))?)),
        FirstHash::Portal(hash, Some(attribute)) => Some((attribute, Scheme::without_prefix(hash).to_owned())),
        FirstHash::Portal(_, None) | FirstHash::None => None,
    }
}

/// What is kept of one that was carried out.
pub(super) fn renewed(
    (header, renewal): (&Header, &Renewal),
    key: &JoinKey,
    (serial, replaces): (Serial, Option<String>),
    at: jiff::Timestamp,
) -> RenewalRow {
    RenewalRow {
        serial: serial.to_string(),
        join_key: key.clone(),
        replaces,
        action: renewal.action,
        reason: renewal.reason.clone(),
        reset: renewal.reset,
        plan: header.plan_id.to_string(),
        actor: Actor::current().as_str().to_owned(),
        at,
    }
}

/// The event of it.
pub(super) fn event(row: &RenewalRow) -> (Kind, serde_json::Value) {
    let said = json!({
        "plan": row.plan, "serial": row.serial, "replaces": row.replaces, "reason": row.reason, "reset": row.reset,
    });
    match row.action {
        Renew::Reissue => (Kind::CredentialReissued, said),
        Renew::Revoke => (Kind::CredentialRevoked, said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Dn;
    use crate::plan::{ChangeKind, Subject, Write};

    fn dialect() -> Dialect {
        Dialect::load(&toml::from_str("kind = \"embedded\"\nsuffix = \"dc=fr\"\n").unwrap()).unwrap()
    }

    fn entry(passwords: &[&str]) -> Entry {
        let mut entry = Entry::new(Dn::parse("uid=a,ou=people,dc=fr").unwrap());
        entry.push("ENTPersonJointure", ["AC-TEST$1"]);
        entry.push(USER_PASSWORD, passwords.iter().copied());
        entry.push("entryCSN", ["20260901#1"]);
        entry
    }

    fn seen_at_plan(passwords: &[&str]) -> Vec<String> {
        marks(passwords.iter().map(|p| p.as_bytes()))
    }

    fn change(seen: Vec<String>) -> Change {
        let subject = Subject { join_key: Some(JoinKey::new("AC-TEST", "1")), ..Subject::default() };
        let dn = Dn::parse("uid=a,ou=people,dc=fr").unwrap();
        Change::new(ChangeKind::Reissue, dn, subject, Write::Password { seen })
    }

    fn word(at_plan: &[&str], now: &[&str], ours: bool, reset: bool) -> &'static str {
        let seen = seen_at_plan(at_plan);
        let hash = FirstHash::Directory("{ARGON2}new");
        match judge(&dialect(), &change(seen.clone()), (&seen, reset), hash, Some(&entry(now)), ours) {
            Seen::Done => "done",
            Seen::AsPlanned => "as planned",
            Seen::Partly(_) => "partly",
            Seen::Moved(_) => "moved",
        }
    }

    #[test]
    fn only_the_password_that_the_plan_saw_is_replaced() {
        for (at_plan, now, ours, reset, expected) in [
            (&["{ARGON2}old"][..], &["{ARGON2}old"][..], false, false, "as planned"),
            (&["{ARGON2}old"], &["{SSHA}his own"], false, false, "moved"),
            // Whoever resets has seen one password, and not the one that was set since.
            (&["{ARGON2}old"], &["{SSHA}his own"], false, true, "moved"),
            (&["{ARGON2}old"], &["{ARGON2}old", "{SSHA}beside"], false, false, "moved"),
            (&["b", "a"], &["a", "b"], false, false, "as planned"),
            (&[], &[], false, false, "as planned"),
            (&["{ARGON2}old"], &[], false, false, "moved"),
            // Ours from before a crash.
            (&["{ARGON2}old"], &["{ARGON2}new"], true, false, "done"),
            (&["{ARGON2}old"], &["{ARGON2}new"], false, false, "moved"),
            (&["{ARGON2}old"], &["{ARGON2}old"], true, false, "as planned"),
            // Suspended since.
            (&["{ARGON2}old"], &["{LOCKED}{ARGON2}old"], false, true, "moved"),
        ] {
            assert_eq!(word(at_plan, now, ours, reset), expected, "{at_plan:?} {now:?} {ours}");
        }
        let seen = seen_at_plan(&["x"]);
        let hash = FirstHash::Directory("{ARGON2}new");
        let mut other = entry(&["x"]);
        other.attributes.retain(|(name, _)| name != "ENTPersonJointure");
        for entry in [None, Some(&other)] {
            let judged = judge(&dialect(), &change(seen.clone()), (&seen, true), hash, entry, true);
            assert!(matches!(judged, Seen::Moved(_)));
        }
    }

    #[test]
    fn every_value_goes_and_the_server_checks_that_it_was_there() {
        let now = entry(&["{ARGON2}old", "{SSHA}other"]);
        let sent = operations(&dialect(), &change(Vec::new()), FirstHash::Directory("{ARGON2}new"), Some(&now));
        let [Operation::OnlyIf { conditions, operation }] = &sent[..] else { panic!("{sent:?}") };
        assert!(matches!(&conditions[..], [Condition::Holds(name, _)] if name == "entryCSN"), "{conditions:?}");
        let Operation::Modify { modifications, .. } = &**operation else { panic!("{operation:?}") };
        let [one] = &modifications[..] else { panic!("{modifications:?}") };
        assert_eq!(one.delete, now.values(USER_PASSWORD));
        assert_eq!(one.add, [Value::from("{ARGON2}new")]);
        // Where none was seen, there must be none.
        let sent = operations(&dialect(), &change(Vec::new()), FirstHash::Directory("{ARGON2}new"), Some(&entry(&[])));
        let [Operation::OnlyIf { conditions, .. }] = &sent[..] else { panic!("{sent:?}") };
        assert!(
            conditions.iter().any(|c| matches!(c, Condition::Unset(name) if name == USER_PASSWORD)),
            "{conditions:?}"
        );
        // Without a hash nothing is taken away.
        assert!(operations(&dialect(), &change(Vec::new()), FirstHash::None, Some(&now)).is_empty());
        // What a portal checks lies where it looks for it, and the password of the directory stays closed.
        let portal = FirstHash::Portal("{ARGON2}$argon2id$new", Some("entHash"));
        let sent = operations(&dialect(), &change(Vec::new()), portal, Some(&now));
        assert!(format!("{sent:?}").contains("entHash") && !format!("{sent:?}").contains("other"), "{sent:?}");
    }
}
