//! The lock file.

use super::super::floors;
use super::{finds, holds};

const FLOOR: &str = "[floor.rand]\nminimum = [\"0.8.6\", \"0.10.1\"]\nreason = \"R\"\n\n[banned]\nopenssl = \"rustls\"\n\n[only-through.rsa]\nparents = [\"glue\"]\nreason = \"R\"\n";

fn lock(name: &str, version: &str, dependencies: &str) -> String {
    format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\ndependencies = [{dependencies}]\n")
}

#[test]
fn versions_at_or_above_the_floor_are_fine() {
    for version in ["0.8.6", "0.8.7", "0.10.1", "0.10.4+meta", "0.11.0", "1.0.0"] {
        holds(floors::lock_file, &[("security-floor.toml", FLOOR), ("Cargo.lock", &lock("rand", version, ""))]);
    }
    holds(
        floors::lock_file,
        &[("security-floor.toml", FLOOR), ("Cargo.lock", &lock("glue", "1.0.0", "\"rsa 0.1.0\""))],
    );
}

#[test]
fn versions_below_the_floor_are_found() {
    for version in ["0.8.5", "0.7.0", "0.9.9", "0.10.0", "0.10.1-rc.1"] {
        finds(
            floors::lock_file,
            &[("security-floor.toml", FLOOR), ("Cargo.lock", &lock("rand", version, ""))],
            "Cargo.lock:2",
            "is below 0.8.6 / 0.10.1",
        );
    }
}

#[test]
fn banned_crates_and_other_ways_in_are_found() {
    finds(
        floors::lock_file,
        &[("security-floor.toml", FLOOR), ("Cargo.lock", &lock("openssl", "1.0.0", ""))],
        "Cargo.lock:2",
        "banned: rustls",
    );
    finds(
        floors::lock_file,
        &[("security-floor.toml", FLOOR), ("Cargo.lock", &lock("ours", "1.0.0", "\"rsa\""))],
        "Cargo.lock:2",
        "only come through glue",
    );
}

#[test]
fn a_floor_without_a_reason_is_found() {
    finds(
        floors::lock_file,
        &[("security-floor.toml", "[floor.rand]\nminimum = [\"1\"]\n"), ("Cargo.lock", "")],
        "security-floor.toml:1",
        "needs `minimum`",
    );
    finds(floors::lock_file, &[], "security-floor.toml:1", "missing");
}
