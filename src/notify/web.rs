//! Webhooks and the heartbeat, over HTTPS.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ring::hmac;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::ExposeSecret as _;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::config::WebAddress;
use crate::credentials::mac::hex;
use crate::private::secret_line;

/// The whole exchange.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why nobody was told there. The address is never said whole: its path may be secret.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error("notify.to, secret_file {path}: {reason}")]
    Secret { path: PathBuf, reason: String },
    #[error("notify.ca_file {path}: {reason}")]
    Authority { path: PathBuf, reason: String },
    #[error("{host} answers {status}")]
    Status { host: String, status: u16 },
    #[error("{host} {reason}")]
    Failed { host: String, reason: String },
}

/// Gives a JSON object to a webhook; signed, `X-Rentree-Signature: sha256=<HMAC-SHA256 of the body>`.
pub(super) async fn post(
    address: &WebAddress,
    secret: Option<&Path>,
    authority: Option<&Path>,
    body: &str,
) -> Result<(), WebError> {
    let signature = match secret {
        Some(path) => {
            let secret = secret_line(path).map_err(|reason| WebError::Secret { path: path.to_owned(), reason })?;
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
            Some(format!("sha256={}", hex(hmac::sign(&key, body.as_bytes()).as_ref())))
        }
        None => None,
    };
    let body = body.to_owned();
    exchange(address, authority, move |agent, url| {
        let mut request = agent.post(url).header("Content-Type", "application/json");
        if let Some(signature) = &signature {
            request = request.header("X-Rentree-Signature", signature);
        }
        request.send(body.as_str()).map(|answer| answer.status().as_u16())
    })
    .await
}

/// Says that a night came to its end.
///
/// # Errors
/// When the address does not answer well.
pub async fn heartbeat(address: &WebAddress, authority: Option<&Path>) -> Result<(), WebError> {
    exchange(address, authority, |agent, url| agent.get(url).call().map(|answer| answer.status().as_u16())).await
}

async fn exchange(
    address: &WebAddress,
    authority: Option<&Path>,
    ask: impl FnOnce(&Agent, &str) -> Result<u16, ureq::Error> + Send + 'static,
) -> Result<(), WebError> {
    let (url, host) = (address.url().to_owned(), address.to_string());
    let roots = roots(authority)?;
    let answer = tokio::task::spawn_blocking(move || {
        let tls = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(roots))).build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent("rentree")
            .build()
            .new_agent();
        ask(&agent, &url)
    });
    match answer.await {
        Ok(Ok(200..=299)) => Ok(()),
        Ok(Ok(status)) => Err(WebError::Status { host, status }),
        Ok(Err(error)) => Err(WebError::Failed { host, reason: in_words(&error) }),
        Err(error) => Err(WebError::Failed { host, reason: error.to_string() }),
    }
}

/// The system's authorities, and a private one.
fn roots(authority: Option<&Path>) -> Result<Vec<Certificate<'static>>, WebError> {
    let mut roots: Vec<CertificateDer<'static>> = rustls_native_certs::load_native_certs().certs;
    if let Some(path) = authority {
        let wrong = |reason: String| WebError::Authority { path: path.to_owned(), reason };
        for certificate in CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))? {
            roots.push(certificate.map_err(|e| wrong(e.to_string()))?);
        }
    }
    Ok(roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect())
}

/// Without the address.
fn in_words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "takes too long".to_owned(),
        ureq::Error::HostNotFound => "is not known".to_owned(),
        ureq::Error::ConnectionFailed => "cannot be reached".to_owned(),
        ureq::Error::Io(error) => format!("cannot be reached ({})", error.kind()),
        ureq::Error::Rustls(error) => format!("has no good certificate ({error})"),
        _ => "did not answer as a web server does".to_owned(),
    }
}
