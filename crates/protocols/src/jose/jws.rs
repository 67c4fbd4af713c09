//! Compact JWS (RFC 7515 section 3.1) with ES256, an explicit type (RFC 8725 section 3.11) and a closed header.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Jwk, PublicKey, SigningKey};
use crate::{
    bytes::{Bytes, decode, encode},
    json,
};

/// The size of a message in bytes.
pub const MAX_MESSAGE: usize = 8 * 1024;

/// What a message is. Compared exactly: a message of one type is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Typ {
    /// The server's offer to a phone that claims an enrolment.
    #[serde(rename = "akkoord-offer+jwt")]
    Offer,
    /// The phone's answer to the offer.
    #[serde(rename = "akkoord-enrol+jwt")]
    Enrol,
    /// What a phone is asked to approve.
    #[serde(rename = "akkoord-request+jwt")]
    Request,
    /// The phone's decision.
    #[serde(rename = "akkoord-decision+jwt")]
    Decision,
    /// Evidence by the PIN-protected key.
    #[serde(rename = "akkoord-pin+jwt")]
    Pin,
    /// The proof on each call.
    #[serde(rename = "akkoord-proof+jwt")]
    Proof,
    /// A phone's new key.
    #[serde(rename = "akkoord-rotate+jwt")]
    Rotate,
    /// The server's next key.
    #[serde(rename = "akkoord-keyroll+jwt")]
    Keyroll,
}

impl Typ {
    /// All types, for the tests that confuse each with each.
    pub const ALL: [Self; 8] =
        [Self::Offer, Self::Enrol, Self::Request, Self::Decision, Self::Pin, Self::Proof, Self::Rotate, Self::Keyroll];
}

/// Why a message is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Too long, not three parts, not base64url.
    #[error("is not a compact JWS")]
    Form,
    /// A member that is unknown or missing, another algorithm, `crit`, or a key where none may stand.
    #[error("has a header that is not allowed")]
    Header,
    /// Another type than expected.
    #[error("is of another type")]
    WrongType,
    /// `kid` does not name the expected key.
    #[error("names another key")]
    WrongKey,
    /// The signature is wrong.
    #[error("has a bad signature")]
    Signature,
    /// `v` is not 1.
    #[error("is of another version")]
    Version,
    /// The claims are not what this type must hold.
    #[error("has claims that are not allowed: {0}")]
    Claims(String),
}

#[derive(Serialize, Deserialize)]
enum Algorithm {
    #[serde(rename = "ES256")]
    Es256,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHeader<'a> {
    alg: Algorithm,
    typ: Typ,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    kid: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwk: Option<Jwk>,
}

/// Which key a message says it is signed with. It selects only among keys that the reader stored, except in the
/// enrolment, whose key is new and is bound by the commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Header {
    /// The stored key's id.
    Kid(String),
    /// The new phone's key, in `akkoord-enrol+jwt` only.
    Jwk(Jwk),
}

/// A message whose form is right and whose signature has not been looked at.
#[derive(Debug)]
pub struct Unverified<'m> {
    message: &'m str,
    signing_input: &'m str,
    typ: Typ,
    header: Header,
    payload: Vec<u8>,
    signature: Bytes<64>,
}

/// The claims of a message whose signature is right.
#[derive(Debug)]
pub struct Verified {
    payload: Vec<u8>,
}

#[derive(Deserialize)]
struct Version {
    v: u64,
}

