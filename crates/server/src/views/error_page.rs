//! The page for everything that went wrong outside a form.

use askama::Template;

use super::frame::Frame;

/// An error as a page.
#[derive(Debug, Template)]
#[template(path = "pages/error.html")]
pub struct ErrorPage<'a> {
    /// What every page shares; its request id is shown, so that a person can tell it and an administrator find it.
    pub frame: Frame<'a>,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong.
    pub kind: ErrorKind,
}

impl ErrorPage<'_> {
    fn reference(&self) -> String {
        self.frame.fill("error.reference", &[("status", &self.status), ("request_id", &self.frame.request_id)])
    }
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no such page, or none that this person may know of.
    NotFound,
    /// Signed in, but not for this.
    Forbidden,
    /// The organisation manages how its people sign in, and this would change it.
    Managed,
    /// Too many tries.
    TooMany {
        /// After how many seconds it makes sense to try again.
        retry_after_seconds: u32,
    },
    /// The browser sent something that can't be read.
    BadRequest,
    /// The form's token is no longer good.
    FormExpired,
    /// The server can't answer now.
    Busy,
    /// A fault of ours.
    Internal,
}

impl ErrorKind {
    /// Every kind, the time of `TooMany` being an example.
    pub const ALL: [Self; 8] = [
        Self::NotFound,
        Self::Forbidden,
        Self::Managed,
        Self::TooMany { retry_after_seconds: 90 },
        Self::BadRequest,
        Self::FormExpired,
        Self::Busy,
        Self::Internal,
    ];

    /// The keys of its title and its text.
    pub fn keys(&self) -> [&'static str; 2] {
        match self {
            Self::NotFound => ["error.not_found.title", "error.not_found.text"],
            Self::Forbidden => ["error.forbidden.title", "error.forbidden.text"],
            Self::Managed => ["managed.title", "managed.text"],
            Self::TooMany { .. } => ["error.too_many.title", "error.too_many.text"],
            Self::BadRequest => ["error.bad_request.title", "error.bad_request.text"],
            Self::FormExpired => ["error.form_expired.title", "error.form_expired.text"],
            Self::Busy => ["error.busy.title", "error.busy.text"],
            Self::Internal => ["error.internal.title", "error.internal.text"],
        }
    }

    /// The wait in whole minutes, rounded up, where there is one.
    pub fn minutes(&self) -> Option<u32> {
        match self {
            Self::TooMany { retry_after_seconds } => Some(retry_after_seconds.div_ceil(60).max(1)),
            _ => None,
        }
    }
}
