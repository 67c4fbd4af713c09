//! The certificate of the line that Chromium opens.

use std::{
    io::{Error, Result},
    sync::Arc,
};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{CertifiedKey, PublicKeyData as _};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// A new certificate for `localhost`, and the hash of its key by which a browser is told to accept it.
pub(crate) fn acceptor() -> Result<(TlsAcceptor, String)> {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).map_err(Error::other)?;
    let hash = digest::digest(&digest::SHA256, &signing_key.subject_public_key_info());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).map_err(Error::other)?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key))
        .map_err(Error::other)?;
    Ok((TlsAcceptor::from(Arc::new(config)), STANDARD.encode(hash)))
}
