//! Server-sent events (HTML Living Standard, section 9.2) for pages and phones that wait.
//!
//! A waiting page costs a task, a topic and a connection; nothing is polled on one node. With several nodes a change
//! made elsewhere is seen at the next look, at most [`LOOK`] later.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::Stream;

/// A comment is sent this often, so that proxies keep the connection and a gone reader is noticed.
pub const COMMENT: Duration = Duration::from_secs(20);
/// How long a stream lives; the reader comes back.
pub const LIFE: Duration = Duration::from_secs(600);
/// How often a row is read again without a hint, where other nodes may have changed it.
pub const LOOK: Duration = Duration::from_secs(2);

/// One event's bytes.
pub fn event(name: &str, data: &str) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

/// A comment's bytes.
pub fn comment() -> Bytes {
    Bytes::from_static(b":\n\n")
}

/// The answer that carries a stream.
pub fn response(stream: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static) -> Response {
    let mut response = Body::from_stream(stream).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // nginx holds answers back otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
