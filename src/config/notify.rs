//! `[notify]`: who is told how a night ended, and how.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use axum::http::Uri;
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotifyConfig {
    /// How messages call this installation, such as "ENT 29".
    pub name: Option<String>,
    /// The server that takes the mail.
    pub smtp: Option<Smtp>,
    /// Who sends it: an address, with a name or without.
    pub from: Option<String>,
    pub user: Option<String>,
    /// Its first line; readable by its owner only.
    pub password_file: Option<PathBuf>,
    /// A private authority that the servers' certificates may come from, beside those of the system (PEM).
    pub ca_file: Option<PathBuf>,
    /// Asked (GET) after each night that came to its end: whoever watches there notices when nobody asks any more.
    pub heartbeat: Option<WebAddress>,
    pub to: Vec<NotifyTo>,
}

/// Somebody who is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifyTo {
    pub mail: Option<String>,
    /// Gets a JSON object (POST).
    pub webhook: Option<WebAddress>,
    /// Signs what the webhook gets (HMAC-SHA256); readable by its owner only.
    pub secret_file: Option<PathBuf>,
    #[serde(rename = "for")]
    pub audience: Vec<Audience>,
}

/// What somebody is told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// That all is well: once a week.
    Well,
    /// What waits for a decision.
    Held,
    /// What failed, and that it works again.
    Failed,
}

/// `smtp://host[:port]`: TLS by STARTTLS (587); `smtps://host[:port]`: TLS from the first byte (465);
/// `smtp+insecure://host[:port]`: in clear (25), to this machine only.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Smtp {
    pub security: Security,
    pub host: String,
    pub port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// To this machine alone.
    Clear,
    StartTls,
    Tls,
}

/// `https://…`, or `http://…` on this machine. What follows the host may be secret, and is shown nowhere.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct WebAddress {
    url: String,
    host: String,
}

impl WebAddress {
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

impl fmt::Debug for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl FromStr for WebAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|_| "not a web address (https://…)".to_owned())?;
        let host = uri.host().unwrap_or_default().to_owned();
        match uri.scheme_str() {
            Some("https") if !host.is_empty() => {}
            Some("http") if is_this_machine(&host) => {}
            Some("http") => return Err(format!("http:// to {host}: what is told would go in clear; use https://")),
            _ => return Err("not a web address (https://…)".to_owned()),
        }
        Ok(Self { url: text.to_owned(), host })
    }
}

impl TryFrom<String> for WebAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Smtp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is not a mail server, such as \"smtp://mail.example.fr:587\" or \"smtps://…\"");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?.to_owned();
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || text.contains('@') {
            return Err(wrong());
        }
        let (security, usual) = match uri.scheme_str() {
            Some("smtps") => (Security::Tls, 465),
            Some("smtp") => (Security::StartTls, 587),
            Some("smtp+insecure") if is_this_machine(&host) => (Security::Clear, 25),
            Some("smtp+insecure") => {
                return Err(format!("{text:?}: mail goes in clear to this machine only; use smtp:// or smtps://"));
            }
            _ => return Err(wrong()),
        };
        Ok(Self { security, host, port: uri.port_u16().unwrap_or(usual) })
    }
}

impl TryFrom<String> for Smtp {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl NotifyTo {
    /// How the queue names it.
    #[must_use]
    pub fn target(&self) -> String {
        match (&self.mail, &self.webhook) {
            (Some(mail), _) => format!("mail:{mail}"),
            (None, Some(web)) => format!("webhook:{}", web.url()),
            (None, None) => String::new(),
        }
    }
}

impl NotifyConfig {
    pub(super) fn resolve(&mut self, folder: &Path) {
        let own = [&mut self.password_file, &mut self.ca_file].into_iter();
        for path in own.chain(self.to.iter_mut().map(|to| &mut to.secret_file)).flatten() {
            *path = folder.join(&*path);
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.user.is_some() != self.password_file.is_some() {
            return Err("notify.user and notify.password_file go together".to_owned());
        }
        if let Some(from) = &self.from {
            from.parse::<Mailbox>().map_err(|e| format!("notify.from {from:?}: {e}"))?;
        }
        for to in &self.to {
            match (&to.mail, &to.webhook) {
                (Some(mail), None) => {
                    mail.parse::<Mailbox>().map_err(|e| format!("notify.to, mail {mail:?}: {e}"))?;
                    if self.smtp.is_none() || self.from.is_none() {
                        return Err(format!("notify.to, mail {mail:?}: notify.smtp and notify.from are missing"));
                    }
                    if to.secret_file.is_some() {
                        return Err(format!("notify.to, mail {mail:?}: secret_file is for a webhook"));
                    }
                }
                (None, Some(_)) => {}
                _ => return Err("notify.to: either mail or webhook".to_owned()),
            }
            if to.audience.is_empty() {
                return Err("notify.to: `for` is empty; there are \"well\", \"held\" and \"failed\"".to_owned());
            }
        }
        Ok(())
    }

    /// Whether there is anybody to tell.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.to.is_empty() && self.heartbeat.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_is_not_spoken_to_in_clear_elsewhere() {
        let of = |text: &str| text.parse::<Smtp>().map(|s| (s.security, s.port));
        assert_eq!(of("smtp://mail.example.fr"), Ok((Security::StartTls, 587)));
        assert_eq!(of("smtps://mail.example.fr:4650"), Ok((Security::Tls, 4650)));
        for here in ["localhost", "127.0.0.1", "[::1]"] {
            assert_eq!(of(&format!("smtp+insecure://{here}")), Ok((Security::Clear, 25)), "{here}");
        }
        assert!(of("smtp+insecure://mail.example.fr").is_err());
        for wrong in ["mail.example.fr", "http://mail.example.fr", "smtp://", "smtp://u:p@mail.fr", "smtp://mail.fr/x"]
        {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_web_address_is_not_shown_whole() {
        let address: WebAddress = "https://hooks.example.fr/services/SECRET".parse().unwrap();
        assert_eq!(
            (address.to_string(), format!("{address:?}")),
            ("hooks.example.fr".into(), "hooks.example.fr".into())
        );
        assert!("http://127.0.0.1:9/x".parse::<WebAddress>().is_ok());
        for wrong in ["http://hooks.example.fr/SECRET", "ftp://x", "hooks", "https://"] {
            let error = wrong.parse::<WebAddress>().unwrap_err();
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
}
