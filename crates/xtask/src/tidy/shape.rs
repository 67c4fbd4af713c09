//! Names, sizes and leftovers: what makes a tree readable for somebody who comes later.

use std::path::PathBuf;

use super::{Finding, Tree};
use crate::rust_text::has_word;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "manager", "service", "types"];

/// The most lines of a file of the app: a screen, or one of its parts.
const APP_LINES: usize = 400;
const LOOK_AT_LINES: usize = 500;
const SPLIT_AT_LINES: usize = 800;
const INLINE_TEST_LINES: usize = 100;

/// Code that stops or prints where it should answer.
const LEFTOVERS: &[(&str, &str)] = &[
    ("todo!", "finish it, or write an issue and leave the code out"),
    ("unimplemented!", "finish it, or write an issue and leave the code out"),
    ("dbg!", "take it out"),
    ("#[ignore", "a test runs or goes; a long one looks at AKKOORD_LONG"),
];

/// Folders, files and inline modules named after nothing.
pub(super) fn names(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told = std::collections::BTreeSet::new();
    for (path, _) in tree.files("", &[".rs", ".ts", ".tsx", ".js"]) {
        let mut so_far = String::new();
        for part in path.split('/') {
            so_far.push_str(part);
            let stem = part.split('.').next().unwrap_or(part);
            if EMPTY_NAMES.contains(&stem) && told.insert(so_far.clone()) {
                findings.push(Finding::new(&so_far, 1, format!("`{stem}` names nothing: call it by what is in it")));
            }
            so_far.push('/');
        }
    }
    for (path, text) in tree.rust("") {
        for (index, line) in text.code.lines().enumerate() {
            let named = EMPTY_NAMES.iter().find(|name| line.contains('{') && has_word(line, &format!("mod {name}")));
            if let Some(name) = named {
                findings.push(Finding::new(
                    path,
                    index + 1,
                    format!("`{name}` names nothing: call the module by what is in it"),
                ));
            }
        }
    }
    findings
}

/// Long files and long inline test modules.
pub(super) fn sizes(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files("", &[".rs", ".ts", ".tsx", ".js", ".html", ".css"]) {
        let lines = text.lines().count();
        if path.starts_with("web/") && lines > APP_LINES {
            findings.push(Finding::new(
                path,
                1,
                format!("has {lines} lines, {APP_LINES} are the most in the app: split it by what it shows or does"),
            ));
        } else if lines > SPLIT_AT_LINES {
            findings.push(Finding::new(
                path,
                1,
                format!("has {lines} lines, {SPLIT_AT_LINES} are the most: split it by what it does"),
            ));
        } else if lines > LOOK_AT_LINES {
            findings.push(Finding::notice(path, 1, format!("has {lines} lines: is this still one thing?")));
        }
    }
    for (path, text) in tree.rust("") {
        for (first, last) in text.inline_test_modules() {
            let lines = last + 1 - first;
            if lines > INLINE_TEST_LINES {
                findings.push(Finding::new(
                    path,
                    first,
                    format!("holds {lines} lines of tests, {INLINE_TEST_LINES} are the most: move them to a tests.rs beside it"),
                ));
            }
        }
    }
    findings
}

/// What a working day leaves behind.
pub(super) fn leftovers(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust("") {
        for (index, line) in text.code.lines().enumerate() {
            for (mark, instead) in LEFTOVERS {
                let found = line.match_indices(mark).any(|(at, _)| {
                    !line
                        .get(..at)
                        .and_then(|before| before.chars().next_back())
                        .is_some_and(|c| c.is_alphanumeric() || c == '_')
                });
                if found {
                    findings.push(Finding::new(path, index + 1, format!("`{mark}`: {instead}")));
                }
            }
        }
    }
    findings
}

/// Paths of somebody's machine, and package sources other than the public ones: both work here and nowhere else.
pub(super) fn machine(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let own = own_paths();
    for (path, text) in tree.files("", &[""]) {
        for (index, line) in text.lines().enumerate() {
            let named = own.iter().find(|own| stands_alone(line, own)).cloned().or_else(|| home_folder(line));
            // The samples of this rule's own tests.
            if let Some(found) = named
                && !path.starts_with("crates/xtask/src/tidy/tests")
            {
                findings.push(Finding::new(
                    path,
                    index + 1,
                    format!(
                        "names `{found}`, a path of one machine: take it from the environment or the working folder"
                    ),
                ));
            }
        }
    }
    for (path, text) in tree.files("", &["Cargo.lock"]) {
        for (index, line) in text.lines().enumerate() {
            let Some(source) = line.strip_prefix("source = ") else {
                continue;
            };
            if source.trim_matches('"') != CRATES_IO {
                findings.push(Finding::new(
                    path,
                    index + 1,
                    format!("{source} is not crates.io: nobody else can build this"),
                ));
            }
        }
    }
    for (path, text) in tree.files(".cargo/", &[".toml"]) {
        for (index, line) in text.lines().enumerate() {
            let start = line.trim_start();
            if ["[source", "[registries", "[registry", "registry =", "replace-with"]
                .iter()
                .any(|mark| start.starts_with(mark))
            {
                findings.push(Finding::new(path, index + 1, "package sources belong in a machine's own configuration"));
            }
        }
    }
    for (path, text) in tree.files("", &["package-lock.json", ".npmrc"]) {
        for (index, line) in text.lines().enumerate() {
            if line.contains("\"resolved\"") || line.trim_start().starts_with("registry=") {
                findings.push(Finding::new(
                    path,
                    index + 1,
                    "names a package source: each machine has its own (npm: omit-lockfile-registry-resolved=true)",
                ));
            }
        }
    }
    findings
}

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Where this repository stands and where its user lives, on the machine that checks. A path of a single folder is
/// left out: it could be one of our public addresses.
fn own_paths() -> Vec<String> {
    let top = crate::top_folder().ok();
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let mut paths: Vec<String> = [top, home]
        .into_iter()
        .flatten()
        .filter(|path| path.components().count() > 2)
        .map(|path| path.display().to_string())
        .collect();
    paths.push(["", "root"].join("/"));
    paths
}

/// Whether `own` stands in `line` as a path, not as part of a longer one such as an address.
fn stands_alone(line: &str, own: &str) -> bool {
    line.match_indices(own).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + own.len()..).and_then(|text| text.chars().next());
        let ends = match after {
            Some('/') => true,
            // A single folder says little without what is in it.
            _ if own.matches('/').count() < 2 => false,
            Some(c) => !(c.is_alphanumeric() || "-_.".contains(c)),
            None => true,
        };
        before.is_none_or(|c| c.is_whitespace() || "\"'`=(:".contains(c)) && ends
    })
}

/// A home folder of a named person.
fn home_folder(line: &str) -> Option<String> {
    ["/home/", "/Users/", "C:\\Users\\"].iter().find_map(|start| {
        let at = line.find(start)?;
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let name: String = line
            .get(at + start.len()..)?
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
            .collect();
        let is_path = before.is_none_or(|c| c.is_whitespace() || "\"'`=(:".contains(c));
        (is_path && !name.is_empty()).then(|| format!("{start}{name}"))
    })
}
