//! Bodies and answers of the calls under `/phone/v1`. The server refuses unknown members in bodies; phones ignore
//! them in answers, so that a server may say more later.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Evidence, Platform, Unlock, offer};
use crate::{
    bytes::Bytes,
    jose::Jwk,
    otp,
    text::{Id, Name},
    webpush::Subscription,
};

/// `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// The body of `enrolments/claim`: by scanned token, or by user name and typed code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Claim {
    /// The QR code was scanned.
    Scanned(ScannedClaim),
    /// The code was typed.
    Typed(TypedClaim),
}

/// A claim with the token of the QR code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScannedClaim {
    /// The token of the link, or the one that an earlier claim returned.
    pub t: Bytes<32>,
    /// The commitment.
    pub c: Bytes<32>,
}

/// A claim with a typed code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedClaim {
    /// The user name as typed.
    pub username: String,
    /// The code as typed.
    pub code: String,
    /// The commitment.
    pub c: Bytes<32>,
}

/// The answer to a claim.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claimed {
    /// An `akkoord-offer+jwt`.
    pub offer: String,
    /// The token of the calls that follow.
    pub t: Bytes<32>,
}

/// The body of `enrolments/pin`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentPin {
    /// The token of the claim's answer.
    pub t: Bytes<32>,
    /// The blinded PIN.
    pub blinded: Bytes<33>,
}

/// The body of `enrolments/prove`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prove {
    /// The token of the claim's answer.
    pub t: Bytes<32>,
    /// An `akkoord-enrol+jwt`.
    pub enrol: String,
    /// RegistrationResponseJSON, where the platform authenticator is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webauthn: Option<Value>,
    /// Where the phone wants to be rung, if it knows already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<Subscription>,
}

/// The answer of `enrolments/prove`, `digits` and of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The state, as in the protocol.
    pub state: String,
}

/// The answer of `enrolments/state`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnrolmentState {
    /// The state, in capitals.
    pub state: String,
    /// The account, with ACTIVE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<offer::Account>,
    /// The secret of this phone's verification codes, with ACTIVE, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<Codes>,
}

/// Parameters of a phone's verification codes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codes {
    /// The shared secret.
    pub secret: Bytes<20>,
    /// The hash.
    pub algorithm: otp::Algorithm,
    /// Digits of a code.
    pub digits: u32,
    /// Seconds of a step.
    pub period: u64,
}

impl std::fmt::Debug for Codes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Codes([redacted])")
    }
}

/// The body of `enrolments/start`, by a phone that authorises a new one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentStart {
    /// Evidence over the proof's nonce.
    pub evidence: Evidence,
}

/// The answer of `enrolments/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolmentStarted {
    /// The enrolment.
    pub enr: Id,
    /// The link of the QR code.
    pub url: String,
    /// The code to type.
    pub code: String,
    /// Until when it may be claimed, in seconds.
    pub exp: i64,
}

/// The body of `enrolments/{enr}/digits`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedDigits {
    /// The six digits of the new phone.
    pub digits: String,
}

/// The answer of `requests/pending`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// Request messages, oldest first.
    pub requests: Vec<String>,
    /// Key rolls, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keyroll: Vec<String>,
}

/// The body of a decision.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// An `akkoord-decision+jwt`.
    pub decision: String,
    /// With approve only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// The answer of `expect`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Expect {
    /// Until when, in seconds.
    pub until: i64,
}

/// The body of `history`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryBefore {
    /// Only entries older than this one: the last of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Id>,
}

/// The answer of `history`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct History {
    /// Newest first, 50 at most.
    pub entries: Vec<HistoryEntry>,
}

/// One request of the past.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The request's id.
    pub id: Id,
    /// When it was made, in seconds.
    pub at: i64,
    /// What for.
    pub op: super::request::Operation,
    /// The app.
    pub app: super::request::App,
    /// From where.
    pub ctx: super::request::Context,
    /// How it ended, in capitals.
    pub state: String,
    /// The phone that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Name>,
    /// Whether this phone answered.
    pub mine: bool,
}

/// The answer of a report.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Reported {
    /// How many sessions were ended.
    pub ended_sessions: u64,
}

/// The body of `pin/evaluate`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluatePin {
    /// A waiting request of this phone, or an open change of the PIN.
    pub request: Id,
    /// The blinded PIN.
    pub blinded: Bytes<33>,
    /// The new PIN of a change: free, once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new: bool,
}

/// The answer of `pin/evaluate`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PinEvaluated {
    /// The evaluated point.
    pub evaluated: Bytes<33>,
    /// Its proof.
    pub proof: Bytes<64>,
    /// Tries left.
    pub left: u32,
}

/// The answer of `pin/change/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PinChangeStarted {
    /// The change.
    pub change: Id,
    /// Until when, in seconds.
    pub exp: i64,
}

/// The body of `pin/change/finish`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinChangeFinish {
    /// The change.
    pub change: Id,
    /// The public half of the new PIN-protected key.
    pub new: Jwk,
    /// By the old PIN-protected key or the platform authenticator.
    pub evidence: Evidence,
}

/// The answer of `self`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OwnState {
    /// The phone's id.
    pub phone: Id,
    /// Its name.
    pub name: Name,
    /// What it runs on.
    pub platform: Platform,
    /// `ACTIVE`, or `LOCKED` when no PIN tries are left.
    pub state: String,
    /// The account.
    pub account: offer::Account,
    /// Whether a push subscription is kept.
    pub push: bool,
    /// Whether it is used for sign-in without a password.
    pub phone_sign_in: bool,
    /// Until when browsers that the account does not know don't ring it, after a report or a denial (seconds).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_until: Option<i64>,
    /// Unlock methods that are set up and allowed.
    pub unlock: Vec<Unlock>,
    /// PIN tries left.
    pub pin_left: u32,
    /// What policy asks.
    pub policy: offer::Policy,
    /// The public key of the server's pushes.
    pub vapid: Bytes<65>,
    /// Key rolls, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keyroll: Vec<String>,
}

/// The body of `PATCH self`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnChange {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Phone sign-in on (with evidence) or off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_sign_in: Option<bool>,
    /// Notifications on or off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notifications: Option<bool>,
    /// Pushes for unknown browsers on again (with evidence) or off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_browsers: Option<bool>,
    /// For what is switched on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// The answer of `push/test`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PushTest {
    /// Whether one is on its way; false where the phone has no subscription.
    pub sent: bool,
}

/// The body of `rotate`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotateKey {
    /// An `akkoord-rotate+jwt`.
    pub rotate: String,
}
