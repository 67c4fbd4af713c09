//! The streams of pages that wait: they tell a state whenever it changes, and nothing else.

use std::convert::Infallible;

use akkoord_store::StoreError;
use axum::{body::Bytes, response::Response};
use futures_util::{future::BoxFuture, stream};
use tokio::{sync::futures::OwnedNotified, time::Instant};

use crate::{
    app::App,
    http::sse,
    wake::{Topic, Waiting},
};

/// What a page waits for.
pub struct Waits {
    /// The application.
    pub app: App,
    /// Whose change wakes it.
    pub topic: Topic,
    /// Reads the state, and how long it can stay as it is; `None` where there is nothing to wait for any more.
    pub read: Box<dyn Fn() -> BoxFuture<'static, Result<Option<Look>, StoreError>> + Send>,
}

/// A state as read.
pub struct Look {
    /// The state's word on the wire.
    pub state: String,
    /// In how long time alone will have changed it.
    pub changes_in: std::time::Duration,
}

struct Told {
    waits: Waits,
    topic: Waiting,
    until: Instant,
    last: Option<String>,
    /// What to wait for after an event was told: the row needn't be read again for that.
    looked: Option<(OwnedNotified, Instant)>,
}

/// The stream.
pub fn stream(waits: Waits) -> Response {
    let topic = waits.app.wake.wait(waits.topic.clone());
    let until = Instant::now() + sse::LIFE;
    sse::response(stream::unfold(Told { waits, topic, until, last: None, looked: None }, next))
}

async fn next(mut told: Told) -> Option<(Result<Bytes, Infallible>, Told)> {
    let comment_at = Instant::now() + sse::COMMENT;
    loop {
        // Before anything is looked at, so that a change in between wakes us, and the server's end too.
        let looked = told.looked.take().ok_or_else(|| told.topic.changed());
        if *told.waits.app.stopping.borrow() || Instant::now() >= told.until || told.topic.is_displaced() {
            return None;
        }
        let (changed, look_at) = match looked {
            Ok(looked) => looked,
            Err(changed) => {
                let look = match (told.waits.read)().await {
                    Ok(Some(look)) => look,
                    Ok(None) => return None,
                    Err(error) => {
                        tracing::warn!(error.cause = %error, "a page's event stream ends");
                        return None;
                    }
                };
                let patience = if told.waits.app.has_peers() { sse::LOOK } else { sse::LIFE };
                let look_at = Instant::now() + patience.min(look.changes_in);
                if told.last.as_ref() != Some(&look.state) {
                    let event = sse::event("state", &look.state);
                    told.last = Some(look.state);
                    told.looked = Some((changed, look_at));
                    return Some((Ok(event), told));
                }
                (changed, look_at)
            }
        };
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep_until(look_at.min(comment_at)) => {
                if Instant::now() >= comment_at {
                    return Some((Ok(sse::comment()), told));
                }
            }
        }
    }
}
