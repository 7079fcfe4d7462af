//! Opening connections: socket, TLS, identity, and what to tell a person when one of them fails.

use std::io;
use std::time::Duration;

use ldap3::{LdapConnAsync, LdapConnSettings, LdapError, StdStream};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::address::{Address, Host, Protection};
use super::{outcome, secret, tls};
use crate::config::DirectoryConfig;
use crate::directory::DirectoryError;

/// A server that takes longer to let one in would not do its work either.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);

/// All that it takes to open connections to one server under one identity.
pub(super) struct Connector {
    address: Address,
    tls: Option<std::sync::Arc<rustls::ClientConfig>>,
    identity: Identity,
    /// The URL, for messages.
    pub server: String,
    /// How long an answer may take.
    pub patience: Duration,
}

enum Identity {
    /// The operating-system user, over a Unix socket.
    External,
    Simple {
        dn: String,
        password: SecretString,
    },
}

impl Connector {
    /// Reads and checks everything that does not need the server.
    pub(super) fn new(config: &DirectoryConfig) -> Result<Self, DirectoryError> {
        let address = Address::of(config)?;
        let identity = match (&config.bind_dn, &config.password_file, &address) {
            (Some(dn), Some(file), _) => Identity::Simple { dn: dn.clone(), password: secret::read(file)? },
            (None, None, Address::Socket(_)) => Identity::External,
            (Some(_), None, _) => {
                return Err(DirectoryError::Configuration(
                    "directory.bind_dn is given without directory.password_file".into(),
                ));
            }
            (None, Some(_), _) => {
                return Err(DirectoryError::Configuration(
                    "directory.password_file is given without directory.bind_dn".into(),
                ));
            }
            (None, None, Address::Tcp { .. }) => {
                return Err(DirectoryError::Configuration(
                    "directory.bind_dn is missing: an anonymous connection cannot write (only ldapi:// knows who \
                     connects)"
                        .into(),
                ));
            }
        };
        let tls = match address.protection() {
            Protection::None => None,
            Protection::StartTls | Protection::Tls => Some(tls::client(config.ca_file.as_deref())?),
        };
        let server = config.url.clone().unwrap_or_default();
        let patience = Duration::from_secs(u64::from(config.timeout_seconds.max(1)));
        Ok(Self { address, tls, identity, server, patience })
    }

    /// Who the connections are.
    pub(super) fn identity(&self) -> &str {
        match &self.identity {
            Identity::External => "SASL EXTERNAL",
            Identity::Simple { dn, .. } => dn,
        }
    }

    pub(super) fn unreachable(&self, reason: impl Into<String>) -> DirectoryError {
        DirectoryError::Unreachable { server: self.server.clone(), reason: reason.into() }
    }

    /// A connection under the configured identity.
    pub(super) async fn connect(&self) -> Result<ldap3::Ldap, DirectoryError> {
        let mut ldap = self.open().await?;
        ldap.with_timeout(self.limit());
        let answer = match &self.identity {
            Identity::External => ldap.sasl_external_bind().await,
            Identity::Simple { dn, password } => ldap.simple_bind(dn, password.expose_secret()).await,
        };
        let result = answer.map_err(|e| self.unreachable(format!("no answer to the bind ({})", explain(&e))))?;
        if result.rc == 0 {
            return Ok(ldap);
        }
        // Not the identity's fault, and soon over as a rule.
        if matches!(result.rc, 11 | 51 | 52) {
            return Err(self.unreachable(format!("it answers the bind with {}", outcome::in_words(&result))));
        }
        let hint = match result.rc {
            49 if matches!(self.identity, Identity::Simple { .. }) => {
                ": wrong password, or no such entry; check directory.bind_dn and directory.password_file"
            }
            8 | 13 => ": it wants a protected connection; use StartTLS or ldaps://",
            7 => ": it does not offer this way to bind; give directory.bind_dn and directory.password_file",
            _ => "",
        };
        let (server, identity) = (self.server.clone(), self.identity().to_owned());
        Err(DirectoryError::Refused { server, identity, reason: outcome::in_words(&result) + hint })
    }

    /// A connection that has not said who it is.
    pub(super) async fn open(&self) -> Result<ldap3::Ldap, DirectoryError> {
        timeout(self.limit(), self.establish())
            .await
            .unwrap_or_else(|_| Err(self.unreachable(format!("no connection within {} s", self.limit().as_secs()))))
    }

    fn limit(&self) -> Duration {
        self.patience.min(CONNECT_LIMIT)
    }

    async fn establish(&self) -> Result<ldap3::Ldap, DirectoryError> {
        let mut settings = LdapConnSettings::new();
        // The sockets are opened here rather than by the library: it would leave Nagle's delay on, which pipelined
        // writes suffer from, and would tell less of what failed.
        let url = match &self.address {
            Address::Socket(path) => {
                let stream = UnixStream::connect(path).await.and_then(UnixStream::into_std);
                let stream = stream.map_err(|e| {
                    self.unreachable(format!("the socket {}: {e}; is the server running?", path.display()))
                })?;
                settings = settings.set_std_stream(StdStream::Unix(stream));
                "ldapi:///".to_owned()
            }
            Address::Tcp { host, port, protection } => {
                let stream = self.dial(host, *port).await?;
                settings = settings
                    .set_std_stream(StdStream::Tcp(stream))
                    .set_starttls(*protection == Protection::StartTls)
                    // Within what `open` waits; it also ends the library's wait for a server that hangs up in StartTLS.
                    .set_conn_timeout(self.limit());
                let scheme = if *protection == Protection::Tls { "ldaps" } else { "ldap" };
                format!("{scheme}://{host}:{port}")
            }
        };
        if let Some(tls) = &self.tls {
            settings = settings.set_config(tls.clone());
        }
        let (connection, ldap) =
            LdapConnAsync::with_settings(settings, &url).await.map_err(|e| self.unreachable(explain(&e)))?;
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "the LDAP connection ended");
            }
        });
        Ok(ldap)
    }

    async fn dial(&self, host: &Host, port: u16) -> Result<std::net::TcpStream, DirectoryError> {
        let attempt = async {
            let stream = match host {
                Host::Name(name) => {
                    let addresses: Vec<_> = tokio::net::lookup_host((name.as_str(), port))
                        .await
                        .map_err(|e| self.unreachable(format!("the name {name} is not known ({e})")))?
                        .collect();
                    TcpStream::connect(&*addresses).await
                }
                Host::V4(ip) => TcpStream::connect((*ip, port)).await,
                Host::V6(ip) => TcpStream::connect((*ip, port)).await,
            };
            let stream = stream.and_then(|s| s.set_nodelay(true).map(|()| s)).and_then(TcpStream::into_std);
            stream.map_err(|e| {
                let hint = match e.kind() {
                    io::ErrorKind::ConnectionRefused => "; is the server running, and is this its port?",
                    _ => "",
                };
                self.unreachable(format!("{host} port {port}: {e}{hint}"))
            })
        };
        attempt.await
    }
}

/// A failure of the library in words. Nothing that was sent is in them.
pub(super) fn explain(error: &LdapError) -> String {
    match error {
        LdapError::Io { source } => source
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .map_or_else(|| source.to_string(), tls::explain),
        LdapError::Rustls { source } => tls::explain(source),
        LdapError::LdapResult { result } => format!("the server refused StartTLS, {}", outcome::in_words(result)),
        LdapError::Timeout { .. } => "no answer in time".into(),
        LdapError::ResultRecv { .. } | LdapError::EndOfStream | LdapError::OpSend { .. } => {
            "the server closed the connection".into()
        }
        other => other.to_string(),
    }
}
