//! Changing one's sign-in methods: the password, and the apps that make verification codes. Each asks for a fresh proof.

use akkoord_core::{
    ids::CodeGeneratorId,
    password::{NotAPassword, Refused, Use},
    session::Standing,
    sign_in::TwoStep,
};
use akkoord_protocols::text;
use akkoord_store::{CodeGeneratorRow, PasswordRow, StoreError};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{destination::Destination, enrolment::draw, sign_in::Nothing, steps::code_error};
use crate::{
    app::App,
    http::{
        error::PageError,
        form::Form,
        page::{Page, see_other},
    },
    use_cases::{
        code::{self, Offered, Tried},
        password::{self, By, Set},
        session::CurrentSession,
    },
    views::{
        methods::{AddCodes, NewPasswordError, RemoveCodes, RemovePassword, SetPassword},
        sign_in::CodeError,
    },
};

/// The session, if it may change methods now; or the way to a fresh proof.
pub fn fresh(page: &Page, then: Destination) -> Result<Result<&CurrentSession, Response>, PageError> {
    let session = page.signed_in()?;
    changes(session, then.word())
}

/// The same on the way to what this word means.
pub fn changes<'a>(
    session: &'a CurrentSession,
    reason: &str,
) -> Result<Result<&'a CurrentSession, Response>, PageError> {
    match session.standing() {
        Standing::SetUp => Err(PageError::Forbidden),
        Standing::Full if session.is_fresh => Ok(Ok(session)),
        Standing::Full | Standing::SecondStepFirst => Ok(Err(see_other(&format!("/signin/fresh?reason={reason}")))),
    }
}

/// How the session's account uses a password.
fn used(session: &CurrentSession) -> Use {
    if session.two_step == TwoStep::Off { Use::Alone } else { Use::WithSecondStep }
}

async fn password_of(app: &App, session: &CurrentSession) -> Result<Option<PasswordRow>, StoreError> {
    let id = session.account.id.clone();
    app.store.read(move |tx| Box::pin(async move { tx.password(&id).await })).await
}

fn set_password_page<'a>(
    page: &'a Page,
    session: &'a CurrentSession,
    before: Option<&PasswordRow>,
    error: Option<NewPasswordError>,
) -> SetPassword<'a> {
    let least = u32::try_from(used(session).at_least()).unwrap_or(u32::MAX);
    let must = before.is_some_and(|row| row.must_change_at.is_some());
    SetPassword {
        frame: page.frame(),
        has_one: before.is_some(),
        must,
        error,
        username: &session.account.username,
        least,
    }
}

/// `GET /account/password`
pub async fn show_set_password(State(app): State<App>, page: Page) -> Result<Response, PageError> {
    let session = match fresh(&page, Destination::Password)? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    page.show(&set_password_page(&page, session, password_of(&app, session).await?.as_ref(), None))
}

#[derive(Deserialize)]
pub struct NewPasswordForm {
    password: Zeroizing<String>,
    again: Zeroizing<String>,
}

/// `POST /account/password`
pub async fn set_password(
    State(app): State<App>,
    page: Page,
    form: Form<NewPasswordForm>,
) -> Result<Response, PageError> {
    let session = match fresh(&page, Destination::Password)? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let NewPasswordForm { password: typed, again } = form.0;
    let error = if typed == again {
        let by = By::Person(Some(&session.row.id));
        match password::set(&app, &page.ctx(), &session.account, &typed, used(session), by).await? {
            Set::Done { replaced: false } => return Ok(see_other("/account?notice=password-set")),
            Set::Done { replaced: true } => return Ok(see_other("/account?notice=password-changed")),
            Set::Refused(refused) => new_password_error(refused, used(session)),
            // Another window was faster: the page says what there is now.
            Set::Meanwhile => return Ok(see_other("/account/password")),
        }
    } else {
        NewPasswordError::Differ
    };
    let before = password_of(&app, session).await?;
    page.show_as(StatusCode::UNPROCESSABLE_ENTITY, &set_password_page(&page, session, before.as_ref(), Some(error)))
}

