//! The LDAP back end (ldap3): `ldap://` with StartTLS, `ldaps://`, `ldapi://`.
//!
//! One connection carries writes and reads of single entries, another checks passwords, and each search of a branch has
//! its own while it lasts: a server keeps the place of one paged read per connection, and OpenLDAP ends the first when
//! a second begins. The library neither pools nor reconnects: a lost connection is replaced here, and what was under
//! way on it is told as it is. Referrals are never followed: they
//! would take the identity's password to another server.

mod address;
mod assertion;
mod batch;
mod connection;
mod guard;
mod outcome;
mod read;
mod root;
mod secret;
mod tls;
mod write;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use ldap3::Scope;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::sleep;

use self::connection::Connector;
use super::{Directory, DirectoryError, Dn, Entry, Operation, Pace, Schema, Search};
use crate::config::DirectoryConfig;

/// slapd drops a connection that has too many operations pending; beyond this nothing is gained either.
const WINDOW_LIMIT: u8 = 32;

/// How many times an operation is sent to a server that answers `busy` or `unavailable`.
const ATTEMPTS: u32 = 6;
/// The wait after the first such answer; it doubles, to 3 s: some 6 s in all.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// Waits between the tries to connect again, 15 s in all: a service that restarts is back by then.
const RECONNECT_WAITS: [Duration; 5] = [
    Duration::from_millis(300),
    Duration::from_millis(700),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Tells one connection from the next.
type Generation = u64;

/// A connected LDAP server.
pub struct Ldap {
    connector: Connector,
    current: Mutex<Current>,
    /// The connection that checks passwords: a bind changes who a connection is.
    checker: Mutex<Option<ldap3::Ldap>>,
    /// Connections that searches have done with.
    idle: Mutex<Vec<ldap3::Ldap>>,
    /// Whether the server announces the Assertion control, once it was asked.
    asserts: OnceCell<bool>,
    page_size: i32,
    window: usize,
    schema: OnceCell<Option<Arc<Schema>>>,
}

#[derive(Default)]
struct Current {
    handle: Option<ldap3::Ldap>,
    generation: Generation,
}

impl std::fmt::Debug for Ldap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ldap").field("server", &self.connector.server).finish_non_exhaustive()
    }
}

impl Ldap {
    /// Connects under the configured identity.
    ///
    /// # Errors
    /// [`DirectoryError::Configuration`] when the URL, the password file or the authorities do not do (the text says
    /// how to mend it), [`DirectoryError::Unreachable`] for names, sockets and TLS, [`DirectoryError::Refused`] when
    /// the server does not accept the identity.
    pub async fn connect(config: &DirectoryConfig) -> Result<Self, DirectoryError> {
        let ldap = Self {
            connector: Connector::new(config)?,
            current: Mutex::default(),
            checker: Mutex::default(),
            idle: Mutex::default(),
            asserts: OnceCell::new(),
            page_size: i32::try_from(config.page_size.get()).unwrap_or(i32::MAX),
            window: usize::from(config.window.clamp(1, WINDOW_LIMIT)),
            schema: OnceCell::new(),
        };
        ldap.handle().await?;
        Ok(ldap)
    }

    /// The connection, opened when there is none.
    async fn handle(&self) -> Result<(ldap3::Ldap, Generation), DirectoryError> {
        let mut current = self.current.lock().await;
        if let Some(handle) = &mut current.handle
            && !handle.is_closed()
        {
            return Ok((handle.clone(), current.generation));
        }
        current.handle = None;
        let handle = self.connector.connect().await?;
        current.handle = Some(handle.clone());
        current.generation += 1;
        Ok((handle, current.generation))
    }

    /// The same, waiting for a server that was there and has gone: it may be about to come back.
    async fn patient_handle(&self) -> Result<(ldap3::Ldap, Generation), DirectoryError> {
        patiently(|| self.handle()).await
    }

