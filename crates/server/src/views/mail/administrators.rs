//! Mails to those who run an organisation.

use std::fmt::Display;

use askama::Template;

use super::one_line;
use crate::views::{moment::Moment, texts::Texts};

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