fn new_password_error(refused: Refused, used: Use) -> NewPasswordError {
    let least = |at_least| u32::try_from(at_least).unwrap_or(u32::MAX);
    match refused {
        Refused::Unusable(NotAPassword::Empty) => NewPasswordError::TooShort { least: least(used.at_least()) },
        Refused::TooShort { at_least } => NewPasswordError::TooShort { least: least(at_least) },
        Refused::Unusable(NotAPassword::TooLong) => NewPasswordError::TooLong,
        Refused::Unusable(NotAPassword::ControlCharacter) => NewPasswordError::Unreadable,
        Refused::Common => NewPasswordError::Common,
        Refused::Username | Refused::Email | Refused::Organisation | Refused::Service => NewPasswordError::LikeName,
    }
}

/// `GET /account/password/remove`
pub async fn show_remove_password(State(app): State<App>, page: Page) -> Result<Response, PageError> {
    match fresh(&page, Destination::Password)? {
        Ok(session) if password_of(&app, session).await?.is_some() => {
            page.show(&RemovePassword { frame: page.frame() })
        }
        Ok(_) => Err(PageError::NotFound),
        Err(proof) => Ok(proof),
    }
}

/// `POST /account/password/remove`
pub async fn remove_password(State(app): State<App>, page: Page, _form: Form<Nothing>) -> Result<Response, PageError> {
    match fresh(&page, Destination::Password)? {
        Ok(session) => {
            password::remove(&app, &page.ctx(), &session.account, Some(&session.row.id)).await?;
            Ok(see_other("/account?notice=password-removed"))
        }
        Err(proof) => Ok(proof),
    }
}

fn add_codes(
    page: &Page,
    session: &CurrentSession,
    offered: &Offered,
    name: &str,
    error: Option<CodeError>,
) -> Result<Response, PageError> {
    let issuer = &session.organisation_name;
    let qr = draw(&offered.link(issuer, &session.account.username))?;
    let (id, key) = (offered.id.as_str(), offered.key());
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page.show_as(status, &AddCodes { frame: page.frame(), qr: qr.svg(), key: &key, id, error, name })
}

/// `GET /account/codes/add`
pub async fn show_add_codes(State(app): State<App>, page: Page) -> Result<Response, PageError> {
    match fresh(&page, Destination::AddCodes)? {
        Ok(session) => add_codes(&page, session, &Offered::new(&app, &page.ctx(), &session.row.id), "", None),
        Err(proof) => Ok(proof),
    }
}

#[derive(Deserialize)]
pub struct AddCodesForm {
    id: String,
    name: String,
    code: String,
}

/// `POST /account/codes/add`
pub async fn confirm_codes(
    State(app): State<App>,
    page: Page,
    form: Form<AddCodesForm>,
) -> Result<Response, PageError> {
    let session = match fresh(&page, Destination::AddCodes)? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let AddCodesForm { id, name, code: typed } = form.0;
    let id: CodeGeneratorId = id.parse().map_err(|_| PageError::BadRequest)?;
    let offered = Offered::again(&app, &session.row.id, id);
    let typed_name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    let kept = text::compose(typed_name.trim());
    let kept = if kept.is_empty() { page.frame().text("add_codes.usual_name").into_owned() } else { kept };
    match code::add(&app, &page.ctx(), &session.account, &offered, &kept, &typed).await? {
        Tried::Right => Ok(see_other("/account?notice=codes-added")),
        other => add_codes(&page, session, &offered, &typed_name, code_error(other)),
    }
}

async fn own(app: &App, session: &CurrentSession, id: &str) -> Result<(CodeGeneratorRow, usize), PageError> {
    let id: CodeGeneratorId = id.parse().map_err(|_| PageError::NotFound)?;
    let account = session.account.id.clone();
    let read = app.store.read(move |tx| Box::pin(async move { tx.code_generators_of(&account).await }));
    let all: Vec<CodeGeneratorRow> = read.await?;
    let count = all.len();
    all.into_iter().find(|row| row.id == id).map(|row| (row, count)).ok_or(PageError::NotFound)
}

/// `GET /account/codes/{id}/remove`
pub async fn show_remove_codes(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let session = match fresh(&page, Destination::AddCodes)? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let (row, count) = own(&app, session, &id).await?;
    page.show(&RemoveCodes { frame: page.frame(), id: row.id.as_str(), name: &row.name, last: count == 1 })
}

/// `POST /account/codes/{id}/remove`
pub async fn remove_codes(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let session = match fresh(&page, Destination::AddCodes)? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let (row, _) = own(&app, session, &id).await?;
    code::remove(&app, &page.ctx(), &session.account, &row).await?;
    Ok(see_other("/account?notice=codes-removed"))
}
