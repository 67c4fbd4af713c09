//! The SQLite arm: one file, one connection that writes, some that read.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use rusqlite::{Connection, OpenFlags, Statement, config::DbConfig, types::ValueRef};

use crate::{
    dialect::{Dialect, SQLITE_BACKUP, SQLITE_JOURNAL},
    error::StoreError,
    row::{self, Row, Value},
};

/// Opens the connection that writes; makes the file if there is none, readable for us alone before anything is in it.
/// SQLite gives its side files the same mode.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let cannot = |error: io::Error| StoreError::Unavailable(format!("{}: {error}", path.display()));
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let mode = file.and_then(|file| file.metadata()).map_err(cannot)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        tracing::warn!("the database file can be read by others (mode {mode:o}): run chmod 600 on it");
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | FLAGS)?;
    set_up(&connection)?;
    let mode: String = connection.query_row(SQLITE_JOURNAL, [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Unavailable(format!("{}: this file system has no write-ahead log", path.display())));
    }
    Ok(connection)
}

/// Opens a connection that reads.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | FLAGS)?;
    set_up(&connection)?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Else SQLite looks at the values that are bound for a better plan, and prepares many statements again at each use.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(Dialect::Sqlite.connection_setup())?;
    Ok(())
}

/// Copies the database into a new file for us alone.
pub(crate) fn backup(path: &Path, target: &Path) -> Result<(), StoreError> {
    let cannot = |error: io::Error| StoreError::Unavailable(format!("{}: {error}", target.display()));
    // SQLite accepts an empty file as target; making it here sets its mode and refuses one that exists.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(target).map_err(cannot)?;
    let copied = open_reader(path).and_then(|connection| {
        let target = target.to_str().ok_or_else(|| StoreError::Unavailable("the path is not UTF-8".to_owned()))?;
        connection.execute(SQLITE_BACKUP, [target])?;
        Ok(())
    });
    let kept = copied.and_then(|()| file.sync_all().map_err(cannot));
    if kept.is_err() && std::fs::remove_file(target).is_err() {
        tracing::warn!("a backup failed and its unfinished file could not be removed");
    }
    kept
}

pub(crate) fn execute(connection: &Connection, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, params)?;
    Ok(u64::try_from(statement.raw_execute()?).unwrap_or(u64::MAX))
}

pub(crate) fn query(connection: &Connection, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, params)?;
    let columns = statement.column_count();
    let mut result = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(columns);
        for index in 0..columns {
            let value = match row.get_ref(index)? {
                ValueRef::Null => Some(Value::Null),
                ValueRef::Integer(number) => Some(Value::Int(number)),
                ValueRef::Text(text) => str::from_utf8(text).ok().map(|text| Value::Text(text.to_owned())),
                ValueRef::Blob(bytes) => Some(Value::Bytes(bytes.to_vec())),
                // We never store one, and SQLite lets a stranger put anything anywhere.
                ValueRef::Real(_) => None,
            };
            values.push(value.ok_or_else(|| row::corrupt(sql, index, values.first()))?);
        }
        result.push(Row { sql, values, first: 0 });
    }
    Ok(result)
}

/// Binds `$n` by its name: SQLite numbers parameters by first appearance, PostgreSQL by name.
fn bind(statement: &mut Statement<'_>, params: &[Value]) -> Result<(), StoreError> {
    let mut highest = 0;
    for index in 1..=statement.parameter_count() {
        let number = statement.parameter_name(index).and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
        let number = number.unwrap_or(0);
        highest = highest.max(number);
        match number.checked_sub(1).and_then(|number| params.get(number)) {
            Some(Value::Text(text)) => statement.raw_bind_parameter(index, text)?,
            Some(Value::Int(number)) => statement.raw_bind_parameter(index, number)?,
            Some(Value::Bytes(bytes)) => statement.raw_bind_parameter(index, bytes)?,
            Some(Value::Null) => statement.raw_bind_parameter(index, rusqlite::types::Null)?,
            None => return Err(StoreError::Unavailable("a statement has a parameter without a value".to_owned())),
        }
    }
    if highest == params.len() {
        Ok(())
    } else {
        Err(StoreError::Unavailable("a statement has a value without a parameter".to_owned()))
    }
}

const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX.union(OpenFlags::SQLITE_OPEN_PRIVATE_CACHE);
/// More than there are statements, so that each is prepared once per connection.
const STATEMENTS: usize = 512;

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_is_prepared_once_whatever_is_bound() {
        let connection = Connection::open_in_memory().unwrap();
        set_up(&connection).unwrap();
        connection
            .execute_batch("CREATE TABLE t (a TEXT, b BIGINT); CREATE INDEX t_a ON t (a) WHERE b IS NULL")
            .unwrap();
        let sql = "SELECT a FROM t WHERE a = $1 AND b IS NULL ORDER BY a, b LIMIT $2";
        for value in ["x", "y", "z"] {
            query(&connection, sql, &[Value::Text(value.to_owned()), Value::Int(1)]).unwrap();
        }
        assert_eq!(connection.prepare_cached(sql).unwrap().get_status(StatementStatus::RePrepare), 0);
    }
}
