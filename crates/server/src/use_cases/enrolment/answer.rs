//! A phone answers the offer and proves its keys.

use akkoord_core::{
    Ctx,
    audit::Event,
    enrolment::{self, State},
    secret::Token,
};
use akkoord_protocols::{
    bytes::{decode, encode, sha256},
    jose::PublicKey,
    phone::{
        Unlock,
        call::Prove,
        enrolment::{Digits, Enrol, commitment, webauthn_challenge},
    },
    text::Id,
};
use akkoord_store::{EnrolmentRow, Place, Proved, StoreError};
use serde_json::json;

use super::{ProvedPhone, claim::account_of, corrupt, end_recorded, state};
use crate::{
    app::App,
    http::error::ApiError,
    use_cases::{audit, push},
    wake::Topic,
};

/// The enrolment of a claim's token, and the key that its answer is signed with: what the call's proof is checked by.
pub async fn read(app: &App, body: &Prove) -> Result<(EnrolmentRow, PublicKey, Enrol), ApiError> {
    let hash = Token::from_bytes(body.t.0).hash();
    let row = app.store.read(move |tx| Box::pin(async move { tx.enrolment_by_claim(&hash).await })).await?;
    let row = row.ok_or_else(ApiError::not_found)?;
    let (key, enrol) = Enrol::read(&body.enrol).map_err(|error| ApiError::invalid(format!("enrol {error}")))?;
    Ok((row, key, enrol))
}

/// Why an answer is not taken.
enum Wrong {
    /// The commitment does not open: somebody exchanged the key after the claim. Final.
    Commitment,
    /// Anything else: may be tried again, three times at most.
    Other(String),
}

/// Takes the answer. The same message again gets the present state.
pub async fn prove(
    app: &App,
    ctx: &Ctx,
    body: &Prove,
    row: EnrolmentRow,
    key: PublicKey,
    enrol: Enrol,
) -> Result<State, ApiError> {
    let enrol_hash = encode(&sha256(&[body.enrol.as_bytes()]));
    let now = state(&row, ctx)?;
    if row.enrol_hash.as_deref() == Some(&enrol_hash) {
        return Ok(now);
    }
    if now != State::Claimed {
        let gone = akkoord_protocols::phone::problem::Code::Gone;
        return Err(ApiError::new(gone, "The enrolment is past this step."));
    }
    match check(app, body, &row, &key, &enrol).await? {
        Ok(phone) => store(app, ctx, row, key, enrol, enrol_hash, phone).await,
        Err(wrong) => Err(count(app, ctx, &row, wrong).await?),
    }
}

async fn check(
    app: &App,
    body: &Prove,
    row: &EnrolmentRow,
    key: &PublicKey,
    enrol: &Enrol,
) -> Result<Result<ProvedPhone, Wrong>, StoreError> {
    let other = |text: &str| Ok(Err(Wrong::Other(text.to_owned())));
    let broken = |column| corrupt("enrolments", column, row.id.as_str());
    if enrol.enr.as_str() != row.id.as_str() || Some(enrol.oh.to_text()) != row.offer_hash {
        return other("enrol: for another offer");
    }
    let server_key: Id32 = row.offer_kid.as_deref().unwrap_or("").parse().map_err(|_| broken("offer_kid"))?;
    let scanned = row.typed_code_at.is_none().then_some(akkoord_protocols::jose::Thumbprint(server_key));
    let opened = commitment(&enrol.n_d.0, key.thumbprint(), scanned);
    if Some(opened.to_text()) != row.commitment {
        return Ok(Err(Wrong::Commitment));
    }
    if is_known(app, row, key).await? {
        return other("enrol: the key is or was another phone's");
    }
    let (_, home) = account_of(app, row).await?;
    let allowed = |unlock| home.policy.unlock.contains(&unlock);
    let webauthn = match (&body.webauthn, &enrol.wa) {
        (None, None) => None,
        (Some(credential), Some(hash)) if allowed(Unlock::Webauthn) => {
            let origin = enrol.origin.as_deref().unwrap_or("");
            if !app.config.app_origins.iter().any(|known| known.origin().ascii_serialization() == origin) {
                return other("enrol: origin is not one of this server's apps");
            }
            let object = credential.pointer("/response/attestationObject").and_then(serde_json::Value::as_str);
            let object = object.and_then(|text| decode(text).ok());
            if object.is_none_or(|object| sha256(&[&object]) != hash.0) {
                return other("enrol: wa is not the hash of the attestation object");
            }
            let challenge = webauthn_challenge(&enrol.oh.0, key.thumbprint());
            match app.relying_party.register(&challenge, credential) {
                Ok(credential) => Some(credential.to_text().map_err(|_| broken("webauthn"))?),
                Err(error) => return other(&format!("webauthn {error}")),
            }
        }
        _ => return other("webauthn and wa go together, where policy allows the platform authenticator"),
    };
    if let Some(push) = &body.push
        && let Err(refused) = push::check(app, push)
    {
        return other(refused.problem.detail.as_deref().unwrap_or("push"));
    }
    let pin_key = match &enrol.pin {
        None => None,
        Some(_) if !allowed(Unlock::Pin) => return other("pin: policy does not allow it"),
        Some(jwk) if jwk.key().is_err() || *jwk == key.jwk() => return other("pin: not a key of its own"),
        Some(_) if row.pin_evaluations == 0 => return other("pin: it was not evaluated"),
        Some(jwk) => Some(jwk.clone()),
    };
    if webauthn.is_none() && pin_key.is_none() {
        return other("an unlock method is needed: webauthn or pin");
    }
    if home.policy.app_pin && pin_key.is_none() {
        return other("pin: policy asks for an app PIN");
    }
    Ok(Ok(ProvedPhone {
        key: key.jwk(),
        name: enrol.name.clone(),
        platform: enrol.platform,
        pin_key,
        webauthn,
        push: body.push.clone(),
    }))
}