    /// A connection for one search of a branch.
    async fn lease(&self) -> Result<ldap3::Ldap, DirectoryError> {
        let idle = {
            let mut idle = self.idle.lock().await;
            idle.retain_mut(|handle| !handle.is_closed());
            idle.pop()
        };
        match idle {
            Some(handle) => Ok(handle),
            None => patiently(|| self.connector.connect()).await,
        }
    }

    /// Gives back a connection on which a search came to its end. One that broke is dropped instead.
    async fn give_back(&self, handle: ldap3::Ldap) {
        self.idle.lock().await.push(handle);
    }

    /// Gives up a connection that failed. What is still under way on it keeps it open until answered.
    async fn discard(&self, generation: Generation) {
        let mut current = self.current.lock().await;
        if current.generation == generation {
            current.handle = None;
        }
    }

    /// `None` when the connection failed.
    async fn check(&self, ldap: &mut ldap3::Ldap, dn: &Dn, password: &str) -> Option<ldap3::LdapResult> {
        ldap.with_timeout(self.connector.patience);
        ldap.simple_bind(dn.as_str(), password).await.ok()
    }
}

/// Tries to connect until the waits are over.
async fn patiently<T, F: Future<Output = Result<T, DirectoryError>>>(
    connect: impl Fn() -> F,
) -> Result<T, DirectoryError> {
    let mut waits = RECONNECT_WAITS.iter();
    loop {
        match (connect().await, waits.next()) {
            (Err(error @ DirectoryError::Unreachable { .. }), Some(wait)) => {
                tracing::debug!(%error, "no connection: once more in a moment");
                sleep(*wait).await;
            }
            (answer, _) => return answer,
        }
    }
}

#[async_trait]
impl Directory for Ldap {
    async fn search(&self, search: Search) -> Result<BoxStream<'_, Result<Entry, DirectoryError>>, DirectoryError> {
        read::search(self, search, Scope::Subtree).await
    }

    async fn read_with(&self, dn: &Dn, operational: &[&str]) -> Result<Option<Entry>, DirectoryError> {
        // No list at all means all user attributes; beside a name, `*` does (RFC 4511 §4.5.1.8).
        let all = (!operational.is_empty()).then_some("*");
        let attributes = all.into_iter().chain(operational.iter().copied()).map(str::to_owned).collect();
        read::entry_at(self, Search { base: dn.clone(), filter: "(objectClass=*)".into(), attributes }).await
    }

    async fn execute(&self, operations: &[Operation], pace: &Pace) -> Vec<Result<(), DirectoryError>> {
        write::execute(self, operations, pace).await
    }

    async fn bind(&self, dn: &Dn, password: &str) -> Result<bool, DirectoryError> {
        // To a server, an empty password or name is an anonymous bind (RFC 4513 §5.1), which succeeds and proves
        // nothing.
        if password.is_empty() || dn.is_empty() {
            return Ok(false);
        }
        let mut checker = self.checker.lock().await;
        let mut answer = None;
        if let Some(ldap) = checker.as_mut() {
            answer = self.check(ldap, dn, password).await;
        }
        if answer.is_none() {
            let mut ldap = self.connector.open().await?;
            answer = self.check(&mut ldap, dn, password).await;
            *checker = answer.is_some().then_some(ldap);
        }
        let result = answer.ok_or_else(|| self.connector.unreachable("no answer to a bind"))?;
        match result.rc {
            0 => Ok(true),
            // Wrong, absent, locked: servers differ in how they say it (389 Directory Server answers 53 to locked
            // accounts and 19 to too many failures).
            19 | 32 | 48 | 49 | 53 => Ok(false),
            code => Err(DirectoryError::Rejected { dn: dn.to_string(), code, reason: outcome::in_words(&result) }),
        }
    }

    async fn schema(&self) -> Result<Option<Arc<Schema>>, DirectoryError> {
        self.schema.get_or_try_init(|| root::schema(self)).await.cloned()
    }

    async fn root(&self) -> Result<Option<Entry>, DirectoryError> {
        root::root(self).await
    }

    fn describe(&self) -> String {
        format!("{} ({})", self.connector.server, self.connector.identity())
    }
}
