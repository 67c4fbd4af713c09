//! The app's PIN, hardened by the server with a VOPRF (RFC 9497, P256-SHA256, mode 0x01).
//!
//! A PIN has few digits, so whoever copies the phone's storage could try them all. Here each try needs the server,
//! which counts, and which learns nothing about the PIN: it sees a blinded point.

use std::num::NonZeroU32;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf, pbkdf2,
};
use p256::NistP256;
use serde::{Deserialize, Serialize};
use voprf::{BlindedElement, EvaluationElement, Group, VoprfClient, VoprfServer};
use zeroize::Zeroizing;

use super::label;
use crate::{
    bytes::Bytes,
    jose::{JwsError, KeyError, PublicKey, SigningKey, Typ, Unverified, sign},
    random::{self, Adapter, Random},
};

/// PBKDF2 iterations that stretch the PIN before it is blinded.
pub const ITERATIONS: u32 = 600_000;

/// Why a step with a PIN failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Not digits, or too few, or one of those that everybody takes.
    #[error("the PIN is too easy to guess")]
    Weak,
    /// Not a point of the group.
    #[error("not a point of the group")]
    Point,
    /// The server answered with another key than the one pinned.
    #[error("the server's proof does not hold")]
    Proof,
    /// The wrapped key does not open: the PIN is wrong.
    #[error("the PIN is wrong")]
    Wrong,
    /// A key does not read.
    #[error("the key does not read")]
    Key,
}

/// The server's key for one phone.
pub struct OprfKey(VoprfServer<NistP256>);

/// What the server answers to a blinded PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The evaluated point, compressed.
    pub evaluated: Bytes<33>,
    /// The proof that the pinned key did it.
    pub proof: Bytes<64>,
}

impl OprfKey {
    /// Draws a key (RFC 9497 section 3.2).
    pub fn new(random: &dyn Random) -> Result<Self, PinError> {
        Self::derive(&random::bytes(random), b"")
    }

    /// DeriveKeyPair (RFC 9497 section 3.2.1).
    pub fn derive(seed: &[u8; 32], info: &[u8]) -> Result<Self, PinError> {
        VoprfServer::new_from_seed(seed, info).map(Self).map_err(|_| PinError::Key)
    }

    /// Reads a stored key.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, PinError> {
        VoprfServer::new_with_key(bytes).map(Self).map_err(|_| PinError::Key)
    }

    /// The private scalar, to be sealed.
    pub fn expose(&self) -> Result<Zeroizing<[u8; 32]>, PinError> {
        // The library writes the scalar, then the public key.
        let both = self.0.serialize();
        let scalar = both.first_chunk::<32>().ok_or(PinError::Key)?;
        Ok(Zeroizing::new(*scalar))
    }

    /// The public key, a compressed point.
    pub fn public(&self) -> Result<Bytes<33>, PinError> {
        let point = NistP256::serialize_elem(self.0.get_public_key());
        Ok(Bytes(fixed(&point).ok_or(PinError::Key)?))
    }

    /// BlindEvaluate (RFC 9497 section 3.3.2): one multiplication and a proof. Identity and off-curve points are
    /// refused.
    pub fn evaluate(&self, random: &dyn Random, blinded: &Bytes<33>) -> Result<Evaluation, PinError> {
        let blinded = BlindedElement::<NistP256>::deserialize(compressed(blinded)?).map_err(|_| PinError::Point)?;
        let result = self.0.blind_evaluate(&mut Adapter(random), &blinded);
        Ok(Evaluation {
            evaluated: Bytes(fixed(&result.message.serialize()).ok_or(PinError::Point)?),
            proof: Bytes(fixed(&result.proof.serialize()).ok_or(PinError::Point)?),
        })
    }
}

