//! JSON Web Keys of one kind (RFC 7517, RFC 7518 section 6.2), and their thumbprints (RFC 7638).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::PublicKey;
use crate::bytes::{Bytes, sha256};

/// A public P-256 key as JSON. Exactly these four members, so that no other can be smuggled along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwk {
    crv: Curve,
    kty: KeyType,
    x: Bytes<32>,
    y: Bytes<32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Curve {
    #[serde(rename = "P-256")]
    P256,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum KeyType {
    #[serde(rename = "EC")]
    Ec,
}

/// The point of a JWK does not lie on the curve, or is the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a point of P-256")]
pub struct JwkError;

/// The SHA-256 thumbprint of a public key (RFC 7638): raw in hashes, base64url in JSON, links and `kid`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Thumbprint(pub Bytes<32>);

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_text())
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Jwk {
    pub(super) fn of(key: &PublicKey) -> Self {
        let (mut x, mut y) = ([0; 32], [0; 32]);
        let [_, coordinates @ ..] = key.point();
        let (left, right) = coordinates.split_at(32);
        x.copy_from_slice(left);
        y.copy_from_slice(right);
        Self { crv: Curve::P256, kty: KeyType::Ec, x: Bytes(x), y: Bytes(y) }
    }

    /// The key, with its point checked.
    pub fn key(&self) -> Result<PublicKey, JwkError> {
        let mut point = [4; 65];
        let [_, coordinates @ ..] = &mut point;
        let (left, right) = coordinates.split_at_mut(32);
        left.copy_from_slice(&self.x.0);
        right.copy_from_slice(&self.y.0);
        PublicKey::from_point(point).map_err(|_| JwkError)
    }

    /// RFC 7638 section 3: the hash of the required members in lexical order, without blanks.
    pub fn thumbprint(&self) -> Thumbprint {
        let canonical =
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, self.x.to_text(), self.y.to_text());
        Thumbprint(Bytes(sha256(&[canonical.as_bytes()])))
    }
}

/// A key of the server's key set: a JWK with its `kid`, which is its thumbprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyWithId {
    crv: Curve,
    kty: KeyType,
    x: Bytes<32>,
    y: Bytes<32>,
    kid: Thumbprint,
}

impl KeyWithId {
    /// The key with its id.
    pub fn of(key: &PublicKey) -> Self {
        let Jwk { crv, kty, x, y } = key.jwk();
        Self { crv, kty, x, y, kid: key.thumbprint() }
    }

    /// The key without its id.
    pub fn jwk(&self) -> Jwk {
        Jwk { crv: self.crv, kty: self.kty, x: self.x, y: self.y }
    }

    /// The key; refused if its `kid` is not its thumbprint.
    pub fn key(&self) -> Result<PublicKey, JwkError> {
        let key = self.jwk().key()?;
        if key.thumbprint() == self.kid { Ok(key) } else { Err(JwkError) }
    }
}

/// The server's signing keys: the current one, and the next one while a roll is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySet {
    /// One or two keys.
    pub keys: Vec<KeyWithId>,
}
