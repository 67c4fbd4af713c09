//! The proof on each call: the phone's key signs method, address, body and a nonce of the server.

use serde::{Deserialize, Serialize};

use crate::{
    bytes::{Bytes, sha256},
    jose::{JwsError, PublicKey, SigningKey, Typ, Unverified, sign},
    text::Id,
};

/// The size of the proof header in bytes.
pub const MAX_PROOF: usize = 2 * 1024;

/// The claims of `akkoord-proof+jwt`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Version: 1.
    pub v: u8,
    /// `iss` of the offer.
    pub aud: String,
    /// The method, in capitals.
    pub htm: String,
    /// `api` and path, no query.
    pub htu: String,
    /// The phone's idea of the time in seconds; not compared.
    pub iat: i64,
    /// Unique among this phone's proofs.
    pub jti: Id,
    /// A nonce of the server, at most five minutes old.
    pub nonce: String,
    /// SHA-256 of the body's bytes as sent.
    pub bh: Bytes<32>,
}

/// Why a proof is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The message itself.
    #[error("the proof {0}")]
    Message(#[from] JwsError),
    /// For another server.
    #[error("the proof is for another server")]
    Audience,
    /// For another method or address.
    #[error("the proof is for another call")]
    Call,
    /// For another body.
    #[error("the proof is for another body")]
    Body,
}

/// What a proof must say.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The server's `iss`.
    pub audience: &'a str,
    /// The method, in capitals.
    pub method: &'a str,
    /// The configured `api` and the path; never built from `Host`.
    pub address: &'a str,
    /// The body's bytes as received.
    pub body: &'a [u8],
}

impl Call<'_> {
    /// Checks a proof against this call with the phone's stored key. Nonce and `jti` are the caller's to check,
    /// as they need the server's clock and memory.
    pub fn check(&self, proof: Unverified<'_>, phone: &str, key: &PublicKey) -> Result<Proof, ProofError> {
        if proof.typ() != Typ::Proof {
            return Err(JwsError::WrongType.into());
        }
        let claims: Proof = proof.verify(phone, key)?.claims()?;
        if claims.aud != self.audience {
            return Err(ProofError::Audience);
        }
        if claims.htm != self.method || claims.htu != self.address {
            return Err(ProofError::Call);
        }
        if claims.bh.0 != sha256(&[self.body]) {
            return Err(ProofError::Body);
        }
        Ok(claims)
    }

    /// Makes a proof of this call.
    pub fn prove(&self, phone: &str, key: &SigningKey, jti: Id, nonce: &str, now: i64) -> Result<String, JwsError> {
        let claims = Proof {
            v: 1,
            aud: self.audience.to_owned(),
            htm: self.method.to_owned(),
            htu: self.address.to_owned(),
            iat: now,
            jti,
            nonce: nonce.to_owned(),
            bh: Bytes(sha256(&[self.body])),
        };
        sign(key, Typ::Proof, phone, &claims)
    }
}
