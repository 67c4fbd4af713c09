//! What the checker found, as a person reads it.

use std::fmt;

use super::record::Made;

/// Something that must not be, and the calls that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What is wrong, in a sentence.
    pub sentence: String,
    /// Whose account.
    pub account: String,
    /// Which requests, each with its calls. Where no order explains the calls of one, the last is the one that nothing
    /// explains.
    pub requests: Vec<(String, Vec<Made>)>,
}

impl Violation {
    pub(super) fn new(account: &str, sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), account: account.to_owned(), requests: Vec::new() }
    }

    pub(super) fn with(mut self, request: &str, made: Vec<Made>) -> Self {
        self.requests.push((request.to_owned(), made));
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.account, self.sentence)?;
        for (request, made) in &self.requests {
            writeln!(f, "  request {request}")?;
            if !made.is_empty() {
                writeln!(f, "    {:>8} {:>8}  {:<14} {:<40} answer", "sent", "answered", "who", "what")?;
            }
            for call in made {
                let ended = call.span.ended.map_or_else(|| "-".to_owned(), |ended| ended.to_string());
                let (who, deed) = (call.who.to_string(), call.deed.to_string());
                writeln!(f, "    {:>8} {ended:>8}  {who:<14} {deed:<40} {}", call.span.began, call.answer)?;
            }
        }
        Ok(())
    }
}
