//! The clock that pushes are judged by, and randomness.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};

/// Tells the time. A server under test whose clock is moved by hand signs for that clock's day, so the push service has
/// to look at the same one.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The system's clock.
#[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read; a test may bring its own")]
pub(crate) fn system() -> Clock {
    Arc::new(SystemTime::now)
}

/// Seconds since 1970.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The system's random generator.
#[expect(clippy::disallowed_methods, reason = "the one place where randomness is drawn")]
pub(crate) fn generator() -> SystemRandom {
    SystemRandom::new()
}

/// Random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if generator().fill(&mut bytes).is_err() {
        // Keys of zeros would make tests pass that should not.
        std::process::abort();
    }
    bytes
}
