//! Message encryption (RFC 8291 over RFC 8188), both ways. It shares no line with the server's, so that each checks the
//! other.

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey},
    hkdf::{self, HKDF_SHA256, KeyType, Salt},
};

use crate::clock::random;

/// Why a message does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It is shorter than its header, or than the smallest record.
    #[error("the message is too short")]
    Short,
    /// RFC 8291 section 4: the key id is the sender's public key, an uncompressed point of P-256.
    #[error("the key id is no point of P-256")]
    Point,
    /// RFC 8291 section 4: the whole message is one record, so the record size must not be smaller than it.
    #[error("the record size cuts the message into several records")]
    RecordSize,
    /// The keys are not the receiver's, or a byte was changed.
    #[error("the message does not open with these keys")]
    Sealed,
    /// RFC 8188 section 2: the last record ends with a 2 and any number of zeros.
    #[error("the padding has no delimiter of a last record")]
    Padding,
}

const SALT: usize = 16;
const POINT: usize = 65;
const HEADER: usize = SALT + 4 + 1 + POINT;
const TAG: usize = 16;
const LAST_RECORD: u8 = 2;
/// What browsers write and every push service takes.
const RECORD_SIZE: u32 = 4096;

/// A receiver: what a browser makes when it subscribes.
pub struct Receiver {
    private: PrivateKey,
    public: Vec<u8>,
    auth: [u8; 16],
}

impl Receiver {
    /// New keys.
    pub fn new() -> Result<Self, Broken> {
        let private = PrivateKey::generate(&ECDH_P256).map_err(|_| Broken::Point)?;
        Self::with(private, random())
    }

    /// Keys that are known, for the example of the RFC.
    pub fn from_parts(private: &[u8], auth: [u8; 16]) -> Result<Self, Broken> {
        let private = PrivateKey::from_private_key(&ECDH_P256, private).map_err(|_| Broken::Point)?;
        Self::with(private, auth)
    }

    fn with(private: PrivateKey, auth: [u8; 16]) -> Result<Self, Broken> {
        let public = private.compute_public_key().map_err(|_| Broken::Point)?.as_ref().to_vec();
        Ok(Self { private, public, auth })
    }

    /// The public key, an uncompressed point: `p256dh` of the subscription.
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// The authentication secret: `auth` of the subscription.
    pub fn auth(&self) -> &[u8] {
        &self.auth
    }

    /// Opens a message and takes its padding off.
    pub fn open(&self, message: &[u8]) -> Result<Vec<u8>, Broken> {
        let (header, record) = message.split_at_checked(HEADER).ok_or(Broken::Short)?;
        let (salt, rest) = header.split_at_checked(SALT).ok_or(Broken::Short)?;
        let (size, rest) = rest.split_first_chunk::<4>().ok_or(Broken::Short)?;
        let (length, sender) = rest.split_first().ok_or(Broken::Short)?;
        if usize::from(*length) != POINT || sender.first() != Some(&4) {
            return Err(Broken::Point);
        }
        if record.len() <= TAG {
            return Err(Broken::Short);
        }
        if usize::try_from(u32::from_be_bytes(*size)).unwrap_or(usize::MAX) < record.len() {
            return Err(Broken::RecordSize);
        }
        let shared = shared_secret(&self.private, sender)?;
        let (key, nonce) = key_and_nonce(&shared, &self.auth, &self.public, sender, salt)?;
        let mut record = record.to_vec();
        let plain = key.open_in_place(nonce, Aad::empty(), &mut record).map_err(|_| Broken::Sealed)?;
        let end = plain.iter().rposition(|byte| *byte != 0).ok_or(Broken::Padding)?;
        match plain.split_at_checked(end) {
            Some((text, [LAST_RECORD, ..])) => Ok(text.to_vec()),
            _ => Err(Broken::Padding),
        }
    }
}

/// Seals a message for a subscription, with a key and a salt of its own.
pub fn seal(public_key: &[u8], auth: &[u8], plain: &[u8]) -> Result<Vec<u8>, Broken> {
    let private = PrivateKey::generate(&ECDH_P256).map_err(|_| Broken::Point)?;
    seal_with(&private, random(), public_key, auth, plain)
}

/// The same with key and salt given, for the example of the RFC.
pub(crate) fn seal_with(
    private: &PrivateKey,
    salt: [u8; SALT],
    public_key: &[u8],
    auth: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, Broken> {
    let own = private.compute_public_key().map_err(|_| Broken::Point)?;
    let shared = shared_secret(private, public_key)?;
    let (key, nonce) = key_and_nonce(&shared, auth, public_key, own.as_ref(), &salt)?;
    let mut record = [plain, &[LAST_RECORD]].concat();
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut record).map_err(|_| Broken::Sealed)?;
    let length = [u8::try_from(POINT).unwrap_or_default()];
    Ok([&salt, RECORD_SIZE.to_be_bytes().as_slice(), &length, own.as_ref(), &record].concat())
}

fn shared_secret(private: &PrivateKey, public: &[u8]) -> Result<Vec<u8>, Broken> {
    let public = UnparsedPublicKey::new(&ECDH_P256, public);
    agreement::agree(private, public, Broken::Point, |secret| Ok(secret.to_vec()))
}

/// RFC 8291 section 3.4. The keys stand in the info in the order receiver, sender, whoever computes.
fn key_and_nonce(
    shared: &[u8],
    auth: &[u8],
    receiver: &[u8],
    sender: &[u8],
    salt: &[u8],
) -> Result<(LessSafeKey, Nonce), Broken> {
    let secret = expand::<32>(auth, shared, &[b"WebPush: info\0", receiver, sender])?;
    let key = expand::<16>(salt, &secret, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce = expand::<12>(salt, &secret, &[b"Content-Encoding: nonce\0"])?;
    let key = UnboundKey::new(&AES_128_GCM, &key).map_err(|_| Broken::Sealed)?;
    Ok((LessSafeKey::new(key), Nonce::assume_unique_for_key(nonce)))
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> Result<[u8; N], Broken> {
    let mut bytes = [0; N];
    let prk: hkdf::Prk = Salt::new(HKDF_SHA256, salt).extract(secret);
    let filled = prk.expand(info, Length(N)).and_then(|okm| okm.fill(&mut bytes));
    filled.map_err(|_| Broken::Sealed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
