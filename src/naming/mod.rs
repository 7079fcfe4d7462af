//! Technical identifiers and logins: given once, to one join key, for ever.
//!
//! Knows the rules and the register of names ever given; never looks at the directory itself (the names taken there
//! are an argument). Deterministic: persons are named in the order of their join keys, so that a dry run and the real
//! run agree.

mod fold;
mod number;
mod register;
mod rules;
#[cfg(test)]
mod tests;

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

pub use fold::fold;
pub use number::numbered;
pub use register::{AdoptError, Register, stem};
pub use rules::{Rules, RulesError};

/// The technical identifier, `uid` in the directory: the RDN of a person, immutable, not the login. Keeps its case;
/// compared without it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uid(CompactString);

/// What a person types to connect, `ENTPersonLogin`. Compared without case and accents.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Login(CompactString);

/// The two names of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    pub uid: Uid,
    pub login: Login,
}

macro_rules! name_type {
    ($type:ident) => {
        impl $type {
            #[must_use]
            pub fn new(text: &str) -> Self {
                Self(text.into())
            }
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
            /// The form that is compared: two names with the same one are the same.
            #[must_use]
            pub fn folded(&self) -> CompactString {
                fold(&self.0)
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
name_type!(Uid);
name_type!(Login);
