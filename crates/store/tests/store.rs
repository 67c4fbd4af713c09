//! The store on both databases: the same tests run on SQLite, always, and on PostgreSQL, where `TEST_POSTGRES_URL`
//! names one. With `CI` set they must run on both.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]
#![expect(clippy::duplicate_mod, reason = "each test runs on both databases")]

#[path = "store/fixtures.rs"]
mod fixtures;
#[path = "store/linearizable.rs"]
mod linearizable;
#[path = "store/on_postgres.rs"]
mod postgres;
#[path = "store/postgres_server.rs"]
mod postgres_server;
#[path = "store/root_key.rs"]
mod root_key;
#[path = "store/on_sqlite.rs"]
mod sqlite;
#[path = "store/sqlite_file.rs"]
mod sqlite_file;
