//! Two-step verification as a setting of the account, which second step comes first, and staying signed in.

use akkoord_core::{password::Use, sign_in::Method};
use akkoord_protocols::webauthn::Kind;
use akkoord_store::StoreError;
use axum::{extract::Query, http::StatusCode, response::Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{destination::Destination, local_path, methods::fresh, sign_in::Nothing};
use crate::{
    app::App,
    http::{
        cookies::Cookie,
        error::PageError,
        form::Form,
        page::{Page, add_cookie, see_other},
    },
    use_cases::{
        credential,
        session::{self, CurrentSession},
        two_step::{self, SwitchedOff},
    },
    views::two_step::{Instead, Stay, TwoStepOff, TwoStepOffError},
};

async fn instead(app: &App, session: &CurrentSession) -> Result<Instead, StoreError> {
    let id = session.account.id.clone();
    let read = app.store.read(move |tx| Box::pin(async move { tx.password(&id).await }));
    let password: Result<_, StoreError> = read.await;
    if password?.is_some() {
        return Ok(Instead::Password);
    }
    let keys = credential::all(app, &session.account.id).await?;
    let passkey = keys.iter().any(|row| credential::kind_of(row.kind) == Kind::Passkey);
    Ok(if passkey { Instead::Passkey } else { Instead::Nothing })
}

async fn show(page: &Page, session: &CurrentSession, error: Option<TwoStepOffError>) -> Result<Response, PageError> {
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = TwoStepOff {
        frame: page.frame(),
        username: &session.account.username,
        instead: instead(&page.app, session).await?,
        error,
        least: u32::try_from(Use::Alone.at_least()).unwrap_or(u32::MAX),
    };
    page.show_as(status, &view)
}

/// `GET /account/two-step/off`
pub async fn show_switch_off(page: Page) -> Result<Response, PageError> {
    let session = match fresh(&page, Destination::TwoStepOff)? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    if session.policy.two_step_required {
        return Err(PageError::Forbidden);
    }
    show(&page, session, None).await
}

#[derive(Deserialize)]
pub struct SwitchOffForm {
    #[serde(default)]
    password: Zeroizing<String>,
}

/// `POST /account/two-step/off`
pub async fn switch_off(page: Page, form: Form<SwitchOffForm>) -> Result<Response, PageError> {
    let session = match fresh(&page, Destination::TwoStepOff)? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let typed = &form.0.password;
    if typed.is_empty() && instead(&page.app, session).await? == Instead::Password {
        return show(&page, session, Some(TwoStepOffError::Empty)).await;
    }
    match two_step::switch_off(&page.app, &page.ctx(), session, typed).await? {
        SwitchedOff::Done => Ok(see_other("/account?notice=two-step-off")),
        SwitchedOff::Required => Err(PageError::Forbidden),
        SwitchedOff::NothingElse => Ok(see_other(Destination::TwoStepOff.path())),
        SwitchedOff::WrongPassword => show(&page, session, Some(TwoStepOffError::Wrong)).await,
        SwitchedOff::TooShort => show(&page, session, Some(TwoStepOffError::TooShort)).await,
    }
}

/// `POST /account/two-step/on`: without a second step to ask for, the way to one.
pub async fn switch_on(page: Page, _form: Form<Nothing>) -> Result<Response, PageError> {
    let session = match fresh(&page, Destination::AddPhone)? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let on = two_step::switch_on(&page.app, &page.ctx(), session).await?;
    Ok(see_other(if on { "/account?notice=two-step-on" } else { Destination::AddPhone.path() }))
}

#[derive(Deserialize)]
pub struct DefaultForm {
    step: String,
}

/// `POST /account/default-step`
pub async fn choose_default(page: Page, form: Form<DefaultForm>) -> Result<Response, PageError> {
    let session = match super::methods::changes(page.signed_in()?, "default-step")? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let step = match form.0.step.as_str() {
        "" => None,
        word => Some(word.parse::<Method>().map_err(|_| PageError::BadRequest)?),
    };
    if matches!(step, Some(Method::Password | Method::AccessPass)) {
        return Err(PageError::BadRequest);
    }
    two_step::choose_default(&page.app, &page.ctx(), session, step).await?;
    Ok(see_other("/account?notice=default-chosen"))
}

#[derive(Deserialize)]
pub struct StayQuery {
    #[serde(default)]
    then: String,
}

/// Where the question leads: a page of ours, whatever the address or the form says.
fn after(then: &str) -> &str {
    local_path(then).unwrap_or("/account")
}

/// `GET /signin/stay`
pub async fn show_stay(page: Page, Query(query): Query<StayQuery>) -> Result<Response, PageError> {
    let session = page.signed_in()?;
    let (then, days) = (after(&query.then), session.policy.stay_days);
    if days == 0 || !session.assurance.is_two_factor() {
        return Ok(see_other(then));
    }
    page.show(&Stay { frame: page.frame(), username: &session.account.username, days: u32::from(days), then })
}

#[derive(Deserialize)]
pub struct StayForm {
    stay: String,
    #[serde(default)]
    then: String,
}

/// `POST /signin/stay`
pub async fn answer_stay(page: Page, form: Form<StayForm>) -> Result<Response, PageError> {
    let StayForm { stay, then } = form.0;
    keep(&page, stay == "yes", after(&then)).await
}

/// `POST /account/stay/stop`
pub async fn stop_staying(page: Page, _form: Form<Nothing>) -> Result<Response, PageError> {
    keep(&page, false, "/account?notice=asks-each-time").await
}

async fn keep(page: &Page, stays: bool, then: &str) -> Result<Response, PageError> {
    let session = page.signed_in()?;
    let mut response = see_other(then);
    let browser = Cookie::Browser.token(&page.headers);
    if let (Some(browser), Some(token)) = (browser, Cookie::Session.read(&page.headers)) {
        let stays_for = session::stay(&page.app, &page.ctx(), session, &browser, stays).await?;
        add_cookie(&mut response, Cookie::Session.set_for(token, stays_for));
    }
    Ok(response)
}
