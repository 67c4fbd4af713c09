//! What a copy of the database doesn't give away: values that we must read back are sealed under the root key, and
//! public keys that must not be exchanged carry a MAC.
//!
//! Root key -> one key per class (HKDF) -> one key per value (HKDF with a fresh salt) -> AES-256-GCM. A value's table,
//! column and row id are part of both its key's derivation and the authenticated data, so that it opens nowhere else.

use std::sync::Arc;

use akkoord_protocols::random::{self, Random};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hmac,
};
use zeroize::Zeroizing;

use crate::{error::StoreError, root_key::RootKey};

/// What kind of secret a value is. Each class has its own key, so that one can be rotated or handed to a hardware
/// module alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The keys that harden the phones' PINs.
    Oprf,
    /// The server's private signing keys.
    Signing,
    /// Seeds of verification codes.
    Codes,
    /// Decisions and the evidence for them: personal data, kept for the audit.
    Evidence,
    /// What waits to be sent, and where to: mail texts, push subscriptions.
    Job,
    /// Row MACs. Nothing is sealed under it but its canary.
    Integrity,
    /// What an enrolment keeps between its steps.
    Enrolment,
    /// The MAC of a password, which is what is hashed. Nothing is sealed under it but its canary.
    Pepper,
}

/// A column that holds sealed values. The only way to name one, so that no value is sealed for the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `phones.oprf_key`
    PhoneOprfKey,
    /// `phones.code_secret`
    PhoneCodeSecret,
    /// `code_generators.secret`
    CodeGeneratorSecret,
    /// `enrolments.claim_answer`
    EnrolmentClaimAnswer,
    /// `enrolments.server_nonce`
    EnrolmentServerNonce,
    /// `enrolments.oprf_key`
    EnrolmentOprfKey,
    /// `enrolments.webauthn`
    EnrolmentWebauthn,
    /// `enrolments.digits`
    EnrolmentDigits,
    /// `enrolments.proved`
    EnrolmentProved,
    /// `approvals.evidence`
    ApprovalEvidence,
    /// `server_keys.private_key`
    ServerPrivateKey,
    /// `settings`, row `push_key`: the key that pushes are signed with.
    PushPrivateKey,
    /// `jobs.payload`
    JobPayload,
    /// `push_subscriptions.subscription`
    PushSubscription,
    /// The canary of a class, in `settings.value`.
    Canary(Class),
}

/// What a MAC is for. A MAC for one purpose is none for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `phones.key_mac`: the public keys of a phone.
    PhoneKeys,
    /// `enrolments.code_mac`: the typed eight-character code, which is too short for a plain hash.
    EnrolmentCode,
    /// The token of an enrolment's QR code: made from its id, so that the page can show the code again.
    EnrolmentToken,
    /// What the typed code of an enrolment is made from.
    EnrolmentTypedCode,
    /// The key of proof nonces, which all nodes share.
    NonceKey,
    /// The key of form tokens, which all nodes share.
    FormKey,
    /// `push_subscriptions.endpoint_mac`: which browser, without its address.
    PushEndpoint,
    /// The secret that an authenticator is offered for its codes: made from the session and the id that it will have.
    CodeSecret,
    /// `credentials.key_mac`: the public key of a passkey or a security key, with its counter.
    Credential,
    /// The challenge of a page that asks for one: made from what the page is about, and stored once it was answered.
    Challenge,
    /// What is hashed of a password: who has `passwords.hash` and not the root key can try none.
    Password,
    /// What is hashed of a recovery code.
    RecoveryCode,
    /// `recovery_codes.lookup`: which of an account's codes a typed one may be.
    RecoveryCodeLookup,
}

/// A sealed value, as stored: version (1) `||` salt (32) `||` ciphertext `||` tag (16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

/// The keys under the root key.
pub struct Seal {
    class_keys: [Zeroizing<[u8; 32]>; Class::ALL.len()],
    random: Arc<dyn Random>,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Oprf,
        Self::Signing,
        Self::Codes,
        Self::Evidence,
        Self::Job,
        Self::Integrity,
        Self::Enrolment,
        Self::Pepper,
    ];

    /// The class as it stands in key derivation: never change one.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Oprf => "oprf",
            Self::Signing => "signing",
            Self::Codes => "codes",
            Self::Evidence => "evidence",
            Self::Job => "job",
            Self::Integrity => "integrity",
            Self::Enrolment => "enrolment",
            Self::Pepper => "pepper",
        }
    }
}

