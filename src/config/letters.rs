//! `[letters]`: the printed sheets.

use std::path::{Path, PathBuf};

use serde::Deserialize;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LettersConfig {
    /// Public age recipients (`age1…`): who can open the envelopes. At least one is needed to issue credentials.
    pub recipients: Vec<String>,
    /// What people type, and what the QR code holds.
    pub login_url: String,
    /// The name of the ENT on the sheets.
    pub ent_name: Option<String>,
    /// Who to ask for help, on the sheets.
    pub help: Option<String>,
    /// A project's own template instead of the shipped one (Typst).
    pub template: Option<PathBuf>,
    /// For federated profiles: how they log in, one paragraph.
    pub federated_text: Option<String>,
}

impl LettersConfig {
    pub(super) fn resolve(&mut self, folder: &Path) {
        if let Some(template) = &mut self.template {
            *template = folder.join(&*template);
        }
    }
}
