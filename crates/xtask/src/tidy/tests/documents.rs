//! Documents, threats and the store's tests.

use super::super::{documents, store_tests};
use super::{finds, holds, told, tree};

#[test]
fn missing_documents_are_found() {
    let found = told(documents::present(&tree(&[("README.md", "x"), ("LICENSE", " \n")])));
    assert!(found.iter().any(|line| line.starts_with("LICENSE:1: is missing")));
    assert!(found.iter().any(|line| line.starts_with("docs/architecture.md:1: is missing")));
    assert!(!found.iter().any(|line| line.starts_with("README.md")));
}

#[test]
fn dependencies_and_their_reasons_match() {
    let manifest = "[workspace.dependencies]\nakkoord-core = { path = \"crates/core\" }\nserde = \"1\"\n";
    let uses = ("crates/core/Cargo.toml", "[dependencies]\nserde.workspace = true\n");
    let row = "| Crate | Why |\n|---|---|\n| `serde` | `json` too |\n";
    holds(documents::dependencies, &[("Cargo.toml", manifest), uses, ("docs/dependencies.md", row)]);
    let package = "{\"dependencies\": {\"preact\": \"11.2.0\"},\n\"devDependencies\": {\"vite\": \"8.3.8\"}}";
    let both = format!("{row}\n## The authenticator app\n\n| Package |\n| `preact` | x |\n| `vite` | x |\n");
    let app = |package| {
        [("Cargo.toml", manifest), uses, ("docs/dependencies.md", both.as_str()), ("web/package.json", package)]
    };
    holds(documents::dependencies, &app(package));
    let without = package.replace(",\n\"devDependencies\": {\"vite\": \"8.3.8\"}", "");
    finds(documents::dependencies, &app(&without), "docs/dependencies.md:9", "`vite` is no dependency of the app");
    let more = package.replace("\"vite\"", "\"qr\": \"0.7.0\", \"vite\"");
    finds(documents::dependencies, &app(&more), "docs/dependencies.md:1", "no line for the app's `qr`");
    let loose = package.replace("11.2.0", "^11.2.0");
    finds(documents::dependencies, &app(&loose), "web/package.json:1", "not pinned");
    finds(
        documents::dependencies,
        &[("Cargo.toml", manifest), uses, ("docs/dependencies.md", "| Crate |\n")],
        "docs/dependencies.md:1",
        "no line for `serde`",
    );
    finds(
        documents::dependencies,
        &[("Cargo.toml", manifest), uses, ("docs/dependencies.md", &format!("{row}| `axum` | x |\n"))],
        "docs/dependencies.md:4",
        "no dependency any more",
    );
    finds(
        documents::dependencies,
        &[("Cargo.toml", manifest), ("docs/dependencies.md", row)],
        "Cargo.toml:3",
        "no crate uses `serde`",
    );
    finds(documents::dependencies, &[("Cargo.toml", manifest)], "docs/dependencies.md:1", "missing");
}

#[test]
fn threats_without_a_test_are_found() {
    let code = ("crates/store/tests/store/phone.rs", "async fn guesses_are_counted() {}\n");
    holds(
        documents::threats,
        &[
            (
                "docs/threat-tests.md",
                "| Threat | Test |\n|---|---|\n| T-PIN-1 | `phone::guesses_are_counted` |\n| `T-ENR-2` | later: with the web app |\n",
            ),
            code,
        ],
    );
    finds(
        documents::threats,
        &[("docs/threat-tests.md", "| T-PIN-1 | `guesses_are_free` |\n"), code],
        "docs/threat-tests.md:1",
        "no `fn guesses_are_free`",
    );
    finds(
        documents::threats,
        &[("docs/threat-tests.md", "\n| T-PIN-1 | soon |\n"), code],
        "docs/threat-tests.md:2",
        "names no test",
    );
    finds(documents::threats, &[("docs/threat-tests.md", "nothing\n"), code], "docs/threat-tests.md:1", "no row");
    finds(documents::threats, &[code], "docs/threat-tests.md:1", "missing");
}

#[test]
fn a_store_function_that_no_test_calls_is_found() {
    let source = (
        "crates/store/src/account.rs",
        "impl Tx<'_> {\n    pub async fn add_account(&mut self) {}\n    pub(crate) fn row() {}\n    pub fn by_name(&self) {}\n}\n",
    );
    let owner = ("crates/store/src/tx.rs", "pub enum Tx {}\nimpl Tx {\n    pub fn execute() {}\n}\n");
    holds(
        store_tests::called,
        &[source, owner, ("crates/store/tests/store/account.rs", "tx.add_account(); tx.by_name();\n")],
    );
    finds(
        store_tests::called,
        &[source, owner, ("crates/store/tests/store/account.rs", "tx.add_account(); // by_name\n")],
        "crates/store/src/account.rs:4",
        "calls `by_name`",
    );
    finds(store_tests::called, &[owner], "crates/store/src/account.rs:1", "no file with an `impl Tx`");
}
