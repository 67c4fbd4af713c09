//! The pages that ask for a passkey or a security key, and those that add and remove one.

use akkoord_core::Timestamp;
use akkoord_protocols::webauthn::Kind;
use askama::Template;

use super::frame::Frame;

/// `GET /signin/passkey`: a passkey, without a name. The same page for everybody.
#[derive(Debug, Template)]
#[template(path = "pages/passkey.html")]
pub struct PasskeyPage<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// Why the page is shown again.
    pub error: Option<KeyError>,
    /// The word of the page that it leads to, where that is not the account page.
    pub then: Option<&'static str>,
}

/// `GET /signin/security-key`: a security key, after the password.
#[derive(Debug, Template)]
#[template(path = "pages/security_key.html")]
pub struct SecurityKeyPage<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The name as it was typed.
    pub username: &'a str,
    /// Why the page is shown again.
    pub error: Option<KeyError>,
    /// Whether a verification code may be typed instead.
    pub code: bool,
    /// Whether a phone may approve instead.
    pub phone: bool,
}

/// Why a passkey or a security key wasn't accepted. A removed one, a stranger's and a broken one look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// Not one that may be used here.
    Refused,
    /// The page was open for too long.
    TooOld,
    /// Too many wrong ones in this sign-in.
    TooMany,
}

impl KeyError {
    /// The key of its text, of a passkey.
    pub fn of_passkey(&self) -> &'static str {
        match self {
            Self::Refused => "passkey.error.refused",
            Self::TooOld => "key.error.too_old",
            Self::TooMany => "key.error.too_many",
        }
    }

    /// The key of its text, of a security key.
    pub fn of_security_key(&self) -> &'static str {
        match self {
            Self::Refused => "security_key.error.refused",
            Self::TooOld => "key.error.too_old",
            Self::TooMany => "key.error.too_many",
        }
    }
}

/// `GET /account/passkeys/add` and `/account/security-keys/add`.
#[derive(Debug, Template)]
#[template(path = "pages/add_credential.html")]
pub struct AddCredential<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// What it is for.
    pub kind: Kind,
    /// Why the page is shown again.
    pub error: Option<AddError>,
    /// The name that was typed.
    pub name: &'a str,
}

impl AddCredential<'_> {
    /// The page's own address.
    pub fn path(&self) -> &'static str {
        add_path(self.kind)
    }

    /// Its texts: the title, what to do, what it is good for, and the button.
    pub fn keys(&self) -> [&'static str; 4] {
        match self.kind {
            Kind::Passkey => ["add_passkey.title", "add_passkey.task", "add_passkey.text", "add_passkey.add"],
            Kind::SecurityKey => {
                ["add_security_key.title", "add_security_key.task", "add_security_key.text", "add_security_key.add"]
            }
        }
    }
}

/// The address of the page that adds one.
pub fn add_path(kind: Kind) -> &'static str {
    match kind {
        Kind::Passkey => "/account/passkeys/add",
        Kind::SecurityKey => "/account/security-keys/add",
    }
}

/// Why one was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddError {
    /// What came back was not an answer to what was asked.
    Refused,
    /// The page was open for too long, or was sent twice.
    TooOld,
    /// It belongs to an account already.
    Known,
    /// The account has as many as it may have.
    TooMany,
}

impl AddError {
    /// The key of its text.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Refused => "add_key.error.refused",
            Self::TooOld => "key.error.too_old",
            Self::Known => "add_key.error.known",
            Self::TooMany => "add_key.error.too_many",
        }
    }
}

/// `GET /account/passkeys/{id}/remove`: the question before one is removed.
#[derive(Debug, Template)]
#[template(path = "pages/remove_credential.html")]
pub struct RemoveCredential<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// Its id in addresses.
    pub id: &'a str,
    /// The name that the person gave it.
    pub name: &'a str,
    /// What it is for.
    pub kind: Kind,
    /// Whether the account has nothing else for the second step.
    pub last: bool,
}

impl RemoveCredential<'_> {
    /// The key of what it means.
    pub fn text_key(&self) -> &'static str {
        match self.kind {
            Kind::Passkey => "remove_passkey.text",
            Kind::SecurityKey => "remove_security_key.text",
        }
    }
}

/// A passkey or a security key on the account page.
#[derive(Clone, Copy, Debug)]
pub struct Credential<'a> {
    /// Its id in addresses.
    pub id: &'a str,
    /// The name that the person gave it.
    pub name: &'a str,
    /// What it is for.
    pub kind: Kind,
    /// Whether its copies are on other devices of the person too.
    pub backed_up: bool,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

impl Credential<'_> {
    /// The key of its kind's name.
    pub fn kind_key(&self) -> &'static str {
        match self.kind {
            Kind::Passkey => "methods.passkey",
            Kind::SecurityKey => "methods.security_key",
        }
    }
}
