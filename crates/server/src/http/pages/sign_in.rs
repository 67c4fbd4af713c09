//! The pages of a sign-in. What comes next, the dispatcher says; a handler shows it.

use std::time::Duration;

use akkoord_core::{
    account::Username, approval::State as RequestState, policy::FirstMethod, secret::Token, sign_in::Step,
};
use akkoord_protocols::webauthn::Kind;
use akkoord_store::PasswordRow;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tokio::time::Instant;

use super::{
    destination::{Destination, Then},
    waiting::{self, Look, Waits},
};
use crate::{
    app::App,
    http::{
        cookies::Cookie,
        error::PageError,
        form::Form,
        page::{Page, add_cookie, see_other},
        sse,
    },
    use_cases::{
        approval, credential,
        session::Started,
        sign_in::{self, Aim, Attempt, FRESH_PROOF, Finished, First, PassTried},
    },
    views::{
        frame::Number,
        sign_in::{
            AccessPass, AccessPassError, Approve, Approved, FreshProof, FreshReason, OtherWays, Outcome, OutcomeKind,
            SignIn, SignInError,
        },
    },
    wake::Topic,
};

pub const APPROVE: &str = "/signin/approve";
/// A start is answered no sooner. It does the same for every name, but a request that phones are asked for stands in more
/// indexes than a decoy, and its phones' keys are checked: a twentieth of a millisecond, which somebody on the same network
/// could see after some hundred starts (T-ENUM-1).
const START_TAKES: Duration = Duration::from_millis(10);
const TOO_MANY: PageError = PageError::TooMany { retry_after: 600 };

/// A form without members of its own.
#[derive(Deserialize)]
pub struct Nothing {}

pub fn flow(page: &Page) -> Option<Token> {
    Cookie::Flow.token(&page.headers)
}

pub async fn attempt(page: &Page) -> Result<Option<Attempt>, PageError> {
    match flow(page) {
        Some(flow) => Ok(sign_in::attempt(&page.app, &page.ctx(), &flow).await?),
        None => Ok(None),
    }
}

/// `GET /signin`
pub async fn show_sign_in(page: Page, Query(then): Query<Then>) -> Result<Response, PageError> {
    let then = then.destination();
    if page.session.is_some() {
        return Ok(see_other(then.map_or("/account", Destination::path)));
    }
    let then = then.map(Destination::word);
    page.show(&SignIn { frame: page.frame(), username: "", error: None, app_name: None, then })
}

#[derive(Deserialize)]
pub struct SignInForm {
    username: String,
    #[serde(default)]
    then: String,
}

/// `POST /signin`
pub async fn start_sign_in(page: Page, form: Form<SignInForm>) -> Result<Response, PageError> {
    let typed = &form.0.username;
    let then = Destination::from_word(&form.0.then);
    let username = match typed.parse::<Username>() {
        Ok(username) => username,
        Err(_) => {
            let empty = typed.trim().is_empty();
            let error = Some(if empty { SignInError::Empty } else { SignInError::Unreadable });
            let username = typed.chars().filter(|c| !c.is_control()).take(64).collect::<String>();
            let then = then.map(Destination::word);
            let view = SignIn { frame: page.frame(), username: &username, error, app_name: None, then };
            return page.show_as(StatusCode::UNPROCESSABLE_ENTITY, &view);
        }
    };
    let return_to = then.map(|then| then.path().to_owned());
    let first = First::Usual(Cookie::first_method(&page.headers));
    start(&page, &username, Aim { return_to, first, ..Aim::default() }).await
}

async fn start(page: &Page, username: &Username, aim: Aim) -> Result<Response, PageError> {
    let not_before = Instant::now() + START_TAKES;
    let browser = Cookie::Browser.token(&page.headers);
    let (old, client) = (flow(page), &page.client);
    let started = sign_in::start(&page.app, &page.ctx(), username, client, old.as_ref(), browser.as_ref(), aim).await?;
    tokio::time::sleep_until(not_before).await;
    let Some(started) = started else { return Err(TOO_MANY) };
    let mut response = see_other(APPROVE);
    add_cookie(&mut response, Cookie::Flow.set(&started.expose_text()));
    Ok(response)
}

