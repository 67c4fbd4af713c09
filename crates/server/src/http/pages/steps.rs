//! The pages of a sign-in's steps that people type: the password, and a verification code after it.

use akkoord_core::{
    code::NotACode,
    sign_in::{SecondStep, Step},
};
use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::sign_in::{APPROVE, Nothing, attempt, flow, signed_in, start_anew};
use crate::{
    http::{cookies::Cookie, error::PageError, form::Form, page::Page, page::see_other},
    use_cases::{
        code::Tried,
        remembered::{self, Remembering},
        sign_in::{self, Attempt, Signed, StepTried},
    },
    views::sign_in::{CodeError, CodePage, PasswordError, PasswordPage},
};

const PASSWORD: &str = "/signin/password";

/// `POST /signin/password-instead`: the phone need not answer any more.
pub async fn choose_password(page: Page, _form: Form<Nothing>) -> Result<Response, PageError> {
    let Some(flow) = flow(&page) else { return Ok(see_other("/signin")) };
    sign_in::choose_password(&page.app, &page.ctx(), &flow).await?;
    Ok(see_other(PASSWORD))
}

/// `GET /signin/password`
pub async fn show_password(page: Page) -> Result<Response, PageError> {
    match attempt(&page).await? {
        Some(attempt) if attempt.next_step(&page.ctx()) == Step::AskPassword => {
            page.show(&password_page(&page, &attempt, None))
        }
        _ => Ok(see_other(APPROVE)),
    }
}

fn password_page<'a>(page: &'a Page, attempt: &'a Attempt, error: Option<PasswordError>) -> PasswordPage<'a> {
    PasswordPage { frame: page.frame(), username: &attempt.row.username, error, access_pass: true }
}

#[derive(Deserialize)]
pub struct PasswordForm {
    password: Zeroizing<String>,
}

/// `POST /signin/password`
pub async fn try_password(page: Page, form: Form<PasswordForm>) -> Result<Response, PageError> {
    let (Some(flow), Some(before)) = (flow(&page), attempt(&page).await?) else { return Ok(see_other("/signin")) };
    let typed = &form.0.password;
    let error = if typed.is_empty() {
        PasswordError::Empty
    } else {
        match sign_in::try_password(&page.app, &page.ctx(), &flow, typed, signed(&page)).await? {
            StepTried::SignedIn(started, return_to) => return Ok(signed_in(&started, return_to.as_deref())),
            StepTried::WrongPassword => PasswordError::Wrong,
            StepTried::Next | StepTried::NotAccepted(_) => return go_on(&page).await,
        }
    };
    page.show_as(StatusCode::UNPROCESSABLE_ENTITY, &password_page(&page, &before, Some(error)))
}

/// Where the dispatcher leads after a right step. A phone that is the only second step is asked at once.
pub async fn go_on(page: &Page) -> Result<Response, PageError> {
    match attempt(page).await? {
        Some(attempt) if attempt.next_step(&page.ctx()) == Step::StartRequest => start_anew(page, attempt).await,
        _ => Ok(see_other(APPROVE)),
    }
}

/// `GET /signin/code`
pub async fn show_code(page: Page) -> Result<Response, PageError> {
    match attempt(&page).await? {
        Some(attempt) if attempt.next_step(&page.ctx()) == Step::AskCode => {
            show_code_page(&page, &attempt, None, false).await
        }
        _ => Ok(see_other(APPROVE)),
    }
}

async fn show_code_page(
    page: &Page,
    attempt: &Attempt,
    error: Option<CodeError>,
    remember: bool,
) -> Result<Response, PageError> {
    let days = remembered::days(&page.app, attempt.row.account_id.as_ref()).await?;
    let (frame, username) = (page.frame(), &attempt.row.username);
    let SecondStep { phone, key, .. } = attempt.second;
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page.show_as(status, &CodePage { frame, username, error, phone, key, remember_days: u32::from(days), remember })
}

#[derive(Deserialize)]
pub struct CodeForm {
    code: String,
    #[serde(default)]
    remember: String,
}

/// `POST /signin/code`
pub async fn try_code(page: Page, form: Form<CodeForm>) -> Result<Response, PageError> {
    let (Some(flow), Some(before)) = (flow(&page), attempt(&page).await?) else { return Ok(see_other("/signin")) };
    let CodeForm { code, remember } = form.0;
    let mut signed = signed(&page);
    signed.remembering.asked = !remember.is_empty();
    let asked = signed.remembering.asked;
    let tried = match sign_in::try_code(&page.app, &page.ctx(), &flow, &code, signed).await? {
        StepTried::SignedIn(started, return_to) => return Ok(signed_in(&started, return_to.as_deref())),
        StepTried::NotAccepted(tried) => tried,
        StepTried::Next | StepTried::WrongPassword => return go_on(&page).await,
    };
    show_code_page(&page, &before, code_error(tried), asked).await
}

/// The words for a code that was not accepted.
pub fn code_error(tried: Tried) -> Option<CodeError> {
    Some(match tried {
        Tried::Right => return None,
        Tried::Not(NotACode::Empty) => CodeError::Empty,
        Tried::Not(NotACode::Malformed) => CodeError::Malformed,
        Tried::Wrong => CodeError::Wrong,
        Tried::Used => CodeError::Used,
        Tried::ClockOff { behind: true, minutes } => CodeError::ClockBehind { minutes },
        Tried::ClockOff { behind: false, minutes } => CodeError::ClockAhead { minutes },
        Tried::Wait { minutes } => CodeError::Wait { minutes },
    })
}

/// Who signs in, as the browser's request tells it.
pub fn signed(page: &Page) -> Signed<'_> {
    Signed {
        client: &page.client,
        browser: Cookie::Browser.token(&page.headers),
        old: page.session.clone(),
        remembering: Remembering { cookie: Cookie::Remembered.token(&page.headers), asked: false },
    }
}
