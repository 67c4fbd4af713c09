//! The one door to time and to randomness. Tests bring their own.

use std::sync::Arc;

use akkoord_core::Timestamp;
use akkoord_protocols::random::Random;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one door to the wall clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

struct SystemRandomness(SystemRandom);

impl Random for SystemRandomness {
    #[expect(clippy::panic, reason = "a server without randomness must not go on with zeros")]
    fn fill(&self, bytes: &mut [u8]) {
        if self.0.fill(bytes).is_err() {
            panic!("the system's random generator failed");
        }
    }
}

/// The system's random generator.
#[expect(clippy::disallowed_methods, reason = "this is the one door to randomness")]
pub fn system_random() -> Arc<dyn Random> {
    Arc::new(SystemRandomness(SystemRandom::new()))
}
