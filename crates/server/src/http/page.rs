//! What each page needs: the language, the form token, who is signed in, and how a view becomes an answer.

use std::time::Duration;

use akkoord_core::{Actor, Ctx, Timestamp, secret::Token};
use askama::Template;
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};

use super::{client::Client, cookies::Cookie, error::PageError, pages::change_of};
use crate::{
    app::App,
    use_cases::session::{self, CurrentSession},
    views::{
        error_page::{ErrorKind, ErrorPage},
        frame::Frame,
        texts::{Language, Texts},
    },
};

/// How long the page of a refusal waits to know who is signed in.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(1);

/// Names a request in the log and on the error page.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// What a page knows of its request.
pub struct Page {
    /// The application.
    pub app: App,
    /// From where.
    pub client: Client,
    /// The cookies and everything else.
    pub headers: HeaderMap,
    /// One request, one instant.
    pub now: Timestamp,
    /// Who is signed in.
    pub session: Option<CurrentSession>,
    language: Language,
    request_id: String,
    path: String,
    form_cookie: Token,
    form_cookie_is_new: bool,
    csrf: String,
}

/// The language of a request: the one chosen, else the browser's.
fn language(headers: &HeaderMap) -> Language {
    let chosen = Cookie::Language.read(headers).and_then(Language::from_code);
    let accepted = || headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    chosen.unwrap_or_else(|| Language::from_accept_language(accepted()))
}

impl FromRequestParts<App> for Page {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let mut page = Self::without_session(parts, app);
        if let Some(token) = Cookie::Session.token(&parts.headers) {
            page.session = session::current(app, page.now, &token).await?;
        }
        // Here and not in each handler, so that none forgets it.
        if let (Some(session), Some(change)) = (&page.session, change_of(parts.uri.path()))
            && !session::is_left_to_person(app, session, change).await?
        {
            return Err(PageError::Managed);
        }
        Ok(page)
    }
}

impl Page {
    /// A page that asks the database nothing: for what is shown before anybody is known.
    pub fn without_session(parts: &Parts, app: &App) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<std::net::SocketAddr>>().map(|info| info.0.ip());
        let peer = peer.unwrap_or(std::net::IpAddr::from([0, 0, 0, 0]));
        let kept = Cookie::Form.token(&parts.headers);
        let form_cookie_is_new = kept.is_none();
        let form_cookie = kept.unwrap_or_else(|| Token::new(&*app.random));
        Self {
            client: Client::of(&app.config, peer, &parts.headers),
            now: app.clock.now(),
            session: None,
            language: language(&parts.headers),
            request_id: parts.extensions.get::<RequestId>().map_or_else(String::new, |id| id.0.clone()),
            path: parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            csrf: app.form_key.token(&form_cookie),
            form_cookie,
            form_cookie_is_new,
            headers: parts.headers.clone(),
            app: app.clone(),
        }
    }

    /// The same with the session, for the page of a refusal: who is signed in is not sent to sign in. The database may
    /// be what failed, so it is asked for a moment only.
    pub async fn knowing_who_is_signed_in(mut self) -> Self {
        if let Some(token) = Cookie::Session.token(&self.headers) {
            let found = tokio::time::timeout(REFUSAL_PATIENCE, session::current(&self.app, self.now, &token)).await;
            self.session = found.ok().and_then(Result::ok).flatten();
        }
        self
    }

    /// What use cases are handed first.
    pub fn ctx(&self) -> Ctx {
        Ctx {
            now: self.now,
            actor: match &self.session {
                Some(session) => Actor::Account(session.account.id.clone()),
                None => Actor::Anonymous,
            },
            request_id: self.request_id.clone(),
            random: self.app.random.clone(),
        }
    }

    /// The session, or the way to the sign-in page.
    pub fn signed_in(&self) -> Result<&CurrentSession, PageError> {
        self.session.as_ref().ok_or(PageError::SignedOut)
    }

    /// The texts of this page's language.
    pub fn texts(&self) -> &Texts {
        self.app.languages.texts(self.language)
    }

    /// The language of this page.
    pub fn language(&self) -> Language {
        self.language
    }

    /// What every view shows.
    pub fn frame(&self) -> Frame<'_> {
        Frame {
            texts: self.texts(),
            csrf: &self.csrf,
            organisation: self.session.as_ref().map_or(&self.app.config.name, |session| &session.organisation_name),
            service_name: &self.app.config.name,
            signed_in_as: self.session.as_ref().map(|session| session.account.username.as_str()),
            request_id: &self.request_id,
            return_to: &self.path,
            help_contact: self.session.as_ref().and_then(|session| session.help_contact.as_deref()),
            now_ms: self.now.0,
        }
    }

    /// A view as an answer.
    pub fn show(&self, view: &impl Template) -> Result<Response, PageError> {
        self.show_as(StatusCode::OK, view)
    }

    /// A view as an answer with a status.
    pub fn show_as(&self, status: StatusCode, view: &impl Template) -> Result<Response, PageError> {
        let html = view.render().map_err(|error| PageError::Internal(error.to_string()))?;
        let mut response = (status, html).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        if let Ok(value) = HeaderValue::from_str(self.language.code()) {
            headers.insert(header::CONTENT_LANGUAGE, value);
        }
        if self.form_cookie_is_new {
            add_cookie(&mut response, Cookie::Form.set(&self.form_cookie.expose_text()));
        }
        Ok(response)
    }

    /// The page of a refusal.
    pub fn refusal(&self, error: &PageError) -> Response {
        let kind = match error {
            PageError::NotFound => ErrorKind::NotFound,
            PageError::Forbidden => ErrorKind::Forbidden,
            PageError::Managed => ErrorKind::Managed,
            PageError::BadRequest => ErrorKind::BadRequest,
            PageError::FormExpired => ErrorKind::FormExpired,
            PageError::TooMany { retry_after } => ErrorKind::TooMany { retry_after_seconds: *retry_after },
            PageError::SignedOut => return see_other("/signin"),
            PageError::Busy(_) => ErrorKind::Busy,
            PageError::Internal(_) => ErrorKind::Internal,
        };
        let status = error.status();
        let view = ErrorPage { frame: self.frame(), status: status.as_u16(), kind };
        let mut response = self.show_as(status, &view).unwrap_or_else(|_| status.into_response());
        if let Some(seconds) = error.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Answers a form: 303, so that the browser asks for the page with GET and never repeats the form (RFC 9700, 4.12).
pub fn see_other(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(value) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// Adds a cookie to an answer.
pub fn add_cookie(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
