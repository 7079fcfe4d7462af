//! Text that must not be seen: wiped when dropped, masked when printed for debugging, never serialised by itself.

use std::fmt;

use zeroize::Zeroizing;

/// A password in clear, on its short way from the generator to the hash and the envelope, or from the envelope to the
/// sheet. It has no `Display`, no `Serialize` and no `Clone`: whoever needs the text says so with [`Secret::expose`].
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over `text`, which must not have been reallocated while it was built (a copy would stay behind).
    #[must_use]
    pub const fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The text itself. Every call is a place to look at in a review.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A password's hash as `userPassword` wants it, `{ARGON2}$argon2id$…`. It lives in the directory and, until the
/// outcome of its writing is known, in the store; nowhere else.
#[derive(PartialEq, Eq)]
pub struct PasswordHash(Zeroizing<String>);

impl PasswordHash {
    #[must_use]
    pub const fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The value of `userPassword`.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_is_masked() {
        let secret = Secret::new(Zeroizing::new("bamo-tiku".into()));
        let hash = PasswordHash::new(Zeroizing::new("{ARGON2}$argon2id$x".into()));
        let shown = format!("{secret:?} {hash:?} {:?}", Some(&secret));
        assert!(!shown.contains("bamo") && !shown.contains("argon2id"), "{shown}");
        assert_eq!(secret.expose(), "bamo-tiku");
    }
}
