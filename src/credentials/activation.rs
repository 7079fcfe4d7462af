//! Whether somebody has made an account his own: one rule, from what a directory shows.
//!
//! In this order, the first that speaks: the state that a portal keeps; the very hash that was issued; a change of the password later than the issue
//! (`pwdChangedTime`, draft-behera-ldap-password-policy §5.3.2); a password whose form this program and the servers that
//! hash anew at a bind (389 DS, `nsslapd-enable-upgrade-hash`) cannot have given it. A hash of the same family that is
//! only another one proves nothing: such a server changes it at the first bind, whoever binds.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::store::hash_mark;

/// Clocks of two machines differ, and a server stamps the entry that we add.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// The time of the last change of a password; operational, on servers with a password policy.
pub const PASSWORD_CHANGED: &str = "pwdChangedTime";

/// What is known of an account's first password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Its user has taken it over.
    Activated,
    /// Nobody has yet.
    Never,
    /// The directory does not show enough.
    Unknown,
}

/// What a directory shows of an account.
#[derive(Debug, Clone, Copy, Default)]
pub struct Signs<'a> {
    /// Where the dialect has states: whether it is one of an account that was activated.
    pub state: Option<bool>,
    /// `pwdChangedTime`, as it is written (generalized time).
    pub changed: Option<&'a str>,
    /// When the directory was known to hold the issued password.
    pub issued: Option<Timestamp>,
    /// The values of `userPassword` that may be read, without the dialect's lock.
    pub passwords: &'a [&'a str],
    /// The hash that was issued, where it is kept.
    pub hash: Option<&'a str>,
    /// What is kept of every hash that was issued (`store::hash_mark`).
    pub mark: Option<&'a [u8]>,
}

/// Whether the account was activated.
#[must_use]
pub fn activation(signs: &Signs<'_>) -> Activation {
    if let Some(activated) = signs.state {
        return if activated { Activation::Activated } else { Activation::Never };
    }
    // The very hash that was issued: whoever had set a password since, even the same one, would have another salt.
    if signs.mark.is_some_and(|mark| signs.passwords.iter().any(|value| hash_mark(value) == mark)) {
        return Activation::Never;
    }
    // Of a password that was not issued here nobody can say whose it is.
    let Some(issued) = signs.issued else { return Activation::Unknown };
    if let Some(changed) = signs.changed.and_then(generalized_time) {
        let later = changed.duration_since(issued) > TOLERANCE;
        return if later { Activation::Activated } else { Activation::Never };
    }
    match signs.passwords {
        [] => Activation::Unknown,
        values if values.iter().any(|value| !is_explained(value)) => Activation::Activated,
        values if signs.hash.is_some_and(|hash| values.contains(&hash)) => Activation::Never,
        _ => Activation::Unknown,
    }
}

/// Whether a password is of a form that is written here, or that a server makes of one.
fn is_explained(value: &str) -> bool {
    let scheme = value.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        let scheme = scheme.to_ascii_uppercase();
        scheme.starts_with("ARGON2") || scheme.starts_with("PBKDF2") || scheme == "SSHA512"
    })
}

/// `20260901120000Z`, with a fraction or without (RFC 4517 §3.3.13); other zones are not used by servers.
fn generalized_time(text: &str) -> Option<Timestamp> {
    let digits = text.trim().strip_suffix('Z')?;
    let whole = digits.split(['.', ',']).next()?;
    let part = |from: usize, to: usize| whole.get(from..to);
    if whole.len() != 14 || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{}-{}-{}T{}:{}:{}Z", part(0, 4)?, part(4, 6)?, part(6, 8)?, part(8, 10)?, part(10, 12)?, part(12, 14)?)
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_state_of_the_portal_speaks_first() {
        let changed =
            Signs { changed: Some("20261001000000Z"), issued: Some(at("2026-09-01T00:00:00Z")), ..Signs::default() };
        assert_eq!(activation(&Signs { state: Some(false), ..changed }), Activation::Never);
        assert_eq!(activation(&Signs { state: Some(true), ..Signs::default() }), Activation::Activated);
    }

    #[test]
    fn a_change_counts_when_it_is_later_than_the_issue() {
        for (changed, expected) in [
            ("20260901120500Z", Activation::Never),
            ("20260901115959.123Z", Activation::Never),
            ("20260901121500Z", Activation::Activated),
            ("20260902000000,5Z", Activation::Activated),
            ("yesterday", Activation::Unknown),
            ("20261399999999Z", Activation::Unknown),
            ("２０２６Z", Activation::Unknown),
        ] {
            let signs = Signs { changed: Some(changed), issued: Some(at("2026-09-01T12:00:00Z")), ..Signs::default() };
            assert_eq!(activation(&signs), expected, "{changed}");
        }
        assert_eq!(activation(&Signs { changed: Some("20260901121500Z"), ..Signs::default() }), Activation::Unknown);
    }

    #[test]
    fn another_hash_of_the_same_family_proves_nothing() {
        let issued = Some(at("2026-09-01T12:00:00Z"));
        for (passwords, hash, expected) in [
            (&[][..], None, Activation::Unknown),
            (&["{ARGON2}a"], Some("{ARGON2}a"), Activation::Never),
            (&["{ARGON2}b"], Some("{ARGON2}a"), Activation::Unknown),
            (&["{PBKDF2_SHA256}b"], Some("{PBKDF2-SHA512}a"), Activation::Unknown),
            (&["{SSHA}b"], Some("{ARGON2}a"), Activation::Activated),
            (&["clear"], None, Activation::Activated),
            (&["{ARGON2}b"], None, Activation::Unknown),
        ] {
            let signs = Signs { issued, passwords, hash, ..Signs::default() };
            assert_eq!(activation(&signs), expected, "{passwords:?}");
        }
    }
}
