//! The LDAP back end (ldap3): `ldap://` with StartTLS, `ldaps://`, `ldapi://`.
//!
//! One connection carries reads and writes, another checks passwords. The library neither pools nor reconnects: a lost
//! connection is replaced here, and what was under way on it is told as it is. Referrals are never followed: they
//! would take the identity's password to another server.

mod address;
mod connection;
mod outcome;
mod read;
mod root;
mod secret;
mod tls;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{BoxStream, StreamExt as _};
use ldap3::Scope;
use tokio::sync::{Mutex, OnceCell};

use self::connection::Connector;
use super::{Directory, DirectoryError, Dn, Entry, Operation, Pace, Schema, Search};
use crate::config::DirectoryConfig;

/// slapd drops a connection that has too many operations pending; beyond this nothing is gained either.
const WINDOW_LIMIT: u8 = 32;

/// All user attributes, and those by which servers lock accounts: operational ones come only when they are named.
const ALL_AND_LOCKS: [&str; 3] = ["*", "nsAccountLock", "pwdAccountLockedTime"];

/// Tells one connection from the next.
type Generation = u64;

/// A connected LDAP server.
pub struct Ldap {
    connector: Connector,
    current: Mutex<Current>,
    /// The connection that checks passwords: a bind changes who a connection is.
    checker: Mutex<Option<ldap3::Ldap>>,
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

#[async_trait]
impl Directory for Ldap {
    async fn search(&self, search: Search) -> Result<BoxStream<'_, Result<Entry, DirectoryError>>, DirectoryError> {
        read::search(self, search, Scope::Subtree).await
    }

    async fn read(&self, dn: &Dn) -> Result<Option<Entry>, DirectoryError> {
        let attributes = ALL_AND_LOCKS.map(str::to_owned).into();
        let search = Search { base: dn.clone(), filter: "(objectClass=*)".into(), attributes };
        read::search(self, search, Scope::Base).await?.next().await.transpose()
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
