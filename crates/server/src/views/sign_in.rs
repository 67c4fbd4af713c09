//! The pages of a sign-in, up to the moment that it succeeds.

use askama::Template;

use super::frame::{Frame, Number};
pub use super::sign_in_steps::{CodeError, CodePage, PasswordError, PasswordPage};

/// `GET /signin`: the user name.
#[derive(Debug, Template)]
#[template(path = "pages/sign_in.html")]
pub struct SignIn<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// What was typed, or the name that this browser used last.
    pub username: &'a str,
    /// Why the page is shown again.
    pub error: Option<SignInError>,
    /// The app that asked for the sign-in.
    pub app_name: Option<&'a str>,
    /// The word of the page that it leads to, where that is not the account page.
    pub then: Option<&'static str>,
}

/// What is wrong with a user name, as far as everybody may know: never whether it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInError {
    /// Nothing was typed.
    Empty,
    /// Too long, or with characters that no name has.
    Unreadable,
    /// Too many starts from this address.
    TooMany,
    /// The form was open for so long that its token is no longer good.
    FormExpired,
}

impl SignInError {
    /// The key of its text.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Empty => "sign_in.error.empty",
            Self::Unreadable => "sign_in.error.unreadable",
            Self::TooMany => "sign_in.error.too_many",
            Self::FormExpired => "sign_in.error.form_expired",
        }
    }
}

/// `GET /signin/approve`: the number, while the phone is asked.
#[derive(Debug, Template)]
#[template(path = "pages/approve.html")]
pub struct Approve<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The request whose number is shown: a page that was left in another tab may hold an older one.
    pub request: &'a str,
    /// The name as it was typed.
    pub username: &'a str,
    /// The app that asked for the sign-in.
    pub app_name: Option<&'a str>,
    /// The number.
    pub number: Number<'a>,
    /// The phones that are asked; empty for a browser that the account doesn't know.
    pub phone_names: Vec<String>,
    /// What is left of the request.
    pub expires_in_seconds: u32,
    /// How long the request lives.
    pub total_seconds: u32,
    /// Whether the browser may run on the phone itself.
    pub same_device_hint: bool,
}

/// `GET /signin/approve` after the phone said yes, where no script goes on by itself.
#[derive(Debug, Template)]
#[template(path = "pages/approved.html")]
pub struct Approved<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The name as it was typed.
    pub username: &'a str,
}

/// A sign-in that ended without anybody being signed in.
#[derive(Debug, Template)]
#[template(path = "pages/outcome.html")]
pub struct Outcome<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The name as it was typed.
    pub username: &'a str,
    /// How it ended.
    pub kind: OutcomeKind,
}

/// How a sign-in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    /// The phone said no.
    Denied,
    /// The phone said "It wasn't me".
    Reported,
    /// Nobody answered in time.
    NoAnswer,
    /// The phone sent another number.
    WrongNumber,
    /// An administrator, the removal of the phone, or bad evidence stopped it.
    Blocked,
    /// Cancelled in this browser.
    Cancelled,
    /// This browser began another sign-in.
    Superseded,
    /// Approved, but this browser came back later than a minute.
    ApprovedTooLate,
    /// Too many waiting requests or tries.
    TooMany,
    /// No notification could be sent.
    Unreachable,
    /// Wrong numbers locked phone approval. Told only to a browser that the account knows.
    Locked,
    /// The password is right, but the account has no second step left.
    NoSecondStep,
}

