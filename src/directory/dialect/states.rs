//! Suspension where a portal keeps the state of each account in an attribute of the entry.
//!
//! A suspended account takes the state of those whose end has come, and its password goes behind the prefix that every
//! account has that is not open. The portal writes the bare prefix there (`{SCRIPT}LOCK`) because it has the hash
//! elsewhere; the engine has no elsewhere, and no copy of a hash belongs into its store, so it leaves the hash in place
//! behind the prefix (`{SCRIPT}LOCK{SSHA}…`): no bind succeeds, and coming back as open takes the prefix off again. An
//! account that an administrator blocked stays blocked, going and coming; its password stays locked until he opens it.

use serde::Deserialize;

use super::lock::{USER_PASSWORD, has_prefix, put_behind, replace, some, take_out};
use crate::directory::{Entry, Modification, Value};

/// The states of an account where a portal manages them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountStates {
    /// The attribute that holds the state.
    pub(super) attribute: String,
    /// Of an account that its user has not activated yet.
    pub(super) created: String,
    /// Of an account that opens.
    open: String,
    /// Of a suspended account.
    suspended: String,
    /// Of an account that an administrator keeps from connecting; never changed here.
    blocked: String,
    /// The attribute that says that the user has activated his account: it decides to which state he comes back.
    accepted: String,
    /// `{SCHEME}…`, in front of the password of every account that is not open.
    pub(super) prefix: String,
}

impl AccountStates {
    pub(super) fn is_locked(&self, entry: &Entry) -> bool {
        self.stays(entry) && entry.values(USER_PASSWORD).iter().all(|v| has_prefix(v, &self.prefix))
    }

    /// By the mark of the activation, which stays when an account is suspended or blocked; else by the state.
    pub(super) fn activated(&self, entry: &Entry) -> Option<bool> {
        if !entry.values(&self.accepted).is_empty() || self.is(entry, &self.open) {
            return Some(true);
        }
        self.is(entry, &self.created).then_some(false)
    }

    pub(super) fn activation_attributes(&self) -> Vec<String> {
        vec![self.attribute.clone(), self.accepted.clone()]
    }

    /// State and mark of an account that its user has activated, on a day long past.
    pub(super) fn opened(&self) -> [(&str, &str); 2] {
        [(&self.attribute, &self.open), (&self.accepted, "20000101000000Z")]
    }

    pub(super) fn lock(&self, entry: &Entry) -> Vec<Modification> {
        let state = (!self.stays(entry)).then(|| replace(entry, &self.attribute, &self.suspended));
        state.into_iter().chain(some(put_behind(&self.prefix, entry.values(USER_PASSWORD)))).collect()
    }

    /// Whether the state is one that suspension leaves as it is.
    fn stays(&self, entry: &Entry) -> bool {
        self.is(entry, &self.suspended) || self.is(entry, &self.blocked)
    }

    fn is(&self, entry: &Entry, state: &str) -> bool {
        entry.texts(&self.attribute).any(|t| t.trim().eq_ignore_ascii_case(state))
    }

    /// A suspended account comes back as what it was: open when its user had activated it. The password comes out from
    /// behind the prefix only for an account that opens.
    pub(super) fn unlock(&self, entry: &Entry) -> Vec<Modification> {
        let mut modifications = Vec::new();
        let mut opens = self.is(entry, &self.open);
        if self.is(entry, &self.suspended) {
            opens = !entry.values(&self.accepted).is_empty();
            let back = if opens { &self.open } else { &self.created };
            modifications.push(replace(entry, &self.attribute, back));
        }
        if opens {
            // The bare prefix is the portal's own writing: there is nothing behind it to give back.
            let bare = |v: &Value| v.as_bytes().len() == self.prefix.len();
            let passwords: Vec<Value> = entry.values(USER_PASSWORD).iter().filter(|v| !bare(v)).cloned().collect();
            modifications.extend(some(take_out(&self.prefix, &passwords)));
        }
        modifications
    }
}

#[cfg(test)]
mod tests {
    use super::super::LockMethod;
    use super::super::tests::account::{carry_out, entry};
    use super::*;

    fn states() -> LockMethod {
        LockMethod::State(AccountStates {
            attribute: "ESCOPersonEtatCompte".into(),
            created: "INVALIDE".into(),
            open: "VALIDE".into(),
            suspended: "DELETE".into(),
            blocked: "BLOQUE".into(),
            accepted: "ESCOPersonValidationCharte".into(),
            prefix: "{SCRIPT}LOCK".into(),
        })
    }

