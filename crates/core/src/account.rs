//! Accounts: one person at one organisation, or by themselves.

use std::{fmt, str::FromStr};

use akkoord_protocols::{
    phone::offer::Kind,
    text::{self, TextError},
};

/// A user name, normalised so that one name has one spelling: composed, lower-case, without blanks around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Username(String);

impl Username {
    /// The name as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Username {
    type Err = TextError;
    fn from_str(typed: &str) -> Result<Self, TextError> {
        // Lower-casing can decompose again (İ becomes i and a dot), so it is composed once more.
        let name = text::compose(&text::compose(typed).to_lowercase());
        text::check(&name, 64)?;
        if name.contains(char::is_whitespace) {
            return Err(TextError::Forbidden);
        }
        Ok(Self(name))
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an account may do in its organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Signs in.
    Member,
    /// Administers the organisation.
    Administrator,
    /// The first administrator, who names others.
    Owner,
}

impl Role {
    /// The role as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Administrator => "administrator",
            Self::Owner => "owner",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        [Self::Member, Self::Administrator, Self::Owner]
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or(UnknownWord)
    }
}

/// A stored or typed word that names no variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown word")]
pub struct UnknownWord;

/// The kind of account as stored.
pub fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Work => "work",
        Kind::Personal => "personal",
    }
}

/// Reads a stored kind.
pub fn kind_from_word(word: &str) -> Result<Kind, UnknownWord> {
    match word {
        "work" => Ok(Kind::Work),
        "personal" => Ok(Kind::Personal),
        _ => Err(UnknownWord),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_one_spelling() {
        let name: Username = " Ada@Example.ORG ".parse().unwrap();
        assert_eq!(name.as_str(), "ada@example.org");
        assert_eq!("Zoe\u{308}".parse::<Username>().unwrap().as_str(), "zoë");
        assert_eq!("ada b".parse::<Username>(), Err(TextError::Forbidden));
        assert_eq!("".parse::<Username>(), Err(TextError::Empty));
        assert_eq!("ada\u{202E}".parse::<Username>(), Err(TextError::Forbidden));
    }
}
