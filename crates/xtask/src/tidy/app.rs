//! The authenticator app: which of its folders may use which. `web/README.md` has the picture.

use super::{Finding, Tree};

/// Folders under `web/src/`, and where their imports may lead. `*` stands for one feature, the same on both sides.
const ARROWS: &[(&str, &[&str])] = &[
    ("shared", &["shared"]),
    ("ui", &["ui", "shared"]),
    ("sw", &["sw", "shared", "features/*/sw", "features/*/shared"]),
    ("features/*/shared", &["features/*/shared", "shared"]),
    ("features/*/sw", &["features/*/sw", "features/*/shared", "shared"]),
    ("features/*/page", &["features/*/page", "features/*/shared", "ui", "shared"]),
    ("page", &["page", "features/*/page", "features/*/shared", "ui", "shared"]),
];

/// Imports lead where the picture says, so that a feature can be read, and taken out, alone.
pub(super) fn arrows(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files("web/src/", &[".ts", ".tsx"]).filter(|(path, _)| !path.contains(".test.")) {
        let Some(own) = path.strip_prefix("web/src/") else { continue };
        for (index, line) in text.lines().enumerate() {
            for target in imports(line).filter_map(|specifier| resolve(own, specifier)) {
                // Outside of `src` are the server's tokens and vectors, which are everybody's.
                if !target.starts_with("..") && !may(own, &target) {
                    let what = format!("may not import {target}: web/README.md says which folder may use which");
                    findings.push(Finding::new(path, index + 1, what));
                }
            }
        }
    }
    findings
}

/// The relative modules that a line imports, statically or when they are needed.
fn imports(line: &str) -> impl Iterator<Item = &str> {
    ["from '", "import '", "import('"].into_iter().flat_map(move |start| {
        line.split(start).skip(1).filter_map(|rest| rest.split('\'').next()).filter(|path| path.starts_with('.'))
    })
}

/// A module's path under `web/src/`.
fn resolve(own: &str, specifier: &str) -> Option<String> {
    let mut parts: Vec<&str> = own.split('/').collect();
    parts.pop()?;
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." if parts.last().is_none_or(|last| *last == "..") => parts.push(".."),
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn may(own: &str, target: &str) -> bool {
    let Some((from, to)) = ARROWS.iter().find(|(from, _)| under(own, from).is_some()) else { return false };
    let feature = under(own, from).flatten();
    to.iter().any(|to| under(target, to).is_some_and(|other| feature.is_none() || other.is_none() || feature == other))
}

/// Whether a path stands in a folder of the list, and in which feature.
fn under<'p>(path: &'p str, folder: &str) -> Option<Option<&'p str>> {
    let mut feature = None;
    let mut parts = path.split('/');
    for wanted in folder.split('/') {
        match (wanted, parts.next()?) {
            ("*", found) => feature = Some(found),
            (wanted, found) if wanted == found => {}
            _ => return None,
        }
    }
    // What follows is the file or folders below; a folder alone is no module.
    parts.next().map(|_| feature)
}
