//! Adding a phone: the QR code, the typed code, the six digits.

use std::time::Duration;

use akkoord_core::{enrolment::State as EnrolmentState, ids::EnrolmentId, session::Standing};
use akkoord_store::EnrolmentRow;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use qrcode::{Color, EcLevel, QrCode};
use serde::Deserialize;

use super::{
    destination::Destination,
    sign_in::Nothing,
    waiting::{self, Look, Waits},
};
use crate::{
    app::App,
    http::{
        error::PageError,
        form::Form,
        page::{Page, see_other},
        sse,
    },
    use_cases::{
        enrolment::{self, Confirmed, Starter},
        session::CurrentSession,
    },
    views::{
        enrolment::{AddPhone, EndedKind, GetApp, Stage, TAKEN},
        qr::QrPicture,
    },
    wake::Topic,
};

/// `?app=1`: the person is on the phone, and the app is there already.
#[derive(Deserialize)]
pub struct InApp {
    #[serde(default)]
    app: Option<String>,
}

impl InApp {
    fn destination(&self) -> Destination {
        if self.app.is_some() { Destination::AddPhoneInApp } else { Destination::AddPhone }
    }
}

/// The way to a proof that is fresh enough for a new phone, where the session's is not. A pass was made for this and is
/// used up: its whole short session may do it.
fn fresh_proof(session: &CurrentSession, destination: Destination) -> Option<Response> {
    let enough = match session.standing() {
        Standing::SetUp => true,
        Standing::Full => session.is_fresh,
        Standing::SecondStepFirst => false,
    };
    (!enough).then(|| see_other(&format!("/signin/fresh?reason={}", destination.word())))
}

/// `GET /account/phones/add`: the first step, getting the app. Who comes from the app has it.
pub async fn show_get_app(
    State(app): State<App>,
    page: Page,
    Query(query): Query<InApp>,
) -> Result<Response, PageError> {
    let destination = query.destination();
    // Asked for first, so that nobody fetches an app and is then told to sign in.
    let Some(session) = &page.session else {
        return Ok(see_other(&format!("/signin?then={}", destination.word())));
    };
    if let Some(way) = fresh_proof(session, destination) {
        return Ok(way);
    }
    let address = format!("{}/app/", app.config.phone_url);
    page.show(&GetApp {
        frame: page.frame(),
        username: &session.account.username,
        qr: draw(&address)?,
        address: &address,
        in_app: query.app.is_some(),
    })
}

/// `POST /account/phones/add`: with a fresh session, or one by an access pass.
pub async fn start_enrolment(State(app): State<App>, page: Page, form: Form<InApp>) -> Result<Response, PageError> {
    let session = page.signed_in()?;
    if let Some(way) = fresh_proof(session, form.0.destination()) {
        return Ok(way);
    }
    let starter = Starter::Browser(session.row.id.clone());
    let id = enrolment::start(&app, &page.ctx(), &session.account.id, starter).await?;
    let in_app = if form.0.app.is_some() { "?app=1" } else { "" };
    Ok(see_other(&format!("/account/phones/add/{id}{in_app}")))
}

/// The enrolment of this address, if this very session started it: another browser of the same person must not see
/// a code that was not shown to it.
async fn own(app: &App, page: &Page, id: &str) -> Result<EnrolmentRow, PageError> {
    let session = page.signed_in()?;
    let id: EnrolmentId = id.parse().map_err(|_| PageError::NotFound)?;
    let row = enrolment::find(app, &id, &session.account.id).await?;
    row.filter(|row| row.session_id.as_ref() == Some(&session.row.id)).ok_or(PageError::NotFound)
}

#[derive(Deserialize)]
pub struct Shown {
    #[serde(default)]
    wrong: Option<String>,
    #[serde(default)]
    app: Option<String>,
}

/// `GET /account/phones/add/{id}`
pub async fn show_enrolment(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Query(query): Query<Shown>,
) -> Result<Response, PageError> {
    let row = own(&app, &page, &id).await?;
    show(&app, &page, &row, &query)
}

