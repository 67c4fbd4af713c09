//! The streams of pages that wait: they tell a state whenever it changes, and nothing else.

use std::convert::Infallible;

use akkoord_store::StoreError;
use axum::{body::Bytes, response::Response};
use futures_util::{future::BoxFuture, stream};

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
    until: tokio::time::Instant,
    last: Option<String>,
}

/// The stream.
pub fn stream(waits: Waits) -> Response {
    let topic = waits.app.wake.wait(waits.topic.clone());
    let until = tokio::time::Instant::now() + sse::LIFE;
    sse::response(stream::unfold(Told { waits, topic, until, last: None }, next))
}

async fn next(mut told: Told) -> Option<(Result<Bytes, Infallible>, Told)> {
    let comment_at = tokio::time::Instant::now() + sse::COMMENT;
    loop {
        if *told.waits.app.stopping.borrow() || tokio::time::Instant::now() >= told.until {
            return None;
        }
        // Before the row is read, so that a change in between wakes us.
        let changed = told.topic.changed();
        let look = match (told.waits.read)().await {
            Ok(Some(look)) => look,
            Ok(None) => return None,
            Err(error) => {
                tracing::warn!(error.cause = %error, "a page's event stream ends");
                return None;
            }
        };
        if told.last.as_ref() != Some(&look.state) {
            told.last = Some(look.state.clone());
            return Some((Ok(sse::event("state", &look.state)), told));
        }
        let patience = if told.waits.app.has_peers() { sse::LOOK } else { sse::LIFE };
        let pause = (tokio::time::Instant::now() + patience.min(look.changes_in)).min(comment_at);
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep_until(pause) => {
                if tokio::time::Instant::now() >= comment_at {
                    return Some((Ok(sse::comment()), told));
                }
            }
        }
    }
}
