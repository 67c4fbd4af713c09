//! Strings that people read, and ids: what may stand in them.
//!
//! A name that reaches a phone's screen could lie there: turn the reading direction round, hide characters, or add
//! a line that looks like ours. So such strings are checked where they enter, and again on the phone.

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Why a string is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Empty, or only blanks.
    #[error("is empty")]
    Empty,
    /// More characters than allowed.
    #[error("is too long")]
    TooLong,
    /// Not in Unicode normalisation form C.
    #[error("is not in normalisation form C")]
    NotNormalised,
    /// A control, line-breaking, bidirectional or zero-width character.
    #[error("has a character that cannot be shown")]
    Forbidden,
}

/// Whether a character may not stand in a string that people read: controls, separators of lines, characters that turn
/// the reading direction, and those that Unicode calls default-ignorable because they show nothing.
fn forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Checks a string of 1 to `max` characters.
pub fn check(text: &str, max: usize) -> Result<(), TextError> {
    if text.trim().is_empty() {
        Err(TextError::Empty)
    } else if text.chars().count() > max {
        Err(TextError::TooLong)
    } else if text.chars().any(forbidden) {
        Err(TextError::Forbidden)
    } else if !is_nfc(text) {
        Err(TextError::NotNormalised)
    } else {
        Ok(())
    }
}

/// Composes a string (normalisation form C) and cuts blanks at both ends, for what people type into pages.
pub fn compose(typed: &str) -> String {
    typed.trim().nfc().collect()
}

/// A string of 1 to `MAX` characters that is safe to show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MAX: usize>(String);

/// A name: of a person, a phone, an organisation, an app.
pub type Name = Text<64>;

impl<const MAX: usize> Text<MAX> {
    /// The string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> std::fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = TextError;
    fn try_from(text: String) -> Result<Self, TextError> {
        check(&text, MAX)?;
        Ok(Self(text))
    }
}

impl<const MAX: usize> std::str::FromStr for Text<MAX> {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::try_from(text.to_owned())
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

/// The string is not an id of the expected form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an id")]
pub struct NotAnId;

macro_rules! id_text {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(text: String) -> Result<Self, NotAnId> {
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err(NotAnId) }
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id_text! {
    /// The id of an enrolment, a phone, a request, a change or a proof: base64url of 16 bytes, 22 characters.
    Id, |text| text.len() == 22 && crate::bytes::decode(text).is_ok_and(|bytes| bytes.len() == 16)
}

id_text! {
    /// The id of an account or an app: 1 to 64 of `[A-Za-z0-9_.-]`.
    Handle, |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

impl Id {
    /// A new random id.
    pub fn new(random: &dyn crate::random::Random) -> Self {
        Self(crate::bytes::encode(&crate::random::bytes::<16>(random)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_lie_on_a_screen_are_refused() {
        for (text, error) in [
            ("", TextError::Empty),
            ("  ", TextError::Empty),
            ("a\nb", TextError::Forbidden),
            ("ada\u{202E}gro.elpmaxe", TextError::Forbidden),
            ("a\u{200B}b", TextError::Forbidden),
            ("e\u{301}", TextError::NotNormalised),
        ] {
            assert_eq!(check(text, 64), Err(error), "{text:?}");
        }
        assert_eq!(check(&"x".repeat(65), 64), Err(TextError::TooLong));
        assert_eq!(check("Zoë's téléphone 📱", 64), Ok(()));
    }

    #[test]
    fn ids_are_exact() {
        assert!("AAAAAAAAAAAAAAAAAAAAAA".parse::<Id>().is_ok());
        // The last character carries four unused bits, which must be zero.
        assert!("AAAAAAAAAAAAAAAAAAAAAB".parse::<Id>().is_err());
        assert!("AAAAAAAAAAAAAAAAAAAAA".parse::<Id>().is_err());
        assert!("a b".parse::<Handle>().is_err());
    }
}
