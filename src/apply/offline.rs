//! A plan of creations as LDIF for a server's offline loader (`slapadd`, `ldif2db`) instead of writes to the server: an
//! initial load in minutes where a server that waits for its disk at every write takes an hour.
//!
//! What an apply does is done here as well: the passwords are drawn, hashed and sealed by the batch, each batch on the
//! disk as pending before its entries go into the file. What is not: nothing is believed. The register takes nobody in
//! and no sheet can be printed until [`loaded`](super::loaded::loaded) has found the entries in the directory.
//!
//! The file gets its name last, whole, and no file is ever written over. Killed before that, the plan can be exported
//! again: the passwords that were sealed are taken up, and what else is drawn at random was in no file that has a name.

use std::collections::HashMap;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::audit::{Kind, Trail};
use crate::config::{CredentialsConfig, DirectoryKind, PasswordScheme};
use crate::credentials::{Issuer, Scheme, Serial};
use crate::directory::dialect::Dialect;
use crate::directory::{Dn, Entry, ldif, missing_branches, suffix_entry};
use crate::plan::file::Reader;
use crate::plan::{Change, ChangeKind, Ground, Header, Line, Seal, Write};
use crate::private::{private_file, publish_new};
use crate::roster::JoinKey;
use crate::store::PlanState;

use super::operations::{FirstHash, new_entry};
use super::ready::{Ready, make_ready};
use super::{ApplyError, Batch, Scope, check, issuer, lockout, read_batches};

/// Changes of one batch: each costs a wait for the store's disk, and its entries are held in memory.
const BATCH: usize = 2_048;

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Exported {
    pub file: PathBuf,
    pub entries: u64,
    /// Of these, the suffix and the branches.
    pub branches: u64,
    pub credentials: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    /// A probe showed that the server checks this form of passwords.
    pub proved: bool,
    pub seconds: f64,
}

#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    #[error(
        "change {seq} of the plan ({kind:?} of {dn}) is no creation: an offline loader only adds entries. Carry this plan \
         out with `apply` without --ldif"
    )]
    NotACreation { seq: u64, kind: ChangeKind, dn: Dn },
    #[error("the plan has no changes: there is nothing to load")]
    Nothing,
    #[error("the embedded directory has no offline loader: use `apply` without --ldif")]
    Embedded,
    #[error("{path} is there already, and is not written over: move it away, or name another file")]
    Taken { path: PathBuf },
    #[error(
        "this plan was written to {file} already: load that file, or make a new plan, which says what of it was loaded"
    )]
    Again { file: String },
    #[error(
        "the branch {branch} is not there yet, so that no probe can show which form of passwords the server checks: name \
         it in directory.password_scheme (argon2 for OpenLDAP with that module, pbkdf2-sha512 for 389 DS), or create the \
         branch"
    )]
    NoProof { branch: Dn },
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
}

impl OfflineError {
    /// Whether the command asks for what cannot be, rather than meeting a failure.
    #[must_use]
    pub const fn is_misuse(&self) -> bool {
        !matches!(self, Self::Write { .. })
    }
}

