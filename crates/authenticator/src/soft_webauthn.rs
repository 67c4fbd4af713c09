//! A platform authenticator made of software, for tests and the simulator.
//!
//! It answers as a phone's fingerprint reader would (WebAuthn Level 3), but **protects nothing**: its key lies beside
//! the other keys, and it claims that a user was verified without asking anybody. The terminal authenticator never
//! offers it to a person.

use akkoord_protocols::{
    bytes::{Bytes, encode, sha256},
    jose::{KeyError, PublicKey},
    random::{self, Random},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::{account::StoredKey, random::SystemRandom};

/// User present, user verified (WebAuthn section 6.1).
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
/// Attested credential data included.
const ATTESTED: u8 = 0x40;

/// Why the software authenticator could not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SoftError {
    /// The origin has no host.
    #[error("the origin has no host")]
    Origin,
    /// The crypto library failed.
    #[error("the key can't be used")]
    Key,
}

impl From<KeyError> for SoftError {
    fn from(_: KeyError) -> Self {
        Self::Key
    }
}

/// A software credential of one relying party.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoftAuthenticator {
    id: Bytes<32>,
    key: StoredKey,
    origin: String,
    rp_id: String,
}

impl std::fmt::Debug for SoftAuthenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SoftAuthenticator({}, [redacted])", self.rp_id)
    }
}

/// What the authenticator says of the user, so that tests can make it say too little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// The user was verified.
    Verified,
    /// Somebody touched it.
    TouchedOnly,
}

impl SoftAuthenticator {
    /// Makes a credential for a web app's origin; the relying party is its host.
    pub fn new(origin: &Url) -> Result<Self, SoftError> {
        let rp_id = origin.host_str().ok_or(SoftError::Origin)?.to_owned();
        let id = Bytes(random::bytes(&SystemRandom as &dyn Random));
        Ok(Self { id, key: StoredKey::generate()?, origin: origin.origin().ascii_serialization(), rp_id })
    }

    /// The origin it speaks for.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// RegistrationResponseJSON over a challenge, attestation `none`.
    pub fn register(&self, challenge: &[u8; 32]) -> Value {
        self.register_with(challenge, Gesture::Verified)
    }

