//! The whole map of addresses, and what every answer has in common.

pub mod client;
pub mod cookies;
pub mod error;
pub mod form;
pub mod page;
mod pages;
mod phone;
pub mod sse;
mod web_app;

use std::sync::Arc;

use akkoord_protocols::random;
use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};

use self::{
    error::PageError,
    page::{Page, RequestId},
};
use crate::{app::App, views::assets::Asset};

/// How long a body may take to come: a slow one holds a connection, and there are only so many.
const BODY_TIME: std::time::Duration = std::time::Duration::from_secs(10);

/// All routes.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(pages::routes())
        .merge(phone::routes(&app))
        .merge(web_app::routes())
        .route("/static/{name}", get(show_asset))
        .fallback(not_found)
        .layer(middleware::from_fn_with_state(app.clone(), finish))
        .with_state(app)
}

async fn not_found() -> PageError {
    PageError::NotFound
}

/// A file compiled in. Pages name it with its version, so it may be kept for a year.
async fn show_asset(Path(name): Path<String>) -> Result<Response, PageError> {
    let asset = Asset::find(&name).ok_or(PageError::NotFound)?;
    let mut response = asset.body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Ok(response)
}

/// Whether an address belongs to the phones' name.
fn is_for_phones(path: &str) -> bool {
    path.starts_with("/phone/v1/") || path == "/app" || path.starts_with("/app/")
}

/// Around every request: its id, its host, the headers of its answer, and the page of a refusal.
async fn finish(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = akkoord_protocols::bytes::encode(&random::bytes::<9>(&*app.random));
    request.extensions_mut().insert(RequestId(id.clone()));
    let path = request.uri().path().to_owned();
    let for_phones = is_for_phones(&path);
    let (parts, body) = request.into_parts();
    // A name that is not configured may be a rebound one, whose page would share our origin in a victim's browser.
    let expected = if for_phones { &app.config.phone_authority } else { &app.config.login_authority };
    let named = parts.uri.authority().map(axum::http::uri::Authority::as_str);
    let named = named.or_else(|| parts.headers.get(header::HOST).and_then(|value| value.to_str().ok()));
    let is_static = path.starts_with("/static/");
    let hosts = [&app.config.login_authority, &app.config.phone_authority];
    let known =
        named.is_some_and(|named| if is_static { hosts.iter().any(|host| *host == named) } else { named == expected });
    let mut response = if known {
        let page = Page::without_session(&parts, &app);
        let response = next.run(Request::from_parts(parts, body)).await;
        match response.extensions().get::<Arc<PageError>>().cloned() {
            Some(error) => {
                match &*error {
                    PageError::Internal(cause) => {
                        tracing::error!(request.id = %id, error.cause = %cause, "a page could not be answered");
                    }
                    PageError::Busy(cause) if app.busy_log.allows(app.clock.now()) => {
                        tracing::error!(request.id = %id, error.cause = %cause, "a page could not be answered now");
                    }
                    _ => {}
                }
                page.knowing_who_is_signed_in().await.refusal(&error)
            }
            None => response,
        }
    } else {
        misdirected(if for_phones { &app.config.phone_url } else { &app.config.public_url })
    };
    let secure = app.config.public_url.starts_with("https://");
    set_headers(response.headers_mut(), path.starts_with("/phone/v1/"), secure);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("request-id"), value);
    }
    response
}

/// RFC 9110 section 15.5.20: the name that was asked is not one of ours.
fn misdirected(address: &str) -> Response {
    let text = format!("This server answers at {address}. If that is wrong, set public_url and phone_url.\n");
    let mut response = (StatusCode::MISDIRECTED_REQUEST, Body::from(text)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                           form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                           require-trusted-types-for 'script'; trusted-types 'none'";
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

fn set_headers(headers: &mut HeaderMap, is_api: bool, secure: bool) {
    let policy = if is_api { API_POLICY } else { PAGE_POLICY };
    let mut set = |name: &'static str, value: &'static str| {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    };
    set("content-security-policy", policy);
    set("x-content-type-options", "nosniff");
    set("x-frame-options", "DENY");
    // Not no-referrer: that would turn the Origin of our own forms into null.
    set("referrer-policy", "same-origin");
    set("cache-control", "no-store");
    if is_api {
        set("cross-origin-resource-policy", "cross-origin");
    } else {
        set("cross-origin-opener-policy", "same-origin");
        set("cross-origin-resource-policy", "same-origin");
        set("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()");
    }
    if secure {
        set("strict-transport-security", "max-age=31536000");
    }
}
