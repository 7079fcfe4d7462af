//! How a suspended account is kept from connecting, and given back as it was.
//!
//! A lock must survive everything that the user owns: on return the account opens with the password that its holder
//! had chosen. So none of the methods ever drops a value of `userPassword`. Which one holds depends on the server:
//!
//! - **prefix** puts an unknown scheme in front of each value, in place (`{LOCKED}{SSHA}…`). OpenLDAP refuses every
//!   bind against a scheme that it does not know, so nobody can connect, not even with the stored string itself; the
//!   hash stays where it was, under the same access rules, and no copy of it is ever made. A server that takes an
//!   unknown scheme for a clear password and hashes it (389 DS; OpenLDAP with ppolicy and
//!   `ppolicy_hash_cleartext`) would lose the user's own password: those have the two other methods.
//! - **pwdAccountLockedTime** is the ppolicy overlay's: `000001010000Z` means locked until an administrator unlocks.
//! - **nsAccountLock** is 389 DS's own.
//! - **state** is for a directory with a portal that keeps the state of each account in an attribute: a suspended
//!   account takes the state of those whose end has come, and the password goes behind a prefix as above
//!   ([`AccountStates`]).

use serde::Deserialize;

use super::states::AccountStates;
use crate::directory::{Entry, Modification, Value};

/// "Locked until an administrator unlocks" (draft-behera-ldap-password-policy §5.3.3). Any other value is a time at
/// which too many wrong passwords were tried: the server's own affair.
const LOCKED_FOR_GOOD: &str = "000001010000Z";
const PWD_ACCOUNT_LOCKED_TIME: &str = "pwdAccountLockedTime";
const NS_ACCOUNT_LOCK: &str = "nsAccountLock";
pub(super) const USER_PASSWORD: &str = "userPassword";

/// The dialect's way of locking.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "method", deny_unknown_fields)]
pub enum LockMethod {
    #[serde(rename = "prefix")]
    Prefix {
        /// `{SCHEME}`, a scheme that the server does not know.
        prefix: String,
    },
    #[serde(rename = "pwdAccountLockedTime")]
    PwdAccountLockedTime {},
    #[serde(rename = "nsAccountLock")]
    NsAccountLock {},
    #[serde(rename = "state")]
    State(AccountStates),
}