    /// The same with a gesture of choice.
    pub fn register_with(&self, challenge: &[u8; 32], gesture: Gesture) -> Value {
        let mut data = self.authenticator_data(gesture.flags() | ATTESTED, 0);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&[0, 32]);
        data.extend_from_slice(&self.id.0);
        data.extend_from_slice(&cose_key(self.key.public()));
        // CBOR (RFC 8949): {"fmt": "none", "attStmt": {}, "authData": data}; all our data is under 256 bytes.
        let mut object = vec![0xa3];
        object.extend_from_slice(b"\x63fmt\x64none");
        object.extend_from_slice(b"\x67attStmt\xa0");
        object.extend_from_slice(b"\x68authData\x58");
        object.push(u8::try_from(data.len()).unwrap_or(u8::MAX));
        object.extend_from_slice(&data);
        self.credential(json!({
            "clientDataJSON": encode(&self.client_data("webauthn.create", challenge)),
            "attestationObject": encode(&object),
            "transports": ["internal"],
        }))
    }

    /// AuthenticationResponseJSON over a challenge.
    pub fn assert(&self, challenge: &[u8; 32]) -> Result<Value, SoftError> {
        self.assert_with(challenge, Gesture::Verified)
    }

    /// The same with a gesture of choice. The signature counter stays 0: platform authenticators that sync have none.
    pub fn assert_with(&self, challenge: &[u8; 32], gesture: Gesture) -> Result<Value, SoftError> {
        self.sign(challenge, &self.authenticator_data(gesture.flags(), 0))
    }

    /// The same as an authenticator that counts its signatures.
    pub fn assert_counted(&self, challenge: &[u8; 32], counter: u32) -> Result<Value, SoftError> {
        self.sign(challenge, &self.authenticator_data(Gesture::Verified.flags(), counter))
    }

    fn sign(&self, challenge: &[u8; 32], data: &[u8]) -> Result<Value, SoftError> {
        let client_data = self.client_data("webauthn.get", challenge);
        let signature = self.key.sign(&[data, &sha256(&[&client_data])].concat())?;
        Ok(self.credential(json!({
            "clientDataJSON": encode(&client_data),
            "authenticatorData": encode(data),
            "signature": encode(&to_der(&signature)),
        })))
    }

    fn credential(&self, response: Value) -> Value {
        json!({
            "id": self.id.to_text(),
            "rawId": self.id.to_text(),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        })
    }

    fn client_data(&self, what: &str, challenge: &[u8; 32]) -> Vec<u8> {
        let data = json!({
            "type": what,
            "challenge": encode(challenge),
            "origin": self.origin,
            "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self, flags: u8, counter: u32) -> Vec<u8> {
        [&sha256(&[self.rp_id.as_bytes()])[..], &[flags], &counter.to_be_bytes()].concat()
    }
}

impl Gesture {
    fn flags(self) -> u8 {
        match self {
            Self::Verified => PRESENT | VERIFIED,
            Self::TouchedOnly => PRESENT,
        }
    }
}

/// A COSE key (RFC 9053 section 7.1.1): {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
fn cose_key(key: &PublicKey) -> Vec<u8> {
    let [_, coordinates @ ..] = key.point();
    let (x, y) = coordinates.split_at(32);
    [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", x, b"\x22\x58\x20", y].concat()
}

/// WebAuthn wants the signature as DER (section 6.5.5): SEQUENCE { INTEGER r, INTEGER s }.
fn to_der(signature: &Bytes<64>) -> Vec<u8> {
    let (r, s) = signature.0.split_at(32);
    let both = [integer(r), integer(s)].concat();
    let mut der = vec![0x30, u8::try_from(both.len()).unwrap_or(u8::MAX)];
    der.extend_from_slice(&both);
    der
}

/// A DER INTEGER: as short as possible, with a zero byte in front where it would read as negative.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let leading = bytes.iter().take_while(|byte| **byte == 0).count().min(bytes.len().saturating_sub(1));
    let digits: Vec<u8> = bytes.iter().skip(leading).copied().collect();
    let negative = digits.first().is_some_and(|first| *first >= 0x80);
    let mut der = vec![0x02, u8::try_from(digits.len() + usize::from(negative)).unwrap_or(u8::MAX)];
    if negative {
        der.push(0);
    }
    der.extend_from_slice(&digits);
    der
}

#[cfg(test)]
mod tests {
    use akkoord_protocols::webauthn::RelyingParty;

    use super::*;

    fn origin() -> Url {
        Url::parse("http://phone.localhost:8080").unwrap()
    }

    #[test]
    fn the_relying_party_accepts_what_an_honest_authenticator_says() {
        let party = RelyingParty::new(&[origin()]).unwrap();
        let authenticator = SoftAuthenticator::new(&origin()).unwrap();
        assert_eq!(authenticator.origin(), "http://phone.localhost:8080");
        let stored = party.register(&[1; 32], &authenticator.register(&[1; 32])).unwrap();
        // Many times, because a leading zero or a high bit in r or s shows only now and then.
        for challenge in 0..50 {
            let assertion = authenticator.assert(&[challenge; 32]).unwrap();
            assert!(party.verify(&stored, &[challenge; 32], &assertion).unwrap().is_none(), "it doesn't count");
        }
        let counted = authenticator.assert_counted(&[1; 32], 1).unwrap();
        assert!(party.verify(&stored, &[1; 32], &counted).unwrap().is_some());
    }

    #[test]
    fn another_challenge_origin_key_or_no_verification_is_refused() {
        let party = RelyingParty::new(&[origin()]).unwrap();
        let authenticator = SoftAuthenticator::new(&origin()).unwrap();
        assert!(party.register(&[2; 32], &authenticator.register(&[1; 32])).is_err());
        assert!(party.register(&[1; 32], &authenticator.register_with(&[1; 32], Gesture::TouchedOnly)).is_err());
        let elsewhere = Url::parse("http://phone.example.org").unwrap();
        let stranger = SoftAuthenticator::new(&elsewhere).unwrap();
        assert!(party.register(&[1; 32], &stranger.register(&[1; 32])).is_err());

        let stored = party.register(&[1; 32], &authenticator.register(&[1; 32])).unwrap();
        let assertion = authenticator.assert(&[1; 32]).unwrap();
        assert!(party.verify(&stored, &[2; 32], &assertion).is_err());
        let unverified = authenticator.assert_with(&[1; 32], Gesture::TouchedOnly).unwrap();
        assert!(party.verify(&stored, &[1; 32], &unverified).is_err());
        let other = SoftAuthenticator::new(&origin()).unwrap();
        assert!(party.verify(&stored, &[1; 32], &other.assert(&[1; 32]).unwrap()).is_err());
        let same_key_elsewhere = SoftAuthenticator { origin: "http://evil.localhost:8080".to_owned(), ..authenticator };
        assert!(party.verify(&stored, &[1; 32], &same_key_elsewhere.assert(&[1; 32]).unwrap()).is_err());
    }

    #[test]
    fn integers_are_as_short_as_possible_and_never_negative() {
        assert_eq!(integer(&[0, 0, 0x7f]), [0x02, 1, 0x7f]);
        assert_eq!(integer(&[0, 0x80]), [0x02, 2, 0, 0x80]);
        assert_eq!(integer(&[0, 0]), [0x02, 1, 0]);
    }
}