/// A point in compressed form (SEC 1 section 2.3.3). The library also reads a form without the sign, 0x05, and so
/// would take two texts for one point.
fn compressed(point: &Bytes<33>) -> Result<&[u8], PinError> {
    match point.0.first() {
        Some(2 | 3) => Ok(&point.0),
        _ => Err(PinError::Point),
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// What the phone keeps beside the wrapped key, new at each change of the PIN.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinRecord {
    /// Salt of the stretching.
    pub salt: Bytes<16>,
    /// The phone's half of the wrapping key: the server alone could not unwrap either.
    pub local: Bytes<32>,
    /// The initialisation vector of the wrapping.
    pub iv: Bytes<12>,
    /// PKCS#8 of the PIN-protected key, AES-256-GCM, base64url.
    pub wrapped: String,
}

impl std::fmt::Debug for PinRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PinRecord([redacted])")
    }
}

/// Stretches a PIN: PBKDF2-HMAC-SHA-256. The one slow step, on the phone only.
pub fn stretch(pin: &str, salt: &[u8; 16]) -> Zeroizing<[u8; 32]> {
    let mut x = Zeroizing::new([0; 32]);
    let iterations = NonZeroU32::new(ITERATIONS).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, pin.as_bytes(), x.as_mut());
    x
}

/// Whether a PIN may be chosen: digits, enough of them, and not what a thief tries first.
pub fn check_choice(pin: &str, least: u8) -> Result<(), PinError> {
    let digits = pin.as_bytes();
    let all = |step: i16| digits.windows(2).all(|pair| matches!(pair, [a, b] if i16::from(*b) - i16::from(*a) == step));
    let halves = digits.split_at(digits.len() / 2);
    let weak = digits.len() < usize::from(least.max(4))
        || digits.len() > 64
        || !digits.iter().all(u8::is_ascii_digit)
        || all(0)
        || all(1)
        || all(-1)
        || halves.0 == halves.1
        || COMMON.contains(&pin);
    if weak { Err(PinError::Weak) } else { Ok(()) }
}

/// A blinded PIN, waiting for the server's answer.
pub struct Blinding {
    x: Zeroizing<[u8; 32]>,
    state: VoprfClient<NistP256>,
    /// What is sent.
    pub blinded: Bytes<33>,
}

impl Blinding {
    /// Blind (RFC 9497 section 3.3.1) of a stretched PIN.
    pub fn new(random: &dyn Random, x: Zeroizing<[u8; 32]>) -> Result<Self, PinError> {
        let blinded = VoprfClient::<NistP256>::blind(x.as_ref(), &mut Adapter(random)).map_err(|_| PinError::Point)?;
        let bytes = fixed(&blinded.message.serialize()).ok_or(PinError::Point)?;
        Ok(Self { x, state: blinded.state, blinded: Bytes(bytes) })
    }

    /// Finalize (RFC 9497 section 3.3.2): checks the server's proof against the pinned key and unblinds.
    pub fn finish(self, evaluation: &Evaluation, voprf: &Bytes<33>) -> Result<Zeroizing<[u8; 32]>, PinError> {
        let evaluated = EvaluationElement::<NistP256>::deserialize(compressed(&evaluation.evaluated)?)
            .map_err(|_| PinError::Point)?;
        let proof = voprf::Proof::<NistP256>::deserialize(&evaluation.proof.0).map_err(|_| PinError::Proof)?;
        let key = NistP256::deserialize_elem(compressed(voprf)?).map_err(|_| PinError::Point)?;
        let output = self.state.finalize(self.x.as_ref(), &evaluated, &proof, key).map_err(|_| PinError::Proof)?;
        Ok(Zeroizing::new(fixed(&output).ok_or(PinError::Proof)?))
    }
}

/// The key that wraps the PIN-protected key: HKDF-SHA-256 over the server's and the phone's half.
pub fn wrapping_key(y: &[u8; 32], local: &[u8; 32], phone: &str) -> Result<Zeroizing<[u8; 32]>, PinError> {
    let material = Zeroizing::new([*y, *local].concat());
    let pseudo_random = hkdf::Salt::new(hkdf::HKDF_SHA256, phone.as_bytes()).extract(&material);
    let mut key = Zeroizing::new([0; 32]);
    let okm = pseudo_random.expand(&[label::PIN_KEK], hkdf::HKDF_SHA256).map_err(|_| PinError::Key)?;
    okm.fill(key.as_mut()).map_err(|_| PinError::Key)?;
    Ok(key)
}