/// `GET /signin/approve`: whatever the dispatcher says comes next.
pub async fn show_approve(page: Page) -> Result<Response, PageError> {
    let Some(flow) = flow(&page) else { return Ok(see_other("/signin")) };
    let found = sign_in::attempt_with_told(&page.app, &page.ctx(), &flow).await?;
    let Some((attempt, told)) = found else { return Ok(see_other("/signin")) };
    let (frame, username) = (page.frame(), attempt.row.username.as_str());
    match (attempt.next_step(&page.ctx()), &attempt.request) {
        (Step::AwaitPhone, _) if told.locked => page.show(&Outcome { frame, username, kind: OutcomeKind::Locked }),
        (Step::AwaitPhone, Some(request)) => page.show(&Approve {
            frame,
            request: request.id.as_str(),
            username,
            app_name: None,
            number: Number { digits: &request.number, choose: request.mode == "choose" },
            phone_names: told.phone_names,
            expires_in_seconds: seconds(page.now.until(request.expires_at)),
            total_seconds: seconds(request.created_at.until(request.expires_at)),
            same_device_hint: is_mobile(&page),
        }),
        (Step::Finish, _) => page.show(&Approved { frame, username }),
        (Step::TellOutcome(state), Some(request)) => {
            let approved_once = request.claim_until.is_some();
            page.show(&Outcome { frame, username, kind: outcome(state, approved_once) })
        }
        (Step::TellTooMany, _) => page.show(&Outcome { frame, username, kind: OutcomeKind::TooMany }),
        (Step::AskAccessPass, _) => Ok(see_other("/signin/access-pass")),
        (Step::AskPassword, _) => Ok(see_other("/signin/password")),
        (Step::AskCode, _) => Ok(see_other("/signin/code")),
        (Step::AskKey, _) => Ok(see_other("/signin/security-key")),
        (Step::TellNoSecondStep, _) => page.show(&Outcome { frame, username, kind: OutcomeKind::NoSecondStep }),
        (Step::Enough(_), _) => Ok(see_other("/account")),
        _ if page.session.is_some() => Ok(see_other("/account")),
        _ => Ok(see_other("/signin")),
    }
}

fn seconds(duration: std::time::Duration) -> u32 {
    u32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
}

/// Whether this browser may run on the very phone that is asked: then the page says how to switch and come back.
fn is_mobile(page: &Page) -> bool {
    page.client.browser.is_some_and(|name| ["Android", "iPhone", "iPad"].iter().any(|system| name.contains(system)))
}

fn outcome(state: RequestState, approved_once: bool) -> OutcomeKind {
    match state {
        RequestState::Denied => OutcomeKind::Denied,
        RequestState::Reported => OutcomeKind::Reported,
        RequestState::Mismatch => OutcomeKind::WrongNumber,
        RequestState::Cancelled => OutcomeKind::Cancelled,
        RequestState::Superseded | RequestState::Consumed => OutcomeKind::Superseded,
        RequestState::Expired if approved_once => OutcomeKind::ApprovedTooLate,
        RequestState::Expired => OutcomeKind::NoAnswer,
        RequestState::Revoked | RequestState::Pending | RequestState::Approved => OutcomeKind::Blocked,
    }
}

/// Which request a page shows.
#[derive(Deserialize)]
pub struct ShownRequest {
    of: Option<String>,
}

/// `GET /signin/events`. A page with an older number than the browser's newest is told so: its number is dead.
pub async fn stream_sign_in(
    State(app): State<App>,
    page: Page,
    Query(shown): Query<ShownRequest>,
) -> Result<Response, PageError> {
    let request = attempt(&page).await?.and_then(|attempt| attempt.request).ok_or(PageError::NotFound)?;
    if shown.of.is_some_and(|of| of != request.id.as_str()) {
        let event = sse::event("state", RequestState::Superseded.wire());
        return Ok(sse::response(futures_util::stream::iter([Ok(event)])));
    }
    Ok(waiting::stream(waits(app, request.id)))
}

/// What a page that waits for a request waits for.
pub fn waits(app: App, id: akkoord_core::ids::ApprovalId) -> Waits {
    let topic = Topic::Approval(id.to_string());
    let reader = app.clone();
    let read = move || -> futures_util::future::BoxFuture<'static, _> {
        let (app, id) = (reader.clone(), id.clone());
        Box::pin(async move {
            let now = app.clock.now();
            let row = app.store.read(move |tx| Box::pin(async move { tx.approval(&id).await })).await?;
            let Some(row) = row else { return Ok(None) };
            let state = approval::state(&row, now)?;
            let end = row.claim_until.unwrap_or(row.expires_at);
            let changes_in = if state.is_settled() { sse::LIFE } else { now.until(end) };
            // A moment more: at the very instant the row may still count as in time.
            let changes_in = changes_in + std::time::Duration::from_millis(20);
            Ok(Some(Look { state: state.wire().to_owned(), changes_in }))
        })
    };
    Waits { app, topic, read: Box::new(read) }
}

