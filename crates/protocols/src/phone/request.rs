//! What a phone is asked to approve: `akkoord-request+jwt`. The phone shows this and nothing else.

use serde::{Deserialize, Serialize};

use super::Unlock;
use crate::{
    bytes::{Bytes, sha256},
    jose::{Header, JwsError, PublicKey, SigningKey, Typ, Unverified, sign},
    text::{Handle, Id, Name, Text},
};

/// The claims of a request. Which number is right is never in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Version: 1.
    pub v: u8,
    /// The server.
    pub iss: String,
    /// The phone that is asked.
    pub aud: Id,
    /// The request's id.
    pub jti: Id,
    /// When it was made, in seconds.
    pub iat: i64,
    /// Until when it may be answered, in seconds.
    pub exp: i64,
    /// What for.
    pub op: Operation,
    /// The account.
    pub acct: Handle,
    /// The app that is signed in to.
    pub app: App,
    /// From where and with what.
    pub ctx: Context,
    /// How the number is given.
    pub number: Number,
    /// Unlock methods, any one of which suffices.
    pub unlock: Vec<Unlock>,
    /// Makes each message unique.
    pub n: Bytes<16>,
    /// What exactly is agreed to; only with a transaction, a step-up or a change of factors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<500>>,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Sign in without a password.
    Signin,
    /// The second step after a password.
    SecondStep,
    /// Fresh proof for something sensitive.
    StepUp,
    /// A change of verification methods.
    Factor,
    /// Account recovery.
    Recovery,
    /// Signing in to a computer.
    Computer,
    /// Agreeing to a transaction.
    Transaction,
    /// Practice, through the real path.
    Practice,
}

impl Operation {
    /// The operation as in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signin => "signin",
            Self::SecondStep => "second-step",
            Self::StepUp => "step-up",
            Self::Factor => "factor",
            Self::Recovery => "recovery",
            Self::Computer => "computer",
            Self::Transaction => "transaction",
            Self::Practice => "practice",
        }
    }

    /// Whether `text` may stand in a request of this kind.
    pub fn takes_text(self) -> bool {
        matches!(self, Self::Transaction | Self::StepUp | Self::Factor)
    }
}

/// The app that is signed in to, from the registry of apps. It also stands in answers, where unknown members are passed
/// over; in a request the reading of messages refuses them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its id.
    pub id: Handle,
    /// Its name.
    pub name: Name,
}

/// From where a request came. Nothing here is taken raw from a header. It also stands in answers, as [`App`] does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The browser's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<Text<45>>,
    /// The name of the network, from the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net: Option<Name>,
    /// The approximate place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Name>,
    /// The browser, from our own list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<Name>,
    /// Whether this browser has signed the account in before.
    pub known: bool,
    /// When, in seconds.
    pub at: i64,
}

/// How the number of the browser's page is given on the phone. There is no request without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "lowercase", deny_unknown_fields)]
pub enum Number {
    /// Typed on a keypad.
    Enter {
        /// How many digits: 2, 3 or 6.
        digits: u8,
    },
    /// One of three is tapped.
    Choose {
        /// The three numbers, in the order shown.
        options: [String; 3],
    },
}

/// Why a phone does not show a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The message itself.
    #[error("the request {0}")]
    Message(#[from] JwsError),
    /// No pinned server key signed it.
    #[error("the request is not signed by this server")]
    UnknownKey,
    /// For another phone, account or from another server.
    #[error("the request is for somebody else")]
    Misdirected,
    /// Its time is over.
    #[error("the request is too old")]
    Expired,
    /// A member that does not fit the others.
    #[error("the request does not make sense")]
    Senseless,
}

/// A request that may be shown, with the hash that the decision names.
#[derive(Clone, Debug)]
pub struct CheckedRequest {
    /// The claims.
    pub request: Request,
    /// SHA-256 of the message as sent.
    pub hash: Bytes<32>,
}

/// What a phone knows of itself when it checks a request.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// The pinned server keys.
    pub server_keys: &'a [PublicKey],
    /// The server's name.
    pub iss: &'a str,
    /// The phone's id.
    pub phone: &'a str,
    /// The account's id.
    pub account: &'a str,
    /// The server's time as last told, in seconds.
    pub now: i64,
}

impl Request {
    /// Signs the request.
    pub fn sign(&self, key: &SigningKey) -> Result<String, JwsError> {
        sign(key, Typ::Request, &key.public().thumbprint().to_string(), self)
    }
}

impl Recipient<'_> {
    /// Checks a request before any of it is shown.
    pub fn check(&self, message: &str) -> Result<CheckedRequest, RequestError> {
        let parsed = Unverified::parse(message, Typ::Request)?;
        let Header::Kid(kid) = parsed.header().clone() else { return Err(JwsError::Header.into()) };
        let key = self.server_keys.iter().find(|key| key.thumbprint().to_string() == kid);
        let request: Request = parsed.verify(&kid, key.ok_or(RequestError::UnknownKey)?)?.claims()?;
        if request.iss != self.iss || request.aud.as_str() != self.phone || request.acct.as_str() != self.account {
            return Err(RequestError::Misdirected);
        }
        if request.exp <= self.now {
            return Err(RequestError::Expired);
        }
        if request.unlock.is_empty()
            || (request.text.is_some() && !request.op.takes_text())
            || !request.number.makes_sense()
        {
            return Err(RequestError::Senseless);
        }
        Ok(CheckedRequest { request, hash: Bytes(sha256(&[message.as_bytes()])) })
    }
}

impl Number {
    /// Whether the digits or options are such as the protocol knows.
    pub fn makes_sense(&self) -> bool {
        match self {
            Self::Enter { digits } => matches!(digits, 2 | 3 | 6),
            Self::Choose { options: [a, b, c] } => {
                let plain = |text: &String| (2..=6).contains(&text.len()) && text.bytes().all(|x| x.is_ascii_digit());
                plain(a)
                    && plain(b)
                    && plain(c)
                    && a != b
                    && b != c
                    && a != c
                    && a.len() == b.len()
                    && b.len() == c.len()
            }
        }
    }

    /// How many digits an answer must have.
    pub fn digits(&self) -> usize {
        match self {
            Self::Enter { digits } => usize::from(*digits),
            Self::Choose { options: [first, ..] } => first.len(),
        }
    }
}