impl LockMethod {
    /// The attribute that must have been read for the three questions below, beside the ordinary ones. It is operational
    /// on some servers: ask for it by name.
    #[must_use]
    pub const fn attribute(&self) -> &'static str {
        match self {
            Self::Prefix { .. } | Self::State(_) => USER_PASSWORD,
            Self::PwdAccountLockedTime {} => PWD_ACCOUNT_LOCKED_TIME,
            Self::NsAccountLock {} => NS_ACCOUNT_LOCK,
        }
    }

    /// What an account has that its user has activated, beside its password.
    #[must_use]
    pub(super) fn open(&self) -> Vec<(&str, &str)> {
        match self {
            Self::State(states) => states.opened().to_vec(),
            _ => Vec::new(),
        }
    }

    /// The attributes that locking writes.
    #[must_use]
    pub fn written(&self) -> Vec<&str> {
        match self {
            Self::State(states) => vec![&states.attribute, USER_PASSWORD],
            _ => vec![self.attribute()],
        }
    }

    /// Whether the entry is locked by this method.
    #[must_use]
    pub fn is_locked(&self, entry: &Entry) -> bool {
        let passwords = entry.values(USER_PASSWORD);
        match self {
            // One open value is enough to connect.
            Self::Prefix { prefix } => !passwords.is_empty() && passwords.iter().all(|v| has_prefix(v, prefix)),
            Self::PwdAccountLockedTime {} => {
                entry.values(PWD_ACCOUNT_LOCKED_TIME).iter().any(|v| v.as_text() == Some(LOCKED_FOR_GOOD))
            }
            Self::NsAccountLock {} => entry.texts(NS_ACCOUNT_LOCK).any(|t| t.trim().eq_ignore_ascii_case("true")),
            Self::State(states) => states.is_locked(entry),
        }
    }

    /// What locks the entry; nothing when it is locked already. The modifications name the values that were read, so
    /// that a password changed in between makes the server refuse instead of being lost.
    #[must_use]
    pub fn lock(&self, entry: &Entry) -> Vec<Modification> {
        if self.is_locked(entry) {
            return Vec::new();
        }
        let passwords = entry.values(USER_PASSWORD);
        match self {
            Self::Prefix { prefix } => {
                let mut modification = put_behind(prefix, passwords);
                // An account without password (federated, or never activated) is marked all the same: the bare prefix
                // opens to nobody and comes off again.
                if passwords.is_empty() {
                    modification.add.push(Value::from(prefix.as_str()));
                }
                vec![modification]
            }
            Self::PwdAccountLockedTime {} => vec![replace(entry, PWD_ACCOUNT_LOCKED_TIME, LOCKED_FOR_GOOD)],
            Self::NsAccountLock {} => vec![replace(entry, NS_ACCOUNT_LOCK, "true")],
            Self::State(states) => states.lock(entry),
        }
    }

    /// What takes the lock off; nothing when the entry has none.
    #[must_use]
    pub fn unlock(&self, entry: &Entry) -> Vec<Modification> {
        let passwords = entry.values(USER_PASSWORD);
        match self {
            Self::Prefix { prefix } => some(take_out(prefix, passwords)).collect(),
            Self::PwdAccountLockedTime {} if self.is_locked(entry) => vec![clear(entry, PWD_ACCOUNT_LOCKED_TIME)],
            Self::NsAccountLock {} if self.is_locked(entry) => vec![clear(entry, NS_ACCOUNT_LOCK)],
            Self::PwdAccountLockedTime {} | Self::NsAccountLock {} => Vec::new(),
            Self::State(states) => states.unlock(entry),
        }
    }

    /// Whether the user has activated his account, where a portal keeps states; `None` where nothing says so.
    #[must_use]
    pub fn activated(&self, entry: &Entry) -> Option<bool> {
        if let Self::State(states) = self { states.activated(entry) } else { None }
    }

    /// The attributes that [`LockMethod::activated`] looks at.
    #[must_use]
    pub fn activation_attributes(&self) -> Vec<String> {
        if let Self::State(states) = self { states.activation_attributes() } else { Vec::new() }
    }

    /// A password without the prefix of a lock, if it has one; `None` for a lock without a password behind it.
    #[must_use]
    pub fn without_lock<'v>(&self, password: &'v str) -> Option<&'v str> {
        let prefix = match self {
            Self::Prefix { prefix } => prefix,
            Self::State(states) => &states.prefix,
            Self::PwdAccountLockedTime {} | Self::NsAccountLock {} => return Some(password),
        };
        let head = password.get(..prefix.len()).filter(|head| head.eq_ignore_ascii_case(prefix));
        let rest = head.map_or(Some(password), |head| password.get(head.len()..));
        rest.filter(|rest| !rest.is_empty())
    }

    /// The state of a new account, where there are states.
    #[must_use]
    pub fn first_state(&self) -> Option<&str> {
        if let Self::State(states) = self { Some(&states.created) } else { None }
    }

    /// What `userPassword` of a new account holds, given the hash of the issued password, if one was issued.
    #[must_use]
    pub fn first_password(&self, hash: Option<&str>) -> Option<String> {
        match self {
            Self::State(states) => Some(format!("{}{}", states.prefix, hash.unwrap_or_default())),
            _ => hash.map(str::to_owned),
        }
    }

    /// Why a prefix cannot be one: it has to look like a scheme, or the value would be a password of its own.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let (prefix, scheme) = match self {
            Self::Prefix { prefix } => (prefix, prefix.strip_suffix('}')),
            // A word may follow the scheme.
            Self::State(states) => (&states.prefix, states.prefix.split_once('}').map(|(scheme, _)| scheme)),
            Self::PwdAccountLockedTime {} | Self::NsAccountLock {} => return Ok(()),
        };
        let name = scheme.and_then(|s| s.strip_prefix('{')).unwrap_or_default();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err("is not a scheme such as {LOCKED}");
        }
        if !prefix.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("has a character that is not printable ASCII");
        }
        let known = ["clear", "cleartext", "plain", "crypt", "md5", "smd5", "sha", "ssha", "argon2", "sasl", "pbkdf2"];
        let lower = name.to_ascii_lowercase();
        if known.iter().any(|k| lower == *k) || lower.starts_with("sha") || lower.starts_with("ssha") {
            return Err("is a scheme that servers know: the lock would be a password");
        }
        Ok(())
    }

    /// The attribute of the state, where there are states.
    pub(super) fn state_attribute(&self) -> Option<&str> {
        if let Self::State(states) = self { Some(&states.attribute) } else { None }
    }
}

/// Puts every open password behind the prefix.
pub(super) fn put_behind(prefix: &str, passwords: &[Value]) -> Modification {
    let delete: Vec<Value> = passwords.iter().filter(|v| !has_prefix(v, prefix)).cloned().collect();
    let mut add: Vec<Value> = delete.iter().map(|v| with_prefix(v, prefix)).collect();
    add.retain(|v| !passwords.contains(v));
    Modification { attribute: USER_PASSWORD.to_owned(), delete, add }
}

