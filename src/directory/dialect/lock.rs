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

use serde::Deserialize;

use crate::directory::{Entry, Modification, Value};

/// "Locked until an administrator unlocks" (draft-behera-ldap-password-policy §5.3.3). Any other value is a time at
/// which too many wrong passwords were tried: the server's own affair.
const LOCKED_FOR_GOOD: &str = "000001010000Z";
const PWD_ACCOUNT_LOCKED_TIME: &str = "pwdAccountLockedTime";
const NS_ACCOUNT_LOCK: &str = "nsAccountLock";
const USER_PASSWORD: &str = "userPassword";

/// The dialect's way of locking.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
}

impl LockMethod {
    /// The attribute that must have been read for the three questions below. It is operational on some servers: ask
    /// for it by name.
    #[must_use]
    pub const fn attribute(&self) -> &'static str {
        match self {
            Self::Prefix { .. } => USER_PASSWORD,
            Self::PwdAccountLockedTime {} => PWD_ACCOUNT_LOCKED_TIME,
            Self::NsAccountLock {} => NS_ACCOUNT_LOCK,
        }
    }

    /// Whether the entry is locked by this method.
    #[must_use]
    pub fn is_locked(&self, entry: &Entry) -> bool {
        let values = entry.values(self.attribute());
        match self {
            // One open value is enough to connect.
            Self::Prefix { prefix } => !values.is_empty() && values.iter().all(|v| has_prefix(v, prefix)),
            Self::PwdAccountLockedTime {} => values.iter().any(|v| v.as_text() == Some(LOCKED_FOR_GOOD)),
            Self::NsAccountLock {} => {
                values.iter().any(|v| v.as_text().is_some_and(|t| t.trim().eq_ignore_ascii_case("true")))
            }
        }
    }

    /// What locks the entry; nothing when it is locked already. The modifications name the values that were read, so
    /// that a password changed in between makes the server refuse instead of being lost.
    #[must_use]
    pub fn lock(&self, entry: &Entry) -> Option<Modification> {
        if self.is_locked(entry) {
            return None;
        }
        let values = entry.values(self.attribute());
        Some(match self {
            Self::Prefix { prefix } => {
                let delete: Vec<Value> = values.iter().filter(|v| !has_prefix(v, prefix)).cloned().collect();
                let mut add: Vec<Value> = delete.iter().map(|v| with_prefix(v, prefix)).collect();
                add.retain(|v| !values.contains(v));
                // An account without password (federated, or never activated) is marked all the same: the bare prefix
                // opens to nobody and comes off again.
                if values.is_empty() {
                    add.push(Value::from(prefix.as_str()));
                }
                self.modification(delete, add)
            }
            Self::PwdAccountLockedTime {} => self.modification(values.to_vec(), vec![LOCKED_FOR_GOOD.into()]),
            Self::NsAccountLock {} => self.modification(values.to_vec(), vec!["true".into()]),
        })
    }

    /// What takes the lock off; nothing when the entry has none.
    #[must_use]
    pub fn unlock(&self, entry: &Entry) -> Option<Modification> {
        let values = entry.values(self.attribute());
        let (delete, add) = match self {
            Self::Prefix { prefix } => {
                let delete: Vec<Value> = values.iter().filter(|v| has_prefix(v, prefix)).cloned().collect();
                let mut add: Vec<Value> = delete.iter().filter_map(|v| without_prefix(v, prefix)).collect();
                add.retain(|v| !values.contains(v));
                (delete, add)
            }
            Self::PwdAccountLockedTime {} | Self::NsAccountLock {} if self.is_locked(entry) => {
                (values.to_vec(), Vec::new())
            }
            Self::PwdAccountLockedTime {} | Self::NsAccountLock {} => return None,
        };
        (!delete.is_empty()).then(|| self.modification(delete, add))
    }

    fn modification(&self, delete: Vec<Value>, add: Vec<Value>) -> Modification {
        Modification { attribute: self.attribute().to_owned(), delete, add }
    }

    /// Why a prefix cannot be one: it has to look like a scheme, or the value would be a password of its own.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let Self::Prefix { prefix } = self else { return Ok(()) };
        let name = prefix.strip_prefix('{').and_then(|p| p.strip_suffix('}')).unwrap_or_default();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err("is not a scheme such as {LOCKED}");
        }
        let known = ["clear", "cleartext", "plain", "crypt", "md5", "smd5", "sha", "ssha", "argon2", "sasl", "pbkdf2"];
        let lower = name.to_ascii_lowercase();
        if known.iter().any(|k| lower == *k) || lower.starts_with("sha") || lower.starts_with("ssha") {
            return Err("is a scheme that servers know: the lock would be a password");
        }
        Ok(())
    }
}

/// Schemes compare without case, as servers do.
fn has_prefix(value: &Value, prefix: &str) -> bool {
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
    use super::*;
    use crate::directory::Dn;

    fn entry(attribute: &str, values: &[&str]) -> Entry {
        let mut entry = Entry::new(Dn::parse("uid=x,dc=fr").unwrap());
        entry.push(attribute, values.iter().copied());
        entry
    }

    fn carry_out(entry: &mut Entry, m: Modification) {
        let mut values: Vec<Value> = entry.values(&m.attribute).to_vec();
        values.retain(|v| !m.delete.contains(v));
        values.extend(m.add);
        entry.attributes.retain(|(n, _)| *n != m.attribute);
        entry.push(&m.attribute, values);
    }

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
                assert_eq!(method.unlock(&e), None, "{method:?}");
                let modification = method.lock(&e).unwrap();
                carry_out(&mut e, modification);
                assert!(method.is_locked(&e), "{method:?}");
                assert_eq!(method.lock(&e), None, "{method:?}");
                let modification = method.unlock(&e).unwrap();
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
        let modification = method.lock(&e).unwrap();
        carry_out(&mut e, modification);
        assert!(method.is_locked(&e));
        assert_eq!(e.values("userPassword").len(), 2);
        // The same password again, open and locked: one of them is enough, and a server refuses a value twice.
        let mut e = entry("userPassword", &["{LOCKED}{SSHA}x", "{SSHA}x"]);
        let modification = method.lock(&e).unwrap();
        assert_eq!(modification.add, []);
        carry_out(&mut e, modification);
        let modification = method.unlock(&e).unwrap();
        carry_out(&mut e, modification);
        assert_eq!(e, entry("userPassword", &["{SSHA}x"]));
    }

    #[test]
    fn a_temporary_lock_of_the_server_is_not_ours() {
        let method = LockMethod::PwdAccountLockedTime {};
        let e = entry("pwdAccountLockedTime", &["20260901120000Z"]);
        assert!(!method.is_locked(&e));
        assert_eq!(method.unlock(&e), None);
        assert_eq!(method.lock(&e).unwrap().delete.len(), 1);
    }

    #[test]
    fn a_prefix_has_to_be_a_scheme_that_nobody_knows() {
        for bad in ["LOCKED", "{}", "{SSHA}", "{sha512}", "{CLEARTEXT}", "{a}b}", ""] {
            assert!(LockMethod::Prefix { prefix: bad.into() }.check().is_err(), "{bad}");
        }
        assert!(LockMethod::Prefix { prefix: "{LOCKED}".into() }.check().is_ok());
    }
}
