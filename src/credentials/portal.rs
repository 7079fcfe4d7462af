//! The hashes that a portal takes over, as a file: one JSON object a line, for profiles of mode `portal`.
//!
//! `uid`, `login`, `join_key`, `hash` (PHC string format, `$argon2id$…`), `issued` (yyyy-mm-dd), `expires`
//! (its last day; null: it counts until a successor is issued or the account is suspended).

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt as _;

use super::Scheme;
use crate::audit::{AuditError, Kind, Trail};
use crate::config::CredentialsConfig;
use crate::private::{private_file, publish_new};
use crate::store::{Store, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
}

/// Writes the hashes of the live credentials to a new file (0600), by uid, and gives how many. The event is on the trail
/// before the file has its name.
///
/// # Errors
/// When the file exists or cannot be written; when store or trail fail. Then there is no file.
pub async fn export_hashes(
    store: &Store,
    credentials: &CredentialsConfig,
    trail: &Trail,
    path: &Path,
) -> Result<u64, PortalError> {
    let failed = |source| PortalError::Write { path: path.to_owned(), source };
    if path.exists() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let mut out = BufWriter::new(private_file(path).map_err(failed)?);
    let mut hashes = store.portal_hashes();
    let mut count = 0_u64;
    while let Some(row) = hashes.try_next().await? {
        let line = serde_json::json!({
            "uid": row.uid, "login": row.login, "join_key": row.join_key, "hash": Scheme::without_prefix(&row.hash),
            "issued": row.issued, "expires": row.issued.parse().ok().and_then(|issued| credentials.expires(issued)),
        });
        writeln!(out, "{line}").map_err(failed)?;
        count += 1;
    }
    let event = serde_json::json!({ "file": path, "credentials": count, "for": "portal" });
    trail.record(Kind::HashesExported, None, event)?;
    trail.flush().await?;
    let file = out.into_inner().map_err(|e| failed(e.into_error()))?;
    publish_new(file, path).map_err(failed)?;
    Ok(count)
}
