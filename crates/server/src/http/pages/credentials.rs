//! One's passkeys and security keys: adding, renaming and removing them. Each but the name asks for a fresh proof.

use akkoord_core::ids::CredentialId;
use akkoord_protocols::{
    text::{self, Name},
    webauthn::Kind,
};
use akkoord_store::{CredentialRow, StoreError};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;

use super::{
    account::{NameForm, renames},
    destination::Destination,
    keys::{asked, assertion},
    methods::fresh,
    sign_in::Nothing,
};
use crate::{
    app::App,
    http::{
        error::PageError,
        form::Form,
        page::{Page, see_other},
    },
    use_cases::{
        credential::{self, Added},
        session::CurrentSession,
    },
    views::credential::{AddCredential, AddError, RemoveCredential},
};

fn destination(kind: Kind) -> Destination {
    match kind {
        Kind::Passkey => Destination::AddPasskey,
        Kind::SecurityKey => Destination::AddSecurityKey,
    }
}

/// `GET /account/passkeys/add`
pub async fn show_add_passkey(page: Page) -> Result<Response, PageError> {
    show_add(&page, Kind::Passkey)
}

/// `GET /account/security-keys/add`
pub async fn show_add_security_key(page: Page) -> Result<Response, PageError> {
    show_add(&page, Kind::SecurityKey)
}

fn show_add(page: &Page, kind: Kind) -> Result<Response, PageError> {
    match fresh(page, destination(kind))? {
        Ok(_) => page.show(&AddCredential { frame: page.frame(), kind, error: None, name: "" }),
        Err(proof) => Ok(proof),
    }
}

/// `GET /account/passkeys/add/options`
pub async fn show_passkey_creation(State(app): State<App>, page: Page) -> Result<Response, PageError> {
    show_creation(&app, &page, Kind::Passkey).await
}

/// `GET /account/security-keys/add/options`
pub async fn show_security_key_creation(State(app): State<App>, page: Page) -> Result<Response, PageError> {
    show_creation(&app, &page, Kind::SecurityKey).await
}

/// For the page's script: where the proof is no longer fresh, it loads the page again.
async fn show_creation(app: &App, page: &Page, kind: Kind) -> Result<Response, PageError> {
    match fresh(page, destination(kind))? {
        Ok(session) => asked(&credential::ask_to_add(app, &page.ctx(), session, kind).await?),
        Err(_) => Err(PageError::NotFound),
    }
}

#[derive(Deserialize)]
pub struct AddForm {
    name: String,
    #[serde(default)]
    ticket: String,
    #[serde(default)]
    credential: String,
}

/// `POST /account/passkeys/add`
pub async fn add_passkey(State(app): State<App>, page: Page, form: Form<AddForm>) -> Result<Response, PageError> {
    add(&app, &page, Kind::Passkey, form.0).await
}

/// `POST /account/security-keys/add`
pub async fn add_security_key(State(app): State<App>, page: Page, form: Form<AddForm>) -> Result<Response, PageError> {
    add(&app, &page, Kind::SecurityKey, form.0).await
}

async fn add(app: &App, page: &Page, kind: Kind, form: AddForm) -> Result<Response, PageError> {
    let session = match fresh(page, destination(kind))? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let AddForm { name, ticket, credential: made } = form;
    let typed: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    let show = |error| {
        let view = AddCredential { frame: page.frame(), kind, error, name: &typed };
        page.show_as(StatusCode::UNPROCESSABLE_ENTITY, &view)
    };
    // Sent without the script's answer: the page says what it needs.
    let Some(made) = assertion(&made) else { return show(None) };
    let kept = text::compose(typed.trim());
    let (usual, notice) = match kind {
        Kind::Passkey => ("add_passkey.usual_name", "/account?notice=passkey-added"),
        Kind::SecurityKey => ("add_security_key.usual_name", "/account?notice=security-key-added"),
    };
    let kept = if kept.is_empty() { page.frame().text(usual).into_owned() } else { kept };
    match credential::add(app, &page.ctx(), session, kind, &kept, &ticket, &made).await? {
        Added::Done => Ok(see_other(notice)),
        Added::TooOld => show(Some(AddError::TooOld)),
        Added::Refused => show(Some(AddError::Refused)),
        Added::Known => show(Some(AddError::Known)),
        Added::TooMany => show(Some(AddError::TooMany)),
    }
}

/// `POST /account/passkeys/{id}/name`
pub async fn rename_credential(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    form: Form<NameForm>,
) -> Result<Response, PageError> {
    let session = match renames(&page, "rename-key")? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let id: CredentialId = id.parse().map_err(|_| PageError::NotFound)?;
    let Ok(name) = text::compose(&form.0.name).parse::<Name>() else {
        return Ok(see_other("/account?notice=name-refused"));
    };
    if !credential::rename(&app, &page.ctx(), &session.account.id, &id, name.as_str()).await? {
        return Err(PageError::NotFound);
    }
    Ok(see_other("/account?notice=key-renamed"))
}

/// One's own credential, and whether the account has nothing else for the second step.
async fn own(app: &App, session: &CurrentSession, id: &str) -> Result<(CredentialRow, bool), PageError> {
    let id: CredentialId = id.parse().map_err(|_| PageError::NotFound)?;
    let account = session.account.id.clone();
    let read = app.store.read(move |tx| {
        Box::pin(async move {
            let all = tx.credentials_of(&account).await?;
            let others = tx.phones_of(&account).await?.len() + tx.code_generators_of(&account).await?.len();
            Ok::<_, StoreError>((all, others))
        })
    });
    let (all, others) = read.await?;
    let last = all.len() + others == 1;
    all.into_iter().find(|row| row.id == id).map(|row| (row, last)).ok_or(PageError::NotFound)
}

/// `GET /account/passkeys/{id}/remove`
pub async fn show_remove_credential(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let session = match fresh(&page, Destination::AddPasskey)? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let (row, last) = own(&app, session, &id).await?;
    let kind = credential::kind_of(row.kind);
    page.show(&RemoveCredential { frame: page.frame(), id: row.id.as_str(), name: &row.name, kind, last })
}

/// `POST /account/passkeys/{id}/remove`
pub async fn remove_credential(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let session = match fresh(&page, Destination::AddPasskey)? {
        Ok(session) => session,
        Err(proof) => return Ok(proof),
    };
    let (row, _) = own(&app, session, &id).await?;
    credential::remove(&app, &page.ctx(), &session.account, &row).await?;
    Ok(see_other("/account?notice=key-removed"))
}
