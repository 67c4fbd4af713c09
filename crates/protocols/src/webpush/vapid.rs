//! Voluntary application server identification (RFC 8292): the push service sees that it is the server that the browser
//! subscribed to.

use serde::Serialize;

use crate::{
    bytes::encode,
    jose::{KeyError, SigningKey},
};

/// The signature could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the push signature could not be made")]
pub struct VapidError;

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: i64,
    sub: &'a str,
}

/// The value of `Authorization` for requests to one push service, by its origin (RFC 8292 sections 2 and 3). `expires`,
/// in seconds, must be less than 24 hours away; `contact` is a `mailto:` or `https:` address of the operator, whom the
/// push service may want to reach.
pub fn authorization(key: &SigningKey, origin: &str, expires: i64, contact: &str) -> Result<String, VapidError> {
    let claims = serde_json::to_vec(&Claims { aud: origin, exp: expires, sub: contact }).map_err(|_| VapidError)?;
    let signed = format!("{}.{}", encode(br#"{"typ":"JWT","alg":"ES256"}"#), encode(&claims));
    let signature = key.sign(signed.as_bytes()).map_err(|_: KeyError| VapidError)?;
    Ok(format!("vapid t={signed}.{}, k={}", signature.to_text(), encode(key.public().point())))
}
