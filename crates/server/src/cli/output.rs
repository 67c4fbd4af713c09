//! What commands print: text for people, or one JSON document for programs. Errors go to standard error.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this module is for")]

use akkoord_core::Timestamp;
use serde_json::{Value, json};

use crate::views::moment::Moment;

/// Prints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a result: the document for programs, the text for people.
    pub(super) fn result(self, document: &Value, text: &str) {
        if self.json {
            println!("{document}");
        } else {
            println!("{}", text.trim_end());
        }
    }

    /// Prints why a command failed.
    pub(super) fn error(self, text: &str) {
        let text = text.trim_end();
        if self.json {
            eprintln!("{}", json!({ "error": text }));
        } else {
            eprintln!("akkoord: {text}");
        }
    }
}

/// A time as people read it: `2026-11-23 11:40 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    let machine = Moment(at.0).machine();
    match machine.split_once('T') {
        Some((date, clock)) => format!("{date} {} UTC", clock.get(..5).unwrap_or(clock)),
        None => machine,
    }
}

/// A time as programs read it: RFC 3339.
pub(super) fn instant(at: Timestamp) -> String {
    Moment(at.0).machine()
}

/// A time that may not have come.
pub(super) fn instant_or_null(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| Value::String(instant(at)))
}

/// Lines in columns, the first one being their names. An empty list says so.
pub(super) fn table(names: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<String> = names.iter().map(|name| name.to_uppercase()).collect();
    let mut widths: Vec<usize> = names.iter().map(|name| name.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in std::iter::once(&names).chain(rows) {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["ada".to_owned(), "Zoë".to_owned()], vec!["bernard".to_owned(), String::new()]];
        assert_eq!(table(&["username", "name"], &rows), "USERNAME  NAME\nada       Zoë\nbernard\n");
        assert_eq!(table(&["username"], &[]), "none");
    }

    #[test]
    fn times_say_that_they_are_utc() {
        assert_eq!(moment(Timestamp(1_795_434_000_000)), "2026-11-23 11:40 UTC");
        assert_eq!(instant(Timestamp(1_795_434_000_000)), "2026-11-23T11:40:00Z");
    }
}
