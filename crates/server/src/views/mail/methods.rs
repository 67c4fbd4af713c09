//! Mails about the other sign-in methods, to their person.

use std::fmt::Display;

use akkoord_protocols::webauthn::Kind;
use askama::Template;

use super::one_line;
use crate::views::{moment::Moment, texts::Texts};

/// The password of the account was set, changed or removed.
#[derive(Debug, Template)]
#[template(path = "mail/password_changed.txt")]
pub struct PasswordChanged<'a> {
    /// The texts in the person's language.
    pub texts: &'a Texts,
    /// The organisation or service that writes.
    pub organisation: &'a str,
    /// The account.
    pub username: &'a str,
    /// When.
    pub at: i64,
    /// What became of it.
    pub change: PasswordChange,
    /// The address behind "this was not me".
    pub not_me_link: &'a str,
    /// Whom to ask for help.
    pub help_contact: Option<&'a str>,
}

impl PasswordChanged<'_> {
    /// The subject.
    pub fn subject(&self) -> String {
        one_line(&self.fill(self.change.subject_key()))
    }

    fn fill(&self, key: &str) -> String {
        self.texts.fill(key, &[("username", &self.username), ("organisation", &self.organisation)])
    }

    fn when(&self) -> String {
        Moment(self.at).full(self.texts)
    }
}

/// What became of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordChange {
    /// There was none before.
    Set,
    /// It took the place of another.
    Changed,
    /// There is none now.
    Removed,
}

impl PasswordChange {
    fn subject_key(self) -> &'static str {
        match self {
            Self::Set => "mail.password_set.subject",
            Self::Changed => "mail.password_changed.subject",
            Self::Removed => "mail.password_removed.subject",
        }
    }

    fn text_key(self) -> &'static str {
        match self {
            Self::Set => "mail.password_set.text",
            Self::Changed => "mail.password_changed.text",
            Self::Removed => "mail.password_removed.text",
        }
    }
}

/// An app for verification codes was added or removed.
#[derive(Debug, Template)]
#[template(path = "mail/codes_changed.txt")]
pub struct CodesChanged<'a> {
    /// The texts in the person's language.
    pub texts: &'a Texts,
    /// The organisation or service that writes.
    pub organisation: &'a str,
    /// The account.
    pub username: &'a str,
    /// What its person calls the app.
    pub name: &'a str,
    /// When.
    pub at: i64,
    /// What became of it.
    pub change: CodesChange,
    /// The address behind "this was not me".
    pub not_me_link: &'a str,
    /// Whom to ask for help.
    pub help_contact: Option<&'a str>,
}

impl CodesChanged<'_> {
    /// The subject.
    pub fn subject(&self) -> String {
        one_line(&self.fill(self.change.subject_key()))
    }

    fn fill(&self, key: &str) -> String {
        let values: [(&str, &dyn Display); 3] =
            [("username", &self.username), ("organisation", &self.organisation), ("name", &self.name)];
        self.texts.fill(key, &values)
    }

    fn when(&self) -> String {
        Moment(self.at).full(self.texts)
    }
}

/// What became of an app for verification codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodesChange {
    /// It makes codes.
    Added,
    /// It makes none any more.
    Removed,
}

impl CodesChange {
    fn subject_key(self) -> &'static str {
        match self {
            Self::Added => "mail.codes_added.subject",
            Self::Removed => "mail.codes_removed.subject",
        }
    }

    fn text_key(self) -> &'static str {
        match self {
            Self::Added => "mail.codes_added.text",
            Self::Removed => "mail.codes_removed.text",
        }
    }
}

/// Recovery codes were made, removed or used.
#[derive(Debug, Template)]
#[template(path = "mail/recovery_codes_changed.txt")]
pub struct RecoveryCodesChanged<'a> {
    /// The texts in the person's language.
    pub texts: &'a Texts,
    /// The organisation or service that writes.
    pub organisation: &'a str,
    /// The account.
    pub username: &'a str,
    /// When.
    pub at: i64,
    /// What became of them.
    pub change: RecoveryChange,
    /// The address behind "this was not me".
    pub not_me_link: &'a str,
    /// Whom to ask for help.
    pub help_contact: Option<&'a str>,
}

