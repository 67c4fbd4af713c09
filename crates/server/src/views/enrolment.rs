//! Adding a phone.

use askama::Template;

use super::frame::Frame;
use super::qr::QrPicture;

/// `GET /account/phones/add`: the first step.
#[derive(Debug, Template)]
#[template(path = "pages/get_app.html")]
pub struct GetApp<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The account that the phone is added to.
    pub username: &'a str,
    /// The picture of the app's address.
    pub qr: QrPicture,
    /// The app's address.
    pub address: &'a str,
    /// Whether the person came from the app, on the phone itself.
    pub in_app: bool,
}

impl GetApp<'_> {
    /// The key of the page's title.
    pub fn title_key(&self) -> &'static str {
        if self.in_app { "add.here.title" } else { "add.get.title" }
    }
}

/// `GET /account/phones/add/{id}`.
#[derive(Debug, Template)]
#[template(path = "pages/add_phone.html")]
pub struct AddPhone<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
    /// The enrolment's id, for the addresses of the forms and the events.
    pub id: &'a str,
    /// How far it is.
    pub stage: Stage<'a>,
    /// Whether a second device tried the code, which the page says loudly.
    pub taken: bool,
    /// Where the app is, if the person came from it, on the phone itself.
    pub app: Option<&'a str>,
}

impl AddPhone<'_> {
    /// The stage in one word, for programs that drive the page.
    pub fn stage_word(&self) -> &'static str {
        match self.stage {
            Stage::Scan { .. } => "scan",
            Stage::Claimed { .. } => "claimed",
            Stage::Digits { .. } => "digits",
            Stage::Done { .. } => "done",
            Stage::Ended { .. } => "ended",
        }
    }

    /// The state in the phone protocol's words. The script reloads the page when an event names another one.
    pub fn state(&self) -> String {
        let state = match self.stage {
            Stage::Scan { .. } => "CREATED",
            Stage::Claimed { .. } => "CLAIMED",
            Stage::Digits { .. } => "PROVED",
            Stage::Done { .. } => "ACTIVE",
            Stage::Ended { kind: EndedKind::Rejected | EndedKind::TakenByAnother } => "REJECTED",
            Stage::Ended { kind: EndedKind::Expired } => "EXPIRED",
            Stage::Ended { kind: EndedKind::Cancelled } => "CANCELLED",
        };
        if self.taken { format!("{state}{TAKEN}") } else { state.to_owned() }
    }

    /// The key of the page's title.
    pub fn title_key(&self) -> &'static str {
        match &self.stage {
            Stage::Scan { .. } if self.app.is_some() => "add.here.title",
            Stage::Scan { .. } => "add.title",
            Stage::Claimed { .. } => "add.claimed.title",
            Stage::Digits { .. } => "add.digits.title",
            Stage::Done { .. } => "add.done.title",
            Stage::Ended { kind } => kind.keys()[0],
        }
    }

    /// The phone that the title names.
    pub fn title_phone(&self) -> &str {
        match self.stage {
            Stage::Done { phone_name } => phone_name,
            _ => "",
        }
    }
}

/// How far an enrolment is.
#[derive(Debug)]
pub enum Stage<'a> {
    /// No phone has taken the code yet.
    Scan {
        /// The picture of the link.
        qr: QrPicture,
        /// The link itself, for somebody who reads the page on the phone.
        link: &'a str,
        /// The code to type instead, as `XXXX-XXXX`.
        code: &'a str,
        /// The address that the app asks for together with the code.
        server_address: &'a str,
        /// The user name that the app asks for together with the code.
        username: &'a str,
        /// What is left of the code's life.
        expires_in_seconds: u32,
        /// How often the code may still be typed wrong.
        tries_left: u32,
    },
    /// A phone has taken the code and makes its keys.
    Claimed {
        /// What is left for that.
        expires_in_seconds: u32,
    },
    /// The phone shows six digits.
    Digits {
        /// The name that the phone gave.
        phone_name: &'a str,
        /// Its platform, as the phone protocol spells it.
        platform: &'a str,
        /// How often digits may still be typed.
        tries_left: u32,
        /// Whether the digits just typed were wrong.
        error: bool,
        /// What is left for that.
        expires_in_seconds: u32,
    },
    /// The phone is added.
    Done {
        /// Its name.
        phone_name: &'a str,
    },
    /// Nothing was added.
    Ended {
        /// Why.
        kind: EndedKind,
    },
}

/// Why nothing was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedKind {
    /// The digits were wrong too often, or the phone's message was not good.
    Rejected,
    /// Too late.
    Expired,
    /// Cancelled in the browser.
    Cancelled,
    /// Given up because another device took the code.
    TakenByAnother,
}

impl EndedKind {
    /// The keys of its title and its text.
    pub fn keys(&self) -> [&'static str; 2] {
        match self {
            Self::Rejected => ["add.rejected.title", "add.rejected.text"],
            Self::Expired => ["add.expired.title", "add.expired.text"],
            Self::Cancelled => ["add.cancelled.title", "add.cancelled.text"],
            Self::TakenByAnother => ["add.taken_ended.title", "add.taken_ended.text"],
        }
    }
}

/// Every screen of the authenticator app, in a server that was built without it. A link's secret is in its fragment,
/// which a browser keeps to itself.
#[derive(Debug, Template)]
#[template(path = "pages/no_app.html")]
pub struct NoApp<'a> {
    /// What every page has.
    pub frame: Frame<'a>,
}

/// What the word of a state ends with while another device has taken the code: the page shows that, whenever it
/// happened.
pub const TAKEN: &str = "+TAKEN";