impl<'m> Unverified<'m> {
    /// Takes a message apart. Nothing in it is to be believed yet.
    pub fn parse(message: &'m str, typ: Typ) -> Result<Self, JwsError> {
        if message.len() > MAX_MESSAGE {
            return Err(JwsError::Form);
        }
        let (signing_input, signature) = message.rsplit_once('.').ok_or(JwsError::Form)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Form)?;
        let signature = signature.parse().map_err(|_| JwsError::Form)?;
        let payload = decode(payload).map_err(|_| JwsError::Form)?;
        let header = decode(header).map_err(|_| JwsError::Form)?;
        json::check(&header).map_err(|_| JwsError::Header)?;
        let raw: Value = serde_json::from_slice(&header).map_err(|_| JwsError::Header)?;
        let header: RawHeader<'_> = serde_json::from_slice(&header).map_err(|_| JwsError::Header)?;
        if serde_json::to_value(&header).map_err(|_| JwsError::Header)? != raw {
            return Err(JwsError::Header);
        }
        if header.typ != typ {
            return Err(JwsError::WrongType);
        }
        let names = match (header.kid, header.jwk) {
            (Some(kid), None) if typ != Typ::Enrol && kid.len() <= 64 => Header::Kid(kid.into_owned()),
            (None, Some(jwk)) if typ == Typ::Enrol => Header::Jwk(jwk),
            _ => return Err(JwsError::Header),
        };
        Ok(Self { message, signing_input, typ, header: names, payload, signature })
    }

    /// The message as sent.
    pub fn message(&self) -> &'m str {
        self.message
    }

    /// The type, which is the one asked for.
    pub fn typ(&self) -> Typ {
        self.typ
    }

    /// The key that the message names.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Checks the signature with the key that the caller stored under `kid`.
    pub fn verify(self, kid: &str, key: &PublicKey) -> Result<Verified, JwsError> {
        match &self.header {
            Header::Kid(named) if named == kid => self.verify_with(key),
            _ => Err(JwsError::WrongKey),
        }
    }

    /// Checks the signature with the key in the header; only an enrolment has one.
    pub fn verify_with_key_in_header(self) -> Result<(PublicKey, Verified), JwsError> {
        let Header::Jwk(jwk) = &self.header else { return Err(JwsError::Header) };
        let key = jwk.key().map_err(|_| JwsError::Header)?;
        let verified = self.verify_with(&key)?;
        Ok((key, verified))
    }

    fn verify_with(self, key: &PublicKey) -> Result<Verified, JwsError> {
        key.verify(self.signing_input.as_bytes(), &self.signature).map_err(|_| JwsError::Signature)?;
        Ok(Verified { payload: self.payload })
    }

    /// The claims before the signature is checked, for the one case where the key stands in them: an offer.
    pub fn unverified_claims<T: DeserializeOwned>(&self) -> Result<T, JwsError> {
        json::parse(&self.payload).map_err(|error| JwsError::Claims(error.message))
    }
}

impl Verified {
    /// Reads the claims. Another version is told apart from a broken message, as it asks for an update of the app.
    ///
    /// What was read must be all that was said: written again it is the same JSON, so no member is passed over at any
    /// depth, and no value has a second form that another reader may take otherwise.
    pub fn claims<T: DeserializeOwned + Serialize>(&self) -> Result<T, JwsError> {
        let malformed = |error: json::JsonError| JwsError::Claims(error.message);
        let said: Value = json::parse(&self.payload).map_err(malformed)?;
        let version = Version::deserialize(&said).map_err(|error| malformed(error.into()))?;
        if version.v != 1 {
            return Err(JwsError::Version);
        }
        let read: T = json::parse(&self.payload).map_err(malformed)?;
        match serde_json::to_value(&read) {
            Ok(again) if again == said => Ok(read),
            _ => Err(JwsError::Claims("a member that is unknown or has another form".to_owned())),
        }
    }
}

/// Signs claims under a key that the reader stored as `kid`.
pub fn sign(key: &SigningKey, typ: Typ, kid: &str, claims: &impl Serialize) -> Result<String, JwsError> {
    write(key, RawHeader { alg: Algorithm::Es256, typ, kid: Some(Cow::Borrowed(kid)), jwk: None }, claims)
}

/// Signs claims with the public key in the header, as an enrolment does.
pub fn sign_with_key_in_header(key: &SigningKey, typ: Typ, claims: &impl Serialize) -> Result<String, JwsError> {
    write(key, RawHeader { alg: Algorithm::Es256, typ, kid: None, jwk: Some(key.public().jwk()) }, claims)
}

fn write(key: &SigningKey, header: RawHeader<'_>, claims: &impl Serialize) -> Result<String, JwsError> {
    let header = serde_json::to_vec(&header).map_err(|_| JwsError::Header)?;
    let claims = serde_json::to_vec(claims).map_err(|error| JwsError::Claims(error.to_string()))?;
    let mut message = format!("{}.{}", encode(&header), encode(&claims));
    let signature = key.sign(message.as_bytes()).map_err(|_| JwsError::Signature)?;
    message.push('.');
    message.push_str(&signature.to_text());
    // Its reader would refuse it, and could not say why.
    if message.len() > MAX_MESSAGE { Err(JwsError::Form) } else { Ok(message) }
}