impl RecoveryCodesChanged<'_> {
    /// The subject.
    pub fn subject(&self) -> String {
        one_line(&self.fill(self.change.subject_key()))
    }

    fn fill(&self, key: &str) -> String {
        self.texts.fill(key, &[("username", &self.username), ("organisation", &self.organisation)])
    }

    fn left(&self) -> Option<String> {
        let RecoveryChange::Used { left } = self.change else { return None };
        Some(self.texts.count("recovery.left_one", "recovery.left_many", left as u64))
    }

    fn when(&self) -> String {
        Moment(self.at).full(self.texts)
    }
}

/// What became of recovery codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryChange {
    /// A set was made; the one before is void.
    Made,
    /// There are none any more.
    Removed,
    /// One was used.
    Used {
        /// How many are left.
        left: usize,
    },
}

impl RecoveryChange {
    fn subject_key(self) -> &'static str {
        match self {
            Self::Made => "mail.recovery_made.subject",
            Self::Removed => "mail.recovery_removed.subject",
            Self::Used { .. } => "mail.recovery_used.subject",
        }
    }

    fn text_key(self) -> &'static str {
        match self {
            Self::Made => "mail.recovery_made.text",
            Self::Removed => "mail.recovery_removed.text",
            Self::Used { .. } => "mail.recovery_used.text",
        }
    }
}

/// A passkey or a security key was added or removed.
#[derive(Debug, Template)]
#[template(path = "mail/credential_changed.txt")]
pub struct CredentialChanged<'a> {
    /// The texts in the person's language.
    pub texts: &'a Texts,
    /// The organisation or service that writes.
    pub organisation: &'a str,
    /// The account.
    pub username: &'a str,
    /// What its person calls it.
    pub name: &'a str,
    /// When.
    pub at: i64,
    /// What it is for.
    pub kind: Kind,
    /// What became of it.
    pub change: CredentialChange,
    /// The address behind "this was not me".
    pub not_me_link: &'a str,
    /// Whom to ask for help.
    pub help_contact: Option<&'a str>,
}

/// What became of a passkey or a security key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialChange {
    /// The account has it now.
    Added,
    /// It has no longer.
    Removed,
}

impl CredentialChanged<'_> {
    /// The subject.
    pub fn subject(&self) -> String {
        one_line(&self.fill(match (self.kind, self.change) {
            (Kind::Passkey, CredentialChange::Added) => "mail.passkey_added.subject",
            (Kind::Passkey, CredentialChange::Removed) => "mail.passkey_removed.subject",
            (Kind::SecurityKey, CredentialChange::Added) => "mail.security_key_added.subject",
            (Kind::SecurityKey, CredentialChange::Removed) => "mail.security_key_removed.subject",
        }))
    }

    fn what(&self) -> String {
        self.fill(match (self.kind, self.change) {
            (Kind::Passkey, CredentialChange::Added) => "mail.passkey_added.text",
            (Kind::Passkey, CredentialChange::Removed) => "mail.passkey_removed.text",
            (Kind::SecurityKey, CredentialChange::Added) => "mail.security_key_added.text",
            (Kind::SecurityKey, CredentialChange::Removed) => "mail.security_key_removed.text",
        })
    }

    fn fill(&self, key: &str) -> String {
        let values: [(&str, &dyn Display); 3] =
            [("username", &self.username), ("organisation", &self.organisation), ("name", &self.name)];
        self.texts.fill(key, &values)
    }

    fn when(&self) -> String {
        Moment(self.at).full(self.texts)
    }
}

/// Two-step verification of the account was switched on or off.
#[derive(Debug, Template)]
#[template(path = "mail/two_step_changed.txt")]
pub struct TwoStepChanged<'a> {
    /// The texts in the person's language.
    pub texts: &'a Texts,
    /// The organisation or service that writes.
    pub organisation: &'a str,
    /// The account.
    pub username: &'a str,
    /// When.
    pub at: i64,
    /// Whether it is on now.
    pub on: bool,
    /// The address behind "this was not me".
    pub not_me_link: &'a str,
    /// Whom to ask for help.
    pub help_contact: Option<&'a str>,
}

impl TwoStepChanged<'_> {
    /// The subject.
    pub fn subject(&self) -> String {
        one_line(&self.fill(if self.on { "mail.two_step_on.subject" } else { "mail.two_step_off.subject" }))
    }

    fn text(&self) -> String {
        self.fill(if self.on { "mail.two_step_on.text" } else { "mail.two_step_off.text" })
    }

    fn fill(&self, key: &str) -> String {
        self.texts.fill(key, &[("username", &self.username), ("organisation", &self.organisation)])
    }

    fn when(&self) -> String {
        Moment(self.at).full(self.texts)
    }
}
