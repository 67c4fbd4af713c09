//! What a notice tells of, as the link in it names it: enough to take it back, and nothing that was put in its place since.

use std::str::FromStr;

use crate::{
    Timestamp,
    account::UnknownWord,
    ids::{CodeGeneratorId, CredentialId, PhoneId},
};

/// What somebody may say "this was not me" to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A phone that was added.
    Phone(PhoneId),
    /// The password that was set at this moment.
    Password(Timestamp),
    /// An app for verification codes that was added.
    Codes(CodeGeneratorId),
    /// A passkey or a security key that was added.
    Credential(CredentialId),
    /// The recovery codes that were made at this moment.
    RecoveryCodes(Timestamp),
    /// Something that can't be taken back: a removal, a use, a setting.
    Change,
}

impl Told {
    /// Its word, as stored.
    pub fn what(&self) -> &'static str {
        match self {
            Self::Phone(_) => "phone",
            Self::Password(_) => "password",
            Self::Codes(_) => "codes",
            Self::Credential(_) => "credential",
            Self::RecoveryCodes(_) => "recovery-codes",
            Self::Change => "change",
        }
    }

    /// Which one of these, as stored.
    pub fn subject(&self) -> String {
        match self {
            Self::Phone(id) => id.to_string(),
            Self::Codes(id) => id.to_string(),
            Self::Credential(id) => id.to_string(),
            Self::Password(at) | Self::RecoveryCodes(at) => at.0.to_string(),
            Self::Change => String::new(),
        }
    }

    /// Reads the stored form.
    pub fn from_stored(what: &str, subject: &str) -> Result<Self, UnknownWord> {
        fn read<T: FromStr>(subject: &str) -> Result<T, UnknownWord> {
            subject.parse().map_err(|_| UnknownWord)
        }
        Ok(match what {
            "phone" => Self::Phone(read(subject)?),
            "password" => Self::Password(Timestamp(read(subject)?)),
            "codes" => Self::Codes(read(subject)?),
            "credential" => Self::Credential(read(subject)?),
            "recovery-codes" => Self::RecoveryCodes(Timestamp(read(subject)?)),
            "change" if subject.is_empty() => Self::Change,
            _ => return Err(UnknownWord),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_notice_told_of_is_stored_and_read() {
        let id = "0123456789abcdefABCDEF";
        for told in [
            Told::Phone(id.parse().unwrap()),
            Told::Password(Timestamp(7)),
            Told::Codes(id.parse().unwrap()),
            Told::Credential(id.parse().unwrap()),
            Told::RecoveryCodes(Timestamp(8)),
            Told::Change,
        ] {
            assert_eq!(Told::from_stored(told.what(), &told.subject()), Ok(told));
        }
        for (what, subject) in [("phone", ""), ("password", "soon"), ("change", "x"), ("fax", id)] {
            assert_eq!(Told::from_stored(what, subject), Err(UnknownWord), "{what} {subject}");
        }
    }
}