    fn account(state: &str, charter: bool, passwords: &[&str]) -> Entry {
        let mut e = entry("ESCOPersonEtatCompte", &[state]);
        e.push("userPassword", passwords.iter().copied());
        if charter {
            e.push("ESCOPersonValidationCharte", ["20260901120000Z"]);
        }
        e
    }

    fn same_account(a: &Entry, b: &Entry) {
        for attribute in ["ESCOPersonEtatCompte", "userPassword", "ESCOPersonValidationCharte"] {
            assert_eq!(a.values(attribute), b.values(attribute), "{attribute}");
        }
    }

    /// Going and coming back leaves an account as it was, whatever the portal had made of it.
    #[test]
    fn an_account_with_a_state_comes_back_as_it_was() {
        let method = states();
        for (state, charter, passwords) in [
            ("VALIDE", true, &["{SSHA}own"][..]),
            ("VALIDE", true, &["{SSHA}own", "{ARGON2}$argon2id$x"]),
            ("INVALIDE", false, &["{SCRIPT}LOCK{ARGON2}$argon2id$issued"]),
            ("INVALIDE", false, &["{SCRIPT}LOCK"]),
            ("BLOQUE", true, &["{SCRIPT}LOCK"]),
            ("BLOQUE", true, &["{SCRIPT}LOCK{SSHA}own"]),
        ] {
            let before = account(state, charter, passwords);
            let mut e = before.clone();
            let locks = method.lock(&e);
            carry_out(&mut e, locks);
            assert!(method.is_locked(&e), "{state}");
            assert_eq!(method.lock(&e), [], "{state}");
            assert!(e.texts("userPassword").all(|v| v.starts_with("{SCRIPT}LOCK")), "{state}");
            let expected = if state == "BLOQUE" { "BLOQUE" } else { "DELETE" };
            assert_eq!(e.first("ESCOPersonEtatCompte"), Some(expected));
            let unlocks = method.unlock(&e);
            carry_out(&mut e, unlocks);
            assert_eq!(method.unlock(&e), [], "{state}");
            same_account(&e, &before);
        }
    }

    #[test]
    fn a_state_that_others_changed_is_theirs() {
        let method = states();
        // Blocked with an open password: locked, and not opened by coming back.
        let mut e = account("BLOQUE", true, &["{SSHA}own"]);
        let locks = method.lock(&e);
        carry_out(&mut e, locks);
        assert_eq!(e.first("userPassword"), Some("{SCRIPT}LOCK{SSHA}own"));
        assert_eq!(method.unlock(&e), []);
        // The portal opened the account meanwhile, by its state only: the password follows.
        let mut e = account("VALIDE", true, &["{SCRIPT}LOCK{SSHA}own"]);
        let unlocks = method.unlock(&e);
        carry_out(&mut e, unlocks);
        same_account(&e, &account("VALIDE", true, &["{SSHA}own"]));
        // Open without ever having been activated: back to before the activation, and locked.
        let mut e = account("VALIDE", false, &["{SSHA}own"]);
        let locks = method.lock(&e);
        carry_out(&mut e, locks);
        let unlocks = method.unlock(&e);
        carry_out(&mut e, unlocks);
        same_account(&e, &account("INVALIDE", false, &["{SCRIPT}LOCK{SSHA}own"]));
        // No state at all, as on an account made by hand.
        let mut e = entry("userPassword", &["{SSHA}own"]);
        let locks = method.lock(&e);
        carry_out(&mut e, locks);
        assert!(method.is_locked(&e));
    }

    #[test]
    fn a_new_account_with_a_state_opens_to_nobody_yet() {
        let (states, prefix) = (states(), LockMethod::Prefix { prefix: "{LOCKED}".into() });
        assert_eq!(states.first_state(), Some("INVALIDE"));
        assert_eq!(states.first_password(Some("{ARGON2}x")).as_deref(), Some("{SCRIPT}LOCK{ARGON2}x"));
        assert_eq!(states.first_password(None).as_deref(), Some("{SCRIPT}LOCK"));
        assert_eq!(prefix.first_state(), None);
        assert_eq!(prefix.first_password(Some("{ARGON2}x")).as_deref(), Some("{ARGON2}x"));
        assert_eq!(prefix.first_password(None), None);
    }
}