/// Writes the creations of a plan to `out` as LDIF: what is missing of suffix and branches, structures, people, groups
/// with all their members, in the order of the plan. No entry is written to the directory but the probe of the password
/// scheme.
///
/// # Errors
/// When the plan holds anything but creations, is stale or not intact; when `out` exists or cannot be written. Then there
/// is no file, and the plan can still be applied.
pub async fn export(ground: &Ground<'_>, plan: &Path, out: &Path, trail: &Trail) -> Result<Exported, ApplyError> {
    let started = Instant::now();
    if ground.config.directory.kind == DirectoryKind::Embedded {
        return Err(OfflineError::Embedded.into());
    }
    if out.exists() {
        return Err(OfflineError::Taken { path: out.to_owned() }.into());
    }
    let (header, seal) = check_plan(ground, plan).await?;
    let issued = header.totals.credentials > 0;
    let proved =
        !ground.config.credentials.any_bind() || ground.directory.read(ground.dialect.people_branch()).await?.is_some();
    let issuer = match (issued, proved) {
        (false, _) => None,
        (true, true) => Some(issuer(ground).await?),
        (true, false) => Some(unproved(ground).await?),
    };
    let above = above(ground).await?;
    let failed = |source| ApplyError::from(OfflineError::Write { path: out.to_owned(), source });
    let mut file = BufWriter::with_capacity(1 << 20, private_file(out).map_err(failed)?);
    head(&mut file, &header, &above).map_err(failed)?;
    let mut exported = Exported {
        file: std::path::absolute(out).unwrap_or_else(|_| out.to_owned()),
        entries: above.len() as u64,
        branches: above.len() as u64,
        credentials: 0,
        scheme: issuer.as_ref().map(Issuer::scheme),
        proved,
        seconds: 0.0,
    };
    ground.progress.begin("export", Some(seal.changes));
    let mut batches = read_batches(plan, HashMap::new(), Scope::All, BATCH);
    // The passwords of the next batch are hashed while this one is written.
    let mut next = None;
    loop {
        let ready = match next.take() {
            Some(ready) => ready,
            None => match batches.recv().await {
                Some(batch) => make(ground, &header, issuer.as_ref(), batch?).await?,
                None => break,
            },
        };
        let ahead = async {
            match batches.recv().await {
                Some(batch) => Ok(Some(make(ground, &header, issuer.as_ref(), batch?).await?)),
                None => Ok::<_, ApplyError>(None),
            }
        };
        let size = ready.ready.size();
        let (following, credentials) = tokio::try_join!(ahead, put(ground, issuer.as_ref(), ready, &mut file, out))?;
        next = following;
        exported.credentials += credentials;
        exported.entries += size;
        ground.progress.advance(size);
    }
    publish(ground, &header, file, &exported, trail).await?;
    exported.seconds = started.elapsed().as_secs_f64();
    Ok(exported)
}

/// Reads the plan to its end: intact, fresh, nothing but creations.
async fn check_plan(ground: &Ground<'_>, plan: &Path) -> Result<(Header, Seal), ApplyError> {
    let path = plan.to_owned();
    let read = tokio::task::spawn_blocking(move || -> Result<_, ApplyError> {
        let mut reader = Reader::open(&path)?;
        let mut other = None;
        for line in reader.by_ref() {
            if let Line::Change(change) = line?
                && !matches!(change.write, Write::Add { .. })
                && other.is_none()
            {
                other = Some(OfflineError::NotACreation { seq: change.seq, kind: change.kind, dn: change.dn.clone() });
            }
        }
        let (header, seal) = reader.finish()?;
        Ok((header, seal, other))
    });
    let (header, seal, other) = read.await.map_err(|e| ApplyError::Stopped(e.to_string()))??;
    match ground.store.plan(&header.plan_id.to_string()).await? {
        None => return Err(ApplyError::Stale(vec!["it was not made on this store".into()])),
        Some(row) if row.digest != seal.digest => {
            return Err(ApplyError::Stale(vec!["the file is not the plan that was saved under this number".into()]));
        }
        Some(row) if row.state == PlanState::Exported => {
            let file = ground.store.exported_plan().await?.map(|exported| exported.file).unwrap_or_default();
            return Err(OfflineError::Again { file }.into());
        }
        Some(row) if row.state != PlanState::Ready => {
            return Err(ApplyError::Stale(vec!["it was carried out, in part at least".into()]));
        }
        Some(_) => check::fresh(ground, &header, false).await?,
    }
    match other {
        Some(other) => Err(other.into()),
        None if seal.changes == 0 => Err(OfflineError::Nothing.into()),
        None => Ok((header, seal)),
    }
}

/// Where no probe can be added, the form of the passwords has to be named; it is proved before anybody gets a sheet.
async fn unproved(ground: &Ground<'_>) -> Result<Issuer, ApplyError> {
    let config = ground.config;
    lockout::require(ground.store, &config.credentials, &ground.directory.describe(), ground.today).await?;
    match (config.directory.password_scheme, Scheme::allowed(config.directory.password_scheme).first()) {
        (PasswordScheme::Auto, _) | (_, None) => {
            Err(OfflineError::NoProof { branch: ground.dialect.people_branch().clone() }.into())
        }
        (_, Some(scheme)) => Ok(Issuer::new(&config.credentials, &config.letters, *scheme)?),
    }
}

/// The suffix and the branches, as far as they are missing.
async fn above(ground: &Ground<'_>) -> Result<Vec<Entry>, ApplyError> {
    let suffix = Dn::parse(&ground.config.directory.suffix)
        .map_err(|e| crate::directory::DirectoryError::Configuration(format!("directory.suffix: {e}")))?;
    let dialect = &ground.dialect;
    let branches =
        [dialect.people_branch().clone(), dialect.structures_branch().clone(), dialect.groups_branch().clone()];
    let mut above = Vec::new();
    if ground.directory.read(&suffix).await?.is_none() {
        above.push(suffix_entry(&suffix));
    }
    above.extend(missing_branches(ground.directory, &suffix, &branches).await?);
    Ok(above)
}

