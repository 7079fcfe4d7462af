//! Where the server is and how the way to it is protected: the policy, before anything is opened.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use crate::config::DirectoryConfig;
use crate::directory::DirectoryError;

/// Where Debian's slapd listens for `ldapi:///`.
const DEFAULT_SOCKET: &str = "/run/slapd/ldapi";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Socket(PathBuf),
    Tcp { host: Host, port: u16, protection: Protection },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    Name(String),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    /// In clear: to this machine only.
    None,
    StartTls,
    /// `ldaps://`: TLS from the first byte.
    Tls,
}

impl Address {
    /// The address of `directory.url`. The grammar is narrow on purpose (no user, no path, no query): what this reads
    /// and what the LDAP library connects to cannot then differ.
    pub(super) fn of(config: &DirectoryConfig) -> Result<Self, DirectoryError> {
        let wrong = |reason: &str| {
            let url = config.url.as_deref().unwrap_or_default();
            DirectoryError::Configuration(format!("directory.url {url:?}: {reason}"))
        };
        let url = config.url.as_deref().ok_or_else(|| wrong("missing"))?;
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("expected ldap://, ldaps:// or ldapi://"))?;
        let (port, wrapped) = match scheme.to_ascii_lowercase().as_str() {
            "ldapi" => {
                return socket(rest).map(Self::Socket).ok_or_else(|| wrong("not a socket's percent-encoded path"));
            }
            "ldap" => (389, false),
            "ldaps" => (636, true),
            _ => return Err(wrong("expected ldap://, ldaps:// or ldapi://")),
        };
        let (host, port) = host_and_port(rest.strip_suffix('/').unwrap_or(rest), port)
            .ok_or_else(|| wrong("expected a host and perhaps a port, nothing more"))?;
        let protection = match (wrapped, config.starttls) {
            (true, Some(true)) => return Err(wrong("ldaps:// has no StartTLS: take one of the two")),
            (true, _) => Protection::Tls,
            (false, Some(true)) => Protection::StartTls,
            (false, None) if !host.is_loopback() => Protection::StartTls,
            (false, Some(false)) if !host.is_loopback() => {
                return Err(wrong(
                    "passwords and pupils' data would cross the network in clear: take `starttls` out of the \
                     configuration (it is on by default) or use ldaps://; only a loopback address may do without",
                ));
            }
            (false, _) => Protection::None,
        };
        if protection != Protection::None && matches!(host, Host::V6(_)) {
            return Err(wrong("the certificate of a bare IPv6 address cannot be verified: give the host's name"));
        }
        Ok(Self::Tcp { host, port, protection })
    }

    pub(super) const fn protection(&self) -> Protection {
        match self {
            Self::Socket(_) => Protection::None,
            Self::Tcp { protection, .. } => *protection,
        }
    }
}

impl Host {
    /// Whether nothing that is sent there leaves the machine.
    fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name.eq_ignore_ascii_case("localhost"),
            Self::V4(ip) => ip.is_loopback(),
            Self::V6(ip) => ip.is_loopback(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(ip) => ip.fmt(f),
            Self::V6(ip) => write!(f, "[{ip}]"),
        }
    }
}

fn host_and_port(text: &str, default: u16) -> Option<(Host, u16)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (ip, rest) = rest.split_once(']')?;
        let port = if rest.is_empty() { default } else { port(rest.strip_prefix(':')?)? };
        return Some((Host::V6(ip.parse().ok()?), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, digits)) => (host, port(digits)?),
        None => (text, default),
    };
    let is_name = |host: &str| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
    };
    match host.parse() {
        Ok(ip) => Some((Host::V4(ip), port)),
        Err(_) => is_name(host).then(|| (Host::Name(host.to_owned()), port)),
    }
}

fn port(digits: &str) -> Option<u16> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten().filter(|p| *p > 0)
}

/// The socket of `ldapi://%2Frun%2Fslapd%2Fldapi`, of `ldapi:///run/slapd/ldapi`, or the usual one of `ldapi:///`.
fn socket(text: &str) -> Option<PathBuf> {
    if matches!(text, "" | "/") {
        return Some(DEFAULT_SOCKET.into());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&b, tail)) = rest.split_first() {
        rest = tail;
        if b == b'%' {
            let (hex, tail) = tail.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
            rest = tail;
        } else {
            bytes.push(b);
        }
    }
    let path = PathBuf::from(String::from_utf8(bytes).ok()?);
    path.is_absolute().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str, starttls: Option<bool>) -> Result<Address, DirectoryError> {
        let mut config: DirectoryConfig = toml::from_str("kind = \"ldap\"\nsuffix = \"dc=fr\"").unwrap();
        config.url = Some(url.to_owned());
        config.starttls = starttls;
        Address::of(&config)
    }

    fn protection(url: &str, starttls: Option<bool>) -> Protection {
        address(url, starttls).unwrap().protection()
    }

    #[test]
    fn what_leaves_the_machine_is_protected() {
        for url in ["ldap://ldap.example.fr", "ldap://192.0.2.1:3890/", "ldap://127.example.fr", "ldap://127.1"] {
            assert_eq!(protection(url, None), Protection::StartTls, "{url}");
            assert_eq!(protection(url, Some(true)), Protection::StartTls, "{url}");
            let refused = address(url, Some(false)).unwrap_err().to_string();
            assert!(refused.contains("in clear"), "{refused}");
        }
        for url in ["ldap://127.0.0.1:3890", "ldap://127.3.2.1", "ldap://localhost", "ldap://[::1]:389"] {
            assert_eq!(protection(url, None), Protection::None, "{url}");
            assert_eq!(protection(url, Some(false)), Protection::None, "{url}");
        }
        assert_eq!(protection("ldap://localhost", Some(true)), Protection::StartTls);
        assert_eq!(protection("LDAPS://ldap.example.fr", None), Protection::Tls);
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for url in [
            "ldap.example.fr",
            "http://ldap.example.fr",
            "ldap://",
            "ldap://127.0.0.1@evil.example",
            "ldap://localhost#@evil.example",
            "ldap://localhost/dc=fr",
            "ldap://localhost?x",
            "ldap://localhost:0",
            "ldap://localhost:+389",
            "ldap://localhost:99999",
            "ldap://local%68ost",
            "ldap://::1",
            "ldaps://[::1]",
            "ldapi://relative",
            "ldapi://%2",
        ] {
            assert!(address(url, None).is_err(), "{url}");
        }
        assert!(address("ldaps://localhost", Some(true)).is_err());
    }

    #[test]
    fn sockets() {
        let socket = |url| address(url, None).unwrap();
        assert_eq!(socket("ldapi://%2Ftmp%2Fa%20b"), Address::Socket("/tmp/a b".into()));
        assert_eq!(socket("ldapi:///tmp/s"), Address::Socket("/tmp/s".into()));
        assert_eq!(socket("ldapi:///"), Address::Socket(DEFAULT_SOCKET.into()));
    }
}
