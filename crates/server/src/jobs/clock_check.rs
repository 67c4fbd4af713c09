//! The clock of a server that shares its database with others.
//!
//! Lifetimes are compared with `now` on each node, so nodes must agree on it. They agree by the database's clock: a
//! node that is off by little corrects itself, one that is off by much must not serve (`docs/protocol.md`, life cycle).

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use akkoord_core::Timestamp;
use akkoord_store::{Store, StoreError};

use crate::clock::Clock;

/// A clock that is corrected by the database's.
pub struct DatabaseClock {
    own: Arc<dyn Clock>,
    offset: AtomicI64,
}

impl DatabaseClock {
    /// A clock without a correction yet.
    pub fn new(own: Arc<dyn Clock>) -> Self {
        Self { own, offset: AtomicI64::new(0) }
    }

    /// Compares with the database, which has a clock of its own only where several nodes may share it. Returns by how
    /// many milliseconds our own clock is behind, and corrects itself.
    pub async fn compare(&self, store: &Store) -> Result<i64, ClockError> {
        let (asked, began) = (self.own.now(), Instant::now());
        let Some(database) = store.database_time().await? else { return Ok(0) };
        // The database looked at its clock somewhere on the way there and back: half the way is the best guess.
        let there = asked + began.elapsed() / 2;
        self.correct(database, there)
    }

    fn correct(&self, database: Timestamp, own: Timestamp) -> Result<i64, ClockError> {
        let behind = database.0.saturating_sub(own.0);
        if behind.abs() > MOST {
            return Err(ClockError::Off(Off { behind }));
        }
        self.offset.store(behind, Ordering::Relaxed);
        Ok(behind)
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.own.now().0.saturating_add(self.offset.load(Ordering::Relaxed)))
    }
}

/// By how much the clocks differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Off {
    behind: i64,
}

impl std::fmt::Display for Off {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.behind.unsigned_abs() / 1000;
        write!(f, "{seconds} s {}", if self.behind > 0 { "behind" } else { "ahead of" })
    }
}

/// Why a server must not serve.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The clocks differ too much.
    #[error(
        "this machine's clock is {0} the database's, and 2 s is the most: \
         switch time synchronisation on (NTP) on both machines, then start again"
    )]
    Off(Off),
}

/// Compares once a minute. Returns when the clocks differ too much, and never on a database without its own clock.
pub async fn watch(clock: &DatabaseClock, store: &Store) -> Off {
    loop {
        tokio::time::sleep(INTERVAL).await;
        match clock.compare(store).await {
            Ok(_) => {}
            Err(ClockError::Off(off)) => return off,
            // A database that is away answers no sign-in either; the clock is looked at when it is back.
            Err(ClockError::Store(error)) => tracing::warn!(error.cause = %error, "the clocks could not be compared"),
        }
    }
}

/// The most that clocks may differ, in milliseconds.
const MOST: i64 = 2000;
const INTERVAL: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp(1_000_000)
        }
    }

    #[test]
    fn a_small_difference_is_corrected_and_a_big_one_refused() {
        let clock = DatabaseClock::new(Arc::new(Stopped));
        assert_eq!(clock.correct(Timestamp(1_001_500), Timestamp(1_000_000)).unwrap(), 1500);
        assert_eq!(clock.now(), Timestamp(1_001_500));
        assert_eq!(clock.correct(Timestamp(998_000), Timestamp(1_000_000)).unwrap(), -2000);
        assert_eq!(clock.now(), Timestamp(998_000));
        let error = clock.correct(Timestamp(1_007_000), Timestamp(1_000_000)).unwrap_err();
        assert!(error.to_string().contains("7 s behind the database's"), "{error}");
        let error = clock.correct(Timestamp(990_000), Timestamp(1_000_000)).unwrap_err();
        assert!(error.to_string().contains("10 s ahead of the database's"), "{error}");
        assert_eq!(clock.now(), Timestamp(998_000), "a refused correction changes nothing");
    }
}
