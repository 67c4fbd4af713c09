//! Message encryption for Web Push (RFC 8291) with the content coding `aes128gcm` (RFC 8188).

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey},
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
};

use super::Keys;
use crate::random::{self, Random};

/// The longest message that is taken.
pub const MAX_PLAIN: usize = PADDED - 1;

/// Each message is padded to this many bytes, its delimiter included, so that its length tells nobody what it says.
const PADDED: usize = 128;
/// The record size in the header (RFC 8188 section 2.1). A message is one record; push services take up to 4096.
const RECORD_SIZE: u32 = 4096;
const POINT: usize = 65;
const TAG: usize = 16;

/// A message could not be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    /// It is longer than [`MAX_PLAIN`].
    #[error("a push message may have {MAX_PLAIN} bytes")]
    TooLong,
    /// The subscription's key is no point of P-256, or the library failed.
    #[error("the push message could not be encrypted")]
    Key,
}

/// Encrypts a message for a subscription. The result is the body of the request to the push service, always as long.
pub fn encrypt(keys: &Keys, plain: &[u8], random: &dyn Random) -> Result<Vec<u8>, EncryptError> {
    let own = PrivateKey::generate(&ECDH_P256).map_err(|_| EncryptError::Key)?;
    encrypt_with(keys, plain, PADDED, &own, random::bytes(random))
}

/// The same with the sender's key, the salt and the length that RFC 8291 section 5 fixes.
pub(super) fn encrypt_with(
    keys: &Keys,
    plain: &[u8],
    padded: usize,
    own: &PrivateKey,
    salt: [u8; 16],
) -> Result<Vec<u8>, EncryptError> {
    if plain.len() >= padded {
        return Err(EncryptError::TooLong);
    }
    let own_point = own.compute_public_key().map_err(|_| EncryptError::Key)?;
    let browser = UnparsedPublicKey::new(&ECDH_P256, keys.p256dh.0);
    // RFC 8291 section 3.4: both public keys and the authentication secret go into the key.
    let secret = agreement::agree(own, browser, EncryptError::Key, |shared| {
        let info = [b"WebPush: info\0".as_slice(), &keys.p256dh.0, own_point.as_ref()];
        derive::<32>(&Salt::new(HKDF_SHA256, &keys.auth.0).extract(shared), &info)
    })?;
    let keying = Salt::new(HKDF_SHA256, &salt).extract(&secret);
    let content_key: [u8; 16] = derive(&keying, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce: [u8; 12] = derive(&keying, &[b"Content-Encoding: nonce\0"])?;

    let mut record = Vec::with_capacity(padded);
    record.extend_from_slice(plain);
    // The delimiter of the last record, then the padding (RFC 8188 section 2).
    record.push(2);
    record.resize(padded, 0);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &content_key).map_err(|_| EncryptError::Key)?);
    let tag = key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)
        .map_err(|_| EncryptError::Key)?;

    let mut body = Vec::with_capacity(salt.len() + 4 + 1 + POINT + padded + TAG);
    body.extend_from_slice(&salt);
    body.extend_from_slice(&RECORD_SIZE.to_be_bytes());
    body.push(u8::try_from(own_point.as_ref().len()).map_err(|_| EncryptError::Key)?);
    body.extend_from_slice(own_point.as_ref());
    body.extend_from_slice(&record);
    body.extend_from_slice(tag.as_ref());
    Ok(body)
}

fn derive<const N: usize>(key: &Prk, info: &[&[u8]]) -> Result<[u8; N], EncryptError> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut out = [0; N];
    let okm = key.expand(info, Length(N)).map_err(|_| EncryptError::Key)?;
    okm.fill(&mut out).map_err(|_| EncryptError::Key)?;
    Ok(out)
}
