//! A phone claims an enrolment, by the token of the QR code or by user name and typed code.

use akkoord_core::{
    Ctx,
    account::Username,
    audit::Event,
    enrolment::{self, PIN_EVALUATIONS, State},
    secret::Token,
};
use akkoord_protocols::{
    bytes::{Bytes, encode, sha256},
    phone::{
        Unlock,
        call::{Claim, Claimed as Answer, EnrolmentPin},
        code::TypedCode,
        offer::Offer,
        pin::{Evaluation, OprfKey},
        problem::Code,
    },
    random,
    webauthn::RelyingParty,
};
use akkoord_store::{AccountRow, Claimed, EnrolmentRow, Place, StoreError};
use serde_json::json;

use super::{code_mac, corrupt, state};
use crate::{
    app::App,
    http::error::ApiError,
    use_cases::{
        account::{self, Home},
        audit,
    },
    wake::Topic,
};

/// Answers a claim with the offer. The same claim again gets the stored answer; another phone gets 409, and the page
/// says that somebody else took the code.
pub async fn claim(app: &App, ctx: &Ctx, body: &Claim) -> Result<Answer, ApiError> {
    let (found, commitment, typed) = match body {
        Claim::Scanned(claim) => {
            let hash = Token::from_bytes(claim.t.0).hash();
            let row = app.store.read(move |tx| Box::pin(async move { tx.enrolment_by_token(&hash).await })).await?;
            (row, claim.c, false)
        }
        Claim::Typed(claim) => (by_code(app, ctx, &claim.username, &claim.code).await?, claim.c, true),
    };
    let Some(row) = found else { return Err(ApiError::not_found()) };
    match state(&row, ctx)? {
        State::Created => {}
        State::Claimed | State::Proved if row.commitment.as_deref() == Some(&commitment.to_text()) => {
            return stored_answer(app, &row);
        }
        State::Claimed | State::Proved => return Err(taken(app, ctx, &row).await?),
        _ => return Err(ApiError::new(Code::Gone, "The code was used, or is too old.")),
    }
    let (account, home) = account_of(app, &row).await?;
    let answer = make_offer(app, ctx, &row, &account, &home, commitment)?;
    let offer_kid = app.server_keys().current(ctx.now).map(|key| key.public().thumbprint().to_string());
    let plain = serde_json::to_vec(&answer).map_err(|error| ApiError::internal(error.to_string()))?;
    let claimed = Claimed {
        commitment: commitment.to_text(),
        claim_hash: Token::from_bytes(answer.t.0).hash(),
        claim_answer: app.store.seal().seal(Place::EnrolmentClaimAnswer, row.id.as_str(), &plain),
        offer_hash: encode(&sha256(&[answer.offer.as_bytes()])),
        offer_kid: offer_kid.unwrap_or_default(),
        webauthn: None,
        typed_code: typed,
        expires_at: ctx.now + enrolment::STEP,
    };
    let (inner, id, account_id) = (ctx.clone(), row.id.clone(), row.account_id.clone());
    let won = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.claim_enrolment(&id, inner.now, &claimed).await? {
                    return Ok(false);
                }
                let detail = json!({ "typed": claimed.typed_code });
                audit::record(tx, &inner, Event::EnrolmentClaimed, Some(&account_id), Some(id.as_str()), detail)
                    .await?;
                Ok::<_, StoreError>(true)
            })
        })
        .await?;
    app.wake.tell(&Topic::Enrolment(row.id.to_string()));
    if won {
        return Ok(answer);
    }
    // Two claims at once: this one came second. If it was the same phone twice, it gets what the first got.
    let id = row.id.clone();
    let now = app.store.read(move |tx| Box::pin(async move { tx.enrolment(&id).await })).await?;
    match now {
        Some(now) if now.commitment.as_deref() == Some(&commitment.to_text()) => stored_answer(app, &now),
        Some(now) => Err(taken(app, ctx, &now).await?),
        None => Err(ApiError::not_found()),
    }
}

/// Finds an open enrolment by what a person typed. A wrong code counts against the account's open enrolment: five,
/// and code and QR code are dead. An unknown name answers the same.
async fn by_code(app: &App, ctx: &Ctx, username: &str, code: &str) -> Result<Option<EnrolmentRow>, ApiError> {
    let code: TypedCode = code.parse().map_err(|_| ApiError::invalid("code: eight letters and digits are expected"))?;
    let Ok(username) = username.parse::<Username>() else { return Ok(None) };
    let (name, now, seal) = (username.as_str().to_owned(), ctx.now, app.store.clone());
    Ok(app
        .store
        .write(move |tx| {
            Box::pin(async move {
                let Some(account) = tx.account_by_username(&name).await? else { return Ok(None) };
                let mac = code_mac(seal.seal(), &account.id, &code);
                let found = tx.enrolment_by_code(&account.id, &mac).await?;
                if found.is_none() {
                    tx.count_code_failure(&account.id, now).await?;
                }
                Ok::<_, StoreError>(found.filter(|row| row.code_left > 0))
            })
        })
        .await?)
}