/// Whether the key is another phone's. Who holds it would speak for two phones, and a removed one would come back.
async fn is_known(app: &App, row: &EnrolmentRow, key: &PublicKey) -> Result<bool, StoreError> {
    let text = serde_json::to_string(&key.jwk()).map_err(|_| corrupt("enrolments", "phone_key", row.id.as_str()))?;
    let id = row.phone_id.clone();
    app.store.read(move |tx| Box::pin(async move { tx.is_key_of_another_phone(&id, &text).await })).await
}

type Id32 = akkoord_protocols::bytes::Bytes<32>;

async fn store(
    app: &App,
    ctx: &Ctx,
    row: EnrolmentRow,
    key: PublicKey,
    enrol: Enrol,
    enrol_hash: String,
    phone: ProvedPhone,
) -> Result<State, ApiError> {
    let seal = app.store.seal();
    let broken = |column| corrupt("enrolments", column, row.id.as_str());
    let nonce = row.server_nonce.as_ref().ok_or_else(|| broken("server_nonce"))?;
    let nonce = seal.open(Place::EnrolmentServerNonce, row.id.as_str(), nonce)?;
    let nonce: [u8; 32] = nonce.as_slice().try_into().map_err(|_| broken("server_nonce"))?;
    let server_key: Id32 = row.offer_kid.as_deref().unwrap_or("").parse().map_err(|_| broken("offer_kid"))?;
    let server_key = akkoord_protocols::jose::Thumbprint(server_key);
    let enr: Id = enrol.enr;
    let digits = Digits::derive(&enrol.n_d.0, &nonce, key.thumbprint(), server_key, enr.as_str());
    let plain = serde_json::to_vec(&phone).map_err(|_| broken("proved"))?;
    let proved = Proved {
        digits: seal.seal(Place::EnrolmentDigits, row.id.as_str(), digits.expose().as_bytes()),
        enrol_hash,
        proved: seal.seal(Place::EnrolmentProved, row.id.as_str(), &plain),
        phone_key: serde_json::to_string(&phone.key).map_err(|_| broken("phone_key"))?,
        phone_name: phone.name.as_str().to_owned(),
        phone_platform: phone.platform.as_str().to_owned(),
        expires_at: ctx.now + enrolment::STEP,
    };
    let (inner, id, account) = (ctx.clone(), row.id.clone(), row.account_id.clone());
    let done = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.prove_enrolment(&id, inner.now, &proved).await? {
                    return Ok(false);
                }
                audit::record(tx, &inner, Event::EnrolmentProved, Some(&account), Some(id.as_str()), json!({})).await?;
                Ok::<_, StoreError>(true)
            })
        })
        .await?;
    app.wake.tell(&Topic::Enrolment(row.id.to_string()));
    if done { Ok(State::Proved) } else { Err(ApiError::not_found()) }
}

async fn count(app: &App, ctx: &Ctx, row: &EnrolmentRow, wrong: Wrong) -> Result<ApiError, StoreError> {
    let (inner, id, is_final) = (ctx.clone(), row.id.clone(), matches!(wrong, Wrong::Commitment));
    app.store
        .write(move |tx| {
            Box::pin(async move {
                let ended = if is_final {
                    tx.reject_enrolment(&id, inner.now).await?
                } else {
                    tx.count_prove_failure(&id, inner.now).await? == Some(0)
                };
                if ended {
                    end_recorded(tx, &inner, &id, State::Rejected).await?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .await?;
    app.wake.tell(&Topic::Enrolment(row.id.to_string()));
    Ok(match wrong {
        Wrong::Commitment => ApiError::invalid("enrol: the commitment does not open; the enrolment is rejected"),
        Wrong::Other(detail) => ApiError::invalid(detail),
    })
}
