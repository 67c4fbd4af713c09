//! The request to the phone as a state machine.
//!
//! The store makes each transition with one guarded UPDATE; this is the table those guards follow, and the tests
//! compare the two.

use std::time::Duration;

use akkoord_protocols::{
    phone::request::Number,
    random::{self, Random},
};
use subtle::ConstantTimeEq;

use crate::{
    account::UnknownWord,
    policy::{NumberMode, Policy},
};

/// Requests of one account that may wait at once: enough for a person with several browsers, few enough that a stranger
/// can't bury a real one.
pub const SLOTS: i64 = 3;
/// How many of them may be from browsers that the account does not know. The rest is kept for those that it knows and for
/// starts that the phone announced: whoever fills all that a stranger gets has not kept the person out.
pub const STRANGER_SLOTS: i64 = 2;
/// How long an approved request waits for its browser.
pub const CLAIM_WINDOW: Duration = Duration::from_secs(60);
/// Bad evidence that revokes a request.
pub const BAD_EVIDENCE: i64 = 3;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The phone is asked.
    Pending,
    /// The phone agreed; the browser has not come back yet.
    Approved,
    /// The browser is signed in.
    Consumed,
    /// The phone said no.
    Denied,
    /// The phone said that it was not its owner.
    Reported,
    /// The number was wrong.
    Mismatch,
    /// Nobody answered, or the browser did not come back.
    Expired,
    /// The browser gave up.
    Cancelled,
    /// The same browser started again.
    Superseded,
    /// An administrator, a removal, or bad evidence ended it.
    Revoked,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The phone approves with the right number.
    Approve,
    /// The phone approves with a wrong number.
    WrongNumber,
    /// The phone denies.
    Deny,
    /// The phone reports.
    Report,
    /// The browser gives up.
    Cancel,
    /// The same browser starts again.
    Supersede,
    /// Its time is over.
    Expire,
    /// An administrator, a removal, or bad evidence.
    Revoke,
    /// The browser comes back.
    Consume,
}

impl State {
    /// All states.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Approved,
        Self::Consumed,
        Self::Denied,
        Self::Reported,
        Self::Mismatch,
        Self::Expired,
        Self::Cancelled,
        Self::Superseded,
        Self::Revoked,
    ];

    /// The state after an event, or `None` where the event comes too late or too early. A terminal state is final;
    /// saying no wins until the browser has come back.
    pub fn after(self, event: Event) -> Option<Self> {
        use Event as E;
        match (self, event) {
            (Self::Pending, E::Approve) => Some(Self::Approved),
            (Self::Pending, E::WrongNumber) => Some(Self::Mismatch),
            (Self::Pending, E::Supersede) => Some(Self::Superseded),
            (Self::Pending | Self::Approved, E::Deny) => Some(Self::Denied),
            (Self::Pending | Self::Approved, E::Report) => Some(Self::Reported),
            (Self::Pending | Self::Approved, E::Cancel) => Some(Self::Cancelled),
            (Self::Pending | Self::Approved, E::Expire) => Some(Self::Expired),
            (Self::Pending | Self::Approved, E::Revoke) => Some(Self::Revoked),
            (Self::Approved, E::Consume) => Some(Self::Consumed),
            _ => None,
        }
    }

    /// Whether it is final.
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Pending | Self::Approved)
    }

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Consumed => "consumed",
            Self::Denied => "denied",
            Self::Reported => "reported",
            Self::Mismatch => "mismatch",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
        }
    }

    /// As on the wire.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Approved => "APPROVED",
            Self::Consumed => "CONSUMED",
            Self::Denied => "DENIED",
            Self::Reported => "REPORTED",
            Self::Mismatch => "MISMATCH",
            Self::Expired => "EXPIRED",
            Self::Cancelled => "CANCELLED",
            Self::Superseded => "SUPERSEDED",
            Self::Revoked => "REVOKED",
        }
    }
}

impl std::str::FromStr for State {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|state| state.as_str() == word).ok_or(UnknownWord)
    }
}

/// The number that the browser shows. The phone is never told which one is right.
#[derive(Clone, PartialEq, Eq)]
pub struct ShownNumber(String);

impl ShownNumber {
    /// Draws a number without leading zero: 10 to 99, 100 to 999, or 100000 to 999999.
    pub fn draw(random: &dyn Random, digits: u8) -> Self {
        let least = 10_u32.pow(u32::from(digits.clamp(2, 6)) - 1);
        Self((least + random::below(random, least * 9)).to_string())
    }

    /// Takes a stored number.
    pub fn from_stored(number: String) -> Self {
        Self(number)
    }

    /// The digits.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the phone sent this number, in constant time.
    pub fn matches(&self, sent: &str) -> bool {
        self.0.as_bytes().ct_eq(sent.as_bytes()).into()
    }

    /// How the phone is asked for it: a keypad, or three numbers in an order that says nothing.
    pub fn as_question(&self, random: &dyn Random, policy: &Policy) -> Number {
        if policy.number_mode == NumberMode::Enter {
            return Number::Enter { digits: u8::try_from(self.0.len()).unwrap_or(2) };
        }
        let digits = u8::try_from(self.0.len()).unwrap_or(2);
        let mut others = [self.clone(), self.clone()];
        while others.iter().any(|other| other == self) || matches!(&others, [a, b] if a == b) {
            others = [Self::draw(random, digits), Self::draw(random, digits)];
        }
        let [left, right] = others.map(|other| other.0);
        let right_one = self.0.clone();
        Number::Choose {
            options: match random::below(random, 3) {
                0 => [right_one, left, right],
                1 => [left, right_one, right],
                _ => [left, right, right_one],
            },
        }
    }
}

impl std::fmt::Debug for ShownNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests;