fn head(out: &mut impl std::io::Write, header: &Header, above: &[Entry]) -> std::io::Result<()> {
    writeln!(out, "# {}, plan {}", header.program, header.plan_id)?;
    writeln!(out, "# It holds password hashes: readable by its owner only, to be deleted once it is loaded.")?;
    above.iter().try_for_each(|entry| ldif::write_entry(out, entry))
}

/// A batch with its credentials, of which `taken_up` were sealed by an export that was killed.
struct Made {
    ready: Ready,
    taken_up: HashMap<JoinKey, (Serial, String)>,
}

async fn make(ground: &Ground<'_>, header: &Header, issuer: Option<&Issuer>, batch: Batch) -> Result<Made, ApplyError> {
    let keys: Vec<JoinKey> = batch.changes.iter().filter_map(|(change, _)| change.subject.join_key.clone()).collect();
    let taken_up = ground.store.pending_of(&keys).await?;
    let ready = make_ready(ground, header, issuer, &taken_up, batch).await?;
    Ok(Made { ready, taken_up })
}

/// Saves the credentials of a batch, then writes its entries; gives how many credentials.
async fn put(
    ground: &Ground<'_>,
    issuer: Option<&Issuer>,
    made: Made,
    file: &mut BufWriter<NamedTempFile>,
    out: &Path,
) -> Result<u64, ApplyError> {
    let Made { ready, taken_up } = made;
    if let Some(issuer) = issuer
        && !ready.issued.is_empty()
    {
        issuer.save(ground.store, &ready.issued).await?;
    }
    let mut hashes: HashMap<JoinKey, String> = taken_up.into_iter().map(|(key, (_, hash))| (key, hash)).collect();
    hashes.extend(ready.issued.iter().map(|i| (i.label.join_key.clone(), i.hash.expose().to_owned())));
    let (dialect, credentials) = (Arc::clone(&ground.dialect), ground.config.credentials.clone());
    let changes = ready.changes;
    let (texts, credentials) = tokio::task::spawn_blocking(move || {
        let texts: std::io::Result<Vec<Vec<u8>>> =
            changes.par_iter().map(|(change, _)| record(&dialect, &credentials, change, &hashes)).collect();
        (texts, hashes.len() as u64)
    })
    .await
    .map_err(|e| ApplyError::Stopped(e.to_string()))?;
    let failed = |source| OfflineError::Write { path: out.to_owned(), source };
    for text in texts.map_err(failed)? {
        file.write_all(&text).map_err(failed)?;
    }
    Ok(credentials)
}

/// One creation as LDIF.
fn record(
    dialect: &Dialect,
    credentials: &CredentialsConfig,
    change: &Change,
    hashes: &HashMap<JoinKey, String>,
) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(2_048);
    if let Write::Add { attributes, .. } = &change.write {
        let hash = change.subject.join_key.as_ref().and_then(|key| hashes.get(key));
        let hash = FirstHash::of(credentials, change, hash.map(String::as_str));
        ldif::write_entry(&mut text, &new_entry(dialect, change, attributes, hash))?;
    }
    Ok(text)
}

/// Notes the export, then gives the file its name. A file that has one is thus always known to the store; should the
/// name be refused, the plan is as if it had not been exported.
async fn publish(
    ground: &Ground<'_>,
    header: &Header,
    file: BufWriter<NamedTempFile>,
    exported: &Exported,
    trail: &Trail,
) -> Result<(), ApplyError> {
    let path = exported.file.clone();
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::AlreadyExists => OfflineError::Taken { path: path.clone() },
        _ => OfflineError::Write { path: path.clone(), source },
    };
    let file = file.into_inner().map_err(|e| failed(e.into_error()))?;
    trail.record(
        Kind::HashesExported,
        None,
        serde_json::json!({
            "plan": header.plan_id, "file": exported.file, "entries": exported.entries,
            "credentials": exported.credentials, "proved": exported.proved,
        }),
    )?;
    trail.flush().await?;
    let name = exported.file.display().to_string();
    ground.store.plan_exported(header.plan_id, &name, exported.proved, ground.now.as_millisecond()).await?;
    if let Err(source) = publish_new(file, &exported.file) {
        ground.store.set_plan_state(header.plan_id, PlanState::Ready).await?;
        return Err(failed(source).into());
    }
    Ok(())
}
