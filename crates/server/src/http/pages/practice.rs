//! A practice request: the real path, with nothing behind it.

use akkoord_core::{approval::State as RequestState, ids::ApprovalId, secret::TokenHash};
use akkoord_protocols::phone::request::Operation;
use akkoord_store::ApprovalRow;
use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{
    sign_in::{Nothing, waits},
    waiting,
};
use crate::{
    app::App,
    http::{
        error::PageError,
        form::Form,
        page::{Page, see_other},
    },
    use_cases::{approval, practice},
    views::{
        frame::Number,
        practice::{Practice, PracticeEnd, PracticeState},
    },
};

/// `POST /account/practice`
pub async fn start_practice(State(app): State<App>, page: Page, _form: Form<Nothing>) -> Result<Response, PageError> {
    let session = page.signed_in()?;
    match practice::start(&app, &page.ctx(), session, &page.client).await? {
        Some(id) => Ok(see_other(&format!("/account/practice/{id}"))),
        None => Ok(see_other("/account")),
    }
}

/// The practice request of this address, if this session began it.
async fn own(app: &App, page: &Page, id: &str) -> Result<(ApprovalRow, TokenHash), PageError> {
    let session = page.signed_in()?;
    let id: ApprovalId = id.parse().map_err(|_| PageError::NotFound)?;
    let row = app.store.read(move |tx| Box::pin(async move { tx.approval(&id).await })).await?;
    let flow = practice::flow_of(app, &session.row.id);
    let row = row.filter(|row| row.flow_hash == flow.to_text() && row.operation == Operation::Practice.as_str());
    Ok((row.ok_or(PageError::NotFound)?, flow))
}

/// `GET /account/practice/{id}`. An approved one is consumed by being shown: there is no session to start.
pub async fn show_practice(State(app): State<App>, page: Page, Path(id): Path<String>) -> Result<Response, PageError> {
    let (row, flow) = own(&app, &page, &id).await?;
    let state = match approval::state(&row, page.now)? {
        RequestState::Pending => PracticeState::Waiting {
            number: Number { digits: &row.number, choose: row.mode == "choose" },
            phone_names: practice::phone_names(&app, &row.id).await?,
            expires_in_seconds: seconds(page.now.until(row.expires_at)),
            total_seconds: seconds(row.created_at.until(row.expires_at)),
        },
        RequestState::Approved => {
            let (id, now) = (row.id.clone(), page.now);
            app.store.write(move |tx| Box::pin(async move { tx.consume_approval(&id, &flow, now).await })).await?;
            PracticeState::Ended(PracticeEnd::Approved)
        }
        RequestState::Consumed => PracticeState::Ended(PracticeEnd::Approved),
        RequestState::Denied => PracticeState::Ended(PracticeEnd::Denied),
        RequestState::Reported => PracticeState::Ended(PracticeEnd::Reported),
        RequestState::Mismatch => PracticeState::Ended(PracticeEnd::WrongNumber),
        RequestState::Expired | RequestState::Cancelled | RequestState::Superseded => {
            PracticeState::Ended(PracticeEnd::NoAnswer)
        }
        RequestState::Revoked => PracticeState::Ended(PracticeEnd::Blocked),
    };
    page.show(&Practice { frame: page.frame(), id: row.id.as_str(), state })
}

fn seconds(duration: std::time::Duration) -> u32 {
    u32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
}

/// `GET /account/practice/{id}/events`
pub async fn stream_practice(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let (row, _) = own(&app, &page, &id).await?;
    Ok(waiting::stream(waits(app, row.id)))
}
