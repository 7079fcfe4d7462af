//! `[audit]`: the trail's signed checkpoints.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::credentials::VerifyingKey;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// The private key that signs them, of `rentree audit key`.
    pub signing_key: Option<PathBuf>,
    /// The file to which each run adds one; best on another machine's disk.
    pub checkpoints: Option<PathBuf>,
    /// The public key that they are verified with.
    pub public_key: Option<String>,
}

impl AuditConfig {
    pub(super) fn resolve(&mut self, folder: &Path) {
        for path in [&mut self.signing_key, &mut self.checkpoints].into_iter().flatten() {
            *path = folder.join(&*path);
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.checkpoints.is_some() && self.signing_key.is_none() {
            return Err("audit.checkpoints wants audit.signing_key (`rentree audit key` makes one)".to_owned());
        }
        match &self.public_key {
            Some(text) => text.parse::<VerifyingKey>().map(drop).map_err(|e| format!("audit.public_key: {e}")),
            None => Ok(()),
        }
    }

    /// The public key, when one is configured.
    #[must_use]
    pub fn public_key(&self) -> Option<VerifyingKey> {
        self.public_key.as_deref().and_then(|text| text.parse().ok())
    }
}
