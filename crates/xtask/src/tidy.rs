//! `cargo xtask tidy`: the rules of this repository that no compiler holds. It reads files and nothing else; it owns
//! no state, runs no program and changes nothing. A rule that has to be broken once gets a named exception in its own
//! list here, with the reason beside it, never a marker in the file that breaks it.

mod app;
mod crates;
mod documents;
mod floors;
mod shape;
mod sql;
mod store_tests;
#[cfg(test)]
mod tests;
mod texts;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::Failure;
use crate::rust_text::RustText;

/// What a rule found wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    what: String,
    weight: Weight,
}

/// Whether a finding stops the merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Fails,
    /// Worth a look, printed, but no reason to stop.
    Notice,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), weight: Weight::Fails }
    }

    fn notice(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { weight: Weight::Notice, ..Self::new(path, line, what) }
    }

    /// The finding for a file that a rule needs and that is not there.
    fn missing(path: &str, why: &str) -> Self {
        Self::new(path, 1, format!("is missing: {why}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.weight {
            Weight::Fails => "",
            Weight::Notice => "notice: ",
        };
        write!(out, "{}:{}: {mark}{}", self.path, self.line, self.what)
    }
}

/// The files of the repository, by path from its top with `/` between folders.
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
    rust: BTreeMap<String, RustText>,
}

impl Tree {
    fn new(files: BTreeMap<String, String>) -> Self {
        let rust = files
            .iter()
            .filter(|(path, _)| path.ends_with(".rs"))
            .map(|(path, text)| (path.clone(), RustText::parse(text)))
            .collect();
        Self { files, rust }
    }

    /// Reads everything under `top` that is text and not made by a build.
    fn read(top: &Path) -> Result<Self, Failure> {
        let mut files = BTreeMap::new();
        read_folder(top, "", &mut files)?;
        Ok(Self::new(files))
    }

    fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// All files under the folder `under` (ends in `/`, or empty for all) whose name ends in one of `ends`.
    fn files<'t>(&'t self, under: &'t str, ends: &'t [&str]) -> impl Iterator<Item = (&'t str, &'t str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.starts_with(under) && ends.iter().any(|end| path.ends_with(end)))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// All Rust files under the folder `under`, taken apart.
    fn rust<'t>(&'t self, under: &'t str) -> impl Iterator<Item = (&'t str, &'t RustText)> {
        self.rust.iter().filter(move |(path, _)| path.starts_with(under)).map(|(path, text)| (path.as_str(), text))
    }

    /// The manifest or configuration at `path`, or the finding that says why it can't be read.
    fn toml(&self, path: &str, why: &str) -> Result<toml::Table, Finding> {
        let text = self.text(path).ok_or_else(|| Finding::missing(path, why))?;
        text.parse::<toml::Table>().map_err(|error| {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map_or(1, |before| before.matches('\n').count() + 1);
            Finding::new(path, line, format!("is not valid TOML: {}", error.message()))
        })
    }

    /// The line of `path` on which `wanted` first stands, else the first.
    fn line_of(&self, path: &str, wanted: &str) -> usize {
        self.text(path)
            .and_then(|text| text.lines().position(|line| line.contains(wanted)))
            .map_or(1, |index| index + 1)
    }
}

/// Folders that builds and tools write.
const MADE: &[&str] = &["target", ".git", "node_modules", "dist"];

fn read_folder(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> Result<(), Failure> {
    let fail = |error| Failure::new(format!("can't read {}: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(fail)?;
        if kind.is_dir() {
            if !MADE.contains(&name.as_str()) {
                read_folder(&entry.path(), &format!("{path}/"), files)?;
            }
        } else if kind.is_file() && !name.ends_with(".log") {
            // What is not UTF-8 is a picture or a key file, and no rule here reads those.
            if let Ok(text) = std::fs::read_to_string(entry.path()) {
                files.insert(path, text);
            }
        }
    }
    Ok(())
}

/// A rule: its name, as the list prints it, and the function that holds it.
type Rule = (&'static str, fn(&Tree) -> Vec<Finding>);

/// All rules, in the order in which they are printed.
const RULES: &[Rule] = &[
    ("crate arrows", crates::arrows),
    ("app folders", app::arrows),
    ("one owner per library", crates::owners),
    ("pure crates", crates::purity),
    ("SQL in the store only", sql::only_in_store),
    ("portable migrations", sql::migrations),
    ("names", shape::names),
    ("sizes", shape::sizes),
    ("leftovers", shape::leftovers),
    ("this machine", shape::machine),
    ("lock file", floors::lock_file),
    ("texts", texts::locales),
    ("documents", documents::present),
    ("dependencies explained", documents::dependencies),
    ("threats tested", documents::threats),
    ("store functions tested", store_tests::called),
];

/// Checks the repository at `top`, prints every finding, and fails if one of them stops the merge.
pub(crate) fn run(top: &Path) -> Result<(), Failure> {
    let tree = Tree::read(top)?;
    let mut stopping = 0_usize;
    for (name, rule) in RULES {
        let mut findings = rule(&tree);
        findings.sort();
        findings.dedup();
        if !findings.is_empty() {
            println!("{name}:");
        }
        for finding in findings {
            println!("  {finding}");
            if finding.weight == Weight::Fails {
                stopping += 1;
            }
        }
    }
    if stopping > 0 {
        return Err(Failure::new(format!("tidy: {stopping} to put right")));
    }
    println!("tidy: {} rules hold", RULES.len());
    Ok(())
}