/// `POST /signin/shown`: the number can be seen, so the phone may ring.
pub async fn note_shown(page: Page, _form: Form<Nothing>) -> Result<Response, PageError> {
    let (Some(flow), Some(attempt)) = (flow(&page), attempt(&page).await?) else { return Err(PageError::NotFound) };
    let request = attempt.request.ok_or(PageError::NotFound)?;
    sign_in::note_shown(&page.app, &page.ctx(), &flow, &request.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /signin/finish`
pub async fn finish_sign_in(page: Page, _form: Form<Nothing>) -> Result<Response, PageError> {
    let Some(flow) = flow(&page) else { return Ok(see_other("/signin")) };
    let browser = Cookie::Browser.token(&page.headers);
    match sign_in::finish(&page.app, &page.ctx(), &flow, &page.client, browser, page.session.clone()).await? {
        Finished::SignedIn(started, return_to) => Ok(signed_in(&started, return_to.as_deref())),
        Finished::NotYet => Ok(see_other(APPROVE)),
    }
}

/// Gives the browser its cookies: a new session, the known-browser mark, and no flow any more.
pub fn signed_in(started: &Started, return_to: Option<&str>) -> Response {
    let home = if started.to_set_up { "/account/setup" } else { "/account" };
    let then = return_to.and_then(super::local_path).unwrap_or(home);
    let mut response = match serde_urlencoded::to_string([("then", then)]) {
        Ok(query) if started.asks_to_stay => see_other(&format!("/signin/stay?{query}")),
        _ => see_other(then),
    };
    add_cookie(&mut response, Cookie::Session.set_for(&started.session.expose_text(), started.stays_for));
    if let Some(first) = started.first {
        add_cookie(&mut response, Cookie::First.set(first.as_str()));
    }
    add_cookie(&mut response, Cookie::Browser.set(&started.browser.expose_text()));
    if let Some(remembered) = &started.remembered {
        add_cookie(&mut response, Cookie::Remembered.set(&remembered.expose_text()));
    }
    add_cookie(&mut response, Cookie::Flow.delete());
    // Forms of before the sign-in are void after it.
    add_cookie(&mut response, Cookie::Form.delete());
    response
}

/// `POST /signin/cancel`
pub async fn cancel_sign_in(page: Page, _form: Form<Nothing>) -> Result<Response, PageError> {
    if let Some(flow) = flow(&page) {
        sign_in::cancel(&page.app, &page.ctx(), &flow).await?;
    }
    let mut response = see_other("/signin");
    add_cookie(&mut response, Cookie::Flow.delete());
    Ok(response)
}

/// `POST /signin/again`: the same name, a new request.
pub async fn start_again(page: Page, _form: Form<Nothing>) -> Result<Response, PageError> {
    match attempt(&page).await? {
        Some(attempt) => start_anew(&page, attempt).await,
        None => Ok(see_other("/signin")),
    }
}

/// Asks the phone, by a new attempt for the same name: what it proves is enough without what was proved before.
pub async fn start_anew(page: &Page, attempt: Attempt) -> Result<Response, PageError> {
    let fresh_proof = attempt.row.purpose == FRESH_PROOF;
    match attempt.row.username.parse::<Username>() {
        Ok(username) => {
            let first = First::Chosen(FirstMethod::Phone);
            start(page, &username, Aim { return_to: attempt.row.return_to, fresh_proof, first }).await
        }
        Err(_) => Ok(see_other("/signin")),
    }
}

/// `GET /signin/other`: before anything is proved it lists what policy allows, the same for every name.
pub async fn show_other_ways(page: Page, Query(then): Query<Then>) -> Result<Response, PageError> {
    let attempt = attempt(&page).await?.filter(|attempt| attempt.row.finished_at.is_none());
    let username = attempt.as_ref().map(|attempt| attempt.row.username.as_str());
    let then = then.destination().map(Destination::word);
    page.show(&OtherWays { frame: page.frame(), username, phone: true, password: true, access_pass: true, then })
}

/// `GET /signin/access-pass`
pub async fn show_access_pass(page: Page, Query(then): Query<Then>) -> Result<Response, PageError> {
    let attempt = attempt(&page).await?.filter(|attempt| attempt.row.finished_at.is_none());
    let username = attempt.as_ref().map(|attempt| attempt.row.username.as_str());
    let then = then.destination().map(Destination::word);
    page.show(&AccessPass { frame: page.frame(), username, error: None, then })
}

/// The attempt of a form that may be the first of it.
pub struct Current {
    /// The attempt.
    pub attempt: Attempt,
    /// Its flow token.
    pub flow: Token,
    /// Whether the browser must be given that, because the attempt began with this form.
    begun: bool,
}

/// The browser's attempt; or one that begins with the user name that the form brings. None where it brings none.
pub async fn attempt_for(page: &Page, username: &str, then: Option<Destination>) -> Result<Option<Current>, PageError> {
    let ctx = page.ctx();
    let current = attempt(page).await?.filter(|attempt| attempt.next_step(&ctx) != Step::AskUserName);
    if let (Some(attempt), Some(flow)) = (current, flow(page)) {
        return Ok(Some(Current { attempt, flow, begun: false }));
    }
    let Ok(name) = username.parse::<Username>() else { return Ok(None) };
    let return_to = then.map(|then| then.path().to_owned());
    let new = sign_in::start_without_request(&page.app, &ctx, &name, &page.client, return_to).await?;
    let flow = new.ok_or(TOO_MANY)?;
    let attempt = sign_in::attempt(&page.app, &ctx, &flow).await?;
    Ok(attempt.map(|attempt| Current { attempt, flow, begun: true }))
}

/// Gives the browser the cookie of an attempt that began with its form.
pub fn keep_flow(mut response: Response, current: &Current) -> Response {
    if current.begun {
        add_cookie(&mut response, Cookie::Flow.set(&current.flow.expose_text()));
    }
    response
}

#[derive(Deserialize)]
pub struct AccessPassForm {
    pass: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    then: String,
}

/// `POST /signin/access-pass`. Without an attempt the form brings the user name, and an attempt begins with it.
pub async fn try_access_pass(page: Page, form: Form<AccessPassForm>) -> Result<Response, PageError> {
    let AccessPassForm { pass, username, then } = form.0;
    let then = Destination::from_word(&then);
    let refused = |username, error| {
        let view = AccessPass { frame: page.frame(), username, error: Some(error), then: then.map(Destination::word) };
        page.show_as(StatusCode::UNPROCESSABLE_ENTITY, &view)
    };
    let Some(current) = attempt_for(&page, &username, then).await? else {
        return refused(None, AccessPassError::Empty);
    };
    let browser = Cookie::Browser.token(&page.headers);
    let (app, ctx, client) = (&page.app, page.ctx(), &page.client);
    let error = if pass.trim().is_empty() {
        AccessPassError::Empty
    } else {
        match sign_in::try_access_pass(app, &ctx, &current.flow, &pass, client, browser, page.session.clone()).await? {
            PassTried::SignedIn(started, return_to) => return Ok(signed_in(&started, return_to.as_deref())),
            PassTried::NoAttempt => return Ok(see_other("/signin")),
            PassTried::Refused => AccessPassError::Refused,
            PassTried::TooMany => AccessPassError::TooMany,
        }
    };
    Ok(keep_flow(refused(Some(&current.attempt.row.username), error)?, &current))
}

#[derive(Deserialize)]
pub struct FreshQuery {
    #[serde(default)]
    reason: String,
}

/// `GET /signin/fresh`: the last proof is too old for what the person wants to change.
pub async fn show_fresh_proof(page: Page, Query(query): Query<FreshQuery>) -> Result<Response, PageError> {
    let session = page.signed_in()?;
    let then = Destination::from_word(&query.reason);
    let reason = match query.reason.as_str() {
        _ if matches!(then, Some(Destination::AddPhone | Destination::AddPhoneInApp)) => FreshReason::AddPhone,
        "remove-phone" => FreshReason::RemovePhone,
        _ => FreshReason::Change,
    };
    let passkey = credential::all(&page.app, &session.account.id).await?;
    let passkey = passkey.iter().any(|row| credential::kind_of(row.kind) == Kind::Passkey);
    let id = session.account.id.clone();
    let read = page.app.store.read(move |tx| Box::pin(async move { tx.password(&id).await }));
    let password: Option<PasswordRow> = read.await?;
    page.show(&FreshProof {
        frame: page.frame(),
        username: &session.account.username,
        reason,
        phone: true,
        password: password.is_some(),
        password_first: Cookie::first_method(&page.headers) == Some(FirstMethod::Password),
        passkey,
        access_pass: true,
        then: then.map(Destination::word),
    })
}

#[derive(Deserialize)]
pub struct FreshForm {
    #[serde(default)]
    then: String,
    #[serde(default)]
    by: String,
}

/// `POST /signin/fresh`: a sign-in with the same name; it ends in a new session.
pub async fn start_fresh_proof(page: Page, form: Form<FreshForm>) -> Result<Response, PageError> {
    let session = page.signed_in()?;
    let username = session.account.username.parse::<Username>().map_err(|_| PageError::BadRequest)?;
    let then = Destination::from_word(&form.0.then).map_or("/account", Destination::path);
    let by_password = form.0.by == FirstMethod::Password.as_str();
    let first = First::Chosen(if by_password { FirstMethod::Password } else { FirstMethod::Phone });
    start(&page, &username, Aim { return_to: Some(then.to_owned()), fresh_proof: true, first }).await
}
