//! Who may depend on whom, and which crate owns which library.

use super::{Finding, Tree};

/// The crates, and the crates of ours that each may build on, apart from what only its tests use.
const ARROWS: &[(&str, &[&str])] = &[
    ("protocols", &[]),
    ("core", &["protocols"]),
    ("store", &["core", "protocols"]),
    ("server", &["store", "core", "protocols"]),
    ("authenticator", &["protocols"]),
    ("simulator", &["authenticator", "core", "protocols", "fake-push"]),
    // It checks what we send, so it may not borrow from who sends.
    ("fake-push", &[]),
    ("xtask", &[]),
];

/// What only the tests of a crate may use besides: the server is tried with a real phone and real pushes.
const TEST_ARROWS: &[(&str, &[&str])] = &[("server", &["authenticator", "simulator", "fake-push"])];

/// A library and the one crate that may name it, so that it can be swapped in one place.
const OWNERS: &[(&str, &str)] = &[
    ("rusqlite", "store"),
    ("tokio-postgres", "store"),
    ("tokio-postgres-rustls", "store"),
    ("deadpool-postgres", "store"),
    ("axum", "server"),
    ("axum-server", "server"),
];

/// What the crates without surroundings may not say, and what they say instead. They are tested and reasoned about as
/// plain functions, which holds only as long as nothing in them can wait, read a clock or reach a disk.
const IMPURE: &[(&str, &str)] = &[
    ("async", "these crates can't wait; let the server do it"),
    ("await", "these crates can't wait; let the server do it"),
    ("tokio", "these crates can't wait; let the server do it"),
    ("SystemTime", "take `now` as an argument"),
    ("Instant", "take `now` as an argument"),
    ("std::fs", "take bytes as an argument"),
    ("std::net", "open nothing here; for an address use `core::net`"),
    ("std::env", "take the setting as an argument"),
    ("std::thread", "start nothing here; let the server do it"),
    ("anyhow", "make the error an enum that says who is wrong and why"),
];

const PURE: &[&str] = &["core", "protocols"];

/// Arrows between our crates as the manifests draw them.
pub(super) fn arrows(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, name) in manifests(tree) {
        let manifest = match tree.toml(&path, "each crate has one") {
            Ok(manifest) => manifest,
            Err(finding) => {
                findings.push(finding);
                continue;
            }
        };
        let Some((_, allowed)) = ARROWS.iter().find(|(owner, _)| *owner == name) else {
            findings.push(Finding::new(
                &path,
                1,
                "this crate has no place in the picture: add it to ARROWS in crates/xtask/src/tidy/crates.rs, with its arrows",
            ));
            continue;
        };
        for dependency in dependencies(&manifest) {
            let line = tree.line_of(&path, &dependency.name);
            if !dependency.from_workspace {
                findings.push(Finding::new(
                    &path,
                    line,
                    format!(
                        "write `{}.workspace = true`: versions and features stand once, in the top Cargo.toml",
                        dependency.name
                    ),
                ));
            }
            let Some(ours) = dependency.name.strip_prefix("akkoord-") else {
                continue;
            };
            let in_tests =
                dependency.for_tests && TEST_ARROWS.iter().any(|(owner, more)| *owner == name && more.contains(&ours));
            if !allowed.contains(&ours) && !in_tests {
                findings.push(Finding::new(
                    &path,
                    line,
                    format!(
                        "`{name}` may not depend on `{ours}`{}: the arrows are protocols <- core <- store <- server, \
                         protocols <- authenticator <- simulator, and core <- simulator",
                        if dependency.for_tests { ", not even for tests" } else { "" }
                    ),
                ));
            }
        }
    }
    if findings.is_empty() && manifests(tree).is_empty() {
        findings.push(Finding::missing("crates/protocols/Cargo.toml", "the crates stand in crates/"));
    }
    findings
}

/// Libraries that one crate owns, in manifests and in code, tests included.
pub(super) fn owners(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, name) in manifests(tree) {
        let Ok(manifest) = tree.toml(&path, "each crate has one") else {
            continue;
        };
        for dependency in dependencies(&manifest) {
            for (library, owner) in OWNERS {
                if dependency.name == *library && name != *owner {
                    findings.push(Finding::new(
                        &path,
                        tree.line_of(&path, library),
                        format!("only crates/{owner} may depend on {library}: move the code there"),
                    ));
                }
            }
        }
    }
    for (path, text) in tree.rust("crates/") {
        for (library, owner) in OWNERS {
            if path.starts_with(&format!("crates/{owner}/")) {
                continue;
            }
            for line in text.lines_with_word(&library.replace('-', "_")) {
                findings.push(Finding::new(
                    path,
                    line,
                    format!("only crates/{owner} may name {library}: move the code there"),
                ));
            }
        }
    }
    findings
}

/// What the pure crates may not say. Their tests and their programs that write vector files may.
pub(super) fn purity(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in PURE {
        let under = format!("crates/{name}/src/");
        for (path, text) in tree.rust(&under) {
            if path.contains("/tests/") || path.ends_with("/tests.rs") || path.contains("/bin/") {
                continue;
            }
            let test_modules = text.inline_test_modules();
            for (word, instead) in IMPURE {
                for line in text.lines_with_word(word) {
                    let in_test = test_modules.iter().any(|(first, last)| (*first..=*last).contains(&line));
                    if !in_test {
                        findings.push(Finding::new(path, line, format!("no `{word}` in {name}: {instead}")));
                    }
                }
            }
        }
        let manifest = format!("crates/{name}/Cargo.toml");
        if let Ok(table) = tree.toml(&manifest, "each crate has one") {
            for dependency in dependencies(&table) {
                if !dependency.for_tests && matches!(dependency.name.as_str(), "tokio" | "anyhow" | "futures-util") {
                    findings.push(Finding::new(
                        &manifest,
                        tree.line_of(&manifest, &dependency.name),
                        format!("{name} may not depend on {}: it is without surroundings", dependency.name),
                    ));
                }
            }
        }
    }
    findings
}

/// A line of a manifest's dependency tables.
pub(super) struct Dependency {
    pub(super) name: String,
    for_tests: bool,
    from_workspace: bool,
}

/// The manifests in crates/, each with the name of its folder.
pub(super) fn manifests(tree: &Tree) -> Vec<(String, String)> {
    tree.files("crates/", &["/Cargo.toml"])
        .filter_map(|(path, _)| {
            let folder = path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
            (!folder.contains('/')).then(|| (path.to_owned(), folder.to_owned()))
        })
        .collect()
}

/// All dependencies of a manifest, those for one platform included.
pub(super) fn dependencies(manifest: &toml::Table) -> Vec<Dependency> {
    let mut found = Vec::new();
    collect(manifest, &mut found);
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        for target in targets.values().filter_map(toml::Value::as_table) {
            collect(target, &mut found);
        }
    }
    found
}

fn collect(table: &toml::Table, found: &mut Vec<Dependency>) {
    for (key, for_tests) in [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)] {
        let Some(entries) = table.get(key).and_then(toml::Value::as_table) else {
            continue;
        };
        for (alias, value) in entries {
            let field = |name: &str| value.as_table().and_then(|table| table.get(name));
            found.push(Dependency {
                name: field("package").and_then(toml::Value::as_str).unwrap_or(alias).to_owned(),
                for_tests,
                from_workspace: field("workspace").and_then(toml::Value::as_bool) == Some(true),
            });
        }
    }
}