async fn taken(app: &App, ctx: &Ctx, row: &EnrolmentRow) -> Result<ApiError, StoreError> {
    let (inner, id, account) = (ctx.clone(), row.id.clone(), row.account_id.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                if tx.note_taken(&id, inner.now).await? {
                    audit::record(tx, &inner, Event::EnrolmentTaken, Some(&account), Some(id.as_str()), json!({}))
                        .await?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .await?;
    app.wake.tell(&Topic::Enrolment(row.id.to_string()));
    Ok(ApiError::new(Code::Taken, "Another phone took this code."))
}

fn stored_answer(app: &App, row: &EnrolmentRow) -> Result<Answer, ApiError> {
    let broken = || corrupt("enrolments", "claim_answer", row.id.as_str());
    let sealed = row.claim_answer.as_ref().ok_or_else(broken)?;
    let plain = app.store.seal().open(Place::EnrolmentClaimAnswer, row.id.as_str(), sealed)?;
    Ok(serde_json::from_slice(&plain).map_err(|_| broken())?)
}

/// The account of an enrolment, and where it belongs.
pub(super) async fn account_of(app: &App, row: &EnrolmentRow) -> Result<(AccountRow, Home), StoreError> {
    let (id, service, enrolment) = (row.account_id.clone(), app.config.name.clone(), row.id.clone());
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let account = tx.account(&id).await?;
                let account = account.ok_or_else(|| corrupt("enrolments", "account_id", enrolment.as_str()))?;
                let home = account::home(tx, &account, &service).await?;
                Ok((account, home))
            })
        })
        .await
}

fn make_offer(
    app: &App,
    ctx: &Ctx,
    row: &EnrolmentRow,
    account: &AccountRow,
    home: &Home,
    commitment: Bytes<32>,
) -> Result<Answer, ApiError> {
    let broken = |column| corrupt("enrolments", column, row.id.as_str());
    let keys = app.server_keys();
    let key = keys.current(ctx.now).ok_or_else(|| corrupt("server_keys", "kid", ""))?;
    let nonce = row.server_nonce.as_ref().ok_or_else(|| broken("server_nonce"))?;
    let nonce = app.store.seal().open(Place::EnrolmentServerNonce, row.id.as_str(), nonce)?;
    let offered = account::for_phone(account, home)?;
    let unlock = home.policy.unlock.clone();
    let user: [u8; 16] = random::bytes(&*ctx.random);
    let webauthn = unlock
        .contains(&Unlock::Webauthn)
        .then(|| RelyingParty::creation_options(&user, offered.username.as_str(), offered.name.as_str()));
    let offer = Offer {
        v: 1,
        iss: app.config.public_url.clone(),
        iat: ctx.now.seconds(),
        exp: (ctx.now + enrolment::STEP).seconds(),
        enr: row.id.as_str().parse().map_err(|_| broken("id"))?,
        c: commitment,
        phone: row.phone_id.as_str().parse().map_err(|_| broken("phone_id"))?,
        account: offered,
        api: app.config.phone_url.clone(),
        n_s: Bytes(nonce.as_slice().try_into().map_err(|_| broken("server_nonce"))?),
        unlock,
        webauthn,
        keys: keys.to_pin(ctx.now),
        voprf: row.voprf.parse().map_err(|_| broken("voprf"))?,
        vapid: app.push_key,
        policy: home.policy.for_phone(),
    };
    let offer = offer.sign(key).map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(Answer { offer, t: Bytes(random::bytes(&*ctx.random)) })
}

/// Evaluates the first PIN of a phone that has claimed. Twice at most: once, and once more if the answer was lost.
pub async fn evaluate_pin(app: &App, ctx: &Ctx, body: &EnrolmentPin) -> Result<Evaluation, ApiError> {
    let hash = Token::from_bytes(body.t.0).hash();
    let row = app.store.read(move |tx| Box::pin(async move { tx.enrolment_by_claim(&hash).await })).await?;
    let row = row.ok_or_else(ApiError::not_found)?;
    if state(&row, ctx)? != State::Claimed {
        return Err(ApiError::new(Code::Gone, "The enrolment is past this step."));
    }
    let (id, now) = (row.id.clone(), ctx.now);
    let taken = app
        .store
        .write(move |tx| Box::pin(async move { tx.take_enrolment_pin_evaluation(&id, now, PIN_EVALUATIONS).await }))
        .await?;
    if !taken {
        return Err(ApiError::new(Code::Gone, "The PIN was evaluated twice already."));
    }
    let broken = || corrupt("enrolments", "oprf_key", row.id.as_str());
    let sealed = row.oprf_key.as_ref().ok_or_else(broken)?;
    let scalar = app.store.seal().open(Place::EnrolmentOprfKey, row.id.as_str(), sealed)?;
    let key = OprfKey::from_bytes(scalar.as_slice().try_into().map_err(|_| broken())?).map_err(|_| broken())?;
    key.evaluate(&*ctx.random, &body.blinded).map_err(|error| ApiError::invalid(format!("blinded: {error}")))
}
