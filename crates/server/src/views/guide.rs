//! `/help`: how to sign in with the phone, and what to do when something is in the way. The names of buttons and pages
//! in it are those of the pages themselves.

use std::{borrow::Cow, fmt::Display};

use askama::Template;

use super::frame::Frame;

/// `GET /help`
#[derive(Debug, Template)]
#[template(path = "pages/guide.html")]
pub struct Guide<'a> {
    /// What every page shares.
    pub frame: Frame<'a>,
}

/// A part of the page with a heading.
#[derive(Debug)]
pub struct Section {
    /// For links to it.
    pub id: &'static str,
    /// The key of its heading.
    pub title: &'static str,
    /// What stands in it, in this order.
    pub parts: &'static [Part],
}

/// A piece of a section; each by the keys of its texts.
#[derive(Debug)]
pub enum Part {
    /// A paragraph.
    Text(&'static str),
    /// What to do, one after the other.
    Steps(&'static [&'static str]),
    /// A question and its answer.
    Question(&'static str, &'static str),
}

use Part::{Question, Steps, Text};

static SECTIONS: [Section; 7] = [
    Section {
        id: "need",
        title: "guide.need.title",
        parts: &[Text("guide.need.account"), Text("guide.need.phone"), Text("guide.need.second")],
    },
    Section {
        id: "turn-on",
        title: "guide.add.title",
        parts: &[
            Text("guide.add.what"),
            Steps(&["guide.add.1", "guide.add.2", "guide.add.3", "guide.add.4", "guide.add.5"]),
            Text("guide.add.later"),
        ],
    },
    Section {
        id: "sign-in",
        title: "guide.sign_in.title",
        parts: &[
            Steps(&["guide.sign_in.1", "guide.sign_in.2", "guide.sign_in.3", "guide.sign_in.4"]),
            Text("guide.sign_in.password"),
        ],
    },
    Section {
        id: "codes",
        title: "guide.codes.title",
        parts: &[Steps(&["guide.codes.1", "guide.codes.2"]), Text("guide.codes.3")],
    },
    Section {
        id: "code-problems",
        title: "guide.trouble.title",
        parts: &[
            Text("guide.trouble.clock"),
            Text("guide.trouble.once"),
            Text("guide.trouble.account"),
            Text("guide.trouble.missing"),
        ],
    },
    Section {
        id: "lost-phone",
        title: "guide.lost.title",
        parts: &[
            Text("guide.lost.other"),
            Text("guide.lost.recovery"),
            Text("guide.lost.password"),
            Text("guide.lost.pass"),
            Text("guide.lost.remove"),
        ],
    },
    Section {
        id: "questions",
        title: "guide.faq.title",
        parts: &[
            Question("guide.faq.not_me.q", "guide.faq.not_me.a"),
            Question("guide.faq.silent.q", "guide.faq.silent.a"),
            Question("guide.faq.safer.q", "guide.faq.safer.a"),
            Question("guide.faq.replace.q", "guide.faq.replace.a"),
            Question("guide.faq.twice.q", "guide.faq.twice.a"),
            Question("guide.faq.back.q", "guide.faq.back.a"),
            Question("guide.faq.several.q", "guide.faq.several.a"),
            Question("guide.faq.computer.q", "guide.faq.computer.a"),
        ],
    },
];

impl Guide<'_> {
    /// What stands on the page.
    pub fn sections(&self) -> &'static [Section] {
        &SECTIONS
    }

    /// A text with the labels that it names: a placeholder is the key of another text, or `organisation`.
    pub fn words(&self, key: &str) -> String {
        let text = self.frame.text(key);
        let names = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
        let labels: Vec<(&str, Cow<'_, str>)> = names
            .map(|name| match name {
                "organisation" => (name, Cow::Borrowed(self.frame.organisation)),
                label => (name, self.frame.text(label)),
            })
            .collect();
        let values: Vec<(&str, &dyn Display)> = labels.iter().map(|(name, value)| (*name, value as _)).collect();
        self.frame.fill(key, &values)
    }
}
