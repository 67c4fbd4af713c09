//! The job that rings a phone. A push is a hint and says nothing: the app asks what waits. One that comes too late to be
//! of use is dropped.

use std::time::Duration;

use akkoord_core::{
    Actor, Ctx, Timestamp,
    approval::State,
    audit::Event,
    ids::{ApprovalId, JobId, PhoneId},
};
use akkoord_protocols::webpush;
use akkoord_store::{JobRow, Lane, NewJob, Place, PushSubscription, StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Outcome;
use crate::{
    app::App,
    outbound::push::{Push, Sent},
    use_cases::{approval, audit, push},
};

/// The kind of job, as stored.
pub(super) const KIND: &str = "send_push";

/// What is sent; the app's worker reads it (`docs/protocol.md`, notification).
const WAITING: &[u8] = br#"{"v":1,"k":"w"}"#;
const TEST: &[u8] = br#"{"v":1,"k":"t"}"#;
/// How long a push that was asked for as a test is worth delivering.
const TEST_LIFE: Duration = Duration::from_secs(60);

#[derive(Serialize, Deserialize)]
struct Payload {
    phone: PhoneId,
    /// The request that waits; without one it is a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<ApprovalId>,
}

/// Queues a push to each phone that a request asks and that wants to be rung, not before `run_at`. Returns how many.
pub(super) async fn queue(
    tx: &mut Tx,
    ctx: &Ctx,
    request: &ApprovalId,
    run_at: Timestamp,
) -> Result<usize, StoreError> {
    let phones = tx.phones_to_ring(request).await?;
    for phone in &phones {
        add(tx, ctx, Payload { phone: phone.clone(), request: Some(request.clone()) }, run_at).await?;
    }
    Ok(phones.len())
}

/// Queues a push that its own phone asked for.
pub(super) async fn queue_test(tx: &mut Tx, ctx: &Ctx, phone: &PhoneId) -> Result<(), StoreError> {
    add(tx, ctx, Payload { phone: phone.clone(), request: None }, ctx.now).await
}

async fn add(tx: &mut Tx, ctx: &Ctx, payload: Payload, run_at: Timestamp) -> Result<(), StoreError> {
    let id = JobId::new(&*ctx.random);
    let plain = serde_json::to_vec(&payload).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let sealed = tx.seal().seal(Place::JobPayload, id.as_str(), &plain);
    let subject = payload.request.map(|request| request.to_string());
    let (kind, created_at) = (KIND.to_owned(), ctx.now);
    tx.add_job(&NewJob { id, kind, lane: Lane::Push, subject, payload: sealed, run_at, created_at }).await
}

/// Sends it.
pub(super) async fn run(app: &App, job: &JobRow) -> Outcome {
    let opened = app.store.seal().open(Place::JobPayload, job.id.as_str(), &job.payload);
    let payload: Payload = match opened.map(|plain| serde_json::from_slice(&plain)) {
        Ok(Ok(payload)) => payload,
        Ok(Err(_)) | Err(_) => return Outcome::GivenUp("its payload does not read".to_owned()),
    };
    match ring(app, job, &payload).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Later(error.to_string()),
    }
}

async fn ring(app: &App, job: &JobRow, payload: &Payload) -> Result<Outcome, StoreError> {
    let now = app.clock.now();
    let (phone, request) = (payload.phone.clone(), payload.request.clone());
    let (stored, request) = app
        .store
        .read(move |tx| {
            Box::pin(async move {
                let request = match &request {
                    Some(id) => tx.approval(id).await?,
                    None => None,
                };
                Ok::<_, StoreError>((tx.push_subscription(&phone).await?, request))
            })
        })
        .await?;
    let (state, until) = match (&payload.request, &request) {
        (Some(_), Some(row)) => (approval::state(row, now)?, row.expires_at),
        (Some(_), None) => return Ok(Outcome::Done),
        (None, _) => (State::Pending, job.created_at + TEST_LIFE),
    };
    if let (true, Some(error)) = (state == State::Expired || until <= now, &job.last_error) {
        return Ok(Outcome::GivenUp(format!("its time was over before a try succeeded: {error}")));
    }
    let Some(stored) = stored.filter(|_| state == State::Pending && until > now) else { return Ok(Outcome::Done) };
    let subscription = push::open(app, &payload.phone, &stored)?;
    let plain = if payload.request.is_some() { WAITING } else { TEST };
    let body = match webpush::encrypt(&subscription.keys, plain, &*app.random) {
        Ok(body) => body,
        Err(error) => return Ok(Outcome::GivenUp(error.to_string())),
    };
    let push =
        Push { endpoint: subscription.endpoint, body, ttl: now.until(until), topic: payload.phone.as_str().to_owned() };
    Ok(match app.push.send(now, push).await {
        Sent::Taken => Outcome::Done,
        Sent::Gone => {
            forget(app, &payload.phone, &stored).await?;
            Outcome::Done
        }
        Sent::Later(pause, error) => Outcome::After(pause, error),
        Sent::Refused(error) => Outcome::GivenUp(error),
    })
}

/// The browser took the subscription back, or was wiped: the phone tells a new one when its app is opened again.
async fn forget(app: &App, phone: &PhoneId, stored: &PushSubscription) -> Result<(), StoreError> {
    let (ctx, phone, mac) = (app.own_ctx(Actor::System), phone.clone(), stored.endpoint_mac.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.delete_dead_push_subscription(&phone, &mac).await? {
                    return Ok(());
                }
                let account = tx.phone(&phone).await?.map(|row| row.account_id);
                let detail = json!({ "on": false, "by": "push service" });
                let id = Some(phone.as_str());
                audit::record(tx, &ctx, Event::PhonePushChanged, account.as_ref(), id, detail).await
            })
        })
        .await
}
