//! The server's time, as its last answer told it.
//!
//! A phone's wall clock may be hours off, and whoever holds the phone can set it. So the time of an answer is carried
//! on by a clock that only ever runs forward.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// The server's clock in seconds.
#[derive(Debug, Default)]
pub struct ServerClock(Mutex<Option<Told>>);

#[derive(Clone, Copy, Debug)]
struct Told {
    seconds: i64,
    at: Instant,
}

impl ServerClock {
    /// Takes the time that an answer brought.
    pub fn told(&self, seconds: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Told { seconds, at: Instant::now() });
    }

    /// The server's time now; `None` before the first answer.
    pub fn now(&self) -> Option<i64> {
        let told = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let passed = i64::try_from(told.at.elapsed().as_secs()).unwrap_or(i64::MAX);
        Some(told.seconds.saturating_add(passed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_the_servers_and_unknown_before_it_was_told() {
        let clock = ServerClock::default();
        assert_eq!(clock.now(), None);
        clock.told(1_000);
        assert!((1_000..1_003).contains(&clock.now().unwrap()));
        clock.told(7);
        assert!((7..10).contains(&clock.now().unwrap()));
    }
}
