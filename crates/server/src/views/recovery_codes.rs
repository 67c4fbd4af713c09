//! Recovery codes: making them, the sheet that is shown once, and signing in with one.

use akkoord_core::Timestamp;
use askama::Template;
use zeroize::Zeroizing;

use super::frame::Frame;

/// What is left of an account's recovery codes.
#[derive(Clone, Copy, Debug)]
pub struct CodesLeft {
    /// How many are unused.
    pub unused: u32,
    /// When they were made.
    pub made_at: Timestamp,
    /// When one was last used.
    pub last_used_at: Option<Timestamp>,
}

impl CodesLeft {
    /// Whether it is time for new ones.
    pub fn are_few(&self) -> bool {
        self.unused <= 3
    }
}

/// `GET /account/recovery-codes`: the question before a set is made.
#[derive(Debug, Template)]
#[template(path = "pages/make_recovery_codes.html")]
pub struct MakeRecoveryCodes<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// What there is now.
    pub left: Option<CodesLeft>,
}

impl MakeRecoveryCodes<'_> {
    /// The key of what the button says.
    pub fn make_key(&self) -> &'static str {
        if self.left.is_some() { "recovery.make_new" } else { "recovery.make" }
    }
}

/// `POST /account/recovery-codes`: the codes, shown this once.
#[derive(Debug, Template)]
#[template(path = "pages/recovery_codes.html")]
pub struct RecoveryCodes<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The account's user name, for the paper.
    pub username: &'a str,
    /// The codes as they are typed.
    pub codes: &'a [Zeroizing<String>],
    /// The address of the sign-in pages, for the paper.
    pub address: &'a str,
    /// When they were made.
    pub made_at: i64,
}

/// `GET /signin/recovery-code`.
#[derive(Debug, Template)]
#[template(path = "pages/recovery_code.html")]
pub struct RecoveryCode<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The name, if one was typed; without it the page asks for it (field `username`).
    pub username: Option<&'a str>,
    /// Why the page is shown again.
    pub error: Option<RecoveryCodeError>,
}

/// Why a recovery code didn't work. Wrong, used and replaced look alike to somebody who isn't signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryCodeError {
    /// A field was empty.
    Empty,
    /// Wrong, used, replaced, or no such name.
    Refused,
    /// Too many tries.
    TooMany,
}

impl RecoveryCodeError {
    /// The key of its text.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Empty => "recovery_code.error.empty",
            Self::Refused => "recovery_code.error.refused",
            Self::TooMany => "access_pass.error.too_many",
        }
    }
}
