//! Two-step verification as a setting, and staying signed in.

use askama::Template;

use super::{frame::Frame, mail::one_line, moment::Moment, texts::Texts};

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

/// Two-step verification of the account was switched on or off.
#[derive(Debug, Template)]
#[template(path = "mail/two_step_changed.txt")]
pub struct TwoStepChanged<'a> {
    /// The texts in the person's language.
    pub texts: &'a Texts,
    /// The organisation or service that writes.
    pub organisation: &'a str,
    /// The account.
    pub username: &'a str,
    /// When.
    pub at: i64,
    /// Whether it is on now.
    pub on: bool,
    /// The address behind "this was not me".
    pub not_me_link: &'a str,
    /// Whom to ask for help.
    pub help_contact: Option<&'a str>,
}

impl TwoStepChanged<'_> {
    /// The subject.
    pub fn subject(&self) -> String {
        one_line(&self.fill(if self.on { "mail.two_step_on.subject" } else { "mail.two_step_off.subject" }))
    }

    fn text(&self) -> String {
        self.fill(if self.on { "mail.two_step_on.text" } else { "mail.two_step_off.text" })
    }

    fn fill(&self, key: &str) -> String {
        self.texts.fill(key, &[("username", &self.username), ("organisation", &self.organisation)])
    }

    fn when(&self) -> String {
        Moment(self.at).full(self.texts)
    }
}
