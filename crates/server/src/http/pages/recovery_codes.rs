//! Recovery codes: signing in with one, and making and removing one's own.

use akkoord_store::{RecoveryCodeRow, StoreError};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;

use super::{
    destination::Destination,
    methods::fresh,
    sign_in::{APPROVE, Nothing, attempt, attempt_for, keep_flow, signed_in},
    steps::signed,
};
use crate::{
    app::App,
    http::{
        error::PageError,
        form::Form,
        page::{Page, see_other},
    },
    use_cases::{
        recovery_code::{self, Left},
        session::CurrentSession,
        sign_in::{self, RecoveryTried},
    },
    views::recovery_codes::{CodesLeft, MakeRecoveryCodes, RecoveryCode, RecoveryCodeError, RecoveryCodes},
};

/// `GET /signin/recovery-code`
pub async fn show_recovery_code(page: Page) -> Result<Response, PageError> {
    let attempt = attempt(&page).await?.filter(|attempt| attempt.row.finished_at.is_none());
    let username = attempt.as_ref().map(|attempt| attempt.row.username.as_str());
    page.show(&RecoveryCode { frame: page.frame(), username, error: None })
}

#[derive(Deserialize)]
pub struct RecoveryCodeForm {
    code: String,
    #[serde(default)]
    username: String,
}

/// `POST /signin/recovery-code`. Without an attempt the form brings the user name, and an attempt begins with it.
pub async fn try_recovery_code(page: Page, form: Form<RecoveryCodeForm>) -> Result<Response, PageError> {
    let RecoveryCodeForm { code, username } = form.0;
    let refused = |username, error| {
        let view = RecoveryCode { frame: page.frame(), username, error: Some(error) };
        page.show_as(StatusCode::UNPROCESSABLE_ENTITY, &view)
    };
    let Some(current) = attempt_for(&page, &username, None).await? else {
        return refused(None, RecoveryCodeError::Empty);
    };
    let error = if code.trim().is_empty() {
        RecoveryCodeError::Empty
    } else {
        match sign_in::try_recovery_code(&page.app, &page.ctx(), &current.flow, &code, signed(&page)).await? {
            RecoveryTried::SignedIn(started, return_to) => return Ok(signed_in(&started, return_to.as_deref())),
            RecoveryTried::Next => return Ok(keep_flow(see_other(APPROVE), &current)),
            RecoveryTried::NoAttempt => return Ok(see_other("/signin")),
            RecoveryTried::Refused => RecoveryCodeError::Refused,
            RecoveryTried::TooMany => RecoveryCodeError::TooMany,
        }
    };
    Ok(keep_flow(refused(Some(&current.attempt.row.username), error)?, &current))
}

/// What is left of the codes of an account.
pub fn codes_left(codes: &[RecoveryCodeRow]) -> Option<CodesLeft> {
    let Left { unused, made_at, last_used_at } = Left::of(codes)?;
    Some(CodesLeft { unused: u32::try_from(unused).unwrap_or(u32::MAX), made_at, last_used_at })
}

async fn own(app: &App, session: &CurrentSession) -> Result<Vec<RecoveryCodeRow>, StoreError> {
    let id = session.account.id.clone();
    app.store.read(move |tx| Box::pin(async move { tx.recovery_codes_of(&id).await })).await
}

/// `GET /account/recovery-codes`
pub async fn show_make_recovery_codes(State(app): State<App>, page: Page) -> Result<Response, PageError> {
    match fresh(&page, Destination::RecoveryCodes)? {
        Ok(session) => {
            let left = codes_left(&own(&app, session).await?);
            page.show(&MakeRecoveryCodes { frame: page.frame(), left })
        }
        Err(proof) => Ok(proof),
    }
}

/// `POST /account/recovery-codes`: the answer shows them, because they stand nowhere else.
pub async fn make_recovery_codes(
    State(app): State<App>,
    page: Page,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let session = match fresh(&page, Destination::RecoveryCodes)? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let codes = recovery_code::make(&app, &page.ctx(), &session.account).await?;
    page.show(&RecoveryCodes {
        frame: page.frame(),
        username: &session.account.username,
        codes: &codes,
        address: &app.config.public_url,
        made_at: page.now.0,
    })
}

/// `POST /account/recovery-codes/remove`
pub async fn remove_recovery_codes(
    State(app): State<App>,
    page: Page,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    match fresh(&page, Destination::RecoveryCodes)? {
        Ok(session) => {
            recovery_code::remove(&app, &page.ctx(), &session.account).await?;
            Ok(see_other("/account?notice=recovery-codes-removed"))
        }
        Err(proof) => Ok(proof),
    }
}
