//! Mails about phones, to their person.

use std::fmt::Display;

use askama::Template;

use super::{one_line, subject};
use crate::views::{frame::platform_name, moment::Moment, texts::Texts};

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
