//! Evidence that a phone's owner was verified, for one thing.

use akkoord_core::{Ctx, phone::PIN_TRIES};
use akkoord_protocols::{
    jose::{Jwk, PublicKey},
    phone::{Evidence, Unlock, pin},
    webauthn::StoredCredential,
};
use akkoord_store::{PhoneRow, StoreError, Tx};

use super::account::corrupt;
use crate::app::App;

/// The evidence is not this phone's, not over this, or of a kind that is not allowed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEvidence(pub String);

/// Evidence that holds. Whatever it lets happen, [`Good::keep`] belongs in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Good {
    /// By what the owner was verified.
    pub unlock: Unlock,
    /// The platform authenticator's credential with its new counter, where it counts.
    credential: Option<String>,
}

impl Good {
    fn by(unlock: Unlock) -> Self {
        Self { unlock, credential: None }
    }

    /// Keeps what the evidence shows: that the PIN was right, because the key that signed opens with nothing else, or
    /// how far the platform authenticator has counted. Returns the phone as it is now, [`StoreError::Lost`] where its
    /// keys are no more those that the evidence was checked against.
    pub async fn keep(&self, tx: &mut Tx, phone: PhoneRow) -> Result<PhoneRow, StoreError> {
        if self.unlock == Unlock::Pin {
            tx.restore_pin_tries(&phone.id, PIN_TRIES).await?;
        }
        match &self.credential {
            Some(credential) => tx.replace_webauthn(&phone, credential).await?.ok_or(StoreError::Lost),
            None => Ok(phone),
        }
    }

    fn changes_something(&self) -> bool {
        self.unlock == Unlock::Pin || self.credential.is_some()
    }
}

/// A public key as stored.
pub fn public_key(phone: &PhoneRow, column: &'static str, text: &str) -> Result<PublicKey, StoreError> {
    let broken = || corrupt("phones", column, phone.id.as_str());
    serde_json::from_str::<Jwk>(text).map_err(|_| broken())?.key().map_err(|_| broken())
}

/// Checks evidence for something else than a request, and uses it up: it is bound to a nonce that is good for five
/// minutes, so that somebody who saw it could otherwise use it again. What it shows is kept at once.
pub async fn check_once(
    app: &App,
    ctx: &Ctx,
    phone: &PhoneRow,
    allowed: &[Unlock],
    evidence: &Evidence,
    hash: &[u8; 32],
) -> Result<Result<Unlock, BadEvidence>, StoreError> {
    let good = match check(app, phone, allowed, evidence, hash)? {
        Ok(good) => good,
        Err(bad) => return Ok(Err(bad)),
    };
    let once = format!("evidence.{}", akkoord_protocols::bytes::encode(hash));
    if !app.seen_proofs.is_new(ctx.now, phone.id.as_str(), &once) {
        return Ok(Err(BadEvidence("used before".to_owned())));
    }
    let unlock = good.unlock;
    if good.changes_something() {
        let phone = phone.clone();
        app.store.write(move |tx| Box::pin(async move { good.keep(tx, phone).await })).await?;
    }
    Ok(Ok(unlock))
}

/// Checks evidence over `hash` against the keys stored for this phone. The key is chosen by the row, never by what
/// was sent.
pub fn check(
    app: &App,
    phone: &PhoneRow,
    allowed: &[Unlock],
    evidence: &Evidence,
    hash: &[u8; 32],
) -> Result<Result<Good, BadEvidence>, StoreError> {
    let bad = |why: String| Ok(Err(BadEvidence(why)));
    match evidence {
        Evidence::Webauthn { credential } => {
            let Some(stored) = phone.webauthn.as_deref().filter(|_| allowed.contains(&Unlock::Webauthn)) else {
                return bad("the platform authenticator is not allowed here".to_owned());
            };
            let broken = |_| corrupt("phones", "webauthn", phone.id.as_str());
            let stored = StoredCredential::from_text(stored).map_err(broken)?;
            match app.relying_party.verify(&stored, hash, credential) {
                Ok(advanced) => {
                    let credential = advanced.map(|advanced| advanced.to_text()).transpose().map_err(broken)?;
                    Ok(Ok(Good { credential, ..Good::by(Unlock::Webauthn) }))
                }
                Err(error) => bad(error.to_string()),
            }
        }
        Evidence::Pin { jws } => {
            let Some(key) = phone.pin_key.as_deref().filter(|_| allowed.contains(&Unlock::Pin)) else {
                return bad("the PIN is not allowed here".to_owned());
            };
            let key = public_key(phone, "pin_key", key)?;
            match pin::check_evidence(jws, &key, phone.id.as_str(), hash) {
                Ok(()) => Ok(Ok(Good::by(Unlock::Pin))),
                Err(error) => bad(error.to_string()),
            }
        }
    }
}