/// Takes every locked password out from behind the prefix.
pub(super) fn take_out(prefix: &str, passwords: &[Value]) -> Modification {
    let delete: Vec<Value> = passwords.iter().filter(|v| has_prefix(v, prefix)).cloned().collect();
    let mut add: Vec<Value> = delete.iter().filter_map(|v| without_prefix(v, prefix)).collect();
    add.retain(|v| !passwords.contains(v));
    Modification { attribute: USER_PASSWORD.to_owned(), delete, add }
}

pub(super) fn some(modification: Modification) -> impl Iterator<Item = Modification> {
    Some(modification).filter(|m| !(m.delete.is_empty() && m.add.is_empty())).into_iter()
}

pub(super) fn replace(entry: &Entry, attribute: &str, value: &str) -> Modification {
    Modification {
        attribute: attribute.to_owned(),
        delete: entry.values(attribute).to_vec(),
        add: vec![Value::from(value)],
    }
}

fn clear(entry: &Entry, attribute: &str) -> Modification {
    Modification { attribute: attribute.to_owned(), delete: entry.values(attribute).to_vec(), add: Vec::new() }
}

/// Schemes compare without case, as servers do.
pub(super) fn has_prefix(value: &Value, prefix: &str) -> bool {
    value.as_bytes().get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
}

fn with_prefix(value: &Value, prefix: &str) -> Value {
    let mut bytes = prefix.as_bytes().to_vec();
    bytes.extend_from_slice(value.as_bytes());
    Value::from_bytes(bytes)
}

/// `None` for the bare prefix.
fn without_prefix(value: &Value, prefix: &str) -> Option<Value> {
    let rest = value.as_bytes().get(prefix.len()..)?;
    (!rest.is_empty()).then(|| Value::from_bytes(rest.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::account::{carry_out, entry};
    use super::*;

    fn methods() -> [LockMethod; 3] {
        [
            LockMethod::Prefix { prefix: "{LOCKED}".into() },
            LockMethod::PwdAccountLockedTime {},
            LockMethod::NsAccountLock {},
        ]
    }

    #[test]
    fn every_method_locks_once_and_gives_back_what_was_there() {
        for method in methods() {
            for passwords in [&["{SSHA}abc"][..], &["{SSHA}abc", "{ARGON2}$argon2id$x"], &[]] {
                let before = entry("userPassword", passwords);
                let mut e = before.clone();
                assert!(!method.is_locked(&e), "{method:?}");
                assert_eq!(method.unlock(&e), [], "{method:?}");
                let modification = method.lock(&e);
                carry_out(&mut e, modification);
                assert!(method.is_locked(&e), "{method:?}");
                assert_eq!(method.lock(&e), [], "{method:?}");
                let modification = method.unlock(&e);
                carry_out(&mut e, modification);
                assert_eq!(e, before, "{method:?}");
            }
        }
    }

    #[test]
    fn a_password_set_beside_the_locked_one_opens_and_is_locked_in_turn() {
        let method = LockMethod::Prefix { prefix: "{LOCKED}".into() };
        let mut e = entry("userPassword", &["{locked}{SSHA}old", "{SSHA}new"]);
        assert!(!method.is_locked(&e));
        let modification = method.lock(&e);
        carry_out(&mut e, modification);
        assert!(method.is_locked(&e));
        assert_eq!(e.values("userPassword").len(), 2);
        // The same password again, open and locked: one of them is enough, and a server refuses a value twice.
        let mut e = entry("userPassword", &["{LOCKED}{SSHA}x", "{SSHA}x"]);
        let modification = method.lock(&e);
        assert_eq!(modification[0].add, []);
        carry_out(&mut e, modification);
        let modification = method.unlock(&e);
        carry_out(&mut e, modification);
        assert_eq!(e, entry("userPassword", &["{SSHA}x"]));
    }

    #[test]
    fn a_temporary_lock_of_the_server_is_not_ours() {
        let method = LockMethod::PwdAccountLockedTime {};
        let e = entry("pwdAccountLockedTime", &["20260901120000Z"]);
        assert!(!method.is_locked(&e));
        assert_eq!(method.unlock(&e), []);
        assert_eq!(method.lock(&e)[0].delete.len(), 1);
    }

    #[test]
    fn a_prefix_has_to_be_a_scheme_that_nobody_knows() {
        for bad in ["LOCKED", "{}", "{SSHA}", "{sha512}", "{CLEARTEXT}", "{a}b}", ""] {
            assert!(LockMethod::Prefix { prefix: bad.into() }.check().is_err(), "{bad}");
        }
        assert!(LockMethod::Prefix { prefix: "{LOCKED}".into() }.check().is_ok());
    }
}
