//! TLS by rustls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem};
use tokio_rustls::TlsAcceptor;

use crate::Validity;

/// The identity of a listener: TLS 1.2 and 1.3, offering HTTP/2 and HTTP/1.1.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    validity: Option<Validity>,
}

impl Tls {
    /// Reads the certificate, followed by its intermediates, and its private key. The files are read once: a
    /// renewed certificate needs a restart.
    ///
    /// # Errors
    /// [`TlsError`] names the file that is missing, unreadable or not what it should be.
    pub fn from_pem_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let certificates = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unreadable(certificate, error))?;
        if certificates.is_empty() {
            return Err(TlsError::Empty { path: certificate.to_owned(), wanted: "certificate" });
        }
        let private_key = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsError::Empty { path: key.to_owned(), wanted: "private key" },
            error => unreadable(key, error),
        })?;
        Self::new(certificates, private_key).map_err(|source| TlsError::Mismatch {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            source,
        })
    }

    fn new(
        certificates: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, rustls::Error> {
        let validity = Validity::of(&certificates);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certificates, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), validity })
    }

    /// When the certificate and its intermediates hold, all of them. `None` if one says it in a form that is not known.
    pub const fn validity(&self) -> Option<Validity> {
        self.validity
    }

    pub(crate) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// Why a certificate and its key can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file can't be opened, or is not PEM.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system or the parser says.
        source: pem::Error,
    },
    /// A file is PEM, but holds nothing of what it was named for.
    #[error("{} holds no {wanted}", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        wanted: &'static str,
    },
    /// The two don't belong together, or rustls doesn't support their kind.
    #[error("cannot use the certificate {} with the key {}: {source}", certificate.display(), key.display())]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What rustls says.
        source: rustls::Error,
    },
}

fn unreadable(path: &Path, source: pem::Error) -> TlsError {
    TlsError::Unreadable { path: path.to_owned(), source }
}
