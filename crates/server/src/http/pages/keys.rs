//! Signing in with a passkey, and with a security key after the password.

use akkoord_core::sign_in::{Method, Step};
use axum::{
    body::Body,
    extract::Query,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    destination::{Destination, Then},
    sign_in::{APPROVE, attempt, flow, signed_in},
    steps::{go_on, signed},
};
use crate::{
    http::{
        error::PageError,
        form::Form,
        page::{Page, see_other},
    },
    use_cases::{
        credential::Asked,
        sign_in::{self, Answer, Attempt, KeyTried},
    },
    views::credential::{KeyError, PasskeyPage, SecurityKeyPage},
};

/// What a page's script asks the browser for. Nothing is changed by asking.
pub fn asked(asked: &Asked) -> Result<Response, PageError> {
    let document = json!({ "options": asked.options, "ticket": asked.ticket });
    let mut response = Body::from(document.to_string()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// What the script put into the form, if it did.
pub fn assertion(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// `GET /signin/passkey`
pub async fn show_passkey(page: Page, Query(then): Query<Then>) -> Result<Response, PageError> {
    let then = then.destination().map(Destination::word);
    page.show(&PasskeyPage { frame: page.frame(), error: None, then })
}

/// `GET /signin/passkey/options`
pub async fn show_passkey_options(page: Page) -> Result<Response, PageError> {
    asked(&sign_in::ask_for_passkey(&page.app, &page.ctx(), page.frame().csrf))
}

#[derive(Deserialize)]
pub struct KeyForm {
    #[serde(default)]
    ticket: String,
    #[serde(default)]
    credential: String,
    #[serde(default)]
    then: String,
}

/// `POST /signin/passkey`
pub async fn try_passkey(page: Page, form: Form<KeyForm>) -> Result<Response, PageError> {
    let KeyForm { ticket, credential, then } = form.0;
    let then = Destination::from_word(&then);
    let show = |error| {
        let view = PasskeyPage { frame: page.frame(), error, then: then.map(Destination::word) };
        page.show_as(StatusCode::UNPROCESSABLE_ENTITY, &view)
    };
    // Sent without the script's answer: the page says what it needs.
    let Some(assertion) = assertion(&credential) else { return show(None) };
    let (ctx, of, flow) = (page.ctx(), page.frame().csrf, flow(&page));
    let return_to = then.map(|then| then.path().to_owned());
    let answer = Answer { ticket, assertion };
    match sign_in::try_passkey(&page.app, &ctx, of, answer, flow.as_ref(), return_to, signed(&page)).await? {
        KeyTried::SignedIn(started, return_to) => Ok(signed_in(&started, return_to.as_deref())),
        KeyTried::Next => Ok(see_other("/signin")),
        KeyTried::Refused => show(Some(KeyError::Refused)),
        KeyTried::TooOld => show(Some(KeyError::TooOld)),
        KeyTried::TooMany => show(Some(KeyError::TooMany)),
    }
}

fn security_key_page<'a>(page: &'a Page, attempt: &'a Attempt, error: Option<KeyError>) -> SecurityKeyPage<'a> {
    let (code, phone) = (attempt.second.code, attempt.second.phone);
    SecurityKeyPage { frame: page.frame(), username: &attempt.row.username, error, code, phone }
}

/// `GET /signin/security-key`
pub async fn show_security_key(page: Page) -> Result<Response, PageError> {
    match attempt(&page).await? {
        Some(attempt) if attempt.next_step(&page.ctx()) == Step::AskKey => {
            page.show(&security_key_page(&page, &attempt, None))
        }
        _ => Ok(see_other(APPROVE)),
    }
}

/// `GET /signin/security-key/options`
pub async fn show_security_key_options(page: Page) -> Result<Response, PageError> {
    let flow = flow(&page).ok_or(PageError::NotFound)?;
    let options = sign_in::ask_for_security_key(&page.app, &page.ctx(), &flow).await?;
    asked(&options.ok_or(PageError::NotFound)?)
}

/// `POST /signin/security-key`
pub async fn try_security_key(page: Page, form: Form<KeyForm>) -> Result<Response, PageError> {
    let (Some(flow), Some(before)) = (flow(&page), attempt(&page).await?) else { return Ok(see_other("/signin")) };
    let show = |error| page.show_as(StatusCode::UNPROCESSABLE_ENTITY, &security_key_page(&page, &before, error));
    let KeyForm { ticket, credential, .. } = form.0;
    let Some(assertion) = assertion(&credential) else { return show(None) };
    let answer = Answer { ticket, assertion };
    match sign_in::try_security_key(&page.app, &page.ctx(), &flow, answer, signed(&page)).await? {
        KeyTried::SignedIn(started, return_to) => Ok(signed_in(&started, return_to.as_deref())),
        KeyTried::Next | KeyTried::TooMany => go_on(&page).await,
        KeyTried::Refused => show(Some(KeyError::Refused)),
        KeyTried::TooOld => show(Some(KeyError::TooOld)),
    }
}

#[derive(Deserialize)]
pub struct MethodForm {
    method: String,
}

/// `POST /signin/second-step`: another second step than the first that is offered.
pub async fn choose_second_step(page: Page, form: Form<MethodForm>) -> Result<Response, PageError> {
    let method = form.0.method.parse::<Method>().map_err(|_| PageError::BadRequest)?;
    if !matches!(method, Method::Code | Method::SecurityKey) {
        return Err(PageError::BadRequest);
    }
    let Some(flow) = flow(&page) else { return Ok(see_other("/signin")) };
    sign_in::choose_method(&page.app, &page.ctx(), &flow, method).await?;
    Ok(see_other(APPROVE))
}
