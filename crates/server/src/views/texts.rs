//! The texts of pages and mails, one flat file per language, and the choice of the language.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// A language that Akkoord speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, also for everybody who asks for none of ours.
    En,
    /// Dutch.
    Nl,
}

impl Language {
    /// Every language, in the order of the switch at the foot of a page.
    pub const ALL: [Self; 2] = [Self::En, Self::Nl];

    /// The language's code in `lang` attributes, cookies and forms.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Nl => "nl",
        }
    }

    /// The language's name in that language, because whoever looks for it may read no other.
    pub fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Nl => "Nederlands",
        }
    }

    /// The language with this code, with or without a region.
    pub fn from_code(code: &str) -> Option<Self> {
        let primary = code.split('-').next().unwrap_or_default().trim();
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
    }

    /// The best of our languages for an `Accept-Language` header (RFC 9110 12.5.4); what can't be read is skipped.
    pub fn from_accept_language(header: &str) -> Self {
        let mut best = (0, Self::En);
        for range in header.split(',') {
            let mut parts = range.split(';');
            let Some(language) = parts.next().and_then(Self::from_code) else { continue };
            let Some(weight) = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Some(1000), thousandths)
            else {
                continue;
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// The texts of one language.
#[derive(Debug)]
pub struct Texts {
    language: Language,
    entries: BTreeMap<String, String>,
}

impl Texts {
    /// Reads the texts that were compiled in. Called once, at the start.
    pub fn load() -> Result<Languages, TextsError> {
        Ok(Languages { en: Self::parse(Language::En, ENGLISH)?, nl: Self::parse(Language::Nl, DUTCH)? })
    }

    /// The language of these texts.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The text with this key. A missing one shows as `[key]`, so that it is seen and the page still works.
    pub fn get(&self, key: &str) -> Cow<'_, str> {
        match self.entries.get(key) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(format!("[{key}]")),
        }
    }

    /// The text with this key, each `{name}` replaced by its value. A value is never searched for placeholders.
    pub fn fill(&self, key: &str, values: &[(&str, &dyn Display)]) -> String {
        let text = self.get(key);
        let mut filled = String::with_capacity(text.len() + 32);
        let mut rest: &str = &text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((name, tail)) = after.split_once('}') else {
                filled.push('{');
                rest = after;
                continue;
            };
            match values.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => filled.push_str(&value.to_string()),
                None => filled.push_str(&format!("{{{name}}}")),
            }
            rest = tail;
        }
        filled.push_str(rest);
        filled
    }

    /// Like [`Texts::fill`] with `{count}`, in the singular or the plural.
    pub fn count(&self, one: &str, many: &str, count: u64) -> String {
        self.fill(if count == 1 { one } else { many }, &[("count", &count)])
    }

    /// The keys of this language, for the tests that compare languages.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    fn parse(language: Language, json: &str) -> Result<Self, TextsError> {
        match serde_json::from_str(json) {
            Ok(entries) => Ok(Self { language, entries }),
            Err(error) => Err(TextsError { language, reason: error.to_string() }),
        }
    }
}

/// The texts of all languages.
#[derive(Debug)]
pub struct Languages {
    en: Texts,
    nl: Texts,
}

impl Languages {
    /// The texts of one language.
    pub fn texts(&self, language: Language) -> &Texts {
        match language {
            Language::En => &self.en,
            Language::Nl => &self.nl,
        }
    }
}

/// A language file that is not a flat JSON object of texts.
#[derive(Debug)]
pub struct TextsError {
    language: Language,
    reason: String,
}

impl Display for TextsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the texts in {} can't be read: {}", self.language.name(), self.reason)
    }
}

impl std::error::Error for TextsError {}

/// A weight such as `0.8` as `800`; at most three decimals, as the RFC has it.
fn thousandths(weight: &str) -> Option<u32> {
    let (whole, decimals) = weight.trim().split_once('.').unwrap_or((weight.trim(), ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u32 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

const ENGLISH: &str = include_str!("../../../../locales/en.json");
const DUTCH: &str = include_str!("../../../../locales/nl.json");
