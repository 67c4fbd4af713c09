//! Every function of the store is called by a store test, on both databases: no compiler checks our SQL.

use super::{Finding, Tree};
use crate::rust_text::{RustText, has_word};

const SOURCE: &str = "crates/store/src/";
const TESTS: &str = "crates/store/tests/";

/// The public functions of the files that add to the transaction, against the text of the store's tests.
pub(super) fn called(tree: &Tree) -> Vec<Finding> {
    let tests: Vec<&RustText> = tree.rust(TESTS).map(|(_, text)| text).collect();
    let mut findings = Vec::new();
    let mut aggregates = 0_usize;
    for (path, text) in tree.rust(SOURCE).filter(|(_, text)| is_aggregate(text)) {
        aggregates += 1;
        for (line, name) in public_functions(&text.code) {
            let is_called = tests.iter().any(|test| test.code.lines().any(|line| has_word(line, name)));
            if !is_called {
                findings.push(Finding::new(
                    path,
                    line,
                    format!("no test in {TESTS} calls `{name}`: its SQL was never run on both databases"),
                ));
            }
        }
    }
    if aggregates == 0 {
        findings.push(Finding::missing(
            "crates/store/src/account.rs",
            "the store has no file with an `impl Tx`, one per aggregate",
        ));
    }
    findings
}

/// A file of one aggregate adds an `impl` to the transaction that another file declares.
fn is_aggregate(text: &RustText) -> bool {
    let declares = text.code.lines().any(|line| has_word(line, "struct Tx") || has_word(line, "enum Tx"));
    let adds = text.code.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with("impl") && !has_word(line, "for") && (has_word(line, "Tx") || has_word(line, "Store"))
    });
    adds && !declares && !text.code.lines().any(|line| has_word(line, "struct Store"))
}

fn public_functions(code: &str) -> Vec<(usize, &str)> {
    code.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let line = line.trim_start();
            let rest = line.strip_prefix("pub async fn ").or_else(|| line.strip_prefix("pub fn "))?;
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
            Some((index + 1, rest.get(..end)?))
        })
        .collect()
}
