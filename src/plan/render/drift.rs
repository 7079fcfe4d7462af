//! Accounts that somebody changed by hand in the directory: what of them a plan restores, and what it leaves.

use std::collections::BTreeMap;

use super::words;
use crate::plan::{Change, DriftTotals, Write};

/// What was changed by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    pub accounts: u64,
    /// How many accounts have each attribute restored.
    pub attributes: BTreeMap<String, u64>,
}

impl Drift {
    pub(super) fn take(&mut self, change: &Change) {
        if !change.drift {
            return;
        }
        self.accounts += 1;
        if let Write::Modify { attributes } = &change.write {
            for attribute in attributes {
                *self.attributes.entry(attribute.attribute.clone()).or_default() += 1;
            }
        }
    }

    /// `Dérive : 3 comptes modifiés à la main dans l'annuaire, rétablis`, then the attributes, the most frequent first;
    /// no line when nobody changed anything.
    pub(super) fn lines(&self, totals: &DriftTotals) -> Vec<String> {
        let changed = |n| words::count(n, "compte modifié", "comptes modifiés");
        let mut lines = Vec::new();
        if self.accounts > 0 {
            let restored = words::agree(self.accounts, "rétabli", "rétablis");
            lines.push(format!("dérive : {} à la main dans l'annuaire, {restored}", changed(self.accounts)));
            let mut attributes: Vec<(&String, &u64)> = self.attributes.iter().collect();
            attributes.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
            let each: Vec<String> =
                attributes.iter().map(|(name, n)| format!("{} ({})", words::plain(name), words::number(**n))).collect();
            lines.push(each.join(", "));
        }
        if totals.left > 0 {
            let left = words::agree(totals.left, "laissé", "laissés");
            lines.push(format!(
                "dérive : {} à la main dans l'annuaire, {left} en l'état (directory.drift)",
                changed(totals.left)
            ));
        }
        lines
    }
}
