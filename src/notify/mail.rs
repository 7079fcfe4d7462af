//! Mail, over SMTP with TLS (RFC 5321, RFC 3207, RFC 8314).

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::ExposeSecret as _;

use crate::config::{NotifyConfig, Security};
use crate::private::secret_line;
use crate::store::NoticeRow;

/// How long the server may take for one answer: the night waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("notify.smtp or notify.from is not configured")]
    NoServer,
    #[error("notify.password_file {path}: {reason}")]
    Password { path: PathBuf, reason: String },
    #[error("notify.ca_file {path}: {reason}")]
    Authority { path: PathBuf, reason: String },
    #[error("a message that cannot be written")]
    Message(#[from] lettre::error::Error),
    #[error("an address that is none")]
    Address(#[from] lettre::address::AddressError),
    #[error("{server} takes too long")]
    Slow { server: String },
    #[error("{server}")]
    Server { server: String, source: lettre::transport::smtp::Error },
}

impl MailError {
    /// Whether any other message would fare the same.
    pub(super) fn is_the_servers(&self) -> bool {
        match self {
            Self::Server { source, .. } => !source.is_permanent() && !source.is_transient(),
            _ => true,
        }
    }

    /// With its causes: a timeout, a certificate, what the server said.
    pub(super) fn in_words(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let said = error.to_string();
            // Some say what caused them as well.
            if !text.ends_with(&said) {
                text.push_str(": ");
                text.push_str(&said);
            }
            cause = error.source();
        }
        text
    }
}

/// A connection to the server, made at the first message and kept for the next ones.
pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    server: String,
    from: Mailbox,
}

impl Mailer {
    pub fn new(config: &NotifyConfig) -> Result<Self, MailError> {
        let (Some(smtp), Some(from)) = (&config.smtp, &config.from) else { return Err(MailError::NoServer) };
        let server = format!("{}:{}", smtp.host, smtp.port);
        let failed = |source| MailError::Server { server: server.clone(), source };
        let tls = match smtp.security {
            Security::Clear => Tls::None,
            Security::StartTls | Security::Tls => {
                let mut parameters = TlsParameters::builder(smtp.host.clone());
                if let Some(path) = &config.ca_file {
                    let wrong = |reason: String| MailError::Authority { path: path.clone(), reason };
                    let pem = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
                    let authority = Certificate::from_pem(&pem).map_err(|e| wrong(e.to_string()))?;
                    parameters = parameters.add_root_certificate(authority);
                }
                let parameters = parameters.build().map_err(failed)?;
                if smtp.security == Security::Tls { Tls::Wrapper(parameters) } else { Tls::Required(parameters) }
            }
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(smtp.host.as_str())
            .port(smtp.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let (Some(user), Some(path)) = (&config.user, &config.password_file) {
            let password = secret_line(path).map_err(|reason| MailError::Password { path: path.clone(), reason })?;
            transport = transport.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self { transport: transport.build(), server, from: from.parse()? })
    }

    pub async fn send(&self, to: &str, notice: &NoticeRow) -> Result<(), MailError> {
        // The same message, should it be sent twice after all.
        let id = format!("<{}.{}@rentree>", notice.made.as_millisecond(), notice.id);
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(to.parse()?)
            .subject(notice.subject.as_str())
            .message_id(Some(id))
            .date(notice.made.into())
            .header(ContentType::TEXT_PLAIN)
            .body(notice.body.clone())?;
        // So that nobody's absence is answered to (RFC 3834).
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(automatic, "auto-generated".to_owned()));
        let sent = tokio::time::timeout(3 * PATIENCE, self.transport.send(message)).await;
        match sent {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(source)) => Err(MailError::Server { server: self.server.clone(), source }),
            Err(_) => Err(MailError::Slow { server: self.server.clone() }),
        }
    }
}
