//! The phone's decision: `akkoord-decision+jwt`, and the evidence over it.

use serde::{Deserialize, Serialize};

use super::label;
use crate::{
    bytes::{Bytes, sha256},
    jose::{JwsError, PublicKey, SigningKey, Typ, Unverified, sign},
    text::Id,
};

/// Yes or one of the two kinds of no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Let this browser in.
    Approve,
    /// It was me, but don't.
    Deny,
    /// It was not me.
    Report,
}

/// With what the phone's owner was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnlockedBy {
    /// The platform authenticator.
    Webauthn,
    /// The app's PIN.
    Pin,
    /// Nothing: saying no must be easy.
    None,
}

/// The claims of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Version: 1.
    pub v: u8,
    /// The phone.
    pub iss: Id,
    /// The server.
    pub aud: String,
    /// The request's id.
    pub rid: Id,
    /// SHA-256 of the request message: all that the phone showed.
    pub rh: Bytes<32>,
    /// The verdict.
    pub d: Verdict,
    /// The number as digits, exactly as many as asked, only with approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// With what the owner was verified.
    pub unlock: UnlockedBy,
    /// The phone's reckoning of the server's time, in seconds.
    pub iat: i64,
    /// Unique among this phone's decisions.
    pub jti: Id,
}

/// Why a decision is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// The message itself.
    #[error("the decision {0}")]
    Message(#[from] JwsError),
    /// From another phone, for another server or request.
    #[error("the decision is for another server, phone or request")]
    Misdirected,
    /// Number, unlock method and verdict do not fit each other.
    #[error("the decision's members do not fit each other")]
    Senseless,
    /// The number has the wrong count of digits.
    #[error("the number must have {0} digits")]
    Digits(usize),
    /// Made before the request or after its end.
    #[error("the decision's time lies outside of the request's")]
    Time,
}

/// What a decision must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The phone's id.
    pub phone: &'a str,
    /// The server's name.
    pub server: &'a str,
    /// The request's id.
    pub request: &'a str,
    /// When the request was made, in seconds.
    pub iat: i64,
    /// When it ends, in seconds.
    pub exp: i64,
    /// How many digits its number has.
    pub digits: usize,
}

impl Expected<'_> {
    /// Checks a decision with the phone's stored key. Whether it is about the stored request (`rh`) and whether the
    /// number is right are decided later, each with its own answer.
    pub fn check(&self, message: &str, key: &PublicKey) -> Result<Decision, DecisionError> {
        let decision: Decision = Unverified::parse(message, Typ::Decision)?.verify(self.phone, key)?.claims()?;
        if decision.iss.as_str() != self.phone || decision.aud != self.server || decision.rid.as_str() != self.request {
            return Err(DecisionError::Misdirected);
        }
        if !(self.iat.saturating_sub(60)..=self.exp.saturating_add(60)).contains(&decision.iat) {
            return Err(DecisionError::Time);
        }
        match (decision.d, &decision.number, decision.unlock) {
            (Verdict::Approve, Some(number), UnlockedBy::Webauthn | UnlockedBy::Pin) => {
                if number.len() != self.digits || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(DecisionError::Digits(self.digits));
                }
            }
            (Verdict::Deny | Verdict::Report, None, UnlockedBy::None) => {}
            _ => return Err(DecisionError::Senseless),
        }
        Ok(decision)
    }
}

impl Decision {
    /// Signs the decision.
    pub fn sign(&self, key: &SigningKey) -> Result<String, JwsError> {
        sign(key, Typ::Decision, self.iss.as_str(), self)
    }
}

/// What the evidence covers: challenge of the platform authenticator, `dh` of the PIN-protected key.
pub fn evidence_hash(decision: &str) -> [u8; 32] {
    sha256(&[label::UV, decision.as_bytes()])
}
