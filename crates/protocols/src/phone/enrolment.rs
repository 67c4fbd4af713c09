//! Enrolment: the commitment, the phone's answer to the offer, and the six digits.
//!
//! The phone commits to its key before it sees the offer, and the offer carries the commitment back. So neither a
//! claimer nor a relay can try keys until the six digits agree: without it that takes under a minute.

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

use super::{Platform, label};
use crate::{
    bytes::{Bytes, sha256},
    jose::{Jwk, JwsError, PublicKey, SigningKey, Thumbprint, Typ, Unverified, sign_with_key_in_header},
    text::{Id, Name},
};

/// The claims of `akkoord-enrol+jwt`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// Version: 1.
    pub v: u8,
    /// The phone's idea of the time in seconds.
    pub iat: i64,
    /// The enrolment.
    pub enr: Id,
    /// SHA-256 of the offer as received.
    pub oh: Bytes<32>,
    /// What opens the commitment.
    pub n_d: Bytes<32>,
    /// The phone's name, which the person may change later.
    pub name: Name,
    /// What the authenticator runs on.
    pub platform: Platform,
    /// The web app's origin, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The public half of the PIN-protected key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Jwk>,
    /// SHA-256 of the attestation object, when the platform authenticator is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wa: Option<Bytes<32>>,
}

impl Enrol {
    /// Signs with the new key, which stands in the header.
    pub fn sign(&self, key: &SigningKey) -> Result<String, JwsError> {
        sign_with_key_in_header(key, Typ::Enrol, self)
    }

    /// Reads the message and the key that signed it. The caller checks that the commitment opens.
    pub fn read(message: &str) -> Result<(PublicKey, Self), JwsError> {
        let (key, verified) = Unverified::parse(message, Typ::Enrol)?.verify_with_key_in_header()?;
        Ok((key, verified.claims()?))
    }
}

/// The commitment: over the phone's nonce and key, and the server key of the QR code. With a typed code there is no
/// such key, and 32 zero bytes stand in its place.
pub fn commitment(n_d: &[u8; 32], phone_key: Thumbprint, server_key: Option<Thumbprint>) -> Bytes<32> {
    let server_key = server_key.map_or([0; 32], |thumbprint| thumbprint.0.0);
    Bytes(sha256(&[label::COMMIT, n_d, &phone_key.0.0, &server_key]))
}

/// The challenge of the platform authenticator's new credential.
pub fn webauthn_challenge(offer_hash: &[u8; 32], phone_key: Thumbprint) -> [u8; 32] {
    sha256(&[label::ENROL_UV, offer_hash, &phone_key.0.0])
}

/// The six digits that the phone shows and the person types into the page.
#[derive(Clone, PartialEq, Eq)]
pub struct Digits(String);

impl Digits {
    /// HMAC-SHA-256 under `n_d || n_s`, modulo one million. It covers both keys and the enrolment, so whoever stands
    /// in between has other digits.
    pub fn derive(
        n_d: &[u8; 32],
        n_s: &[u8; 32],
        phone_key: Thumbprint,
        server_key: Thumbprint,
        enrolment: &str,
    ) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[*n_d, *n_s].concat());
        let mut context = hmac::Context::with_key(&key);
        for part in [label::SAS, &phone_key.0.0, &server_key.0.0, enrolment.as_bytes()] {
            context.update(part);
        }
        let tag = context.sign();
        let number = tag.as_ref().iter().fold(0_u64, |rest, byte| (rest * 256 + u64::from(*byte)) % 1_000_000);
        Self(format!("{number:06}"))
    }

    /// Takes digits that were stored.
    pub fn from_stored(digits: &str) -> Self {
        Self(digits.to_owned())
    }

    /// The six digits.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// As shown: `123 456`.
    pub fn to_shown(&self) -> String {
        match self.0.split_at_checked(3) {
            Some((left, right)) => format!("{left} {right}"),
            None => self.0.clone(),
        }
    }

    /// Whether the person typed these digits, blanks aside, in constant time.
    pub fn matches(&self, typed: &str) -> bool {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        subtle::ConstantTimeEq::ct_eq(self.0.as_bytes(), typed.as_bytes()).into()
    }
}

impl std::fmt::Debug for Digits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}
