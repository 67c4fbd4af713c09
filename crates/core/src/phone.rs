//! Phones: one installation of an authenticator, enrolled for one account.

use crate::account::UnknownWord;

/// PIN evaluations in a row before the phone locks.
pub const PIN_TRIES: i64 = 5;

/// How long a removed phone is told so, in days; after that it is unknown.
pub const REMOVED_KEPT_DAYS: u64 = 90;

/// Who removed a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovedBy {
    /// The phone itself.
    Itself,
    /// The person, on the account page or by the link of a notice.
    User,
    /// An administrator.
    Administrator,
}

impl RemovedBy {
    /// As in the protocol and as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Itself => "self",
            Self::User => "user",
            Self::Administrator => "administrator",
        }
    }
}

impl std::str::FromStr for RemovedBy {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        [Self::Itself, Self::User, Self::Administrator].into_iter().find(|by| by.as_str() == word).ok_or(UnknownWord)
    }
}
