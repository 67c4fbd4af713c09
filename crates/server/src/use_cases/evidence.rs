//! Evidence that a phone's owner was verified, for one thing.

use akkoord_core::{Ctx, phone::PIN_TRIES};
use akkoord_protocols::{
    jose::{Jwk, PublicKey},
    phone::{Evidence, Unlock, pin},
    webauthn::StoredCredential,
};
use akkoord_store::{PhoneRow, StoreError};

use super::account::corrupt;
use crate::app::App;

/// The evidence is not this phone's, not over this, or of a kind that is not allowed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEvidence(pub String);

/// A public key as stored.
pub fn public_key(phone: &PhoneRow, column: &'static str, text: &str) -> Result<PublicKey, StoreError> {
    let broken = || corrupt("phones", column, phone.id.as_str());
    serde_json::from_str::<Jwk>(text).map_err(|_| broken())?.key().map_err(|_| broken())
}

/// Checks evidence for something else than a request, and uses it up: it is bound to a nonce that is good for five
/// minutes, so that somebody who saw it could otherwise use it again. Evidence by the PIN gives its tries back.
pub async fn check_once(
    app: &App,
    ctx: &Ctx,
    phone: &PhoneRow,
    allowed: &[Unlock],
    evidence: &Evidence,
    hash: &[u8; 32],
) -> Result<Result<Unlock, BadEvidence>, StoreError> {
    let unlock = match check(app, phone, allowed, evidence, hash)? {
        Ok(unlock) => unlock,
        Err(bad) => return Ok(Err(bad)),
    };
    let once = format!("evidence.{}", akkoord_protocols::bytes::encode(hash));
    if !app.seen_proofs.is_new(ctx.now, phone.id.as_str(), &once) {
        return Ok(Err(BadEvidence("used before".to_owned())));
    }
    if unlock == Unlock::Pin {
        let id = phone.id.clone();
        app.store.write(move |tx| Box::pin(async move { tx.restore_pin_tries(&id, PIN_TRIES).await })).await?;
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
) -> Result<Result<Unlock, BadEvidence>, StoreError> {
    let bad = |why: String| Ok(Err(BadEvidence(why)));
    match evidence {
        Evidence::Webauthn { credential } => {
            let Some(stored) = phone.webauthn.as_deref().filter(|_| allowed.contains(&Unlock::Webauthn)) else {
                return bad("the platform authenticator is not allowed here".to_owned());
            };
            let stored =
                StoredCredential::from_text(stored).map_err(|_| corrupt("phones", "webauthn", phone.id.as_str()))?;
            match app.relying_party.verify(&stored, hash, credential) {
                Ok(()) => Ok(Ok(Unlock::Webauthn)),
                Err(error) => bad(error.to_string()),
            }
        }
        Evidence::Pin { jws } => {
            let Some(key) = phone.pin_key.as_deref().filter(|_| allowed.contains(&Unlock::Pin)) else {
                return bad("the PIN is not allowed here".to_owned());
            };
            let key = public_key(phone, "pin_key", key)?;
            match pin::check_evidence(jws, &key, phone.id.as_str(), hash) {
                Ok(()) => Ok(Ok(Unlock::Pin)),
                Err(error) => bad(error.to_string()),
            }
        }
    }
}
