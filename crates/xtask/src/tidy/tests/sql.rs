//! SQL and migrations.

use super::super::sql;
use super::{finds, holds};

#[test]
fn sql_outside_the_store_is_found() {
    holds(
        sql::only_in_store,
        &[
            ("crates/store/src/account.rs", "let x = \"SELECT id FROM accounts\";\n"),
            ("crates/server/src/lib.rs", "// SELECT id FROM accounts\nlet x = \"Select a phone from the list\";\n"),
        ],
    );
    for statement in [
        "SELECT id\n  FROM accounts",
        "INSERT INTO accounts VALUES ($1)",
        "UPDATE accounts SET name = $1",
        "DELETE FROM accounts",
        "delete from accounts",
    ] {
        finds(
            sql::only_in_store,
            &[("crates/server/tests/it/main.rs", &format!("\nlet x = \"{statement}\";\n"))],
            "crates/server/tests/it/main.rs:2",
            "crates/store only",
        );
    }
}

#[test]
fn a_portable_migration_is_fine() {
    holds(
        sql::migrations,
        &[
            (
                "crates/store/migrations/0001_first.sql",
                "-- Why: the boolean, timestamp and integer of old.\nCREATE TABLE a (\n    id TEXT NOT NULL PRIMARY KEY,\n    state TEXT NOT NULL CHECK (state IN ('serial', 'now()')),\n    at BIGINT, -- now()\n    key BYTEA,\n    UNIQUE (id, at),\n    FOREIGN KEY (key) REFERENCES b (c)\n);\nCREATE INDEX a_at ON a (at) WHERE at IS NOT NULL;\n",
            ),
            ("crates/store/migrations/0002_second.sql", "-- Why: one more.\nALTER TABLE a ADD COLUMN more TEXT;\n"),
        ],
    );
}

#[test]
fn a_migration_for_one_database_is_found() {
    for (column, word) in [
        ("flag BOOLEAN NOT NULL", "`flag` is BOOLEAN"),
        ("at TIMESTAMP", "`at` is TIMESTAMP"),
        ("n INTEGER", "`n` is INTEGER"),
        ("n", "without a type"),
        ("name TEXT COLLATE nocase", "COLLATE"),
    ] {
        finds(
            sql::migrations,
            &[(
                "crates/store/migrations/0001_first.sql",
                &format!("-- Why.\nCREATE TABLE a (\n    id TEXT,\n    {column}\n);\n"),
            )],
            "crates/store/migrations/0001_first.sql:4",
            word,
        );
    }
    finds(
        sql::migrations,
        &[("crates/store/migrations/0001_first.sql", "-- Why.\nALTER TABLE a\n  ADD COLUMN n NUMERIC;\n")],
        "crates/store/migrations/0001_first.sql:3",
        "NUMERIC",
    );
    finds(
        sql::migrations,
        &[("crates/store/migrations/0001_first.sql", "-- Why.\nCREATE TABLE a (b TEXT[]);\n")],
        "crates/store/migrations/0001_first.sql:2",
        "arrays",
    );
}

#[test]
fn gaps_names_and_missing_reasons_of_migrations_are_found() {
    finds(
        sql::migrations,
        &[
            ("crates/store/migrations/0001_first.sql", "-- Why.\n"),
            ("crates/store/migrations/0003_third.sql", "-- Why.\n"),
        ],
        "crates/store/migrations/0003_third.sql:1",
        "0002 is next",
    );
    finds(
        sql::migrations,
        &[("crates/store/migrations/first.sql", "-- Why.\n")],
        "crates/store/migrations/first.sql:1",
        "not named",
    );
    finds(
        sql::migrations,
        &[("crates/store/migrations/0001_first.sql", "--\nCREATE TABLE a (b TEXT);\n")],
        "crates/store/migrations/0001_first.sql:1",
        "comment line",
    );
    finds(sql::migrations, &[], "crates/store/migrations/0001_what.sql:1", "missing");
}
