//! Each rule against a tree that keeps it and one that breaks it.

mod app;
mod crates;
mod documents;
mod floors;
mod shape;
mod sql;
mod texts;

use super::{Finding, RustText, Tree};

fn tree(files: &[(&str, &str)]) -> Tree {
    Tree::new(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
}

fn told(findings: Vec<Finding>) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

/// The rule finds nothing in these files.
#[track_caller]
fn holds(rule: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)]) {
    let told = told(rule(&tree(files)));
    assert!(told.is_empty(), "found: {told:#?}");
}

/// The rule finds exactly one thing, at `place`, and its text has `words`.
#[track_caller]
fn finds(rule: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)], place: &str, words: &str) {
    let told = told(rule(&tree(files)));
    assert_eq!(told.len(), 1, "found: {told:#?}");
    assert!(told[0].starts_with(&format!("{place}: ")), "found: {told:#?}");
    assert!(told[0].contains(words), "found: {told:#?}");
}

#[test]
fn code_is_told_from_comments_and_literals() {
    let text = RustText::parse(
        "let a = \"todo!() // no\"; // dbg!\nlet b = r#\"x\"y\"#; /* a /* b */ c */ let c = '\"'; fn d<'e>() {}\nlet f = \"g\\\"h\";",
    );
    assert!(!text.code.contains("todo!"));
    assert!(!text.code.contains("dbg!"));
    assert!(text.code.contains("let c ="));
    assert!(text.code.contains("fn d<'e>() {}"));
    assert_eq!(text.code.lines().count(), 3);
    assert_eq!(text.literals, [(1, "todo!() // no".to_owned()), (2, "x\"y".to_owned()), (3, "g\\\"h".to_owned())]);
}

#[test]
fn unfinished_literals_and_comments_are_no_reason_to_stop() {
    for text in ["\"abc", "r##\"abc\"#", "/* /* */", "'", "'\\", "\"\\", "br#\"", "r#type"] {
        RustText::parse(text);
    }
}
