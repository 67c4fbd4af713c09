//! Where SQLite and PostgreSQL differ, and nowhere else.

use akkoord_core::{
    Timestamp,
    ids::{AccountId, ApprovalId},
};

use crate::{error::StoreError, job::Lane, params, row::Row, tx::Tx};

/// Which of the two a transaction runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// How a transaction that writes begins. A plain `BEGIN` on SQLite takes the lock at the first write only, and
    /// then fails if another process wrote in between.
    pub(crate) fn begin_write(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }

    /// How a transaction that reads begins. On PostgreSQL it doesn't: under READ COMMITTED each statement sees its own
    /// snapshot either way, and two round trips are saved.
    pub(crate) fn begin_read(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some("BEGIN DEFERRED"),
            Self::Postgres => None,
        }
    }

    /// What each new connection is told. SQLite: other processes (the command line) may hold the lock for a while, a
    /// commit is on the disk before it is answered; what undoes a savepoint is no file, because it is worth nothing after
    /// its transaction. PostgreSQL: a node that hangs must not hold its locks.
    pub(crate) fn connection_setup(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; \
                 PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY"
            }
            Self::Postgres => {
                "SET statement_timeout = '10s'; SET lock_timeout = '5s'; \
                 SET idle_in_transaction_session_timeout = '10s'"
            }
        }
    }
}

/// The journal mode is a property of the file: set once, by the writer. It answers with a row.
pub(crate) const SQLITE_JOURNAL: &str = "PRAGMA journal_mode = WAL";
/// Moves the whole log into the database file, so that a copy of that one file is complete.
pub(crate) const SQLITE_CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
/// A savepoint per write of a group.
pub(crate) const SQLITE_SAVEPOINT: &str = "SAVEPOINT write";
/// Keeps a write.
pub(crate) const SQLITE_RELEASE: &str = "RELEASE write";
/// Undoes a write and leaves its neighbours; the savepoint itself is then released.
pub(crate) const SQLITE_ROLLBACK: &str = "ROLLBACK TO write";
/// A consistent copy; the target has to be empty.
pub(crate) const SQLITE_BACKUP: &str = "VACUUM INTO $1";
/// The number means nothing; it is ours. A migration may take longer than a request, and so may the wait for one.
const POSTGRES_MIGRATION_LOCK: &str = "SET LOCAL lock_timeout = '10min'; SET LOCAL statement_timeout = '10min'; \
     SELECT pg_advisory_xact_lock(7310573541)";
/// Gives a row once our tables are there.
pub(crate) const POSTGRES_IS_NEW: &str = "SELECT relname FROM pg_class WHERE oid = to_regclass('schema_migrations')";

impl Tx {
    /// Lets one process at a time prepare the database, until the transaction ends. On SQLite the transaction itself
    /// does that.
    pub(crate) async fn lock_for_migration(&mut self) -> Result<(), StoreError> {
        match self.dialect() {
            Dialect::Sqlite => Ok(()),
            Dialect::Postgres => self.batch(POSTGRES_MIGRATION_LOCK).await,
        }
    }

    /// The database's clock. On SQLite that is our own clock, so there is nothing to compare.
    pub(crate) async fn clock(&mut self) -> Result<Option<i64>, StoreError> {
        match self.dialect() {
            Dialect::Sqlite => Ok(None),
            Dialect::Postgres => {
                let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
                count(self.query_opt(sql, &[]).await?).map(Some)
            }
        }
    }

    /// Keeps the account and the phone of a request as they are until this transaction ends. On PostgreSQL a request
    /// could otherwise be consumed while the transaction that disables its account has changed the account and not yet
    /// ended its sessions: the new session would outlive it. On SQLite there is one writer.
    pub(crate) async fn hold_account_and_phone(&mut self, id: &ApprovalId) -> Result<(), StoreError> {
        match self.dialect() {
            Dialect::Sqlite => Ok(()),
            Dialect::Postgres => {
                let sql = "SELECT a.id FROM accounts a WHERE a.id = (SELECT r.account_id FROM approvals r \
                           WHERE r.id = $1) FOR SHARE";
                self.query_opt(sql, params![id]).await?;
                let sql = "SELECT p.id FROM phones p WHERE p.id = (SELECT r.phone_id FROM approvals r \
                           WHERE r.id = $1) FOR SHARE";
                self.query_opt(sql, params![id]).await.map(drop)
            }
        }
    }

