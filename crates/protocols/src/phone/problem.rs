//! What the server answers when it refuses a call: problem JSON (RFC 9457) with a stable `code`.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        /// The stable code of a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }
        impl Code {
            /// The code as text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
            /// The HTTP status that goes with it.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

codes! {
    /// Form, size, members, a message's signature, the commitment, `iss`, `aud`, `rid`, or the count of digits.
    Invalid = "invalid", 400;
    /// The proof or its nonce is missing, or the nonce is old: repeat once with the new nonce.
    UseNonce = "use_nonce", 401;
    /// Anything else about the proof.
    BadProof = "bad_proof", 401;
    /// The evidence is bad.
    WrongUnlock = "wrong_unlock", 403;
    /// No PIN tries left.
    Locked = "locked", 403;
    /// The phone is not active yet.
    NotActive = "not_active", 403;
    /// A policy forbids it; `reason` says which.
    Policy = "policy", 403;
    /// This phone was removed.
    Removed = "removed", 403;
    /// Unknown, foreign, or a wrong code.
    NotFound = "not_found", 404;
    /// Another phone claimed this enrolment.
    Taken = "taken", 409;
    /// The decision is about another request than the one stored.
    WrongRequest = "wrong_request", 409;
    /// The number is wrong, which settles the request.
    WrongNumber = "wrong_number", 409;
    /// The request is settled; `state` says how.
    AlreadySettled = "already_settled", 409;
    /// The request's time is over.
    Expired = "expired", 409;
    /// The enrolment token was used or is too old.
    Gone = "gone", 410;
    /// Too many calls.
    TooMany = "too_many", 429;
    /// The server cannot answer now.
    Busy = "busy", 503;
}

/// A refusal as sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// One sentence for a developer.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What exactly is wrong with the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// With `wrong_unlock`: tries left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
    /// With `policy`: which rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// With `already_settled` and `expired`: the request's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// With `removed`: when, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<i64>,
    /// With `removed`: `self`, `user` or `administrator`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_by: Option<String>,
}

impl Problem {
    /// A problem with nothing but its code and sentence.
    pub fn new(code: Code, title: impl Into<String>) -> Self {
        Self {
            code,
            title: title.into(),
            status: code.status(),
            detail: None,
            left: None,
            reason: None,
            state: None,
            removed_at: None,
            removed_by: None,
        }
    }
}
