//! `/app/`, on the phones' name: the authenticator app, under a policy of its own.

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;

use super::{
    error::PageError,
    page::{Page, see_other},
};
use crate::{
    app::App,
    views::enrolment::NoApp,
    web_app::{File, WebApp},
};

/// The app's routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/app", get(async || see_other("/app/")))
        .route("/app/", get(show_app))
        .route("/app/server.json", get(read_server))
        .route("/app/{*path}", get(show_file))
}

/// What the app asks about the server that it came from, before any account is there.
#[derive(Serialize)]
struct Server<'a> {
    name: &'a str,
    public_url: &'a str,
    phone_url: &'a str,
    /// Whether pushes are sent. Where they aren't, the app asks nobody's permission for them.
    push: bool,
}

/// `GET /app/server.json`
async fn read_server(State(app): State<App>) -> Result<Response, PageError> {
    let config = &app.config;
    let (public_url, phone_url) = (&config.public_url, &config.phone_url);
    let server = Server { name: &config.name, public_url, phone_url, push: config.push.enabled };
    let body = serde_json::to_vec(&server).map_err(|error| PageError::Internal(error.to_string()))?;
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    set_policy(headers);
    Ok(response)
}

/// `GET /app/`
async fn show_app(State(app): State<App>, parts: Parts) -> Result<Response, PageError> {
    show(&app, &parts, "")
}

/// `GET /app/...`
async fn show_file(State(app): State<App>, Path(path): Path<String>, parts: Parts) -> Result<Response, PageError> {
    show(&app, &parts, &path)
}

fn show(app: &App, parts: &Parts, path: &str) -> Result<Response, PageError> {
    match answer(&app.web_app, path, &parts.headers)? {
        Some(response) => Ok(response),
        None if is_screen(path) => {
            let page = Page::without_session(parts, app);
            page.show_as(StatusCode::SERVICE_UNAVAILABLE, &NoApp { frame: page.frame() })
        }
        None => Err(PageError::NotFound),
    }
}

/// Whether an address is a screen of the app, which all come from one file: files have an extension, screens none.
fn is_screen(path: &str) -> bool {
    !path.rsplit('/').next().unwrap_or("").contains('.')
}

/// The file that an address under `/app/` stands for, as the browser can read it, or that it has it already.
fn answer(files: &WebApp, path: &str, asked: &HeaderMap) -> Result<Option<Response>, PageError> {
    let name = if is_screen(path) { "index.html" } else { path };
    let found = files.find(name).map_err(|error| PageError::Internal(error.to_string()))?;
    Ok(found.map(|file| send(file, asked)))
}

fn send(file: File, asked: &HeaderMap) -> Response {
    let has_two_forms = file.brotli.is_some();
    let (body, etag, encoding) = match file.brotli {
        // Another form of the same file is another representation, with its own tag (RFC 9110 8.8.3.3).
        Some(brotli) if takes_brotli(asked) => (brotli, file.etag.replacen('"', "\"br-", 1), Some("br")),
        _ => (file.raw, file.etag, None),
    };
    let mut response = if has_already(asked, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = body.into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        if let Some(encoding) = encoding {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    };
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    if has_two_forms {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    // A name with a hash never stands for anything else. All others are asked for each time, so that an update is
    // found at the next start, and answered with a few bytes where nothing changed.
    let cache = if file.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    set_policy(headers);
    response
}

fn set_policy(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(APP_POLICY));
    headers.insert(HeaderName::from_static("permissions-policy"), HeaderValue::from_static(APP_PERMISSIONS));
}

/// Whether the browser reads brotli: named with a weight that is not 0, or covered by `*` (RFC 9110 12.5.3).
fn takes_brotli(asked: &HeaderMap) -> bool {
    let mut any = false;
    for coding in listed(asked, header::ACCEPT_ENCODING) {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = parameters.trim().strip_prefix(['q', 'Q']).and_then(|rest| rest.trim_start().strip_prefix('='));
        let wanted = weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0));
        match name.trim() {
            name if name.eq_ignore_ascii_case("br") => return wanted,
            "*" => any = wanted,
            _ => {}
        }
    }
    any
}

/// `If-None-Match`: compared weakly, as caches on the way may have weakened a tag (RFC 9110 13.1.2).
fn has_already(asked: &HeaderMap, etag: &str) -> bool {
    listed(asked, header::IF_NONE_MATCH).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// The members of a header that is a list.
fn listed(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// No form leaves the app, and the only script address made from text is the worker's.
const APP_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
                          connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
                          form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                          trusted-types sw";
/// The camera reads QR codes, and the platform authenticator unlocks: here and in no frame.
const APP_PERMISSIONS: &str = "camera=(self), geolocation=(), microphone=(), payment=(), \
                               publickey-credentials-create=(self), publickey-credentials-get=(self)";

#[cfg(test)]
mod tests;
