//! Names, sizes and leftovers.

use super::super::shape;
use super::{finds, holds};

#[test]
fn names_that_say_nothing_are_found() {
    holds(shape::names, &[("crates/server/src/http/error.rs", "mod typescript {}\n")]);
    for (path, place) in [
        ("crates/server/src/utils.rs", "crates/server/src/utils.rs:1"),
        ("crates/server/src/helpers/mail.rs", "crates/server/src/helpers:1"),
        ("crates/core/src/types/mod.rs", "crates/core/src/types:1"),
    ] {
        finds(shape::names, &[(path, "")], place, "names nothing");
    }
    finds(shape::names, &[("crates/core/src/lib.rs", "\npub mod common {}\n")], "crates/core/src/lib.rs:2", "`common`");
}

#[test]
fn long_files_and_long_inline_tests_are_found() {
    holds(shape::sizes, &[("crates/core/src/a.rs", &"// a\n".repeat(500))]);
    finds(shape::sizes, &[("crates/core/src/a.rs", &"// a\n".repeat(501))], "crates/core/src/a.rs:1", "notice:");
    finds(
        shape::sizes,
        &[("crates/core/src/a.rs", &"// a\n".repeat(801))],
        "crates/core/src/a.rs:1",
        "800 are the most",
    );
    let tests = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    fn b() {}\n".repeat(99));
    finds(shape::sizes, &[("crates/core/src/a.rs", &tests)], "crates/core/src/a.rs:3", "101 lines of tests");
    holds(shape::sizes, &[("crates/core/src/a.rs", &tests.replacen("    fn b() {}\n", "", 1))]);
}

#[test]
fn leftovers_are_found() {
    holds(shape::leftovers, &[("crates/core/src/a.rs", "// todo!()\nlet x = \"dbg!(x)\";\nnot_todo!();\n")]);
    for line in ["todo!()", "unimplemented!()", "dbg!(x);", "#[ignore]", "#[ignore = \"slow\"]"] {
        finds(shape::leftovers, &[("crates/core/src/a.rs", &format!("\n{line}\n"))], "crates/core/src/a.rs:2", "");
    }
}

#[test]
fn paths_of_a_machine_are_found() {
    holds(
        shape::machine,
        &[("README.md", "https://example.org/home/ada and /home/ and /var/lib/akkoord, /account/phones\n")],
    );
    for path in ["/home/ada/akkoord", "/Users/ada", "C:\\Users\\ada"] {
        finds(shape::machine, &[("README.md", &format!("\ncd {path}\n"))], "README.md:2", "one machine");
    }
    let here = crate::top_folder().map_err(|failure| failure.to_string()).unwrap();
    if here.components().count() > 2 {
        let text = format!("see {}/docs", here.display());
        finds(shape::machine, &[("README.md", &text)], "README.md:1", "one machine");
    }
}

#[test]
fn foreign_package_sources_are_found() {
    holds(shape::machine, &[("Cargo.lock", "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n")]);
    finds(
        shape::machine,
        &[("Cargo.lock", "\nsource = \"git+https://example.org/fork\"\n")],
        "Cargo.lock:2",
        "not crates.io",
    );
    finds(
        shape::machine,
        &[(".cargo/config.toml", "[source.crates-io]\n")],
        ".cargo/config.toml:1",
        "own configuration",
    );
    finds(shape::machine, &[("web/.npmrc", "registry=https://example.org/\n")], "web/.npmrc:1", "package source");
}
