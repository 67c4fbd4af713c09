//! Forms: from our own pages, of this browser, and with the members that the page has.
//!
//! Three checks against a foreign page that posts here (CSRF): `Origin` is exactly ours, `Sec-Fetch-Site` is
//! `same-origin` where the browser sends it (never `same-site`: the phone's name is same-site), and a token in the
//! form belongs to a cookie of this browser.

use akkoord_core::secret::Token;
use akkoord_protocols::bytes;
use aws_lc_rs::hmac;
use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use serde::de::DeserializeOwned;

use super::{cookies::Cookie, error::PageError};
use crate::app::App;

/// Makes and checks form tokens.
pub struct FormKey(hmac::Key);

impl FormKey {
    /// The key of these bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The token that belongs to a form cookie.
    pub fn token(&self, cookie: &Token) -> String {
        bytes::encode(hmac::sign(&self.0, cookie.expose()).as_ref())
    }

    fn is_good(&self, cookie: &Token, token: &str) -> bool {
        bytes::decode(token).is_ok_and(|tag| hmac::verify(&self.0, cookie.expose(), &tag).is_ok())
    }
}

/// The members of a form that passed the checks.
pub struct Form<T>(pub T);

#[derive(serde::Deserialize)]
struct WithToken<T> {
    csrf: String,
    #[serde(flatten)]
    members: T,
}

/// Whether the headers say that one of our own pages sent this.
fn is_same_origin(headers: &HeaderMap, origin: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text("sec-fetch-site").is_none_or(|site| site == "same-origin");
    site && text(header::ORIGIN.as_str()) == Some(origin)
}

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &App) -> Result<Self, PageError> {
        let headers = request.headers().clone();
        if !is_same_origin(&headers, &app.config.public_url) {
            return Err(PageError::Forbidden);
        }
        let is_form = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|kind| {
            kind.split(';').next().is_some_and(|kind| kind.trim() == "application/x-www-form-urlencoded")
        });
        if !is_form {
            return Err(PageError::BadRequest);
        }
        let read = axum::body::to_bytes(request.into_body(), MAX_FORM);
        let body = tokio::time::timeout(super::BODY_TIME, read).await.map_err(|_| PageError::BadRequest)?;
        let body = body.map_err(|_| PageError::BadRequest)?;
        let form: WithToken<T> = serde_urlencoded::from_bytes(&body).map_err(|_| PageError::BadRequest)?;
        // A page that was left open over a restart of the browser has lost its cookie: that is no attack to the person.
        let cookie = Cookie::Form.token(&headers).ok_or(PageError::FormExpired)?;
        if app.form_key.is_good(&cookie, &form.csrf) { Ok(Self(form.members)) } else { Err(PageError::FormExpired) }
    }
}

/// The largest form in bytes.
const MAX_FORM: usize = 16 * 1024;
