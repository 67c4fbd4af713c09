//! Setting an account up: what is there already, and what comes next.

use askama::Template;

use super::{account::Warning, frame::Frame};

/// `GET /account/setup`
#[derive(Debug, Template)]
#[template(path = "pages/setup.html")]
pub struct Setup<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The account's user name.
    pub username: &'a str,
    /// Whether a phone can approve its sign-ins.
    pub phone: bool,
    /// Whether there is a way in that is not on that phone. What lives on one phone counts as one.
    pub second_way: bool,
    /// What the person should know of this session, until there is a phone.
    pub warning: Option<Warning>,
    /// Whether this session may change how the account signs in.
    pub can_manage: bool,
    /// Whether it may add a phone.
    pub can_add_phone: bool,
    /// Whether the organisation manages how its people sign in, and is itself the other way in.
    pub managed: bool,
}

impl Setup<'_> {
    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.phone && (self.second_way || self.managed)
    }

    /// The key of the title.
    pub fn title_key(&self) -> &'static str {
        if self.is_done() { "setup.done.title" } else { "setup.title" }
    }

    /// The key of what stands below it.
    pub fn lead_key(&self) -> &'static str {
        match (self.is_done(), self.second_way) {
            (true, true) => "setup.done.text",
            (true, false) => "setup.done.managed",
            (false, _) => "setup.lead",
        }
    }
}
