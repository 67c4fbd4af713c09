//! What can go wrong between a use case and its database.

use std::fmt;

/// Why the store did not do what was asked. Absence is never an error: it is `None`, or `false` from a guarded change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A rule of the schema forbids the row.
    #[error("the database refuses the row: {0}")]
    Conflict(Constraint),
    /// A compare-and-set found nobody: the row changed since it was read.
    #[error("the row changed since it was read")]
    Lost,
    /// A stored value isn't what we once wrote: another type, an unknown word, a broken seal or row MAC.
    #[error("{table}.{column} of row {id:?} is not a value that we wrote")]
    Corrupt {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The row's id, as far as it could be read.
        id: String,
    },
    /// The database could not be reached or could not write. Nothing of the transaction is kept, with one exception: if
    /// the connection to PostgreSQL is lost during the commit, nobody can tell. The text is the cause, for the log only.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
}

/// The rules of the schema that a use case has an answer for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// The user name belongs to another account.
    Username,
    /// The key is another phone's.
    PhoneKey,
    /// A row that this one names doesn't exist.
    Reference,
    /// Any other unique index, such as a primary key: ids are random, so this is a mistake in the program.
    Unique,
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Username => "the user name is taken",
            Self::PhoneKey => "the key is another phone's",
            Self::Reference => "it names a row that does not exist",
            Self::Unique => "such a row exists already",
        })
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ffi;
        if let rusqlite::Error::SqliteFailure(failure, _) = &error {
            match failure.extended_code {
                ffi::SQLITE_CONSTRAINT_FOREIGNKEY => return Self::Conflict(Constraint::Reference),
                ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
                    return Self::Conflict(Constraint::Unique);
                }
                _ => {}
            }
        }
        Self::Unavailable(error.to_string())
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        match error.code() {
            Some(code) if *code == SqlState::FOREIGN_KEY_VIOLATION => Self::Conflict(Constraint::Reference),
            Some(code) if *code == SqlState::UNIQUE_VIOLATION => Self::Conflict(Constraint::Unique),
            _ => Self::Unavailable(with_causes(&error)),
        }
    }
}

impl From<deadpool_postgres::PoolError> for StoreError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Unavailable(with_causes(&error))
    }
}

/// The error and what it stands for. `tokio-postgres` alone says "db error" and keeps the sentence in its source.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Why a database could not be opened. Each text says what the operator can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It could not be reached or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A newer version of the program has changed it already.
    #[error(
        "the database is at version {database} and this program knows versions up to {program} only: \
         start the newer program again, or restore a backup from before the update"
    )]
    Newer {
        /// The newest migration that was applied.
        database: i64,
        /// The newest migration that this program has.
        program: i64,
    },
    /// An older program made it and has not been updated yet.
    #[error(
        "the database is at version {database} and this program at version {program}, and this command changes no \
         version under a server that may be running: restart the server with this program, which updates the database, or \
         use the program that the server runs"
    )]
    Older {
        /// The newest migration that was applied.
        database: i64,
        /// The newest migration that this program has.
        program: i64,
    },
    /// A migration that was applied is not the one in this program.
    #[error(
        "migration {version} of the database is not the one of this program: \
         the program was built from changed sources, or the database belongs to another one"
    )]
    Changed {
        /// The migration.
        version: i64,
    },
    /// The root key opens nothing in this database.
    #[error(
        "the root key does not belong to this database (the canary of class {class:?} does not open): put back the \
         root key file that was in use when the database was made; with several servers, copy the first one's file"
    )]
    WrongRootKey {
        /// The class whose canary failed.
        class: &'static str,
    },
}
