//! Whether a password opens an account: the part of a directory server that checks `userPassword`.

use argon2::{Argon2, PasswordVerifier as _};

/// The one scheme that is accepted. Anything else (no scheme, an unknown one, `{SCRIPT}LOCK`, a value behind a locking
/// prefix) opens nothing: a value must never be taken for a password in clear.
const SCHEME: &str = "{ARGON2}";

/// Takes as long as the hash was made to take: not for an async task.
pub(super) fn opens(stored: &str, password: &str) -> bool {
    let Some((scheme, hash)) = stored.split_at_checked(SCHEME.len()) else { return false };
    // An empty password is what an anonymous bind sends: it opens nothing even where its hash was stored.
    scheme.eq_ignore_ascii_case(SCHEME)
        && hash.starts_with("$argon2id$")
        && !password.is_empty()
        && Argon2::default().verify_password(password.as_bytes(), hash).is_ok()
}

#[cfg(test)]
mod tests {
    use argon2::{Algorithm, Params, PasswordHasher as _, Version};

    use super::*;

    fn hash(algorithm: Algorithm, password: &str) -> String {
        let argon = Argon2::new(algorithm, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        argon.hash_password_with_salt(password.as_bytes(), b"0123456789abcdef").unwrap().to_string()
    }

    #[test]
    fn only_the_password_opens() {
        let stored = format!("{{ARGON2}}{}", hash(Algorithm::Argon2id, "canard-23"));
        assert!(opens(&stored, "canard-23"));
        assert!(opens(&stored.replace("{ARGON2}", "{argon2}"), "canard-23"));
        assert!(!opens(&stored, "canard-24"));
        assert!(!opens(&stored, &stored));
        assert!(!opens(&format!("{{ARGON2}}{}", hash(Algorithm::Argon2i, "canard-23")), "canard-23"));
        assert!(!opens(&format!("{{ARGON2}}{}", hash(Algorithm::Argon2id, "")), ""));
    }

    #[test]
    fn locked_and_foreign_values_open_nothing() {
        let stored = format!("{{ARGON2}}{}", hash(Algorithm::Argon2id, "canard-23"));
        for locked in [format!("!{stored}"), format!("{{LOCK}}{stored}"), stored.replace("{ARGON2}", "")] {
            assert!(!opens(&locked, "canard-23"), "{locked}");
            assert!(!opens(&locked, &locked), "{locked}");
        }
        for foreign in
            ["canard-23", "{SCRIPT}LOCK", "{CLEARTEXT}canard-23", "{ARGON2}", "", "{ARGON2}$argon2id$", "{é}"]
        {
            assert!(!opens(foreign, "canard-23") && !opens(foreign, foreign), "{foreign}");
        }
    }
}
