//! The databases of the plays: a file, or a schema of its own in the PostgreSQL that the tests are given.

use akkoord_authenticator::SystemRandom;
use akkoord_core::Timestamp;
use akkoord_server::clock::system_random;
use akkoord_store::{Database, RootKey, Seal, Store, StoreError};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// A schema that goes with the play; the address leads into it.
pub struct Schema {
    given: String,
    /// The schema, and the name under which the program's connections are known.
    pub name: String,
}

impl Schema {
    /// An empty schema of this name; `None` where the tests are given no PostgreSQL.
    pub async fn new(name: &str) -> Option<Self> {
        let schema = Self { given: given_url()?, name: format!("histories_{name}") };
        let sql = format!("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}", schema.name);
        schema.run(&sql).await;
        Some(schema)
    }

    /// The address of the database, inside the schema.
    pub fn url(&self) -> String {
        self.address(&self.name, &self.name)
    }

    fn address(&self, schema: &str, application: &str) -> String {
        let separator = if self.given.contains('?') { '&' } else { '?' };
        format!("{}{separator}options=-csearch_path%3D{schema}&application_name={application}", self.given)
    }

    /// A connection that is none of the program's, and leaves nothing: the store makes its tables where it is led to,
    /// and what is made in `pg_temp` goes with the connection.
    pub async fn beside(&self) -> Result<Store, StoreError> {
        let database = Database::Postgres { url: self.address("pg_temp", "histories_breaker") };
        let seal = Seal::new(&RootKey::from_bytes([7; 32]), system_random());
        let opened = Store::open(&database, seal, Timestamp(1_800_000_000_000)).await;
        opened.map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// Runs statements, which must work.
    pub async fn run(&self, sql: &str) {
        let store = self.beside().await.unwrap();
        for statement in sql.split(';') {
            execute(&store, statement.trim()).await.unwrap();
        }
        store.close().await;
    }
}

/// Runs a statement.
pub async fn execute(store: &Store, sql: &str) -> Result<u64, StoreError> {
    // The store takes literals only, so that nothing is ever put together from what people type.
    let sql: &'static str = Box::leak(sql.to_owned().into_boxed_str());
    store.write(move |tx| Box::pin(async move { tx.execute(sql, &[]).await })).await
}

/// A seed that nobody chose.
pub fn any_seed() -> u64 {
    u64::from(u32::from_be_bytes(akkoord_protocols::random::bytes(&SystemRandom)))
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but the environment")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn given_url() -> Option<String> {
    let url = variable("TEST_POSTGRES_URL");
    assert!(url.is_some() || variable("CI").is_none(), "CI plays on PostgreSQL too: set TEST_POSTGRES_URL");
    url
}