    /// Reads what stands on an account and keeps others from doing the same until this transaction ends. On PostgreSQL
    /// two starts at the same moment could otherwise both find the last push unused. On SQLite there is one writer.
    pub(crate) async fn marks_of_held_account(&mut self, id: &AccountId) -> Result<Option<Row>, StoreError> {
        let sql = match self.dialect() {
            Dialect::Sqlite => {
                "SELECT a.id, a.approval_locked_at, a.approval_unlocked_at, a.reported_at, \
                 (SELECT MAX(p.unknown_browsers_at) FROM phones p WHERE p.account_id = a.id AND p.revoked_at IS NULL) \
                 FROM accounts a WHERE a.id = $1"
            }
            Dialect::Postgres => {
                "SELECT a.id, a.approval_locked_at, a.approval_unlocked_at, a.reported_at, \
                 (SELECT MAX(p.unknown_browsers_at) FROM phones p WHERE p.account_id = a.id AND p.revoked_at IS NULL) \
                 FROM accounts a WHERE a.id = $1 FOR NO KEY UPDATE"
            }
        };
        self.query_opt(sql, params![id]).await
    }

    /// Expires overdue requests, at most `limit`, and returns them. A node that sweeps passes over rows that somebody
    /// else is just changing: if it waited for one while it holds others, it could stop a sign-in with a deadlock.
    pub(crate) async fn expire_some_approvals(&mut self, now: Timestamp, limit: i64) -> Result<Vec<Row>, StoreError> {
        let sql = match self.dialect() {
            Dialect::Sqlite => {
                "UPDATE approvals SET state = 'expired', settled_at = $1 WHERE id IN (\
                 SELECT id FROM approvals WHERE state IN ('pending', 'approved') \
                 AND ((state = 'pending' AND expires_at <= $1) OR (state = 'approved' AND claim_until <= $1)) \
                 ORDER BY expires_at LIMIT $2) RETURNING id, account_id, operation, state"
            }
            Dialect::Postgres => {
                "UPDATE approvals SET state = 'expired', settled_at = $1 WHERE id IN (\
                 SELECT id FROM approvals WHERE state IN ('pending', 'approved') \
                 AND ((state = 'pending' AND expires_at <= $1) OR (state = 'approved' AND claim_until <= $1)) \
                 ORDER BY expires_at LIMIT $2 \
                 FOR UPDATE SKIP LOCKED) RETURNING id, account_id, operation, state"
            }
        };
        self.query_all(sql, params![now, limit]).await
    }

    /// Claims jobs of a lane that are due, oldest first, until `until`: rows that another node is just claiming are passed over.
    /// `RETURNING` gives them in no order.
    pub(crate) async fn claim_due_jobs(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        lane: Lane,
        limit: i64,
    ) -> Result<Vec<Row>, StoreError> {
        let sql = match self.dialect() {
            Dialect::Sqlite => {
                "UPDATE jobs SET claimed_until = $2, attempts = attempts + 1 WHERE id IN (\
                 SELECT id FROM jobs WHERE done_at IS NULL AND lane = $4 AND run_at <= $1 \
                 AND (claimed_until IS NULL OR claimed_until <= $1) ORDER BY run_at LIMIT $3) \
                 RETURNING id, kind, payload, run_at, attempts, claimed_until, last_error, created_at"
            }
            Dialect::Postgres => {
                "UPDATE jobs SET claimed_until = $2, attempts = attempts + 1 WHERE id IN (\
                 SELECT id FROM jobs WHERE done_at IS NULL AND lane = $4 AND run_at <= $1 \
                 AND (claimed_until IS NULL OR claimed_until <= $1) ORDER BY run_at LIMIT $3 \
                 FOR UPDATE SKIP LOCKED) \
                 RETURNING id, kind, payload, run_at, attempts, claimed_until, last_error, created_at"
            }
        };
        self.query_all(sql, params![now, until, limit, lane]).await
    }
}

fn count(row: Option<Row>) -> Result<i64, StoreError> {
    row.map_or(Ok(0), |row| row.get(0))
}
