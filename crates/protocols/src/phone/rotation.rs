//! A phone's change of key: `akkoord-rotate+jwt`, signed by the old key, with a signature by the new one.

use serde::{Deserialize, Serialize};

use super::label;
use crate::{
    bytes::Bytes,
    jose::{Jwk, JwsError, KeyError, PublicKey, SigningKey, Thumbprint, Typ, Unverified, sign},
    text::Id,
};

/// The claims of a rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// Version: 1.
    pub v: u8,
    /// The phone.
    pub iss: Id,
    /// The server.
    pub aud: String,
    /// The phone's idea of the time in seconds.
    pub iat: i64,
    /// Unique among this phone's messages.
    pub jti: Id,
    /// The new key.
    pub jwk: Jwk,
    /// The new key's signature over the phone's id and the old key: proof that the phone holds it.
    pub sig: Bytes<64>,
}

fn signed_by_new(phone: &str, old: Thumbprint) -> Vec<u8> {
    [label::ROTATE, phone.as_bytes(), &old.0.0].concat()
}

/// The new key's signature.
pub fn signature(new: &SigningKey, phone: &str, old: Thumbprint) -> Result<Bytes<64>, KeyError> {
    new.sign(&signed_by_new(phone, old))
}

impl Rotate {
    /// Signs with the old key.
    pub fn sign(&self, old: &SigningKey) -> Result<String, JwsError> {
        sign(old, Typ::Rotate, self.iss.as_str(), self)
    }

    /// Checks a rotation with the stored key and returns the new one.
    pub fn check(message: &str, phone: &str, server: &str, old: &PublicKey) -> Result<PublicKey, JwsError> {
        let claims: Self = Unverified::parse(message, Typ::Rotate)?.verify(phone, old)?.claims()?;
        if claims.iss.as_str() != phone || claims.aud != server {
            return Err(JwsError::Claims("for another phone or server".to_owned()));
        }
        let new = claims.jwk.key().map_err(|_| JwsError::Claims("not a key".to_owned()))?;
        let signed = signed_by_new(phone, old.thumbprint());
        new.verify(&signed, &claims.sig).map_err(|_| JwsError::Claims("the new key did not sign".to_owned()))?;
        Ok(new)
    }
}
