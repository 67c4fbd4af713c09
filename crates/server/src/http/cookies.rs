//! Our cookies. All are `__Host-`: Secure, for this host alone, for every path, so that no sibling or parent name
//! can set or read them (RFC 6265bis section 4.1.3.2).

use std::time::Duration;

use akkoord_core::{policy::FirstMethod, secret::Token};
use axum::http::{HeaderMap, HeaderValue, header};

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// Binds one browser to one attempt to sign in.
    Flow,
    /// A session.
    Session,
    /// Says that this browser has signed in before; never a factor.
    Browser,
    /// Spares this browser the second step of the accounts that asked for that.
    Remembered,
    /// What this browser is asked first: the phone or the password.
    First,
    /// What form tokens are made from.
    Form,
    /// The language that was chosen.
    Language,
}

impl Cookie {
    /// The cookie's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flow => "__Host-flow",
            Self::Session => "__Host-session",
            Self::Browser => "__Host-browser",
            Self::Remembered => "__Host-remembered",
            Self::First => "__Host-first",
            Self::Form => "__Host-form",
            Self::Language => "__Host-language",
        }
    }

    /// How long the browser keeps it, in seconds; `None` until it is closed.
    fn max_age(self) -> Option<u32> {
        match self {
            Self::Flow | Self::Form | Self::Session => None,
            // The longest that policy allows; the server knows until when each account wants it.
            Self::Remembered => Some(365 * 24 * 3600),
            Self::Browser | Self::First | Self::Language => Some(400 * 24 * 3600),
        }
    }

    /// The cookie's value in a request.
    pub fn read(self, headers: &HeaderMap) -> Option<&str> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                (name.trim() == self.name()).then(|| value.trim())
            })
    }

    /// The token that a cookie of a request holds.
    pub fn token(self, headers: &HeaderMap) -> Option<Token> {
        self.read(headers)?.parse().ok()
    }

    /// The header that sets it. The value is base64url or a language code: nothing that needs quoting.
    pub fn set(self, value: &str) -> Option<HeaderValue> {
        self.set_for(value, self.max_age().map(|seconds| Duration::from_secs(u64::from(seconds))))
    }

    /// The same, kept for as long as is said, or until the browser is closed.
    pub fn set_for(self, value: &str, time: Option<Duration>) -> Option<HeaderValue> {
        let age = time.map(|time| format!("; Max-Age={}", time.as_secs())).unwrap_or_default();
        HeaderValue::from_str(&format!("{}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}", self.name())).ok()
    }

    /// What this browser is asked first, as its last sign-in left it.
    pub fn first_method(headers: &HeaderMap) -> Option<FirstMethod> {
        let word = Self::First.read(headers)?;
        [FirstMethod::Phone, FirstMethod::Password].into_iter().find(|method| method.as_str() == word)
    }

    /// The header that deletes it.
    pub fn delete(self) -> Option<HeaderValue> {
        HeaderValue::from_str(&format!("{}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0", self.name())).ok()
    }
}
