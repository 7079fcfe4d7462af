//! TLS of the connection: certificates are always verified, and a refusal says which certificate to put where.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use crate::directory::DirectoryError;

/// Trusts the authorities of `ca_file`, or the system's when there is none.
pub(super) fn client(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, DirectoryError> {
    let roots = match ca_file {
        Some(path) => from_file(path)?,
        None => from_system()?,
    };
    // The provider is given, because the process may hold several and rustls refuses to choose.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| DirectoryError::Configuration(format!("TLS: {e}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn from_file(path: &Path) -> Result<RootCertStore, DirectoryError> {
    let wrong =
        |reason: String| DirectoryError::Configuration(format!("directory.ca_file {}: {reason}", path.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))? {
        let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
        roots.add(certificate).map_err(|e| wrong(e.to_string()))?;
    }
    if roots.is_empty() { Err(wrong("no certificate in it (PEM expected)".into())) } else { Ok(roots) }
}

fn from_system() -> Result<RootCertStore, DirectoryError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(roots);
    }
    let reasons: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    Err(DirectoryError::Configuration(format!(
        "this system has no trusted authorities ({}): install ca-certificates, or name yours in directory.ca_file",
        if reasons.is_empty() { "none found".to_owned() } else { reasons.join("; ") }
    )))
}

/// What a failed handshake means and what to do about it.
pub(super) fn explain(error: &rustls::Error) -> String {
    match error {
        // A bad signature is another authority under the same name: one that was renewed, as a rule.
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "its certificate comes from an authority that is not trusted here: put that authority's certificate (PEM) \
             in directory.ca_file"
                .into()
        }
        rustls::Error::InvalidCertificate(
            reason @ (CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }),
        ) => format!("its certificate is for another name: use in directory.url a name that it carries ({reason})"),
        rustls::Error::InvalidCertificate(
            reason @ (CertificateError::Expired | CertificateError::ExpiredContext { .. }),
        ) => format!("its certificate has expired: have it renewed on the server ({reason})"),
        rustls::Error::InvalidCertificate(
            reason @ (CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }),
        ) => format!("its certificate is not valid yet: is the clock right, here and there? ({reason})"),
        rustls::Error::InvalidCertificate(reason) => format!("its certificate is not valid ({reason})"),
        other => format!("TLS failed ({other})"),
    }
}
