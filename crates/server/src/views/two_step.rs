//! Two-step verification as a setting, and staying signed in.

use askama::Template;

use super::frame::Frame;

/// `GET /account/two-step/off`: the question before two-step verification is switched off.
#[derive(Debug, Template)]
#[template(path = "pages/two_step_off.html")]
pub struct TwoStepOff<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The account's user name.
    pub username: &'a str,
    /// What there is instead.
    pub instead: Instead,
    /// Why the page is shown again.
    pub error: Option<TwoStepOffError>,
    /// The least number of characters of a password that is all that is asked.
    pub least: u32,
}

/// What an account without two-step verification signs in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// The password, which is asked for now.
    Password,
    /// A passkey.
    Passkey,
    /// Nothing: it can't be switched off.
    Nothing,
}

/// Why two-step verification is not off yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwoStepOffError {
    /// No password was typed.
    Empty,
    /// It is not the account's.
    Wrong,
    /// It is too short to be all that is asked.
    TooShort,
}

impl TwoStepOffError {
    /// The key of its text.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Empty => "password.error.empty",
            Self::Wrong => "password.error.wrong",
            Self::TooShort => "two_step_off.error.too_short",
        }
    }
}

/// `GET /signin/stay`: the question after a sign-in.
#[derive(Debug, Template)]
#[template(path = "pages/stay.html")]
pub struct Stay<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The account's user name.
    pub username: &'a str,
    /// For how many days.
    pub days: u32,
    /// The page of ours that follows.
    pub then: &'a str,
}
