//! The mails, plain text. Each has a `subject()`; its body is the template.

use std::fmt::Display;

use akkoord_protocols::webauthn::Kind;
use askama::Template;

use super::frame::platform_name;
use super::moment::Moment;
use super::texts::Texts;

/// A phone was added to the account.
#[derive(Debug, Template)]
#[template(path = "mail/phone_added.txt")]
pub struct PhoneAdded<'a> {
    /// The texts in the person's language.
    pub texts: &'a Texts,
    /// The organisation or service that writes.
    pub organisation: &'a str,
    /// The account.
    pub username: &'a str,
    /// The phone.
    pub phone_name: &'a str,
    /// Its platform, as the phone protocol spells it.
    pub platform: &'a str,
    /// When.
    pub at: i64,
    /// The address behind "this was not me".
    pub not_me_link: &'a str,
}

impl PhoneAdded<'_> {
    /// The subject.
    pub fn subject(&self) -> String {
        subject(self.texts, "mail.phone_added.subject", self.phone_name, self.organisation)
    }

    fn text(&self) -> String {
        self.texts.fill(
            "mail.phone_added.text",
            &[
                ("phone", &self.phone_name),
                ("platform", &platform_name(self.texts, self.platform)),
                ("username", &self.username),
                ("organisation", &self.organisation),
            ],
        )
    }

    fn when(&self) -> String {
        Moment(self.at).full(self.texts)
    }
}

/// A phone was removed from the account.
#[derive(Debug, Template)]
#[template(path = "mail/phone_removed.txt")]
pub struct PhoneRemoved<'a> {
    /// The texts in the person's language.
    pub texts: &'a Texts,
    /// The organisation or service that writes.
    pub organisation: &'a str,
    /// The account.
    pub username: &'a str,
    /// The phone.
    pub phone_name: &'a str,
    /// When.
    pub at: i64,
    /// Who removed it.
    pub by: RemovedBy,
    /// The address behind "this was not me".
    pub not_me_link: &'a str,
    /// Whom to ask for help.
    pub help_contact: Option<&'a str>,
}

impl PhoneRemoved<'_> {
    /// The subject.
    pub fn subject(&self) -> String {
        subject(self.texts, "mail.phone_removed.subject", self.phone_name, self.organisation)
    }

    fn text(&self) -> String {
        self.texts.fill(
            "mail.phone_removed.text",
            &[("phone", &self.phone_name), ("username", &self.username), ("organisation", &self.organisation)],
        )
    }

    fn when(&self) -> String {
        Moment(self.at).full(self.texts)
    }
}

/// Who removed a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovedBy {
    /// The phone itself, from its settings.
    Phone,
    /// The person, on the account pages.
    Person,
    /// An administrator.
    Administrator,
    /// Somebody with the link "this was not me".
    NotMeLink,
}

impl RemovedBy {
    /// The key of its text.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Phone => "mail.phone_removed.by_phone",
            Self::Person => "mail.phone_removed.by_person",
            Self::Administrator => "mail.phone_removed.by_administrator",
            Self::NotMeLink => "mail.phone_removed.by_not_me",
        }
    }
}

/// Wrong PINs locked a phone.
#[derive(Debug, Template)]
#[template(path = "mail/phone_locked.txt")]
pub struct PhoneLocked<'a> {
    /// The texts in the person's language.
    pub texts: &'a Texts,
    /// The organisation or service that writes.
    pub organisation: &'a str,
    /// The account.
    pub username: &'a str,
    /// The phone.
    pub phone_name: &'a str,
    /// When.
    pub at: i64,
    /// Whom to ask for help.
    pub help_contact: Option<&'a str>,
}

impl PhoneLocked<'_> {
    /// The subject.
    pub fn subject(&self) -> String {
        subject(self.texts, "mail.phone_locked.subject", self.phone_name, self.organisation)
    }

    fn text(&self) -> String {
        self.texts.fill(
            "mail.phone_locked.text",
            &[("phone", &self.phone_name), ("username", &self.username), ("organisation", &self.organisation)],
        )
    }

    fn not_you(&self) -> String {
        self.texts.fill("mail.not_you", &[("organisation", &self.organisation)])
    }

    fn when(&self) -> String {
        Moment(self.at).full(self.texts)
    }
}

