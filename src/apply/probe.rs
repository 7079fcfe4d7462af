//! Which scheme of passwords the server checks: proved on an entry of nobody's before any credential is written.
//!
//! A server that does not know a scheme does one of two things. It refuses every bind (OpenLDAP), and printed sheets
//! open nothing; or it takes the whole text for a password in clear (389 DS), and whoever reads a hash logs in with it.
//! Nothing that a server says of itself tells the two apart from what we want. So a probe is added with a hash, its
//! password must bind, the hash must not, the dialect's lock must close it and give it back; then it is deleted.
//!
//! A probe that a killed run left is found by its name and removed. Nothing else is ever deleted here.

use futures_util::TryStreamExt as _;
use zeroize::Zeroizing;

use crate::config::CredentialsConfig;
use crate::credentials::{HashError, Hasher, Scheme, Secret};
use crate::directory::dialect::Dialect;
use crate::directory::{Directory, DirectoryError, Dn, Entry, Modification, Operation, Pace, Search};

/// constraintViolation and unwillingToPerform: a server that does not store this form of password.
const NOT_THIS_PASSWORD: [u32; 2] = [19, 53];

/// The scheme that was proved, and why stronger ones were not taken.
#[derive(Debug)]
pub struct Proof {
    pub scheme: Scheme,
    pub refused: Vec<(Scheme, Refusal)>,
}

/// What a server did with a hash that it does not check.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the server does not store it ({0})")]
    NotStored(String),
    #[error("the password does not bind")]
    PasswordFails,
    /// It took the text for a password in clear.
    #[error("the hash itself binds as a password: the server does not know the scheme")]
    HashBinds,
}

#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error("no credential was written: {server} checks none of the allowed password schemes ({}); {HINT}", told(.refused))]
    NoScheme { server: String, refused: Vec<(Scheme, Refusal)> },
    #[error(
        "no credential was written: the probe entry {dn} could not be added; the account of the run needs the right to \
         add and delete it, and the server the classes of the dialect"
    )]
    Add { dn: Dn, source: DirectoryError },
    #[error("the probe entry {dn} could not be deleted: delete it, and give the account of the run the right to")]
    Left { dn: Dn, source: DirectoryError },
    #[error(
        "no credential was written: an account locked by the dialect's method ({method}) {how}; choose in [lock] of the \
         dialect the method of this server (389 DS: nsAccountLock; OpenLDAP with ppolicy: pwdAccountLockedTime)"
    )]
    Lock { method: &'static str, how: String },
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error("the proof of the password scheme was interrupted")]
    Interrupted,
}

/// How to mend it, for each server.
const HINT: &str = "OpenLDAP: load its module argon2 (or pw-sha2 for ssha512); 389 DS: let the account write hashes \
                    (nsslapd-allow-hashed-passwords: on); or change directory.password_scheme";

fn told(refused: &[(Scheme, Refusal)]) -> String {
    refused.iter().map(|(scheme, why)| format!("{scheme}: {why}")).collect::<Vec<_>>().join("; ")
}

/// Tries the schemes in their order and gives the first that the server checks.
///
/// # Errors
/// When none is checked, when the probe can be neither added nor deleted, when the dialect's way of locking does not
/// hold on this server. Nothing but probes was written.
pub async fn prove(
    directory: &dyn Directory,
    dialect: &Dialect,
    credentials: &CredentialsConfig,
    schemes: &[Scheme],
) -> Result<Proof, ProbeError> {
    remove_left(directory, dialect).await?;
    let mut refused = Vec::new();
    for &scheme in schemes {
        let probe = Probe::add(directory, dialect, credentials, scheme).await?;
        let verdict = match &probe {
            Ok(probe) => {
                let verdict = probe.check().await;
                // Also when the check failed: what was added goes.
                probe.remove().await?;
                verdict?
            }
            Err(refusal) => Some(refusal.clone()),
        };
        match verdict {
            None => return Ok(Proof { scheme, refused }),
            Some(refusal) => {
                tracing::info!(%scheme, %refusal, "the server does not check this password scheme");
                refused.push((scheme, refusal));
            }
        }
    }
    Err(ProbeError::NoScheme { server: directory.describe(), refused })
}

/// Deletes the probes that killed runs left, and tells how many.
///
/// # Errors
/// When they cannot be read or deleted.
pub async fn remove_left(directory: &dyn Directory, dialect: &Dialect) -> Result<usize, ProbeError> {
    let search = Search {
        base: dialect.people_branch().clone(),
        filter: dialect.probe_filter(),
        attributes: vec!["objectClass".to_owned()],
    };
    let found: Vec<Entry> = directory.search(search).await?.try_collect().await?;
    let mut removed = 0;
    for entry in found.iter().filter(|entry| dialect.is_probe(&entry.dn)) {
        delete(directory, &entry.dn).await?;
        removed += 1;
    }
    Ok(removed)
}

/// How many times an operation is sent whose answer is lost.
const ATTEMPTS: u32 = 3;

/// A probe that is in the directory, with the password that should open it.
pub struct Probe<'a> {
    directory: &'a dyn Directory,
    dialect: &'a Dialect,
    pub dn: Dn,
    password: Secret,
    hash: Zeroizing<String>,
}

impl std::fmt::Debug for Probe<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Probe").field("dn", &self.dn).finish_non_exhaustive()
    }
}

