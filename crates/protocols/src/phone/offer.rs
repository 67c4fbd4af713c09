//! The server's offer to a phone that claims an enrolment: `akkoord-offer+jwt`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Unlock;
use crate::{
    bytes::{Bytes, sha256},
    jose::{Header, JwsError, KeySet, PublicKey, SigningKey, Thumbprint, Typ, Unverified, sign},
    text::{Handle, Id, Name},
};

/// The claims of an offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Version: 1.
    pub v: u8,
    /// The server, as it names itself in every message.
    pub iss: String,
    /// When it was made, in seconds.
    pub iat: i64,
    /// Until when the phone may prove, in seconds.
    pub exp: i64,
    /// The enrolment.
    pub enr: Id,
    /// The phone's own commitment, carried back.
    pub c: Bytes<32>,
    /// The phone's id from now on.
    pub phone: Id,
    /// For which account.
    pub account: Account,
    /// The base address of the phone's calls.
    pub api: String,
    /// The server's half of the key under the six digits.
    pub n_s: Bytes<32>,
    /// Unlock methods that policy allows.
    pub unlock: Vec<Unlock>,
    /// PublicKeyCredentialCreationOptionsJSON without challenge and `rp.id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webauthn: Option<Value>,
    /// The server's signing keys.
    pub keys: KeySet,
    /// The public key of this phone's VOPRF, a compressed point.
    pub voprf: Bytes<33>,
    /// The public key of the server's pushes, an uncompressed point.
    pub vapid: Bytes<65>,
    /// What policy asks of the phone.
    pub policy: Policy,
}

/// The account of an offer. It also stands in answers, where unknown members are passed over; in an offer the reading
/// of messages refuses them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id, stable under renaming.
    pub id: Handle,
    /// The user name typed at sign-in.
    pub username: Name,
    /// The person's name.
    pub name: Name,
    /// The organisation's name, if it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Name>,
    /// Which kind of account.
    pub kind: Kind,
}

/// The kinds of account that phone sign-in knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A work or school account.
    Work,
    /// A personal account.
    Personal,
}

/// What policy asks of the phone. It also stands in answers, as [`Account`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The least number of digits of the app's PIN.
    pub pin_min: u8,
    /// Whether an app PIN is wanted beside the platform authenticator.
    pub app_pin: bool,
    /// Digits of the number that is typed.
    pub number_digits: u8,
    /// Whether this phone may hold only one work account (protocol decision 2026-11-23).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_work_account_per_phone: bool,
}

/// Why a phone stops at an offer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// The message itself.
    #[error("the server's offer {0}")]
    Message(#[from] JwsError),
    /// The key in the QR code did not sign it. Somebody may stand between phone and server.
    #[error("the server's offer is not signed by the server whose code was scanned")]
    WrongServerKey,
    /// It answers another phone's claim. Somebody may have claimed in between.
    #[error("the server's offer answers another phone")]
    WrongCommitment,
    /// It leads to another address than the link.
    #[error("the server's offer leads to another address")]
    WrongAddress,
    /// No unlock method, not one or two server keys, or one that is no key or stands twice.
    #[error("the server's offer is incomplete")]
    Incomplete,
}

/// An offer that the phone has checked.
#[derive(Clone, Debug)]
pub struct CheckedOffer {
    /// The claims.
    pub offer: Offer,
    /// The key that signed it; pinned from now on.
    pub server_key: PublicKey,
    /// SHA-256 of the message as sent.
    pub hash: [u8; 32],
}

impl Offer {
    /// Signs the offer.
    pub fn sign(&self, key: &SigningKey) -> Result<String, JwsError> {
        sign(key, Typ::Offer, &key.public().thumbprint().to_string(), self)
    }

    /// The phone's check. `pinned` is the thumbprint of the scanned link; with a typed code there is none, the key
    /// is taken from the offer, and the six digits are the protection.
    pub fn check(
        message: &str,
        commitment: &Bytes<32>,
        api: &str,
        pinned: Option<Thumbprint>,
    ) -> Result<CheckedOffer, OfferError> {
        let parsed = Unverified::parse(message, Typ::Offer)?;
        let Header::Kid(kid) = parsed.header().clone() else { return Err(JwsError::Header.into()) };
        if pinned.is_some_and(|pinned| pinned.to_string() != kid) {
            return Err(OfferError::WrongServerKey);
        }
        // From the unread offer only the key is taken, and only the one named; everything else waits for the signature.
        let unread: Keys = parsed.unverified_claims()?;
        let named = unread.keys.keys.iter().filter_map(|key| key.key().ok());
        let server_key = named.into_iter().find(|key| key.thumbprint().to_string() == kid);
        let server_key = server_key.ok_or(OfferError::WrongServerKey)?;
        let offer: Offer = parsed.verify(&kid, &server_key)?.claims()?;
        if offer.c != *commitment {
            return Err(OfferError::WrongCommitment);
        }
        if offer.api != api {
            return Err(OfferError::WrongAddress);
        }
        // All of them get pinned, so all of them must be keys, not only the one that signed.
        let keys: Vec<PublicKey> = offer.keys.keys.iter().filter_map(|key| key.key().ok()).collect();
        let good = match keys.as_slice() {
            [_] => offer.keys.keys.len() == 1,
            [first, second] => offer.keys.keys.len() == 2 && first != second,
            _ => false,
        };
        if offer.unlock.is_empty() || !good {
            return Err(OfferError::Incomplete);
        }
        Ok(CheckedOffer { offer, server_key, hash: sha256(&[message.as_bytes()]) })
    }
}

#[derive(Deserialize)]
struct Keys {
    keys: KeySet,
}
