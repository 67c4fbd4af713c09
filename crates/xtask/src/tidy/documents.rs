//! The documents that a newcomer, an operator and an auditor look for, and that they say what the tree does.

use std::collections::BTreeSet;

use super::{Finding, Tree};
use crate::rust_text::has_word;

const DOCUMENTS: &[(&str, &str)] = &[
    ("README.md", "it starts with the two commands"),
    ("CHANGELOG.md", "operators read it before they upgrade"),
    ("SECURITY.md", "it says how to report a weakness"),
    ("CONTRIBUTING.md", "it says how to work here"),
    ("LICENSE", "without it nobody may use this"),
    ("docs/architecture.md", "it holds the invariants"),
    ("docs/protocol.md", "others build phones from it"),
    ("docs/dependencies.md", "it gives each library's reason"),
];

const DEPENDENCIES: &str = "docs/dependencies.md";
const THREATS: &str = "docs/threat-tests.md";
const MANIFEST: &str = "Cargo.toml";
const PACKAGE: &str = "web/package.json";
const APP_HEADING: &str = "## The authenticator app";

/// The documents are there and not empty.
pub(super) fn present(tree: &Tree) -> Vec<Finding> {
    DOCUMENTS
        .iter()
        .filter(|(path, _)| tree.text(path).is_none_or(|text| text.trim().is_empty()))
        .map(|(path, why)| Finding::missing(path, why))
        .collect()
}

/// Each library in the workspace has its line in docs/dependencies.md, each line its library, each library a user.
pub(super) fn dependencies(tree: &Tree) -> Vec<Finding> {
    let manifest = match tree.toml(MANIFEST, "it lists the libraries") {
        Ok(manifest) => manifest,
        Err(finding) => return vec![finding],
    };
    let Some(document) = tree.text(DEPENDENCIES) else {
        return vec![Finding::missing(DEPENDENCIES, "it gives each library's reason")];
    };
    let workspace = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"))
        .and_then(toml::Value::as_table)
        .cloned()
        .unwrap_or_default();
    let libraries: BTreeSet<&str> =
        workspace.iter().filter(|(_, value)| value.get("path").is_none()).map(|(name, _)| name.as_str()).collect();
    // A row starts with the library's name in backticks; its first cell may hold several.
    let rows: Vec<(usize, &str)> = document
        .lines()
        .enumerate()
        .filter_map(|(index, line)| Some((index + 1, line.strip_prefix('|')?.split('|').next()?)))
        .flat_map(|(line, cell)| cell.split('`').skip(1).step_by(2).map(move |name| (line, name)))
        .collect();
    // Below this heading stand the libraries of the app, which are npm's.
    let app_from = document.lines().position(|line| line == APP_HEADING).map_or(usize::MAX, |index| index + 1);
    let (rows, app_rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(line, _)| *line < app_from);
    let mut findings = app_dependencies(tree, &app_rows);
    for library in &libraries {
        if !rows.iter().any(|(_, name)| name == library) {
            findings.push(Finding::new(
                DEPENDENCIES,
                1,
                format!("has no line for `{library}`: say what it is for and why this one"),
            ));
        }
    }
    for (line, name) in rows {
        if !libraries.contains(name) {
            findings.push(Finding::new(
                DEPENDENCIES,
                line,
                format!("`{name}` is no dependency any more: take the line out"),
            ));
        }
    }
    let used: BTreeSet<String> = super::crates::manifests(tree)
        .iter()
        .filter_map(|(path, _)| tree.toml(path, "each crate has one").ok())
        .flat_map(|manifest| super::crates::dependencies(&manifest))
        .map(|dependency| dependency.name)
        .collect();
    for library in libraries.iter().filter(|library| !used.contains(**library)) {
        findings.push(Finding::new(
            MANIFEST,
            tree.line_of(MANIFEST, &format!("{library} =")),
            format!("no crate uses `{library}`: take it out"),
        ));
    }
    findings
}

/// The same for the app: what `web/package.json` asks for, exactly.
fn app_dependencies(tree: &Tree, rows: &[(usize, &str)]) -> Vec<Finding> {
    let Some(text) = tree.text(PACKAGE) else { return Vec::new() };
    let package: serde_json::Value = match serde_json::from_str(text) {
        Ok(package) => package,
        Err(error) => return vec![Finding::new(PACKAGE, error.line(), format!("is not valid JSON: {error}"))],
    };
    let mut findings = Vec::new();
    let tables = ["dependencies", "devDependencies"].into_iter().filter_map(|table| package.get(table)?.as_object());
    let packages: Vec<(&String, &serde_json::Value)> = tables.flatten().collect();
    for (name, version) in &packages {
        let line = tree.line_of(PACKAGE, &format!("\"{name}\":"));
        if !version.as_str().is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit())) {
            findings.push(Finding::new(PACKAGE, line, format!("`{name}` is not pinned: write its exact version")));
        }
        if !rows.iter().any(|(_, row)| row == name) {
            findings.push(Finding::new(
                DEPENDENCIES,
                1,
                format!("has no line for the app's `{name}`: say what it is for and why this one"),
            ));
        }
    }
    for (line, row) in rows {
        if !packages.iter().any(|(name, _)| name == row) {
            findings.push(Finding::new(
                DEPENDENCIES,
                *line,
                format!("`{row}` is no dependency of the app any more: take the line out"),
            ));
        }
    }
    findings
}

/// docs/threat-tests.md: each row starts with an id (`T-PIN-1`), names its tests in backticks, and they exist. A row
/// without a test says `later:` and why.
pub(super) fn threats(tree: &Tree) -> Vec<Finding> {
    let Some(document) = tree.text(THREATS) else {
        return vec![Finding::missing(THREATS, "it maps each threat to the tests that hold it")];
    };
    let mut findings = Vec::new();
    let mut rows = 0_usize;
    for (index, line) in document.lines().enumerate() {
        let Some((id, rest)) = threat(line) else {
            continue;
        };
        rows += 1;
        let tests: Vec<&str> = rest
            .split('`')
            .skip(1)
            .step_by(2)
            .map(|name| name.rsplit("::").next().unwrap_or(name).trim_end_matches("()"))
            .filter(|name| is_function_name(name))
            .collect();
        if tests.is_empty() && !rest.contains("later:") {
            findings.push(Finding::new(
                THREATS,
                index + 1,
                format!("{id} names no test: name it in backticks, or write `later:` and why"),
            ));
        }
        for test in tests {
            let exists = tree
                .rust("crates/")
                .any(|(_, text)| text.code.lines().any(|line| has_word(line, &format!("fn {test}"))));
            if !exists {
                findings.push(Finding::new(THREATS, index + 1, format!("{id}: there is no `fn {test}` in crates/")));
            }
        }
    }
    if rows == 0 {
        findings.push(Finding::new(THREATS, 1, "holds no row that starts with a threat's id such as T-PIN-1"));
    }
    findings
}

/// The threat's id at the start of a table row or list item, and what follows it.
fn threat(line: &str) -> Option<(&str, &str)> {
    let start = line.trim_start_matches(['|', '-', '*', '`', ' ']);
    let id = start.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next()?;
    let mut parts = id.split('-');
    let is_threat = parts.next() == Some("T")
        && parts.next().is_some_and(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_uppercase()))
        && parts.next().is_some_and(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()));
    is_threat.then(|| (id, start.get(id.len()..).unwrap_or_default().trim_start_matches('`')))
}

/// Names of one word are taken for types or fields, not for tests.
fn is_function_name(name: &str) -> bool {
    name.contains('_') && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
