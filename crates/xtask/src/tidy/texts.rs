//! The texts for people: both languages complete, and nothing in them that no page shows.

use std::collections::BTreeSet;

use super::{Finding, Tree};
use crate::rust_text::has_word_of;

const ENGLISH: &str = "locales/en.json";
const DUTCH: &str = "locales/nl.json";

/// Starts of keys that code puts together, with the place that does it. A key under one of these counts as used;
/// everything else has to stand in the code as it is, so that a search for a key finds its page.
const DYNAMIC_PREFIXES: &[&str] = &[];

/// Both files: flat, same keys, same placeholders, no empty text, every key used.
pub(super) fn locales(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut read = |path: &str| match texts(tree, path) {
        Ok(texts) => Some(texts),
        Err(mut found) => {
            findings.append(&mut found);
            None
        }
    };
    let (Some(english), Some(dutch)) = (read(ENGLISH), read(DUTCH)) else {
        return findings;
    };
    for (here, there, other, language) in [(&english, &dutch, DUTCH, "Dutch"), (&dutch, &english, ENGLISH, "English")] {
        for (key, text) in here {
            let Some(twin) = there.iter().find(|(candidate, _)| candidate == key) else {
                findings.push(Finding::new(other, 1, format!("lacks `{key}`: write the {language} text")));
                continue;
            };
            let (left, right) = (placeholders(text), placeholders(&twin.1));
            if left != right && other == DUTCH {
                findings.push(Finding::new(
                    DUTCH,
                    tree.line_of(DUTCH, &format!("\"{key}\"")),
                    format!("`{key}` has the placeholders {right:?}, in English {left:?}: a value would be lost"),
                ));
            }
        }
    }
    findings.extend(unused(tree, &english));
    findings.extend(unknown(tree, &english));
    findings
}

fn texts(tree: &Tree, path: &str) -> Result<Vec<(String, String)>, Vec<Finding>> {
    let Some(text) = tree.text(path) else {
        return Err(vec![Finding::missing(path, "every page has its texts in two languages")]);
    };
    let object = match serde_json::from_str::<serde_json::Value>(text) {
        Ok(serde_json::Value::Object(object)) => object,
        Ok(_) => {
            return Err(vec![Finding::new(path, 1, "is no JSON object of key and text")]);
        }
        Err(error) => {
            return Err(vec![Finding::new(path, error.line(), format!("is not valid JSON: {error}"))]);
        }
    };
    let mut findings = Vec::new();
    let mut texts = Vec::new();
    for (key, value) in object {
        let line = tree.line_of(path, &format!("\"{key}\""));
        match value.as_str() {
            None => findings.push(Finding::new(path, line, format!("`{key}` is no text: the file is flat"))),
            Some(text) if text.trim().is_empty() => {
                findings.push(Finding::new(path, line, format!("`{key}` is empty: say something or leave it out")));
            }
            Some(text) => texts.push((key, text.to_owned())),
        }
    }
    // A doubled key is valid JSON, and the last one wins in silence.
    for (key, _) in &texts {
        let written = text.lines().filter(|line| line.trim_start().starts_with(&format!("\"{key}\":"))).count();
        if written > 1 {
            findings.push(Finding::new(
                path,
                tree.line_of(path, &format!("\"{key}\"")),
                format!("`{key}` stands here twice"),
            ));
        }
    }
    if findings.is_empty() { Ok(texts) } else { Err(findings) }
}

/// The `{names}` in a text.
fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

/// Keys of the app that no file has: a person would read the key itself.
fn unknown(tree: &Tree, english: &[(String, String)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let sources = tree.files("web/src/", &[".ts", ".tsx"]).filter(|(path, _)| !path.contains(".test."));
    for (path, text) in sources {
        for (index, line) in text.lines().enumerate() {
            for key in line.split(['\'', '"', '`']).skip(1).step_by(2).filter(|text| is_app_key(text)) {
                if !english.iter().any(|(known, _)| known == key) {
                    findings.push(Finding::new(path, index + 1, format!("no text has the key `{key}`")));
                }
            }
        }
    }
    findings
}

fn is_app_key(text: &str) -> bool {
    let rest = text.strip_prefix("app.").unwrap_or_default();
    !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._".contains(&byte))
}

fn unused(tree: &Tree, english: &[(String, String)]) -> Vec<Finding> {
    let part_of_key = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let sources: Vec<&str> = tree
        .files("", &[".rs", ".html", ".js", ".ts", ".tsx", ".txt"])
        .filter(|(path, _)| {
            (path.starts_with("crates/") || path.starts_with("web/")) && !path.starts_with("crates/xtask/")
        })
        .map(|(_, text)| text)
        .collect();
    english
        .iter()
        .filter(|(key, _)| !DYNAMIC_PREFIXES.iter().any(|prefix| key.starts_with(prefix)))
        .filter(|(key, _)| !sources.iter().any(|text| has_word_of(text, key, part_of_key)))
        .map(|(key, _)| {
            Finding::new(
                ENGLISH,
                tree.line_of(ENGLISH, &format!("\"{key}\"")),
                format!("nothing shows `{key}`: take it out of both files, or list its prefix in crates/xtask/src/tidy/texts.rs"),
            )
        })
        .collect()
}