/// Wrong numbers locked phone approval of the account.
#[derive(Debug, Template)]
#[template(path = "mail/approval_locked.txt")]
pub struct ApprovalLocked<'a> {
    /// The texts in the person's language.
    pub texts: &'a Texts,
    /// The organisation or service that writes.
    pub organisation: &'a str,
    /// The account.
    pub username: &'a str,
    /// When.
    pub at: i64,
    /// Whom to ask for help.
    pub help_contact: Option<&'a str>,
}

impl ApprovalLocked<'_> {
    /// The subject.
    pub fn subject(&self) -> String {
        one_line(&self.texts.fill("mail.approval_locked.subject", &[("organisation", &self.organisation)]))
    }

    fn text(&self) -> String {
        let values: [(&str, &dyn Display); 2] = [("username", &self.username), ("organisation", &self.organisation)];
        self.texts.fill("mail.approval_locked.text", &values)
    }

    fn not_you(&self) -> String {
        self.texts.fill("mail.not_you", &[("organisation", &self.organisation)])
    }

    fn when(&self) -> String {
        Moment(self.at).full(self.texts)
    }
}

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

/// To an administrator: somebody of the organisation reported a sign-in.
#[derive(Debug, Template)]
#[template(path = "mail/request_reported.txt")]
pub struct RequestReported<'a> {
    /// The texts in the administrator's language.
    pub texts: &'a Texts,
    /// The organisation.
    pub organisation: &'a str,
    /// Who reported it: the account.
    pub username: &'a str,
    /// And the person's name.
    pub name: &'a str,
    /// When the sign-in was started.
    pub started_at: i64,
    /// The browser that started it, from our own list, where it is on it.
    pub browser: Option<&'a str>,
    /// Its network or address.
    pub place: &'a str,
}

impl RequestReported<'_> {
    /// The subject.
    pub fn subject(&self) -> String {
        one_line(&self.fill("mail.request_reported.subject"))
    }

    fn fill(&self, key: &str) -> String {
        self.texts
            .fill(key, &[("name", &self.name), ("username", &self.username), ("organisation", &self.organisation)])
    }

    fn from(&self) -> String {
        let unknown = self.texts.get("mail.request_reported.some_browser");
        let browser: &dyn Display = match &self.browser {
            Some(browser) => browser,
            None => &unknown,
        };
        self.texts.fill("mail.request_reported.from", &[("browser", browser), ("place", &self.place)])
    }

    fn when(&self) -> String {
        Moment(self.started_at).full(self.texts)
    }
}

/// Somebody disowned a change of an account: for the administrators.
#[derive(Debug, Template)]
#[template(path = "mail/change_disowned.txt")]
pub struct ChangeDisowned<'a> {
    /// The texts in the administrator's language.
    pub texts: &'a Texts,
    /// The organisation.
    pub organisation: &'a str,
    /// The account.
    pub username: &'a str,
    /// And the person's name.
    pub name: &'a str,
    /// When.
    pub at: i64,
}

impl ChangeDisowned<'_> {
    /// The subject.
    pub fn subject(&self) -> String {
        one_line(&self.fill("mail.change_disowned.subject"))
    }

    fn fill(&self, key: &str) -> String {
        let values: [(&str, &dyn Display); 3] =
            [("username", &self.username), ("name", &self.name), ("organisation", &self.organisation)];
        self.texts.fill(key, &values)
    }

    fn when(&self) -> String {
        Moment(self.at).full(self.texts)
    }
}

/// A subject is one line whatever a phone is called, because a line break would begin another header.
fn subject(texts: &Texts, key: &str, phone_name: &str, organisation: &str) -> String {
    one_line(&texts.fill(key, &[("phone", &phone_name), ("organisation", &organisation)]))
}

pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
