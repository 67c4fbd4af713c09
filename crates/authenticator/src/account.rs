//! What a phone keeps for one account: keys, the server it belongs to, and what the server said about the account.
//!
//! All of it belongs into a sealed file: whoever reads the device key can decline requests and see the history, and
//! with the PIN approve them.

use std::{ops::Deref, sync::Arc};

use akkoord_protocols::{
    bytes,
    jose::{Jwk, JwsError, KeyError, PublicKey, SigningKey},
    phone::{Unlock, call::Codes, keyroll::Keyroll, offer, pin::PinRecord},
    text::{Id, Name},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
use zeroize::Zeroizing;

use crate::soft_webauthn::SoftAuthenticator;

/// A server key that was replaced is still accepted for this long, in seconds: 30 days.
const OLD_KEY_KEPT: i64 = 30 * 24 * 60 * 60;

/// One account on this phone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The server.
    pub server: Server,
    /// The phone's id for this account.
    pub phone: Id,
    /// The phone's name, as the account pages show it.
    pub name: Name,
    /// `K_dev`.
    pub key: StoredKey,
    /// The next `K_dev`, from before a rotation is sent until it is confirmed: the answer may be lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_key: Option<StoredKey>,
    /// The wrapped PIN-protected key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<PinRecord>,
    /// The wrapped key of a new PIN, from before a change is sent until it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_pin: Option<PinRecord>,
    /// The software platform authenticator, in tests and the simulator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<SoftAuthenticator>,
    /// The public key of this phone's VOPRF.
    pub voprf: bytes::Bytes<33>,
    /// The public key of the server's pushes.
    pub vapid: bytes::Bytes<65>,
    /// Unlock methods that policy allowed at the enrolment.
    pub unlock: Vec<Unlock>,
    /// The account as the server describes it.
    pub owner: offer::Account,
    /// What policy asks of the phone.
    pub policy: offer::Policy,
    /// The secret of this phone's verification codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<Codes>,
}

/// The server of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Its name in every message.
    pub iss: String,
    /// The base address of the phone's calls.
    pub api: String,
    /// Its pinned signing keys, oldest first.
    pub keys: Vec<PinnedKey>,
}

/// A server key that this phone trusts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedKey {
    /// The key.
    #[serde(with = "public_key")]
    pub key: PublicKey,
    /// From when it signs, in seconds of the server's time. The next key of an offer has no time yet: it is accepted,
    /// and nothing is dropped on its account until a key roll tells when it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
}

impl Server {
    /// Pins the keys of a checked offer: the one that signed it, then the next if there is one.
    pub fn of(checked: &offer::CheckedOffer) -> Self {
        let current = checked.server_key.clone();
        let others = checked.offer.keys.keys.iter().filter_map(|key| key.key().ok());
        let next = others.filter(|key| *key != current).map(|key| PinnedKey { key, from: None });
        let keys = std::iter::once(PinnedKey { key: current.clone(), from: Some(0) }).chain(next).collect();
        Self { iss: checked.offer.iss.clone(), api: checked.offer.api.clone(), keys }
    }

    /// The keys that may have signed a message at `now`.
    pub fn usable_keys(&self, now: i64) -> Vec<PublicKey> {
        self.keys
            .iter()
            .filter(|pinned| pinned.from.is_none_or(|from| from <= now))
            .map(|pinned| pinned.key.clone())
            .collect()
    }

    /// Follows a chain of key rolls, and drops keys that were replaced 30 days ago. Returns whether anything changed.
    pub fn follow(&mut self, chain: &[String], now: i64) -> Result<bool, JwsError> {
        let before = self.keys.clone();
        // A key that is announced but not yet in use is announced again by the chain; the walk starts at the newest
        // key already in use, so that an announcement may also be replaced.
        let current = self.keys.iter().rposition(|pinned| pinned.from.is_some_and(|from| from <= now)).unwrap_or(0);
        if let Some(pinned) = self.keys.get(current) {
            let added = Keyroll::follow(chain, &pinned.key, &self.iss)?;
            if !added.is_empty() {
                self.keys.truncate(current + 1);
                self.keys.extend(added.into_iter().map(|(key, from)| PinnedKey { key, from: Some(from) }));
            }
        }
        let successors: Vec<Option<i64>> = self.keys.iter().skip(1).map(|pinned| pinned.from).collect();
        let mut successors = successors.into_iter();
        self.keys.retain(|_| {
            let replaced = successors.next().flatten();
            replaced.is_none_or(|from| from.saturating_add(OLD_KEY_KEPT) > now)
        });
        Ok(self.keys != before)
    }
}

