//! The SQLite connections that read: a few, opened when first needed, used on the caller's own thread because a read
//! takes some ten microseconds.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Semaphore;

use crate::{
    error::StoreError,
    sqlite,
    tx::{Shared, Tx},
};

pub(crate) struct Readers {
    path: PathBuf,
    shared: Arc<Shared>,
    permits: Semaphore,
    idle: Mutex<Vec<Tx>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, shared: Arc<Shared>) -> Self {
        Self { path, shared, permits: Semaphore::new(CONNECTIONS), idle: Mutex::new(Vec::new()) }
    }

    /// Runs `read` with a transaction that is ended whatever happens.
    pub(crate) async fn with<T, E: From<StoreError>>(
        &self,
        read: impl FnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let closed = |_| StoreError::Unavailable("the store is closed".to_owned());
        let _permit = self.permits.acquire().await.map_err(closed)?;
        let mut tx = self.take()?;
        crate::writer::ready(tx.begin()).and_then(|begun| begun)?;
        let result = read(&mut tx);
        let result = tx.settle(result);
        // A connection that cannot end its transaction is dropped, and with it the transaction.
        if crate::writer::ready(tx.commit()).is_ok_and(|ended| ended.is_ok()) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(tx);
        }
        result
    }

    pub(crate) fn close(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn take(&self) -> Result<Tx, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(tx) => Ok(tx),
            None => Ok(Tx::sqlite(sqlite::open_reader(&self.path)?, Arc::clone(&self.shared), false)),
        }
    }
}

const CONNECTIONS: usize = 8;
