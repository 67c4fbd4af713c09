//! A transaction: the same few functions over two databases.

use std::sync::Arc;

use deadpool_postgres::Object;
use rusqlite::Connection;

use crate::{
    dialect::{Dialect, SQLITE_RELEASE, SQLITE_ROLLBACK, SQLITE_SAVEPOINT},
    error::StoreError,
    postgres,
    row::{Row, Value},
    seal::Seal,
    sqlite,
    statements::Statements,
};

/// What all transactions of a store have in common.
pub(crate) struct Shared {
    pub(crate) seal: Seal,
    pub(crate) statements: Statements,
}

impl Shared {
    pub(crate) fn new(seal: Seal) -> Arc<Self> {
        Arc::new(Self { seal, statements: Statements::default() })
    }
}

/// An open transaction. Its other functions stand in the files of the aggregates.
///
/// On SQLite every call is done when it returns: the same `async` functions serve both databases, and nothing else may
/// be awaited inside a transaction.
pub struct Tx {
    arm: Arm,
    shared: Arc<Shared>,
    writes: bool,
    /// Between `BEGIN` and its end.
    open: bool,
    /// The first statement that failed. PostgreSQL keeps nothing of such a transaction, so SQLite mustn't either.
    failure: Option<StoreError>,
}

enum Arm {
    Sqlite(Connection),
    /// `None` only while the transaction is dropped.
    Postgres(Option<Object>),
}

impl Tx {
    /// Runs a statement and returns how many rows it changed. SQL stands in this crate only.
    pub async fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, StoreError> {
        self.check(sql)?;
        let result = match &self.arm {
            Arm::Sqlite(connection) => sqlite::execute(connection, sql, params),
            Arm::Postgres(Some(client)) => postgres::execute(client, sql, params).await,
            Arm::Postgres(None) => Err(gone()),
        };
        self.note(result)
    }

    /// Runs a statement that gives at most one row.
    pub async fn query_opt(&mut self, sql: &'static str, params: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query_all(sql, params).await?.into_iter().next())
    }

    /// Runs a statement that gives rows.
    pub async fn query_all(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.check(sql)?;
        let result = match &self.arm {
            Arm::Sqlite(connection) => sqlite::query(connection, sql, params),
            Arm::Postgres(Some(client)) => postgres::query(client, sql, params).await,
            Arm::Postgres(None) => Err(gone()),
        };
        self.note(result)
    }

    /// The keys that seal values, for what a use case can seal only once it has read.
    pub fn seal(&self) -> &Seal {
        &self.shared.seal
    }

    /// Runs a guarded statement: whether it changed its row.
    pub(crate) async fn changed(&mut self, sql: &'static str, params: &[Value]) -> Result<bool, StoreError> {
        Ok(self.execute(sql, params).await? > 0)
    }

    pub(crate) fn sqlite(connection: Connection, shared: Arc<Shared>, writes: bool) -> Self {
        Self { arm: Arm::Sqlite(connection), shared, writes, open: false, failure: None }
    }

    pub(crate) fn postgres(client: Object, shared: Arc<Shared>, writes: bool) -> Self {
        Self { arm: Arm::Postgres(Some(client)), shared, writes, open: false, failure: None }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self.arm {
            Arm::Sqlite(_) => Dialect::Sqlite,
            Arm::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(crate) async fn begin(&mut self) -> Result<(), StoreError> {
        self.failure = None;
        let begin = if self.writes { Some(self.dialect().begin_write()) } else { self.dialect().begin_read() };
        if let Some(begin) = begin {
            // From here on, and not from the answer on: if we are dropped while we wait, it may have begun.
            self.open = true;
            self.control(begin).await?;
        }
        Ok(())
    }

    pub(crate) async fn commit(&mut self) -> Result<(), StoreError> {
        if self.open {
            self.control("COMMIT").await?;
            self.open = false;
        }
        Ok(())
    }

    pub(crate) async fn roll_back(&mut self) -> Result<(), StoreError> {
        let gone = matches!(&self.arm, Arm::Sqlite(connection) if connection.is_autocommit());
        if self.open && !gone {
            self.control("ROLLBACK").await?;
        }
        self.open = false;
        Ok(())
    }

    /// Runs several statements of ours that have no parameters, such as a migration.
    pub(crate) async fn batch(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let result = match &self.arm {
            Arm::Sqlite(connection) => connection.execute_batch(sql).map_err(StoreError::from),
            Arm::Postgres(Some(client)) => client.batch_execute(sql).await.map_err(StoreError::from),
            Arm::Postgres(None) => Err(gone()),
        };
        self.note(result)
    }

    /// A closure that went on after a failed statement and ends well has half of what it wanted: then nothing is kept.
    pub(crate) fn settle<T, E: From<StoreError>>(&mut self, result: Result<T, E>) -> Result<T, E> {
        match (result, &self.failure) {
            (Ok(_), Some(failure)) => Err(E::from(failure.clone())),
            (result, _) => result,
        }
    }

    pub(crate) async fn savepoint(&mut self) -> Result<(), StoreError> {
        self.failure = None;
        self.control(SQLITE_SAVEPOINT).await
    }

    pub(crate) async fn release(&mut self) -> Result<(), StoreError> {
        self.control(SQLITE_RELEASE).await
    }

    pub(crate) async fn roll_back_to_savepoint(&mut self) -> Result<(), StoreError> {
        self.control(SQLITE_ROLLBACK).await?;
        self.control(SQLITE_RELEASE).await
    }

    /// SQLite ends a transaction by itself in some failures, such as a full disk: then all of its group is lost.
    pub(crate) fn still_there(&self) -> Result<(), StoreError> {
        if self.is_alive() { Ok(()) } else { Err(self.failure.clone().unwrap_or_else(gone)) }
    }

    fn is_alive(&self) -> bool {
        match &self.arm {
            Arm::Sqlite(connection) => self.open && !connection.is_autocommit(),
            Arm::Postgres(client) => client.is_some(),
        }
    }

    async fn control(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match &self.arm {
            // `COMMIT` and its like are prepared once: they run thousands of times a second.
            Arm::Sqlite(connection) => sqlite::execute(connection, sql, &[]).map(drop),
            Arm::Postgres(Some(client)) => Ok(client.batch_execute(sql).await?),
            Arm::Postgres(None) => Err(gone()),
        }
    }

    fn check(&self, sql: &'static str) -> Result<(), StoreError> {
        self.shared.statements.note(sql);
        if !self.writes && !sql.starts_with("SELECT") {
            return Err(StoreError::Unavailable("a statement that writes came in a transaction that reads".to_owned()));
        }
        // Outside a transaction each statement would be kept on its own.
        if self.writes && !self.is_alive() { Err(gone()) } else { Ok(()) }
    }

    fn note<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let (Err(error), None) = (&result, &self.failure) {
            self.failure = Some(error.clone());
        }
        result
    }
}

impl Drop for Tx {
    /// A caller who went away in the middle of a transaction leaves a connection that must not go back to the pool: it
    /// is closed, and PostgreSQL rolls back.
    fn drop(&mut self) {
        if let Arm::Postgres(client) = &mut self.arm
            && self.open
            && let Some(client) = client.take()
        {
            drop(Object::take(client));
        }
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the transaction has ended already".to_owned())
}
