//! Passwords: how one is read, which new ones are refused, and how long an account waits after wrong ones.
//!
//! Nothing here asks for digits or capitals, or for a new password every year (NIST SP 800-63B 3.1.1.2): length counts, and
//! that nobody would try it first.

mod known;
#[cfg(test)]
mod tests;

use std::time::Duration;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use known::{is_common, made_of};

/// A password as it was typed, in one form, so that two keyboards give one password. Never printed, wiped when dropped.
pub struct Password(Zeroizing<String>);

/// Why typed text can be nobody's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPassword {
    /// Nothing was typed.
    #[error("is empty")]
    Empty,
    /// More than [`MAX_CHARACTERS`] or [`MAX_BYTES`].
    #[error("is too long")]
    TooLong,
    /// It has a control character, such as a line break.
    #[error("has a control character")]
    ControlCharacter,
}

/// Why a new password is refused. Each has a sentence of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It can be nobody's.
    #[error("{0}")]
    Unusable(#[from] NotAPassword),
    /// It is too short.
    #[error("is shorter than {at_least} characters")]
    TooShort {
        /// How many characters it needs.
        at_least: usize,
    },
    /// Many people use it, or it repeats what many use: it would be tried first.
    #[error("is one that many people use")]
    Common,
    /// It is the user name, with nothing but digits and signs around it.
    #[error("is the user name")]
    Username,
    /// It is the name in the mail address.
    #[error("is the name in the mail address")]
    Email,
    /// It is the name of the organisation.
    #[error("is the name of the organisation")]
    Organisation,
    /// It is the name of the service.
    #[error("is the name of the service")]
    Service,
}

/// How a password is used, which says how long it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It could be all that somebody needs.
    Alone,
    /// A second step always follows.
    WithSecondStep,
}

/// What everybody knows of an account, which is no password.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Its user name.
    pub username: &'a str,
    /// Its mail address.
    pub email: Option<&'a str>,
    /// The name of its organisation.
    pub organisation: &'a str,
    /// The name of the service.
    pub service: &'a str,
}

/// The longest password, in characters: longer than any that a person or a generator makes.
pub const MAX_CHARACTERS: usize = 256;
/// The same in bytes, for scripts of four bytes a character.
pub const MAX_BYTES: usize = 1024;
/// What is read at all: composing can make text shorter, so this is more than what may be left.
const MAX_TYPED: usize = 4 * MAX_BYTES;
/// Wrong passwords in a row before the account's password waits.
pub const FREE_TRIES: i64 = 5;
/// The first wait; each further wrong password doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(60);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

impl Password {
    /// Reads what was typed, after RFC 8265 4.2 (OpaqueString): every blank is U+0020, composed (NFC), case and width kept.
    /// Nothing is trimmed or cut: what is too long is refused before anybody hashes it.
    pub fn typed(typed: &str) -> Result<Self, NotAPassword> {
        if typed.is_empty() {
            return Err(NotAPassword::Empty);
        }
        if typed.len() > MAX_TYPED {
            return Err(NotAPassword::TooLong);
        }
        if typed.chars().any(char::is_control) {
            return Err(NotAPassword::ControlCharacter);
        }
        // Composing makes text at most three times as long: a string that never grows leaves no copy behind.
        let mut text = Zeroizing::new(String::with_capacity(typed.len() * 3));
        text.extend(typed.chars().map(|c| if is_space(c) { ' ' } else { c }).nfc());
        if text.len() > MAX_BYTES || text.chars().count() > MAX_CHARACTERS {
            return Err(NotAPassword::TooLong);
        }
        Ok(Self(text))
    }

    /// Reads a new password and checks whether it may be one. The reason that its person can do most about comes first.
    pub fn choose(typed: &str, used: Use, known: &Known<'_>) -> Result<Self, Refused> {
        let password = Self::typed(typed)?;
        if !password.is_long_enough(used) {
            return Err(Refused::TooShort { at_least: used.at_least() });
        }
        match made_of(&password.0, known) {
            Some(refused) => Err(refused),
            None if is_common(&password.0) => Err(Refused::Common),
            None => Ok(password),
        }
    }

    /// Whether it has as many characters as one needs that is used so.
    pub fn is_long_enough(&self, used: Use) -> bool {
        self.0.chars().count() >= used.at_least()
    }

    /// The password, for hashing and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Use {
    /// The least number of characters (NIST SP 800-63B 3.1.1.2).
    pub fn at_least(self) -> usize {
        match self {
            Self::Alone => 15,
            Self::WithSecondStep => 8,
        }
    }
}

/// How long no password of an account is looked at after so many wrong ones in a row: 1, 2, 4 minutes, at most an hour.
pub fn wait_after(failures: i64) -> Duration {
    let doublings = match u32::try_from(failures - FREE_TRIES) {
        Ok(doublings) => doublings,
        Err(_) if failures < FREE_TRIES => return Duration::ZERO,
        Err(_) => return LONGEST_WAIT,
    };
    let wait = 2_u32.checked_pow(doublings).and_then(|times| FIRST_WAIT.checked_mul(times));
    wait.map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT))
}

/// The blanks of Unicode (category Zs) but for U+0020 itself.
fn is_space(c: char) -> bool {
    matches!(c, '\u{00A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}