impl Place {
    /// The class whose key seals this column.
    pub fn class(self) -> Class {
        match self {
            Self::PhoneOprfKey | Self::EnrolmentOprfKey => Class::Oprf,
            Self::PhoneCodeSecret | Self::CodeGeneratorSecret => Class::Codes,
            Self::EnrolmentClaimAnswer
            | Self::EnrolmentServerNonce
            | Self::EnrolmentWebauthn
            | Self::EnrolmentDigits
            | Self::EnrolmentProved => Class::Enrolment,
            Self::ApprovalEvidence => Class::Evidence,
            Self::ServerPrivateKey | Self::PushPrivateKey => Class::Signing,
            Self::JobPayload | Self::PushSubscription => Class::Job,
            Self::Canary(class) => class,
        }
    }

    /// The table and the column.
    pub fn column(self) -> (&'static str, &'static str) {
        match self {
            Self::PhoneOprfKey => ("phones", "oprf_key"),
            Self::PhoneCodeSecret => ("phones", "code_secret"),
            Self::CodeGeneratorSecret => ("code_generators", "secret"),
            Self::EnrolmentClaimAnswer => ("enrolments", "claim_answer"),
            Self::EnrolmentServerNonce => ("enrolments", "server_nonce"),
            Self::EnrolmentOprfKey => ("enrolments", "oprf_key"),
            Self::EnrolmentWebauthn => ("enrolments", "webauthn"),
            Self::EnrolmentDigits => ("enrolments", "digits"),
            Self::EnrolmentProved => ("enrolments", "proved"),
            Self::ApprovalEvidence => ("approvals", "evidence"),
            Self::ServerPrivateKey => ("server_keys", "private_key"),
            Self::PushPrivateKey => ("settings", "push_key"),
            Self::JobPayload => ("jobs", "payload"),
            Self::PushSubscription => ("push_subscriptions", "subscription"),
            Self::Canary(_) => ("settings", "value"),
        }
    }

    /// `purpose || table || column || id`, each with its length, so that no two places have the same bytes.
    fn bytes(self, purpose: &[u8], id: &str) -> Vec<u8> {
        let (table, column) = self.column();
        length_prefixed(&[purpose, table.as_bytes(), column.as_bytes(), id.as_bytes()])
    }

    fn corrupt(self, id: &str) -> StoreError {
        let (table, column) = self.column();
        StoreError::Corrupt { table: table.to_owned(), column: column.to_owned(), id: id.to_owned() }
    }
}

impl Purpose {
    fn class(self) -> Class {
        match self {
            Self::Password | Self::RecoveryCode | Self::RecoveryCodeLookup => Class::Pepper,
            Self::CodeSecret => Class::Codes,
            _ => Class::Integrity,
        }
    }

    fn label(self) -> &'static [u8] {
        match self {
            Self::PhoneKeys => b"akkoord/phone-keys/v1\0",
            Self::EnrolmentCode => b"akkoord/enrolment-code/v1\0",
            Self::EnrolmentToken => b"akkoord/enrolment-token/v1\0",
            Self::EnrolmentTypedCode => b"akkoord/enrolment-typed-code/v1\0",
            Self::NonceKey => b"akkoord/nonce-key/v1\0",
            Self::FormKey => b"akkoord/form-key/v1\0",
            Self::PushEndpoint => b"akkoord/push-endpoint/v1\0",
            Self::Password => b"akkoord/password/v1\0",
            Self::RecoveryCode => b"akkoord/recovery-code/v1\0",
            Self::RecoveryCodeLookup => b"akkoord/recovery-code-lookup/v1\0",
            Self::CodeSecret => b"akkoord/code-secret/v1\0",
            Self::Credential => b"akkoord/credential/v1\0",
            Self::Challenge => b"akkoord/challenge/v1\0",
        }
    }

    /// What is authenticated, wiped after it: it may be a password.
    fn message(self, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        let prefixed = Zeroizing::new(length_prefixed(parts));
        let mut message = Zeroizing::new(Vec::with_capacity(self.label().len() + prefixed.len()));
        message.extend_from_slice(self.label());
        message.extend_from_slice(&prefixed);
        message
    }
}

