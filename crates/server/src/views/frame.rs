//! What every page has in common, and the small words that templates ask for.

use std::borrow::Cow;
use std::fmt::Display;

use super::moment::Moment;
use super::texts::{Language, Texts};

/// The part that every page shares.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The texts in the person's language.
    pub texts: &'a Texts,
    /// The token that every form carries back.
    pub csrf: &'a str,
    /// The organisation whose pages these are; before that is known, the service's name.
    pub organisation: &'a str,
    /// The name of this sign-in service.
    pub service_name: &'a str,
    /// The user name of the account that is signed in here.
    pub signed_in_as: Option<&'a str>,
    /// The id of this request, which the logs carry too.
    pub request_id: &'a str,
    /// Where the language switch leads back to: a path of ours that answers GET.
    pub return_to: &'a str,
    /// Whom to ask for help: an e-mail address, an `https` address, or words.
    pub help_contact: Option<&'a str>,
    /// The time of this request, in milliseconds.
    pub now_ms: i64,
}

impl<'a> Frame<'a> {
    /// The text with this key.
    pub fn text(&self, key: &str) -> Cow<'a, str> {
        self.texts.get(key)
    }

    /// The text with this key, its placeholders replaced.
    pub fn fill(&self, key: &str, values: &[(&str, &dyn Display)]) -> String {
        self.texts.fill(key, values)
    }

    /// The text with this key, one placeholder replaced; templates can't pass a list of different types.
    pub fn with(&self, key: &str, name: &str, value: impl Display) -> String {
        self.texts.fill(key, &[(name, &value)])
    }

    /// The text for one or for many.
    pub fn count(&self, one: &str, many: &str, count: &u32) -> String {
        self.texts.count(one, many, u64::from(*count))
    }

    /// The language of this page.
    pub fn language(&self) -> Language {
        self.texts.language()
    }

    /// The languages that this page is not in.
    pub fn other_languages(&self) -> impl Iterator<Item = Language> {
        let current = self.language();
        Language::ALL.into_iter().filter(move |language| *language != current)
    }

    /// A time in full.
    pub fn full(&self, milliseconds: &i64) -> String {
        Moment(*milliseconds).full(self.texts)
    }

    /// A time, seen from now.
    pub fn ago(&self, milliseconds: &i64) -> String {
        Moment(*milliseconds).ago(self.texts, Moment(self.now_ms))
    }

    /// A time for the `datetime` attribute.
    pub fn machine(&self, milliseconds: &i64) -> String {
        Moment(*milliseconds).machine()
    }

    /// Seconds as a clock counts them down: `1:42`.
    pub fn clock(&self, seconds: &u32) -> String {
        format!("{}:{:02}", seconds / 60, seconds % 60)
    }

    /// Names in a row: `A, B or C`.
    pub fn any_of<S: AsRef<str>>(&self, names: &[S]) -> String {
        match names {
            [] => String::new(),
            [only] => only.as_ref().to_owned(),
            [first @ .., last] => {
                let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
                self.fill("list.or", &[("first", &first.join(", ")), ("last", &last.as_ref())])
            }
        }
    }

    /// A phone's platform, given as the phone protocol spells it.
    pub fn platform(&self, platform: &str) -> Cow<'a, str> {
        platform_name(self.texts, platform)
    }

    /// The address behind the help contact, if it is one that a person can tap.
    pub fn help_link(&self) -> Option<String> {
        let contact = self.help_contact?;
        if contact.contains(|character: char| character.is_whitespace() || character.is_control()) {
            None
        } else if contact.starts_with("https://") {
            Some(contact.to_owned())
        } else if contact.contains('@') && !contact.contains([':', '?', '&']) {
            Some(format!("mailto:{contact}"))
        } else {
            None
        }
    }
}

/// The name that people know for a platform of the phone protocol.
pub fn platform_name<'a>(texts: &'a Texts, platform: &str) -> Cow<'a, str> {
    match platform {
        "android" => Cow::Borrowed("Android"),
        "ios" => Cow::Borrowed("iPhone"),
        "windows" => Cow::Borrowed("Windows"),
        "macos" => Cow::Borrowed("Mac"),
        "linux" => Cow::Borrowed("Linux"),
        "chromeos" => Cow::Borrowed("Chromebook"),
        "terminal" => texts.get("platform.terminal"),
        _ => texts.get("platform.other"),
    }
}

/// The number that the browser shows and the phone asks for.
#[derive(Clone, Copy, Debug)]
pub struct Number<'a> {
    /// Its decimal digits.
    pub digits: &'a str,
    /// Whether the phone offers three numbers to tap instead of a keypad.
    pub choose: bool,
}

impl Number<'_> {
    /// The digits one by one, for a screen reader that would say "forty-seven".
    pub fn spoken(&self) -> String {
        let digits: Vec<String> = self.digits.chars().map(String::from).collect();
        digits.join(", ")
    }

    /// Whether it has so many digits that it needs smaller figures.
    pub fn is_long(&self) -> bool {
        self.digits.len() > 3
    }
}
