//! Keys and signed messages: P-256, ES256 and compact JWS (RFC 7515), and nothing else of that family.
//!
//! A header never chooses a key or an algorithm here: the caller brings the key it stored.

mod jwk;
mod jws;
mod key;

pub use jwk::{Jwk, JwkError, KeySet, KeyWithId, Thumbprint};
pub use jws::{Header, JwsError, MAX_MESSAGE, Typ, Unverified, Verified, sign, sign_with_key_in_header};
pub use key::{BadSignature, KeyError, PublicKey, SigningKey};
