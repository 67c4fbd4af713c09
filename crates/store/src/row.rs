//! Values that go to and come from a database, the same for both.

use akkoord_core::{
    Timestamp,
    ids::{
        AccessPassId, AccountId, ApprovalId, BrowserId, CodeGeneratorId, CredentialId, EnrolmentId, EventId, JobId,
        OrganisationId, PhoneId, PinChangeId, RecoveryCodeId, RememberedBrowserId, SessionId, SignInId,
    },
    secret::TokenHash,
};

use crate::{error::StoreError, seal::Sealed};

/// One parameter or one column. The schema has no other types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `TEXT`.
    Text(String),
    /// `BIGINT`.
    Int(i64),
    /// `BYTEA`.
    Bytes(Vec<u8>),
    /// `NULL`.
    Null,
}

/// A row of a result, its columns in the order of the `SELECT` or `RETURNING` list.
#[derive(Debug)]
pub struct Row {
    pub(crate) sql: &'static str,
    pub(crate) values: Vec<Value>,
    /// Which column of the statement the first value is: that of a joined table starts further on.
    pub(crate) first: usize,
}

/// What a column can be read as. `None` means that the stored value is no such thing.
pub trait FromValue: Sized {
    /// Reads the value.
    fn from_value(value: &Value) -> Option<Self>;
}

/// Parameters of a statement, in the order `$1, $2, ..`.
#[macro_export]
#[doc(hidden)]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::row::Value::from($value)),*] };
}

impl Row {
    /// The column at `index`, or which stored value is wrong.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T, StoreError> {
        let value = self.values.get(index).and_then(T::from_value);
        value.ok_or_else(|| corrupt(self.sql, self.first + index, self.values.first()))
    }

    /// Takes the columns from `index` on as a row of their own: those of the next table of a join.
    pub(crate) fn split_off(&mut self, index: usize) -> Self {
        Self { sql: self.sql, values: self.values.split_off(index.min(self.values.len())), first: self.first + index }
    }

    /// The same, of a table that may have no row to join.
    pub(crate) fn split_off_joined(&mut self, index: usize) -> Option<Self> {
        Some(self.split_off(index)).filter(|row| row.values.first().is_some_and(|id| *id != Value::Null))
    }
}

/// Names the value at `index` from the statement's own text; only ever run when something is wrong.
pub(crate) fn corrupt(sql: &str, index: usize, first: Option<&Value>) -> StoreError {
    let id = match first {
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Int(number)) => number.to_string(),
        _ => String::new(),
    };
    let (table, column) = match column_of(sql, index).split_once('.') {
        Some((alias, column)) => (aliased(sql, alias), column),
        None => (table_of(sql), column_of(sql, index)),
    };
    StoreError::Corrupt { table: table.to_owned(), column: column.to_owned(), id }
}

/// The table of a join that is called `alias`.
fn aliased<'s>(sql: &'s str, alias: &str) -> &'s str {
    let words: Vec<&str> = sql.split_whitespace().collect();
    words
        .windows(3)
        .find_map(|words| match words {
            ["FROM" | "JOIN" | "UPDATE", table, name] if *name == alias => Some(*table),
            _ => None,
        })
        .unwrap_or("")
}

fn table_of(sql: &str) -> &str {
    let mut words = sql.split_whitespace();
    while let Some(word) = words.next() {
        if matches!(word, "FROM" | "INTO" | "UPDATE") {
            return words.next().unwrap_or("");
        }
    }
    ""
}

fn column_of(sql: &str, index: usize) -> &str {
    let list = match sql.rsplit_once("RETURNING ") {
        Some((_, list)) => list,
        None => sql.strip_prefix("SELECT ").and_then(|rest| rest.split(" FROM ").next()).unwrap_or(""),
    };
    list.split(',').nth(index).unwrap_or("").trim()
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Int(number) = value { Some(*number) } else { None }
    }
}

impl FromValue for Timestamp {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(Timestamp)
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { Some(bytes.clone()) } else { None }
    }
}

impl FromValue for Sealed {
    fn from_value(value: &Value) -> Option<Self> {
        Vec::from_value(value).map(Self::from_stored)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(at.0)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<&[u8; 32]> for Value {
    fn from(bytes: &[u8; 32]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<&Sealed> for Value {
    fn from(sealed: &Sealed) -> Self {
        Self::Bytes(sealed.as_bytes().to_vec())
    }
}

impl From<&TokenHash> for Value {
    fn from(hash: &TokenHash) -> Self {
        Self::Text(hash.to_text())
    }
}

impl<T> From<Option<T>> for Value
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

macro_rules! id_values {
    ($($id:ident)*) => {$(
        impl From<&$id> for Value {
            fn from(id: &$id) -> Self {
                Self::Text(id.as_str().to_owned())
            }
        }

        impl FromValue for $id {
            fn from_value(value: &Value) -> Option<Self> {
                if let Value::Text(text) = value { text.parse().ok() } else { None }
            }
        }
    )*};
}

id_values! {
    AccessPassId AccountId ApprovalId BrowserId CodeGeneratorId CredentialId EnrolmentId EventId JobId OrganisationId PhoneId
    PinChangeId RecoveryCodeId RememberedBrowserId SessionId SignInId
}

/// Words of a `TEXT` column with a fixed set of values, as an enum.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// The word as stored.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl From<$name> for $crate::row::Value {
            fn from(word: $name) -> Self {
                Self::Text(word.as_str().to_owned())
            }
        }

        impl $crate::row::FromValue for $name {
            fn from_value(value: &$crate::row::Value) -> Option<Self> {
                let $crate::row::Value::Text(text) = value else { return None };
                match text.as_str() {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_value_of_a_joined_table_is_named() {
        let sql = "SELECT p.id, p.name, a.id, a.kind, o.id FROM phones p JOIN accounts a ON a.id = p.account_id \
                   LEFT JOIN organisations o ON o.id = a.organisation_id WHERE p.id = $1";
        let text = |text: &str| Value::Text(text.to_owned());
        let values = vec![text("p"), Value::Null, text("a"), Value::Int(1), Value::Null];
        let mut phone = Row { sql, values, first: 0 };
        let mut account = phone.split_off(2);
        assert!(account.split_off_joined(2).is_none());
        let broken = |row: &Row| row.get::<String>(1).unwrap_err().to_string();
        assert_eq!(broken(&phone), "phones.name of row \"p\" is not a value that we wrote");
        assert_eq!(broken(&account), "accounts.kind of row \"a\" is not a value that we wrote");
    }
}
