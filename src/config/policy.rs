//! `[policy]`: who sees and prints what of a family, where projects may choose.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a project chooses of the table in `roster::policy`; the rest of the table is no choice.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// Whether relatives stay linked to a pupil who is of age.
    pub of_age: OfAge,
    /// By UAI, where a school has it otherwise.
    pub of_age_in: BTreeMap<String, OfAge>,
    /// Join keys of people whose address nobody may learn.
    pub protected: Vec<String>,
    /// Whether an address that may not be given to parents' associations is such an address too.
    pub undisclosed_is_protected: bool,
}

/// Of a pupil of eighteen years and more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfAge {
    /// His relatives keep the link, and their accounts.
    #[default]
    Linked,
    /// They lose the link, and whoever has no other child the account.
    Unlinked,
}
