//! Where SQL may stand, and what a migration may say so that one text serves SQLite and PostgreSQL.

use super::{Finding, Tree};
use crate::rust_text::has_word;

/// Words that make a string literal a statement; all of one row have to stand in it.
const STATEMENTS: &[&[&str]] = &[
    &["SELECT ", " FROM "],
    &["INSERT INTO "],
    &["UPDATE ", " SET "],
    &["DELETE FROM "],
    &["CREATE TABLE "],
    &["ALTER TABLE "],
    &["DROP TABLE "],
];

/// The only column types that mean the same in both databases.
const TYPES: &[&str] = &["TEXT", "BIGINT", "BYTEA"];

/// Words that one of the databases does not have, or reads in its own way, and what to do.
const NOT_PORTABLE: &[(&str, &str)] = &[
    ("AUTOINCREMENT", "ids are TEXT made by us"),
    ("SERIAL", "ids are TEXT made by us"),
    ("BIGSERIAL", "ids are TEXT made by us"),
    ("SEQUENCE", "ids are TEXT made by us"),
    ("COLLATE", "normalise in Rust, compare bytes"),
    ("GENERATED", "compute it in Rust"),
    ("STRICT", "only SQLite knows it"),
    ("ROWID", "only SQLite knows it"),
    ("TRIGGER", "do it in the transaction that changes the row"),
    ("now", "bind the time that the request carries"),
    ("CURRENT_TIMESTAMP", "bind the time that the request carries"),
];

/// Who may nevertheless, and why.
const EXCEPTIONS: &[(&str, &str)] = &[(
    "crates/server/tests/it/histories/breaking.rs",
    "it breaks PostgreSQL from outside, and reads no table of ours",
)];

/// Statements in string literals outside the store, tests included: a test that reads a table knows too much.
pub(super) fn only_in_store(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust("") {
        // This rule's own words stand in tidy.
        let is_exception = EXCEPTIONS.iter().any(|(exception, _)| *exception == path);
        if path.starts_with("crates/store/") || path.starts_with("crates/xtask/src/tidy") || is_exception {
            continue;
        }
        for (line, literal) in &text.literals {
            let flat = literal.split_whitespace().collect::<Vec<_>>().join(" ") + " ";
            if is_statement(&flat) {
                findings.push(Finding::new(
                    path,
                    *line,
                    "SQL stands in crates/store only: give the store a function for this, with a test",
                ));
            }
        }
    }
    for (path, _) in tree.files("", &[".sql"]) {
        if !path.starts_with("crates/store/") {
            findings.push(Finding::new(path, 1, "SQL files stand in crates/store only"));
        }
    }
    findings
}

fn is_statement(flat: &str) -> bool {
    let starts_lower =
        ["insert into ", "delete from ", "create table ", "alter table "].iter().any(|start| flat.starts_with(start));
    starts_lower || STATEMENTS.iter().any(|words| words.iter().all(|word| flat.contains(word)))
}

/// The list of migrations: numbered without a gap, each with its reason, each portable.
pub(super) fn migrations(tree: &Tree) -> Vec<Finding> {
    const FOLDER: &str = "crates/store/migrations/";
    let mut findings = Vec::new();
    let mut expected = 1_usize;
    for (path, text) in tree.files(FOLDER, &[""]) {
        let name = path.strip_prefix(FOLDER).unwrap_or(path);
        match number(name) {
            Some(found) => {
                if found != expected {
                    findings.push(Finding::new(
                        path,
                        1,
                        format!("is number {found:04}, but {expected:04} is next: no gaps, no doubles"),
                    ));
                }
                expected = found + 1;
            }
            None => findings.push(Finding::new(path, 1, "is not named NNNN_what_it_does.sql")),
        }
        let first = text.lines().next().unwrap_or_default();
        if first.strip_prefix("--").is_none_or(|reason| reason.trim().is_empty()) {
            findings.push(Finding::new(path, 1, "starts without a comment line that says why it exists"));
        }
        findings.extend(portable(path, text));
    }
    if expected == 1 && findings.is_empty() {
        findings.push(Finding::missing("crates/store/migrations/0001_what.sql", "the schema starts there"));
    }
    findings
}

