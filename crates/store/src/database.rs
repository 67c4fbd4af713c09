//! The store: which database it is, and how a use case gets a transaction of it.

use std::{
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::Arc,
};

use akkoord_core::Timestamp;
use deadpool_postgres::Pool;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::oneshot;

use crate::{
    error::{OpenError, StoreError},
    migrate::{self, MIGRATIONS},
    postgres,
    readers::Readers,
    seal::Seal,
    sqlite,
    tx::{Shared, Tx},
    writer::{self, Writer, closed, panicked, ready},
};

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// One file on this machine.
    Sqlite {
        /// The file; its folder has to exist.
        path: PathBuf,
    },
    /// A PostgreSQL server, which several nodes may share.
    Postgres {
        /// `postgres://user:password@host/database`, with `?sslmode=require` where the network isn't trusted.
        url: String,
    },
}

/// The database, opened. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    arm: Arc<Arm>,
    shared: Arc<Shared>,
}

enum Arm {
    Sqlite { path: PathBuf, writer: Writer, readers: Readers },
    Postgres(Pool),
}

impl Database {
    /// Whether it has never been opened by us: then a root key may be made, else it has to be there.
    pub async fn is_new(&self) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite { path } => match std::fs::metadata(path) {
                Ok(metadata) => Ok(metadata.len() == 0),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
                Err(error) => Err(StoreError::Unavailable(format!("{}: {error}", path.display()))),
            },
            Self::Postgres { url } => postgres::is_new(&postgres::open(url)?).await,
        }
    }
}

impl std::fmt::Debug for Database {
    /// Without the address of a PostgreSQL server, which has a password in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite { path } => write!(f, "SQLite {}", path.display()),
            Self::Postgres { .. } => f.write_str("PostgreSQL"),
        }
    }
}

impl Store {
    /// Opens the database, brings it to this program's version, and refuses it if the root key isn't its own.
    pub async fn open(database: &Database, seal: Seal, now: Timestamp) -> Result<Self, OpenError> {
        Self::open_with(database, seal, Some(now)).await
    }

    /// Opens the database and refuses it if it isn't at this program's version: for commands beside a server, which may
    /// be of an older version and would not know its tables any more.
    pub async fn open_as_is(database: &Database, seal: Seal) -> Result<Self, OpenError> {
        Self::open_with(database, seal, None).await
    }

    /// Migrates at the time `now`, or not at all.
    async fn open_with(database: &Database, seal: Seal, now: Option<Timestamp>) -> Result<Self, OpenError> {
        let shared = Shared::new(seal);
        let arm = match database {
            Database::Sqlite { path } => {
                let mut tx = Tx::sqlite(sqlite::open_writer(path)?, Arc::clone(&shared), true);
                ready(prepare(&mut tx, now))??;
                let readers = Readers::new(path.clone(), Arc::clone(&shared));
                Arm::Sqlite { path: path.clone(), writer: Writer::start(tx)?, readers }
            }
            Database::Postgres { url } => {
                let pool = postgres::open(url)?;
                let client = pool.get().await.map_err(StoreError::from)?;
                let mut tx = Tx::postgres(client, Arc::clone(&shared), true);
                prepare(&mut tx, now).await?;
                Arm::Postgres(pool)
            }
        };
        Ok(Self { arm: Arc::new(arm), shared })
    }

    /// Reads. All that one closure reads on SQLite is of one moment; on PostgreSQL each statement is.
    pub async fn read<T, E, F>(&self, read: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.arm {
            Arm::Sqlite { readers, .. } => readers.with(|tx| ready(read(tx))?).await,
            Arm::Postgres(pool) => {
                let client = pool.get().await.map_err(StoreError::from)?;
                let mut tx = Tx::postgres(client, Arc::clone(&self.shared), false);
                tx.begin().await?;
                let result = read(&mut tx).await;
                let result = tx.settle(result);
                tx.commit().await?;
                result
            }
        }
    }

    /// Changes, in one transaction: kept when the closure ends well, undone when it doesn't. It awaits nothing but its
    /// transaction; what takes time (signatures, hashes) is done before. On SQLite it runs even if the caller goes away.
    pub async fn write<T, E, F>(&self, write: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.arm {
            Arm::Sqlite { writer, .. } => {
                let (reply, answer) = oneshot::channel();
                writer.queue(writer::write_of(|tx| ready(write(tx)), reply)).await?;
                answer.await.unwrap_or_else(|_| Err(E::from(closed())))
            }
            Arm::Postgres(pool) => {
                let client = pool.get().await.map_err(StoreError::from)?;
                let mut tx = Tx::postgres(client, Arc::clone(&self.shared), true);
                tx.begin().await?;
                let work = AssertUnwindSafe(async { write(&mut tx).await }).catch_unwind();
                let result = work.await.unwrap_or_else(|_| Err(E::from(panicked())));
                let result = tx.settle(result);
                if result.is_ok() {
                    tx.commit().await?;
                } else if let Err(error) = tx.roll_back().await {
                    // The connection is thrown away with its transaction; the caller's own error tells more.
                    tracing::warn!("a transaction could not be rolled back: {error}");
                }
                result
            }
        }
    }

    /// The keys that seal what is stored.
    pub fn seal(&self) -> &Seal {
        &self.shared.seal
    }

    /// The statements that ran since the last call, in their order. The first call only begins to keep them: for tests.
    pub fn take_statements(&self) -> Vec<&'static str> {
        self.shared.statements.take()
    }

    /// The database server's clock, to compare with our own; `None` on SQLite, where both are one.
    pub async fn database_time(&self) -> Result<Option<Timestamp>, StoreError> {
        let clock: Option<i64> = self.read(|tx| Box::pin(tx.clock())).await?;
        Ok(clock.map(Timestamp))
    }

    /// Copies the whole database, as of one moment and while others write, into a new file. On PostgreSQL that is its
    /// own tools' work.
    pub async fn backup_to(&self, target: &Path) -> Result<(), StoreError> {
        let Arm::Sqlite { path, .. } = &*self.arm else {
            return Err(StoreError::Unavailable(
                "on PostgreSQL the database's own tools make backups: use pg_dump".to_owned(),
            ));
        };
        let (path, target) = (path.clone(), target.to_owned());
        let copied = tokio::task::spawn_blocking(move || sqlite::backup(&path, &target)).await;
        copied.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())))
    }

    /// Lets the writes that wait end and closes the database. What comes later is [`StoreError::Unavailable`].
    pub async fn close(&self) {
        match &*self.arm {
            Arm::Sqlite { writer, readers, .. } => {
                readers.close();
                writer.close().await;
            }
            Arm::Postgres(pool) => pool.close(),
        }
    }
}

async fn prepare(tx: &mut Tx, now: Option<Timestamp>) -> Result<(), OpenError> {
    tx.begin().await?;
    let prepared = match now {
        Some(now) => migrate::prepare(tx, MIGRATIONS, now).await,
        None => migrate::check(tx, MIGRATIONS).await,
    };
    match tx.settle(prepared) {
        Ok(()) => Ok(tx.commit().await?),
        Err(error) => {
            tx.roll_back().await?;
            Err(error)
        }
    }
}
