//! The calls of an enrolled phone.

use akkoord_core::ids::ApprovalId;
use akkoord_protocols::{
    phone::call::{
        Decide, Empty, EvaluatePin, Expect, History, HistoryBefore, OwnChange, Pending, PinChangeFinish, PushTest,
        Reported, RotateKey,
    },
    webpush::Subscription,
};
use akkoord_store::StoreError;
use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{
    answer,
    call::{Call, SignedPhone},
};
use crate::{
    app::App,
    http::error::ApiError,
    use_cases::{decision, history, phone, pin, push},
};

/// How long "I am signing in now" holds.
const EXPECT: std::time::Duration = std::time::Duration::from_secs(120);

/// `POST /nonce`: nothing but the headers that every answer has.
pub async fn create_nonce(call: Call) -> Result<Response, ApiError> {
    call.count_unproved()?;
    call.read::<Empty>()?;
    answer(&Empty {})
}

/// `POST /requests/pending`
pub async fn list_pending_requests(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    signed.call.read::<Empty>()?;
    let (id, now) = (signed.phone.row.id.clone(), signed.call.ctx.now);
    let waiting = app.store.read(move |tx| Box::pin(async move { tx.pending_messages(&id, now).await })).await?;
    answer(&Pending {
        requests: waiting.into_iter().map(|pending| pending.message).collect(),
        keyroll: app.server_keys().rolls(now),
    })
}

/// `POST /requests/{id}/decision`
pub async fn decide_request(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedPhone,
) -> Result<Response, ApiError> {
    let body: Decide = signed.call.read()?;
    let id: ApprovalId = id.parse().map_err(|_| ApiError::not_found())?;
    answer(&decision::decide(&app, &signed.call.ctx, &signed.phone.row, &id, &body).await?)
}

/// `POST /expect`
pub async fn expect_sign_in(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    signed.call.read::<Empty>()?;
    let (account, until) = (signed.account().clone(), signed.call.ctx.now + EXPECT);
    app.store.write(move |tx| Box::pin(async move { tx.expect_sign_in(&account, until).await })).await?;
    answer(&Expect { until: until.seconds() })
}

/// `POST /history`
pub async fn list_history(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    let body: HistoryBefore = signed.call.read()?;
    let before = body.before.and_then(|id| id.as_str().parse().ok());
    let account = signed.account().clone();
    let (rows, phones) = history::of_account(&app, &account, before, history::PAGE).await?;
    let entries = rows.iter().map(|row| history::entry(&signed.call.ctx, row, &phones, &signed.phone.row));
    answer(&History { entries: entries.collect::<Result<_, StoreError>>()? })
}

/// `POST /history/{id}/report`
pub async fn report_history(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedPhone,
) -> Result<Response, ApiError> {
    signed.call.read::<Empty>()?;
    let id: ApprovalId = id.parse().map_err(|_| ApiError::not_found())?;
    let ended = history::report(&app, &signed.call.ctx, &id, signed.account(), &signed.proof).await?;
    answer(&Reported { ended_sessions: ended.ok_or_else(ApiError::not_found)? })
}

/// `POST /pin/evaluate`
pub async fn evaluate_pin(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    let body: EvaluatePin = signed.call.read()?;
    answer(&pin::evaluate(&app, &signed.call.ctx, &signed.phone, &body).await?)
}

/// `POST /pin/change/start`
pub async fn start_pin_change(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    signed.call.read::<Empty>()?;
    answer(&pin::start_change(&app, &signed.call.ctx, &signed.phone.row).await?)
}

/// `POST /pin/change/finish`
pub async fn finish_pin_change(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    let body: PinChangeFinish = signed.call.read()?;
    pin::finish_change(&app, &signed.call.ctx, &signed.phone, &body).await?;
    answer(&Empty {})
}

/// `PUT /push`
pub async fn set_push(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    let body: Subscription = signed.call.read()?;
    push::set(&app, &signed.call.ctx, &signed.phone, &body).await?;
    answer(&Empty {})
}

/// `DELETE /push`
pub async fn remove_push(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    push::delete(&app, &signed.call.ctx, &signed.phone).await?;
    answer(&Empty {})
}

/// `POST /push/test`
pub async fn test_push(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    signed.call.read::<Empty>()?;
    answer(&PushTest { sent: push::test(&app, &signed.call.ctx, &signed.phone.row.id).await? })
}

/// `GET /self`
pub async fn read_self(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    answer(&phone::own_state(&app, &signed.call.ctx, &signed.phone).await?)
}

/// `PATCH /self`
pub async fn change_self(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    let body: OwnChange = signed.call.read()?;
    phone::change(&app, &signed.call.ctx, &signed.phone, &body, &signed.nonce).await?;
    let known = phone::find(&app, &signed.phone.row.id).await?.ok_or_else(ApiError::not_found)?;
    answer(&phone::own_state(&app, &signed.call.ctx, &known).await?)
}

/// `DELETE /self`
pub async fn remove_self(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    let (id, account) = (&signed.phone.row.id, Some(signed.account()));
    phone::remove(&app, &signed.call.ctx, id, account, phone::Removal::Itself).await?;
    answer(&Empty {})
}

/// `POST /rotate`
pub async fn rotate_key(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    let body: RotateKey = signed.call.read()?;
    phone::rotate(&app, &signed.call.ctx, &signed.phone, &body.rotate).await?;
    answer(&Empty {})
}
