//! The PIN of a phone: evaluations are counted before they are made.

use std::time::Duration;

use akkoord_core::{
    Ctx,
    approval::State,
    audit::Event,
    ids::{ApprovalId, PinChangeId},
};
use akkoord_protocols::phone::{
    Unlock,
    call::{EvaluatePin, PinChangeFinish, PinChangeStarted, PinEvaluated},
    pin::{self, OprfKey},
    problem::Code,
};
use akkoord_store::{NewPinChange, PhoneRow, Place, StoreError};
use serde_json::json;

use super::{account::corrupt, approval, audit, evidence, phone::Known};
use crate::{app::App, http::error::ApiError, jobs};

/// How long a change of the PIN may take.
const CHANGE_LIFETIME: Duration = Duration::from_secs(300);

fn locked() -> ApiError {
    let mut error = ApiError::new(Code::Locked, "No PIN tries are left on this phone.");
    error.problem.left = Some(0);
    error
}

/// Evaluates a blinded PIN for a waiting request of this phone, or for an open change of its PIN.
pub async fn evaluate(app: &App, ctx: &Ctx, known: &Known, body: &EvaluatePin) -> Result<PinEvaluated, ApiError> {
    let phone = &known.row;
    check_purpose(app, ctx, known, body).await?;
    let (inner, row, is_new) = (ctx.clone(), phone.clone(), body.new);
    let change: Option<PinChangeId> = body.request.as_str().parse().ok();
    // One statement takes a try, or finds none to take: a hundred calls at once get five evaluations.
    let left = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                if is_new {
                    let change = change.ok_or(StoreError::Lost)?;
                    if !tx.take_new_pin_evaluation(&change, &row.id, inner.now).await? {
                        return Ok(None);
                    }
                }
                // Also for a new PIN: blinded, it can't be told from a guess at the old one.
                let left = tx.take_pin_try(&row.id).await?;
                if left == Some(0) {
                    jobs::queue_lock_notice(tx, &inner, &row.id).await?;
                }
                Ok::<_, StoreError>(left)
            })
        })
        .await?;
    let left = left.ok_or_else(locked)?;
    let broken = || corrupt("phones", "oprf_key", phone.id.as_str());
    let sealed = phone.oprf_key.as_ref().ok_or_else(broken)?;
    let scalar = app.store.seal().open(Place::PhoneOprfKey, phone.id.as_str(), sealed)?;
    let key = OprfKey::from_bytes(scalar.as_slice().try_into().map_err(|_| broken())?).map_err(|_| broken())?;
    let evaluation =
        key.evaluate(&*ctx.random, &body.blinded).map_err(|error| ApiError::invalid(format!("blinded: {error}")))?;
    Ok(PinEvaluated {
        evaluated: evaluation.evaluated,
        proof: evaluation.proof,
        left: u32::try_from(left).unwrap_or(0),
    })
}

/// Whether there is something to unlock: without it a thief could try PINs at leisure.
async fn check_purpose(app: &App, ctx: &Ctx, known: &Known, body: &EvaluatePin) -> Result<(), ApiError> {
    let phone = &known.row;
    let request: ApprovalId = body.request.as_str().parse().map_err(|_| ApiError::invalid("request: not an id"))?;
    let change: PinChangeId = body.request.as_str().parse().map_err(|_| ApiError::invalid("request: not an id"))?;
    let id = phone.id.clone();
    let (approval, change) = app
        .store
        .read(move |tx| {
            Box::pin(async move {
                Ok::<_, StoreError>((tx.approval_for_phone(&request, &id).await?, tx.pin_change(&change, &id).await?))
            })
        })
        .await?;
    let open_change = change.is_some_and(|change| change.finished_at.is_none() && ctx.now < change.expires_at);
    let waiting = match approval {
        Some((row, _)) => {
            approval::state(&row, ctx.now)? == State::Pending
                && approval::unlock_methods(phone, &known.home.policy).contains(&Unlock::Pin)
        }
        None => false,
    };
    match (open_change, waiting, body.new) {
        (true, ..) | (false, true, false) => Ok(()),
        _ => Err(ApiError::not_found()),
    }
}

/// Opens a change of the PIN. It takes two tries, one for the old PIN and one for the new, which its finish gives
/// back; with fewer left, somebody who knows the PIN would lock the phone by changing it.
pub async fn start_change(app: &App, ctx: &Ctx, phone: &PhoneRow) -> Result<PinChangeStarted, ApiError> {
    if phone.pin_left < 2 {
        let mut error = locked();
        error.problem.detail = Some("too few PIN tries are left for a change: approve a request first".to_owned());
        error.problem.left = u32::try_from(phone.pin_left).ok();
        return Err(error);
    }
    let new = NewPinChange {
        id: PinChangeId::new(&*ctx.random),
        phone_id: phone.id.clone(),
        created_at: ctx.now,
        expires_at: ctx.now + CHANGE_LIFETIME,
    };
    let (change, exp) = (new.id.clone(), new.expires_at.seconds());
    app.store.write(move |tx| Box::pin(async move { tx.add_pin_change(&new).await })).await?;
    let change = change.as_str().parse().map_err(|_| ApiError::internal("a change's id is not an id"))?;
    Ok(PinChangeStarted { change, exp })
}

/// Finishes a change of the PIN, with evidence by the old PIN's key or the platform authenticator.
pub async fn finish_change(app: &App, ctx: &Ctx, known: &Known, body: &PinChangeFinish) -> Result<(), ApiError> {
    let row = known.row.clone();
    let new = body.new.key().map_err(|_| ApiError::invalid("new: not a key"))?;
    let stored = row.pin_key.as_deref().map(|text| evidence::public_key(&row, "pin_key", text)).transpose()?;
    if stored.as_ref() == Some(&new) {
        // The answer to this finish was lost: the new key is in place, and the old one could not sign again.
        return Ok(());
    }
    if evidence::public_key(&row, "key", &row.key)? == new {
        return Err(ApiError::invalid("new: not a key of its own"));
    }
    let allowed = [Unlock::Webauthn, Unlock::Pin];
    let hash = pin::change_hash(body.change.as_str(), &new);
    let good = evidence::check(app, &row, &allowed, &body.evidence, &hash)?
        .map_err(|_| ApiError::new(Code::WrongUnlock, "The evidence is not good for this change."))?;
    let key = serde_json::to_string(&body.new).map_err(|error| ApiError::internal(error.to_string()))?;
    let change: PinChangeId = body.change.as_str().parse().map_err(|_| ApiError::invalid("change: not an id"))?;
    let ctx = ctx.clone();
    let done = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.finish_pin_change(&change, &row.id, ctx.now).await? {
                    return Ok(false);
                }
                let row = good.keep(tx, row).await?;
                if !tx.replace_pin_key(&row, &key).await? {
                    return Err(StoreError::Lost);
                }
                tx.restore_pin_tries(&row.id, akkoord_core::phone::PIN_TRIES).await?;
                let (account, id) = (Some(&row.account_id), Some(row.id.as_str()));
                audit::record(tx, &ctx, Event::PhonePinChanged, account, id, json!({})).await?;
                Ok::<_, StoreError>(true)
            })
        })
        .await?;
    if done { Ok(()) } else { Err(ApiError::not_found()) }
}
