//! Accounts of the directory that a plan takes over: how they were recognised, and what of them is brought into line.

use std::collections::BTreeMap;

use serde::Serialize;

use super::words;
use crate::plan::{Change, Proof, Write};

/// What a plan takes over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Adopted {
    pub accounts: u64,
    /// By what they were recognised.
    pub by: BTreeMap<Proof, u64>,
    /// Of them, those that are as they should be but for our join key.
    pub in_line: u64,
    /// How many accounts have each attribute changed, the join key apart.
    pub to_align: BTreeMap<String, u64>,
}

impl Adopted {
    pub(super) fn take(&mut self, change: &Change) {
        let Some(proof) = change.adopts else { return };
        self.accounts += 1;
        *self.by.entry(proof).or_default() += 1;
        let attributes = match &change.write {
            Write::Modify { attributes } | Write::Lock { attributes } | Write::Unlock { attributes } => {
                attributes.as_slice()
            }
            _ => &[],
        };
        let mut aligned = false;
        for change in attributes.iter().filter(|attribute| !change.adds_join_key(attribute)) {
            aligned = true;
            *self.to_align.entry(change.attribute.clone()).or_default() += 1;
        }
        self.in_line += u64::from(!aligned);
    }

    /// `312 comptes repris de l'annuaire (…)`, then what is brought into line, the most frequent first; no line when
    /// nothing is taken over.
    pub(super) fn lines(&self) -> Vec<String> {
        if self.accounts == 0 {
            return Vec::new();
        }
        let by: Vec<String> =
            self.by.iter().map(|(proof, n)| format!("{} {}", words::number(*n), proof.french())).collect();
        let mut lines = vec![format!(
            "{} ({}) : identifiant, mot de passe et état gardés",
            words::count(self.accounts, "compte repris de l'annuaire", "comptes repris de l'annuaire"),
            by.join(", ")
        )];
        if self.in_line > 0 {
            lines.push(format!("{} à aligner", words::count(self.in_line, "compte sans rien", "comptes sans rien")));
        }
        let mut attributes: Vec<(&String, &u64)> = self.to_align.iter().collect();
        attributes.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        if !attributes.is_empty() {
            let each: Vec<String> =
                attributes.iter().map(|(name, n)| format!("{} ({})", words::plain(name), words::number(**n))).collect();
            let n = attributes.len() as u64;
            lines.push(format!("{} à aligner : {}", words::count(n, "attribut", "attributs"), each.join(", ")));
        }
        lines
    }
}