/// A private key that can be stored. Parsed once and shared; written as PKCS#8, so only ever into a sealed file.
#[derive(Clone)]
pub struct StoredKey(Arc<SigningKey>);

impl StoredKey {
    /// Makes a key.
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self(Arc::new(SigningKey::generate()?)))
    }
}

impl Deref for StoredKey {
    type Target = SigningKey;
    fn deref(&self) -> &SigningKey {
        &self.0
    }
}

impl From<SigningKey> for StoredKey {
    fn from(key: SigningKey) -> Self {
        Self(Arc::new(key))
    }
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for StoredKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let document = self.0.to_pkcs8().map_err(S::Error::custom)?;
        serializer.serialize_str(&Zeroizing::new(bytes::encode(&document)))
    }
}

impl<'de> Deserialize<'de> for StoredKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let document = Zeroizing::new(bytes::decode(&text).map_err(D::Error::custom)?);
        Ok(SigningKey::from_pkcs8(&document).map_err(D::Error::custom)?.into())
    }
}

mod public_key {
    use super::{Deserialize, Deserializer, Jwk, PublicKey, Serialize, Serializer};
    use serde::de::Error as _;

    pub(super) fn serialize<S: Serializer>(key: &PublicKey, serializer: S) -> Result<S::Ok, S::Error> {
        key.jwk().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PublicKey, D::Error> {
        Jwk::deserialize(deserializer)?.key().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60;

    fn roll(old: &SigningKey, next: &SigningKey, from: i64) -> String {
        let next = next.public().jwk();
        Keyroll { v: 1, iss: "https://a.example".to_owned(), iat: from - DAY, jwk: next, from }.sign(old).unwrap()
    }

    fn server(key: &SigningKey) -> Server {
        let keys = vec![PinnedKey { key: key.public().clone(), from: Some(0) }];
        Server { iss: "https://a.example".to_owned(), api: "https://p.example".to_owned(), keys }
    }

    #[test]
    fn a_chain_of_rolls_is_followed_and_old_keys_are_dropped_after_30_days() {
        let [a, b, c] = [0, 1, 2].map(|_| SigningKey::generate().unwrap());
        let chain = [roll(&a, &b, 100 * DAY), roll(&b, &c, 200 * DAY)];
        let mut server = server(&a);

        assert!(server.follow(&chain[..1], 99 * DAY).unwrap());
        assert_eq!(server.usable_keys(99 * DAY), [a.public().clone()], "announced, not yet in use");
        assert_eq!(server.usable_keys(100 * DAY), [a.public().clone(), b.public().clone()]);
        assert!(!server.follow(&chain[..1], 99 * DAY).unwrap(), "the same again changes nothing");

        assert!(server.follow(&chain, 131 * DAY).unwrap());
        assert_eq!(server.usable_keys(131 * DAY), [b.public().clone()], "the first is gone");
        assert!(server.follow(&chain, 231 * DAY).unwrap());
        assert_eq!(server.usable_keys(231 * DAY), [c.public().clone()]);
        assert!(!server.follow(&[], 500 * DAY).unwrap(), "the last key is never dropped");
    }

    #[test]
    fn a_phone_that_was_away_walks_the_whole_chain_and_a_stranger_cannot_join_it() {
        let [a, b, c, stranger] = [0, 1, 2, 3].map(|_| SigningKey::generate().unwrap());
        let mut away = server(&a);
        assert!(away.follow(&[roll(&a, &b, 10 * DAY), roll(&b, &c, 20 * DAY)], 300 * DAY).unwrap());
        assert_eq!(away.usable_keys(300 * DAY), [c.public().clone()]);

        let mut fooled = server(&a);
        let chain = [roll(&a, &b, 10 * DAY), roll(&stranger, &c, 20 * DAY)];
        assert!(fooled.follow(&chain, 300 * DAY).is_err());
        assert_eq!(fooled.usable_keys(300 * DAY), [a.public().clone()]);
    }

    #[test]
    fn a_stored_key_comes_back_and_never_shows_itself() {
        let key = StoredKey::generate().unwrap();
        let text = serde_json::to_string(&key).unwrap();
        let back: StoredKey = serde_json::from_str(&text).unwrap();
        assert_eq!(back.public(), key.public());
        assert!(format!("{key:?}").contains("[redacted]"));
        assert!(serde_json::from_str::<StoredKey>(r#""AAAA""#).is_err());
    }
}
