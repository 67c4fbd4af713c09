//! The pages that ask for a password, and then for a code.

use askama::Template;

use super::frame::Frame;

/// `GET /signin/password`: the password. The same page for every name, whether or not it has one.
#[derive(Debug, Template)]
#[template(path = "pages/password.html")]
pub struct PasswordPage<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The name as it was typed.
    pub username: &'a str,
    /// Why the page is shown again.
    pub error: Option<PasswordError>,
    /// Whether a temporary access pass may be used.
    pub access_pass: bool,
}

/// Why a password didn't work. A wrong one, none at all and a name that doesn't exist look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// Nothing was typed.
    Empty,
    /// Wrong, or no such account, or an account without a password.
    Wrong,
    /// Too many wrong ones: none counts for some time.
    Wait {
        /// What is left of that time.
        minutes: u32,
    },
    /// Too many tries from this address or in this sign-in.
    TooMany,
}

impl PasswordError {
    /// The key of its text.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Empty => "password.error.empty",
            Self::Wrong => "password.error.wrong",
            Self::Wait { minutes: 0 | 1 } => "password.error.wait_one",
            Self::Wait { .. } => "password.error.wait",
            Self::TooMany => "password.error.too_many",
        }
    }

    /// The number that its text tells, if it tells one.
    pub fn minutes(&self) -> u32 {
        match self {
            Self::Wait { minutes } => *minutes,
            Self::Empty | Self::Wrong | Self::TooMany => 0,
        }
    }
}

/// `GET /signin/code`: the verification code, after the password.
#[derive(Debug, Template)]
#[template(path = "pages/code.html")]
pub struct CodePage<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The name as it was typed.
    pub username: &'a str,
    /// Why the page is shown again.
    pub error: Option<CodeError>,
    /// Whether a phone may approve instead.
    pub phone: bool,
    /// Whether a security key may be used instead.
    pub key: bool,
    /// For how many days this browser may be spared the code; 0 where it may not.
    pub remember_days: u32,
    /// Whether its box is ticked.
    pub remember: bool,
}

/// Why a verification code didn't work. Somebody who gets this far has typed the right password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// Nothing was typed.
    Empty,
    /// Not six digits.
    Malformed,
    /// Not a code of this account, now or lately.
    Wrong,
    /// Right, but a code works once (RFC 6238 5.2).
    Used,
    /// The code of an earlier time.
    ClockBehind {
        /// How much earlier.
        minutes: u32,
    },
    /// The code of a later time.
    ClockAhead {
        /// How much later.
        minutes: u32,
    },
    /// Too many wrong ones: none counts for some time.
    Wait {
        /// What is left of that time.
        minutes: u32,
    },
    /// Too many tries in this sign-in.
    TooMany,
}

impl CodeError {
    /// The key of its text.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Empty => "code.error.empty",
            Self::Malformed => "code.error.malformed",
            Self::Wrong => "code.error.wrong",
            Self::Used => "code.error.used",
            Self::ClockBehind { minutes: 0 | 1 } => "code.error.clock_behind_one",
            Self::ClockBehind { .. } => "code.error.clock_behind",
            Self::ClockAhead { minutes: 0 | 1 } => "code.error.clock_ahead_one",
            Self::ClockAhead { .. } => "code.error.clock_ahead",
            Self::Wait { minutes: 0 | 1 } => "code.error.wait_one",
            Self::Wait { .. } => "code.error.wait",
            Self::TooMany => "code.error.too_many",
        }
    }

    /// The number that its text tells, if it tells one.
    pub fn minutes(&self) -> u32 {
        match self {
            Self::ClockBehind { minutes } | Self::ClockAhead { minutes } | Self::Wait { minutes } => *minutes,
            Self::Empty | Self::Malformed | Self::Wrong | Self::Used | Self::TooMany => 0,
        }
    }
}
