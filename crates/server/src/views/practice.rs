//! A practice request: the real path, with nothing behind it.

use askama::Template;

use super::frame::{Frame, Number};

/// `GET /account/practice/{id}`.
#[derive(Debug, Template)]
#[template(path = "pages/practice.html")]
pub struct Practice<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The request's id, for the addresses of the forms and the events.
    pub id: &'a str,
    /// How far it is.
    pub state: PracticeState<'a>,
}

/// How far a practice request is.
#[derive(Debug)]
pub enum PracticeState<'a> {
    /// The phone is asked.
    Waiting {
        /// The number.
        number: Number<'a>,
        /// The phones that are asked.
        phone_names: Vec<String>,
        /// What is left of the request.
        expires_in_seconds: u32,
        /// How long the request lives.
        total_seconds: u32,
    },
    /// It is over.
    Ended(PracticeEnd),
}

/// How a practice request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PracticeEnd {
    /// It works.
    Approved,
    /// The phone said no.
    Denied,
    /// The phone said "It wasn't me".
    Reported,
    /// Nobody answered in time.
    NoAnswer,
    /// The phone sent another number.
    WrongNumber,
    /// Stopped, or no phone can approve.
    Blocked,
}

impl PracticeEnd {
    /// Every end.
    pub const ALL: [Self; 6] =
        [Self::Approved, Self::Denied, Self::Reported, Self::NoAnswer, Self::WrongNumber, Self::Blocked];

    /// The end in one word, for programs that drive the page.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Reported => "reported",
            Self::NoAnswer => "expired",
            Self::WrongNumber => "mismatch",
            Self::Blocked => "revoked",
        }
    }

    /// The keys of its title and its text.
    pub fn keys(&self) -> [&'static str; 2] {
        match self {
            Self::Approved => ["practice.approved.title", "practice.approved.text"],
            Self::Denied => ["practice.denied.title", "practice.denied.text"],
            Self::Reported => ["practice.reported.title", "practice.reported.text"],
            Self::NoAnswer => ["practice.no_answer.title", "practice.no_answer.text"],
            Self::WrongNumber => ["practice.wrong_number.title", "practice.wrong_number.text"],
            Self::Blocked => ["practice.blocked.title", "practice.blocked.text"],
        }
    }
}