impl OutcomeKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Denied,
        Self::Reported,
        Self::NoAnswer,
        Self::WrongNumber,
        Self::Blocked,
        Self::Cancelled,
        Self::Superseded,
        Self::ApprovedTooLate,
        Self::TooMany,
        Self::Unreachable,
        Self::Locked,
        Self::NoSecondStep,
    ];

    /// The keys of its title, of what happened and whether anything is lost, and of what to do.
    pub fn keys(&self) -> [&'static str; 3] {
        match self {
            Self::Denied => ["outcome.denied.title", "outcome.denied.what", "outcome.denied.do"],
            Self::Reported => ["outcome.reported.title", "outcome.reported.what", "outcome.reported.do"],
            Self::NoAnswer => ["outcome.no_answer.title", "outcome.no_answer.what", "outcome.no_answer.do"],
            Self::WrongNumber => ["outcome.wrong_number.title", "outcome.wrong_number.what", "outcome.wrong_number.do"],
            Self::Blocked => ["outcome.blocked.title", "outcome.blocked.what", "outcome.blocked.do"],
            Self::Cancelled => ["outcome.cancelled.title", "outcome.cancelled.what", "outcome.cancelled.do"],
            Self::Superseded => ["outcome.superseded.title", "outcome.superseded.what", "outcome.superseded.do"],
            Self::ApprovedTooLate => ["outcome.too_late.title", "outcome.too_late.what", "outcome.too_late.do"],
            Self::TooMany => ["outcome.too_many.title", "outcome.too_many.what", "outcome.too_many.do"],
            Self::Unreachable => ["outcome.unreachable.title", "outcome.unreachable.what", "outcome.unreachable.do"],
            Self::Locked => ["outcome.locked.title", "outcome.locked.what", "outcome.locked.do"],
            Self::NoSecondStep => {
                ["outcome.no_second_step.title", "outcome.no_second_step.what", "outcome.no_second_step.do"]
            }
        }
    }

    /// Whether somebody else may be at work, so that the page shows it in the colour of danger.
    pub fn is_alarming(&self) -> bool {
        matches!(self, Self::Reported | Self::Blocked | Self::Locked)
    }

    /// Whether a person may need somebody's help to go on.
    pub fn needs_help(&self) -> bool {
        matches!(
            self,
            Self::Reported | Self::Blocked | Self::TooMany | Self::Unreachable | Self::Locked | Self::NoSecondStep
        )
    }

    /// Whether another try can end better; else an access pass is the way in.
    pub fn can_try_again(&self) -> bool {
        !matches!(self, Self::Locked | Self::NoSecondStep)
    }
}

/// `GET /signin/other`: the other ways in.
#[derive(Debug, Template)]
#[template(path = "pages/other_ways.html")]
pub struct OtherWays<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The name, if one was typed.
    pub username: Option<&'a str>,
    /// Whether a phone may approve.
    pub phone: bool,
    /// Whether a password may be used.
    pub password: bool,
    /// Whether a temporary access pass may be used.
    pub access_pass: bool,
    /// The word of the page that it leads to, where that is not the account page.
    pub then: Option<&'static str>,
}

impl OtherWays<'_> {
    /// Whether the page offers the password; without a name there is nothing to ask it for.
    pub fn offers_password(&self) -> bool {
        self.password && self.username.is_some()
    }
}

/// `GET /signin/access-pass`: the temporary access pass.
#[derive(Debug, Template)]
#[template(path = "pages/access_pass.html")]
pub struct AccessPass<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The name, if one was typed; without it the page asks for it (field `username`).
    pub username: Option<&'a str>,
    /// Why the page is shown again.
    pub error: Option<AccessPassError>,
    /// The word of the page that it leads to, where that is not the account page.
    pub then: Option<&'static str>,
}

/// Why a temporary access pass didn't work. Wrong, used and too old look alike to somebody who isn't signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessPassError {
    /// A field was empty.
    Empty,
    /// Wrong, used, too old, or no such name.
    Refused,
    /// Too many tries.
    TooMany,
}

impl AccessPassError {
    /// The key of its text.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Empty => "access_pass.error.empty",
            Self::Refused => "access_pass.error.refused",
            Self::TooMany => "access_pass.error.too_many",
        }
    }
}

/// `GET /signin/fresh`: prove once more that it's you.
#[derive(Debug, Template)]
#[template(path = "pages/fresh_proof.html")]
pub struct FreshProof<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The account that is signed in.
    pub username: &'a str,
    /// What needs the proof.
    pub reason: FreshReason,
    /// Whether a phone may approve.
    pub phone: bool,
    /// Whether the account has a password.
    pub password: bool,
    /// Whether this browser signed in with it last.
    pub password_first: bool,
    /// Whether the account has a passkey.
    pub passkey: bool,
    /// Whether a temporary access pass may be used.
    pub access_pass: bool,
    /// The word of the page that it leads to, where that is not the account page.
    pub then: Option<&'static str>,
}

/// What a fresh proof is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreshReason {
    /// Adding a phone.
    AddPhone,
    /// Removing a phone.
    RemovePhone,
    /// Anything else about how the account is protected.
    Change,
}

impl FreshReason {
    /// The key of its text.
    pub fn key(&self) -> &'static str {
        match self {
            Self::AddPhone => "fresh.reason.add_phone",
            Self::RemovePhone => "fresh.reason.remove_phone",
            Self::Change => "fresh.reason.change",
        }
    }
}

/// `GET /signed-out`.
#[derive(Debug, Template)]
#[template(path = "pages/signed_out.html")]
pub struct SignedOut<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
}