fn show(app: &App, page: &Page, row: &EnrolmentRow, query: &Shown) -> Result<Response, PageError> {
    let ctx = page.ctx();
    let left = seconds(page.now.until(row.expires_at));
    let name = row.phone_name.as_deref().unwrap_or("");
    let state = enrolment::state(row, &ctx)?;
    let (link, code);
    let stage = match state {
        EnrolmentState::Created => {
            let shown = enrolment::shown(app, &ctx, &row.id)?;
            link = shown.link.to_string();
            code = shown.code.to_shown();
            Stage::Scan {
                qr: draw(&link)?,
                link: &link,
                code: &code,
                server_address: &app.config.phone_url,
                username: page.signed_in()?.account.username.as_str(),
                expires_in_seconds: left,
                tries_left: u32::try_from(row.code_left).unwrap_or(0),
            }
        }
        EnrolmentState::Claimed => Stage::Claimed { expires_in_seconds: left },
        EnrolmentState::Proved => Stage::Digits {
            phone_name: name,
            platform: row.phone_platform.as_deref().unwrap_or("other"),
            tries_left: u32::try_from(row.digits_left).unwrap_or(0),
            error: query.wrong.is_some(),
            expires_in_seconds: left,
        },
        EnrolmentState::Active => Stage::Done { phone_name: name },
        EnrolmentState::Rejected if row.taken_at.is_some() => Stage::Ended { kind: EndedKind::TakenByAnother },
        EnrolmentState::Rejected => Stage::Ended { kind: EndedKind::Rejected },
        EnrolmentState::Expired => Stage::Ended { kind: EndedKind::Expired },
        EnrolmentState::Cancelled => Stage::Ended { kind: EndedKind::Cancelled },
    };
    let taken = row.taken_at.is_some() && state.is_open();
    let address = format!("{}/app/", app.config.phone_url);
    let app = query.app.as_ref().map(|_| address.as_str());
    page.show(&AddPhone { frame: page.frame(), id: row.id.as_str(), stage, taken, app })
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
}

/// The QR code of a link.
pub fn draw(link: &str) -> Result<QrPicture, PageError> {
    let code = QrCode::with_error_correction_level(link, EcLevel::M)
        .map_err(|error| PageError::Internal(error.to_string()))?;
    Ok(QrPicture::draw(code.width(), code.to_colors().into_iter().map(|color| color == Color::Dark)))
}

/// `GET /account/phones/add/{id}/events`
pub async fn stream_enrolment(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let row = own(&app, &page, &id).await?;
    let topic = Topic::Enrolment(row.id.to_string());
    let (reader, id) = (app.clone(), row.id.clone());
    let read = move || -> futures_util::future::BoxFuture<'static, _> {
        let (app, id) = (reader.clone(), id.clone());
        Box::pin(async move {
            let ctx = app.own_ctx(akkoord_core::Actor::System);
            let row = app.store.read(move |tx| Box::pin(async move { tx.enrolment(&id).await })).await?;
            let Some(row) = row else { return Ok(None) };
            let state = enrolment::state(&row, &ctx)?;
            let taken = row.taken_at.is_some() && state.is_open();
            let changes_in = if state.is_open() { ctx.now.until(row.expires_at) } else { sse::LIFE };
            let word = format!("{}{}", state.wire(), if taken { TAKEN } else { "" });
            Ok(Some(Look { state: word, changes_in: changes_in + Duration::from_millis(20) }))
        })
    };
    Ok(waiting::stream(Waits { app, topic, read: Box::new(read) }))
}

#[derive(Deserialize)]
pub struct DigitsForm {
    digits: String,
    #[serde(default)]
    app: Option<String>,
}

/// `POST /account/phones/add/{id}/digits`
pub async fn confirm_digits(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    form: Form<DigitsForm>,
) -> Result<Response, PageError> {
    let row = own(&app, &page, &id).await?;
    let account = page.signed_in()?.account.clone();
    let address = format!("/account/phones/add/{}", row.id);
    let in_app = form.0.app.is_some();
    let query = match enrolment::confirm(&app, &page.ctx(), row, &account, &form.0.digits).await? {
        Confirmed::Wrong(_) if in_app => "?wrong=1&app=1",
        Confirmed::Wrong(_) => "?wrong=1",
        Confirmed::Active(_) | Confirmed::Not(_) if in_app => "?app=1",
        Confirmed::Active(_) | Confirmed::Not(_) => "",
    };
    Ok(see_other(&format!("{address}{query}")))
}

/// `POST /account/phones/add/{id}/cancel`
pub async fn cancel_enrolment(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let row = own(&app, &page, &id).await?;
    enrolment::cancel(&app, &page.ctx(), &row.id).await?;
    Ok(see_other("/account"))
}
