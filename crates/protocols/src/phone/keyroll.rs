//! The server's change of key: `akkoord-keyroll+jwt`, signed by the key that phones have pinned.

use serde::{Deserialize, Serialize};

use crate::jose::{Jwk, JwsError, PublicKey, SigningKey, Typ, Unverified, sign};

/// The claims of a key roll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyroll {
    /// Version: 1.
    pub v: u8,
    /// The server.
    pub iss: String,
    /// When it was made, in seconds.
    pub iat: i64,
    /// The next key.
    pub jwk: Jwk,
    /// From when the next key signs, in seconds.
    pub from: i64,
}

impl Keyroll {
    /// Signs with the key that is given up.
    pub fn sign(&self, old: &SigningKey) -> Result<String, JwsError> {
        sign(old, Typ::Keyroll, &old.public().thumbprint().to_string(), self)
    }

    /// Follows a chain of rolls, oldest first, from a pinned key. Links before that key are passed over; the first
    /// link that the newest trusted key did not sign ends the walk with an error. Returns the keys that were added.
    pub fn follow(chain: &[String], pinned: &PublicKey, iss: &str) -> Result<Vec<(PublicKey, i64)>, JwsError> {
        let mut trusted = pinned.clone();
        let mut added = Vec::new();
        let mut joined = false;
        for message in chain {
            let parsed = Unverified::parse(message, Typ::Keyroll)?;
            let kid = trusted.thumbprint().to_string();
            let claims: Self = match parsed.verify(&kid, &trusted) {
                Ok(verified) => verified.claims()?,
                Err(JwsError::WrongKey) if !joined => continue,
                Err(error) => return Err(error),
            };
            if claims.iss != iss {
                return Err(JwsError::Claims("of another server".to_owned()));
            }
            joined = true;
            trusted = claims.jwk.key().map_err(|_| JwsError::Claims("not a key".to_owned()))?;
            added.push((trusted.clone(), claims.from));
        }
        Ok(added)
    }
}
