//! What runs, while somebody wants to know: tests that a start for a name that nobody has does what any start does.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// The statements of a store, in their order. Off until it is switched on; a statement holds no values.
#[derive(Default)]
pub(crate) struct Statements {
    on: AtomicBool,
    kept: Mutex<Vec<&'static str>>,
}

impl Statements {
    /// Keeps a statement that is about to run.
    pub(crate) fn note(&self, sql: &'static str) {
        if self.on.load(Ordering::Relaxed) {
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(sql);
        }
    }

    /// Returns what was kept since the last call, the first of which switches it on.
    pub(crate) fn take(&self) -> Vec<&'static str> {
        self.on.store(true, Ordering::Relaxed);
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
