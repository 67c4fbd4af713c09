//! Enrolment of a phone: its states and limits. The bytes are in `akkoord_protocols::phone::enrolment`.

use std::time::Duration;

use crate::account::UnknownWord;

/// Time for each step: start to claim, claim to prove, prove to digits.
pub const STEP: Duration = Duration::from_secs(300);
/// Wrong typed codes before the code and the QR code are dead.
pub const CODE_TRIES: i64 = 5;
/// PIN evaluations while the first PIN is set.
pub const PIN_EVALUATIONS: i64 = 2;
/// Malformed proves before the enrolment is rejected.
pub const PROVE_TRIES: i64 = 3;
/// Wrong six digits before the enrolment is rejected.
pub const DIGIT_TRIES: i64 = 3;
/// How long an enrolled phone may ask for the secret of its verification codes, for the answer may be lost. Later the
/// secret leaves the server never again.
pub const CODES_TOLD: Duration = Duration::from_secs(600);

/// Where an enrolment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The page shows the QR code.
    Created,
    /// A phone has claimed it.
    Claimed,
    /// The phone has proved its keys; the six digits are awaited.
    Proved,
    /// The phone is enrolled.
    Active,
    /// Wrong digits, a commitment that does not open, or too many malformed answers.
    Rejected,
    /// A step took too long.
    Expired,
    /// The person stopped it, or started another.
    Cancelled,
}

impl State {
    /// All states.
    pub const ALL: [Self; 7] =
        [Self::Created, Self::Claimed, Self::Proved, Self::Active, Self::Rejected, Self::Expired, Self::Cancelled];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Claimed => "claimed",
            Self::Proved => "proved",
            Self::Active => "active",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// As on the wire.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Claimed => "CLAIMED",
            Self::Proved => "PROVED",
            Self::Active => "ACTIVE",
            Self::Rejected => "REJECTED",
            Self::Expired => "EXPIRED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Whether it can still go on.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::Claimed | Self::Proved)
    }
}

impl std::str::FromStr for State {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|state| state.as_str() == word).ok_or(UnknownWord)
    }
}
