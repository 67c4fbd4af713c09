//! P-256 keys over aws-lc-rs.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey},
};

use super::{Jwk, Thumbprint};
use crate::bytes::Bytes;

/// The bytes are not a P-256 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a P-256 key")]
pub struct KeyError;

/// The signature does not belong to the message and the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad signature")]
pub struct BadSignature;

/// A P-256 public key: a point that has been checked to lie on the curve.
#[derive(Clone)]
pub struct PublicKey {
    point: [u8; 65],
    parsed: ParsedPublicKey,
}

impl PublicKey {
    /// Takes an uncompressed point (SEC 1, 65 bytes, 0x04 first). Off-curve and identity points are refused.
    pub fn from_point(point: [u8; 65]) -> Result<Self, KeyError> {
        if point.first() != Some(&4) {
            return Err(KeyError);
        }
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| KeyError)?;
        Ok(Self { point, parsed })
    }

    /// The uncompressed point.
    pub fn point(&self) -> &[u8; 65] {
        &self.point
    }

    /// The key as a JWK.
    pub fn jwk(&self) -> Jwk {
        Jwk::of(self)
    }

    /// The RFC 7638 SHA-256 thumbprint.
    pub fn thumbprint(&self) -> Thumbprint {
        self.jwk().thumbprint()
    }

    /// Checks an ES256 signature, `r || s`. A high `s` is accepted: a signature never serves as an id.
    pub fn verify(&self, message: &[u8], signature: &Bytes<64>) -> Result<(), BadSignature> {
        self.parsed.verify_sig(message, &signature.0).map_err(|_| BadSignature)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.point == other.point
    }
}

impl Eq for PublicKey {}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", self.thumbprint())
    }
}

/// A P-256 private key for ES256, parsed once.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// Makes a key. Its randomness is the crypto library's own, which takes no other source.
    pub fn generate() -> Result<Self, KeyError> {
        Self::of(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| KeyError)?)
    }

    /// Reads a PKCS#8 document (RFC 5208).
    pub fn from_pkcs8(document: &[u8]) -> Result<Self, KeyError> {
        Self::of(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document).map_err(|_| KeyError)?)
    }

    /// Takes the 32 bytes of the private scalar and the point that belongs to it.
    pub fn from_scalar(scalar: &[u8; 32], point: &[u8; 65]) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, scalar, point);
        Self::of(pair.map_err(|_| KeyError)?)
    }

    fn of(pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let point = pair.public_key().as_ref().try_into().map_err(|_| KeyError)?;
        Ok(Self { public: PublicKey::from_point(point)?, pair })
    }

    /// The key as PKCS#8. The result is as secret as the key: seal or wrap it.
    pub fn to_pkcs8(&self) -> Result<zeroize::Zeroizing<Vec<u8>>, KeyError> {
        let document = self.pair.to_pkcs8v1().map_err(|_| KeyError)?;
        Ok(zeroize::Zeroizing::new(document.as_ref().to_vec()))
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs with ES256: `r || s`.
    pub fn sign(&self, message: &[u8]) -> Result<Bytes<64>, KeyError> {
        let signature = self.pair.sign(system_random(), message).map_err(|_| KeyError)?;
        Ok(Bytes(signature.as_ref().try_into().map_err(|_| KeyError)?))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({}, [redacted])", self.public.thumbprint())
    }
}

#[expect(clippy::disallowed_methods, reason = "signing asks for this type; the library draws the nonce itself")]
fn system_random() -> &'static SystemRandom {
    static RANDOM: std::sync::LazyLock<SystemRandom> = std::sync::LazyLock::new(SystemRandom::new);
    &RANDOM
}