impl<'a> Probe<'a> {
    /// Adds a probe. The inner error is a server that does not store such a hash.
    ///
    /// # Errors
    /// When it cannot be added for any other reason.
    pub async fn add(
        directory: &'a dyn Directory,
        dialect: &'a Dialect,
        credentials: &CredentialsConfig,
        scheme: Scheme,
    ) -> Result<Result<Self, Refusal>, ProbeError> {
        let hasher = Hasher::new(scheme, credentials)?;
        let work = move || -> Result<_, HashError> {
            let password = Secret::new(Zeroizing::new(random()));
            let hash = hasher.hash(&password, &mut rand::rng())?;
            Ok((password, hash))
        };
        let (password, hash) = tokio::task::spawn_blocking(work).await.map_err(|_| ProbeError::Interrupted)??;
        let hash = Zeroizing::new(hash.expose().to_owned());
        let entry = dialect.probe(&random(), &hash);
        let dn = entry.dn.clone();
        match execute(directory, Operation::Add(entry)).await {
            Ok(()) => Ok(Ok(Self { directory, dialect, dn, password, hash })),
            Err(DirectoryError::Rejected { code, reason, .. })
                // OpenLDAP gives the same code to everything where writing is restricted.
                if NOT_THIS_PASSWORD.contains(&code) && !reason.contains("operation restricted") =>
            {
                Ok(Err(Refusal::NotStored(reason)))
            }
            Err(source) => {
                if matches!(source, DirectoryError::Unknown { .. }) {
                    // It may be there: the next run would find it, but this one still can.
                    drop(delete(directory, &dn).await);
                }
                Err(ProbeError::Add { dn, source })
            }
        }
    }

    /// What is wrong with the scheme; nothing when it is proved.
    async fn check(&self) -> Result<Option<Refusal>, ProbeError> {
        if self.directory.bind(&self.dn, &self.hash).await? {
            return Ok(Some(Refusal::HashBinds));
        }
        if !self.binds().await? {
            return Ok(Some(Refusal::PasswordFails));
        }
        self.check_lock().await?;
        Ok(None)
    }

    /// Whether its password opens it.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn binds(&self) -> Result<bool, DirectoryError> {
        self.binds_over(self.directory).await
    }

    /// The same, asked over another connection.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn binds_over(&self, directory: &dyn Directory) -> Result<bool, DirectoryError> {
        directory.bind(&self.dn, self.password.expose()).await
    }

    /// Locks it, which must close it; unlocks it, which must give the password back.
    async fn check_lock(&self) -> Result<(), ProbeError> {
        let method = self.dialect.lock_method();
        let wrong = |how: &str| ProbeError::Lock { method: method.attribute(), how: how.to_owned() };
        let locking = |entry: &Entry| method.lock(entry);
        self.modify(locking).await.map_err(|e| refused_lock(method.attribute(), e))?;
        if self.binds().await? {
            return Err(wrong("still opens"));
        }
        let unlocking = |entry: &Entry| method.unlock(entry);
        self.modify(unlocking).await.map_err(|e| refused_lock(method.attribute(), e))?;
        if self.binds().await? {
            Ok(())
        } else {
            Err(wrong("does not open with its own password when the lock is off"))
        }
    }

    /// Reads it and carries out what `change` makes of it.
    async fn modify(&self, change: impl Fn(&Entry) -> Vec<Modification>) -> Result<(), DirectoryError> {
        let gone = || DirectoryError::NoSuchEntry { dn: self.dn.to_string() };
        let operational = [self.dialect.lock_method().attribute()];
        let mut attempts = 0;
        loop {
            let entry = self.directory.read_with(&self.dn, &operational).await?.ok_or_else(gone)?;
            let modifications = change(&entry);
            if modifications.is_empty() {
                return Ok(());
            }
            attempts += 1;
            match send(self.directory, Operation::Modify { dn: self.dn.clone(), modifications }).await {
                // Read again, it says whether this was carried out.
                Err(DirectoryError::Unknown { .. }) if attempts < ATTEMPTS => {}
                outcome => return outcome,
            }
        }
    }

    /// Takes it out of the directory.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn remove(&self) -> Result<(), ProbeError> {
        delete(self.directory, &self.dn).await
    }
}

fn refused_lock(method: &'static str, error: DirectoryError) -> ProbeError {
    match error {
        DirectoryError::Rejected { reason, .. } => {
            ProbeError::Lock { method, how: format!("is refused by the server ({reason})") }
        }
        other => other.into(),
    }
}

async fn delete(directory: &dyn Directory, dn: &Dn) -> Result<(), ProbeError> {
    match execute(directory, Operation::Delete(dn.clone())).await {
        Ok(()) | Err(DirectoryError::NoSuchEntry { .. }) => Ok(()),
        Err(source) => Err(ProbeError::Left { dn: dn.clone(), source }),
    }
}

/// Adds or deletes. When the answer is lost, the entry says whether it was done.
async fn execute(directory: &dyn Directory, operation: Operation) -> Result<(), DirectoryError> {
    let adds = matches!(operation, Operation::Add(_));
    let mut attempts = 1;
    loop {
        match send(directory, operation.clone()).await {
            Err(DirectoryError::Unknown { .. }) if attempts < ATTEMPTS => {
                if directory.read(operation.dn()).await?.is_some() == adds {
                    return Ok(());
                }
                attempts += 1;
            }
            outcome => return outcome,
        }
    }
}

/// One operation outside the pace of the run: there are a handful.
async fn send(directory: &dyn Directory, operation: Operation) -> Result<(), DirectoryError> {
    directory.execute(&[operation], &Pace::unlimited()).await.pop().unwrap_or(Ok(()))
}

/// 122 random bits, as 32 hexadecimal digits.
fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
