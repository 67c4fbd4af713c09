//! What a refusal looks like: a page for people, problem JSON for phones. Each maps the store's errors once.

use akkoord_protocols::phone::problem::{Code, Problem};
use akkoord_store::StoreError;
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// A refusal that a person reads. It becomes a page in [`super::finish`], which knows the language.
#[derive(Debug)]
pub enum PageError {
    /// No such page, or one that is not this person's to know of.
    NotFound,
    /// A foreign page sent this, or the session is not enough.
    Forbidden,
    /// The organisation manages how its people sign in, and this would change it.
    Managed,
    /// The form is garbled.
    BadRequest,
    /// The form's page is too old.
    FormExpired,
    /// Too many tries.
    TooMany {
        /// Seconds to wait.
        retry_after: u32,
    },
    /// Nobody is signed in.
    SignedOut,
    /// The database cannot answer now.
    Busy(String),
    /// A defect of ours.
    Internal(String),
}

impl PageError {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::Managed => StatusCode::FORBIDDEN,
            Self::BadRequest | Self::FormExpired => StatusCode::BAD_REQUEST,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::SignedOut => StatusCode::SEE_OTHER,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// `Retry-After` in seconds, where waiting helps (RFC 9110 10.2.3).
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooMany { retry_after } => Some(*retry_after),
            Self::Busy(_) => Some(BUSY_RETRY_AFTER),
            _ => None,
        }
    }
}

impl IntoResponse for PageError {
    /// Leaves the page to [`super::finish`], which knows the language.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Self::Busy(cause),
            error => Self::Internal(error.to_string()),
        }
    }
}

/// A refusal that a phone reads.
#[derive(Debug)]
pub struct ApiError {
    /// What the phone is told.
    pub problem: Box<Problem>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
    /// What our log is told.
    pub cause: Option<String>,
}

impl ApiError {
    /// A refusal with its sentence.
    pub fn new(code: Code, title: &str) -> Self {
        Self { problem: Box::new(Problem::new(code, title)), retry_after: None, cause: None }
    }

    /// A malformed call: `detail` says what and where, and never repeats a value.
    pub fn invalid(detail: impl Into<String>) -> Self {
        let mut error = Self::new(Code::Invalid, "The call is malformed.");
        error.problem.detail = Some(detail.into());
        error
    }

    /// Unknown and foreign things look the same.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "There is no such thing for this phone.")
    }

    /// A defect of ours. The phone may try again.
    pub fn internal(cause: impl Into<String>) -> Self {
        let mut error = Self::new(Code::Busy, "The server cannot answer now.");
        error.retry_after = Some(BUSY_RETRY_AFTER);
        error.cause = Some(cause.into());
        error
    }

    /// With the state that a request is in.
    pub fn with_state(mut self, state: &str) -> Self {
        self.problem.state = Some(state.to_owned());
        self
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::internal(error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Some(cause) = &self.cause {
            tracing::error!(error.cause = %cause, "a call of a phone failed");
        }
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&*self.problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(HeaderName::from_static("retry-after"), HeaderValue::from(seconds));
        }
        response
    }
}

/// Seconds after which a server that is busy may be asked again.
const BUSY_RETRY_AFTER: u32 = 5;
