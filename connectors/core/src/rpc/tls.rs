use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::sync::Arc;

/// A CA certificate that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The PEM can't be read.
    #[error("not PEM: {0}")]
    Malformed(String),
    /// It holds no certificate.
    #[error("there is no certificate in it")]
    Empty,
    /// A certificate in it is no root.
    #[error("certificate refused: {0}")]
    Refused(String),
    /// TLS can't be set up with it.
    #[error("no TLS: {0}")]
    NoTls(String),
}

/// TLS 1.2 and up, with the roots of Mozilla's programme as they were compiled in, and those in
/// `extra_roots` (PEM) for nodes of one's own. The system's stores are not read.
///
/// # Errors
/// Where `extra_roots` holds no certificate that can be used.
pub fn client_config(extra_roots: Option<&str>) -> Result<ClientConfig, CertificateError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(pem) = extra_roots {
        let mut found = false;
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| CertificateError::Malformed(error.to_string()))?;
            roots.add(certificate).map_err(|error| CertificateError::Refused(error.to_string()))?;
            found = true;
        }
        if !found {
            return Err(CertificateError::Empty);
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| CertificateError::NoTls(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_a_certificate_is_refused() {
        assert_eq!(client_config(Some("nothing")).unwrap_err(), CertificateError::Empty);
        let broken = "-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n";
        assert!(matches!(client_config(Some(broken)).unwrap_err(), CertificateError::Malformed(_)));
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(client_config(Some(nonsense)).unwrap_err(), CertificateError::Refused(_)));
    }
}