impl Sealed {
    /// The bytes as stored.
    pub fn from_stored(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes as stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Seal {
    /// The keys under this root key. Salts are drawn from `random`.
    pub fn new(root: &RootKey, random: Arc<dyn Random>) -> Self {
        let info = |class: Class| length_prefixed(&[LABEL_CLASS, class.as_str().as_bytes()]);
        Self { class_keys: Class::ALL.map(|class| hkdf(LABEL_ROOT, root.expose(), &info(class))), random }
    }

    /// Seals a value for one column of one row.
    pub fn seal(&self, place: Place, id: &str, plain: &[u8]) -> Sealed {
        let salt = random::bytes::<32>(&*self.random);
        let mut text = plain.to_vec();
        let sealed = self.key(place, id, &salt).and_then(|key| {
            key.seal_in_place_separate_tag(nonce(), Aad::from(place.bytes(LABEL_DATA, id)), &mut text).ok()
        });
        // AES-GCM refuses only texts of more than 64 GiB. An empty value is one that never opens.
        let Some(tag) = sealed else { return Sealed(Vec::new()) };
        let mut value = Vec::with_capacity(1 + salt.len() + text.len() + tag.as_ref().len());
        value.push(VERSION);
        value.extend_from_slice(&salt);
        value.extend_from_slice(&text);
        value.extend_from_slice(tag.as_ref());
        Sealed(value)
    }

    /// Opens a value of one column of one row. A value that was sealed elsewhere, or changed, is [`StoreError::Corrupt`].
    pub fn open(&self, place: Place, id: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.try_open(place, id, sealed).ok_or_else(|| place.corrupt(id))
    }

    fn try_open(&self, place: Place, id: &str, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let (&VERSION, rest) = sealed.0.split_first()? else { return None };
        let (salt, text) = rest.split_first_chunk::<32>()?;
        let mut text = Zeroizing::new(text.to_vec());
        let key = self.key(place, id, salt)?;
        let length = key.open_in_place(nonce(), Aad::from(place.bytes(LABEL_DATA, id)), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }

    /// The MAC of `parts` for one purpose. Parts are length-prefixed: none can flow into its neighbour.
    pub fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        *hmac_sha256(&self.mac_key(purpose), &purpose.message(parts))
    }

    /// Whether `mac` is the MAC of `parts`, compared in constant time.
    pub fn mac_is(&self, purpose: Purpose, parts: &[&[u8]], mac: &[u8]) -> bool {
        hmac::verify(&self.mac_key(purpose), &purpose.message(parts), mac).is_ok()
    }

    fn class_key(&self, class: Class) -> &[u8; 32] {
        let [oprf, signing, codes, evidence, job, integrity, enrolment, pepper] = &self.class_keys;
        match class {
            Class::Oprf => oprf,
            Class::Signing => signing,
            Class::Codes => codes,
            Class::Evidence => evidence,
            Class::Job => job,
            Class::Integrity => integrity,
            Class::Enrolment => enrolment,
            Class::Pepper => pepper,
        }
    }

    fn mac_key(&self, purpose: Purpose) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.class_key(purpose.class()))
    }

    fn key(&self, place: Place, id: &str, salt: &[u8; 32]) -> Option<LessSafeKey> {
        let key = hkdf(salt, self.class_key(place.class()), &place.bytes(LABEL_KEY, id));
        Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key).ok()?))
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Each value has a key of its own, from 32 fresh random bytes, so the nonce may be fixed.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// HKDF-SHA-256 for 32 bytes (RFC 5869 2.2 and 2.3), which is two calls of HMAC that cannot fail.
fn hkdf(salt: &[u8], secret: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let extracted = hmac_sha256(&hmac::Key::new(hmac::HMAC_SHA256, salt), secret);
    let mut block = info.to_vec();
    block.push(1);
    hmac_sha256(&hmac::Key::new(hmac::HMAC_SHA256, &*extracted), &block)
}

fn hmac_sha256(key: &hmac::Key, message: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut mac = Zeroizing::new([0; 32]);
    mac.iter_mut().zip(hmac::sign(key, message).as_ref()).for_each(|(to, from)| *to = *from);
    mac
}

fn length_prefixed(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

const VERSION: u8 = 1;
const LABEL_ROOT: &[u8] = b"akkoord/root/v1\0";
const LABEL_CLASS: &[u8] = b"akkoord/class/v1\0";
const LABEL_KEY: &[u8] = b"akkoord/seal-key/v1\0";
const LABEL_DATA: &[u8] = b"akkoord/seal-data/v1\0";

#[cfg(test)]
mod tests {
    use super::hkdf;

    #[test]
    fn rfc5869_appendix_a_1_and_a_3() {
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let salt: Vec<u8> = (0x00..=0x0c).collect();
        let expected = [
            0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43, 0x4f, 0x64, 0xd0, 0x36, 0x2f, 0x2a, 0x2d, 0x2d,
            0x0a, 0x90, 0xcf, 0x1a, 0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56, 0xec, 0xc4, 0xc5, 0xbf,
        ];
        assert_eq!(*hkdf(&salt, &[0x0b; 22], &info), expected);
        let expected = [
            0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1, 0x8f, 0x71, 0x5f, 0x80, 0x2a, 0x06, 0x3c, 0x5a, 0x31, 0xb8, 0xa1,
            0x1f, 0x5c, 0x5e, 0xe1, 0x87, 0x9e, 0xc3, 0x45, 0x4e, 0x5f, 0x3c, 0x73, 0x8d, 0x2d,
        ];
        assert_eq!(*hkdf(&[], &[0x0b; 22], &[]), expected);
    }
}
