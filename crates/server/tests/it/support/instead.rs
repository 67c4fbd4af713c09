//! What the server answers at an address in place of its own answer: another build of the app, other settings.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{
        StatusCode,
        header::{ACCEPT_ENCODING, CONTENT_LENGTH, ETAG, IF_NONE_MATCH},
    },
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};

/// Bodies by path, or nothing where there is to be nothing. The headers stay the server's own, so that policies hold
/// for them too.
#[derive(Clone, Default)]
pub struct Instead(Arc<Mutex<HashMap<String, Option<String>>>>);

impl Instead {
    /// From here on this is answered there.
    pub fn answer(&self, path: &str, body: String) {
        self.0.lock().unwrap().insert(path.to_owned(), Some(body));
    }

    /// From here on there is nothing.
    pub fn nothing(&self, path: &str) {
        self.0.lock().unwrap().insert(path.to_owned(), None);
    }

    pub(super) fn around(&self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self.clone(), replace))
    }
}

async fn replace(State(instead): State<Instead>, mut request: Request, next: Next) -> Response {
    let body = instead.0.lock().unwrap().get(request.uri().path()).cloned();
    let body = match body {
        None => return next.run(request).await,
        Some(None) => return StatusCode::NOT_FOUND.into_response(),
        Some(Some(body)) => body,
    };
    // Neither "you have it already" nor a compressed form: both would be about another body.
    request.headers_mut().remove(IF_NONE_MATCH);
    request.headers_mut().remove(ACCEPT_ENCODING);
    let mut response = next.run(request).await;
    response.headers_mut().remove(ETAG);
    response.headers_mut().remove(CONTENT_LENGTH);
    *response.body_mut() = Body::from(body);
    response
}
