//! Arrows, owners and purity.

use super::super::crates;
use super::{finds, holds};

#[test]
fn an_arrow_up_is_found() {
    holds(crates::arrows, &[("crates/store/Cargo.toml", "[dependencies]\nakkoord-core.workspace = true\n")]);
    finds(
        crates::arrows,
        &[("crates/core/Cargo.toml", "[dependencies]\nakkoord-store.workspace = true\n")],
        "crates/core/Cargo.toml:2",
        "`core` may not depend on `store`",
    );
    finds(
        crates::arrows,
        &[("crates/simulator/Cargo.toml", "[dev-dependencies]\nakkoord-server.workspace = true\n")],
        "crates/simulator/Cargo.toml:2",
        "not even for tests",
    );
}

#[test]
fn the_server_knows_the_phone_in_tests_only() {
    holds(crates::arrows, &[("crates/server/Cargo.toml", "[dev-dependencies]\nakkoord-simulator.workspace = true\n")]);
    finds(
        crates::arrows,
        &[("crates/server/Cargo.toml", "[dependencies]\nakkoord-simulator.workspace = true\n")],
        "crates/server/Cargo.toml:2",
        "may not depend",
    );
}

#[test]
fn the_push_service_and_what_it_checks_share_nothing() {
    holds(crates::arrows, &[("crates/server/Cargo.toml", "[dev-dependencies]\nakkoord-fake-push.workspace = true\n")]);
    finds(
        crates::arrows,
        &[("crates/server/Cargo.toml", "[dependencies]\nakkoord-fake-push.workspace = true\n")],
        "crates/server/Cargo.toml:2",
        "may not depend",
    );
    finds(
        crates::arrows,
        &[("crates/fake-push/Cargo.toml", "[dev-dependencies]\nakkoord-protocols.workspace = true\n")],
        "crates/fake-push/Cargo.toml:2",
        "not even for tests",
    );
}

#[test]
fn a_dependency_for_one_platform_or_under_another_name_counts() {
    let manifest = "[target.'cfg(unix)'.dependencies]\ndb = { package = \"akkoord-store\", workspace = true }\n";
    finds(
        crates::arrows,
        &[("crates/protocols/Cargo.toml", manifest)],
        "crates/protocols/Cargo.toml:2",
        "may not depend",
    );
}

#[test]
fn an_unknown_crate_and_an_own_version_are_found() {
    finds(
        crates::arrows,
        &[("crates/extra/Cargo.toml", "[package]\n")],
        "crates/extra/Cargo.toml:1",
        "no place in the picture",
    );
    finds(
        crates::arrows,
        &[("crates/core/Cargo.toml", "[dependencies]\nserde = \"1\"\n")],
        "crates/core/Cargo.toml:2",
        "serde.workspace = true",
    );
}

#[test]
fn a_manifest_that_is_no_toml_is_found_with_its_line() {
    finds(
        crates::arrows,
        &[("crates/core/Cargo.toml", "[package]\nname = \n")],
        "crates/core/Cargo.toml:2",
        "not valid TOML",
    );
}

#[test]
fn a_database_driver_outside_the_store_is_found() {
    holds(
        crates::owners,
        &[
            ("crates/store/src/lib.rs", "use rusqlite::Connection;\n"),
            ("crates/server/src/lib.rs", "//! No rusqlite here.\n"),
        ],
    );
    finds(
        crates::owners,
        &[("crates/server/src/lib.rs", "\nuse rusqlite::Connection;\n")],
        "crates/server/src/lib.rs:2",
        "crates/store",
    );
    finds(
        crates::owners,
        &[("crates/server/tests/it/main.rs", "let x = tokio_postgres::connect();\n")],
        "crates/server/tests/it/main.rs:1",
        "tokio-postgres",
    );
    finds(
        crates::owners,
        &[("crates/core/Cargo.toml", "[dependencies]\ndeadpool-postgres.workspace = true\n")],
        "crates/core/Cargo.toml:2",
        "deadpool-postgres",
    );
}

#[test]
fn axum_outside_the_server_is_found() {
    finds(
        crates::owners,
        &[("crates/simulator/src/lib.rs", "use axum::Router;\n")],
        "crates/simulator/src/lib.rs:1",
        "crates/server",
    );
}

#[test]
fn a_core_that_waits_or_looks_around_is_found() {
    for (line, word) in [
        ("pub async fn ask() {}", "async"),
        ("use std::time::SystemTime;", "SystemTime"),
        ("let x = std::fs::read(path);", "std::fs"),
        ("use std::net::TcpStream;", "std::net"),
        ("fn x() -> anyhow::Result<()> {}", "anyhow"),
    ] {
        finds(crates::purity, &[("crates/core/src/approval.rs", line)], "crates/core/src/approval.rs:1", word);
    }
    finds(
        crates::purity,
        &[("crates/protocols/Cargo.toml", "[dependencies]\ntokio.workspace = true\n")],
        "crates/protocols/Cargo.toml:2",
        "tokio",
    );
}

#[test]
fn the_tests_of_a_pure_crate_may_read_vectors() {
    holds(
        crates::purity,
        &[
            (
                "crates/protocols/src/jose.rs",
                "/// Not async.\npub fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { std::fs::read(c); }\n}\n",
            ),
            ("crates/protocols/src/otp/tests.rs", "fn b() { std::fs::read(c); }\n"),
            ("crates/protocols/tests/vectors.rs", "fn b() { std::fs::read(c); }\n"),
        ],
    );
}
