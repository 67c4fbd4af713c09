//! TLS by certificate files. A renewed certificate is taken up within a minute, without a restart.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum_server::tls_rustls::RustlsConfig;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};

use crate::config::TlsSection;

/// Why the files cannot be used. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("configuration key {key}: cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The configuration key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// A file does not hold what it must.
    #[error("configuration key {key}: {} holds no {wanted} in PEM form (a line with -----BEGIN)", path.display())]
    Empty {
        /// The configuration key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What it must hold.
        wanted: &'static str,
    },
    /// Key and certificate are of two pairs.
    #[error(
        "configuration key tls.key: the key in {} does not belong to the first certificate in {}: \
         put the server's own certificate first, then those of its authority",
        key.display(), certificate.display()
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// Anything else.
    #[error("the TLS files cannot be used: {0}")]
    Other(rustls::Error),
}

/// A certificate and its key, kept current.
#[derive(Clone)]
pub struct Tls {
    section: TlsSection,
    current: RustlsConfig,
}

impl Tls {
    /// Reads the files.
    pub fn load(section: &TlsSection) -> Result<Self, TlsError> {
        let current = RustlsConfig::from_config(Arc::new(read(section)?));
        Ok(Self { section: section.clone(), current })
    }

    pub(super) fn config(&self) -> RustlsConfig {
        self.current.clone()
    }

    /// Looks once a minute whether the files changed. Ones that cannot be used leave the old ones in use.
    pub(super) async fn keep_current(self) {
        let mut seen = self.changed_at();
        loop {
            tokio::time::sleep(INTERVAL).await;
            let changed = self.changed_at();
            if changed == seen {
                continue;
            }
            seen = changed;
            match read(&self.section) {
                Ok(config) => {
                    self.current.reload_from_config(Arc::new(config));
                    tracing::info!("a new TLS certificate is in use");
                }
                Err(error) => tracing::error!("the new TLS files are not used, the old ones are: {error}"),
            }
        }
    }

    fn changed_at(&self) -> [Option<SystemTime>; 2] {
        [&self.section.certificate, &self.section.key]
            .map(|path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
    }
}

/// Reads certificate and key, and checks that they are a pair.
pub fn read_files(section: &TlsSection) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    const CERTIFICATE: &str = "tls.certificate";
    let unreadable = |key, path: &Path, cause: pem::Error| TlsError::Unreadable {
        key,
        path: path.to_owned(),
        cause: match cause {
            pem::Error::Io(cause) => cause.to_string(),
            other => other.to_string(),
        },
    };
    let certificates = CertificateDer::pem_file_iter(&section.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|cause| unreadable(CERTIFICATE, &section.certificate, cause))?;
    if certificates.is_empty() {
        return Err(TlsError::Empty { key: CERTIFICATE, path: section.certificate.clone(), wanted: "certificate" });
    }
    let key = match PrivateKeyDer::from_pem_file(&section.key) {
        Ok(key) => key,
        Err(pem::Error::NoItemsFound) => {
            return Err(TlsError::Empty { key: "tls.key", path: section.key.clone(), wanted: "private key" });
        }
        Err(cause) => return Err(unreadable("tls.key", &section.key, cause)),
    };
    Ok((certificates, key))
}

fn read(section: &TlsSection) -> Result<ServerConfig, TlsError> {
    let (certificates, key) = read_files(section)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let built = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key));
    let mut config = built.map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            TlsError::Mismatch { certificate: section.certificate.clone(), key: section.key.clone() }
        }
        other => TlsError::Other(other),
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

const INTERVAL: Duration = Duration::from_secs(60);
