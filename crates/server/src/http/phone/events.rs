//! `GET /events`: what happens for a phone, while its app is on the screen.
//!
//! A hint and no more: nothing is replayed, and the phone asks for its waiting requests whenever it connects.

use std::{collections::BTreeSet, convert::Infallible};

use akkoord_core::ids::{ApprovalId, PhoneId};
use akkoord_store::StoreError;
use axum::{body::Bytes, extract::State, response::Response};
use futures_util::stream;
use serde_json::json;

use super::call::{Caller, Signed, is_over};
use crate::{
    app::App,
    http::{error::ApiError, sse},
    use_cases::{approval, enrolment},
    wake::{Topic, Waiting},
};

/// What a stream has told so far.
struct Told {
    app: App,
    phone: PhoneId,
    enrolment: Option<akkoord_core::ids::EnrolmentId>,
    waiting: BTreeSet<String>,
    topic: Waiting,
    until: tokio::time::Instant,
    over: bool,
}

/// The stream of a phone, enrolled or waiting for its digits.
pub async fn stream_events(State(app): State<App>, signed: Signed) -> Result<Response, ApiError> {
    let (phone, enrolment, topic) = match &signed.caller {
        Caller::Active(known) => (known.row.id.clone(), None, Topic::Phone(known.row.id.to_string())),
        Caller::Proved(row) => (row.phone_id.clone(), Some(row.id.clone()), Topic::Enrolment(row.id.to_string())),
    };
    let told = Told {
        topic: app.wake.wait(topic),
        until: tokio::time::Instant::now() + sse::LIFE,
        waiting: BTreeSet::new(),
        over: false,
        app,
        phone,
        enrolment,
    };
    Ok(sse::response(stream::unfold(told, next)))
}

async fn next(mut told: Told) -> Option<(Result<Bytes, Infallible>, Told)> {
    if told.over {
        return None;
    }
    let mut comment_at = tokio::time::Instant::now() + sse::COMMENT;
    loop {
        // Before anything is looked at, so that a change in between wakes us, and the server's end too.
        let changed = told.topic.changed();
        if *told.app.stopping.borrow() || tokio::time::Instant::now() >= told.until || told.topic.is_displaced() {
            return None;
        }
        match look(&mut told).await {
            Ok(Some(bytes)) => return Some((Ok(bytes), told)),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(error.cause = %error, "a phone's event stream ends");
                return None;
            }
        }
        let look_again = if told.app.has_peers() { sse::LOOK } else { sse::COMMENT };
        let pause = (tokio::time::Instant::now() + look_again).min(comment_at);
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep_until(pause) => {
                if tokio::time::Instant::now() >= comment_at {
                    comment_at += sse::COMMENT;
                    return Some((Ok(sse::comment()), told));
                }
            }
        }
    }
}

/// Reads what there is to tell.
async fn look(told: &mut Told) -> Result<Option<Bytes>, StoreError> {
    if let Some(id) = told.enrolment.clone() {
        let row = told.app.store.read(move |tx| Box::pin(async move { tx.enrolment(&id).await })).await?;
        let Some(row) = row else {
            told.over = true;
            return Ok(None);
        };
        let ctx = told.app.own_ctx(akkoord_core::Actor::System);
        let state = enrolment::state(&row, &ctx)?;
        if state == akkoord_core::enrolment::State::Proved {
            return Ok(None);
        }
        told.over = true;
        debug_assert!(is_over(state) || !state.is_open());
        return Ok(Some(sse::event("enrolled", &json!({ "state": state.wire() }).to_string())));
    }
    let (id, now) = (told.phone.clone(), told.app.clock.now());
    let (phone, pending) = told
        .app
        .store
        .read(move |tx| {
            Box::pin(async move { Ok::<_, StoreError>((tx.phone(&id).await?, tx.pending_messages(&id, now).await?)) })
        })
        .await?;
    if let Some((at, by)) = phone.and_then(|phone| Some((phone.revoked_at?, phone.revoked_by?))) {
        told.over = true;
        let data = json!({ "removed_at": at.seconds(), "removed_by": by });
        return Ok(Some(sse::event("removed", &data.to_string())));
    }
    let ids: BTreeSet<String> = pending.iter().map(|pending| pending.approval_id.to_string()).collect();
    let mut bytes = Vec::new();
    for new in ids.difference(&told.waiting) {
        bytes.extend_from_slice(&sse::event("waiting", &json!({ "request": new }).to_string()));
    }
    for gone in told.waiting.difference(&ids) {
        let Ok(id) = gone.parse::<ApprovalId>() else { continue };
        let row = told.app.store.read(move |tx| Box::pin(async move { tx.approval(&id).await })).await?;
        let state = row.map(|row| approval::state(&row, now)).transpose()?.map_or("EXPIRED", |state| state.wire());
        let data = json!({ "request": gone, "state": state });
        bytes.extend_from_slice(&sse::event("settled", &data.to_string()));
    }
    told.waiting = ids;
    Ok((!bytes.is_empty()).then(|| Bytes::from(bytes)))
}
