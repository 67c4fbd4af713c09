//! "This was not me": from a mail, for somebody who may not be able to sign in.

use akkoord_core::{notice::Told, secret::Token};
use axum::{
    extract::{Path, State},
    response::Response,
};

use super::sign_in::Nothing;
use crate::{
    app::App,
    http::{
        error::PageError,
        form::Form,
        page::{Page, see_other},
    },
    use_cases::{
        disown::{self, Link},
        phone,
    },
    views::recovery::{NotMe, NotMeStage},
};

async fn link(app: &App, token: &str) -> Result<Option<Link>, PageError> {
    let Ok(token) = token.parse::<Token>() else { return Ok(None) };
    Ok(disown::find(app, &token.hash()).await?)
}

fn what(told: &Told) -> &'static str {
    match told {
        Told::Password(_) => "not_me.change.password",
        Told::Codes(_) => "not_me.change.codes",
        Told::Credential(_) => "not_me.change.credential",
        Told::RecoveryCodes(_) => "not_me.change.recovery_codes",
        Told::Phone(_) | Told::Change => "not_me.change.other",
    }
}

/// `GET /not-me/{token}`
pub async fn show_not_me(State(app): State<App>, page: Page, Path(token): Path<String>) -> Result<Response, PageError> {
    let link = link(&app, &token).await?;
    let usable = link.as_ref().is_some_and(|link| link.row.used_at.is_none() && page.now < link.row.expires_at);
    let phone = match link.as_ref().map(|link| &link.told) {
        Some(Told::Phone(id)) => phone::find(&app, id).await?,
        _ => None,
    };
    let stage = match (&link, &phone) {
        (Some(link), Some(phone)) if phone.row.revoked_at.is_some() => {
            NotMeStage::Done { username: &link.account.username }
        }
        (Some(link), Some(phone)) if usable => NotMeStage::Ask {
            phone_name: &phone.row.name,
            username: &link.account.username,
            added_at: phone.row.created_at.0,
        },
        (Some(link), None) if usable => NotMeStage::AskChange {
            what: what(&link.told),
            username: &link.account.username,
            changed_at: link.row.created_at.0,
        },
        (Some(link), None) if link.row.used_at.is_some() => NotMeStage::DoneChange { username: &link.account.username },
        _ => NotMeStage::TooOld,
    };
    page.show(&NotMe { frame: page.frame(), token: &token, stage })
}

/// `POST /not-me/{token}`
pub async fn confirm_not_me(
    State(app): State<App>,
    page: Page,
    Path(token): Path<String>,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    if token.parse::<Token>().is_err() {
        return Err(PageError::NotFound);
    }
    if let Some(link) = link(&app, &token).await? {
        disown::disown(&app, &page.ctx(), &link).await?;
    }
    Ok(see_other(&format!("/not-me/{token}")))
}