/// Wraps the PIN-protected key.
pub fn wrap(kek: &[u8; 32], iv: &Bytes<12>, phone: &str, pkcs8: &[u8]) -> Result<Vec<u8>, PinError> {
    let mut sealed = pkcs8.to_vec();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, kek).map_err(|_| PinError::Key)?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(iv.0), Aad::from(phone), &mut sealed)
        .map_err(|_| PinError::Key)?;
    Ok(sealed)
}

/// Unwraps the PIN-protected key. A wrong PIN shows here, and only here.
pub fn unwrap(kek: &[u8; 32], iv: &Bytes<12>, phone: &str, wrapped: &[u8]) -> Result<SigningKey, PinError> {
    let mut opened = Zeroizing::new(wrapped.to_vec());
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, kek).map_err(|_| PinError::Key)?);
    let plain = key
        .open_in_place(Nonce::assume_unique_for_key(iv.0), Aad::from(phone), &mut opened)
        .map_err(|_| PinError::Wrong)?;
    SigningKey::from_pkcs8(plain).map_err(|KeyError| PinError::Key)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PinClaims {
    v: u8,
    dh: Bytes<32>,
}

/// Signs evidence with the PIN-protected key: `akkoord-pin+jwt`.
pub fn sign_evidence(key: &SigningKey, phone: &str, hash: &[u8; 32]) -> Result<String, JwsError> {
    sign(key, Typ::Pin, phone, &PinClaims { v: 1, dh: Bytes(*hash) })
}

/// Checks evidence by the PIN-protected key over `hash`.
pub fn check_evidence(jws: &str, key: &PublicKey, phone: &str, hash: &[u8; 32]) -> Result<(), JwsError> {
    let claims: PinClaims = Unverified::parse(jws, Typ::Pin)?.verify(phone, key)?.claims()?;
    if claims.dh.0 == *hash { Ok(()) } else { Err(JwsError::Claims("for something else".to_owned())) }
}

/// What a change of PIN is signed over: `LBL/pin-change || change || thumbprint(new)`.
pub fn change_hash(change: &str, new: &PublicKey) -> [u8; 32] {
    crate::bytes::sha256(&[label::PIN_CHANGE, change.as_bytes(), &new.thumbprint().0.0])
}

/// What switching a setting on is signed over: `LBL/setting || name of the setting || 0x00 || phone id || nonce of the
/// proof that it comes with`.
pub fn setting_hash(setting: &str, phone: &str, nonce: &str) -> [u8; 32] {
    crate::bytes::sha256(&[label::SETTING, setting.as_bytes(), b"\0", phone.as_bytes(), &raw(nonce)])
}

/// What a phone signs to authorise a new one: `LBL/enrol-start || phone id || nonce of the proof`.
pub fn enrol_start_hash(phone: &str, nonce: &str) -> [u8; 32] {
    crate::bytes::sha256(&[label::ENROL_START, phone.as_bytes(), &raw(nonce)])
}

/// A nonce as it stands in a hash: raw. One that is not base64url is none of ours, and its proof is refused before
/// any evidence is looked at.
fn raw(nonce: &str) -> Vec<u8> {
    crate::bytes::decode(nonce).unwrap_or_default()
}

/// PINs that the rules above let through and that people take all the same: dates that everybody knows and
/// patterns of the keypad.
const COMMON: [&str; 24] = [
    "2580", "1004", "1010", "1234", "2001", "0852", "1379", "0007", "1998", "2000", "12345", "13579", "24680",
    "147258", "159753", "147852", "258456", "789456", "456789", "112233", "121314", "102030", "147147", "753951",
];
