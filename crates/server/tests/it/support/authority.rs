//! A certificate authority of one test, and the names that it vouches for.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use akkoord_authenticator::Network;
use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData as _};

/// The pages' name, and its sibling for the phones. `.test` is nobody's (RFC 6761 section 6.2).
pub const LOGIN: &str = "login.akkoord.test";
pub const PHONE: &str = "phone.akkoord.test";
/// A third name that leads to the same address and has a good certificate, and that nobody configured.
pub const STRANGER: &str = "stranger.akkoord.test";

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// An authority and the server's certificate in a folder.
pub struct Authority {
    folder: PathBuf,
    pem: String,
    key_hash: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut own = CertificateParams::new(Vec::new()).unwrap();
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = CertifiedIssuer::self_signed(own, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = [LOGIN, PHONE, STRANGER].map(str::to_owned).into();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &own).unwrap();
        let hash = digest::digest(&digest::SHA256, &key.subject_public_key_info());
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("akkoord-authority-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let made = Self { folder, pem: own.pem(), key_hash: STANDARD.encode(hash) };
        std::fs::write(made.certificate_file(), certificate.pem()).unwrap();
        std::fs::write(made.key_file(), key.serialize_pem()).unwrap();
        made
    }

    pub fn certificate_file(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }

    pub fn key_file(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    /// A network that trusts this authority alone and finds the names at this address.
    pub fn network(&self, address: SocketAddr) -> Network {
        Network::trusting_at(self.pem.as_bytes(), &[LOGIN, PHONE, STRANGER], address).unwrap()
    }

    /// What makes a Chromium accept the certificate.
    pub fn chromium_flag(&self) -> String {
        format!("--ignore-certificate-errors-spki-list={}", self.key_hash)
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}
