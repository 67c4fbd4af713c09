//! "This was not me": the page behind the link in a mail, for somebody who may not be able to sign in.

use askama::Template;

use super::frame::Frame;

/// `GET /not-me/{token}`. Opening it changes nothing, because mail scanners open links too; only its button does.
#[derive(Debug, Template)]
#[template(path = "pages/not_me.html")]
pub struct NotMe<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The token, for the address of the form.
    pub token: &'a str,
    /// How far it is.
    pub stage: NotMeStage<'a>,
}

/// How far the page is.
#[derive(Debug)]
pub enum NotMeStage<'a> {
    /// The question.
    Ask {
        /// The phone that was added.
        phone_name: &'a str,
        /// The account it was added to.
        username: &'a str,
        /// When it was added.
        added_at: i64,
    },
    /// The question about any other change.
    AskChange {
        /// The key of the text that says what was changed.
        what: &'static str,
        /// The account.
        username: &'a str,
        /// When it was changed.
        changed_at: i64,
    },
    /// What could be taken back is taken back, and every sign-in of the account ended.
    DoneChange {
        /// The account.
        username: &'a str,
    },
    /// The phone is removed and every sign-in of the account ended.
    Done {
        /// The account.
        username: &'a str,
    },
    /// The link is too old, was used, or is not one of ours.
    TooOld,
}