fn number(name: &str) -> Option<usize> {
    let (digits, what) = name.strip_suffix(".sql")?.split_once('_')?;
    let readable = !what.is_empty() && what.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    (digits.len() == 4 && readable).then(|| digits.parse().ok())?
}

fn portable(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let bare = without_comments_and_literals(text);
    for (index, line) in bare.lines().enumerate() {
        for (word, instead) in NOT_PORTABLE {
            // `now` counts as a call only, so that a column may have the name.
            let found = if *word == "now" {
                line.contains("now()") || line.contains("NOW()")
            } else {
                has_word(&line.to_ascii_uppercase(), word)
            };
            if found {
                findings.push(Finding::new(path, index + 1, format!("`{word}` is not portable: {instead}")));
            }
        }
        if line.contains('[') {
            findings.push(Finding::new(
                path,
                index + 1,
                "arrays are not portable: a list is JSON in TEXT, or its own table",
            ));
        }
    }
    for column in columns(&bare) {
        if !TYPES.contains(&column.kind.as_str()) {
            findings.push(Finding::new(
                path,
                column.line,
                format!(
                    "column `{}` is {}: only TEXT, BIGINT and BYTEA mean the same in both databases (times are BIGINT \
                     milliseconds, a flag is the time it was set, JSON is TEXT)",
                    column.name,
                    if column.kind.is_empty() { "without a type" } else { &column.kind }
                ),
            ));
        }
    }
    findings
}

struct Column {
    line: usize,
    name: String,
    kind: String,
}

/// The columns that a migration makes: the entries of `CREATE TABLE` that are no constraint, and `ADD COLUMN`.
fn columns(bare: &str) -> Vec<Column> {
    let mut found = Vec::new();
    let upper = bare.to_ascii_uppercase();
    for (at, _) in upper.match_indices("CREATE TABLE") {
        let Some(open) = upper.get(at..).and_then(|rest| rest.find('(')).map(|offset| at + offset) else {
            continue;
        };
        let mut depth = 0_usize;
        let mut start = open + 1;
        for (offset, c) in bare.get(open..).unwrap_or_default().char_indices() {
            let here = open + offset;
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if (c == ',' && depth == 1) || (c == ')' && depth == 0) {
                found.extend(column(bare, start, here));
                start = here + 1;
            }
            if c == ')' && depth == 0 {
                break;
            }
        }
    }
    for (at, _) in upper.match_indices("ADD COLUMN") {
        let start = at + "ADD COLUMN".len();
        let length = bare.get(start..).and_then(|rest| rest.find([';', ','])).unwrap_or(0);
        found.extend(column(bare, start, start + length));
    }
    found
}

fn column(bare: &str, start: usize, end: usize) -> Option<Column> {
    const CONSTRAINTS: &[&str] = &["CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE"];
    let entry = bare.get(start..end)?;
    let mut words = entry.split_whitespace();
    let name = words.next()?;
    let first = name.split('(').next().unwrap_or(name).to_ascii_uppercase();
    if CONSTRAINTS.contains(&first.as_str()) {
        return None;
    }
    let lead = entry.len() - entry.trim_start().len();
    Some(Column {
        line: bare.get(..start + lead)?.matches('\n').count() + 1,
        name: name.to_owned(),
        // The brackets of a list have a finding of their own.
        kind: words.next().and_then(|word| word.split('[').next()).unwrap_or_default().to_ascii_uppercase(),
    })
}

/// The statements with comments and quoted text blanked; every character keeps its line.
fn without_comments_and_literals(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let (mut in_comment, mut in_literal) = (false, false);
    while let Some(c) = characters.next() {
        if c == '\n' {
            in_comment = false;
            bare.push('\n');
            continue;
        }
        if !in_comment && !in_literal && c == '-' && characters.peek() == Some(&'-') {
            in_comment = true;
        }
        if !in_comment && c == '\'' {
            in_literal = !in_literal;
            bare.push('\'');
            continue;
        }
        bare.push(if (in_comment || in_literal) || !c.is_ascii() { ' ' } else { c });
    }
    bare
}
