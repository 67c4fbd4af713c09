//! The pages on which a person changes the password and the apps for verification codes.

use askama::Template;

use super::frame::Frame;
use super::sign_in::CodeError;

/// `GET /account/password`: a new password.
#[derive(Debug, Template)]
#[template(path = "pages/set_password.html")]
pub struct SetPassword<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// Whether the account has a password already.
    pub has_one: bool,
    /// Whether somebody else chose the one it has, so that its person has to choose another.
    pub must: bool,
    /// Why the page is shown again.
    pub error: Option<NewPasswordError>,
    /// The account's user name.
    pub username: &'a str,
    /// The least number of characters.
    pub least: u32,
}

impl SetPassword<'_> {
    /// The key of the page's title.
    pub fn title_key(&self) -> &'static str {
        if self.has_one { "set_password.change" } else { "set_password.set" }
    }

    /// Whether the second field is the one to look at.
    pub fn differs(&self) -> bool {
        self.error == Some(NewPasswordError::Differ)
    }
}

/// What is wrong with a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewPasswordError {
    /// Too few characters, or none.
    TooShort {
        /// The least number.
        least: u32,
    },
    /// More than anybody types.
    TooLong,
    /// Among the first that somebody else would try.
    Common,
    /// Hardly more than the user name, the person's name or the organisation's.
    LikeName,
    /// With characters that can't be typed again.
    Unreadable,
    /// Not the same twice.
    Differ,
}

impl NewPasswordError {
    /// The key of its text.
    pub fn key(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "set_password.error.too_short",
            Self::TooLong => "set_password.error.too_long",
            Self::Common => "set_password.error.common",
            Self::LikeName => "set_password.error.like_name",
            Self::Unreadable => "set_password.error.unreadable",
            Self::Differ => "set_password.error.differ",
        }
    }

    /// The number that its text tells, if it tells one.
    pub fn least(&self) -> u32 {
        match self {
            Self::TooShort { least } => *least,
            Self::TooLong | Self::Common | Self::LikeName | Self::Unreadable | Self::Differ => 0,
        }
    }
}

/// `GET /account/password/remove`: the question before the password is removed.
#[derive(Debug, Template)]
#[template(path = "pages/remove_password.html")]
pub struct RemovePassword<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
}

/// `GET /account/codes/add`: one more app that makes verification codes.
#[derive(Debug, Template)]
#[template(path = "pages/add_codes.html")]
pub struct AddCodes<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The element of [`super::qr::QrPicture::svg`] that shows the key as an `otpauth` address. It isn't escaped.
    pub qr: &'a str,
    /// The id that it will have, which comes back with the form.
    pub id: &'a str,
    /// The key in base32, in groups of four, for somebody who can't scan.
    pub key: &'a str,
    /// Why the page is shown again.
    pub error: Option<CodeError>,
    /// The name that was typed, or the one that is proposed.
    pub name: &'a str,
}

/// `GET /account/codes/{id}/remove`: the question before an app for verification codes is removed.
#[derive(Debug, Template)]
#[template(path = "pages/remove_codes.html")]
pub struct RemoveCodes<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// Its id in addresses.
    pub id: &'a str,
    /// The name that the person gave it.
    pub name: &'a str,
    /// Whether the account has no other.
    pub last: bool,
}
